"""A stream of people: caps are hard, limits on groups hold over the whole, and a restored stream goes on as it was."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, pseudonyms, scored_with
from allocation.price_cases import boundless, flat, problem, ran
from evenhand.allocation import (
    GivenPrices,
    PacedPolicy,
    Room,
    allocate,
    one_decider,
    restored_pace,
    saved_pace,
    tallies_of_cells,
    tallies_of_wall,
)
from evenhand.policy import Campaign
from evenhand.terms import DataError, Standing, UsageError

PEOPLE = 20_000
GROUPS = [None, ("a",), ("b",), ("c",)]


@dataclass(frozen=True)
class Stream:
    """People in the order in which they come; a group is worth less, and values change half-way."""

    value: NDArray[np.int64]
    cell: NDArray[np.intp]
    subjects: NDArray[np.bytes_]
    campaign: Campaign

    @property
    def wall(self) -> PlainWall:
        """The groups of all of them."""
        return PlainWall({"g": [GROUPS[one][0] for one in self.cell.tolist()]})


def stream(seed: int = 0, people: int = PEOPLE, *, drift: bool = False, mode: str = "aware") -> Stream:
    """A stream with every kind of limit."""
    rng = np.random.default_rng(seed)
    cell = rng.choice(3, people, p=[0.5, 0.3, 0.2]) + 1
    taste = np.array([[0, 9e5, 4e5, -2e5], [0, 5e5, 6e5, 0], [0, -1e5, 5e5, 3e5]])
    late = np.array([[0, 1e5, 9e5, 0], [0, 8e5, 0, -3e5], [0, 2e5, 3e5, 7e5]])
    half = (np.arange(people) >= people // 2) & drift
    value = rng.normal(size=(3, people)) * 1e6 + np.where(half, late[:, cell], taste[:, cell])
    campaign = campaign_with(
        costs=[300_000, 200_000, 100_000],
        capacities=[people // 10, people // 12, None],
        budget=int(people * 45_000),
        contacts=people // 4,
        disparity=[{"id": "d", "groups": ["g"], "bound": 0.8, "mode": mode}],
        seed=seed,
    )
    return Stream(value.astype(np.int64), cell, pseudonyms(people, seed), campaign)


def walk(s: Stream, paced: PacedPolicy, upto: int | None = None, find: bool = True) -> list[int]:
    """Decide about everybody who is still to come, up to somebody."""
    given = []
    for row in range(paced.seen, len(s.cell) if upto is None else upto):
        if find and paced.is_due:
            paced.find_prices(tallies_of_cells(paced, ("g",), GROUPS))
        given.append(paced(int(s.cell[row]), s.value[:, row].tolist(), s.subjects[row]).offer)
    return given


def ratio(s: Stream, offers: list[int]) -> float:
    """Lowest over highest share of people with an offer."""
    has = np.array(offers) >= 0
    rates = [has[s.cell == group].mean() for group in (1, 2, 3)]
    return min(rates) / max(rates)


def worth(s: Stream, offers: list[int]) -> int:
    """Micro-money of the decisions."""
    chosen = np.array(offers)
    rows = np.flatnonzero(chosen >= 0)
    return int(s.value[chosen[rows], rows].sum())


@pytest.mark.parametrize("drift", [False, True])
def test_a_paced_stream_keeps_its_limits_and_nearly_all_of_the_value(drift):
    """From no prices at all: caps never exceeded, groups within a hundredth of the bound, 98 % of deciding at once."""
    s = stream(drift=drift)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), PEOPLE)
    offers = walk(s, paced)
    best = allocate(scored_with(s.value, subjects=s.subjects), s.campaign, s.wall)
    assert worth(s, offers) >= 0.98 * best.certificate.value
    assert ratio(s, offers) >= 0.8 - 0.01
    counts = np.bincount(np.array(offers) + 1, minlength=4)[1:]
    assert all(o.capacity is None or n <= o.capacity for o, n in zip(s.campaign.offers, counts, strict=True))
    assert counts.sum() <= s.campaign.limits.contacts.total
    spent = sum(o.cost_micro * int(n) for o, n in zip(s.campaign.offers, counts, strict=True))
    assert spent <= int(s.campaign.limits.budget * 1_000_000)
    assert paced.room.left["budget"] == int(s.campaign.limits.budget * 1_000_000) - spent


def test_static_prices_of_a_small_sample_break_the_limit_on_groups():
    """Why prices are found again: of five streams those of the first 300 people, kept to the end, miss the bound in the
    worst one by far; found again on the way, they keep it in all."""
    static, paced = [], []
    for seed in range(5):
        s = stream(seed=seed, people=8_000)
        first = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 8_000)
        walk(s, first, 300)
        first.find_prices(tallies_of_cells(first, ("g",), GROUPS))
        prices = np.array(first.price)
        static.append(ratio(s, walk(s, PacedPolicy(s.campaign, prices, 8_000), find=False)))
        paced.append(ratio(s, walk(s, PacedPolicy(s.campaign, prices, 8_000))))
    assert min(static) < 0.75
    assert min(paced) >= 0.79


@pytest.mark.parametrize("stop", [1, 137, 5_000, 12_345])
def test_a_stream_that_was_saved_and_restored_goes_on_to_the_bit(stop):
    """Every later decision and the state at the end are the same as without the break, window turned over or not."""
    s = stream(seed=1)
    whole = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), PEOPLE, window=4_000)
    offers = walk(s, whole)
    broken = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), PEOPLE, window=4_000)
    first = walk(s, broken, stop)
    saved = saved_pace(broken)
    restored = restored_pace(saved, s.campaign)
    assert saved_pace(restored) == saved
    assert first + walk(s, restored) == offers
    assert saved_pace(restored) == saved_pace(whole)


def test_the_state_is_small():
    """Counts, prices and the last people: 26 bytes a person for three offers, and some kilobytes."""
    s = stream(seed=1)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), PEOPLE, window=4_000)
    walk(s, paced)
    assert len(saved_pace(paced)) < 4_000 * (2 + 8 * 3) + 4_000


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.9999])
def test_a_state_that_is_cut_short_is_refused(part):
    """However much of it is left."""
    s = stream(people=2_000)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 2_000)
    walk(s, paced, 1_000)
    saved = saved_pace(paced)
    with pytest.raises(DataError, match="cut short, was changed, or is something else"):
        restored_pace(saved[: int(part * len(saved))], s.campaign)


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_a_state_with_one_byte_changed_is_refused(place, change):
    """Anywhere in it."""
    s = stream(people=60)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 60)
    walk(s, paced, 40)
    saved = bytearray(saved_pace(paced))
    saved[place % len(saved)] ^= change
    with pytest.raises(DataError, match="cut short, was changed"):
        restored_pace(bytes(saved), s.campaign)


def test_a_state_of_another_campaign_is_refused():
    """Prices and what is left belong to one campaign."""
    s = stream(people=60)
    saved = saved_pace(PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 60))
    with pytest.raises(DataError, match="a stream of another campaign"):
        restored_pace(saved, stream(seed=9, people=60).campaign)


def test_between_two_moments_a_stream_decides_as_the_fourth_gate_does():
    """The prices of a run's policy, person by person in the stream: what `allocate` gives with them."""
    case = ran(600, seed=8)
    permitted = case.scored.minimised.permitted
    terms = [binning.name for binning in case.scored.minimised.model.view.binnings]
    cell = case.policy.cells(case.scored.minimised.codes, terms, permitted.standing)
    room = boundless(case.campaign)
    paced = PacedPolicy(case.campaign, case.policy.price_table(), 10**9, room=room)
    batch = allocate(case.scored, case.campaign, case.wall, GivenPrices(case.policy, room))
    alone = one_decider(case.policy, case.scored.minimised.model)
    for row, standing in enumerate(permitted.standing.tolist()):
        if standing == Standing.REFUSED:
            continue
        value, subject = case.scored.value[:, row].tolist(), permitted.asked.subjects[row]
        codes = flat(case.scored.minimised.codes, row) if standing == Standing.PERSONALISED else None
        decided = paced(int(cell[row]), value, subject)
        assert decided == alone(codes, value, subject)
        assert decided.offer == batch.offer[row]


