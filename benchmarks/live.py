"""One person at a time: how long gate 4 takes, and how well prices keep up with a stream.

Run: ``python -m benchmarks.live [arrivals]`` (default 100000; the figures told are of 1000000). Ten offers with
capacities, a contact limit, a money budget, and a four-fifths limit on nine groups (2 + 4 + 3): aware, so that every
group's count is known, and blind, where only codes and counts are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.allocation import (
    LeanColumn,
    PacedPolicy,
    PricePolicy,
    Room,
    allocate,
    one_decider,
    policy_of,
    tallies_of_cells,
    tallies_of_wall,
)
from evenhand.allocation.live._pace_prices import GroupTally, Past, prices_for_the_rest
from evenhand.policy import Campaign
from evenhand.terms import Binning, CountTable, FeatureView, Minimised, Model, Scored
from evenhand.vault import Vault

from .allocation import OFFERS, campaign_of, instance
from .machine import describe, print_table

_CHUNK = 20_000
_SAMPLE, _BLIND = 5_000, 100_000
FEATURES = ("sex", "age", "origin")
CELLS = [(str(s), str(a), str(o)) for s in range(2) for a in range(4) for o in range(3)]


Find = Callable[[PacedPolicy, NDArray[np.int16]], None]


@dataclass
class Stream:
    """Arrivals in order: values, true cell, codes and campaign; `known` people came before, from the first half."""

    value: NDArray[np.int64]
    cell: NDArray[np.intp]
    scored: Scored
    campaign: Campaign
    wall: Vault

    def __len__(self) -> int:
        return len(self.cell)


def stream(arrivals: int, mode: str, *, drift: bool, seed: int) -> Stream:
    """New draws of one population; with `drift` tastes change half-way."""
    scored, _, _ = instance(arrivals, mode)
    rng = np.random.default_rng(seed)
    sex, age, origin = (
        rng.choice(k, arrivals, p=p) for k, p in ((2, [0.48, 0.52]), (4, [0.2, 0.3, 0.3, 0.2]), (3, [0.6, 0.3, 0.1]))
    )
    cell = sex * 12 + age * 3 + origin
    tastes = np.random.default_rng(99)
    base, taste, later = (
        tastes.normal(size=(OFFERS, 1)) * 0.3, tastes.normal(size=(OFFERS, 24)) * 0.5,
        tastes.normal(size=(OFFERS, 24)) * 0.5,
    )  # fmt: skip
    value = rng.normal(size=(OFFERS, arrivals)) * 0.6 + base
    half = np.arange(arrivals) >= arrivals // 2
    for offer in range(OFFERS):
        value[offer] += np.where(half & drift, 0.7 * taste[offer][cell] + 0.7 * later[offer][cell], taste[offer][cell])
    micro = (1e6 * np.exp(value) - 8e5).astype(np.int64)
    codes = tuple(
        np.clip(rng.normal(size=arrivals) * 2 + 8 + s, 3, 18).astype(np.uint8)
        for s in (1.5 * sex, age, origin, -sex + age)
    )
    campaign = campaign_for(arrivals, mode)
    before = scored.minimised
    again = Minimised(before.permitted, before.model, codes)
    groups = {"sex": [str(s) for s in sex], "age": [str(a) for a in age], "origin": [str(o) for o in origin]}
    wall = Vault(groups, np.ones(arrivals, dtype=bool))
    nothing = np.zeros((OFFERS, 0), dtype=np.int32)
    return Stream(micro, cell, Scored(again, nothing, nothing, micro), campaign, wall)


def campaign_for(people: int, mode: str) -> Campaign:
    """Limits for so many people."""
    limit = {"id": "four-fifths", "groups": list(FEATURES), "bound": 0.8, "mode": mode, "necessity": "benchmark"}
    return campaign_of(
        [int(0.04 * people)] * OFFERS,
        budget=f"{0.06 * people:.2f}",
        contacts={"total": int(0.25 * people)},
        disparity=[limit],
    )


def worst(stream_: Stream, chosen: NDArray[np.bool_]) -> float:
    """Lowest over highest selection rate, in the worst of the three comparisons."""
    ratios = []
    for name in FEATURES:
        table = stream_.wall.count((name,), chosen.astype(np.intp), 2, why="benchmark")
        rate = table.counts[:, 1] / table.counts.sum(axis=1)
        ratios.append(rate.min() / rate.max())
    return float(min(ratios))


def walk(
    stream_: Stream, price: NDArray[np.int64], cell: NDArray[np.intp], find: Find | None
) -> tuple[float, float, float, PacedPolicy]:
    """Everybody in order: share of people, value, worst ratio, and the policy at the end."""
    paced = PacedPolicy(stream_.campaign, price, len(stream_))
    choice = np.full(len(stream_), -1, dtype=np.int16)
    subjects = stream_.scored.minimised.permitted.asked.subjects
    for first in range(0, len(stream_), _CHUNK):
        rows = slice(first, min(first + _CHUNK, len(stream_)))
        values, cells = stream_.value[:, rows].T.tolist(), cell[rows].tolist()
        for row, (value, own, subject) in enumerate(zip(values, cells, subjects[rows].tolist(), strict=True), first):
            if find is not None and paced.is_due:
                find(paced, choice[:row])
            choice[row] = paced(own, value, subject).offer
    taken = np.flatnonzero(choice >= 0)
    return float(len(taken)), float(stream_.value[choice[taken], taken].sum()), worst(stream_, choice >= 0), paced


def sample_prices(stream_: Stream, cell: NDArray[np.intp], cells: int, size: int, by: str) -> NDArray[np.int64]:
    """Prices from so many other people of the same population as the first half."""
    other = stream(max(size, 2_000), "blind" if by == "blind" else "aware", drift=False, seed=7)
    value, own = other.value[:, :size], (other.cell[:size] + 1 if by != "blind" else cell[:size])
    people = np.bincount(own, minlength=cells)
    past = Past(
        value, own, people, np.zeros((cells, OFFERS), np.int64), len(stream_) + size, Room.declared(stream_.campaign)
    )
    tallies = []
    for place, name in enumerate(FEATURES):
        names = tuple((one,) for one in sorted({group[place] for group in CELLS}))
        belongs = np.array([[0.0] * len(names)] + [[float(group[place] == n[0]) for n in names] for group in CELLS])
        tallies.append(
            GroupTally("four-fifths", (name,), names, people[:, None] * belongs, np.zeros(len(names), np.int64))
        )
    return prices_for_the_rest(stream_.campaign, past, tallies, 0.0, None)[0]


def aware(arrivals: int, drift: bool) -> list[tuple[str, ...]]:
    """True cells, behind the wall."""
    s = stream(arrivals, "aware", drift=drift, seed=1)
    cell = s.cell + 1

    def find(paced: PacedPolicy, _: NDArray[np.int16]) -> None:
        paced.find_prices(tallies_of_cells(paced, FEATURES, [None, *CELLS]))

    ways: list[tuple[str, NDArray[np.int64], Find | None]] = [
        (f"prices of {size:,}, static", sample_prices(s, cell, 25, size, "aware"), None) for size in (2_000, 20_000)
    ]
    ways.append((f"prices of {_SAMPLE:,}, paced", sample_prices(s, cell, 25, _SAMPLE, "aware"), find))
    return compared(s, cell, ways, "drift half-way" if drift else "no drift")


def blind(arrivals: int, drift: bool) -> list[tuple[str, ...]]:
    """Leaves of a run's policy, and counts across the wall."""
    policy = run_policy()
    s = stream(arrivals, "blind", drift=drift, seed=1)
    terms = [binning.name for binning in s.scored.minimised.model.view.binnings]
    cell = policy.cells(s.scored.minimised.codes, terms, s.scored.minimised.permitted.standing)

    def find(paced: PacedPolicy, choice: NDArray[np.int16]) -> None:
        came = SoFar(s.wall, len(choice), len(s))
        leaves = len(policy.leaf_price) + 1
        paced.find_prices(tallies_of_wall(came, s.campaign, cell[: len(choice)], leaves, choice >= 0))

    ways: list[tuple[str, NDArray[np.int64], Find | None]] = [
        ("prices of a run over 20,000, static", policy.price_table(), None),
        ("prices of a run over 20,000, paced", policy.price_table(), find),
    ]
    return compared(s, cell, ways, "drift half-way" if drift else "no drift")


class SoFar:
    """The wall of those who came so far, out of that of all who will."""

    def __init__(self, whole: Vault, came: int, total: int) -> None:
        self.whole, self.came, self.total = whole, came, total
        self.features = whole.features

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """As `terms.GroupCounts.count`."""
        padded = np.full(self.total, -1, dtype=np.intp)
        padded[: self.came] = codes
        return self.whole.count(features, padded, size, why=why)


def run_policy() -> PricePolicy:
    """What a blind run over 20,000 other people leaves."""
    first = stream(20_000, "blind", drift=False, seed=3)
    prices = allocate(first.scored, first.campaign, first.wall).prices
    plain = {
        "offer": prices.offer.tolist(), "group": prices.group.tolist(), "by_limit": dict(prices.by_limit),
        "cell_tables": prices.cell_tables,
    }  # fmt: skip
    return policy_of(plain, first.campaign, model="", campaign_digest="", run="run")


def at_once(s: Stream) -> tuple[float, float, str]:
    """Value and worst ratio of deciding about everybody at once: blind as the stream is, where that is found in time;
    else aware, which is worth more than any blind way."""
    mode = s.campaign.limits.disparity[0].mode
    if mode == "aware" or len(s) <= _BLIND:
        best = allocate(s.scored, s.campaign, s.wall)
        return float(best.certificate.value), worst(s, best.offer >= 0), f", {mode}"
    limits = s.campaign.limits
    aware_limit = limits.disparity[0].model_copy(update={"mode": "aware"})
    campaign = s.campaign.model_copy(update={"limits": limits.model_copy(update={"disparity": (aware_limit,)})})
    best = allocate(s.scored, campaign, s.wall)
    return float(best.certificate.value), worst(s, best.offer >= 0), ", aware"