def test_a_blind_stream_is_paced_on_counts_across_the_wall():
    """Only counts are asked for, small ones hidden; the bound holds to a hundredth and a half over the whole stream."""
    people = 12_000
    scored, campaign, everybody = problem(people, seed=4)
    before = ran(3_000, seed=5)
    terms = [binning.name for binning in scored.minimised.model.view.binnings]
    permitted = scored.minimised.permitted
    open_ = np.flatnonzero(permitted.standing != Standing.REFUSED)
    cell = before.policy.cells(scored.minimised.codes, terms, permitted.standing)[open_]
    names = np.array(everybody.columns["g"])[open_]
    counted = (permitted.standing == Standing.PERSONALISED)[open_]
    paced = PacedPolicy(campaign, before.policy.price_table(), len(open_))
    choice = np.full(len(open_), -1)
    for place, row in enumerate(open_.tolist()):
        if paced.is_due:
            wall = PlainWall({"g": names[:place].tolist()}, counted[:place])
            cells = len(before.policy.leaf_price) + 1
            paced.find_prices(tallies_of_wall(wall, campaign, cell[:place], cells, choice[:place] >= 0))
            assert {kind for kind, _, _ in wall.questions} == {"count"}
        subject = permitted.asked.subjects[row]
        choice[place] = paced(int(cell[place]), scored.value[:, row].tolist(), subject).offer
    rates = [(choice[counted & (names == group)] >= 0).mean() for group in ("a", "b")]
    assert min(rates) / max(rates) >= 0.8 - 0.015
    assert min(paced.room.left.values()) >= 0