def compared(
    s: Stream, cell: NDArray[np.intp], ways: list[tuple[str, NDArray[np.int64], Find | None]], name: str
) -> list[tuple[str, ...]]:
    """A run over all of the stream at once, and each way to take it person by person."""
    start = time.process_time()
    optimum, ratio, how = at_once(s)
    spent = time.process_time() - start
    rows = [(f"{name}: all at once{how}", "1.0000", f"{ratio:.3f}", f"{spent:.1f}")]
    for told, price, find in ways:
        start = time.process_time()
        _, value, ratio, paced = walk(s, price, cell, find)
        spent = time.process_time() - start
        assert min(paced.room.left.values()) >= 0
        rows.append((f"{name}: {told}", f"{value / optimum:.4f}", f"{ratio:.3f}", f"{spent:.1f}"))
    return rows


def one(terms: int, directions: int, offers: int, *, bounded: bool) -> tuple[str, ...]:
    """Microseconds of gate 4 for one person: codes to leaf to decision; the best of nine rounds."""
    rng = np.random.default_rng(0)
    names = tuple(f"o{j}" for j in range(offers))
    view = FeatureView("", tuple(Binning(f"f{t}", "number", tuple(range(16))) for t in range(terms)), "")
    model = Model(view, names, np.zeros(offers, np.int64), (), {}, {}, "")
    inner = 255
    policy = PricePolicy(
        "r", "", "", names, 0, tuple(rng.integers(0, 10**6, offers).tolist()), {},
        tuple(
            LeanColumn(f"f{t}", -1, tuple(tuple(rng.integers(-(10**5), 10**5, 20).tolist()) for _ in range(directions)))
            for t in range(terms)
        ),
        tuple(rng.integers(0, directions, inner).tolist()), tuple(rng.integers(-(10**5), 10**5, inner).tolist()),
        tuple(tuple(rng.integers(-(10**5), 10**5, offers).tolist()) for _ in range(inner + 1)),
    )  # fmt: skip
    decide = one_decider(policy, model)
    people = 20_000
    codes = rng.integers(0, 20, (people, terms)).tolist()
    values = rng.integers(-(10**6), 3 * 10**6, (people, offers)).tolist()
    campaign = campaign_of([10**9] * offers, budget="100000000", contacts={"total": 10**9}, disparity=[])
    room = Room(campaign) if bounded else None
    best = np.inf
    for _ in range(9):
        start = time.process_time()
        for code, value in zip(codes, values, strict=True):
            decide(code, value, b"0" * 32, room)
        best = min(best, time.process_time() - start)
    told = "with" if bounded else "without"
    return (
        f"{terms} features, {directions} directions, 256 leaves, {offers} offers, {told} caps",
        f"{best / people * 1e6:.2f}",
    )


def main(asked: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("arrivals", type=int, nargs="?", default=100_000)
    parser.add_argument("--only", choices=("one", "aware", "blind"))
    options = parser.parse_args(asked)
    print(describe())
    if options.only in (None, "one"):
        rows = [one(20, d, o, bounded=b) for d, o, b in ((1, 1, True), (1, 10, True), (3, 10, True), (6, 10, False))]
        print_table("Gate 4 for one person", "python -m benchmarks.live --only one", ("case", "microseconds CPU"), rows)
    for kind, made in (("aware", aware), ("blind", blind)):
        if options.only in (None, kind):
            rows = [row for drift in (False, True) for row in made(options.arrivals, drift)]
            title = f"A stream of {options.arrivals:,} people, {kind}; bound 0.8"
            command = f"python -m benchmarks.live {options.arrivals} --only {kind}"
            print_table(title, command, ("method", "value / at once", "worst group ratio", "CPU s"), rows)


if __name__ == "__main__":
    main()