def test_a_worker_with_a_part_of_the_room_spreads_it_over_its_people():
    """Half of everything for a whole stream: prices rise so that the last tenth still gets its share, then a refill
    lowers them again."""
    s = stream(seed=6, people=8_000)
    declared = Room.declared(s.campaign)
    half = {name: amount // 2 for name, amount in declared.items()}
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 8_000, room=half)
    offers = np.array(walk(s, paced)) >= 0
    assert offers[-800:].mean() > 0.6 * offers[2_000:].mean()
    again = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 8_000, room=half)
    first = walk(s, again, 4_000)
    again.refill({name: again.room.left[name] + half[name] for name in declared})
    second = walk(s, again)
    assert np.mean(np.array(second) >= 0) > 1.5 * np.mean(np.array(first[2_000:]) >= 0)
    with pytest.raises(DataError, match="does not fit the limits"):
        again.refill({"budget": 1})


def test_more_people_than_expected_find_the_caps_as_hard():
    """The last prices stay, and nothing is used that is not there."""
    s = stream(seed=2, people=3_000)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 1_500)
    offers = walk(s, paced)
    assert sum(offer >= 0 for offer in offers) <= s.campaign.limits.contacts.total
    assert min(paced.room.left.values()) >= 0


def test_groups_that_were_not_counted_for_every_limit_are_refused():
    """No limit is forgotten on the way."""
    s = stream(people=600)
    paced = PacedPolicy(s.campaign, np.zeros((4, 3), np.int64), 600)
    walk(s, paced, 300, find=False)
    with pytest.raises(DataError, match="not those of the campaign's limits"):
        paced.find_prices([])
    other = tallies_of_cells(PacedPolicy(s.campaign, np.zeros((3, 3), np.int64), 600), ("g",), GROUPS[:3])
    with pytest.raises(DataError, match="not those of the campaign's limits"):
        paced.find_prices(other)


@pytest.mark.parametrize(("shape", "expected"), [((4, 2), 10), ((0, 3), 10), ((4, 3), 0)])
def test_a_stream_that_makes_no_sense_is_refused(shape, expected):
    """Prices for other offers, no cell, or nobody expected."""
    with pytest.raises(UsageError, match="do not fit the offers, or nobody is expected"):
        PacedPolicy(stream(people=10).campaign, np.zeros(shape, np.int64), expected)
