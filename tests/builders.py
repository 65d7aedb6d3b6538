"""Small batches for tests, consistent to the last unit: real codes, tables, sums, prices and margins."""

from __future__ import annotations

import dataclasses
import hashlib
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.ledger import GENESIS, Head, Intent, Kind, Node, Row, Run, RunKeys, SubjectKeys, Tail, WrittenOut, begin
from evenhand.policy import Campaign
from evenhand.terms import (
    Allocated,
    Asked,
    Binning,
    Certificate,
    Explained,
    FeatureView,
    LimitOutcome,
    Minimised,
    Model,
    Pair,
    Permitted,
    Prices,
    Reason,
    Scored,
    Standing,
    StoreError,
    Target,
    expected_value,
    score_of,
    score_ppm,
    term_contributions,
)

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
BINS = 8


def make_campaign(offers: int = 3, terms: int = 4, per_offer: int = 1, **changes: Any) -> Campaign:
    """A valid campaign on consent, in a web surface; the last `per_offer` features have a value per offer."""
    text = {"nl": "tekst", "en": "text"}
    columns: dict[str, Any] = {
        "id": {"role": "identifier"},
        "bought": {"role": "outcome"},
        "sex": {"role": "sensitive"},
        **{
            f"f{t}": {"role": "feature", "meaning": text, "kind": "number", "per_offer": t >= terms - per_offer}
            for t in range(terms)
        },
    }
    declared: dict[str, Any] = {
        "evenhand": 1,
        "campaign": "tiny",
        "controller": {"name": "Shop", "contact": "privacy@shop.example"},
        "purpose": "PersonalisedAdvertising",
        "category": "ordinary",
        "channel": "web",
        "subjects": {"file": "subjects.csv"},
        "history": {"file": "history.csv", "offer": "offer"},
        "consents": {"file": "consents.csv"},
        "columns": columns,
        "offers": [
            {"id": f"o{j}", "text": text, "value": f"{5 + j}.25", "cost": "0.30", "made_by_ai": j == 0}
            for j in range(offers)
        ],
        "limits": {"contacts": {"total": 10_000_000}},
        "retention": {"decisions": "P24M", "features": "P12M"},
    }
    return Campaign.model_validate({**declared, **changes})


def make_model(campaign: Campaign, seed: int = 0, bins: int = BINS, pairs: int = 0) -> Model:
    """A model with random integer tables over the campaign's features, in file order, and so many random pairs.

    Where the campaign decides by increments it is one of those: what an offer changes is between -40 and 40 points.
    """
    rng = np.random.default_rng(seed)
    small = 10 if campaign.model.target is Target.INCREMENT else 1
    names = [name for name in campaign.columns if name.startswith("f")]
    cuts = tuple(float(cut) for cut in range(bins - 4))
    binnings = tuple(Binning(n, "number", cuts=cuts, per_offer=campaign.columns[n].per_offer) for n in names)
    m = len(campaign.offers)
    tables = []
    for binning in binnings:
        table = rng.integers(-900_000, 900_000, size=(m, binning.size), dtype=np.int32) // small
        table[:, 0] = 0
        tables.append(table)
    joint = random_pairs(rng, binnings, pairs)
    for pair in joint:
        table = rng.integers(-700_000, 700_000, size=(m, pair.size), dtype=np.int32) // small
        table[:, 0] = 0
        tables.append(table)
    view = FeatureView(campaign.purpose, binnings, "view")
    base = rng.integers(-1_500_000, -500_000, size=m, dtype=np.int64)
    if small > 1:
        base = base // small + 100_000
    offers = tuple(offer.id for offer in campaign.offers)
    digest = hashlib.sha256(b"".join([base.tobytes(), *(table.tobytes() for table in tables)])).hexdigest()
    return Model(view, offers, base, tuple(tables), {}, {}, digest, joint, campaign.model.target.link)


def random_pairs(rng: np.random.Generator, binnings: Sequence[Binning], most: int) -> tuple[Pair, ...]:
    """At most so many pairs of different features, with random bands."""
    found = {}
    for _ in range(most if len(binnings) > 1 else 0):
        first, second = sorted(rng.choice(len(binnings), 2, replace=False).tolist())
        bands = [
            (0, *rng.integers(0, rng.integers(1, 5), binnings[place].size - 1).tolist()) for place in (first, second)
        ]
        found[first, second] = Pair(first, second, *bands)
    return tuple(found[key] for key in sorted(found))


def model_to_json(model: Model) -> dict[str, object]:
    """The deciding parts of a model, as JSON."""
    return {
        "purpose": model.view.purpose,
        "binnings": [[b.name, b.kind, list(b.cuts), list(b.categories), b.per_offer] for b in model.view.binnings],
        "offers": list(model.offers),
        "base": model.base.tolist(),
        "tables": [table.tolist() for table in model.tables],
        "digest": model.digest,
    }


def model_from_json(given: Mapping[str, Any]) -> Model:
    """The model back from `model_to_json`."""
    binnings = tuple(Binning(n, k, tuple(cuts), tuple(cats), per) for n, k, cuts, cats, per in given["binnings"])
    return Model(
        FeatureView(given["purpose"], binnings, "view"),
        tuple(given["offers"]),
        np.array(given["base"], dtype=np.int64),
        tuple(np.array(table, dtype=np.int32) for table in given["tables"]),
        {},
        {},
        given["digest"],
    )


def pseudonyms(n: int, seed: int = 0) -> NDArray[np.bytes_]:
    """n pseudonyms, different ones."""
    text = np.random.default_rng(seed + 1_000).bytes(16 * n).hex()
    return np.array([text[i * 32 : i * 32 + 32].encode() for i in range(n)], dtype="S32")


def make_explained(
    n: int, campaign: Campaign | None = None, model: Model | None = None, *, seed: int = 0, at: datetime = NOON
) -> Explained:
    """A batch of n people: some refused, some contextual, most personalised; about half get an offer."""
    campaign = campaign or make_campaign()
    model = model or make_model(campaign)
    rng = np.random.default_rng(seed)
    m, rows = len(campaign.offers), np.arange(n)
    standing = rng.choice([0, 1, 2, 2, 2], size=n).astype(np.uint8)
    direct = campaign.channel.is_direct
    contextual = Reason.PERSONALISATION_OPT_OUT if direct else Reason.CONSENT_WITHDRAWN
    reasons = np.array([Reason.DIRECT_MARKETING_OBJECTION, contextual, Reason.CONSENT_VALID], dtype=np.uint8)
    personalised = standing == Standing.PERSONALISED
    codes = []
    for binning in model.view.binnings:
        shape = (m, n) if binning.per_offer else (n,)
        codes.append(np.where(personalised, rng.integers(1, binning.size, size=shape), 0).astype(np.uint8))
    permitted = Permitted(Asked(pseudonyms(n, seed), at), standing, reasons[standing])
    minimised = Minimised(permitted, model, tuple(codes))
    shares = [term_contributions(model, minimised.codes, np.full(n, j)) for j in range(m)]
    score = np.stack([score_of(model, shares[j], np.full(n, j)) for j in range(m)]).astype(np.int32)
    probability = np.clip(500_000 + score.astype(np.int64) // 8, 0, 1_000_000).astype(np.int32)
    if model.link == "identity":
        probability = score_ppm(score, model.link)
    value = np.stack(
        [expected_value(o.value_micro, o.cost_micro, probability[j]) for j, o in enumerate(campaign.offers)]
    )
    scored = Scored(minimised, score, probability, value)
    allocated = _allocate(scored, campaign, rng)
    return _explain(allocated, shares, rows)


def _allocate(scored: Scored, campaign: Campaign, rng: np.random.Generator) -> Allocated:
    permitted = scored.minimised.permitted
    n, m = len(permitted.asked), len(campaign.offers)
    rows = np.arange(n)
    price = rng.integers(1_500_000, 3_000_000, size=m, dtype=np.int64)
    net = scored.value - price[:, None]
    order = np.argsort(-net, axis=0, kind="stable")
    refused = permitted.standing == Standing.REFUSED
    best, second = order[0], (order[1] if m > 1 else np.full(n, -1))
    chosen = (net[best, rows] > 0) & ~refused
    offer = np.where(chosen, best, -1).astype(np.int16)
    runner_up = np.where(refused, -1, np.where(chosen, second, best)).astype(np.int16)
    own = lambda index: np.where(index >= 0, price[np.where(index >= 0, index, 0)], 0)  # noqa: E731
    outcome = np.where(chosen, Reason.SELECTED, Reason.NO_WORTHWHILE_OFFER)
    limits = []
    if campaign.limits.contacts.total is not None:
        total = float(campaign.limits.contacts.total)
        limits.append(LimitOutcome("contacts", "contacts", total, float(chosen.sum()), True, False))
    for j, declared in enumerate(campaign.offers):
        if declared.capacity is not None:
            used = float((offer == j).sum())
            limits.append(
                LimitOutcome(f"capacity:{declared.id}", "capacity", float(declared.capacity), used, True, False)
            )
    limits += [
        LimitOutcome(limit.id, "disparity", limit.bound, limit.bound, True, True, measure=limit.measure)
        for limit in campaign.limits.disparity
    ]
    return Allocated(
        scored=scored,
        person=np.arange(n),
        offer=offer,
        runner_up=runner_up,
        price=own(offer),
        runner_up_price=own(runner_up),
        moved=np.zeros(n, dtype=np.bool_),
        reason=np.where(refused, permitted.reason, outcome).astype(np.uint8),
        prices=Prices(price, np.zeros((1, m), dtype=np.int64), {"contacts": 0}, {}),
        limits=tuple(limits),
        certificate=Certificate(10, 11, 0.09, 0),
        unlimited_offer=offer,
    )


def _explain(
    allocated: Allocated, shares: Sequence[NDArray[np.int32]], rows: NDArray[np.intp], top: int = 3
) -> Explained:
    n = len(rows)
    reference = np.where(allocated.offer >= 0, allocated.offer, allocated.runner_up)
    has = reference >= 0
    own = np.stack(shares)[np.where(has, reference, 0), rows]
    own[~has] = 0
    width = min(top, own.shape[1])
    order = np.argsort(-np.abs(own.astype(np.int64)), axis=1, kind="stable")[:, :width]
    listed = np.take_along_axis(own, order, axis=1)
    value = np.where(has, allocated.scored.value[np.where(has, reference, 0), rows], 0)
    chosen = allocated.offer >= 0
    second = np.where(allocated.runner_up >= 0, allocated.runner_up, 0)
    rival = np.where(
        chosen & (allocated.runner_up >= 0), allocated.scored.value[second, rows] - allocated.runner_up_price, 0
    )
    paid = np.where(chosen, allocated.price, allocated.runner_up_price)
    return Explained(
        allocated=allocated,
        top_terms=np.where(listed != 0, order, -1).astype(np.int16),
        top_contributions=listed.astype(np.int32),
        margin=np.where(has, value - paid - rival, 0),
        flip_term=np.full(n, -1, dtype=np.int16),
        flip_code=np.zeros(n, dtype=np.uint8),
    )


def aware_campaign(**changes: Any) -> Campaign:
    """The tiny campaign with an aware limit between the sexes."""
    limit = {"id": "reach", "groups": ["sex"], "bound": 0.8, "mode": "aware", "necessity": "The gap is known."}
    limits = {"contacts": {"total": 10_000_000}, "disparity": [limit]}
    return make_campaign(**{"limits": limits, **changes})


def with_groups(explained: Explained, group: NDArray[np.intp], table: NDArray[np.int64], *, seed: int = 0) -> Explained:
    """The same decisions where each personalised person pays, on top, what the table asks of their group (row 0:
    nobody's), some with a flip, some moved; consistent to the last unit."""
    allocated, rng = explained.allocated, np.random.default_rng(seed)
    permitted = allocated.scored.minimised.permitted
    personal = permitted.standing == Standing.PERSONALISED
    cell = np.where(personal, group, 0)

    def extra(offer: NDArray[np.int16]) -> NDArray[np.int64]:
        return np.where(offer >= 0, table[cell, np.maximum(offer, 0)], 0).astype(np.int64)

    own, other = extra(allocated.offer), extra(allocated.runner_up)
    rival = np.where(allocated.offer >= 0, -other, other)
    flipped = personal & (rng.random(len(cell)) < 0.5) if explained.top_terms.shape[1] else np.zeros(len(cell), bool)
    prices = dataclasses.replace(
        allocated.prices,
        group=table,
        by_limit={**allocated.prices.by_limit, "reach": int(table.max())},
        cell_tables={"aware": {"features": ["sex"]}, "cells": [[row, 0] for row in range(len(table))]},
    )
    return dataclasses.replace(
        explained,
        allocated=dataclasses.replace(
            allocated,
            price=allocated.price + own,
            runner_up_price=allocated.runner_up_price + other,
            moved=personal & ~flipped & (rng.random(len(cell)) < 0.1),
            prices=prices,
        ),
        margin=explained.margin - own - rival,
        flip_term=np.where(flipped, 0, -1).astype(np.int16),
        flip_code=np.where(flipped, rng.integers(3, BINS, len(cell)), 0).astype(np.uint8),
    )


class MemoryKeys:
    """Keys of runs in memory. Implements `ledger.RunKeys`."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def make(self, run_id: str) -> bytes:
        """Draw a key."""
        assert run_id not in self.kept
        self.kept[run_id] = secrets.token_bytes(32)
        return self.kept[run_id]

    def keep(self, run_id: str, key: bytes) -> None:
        """Keep a key that was drawn."""
        assert run_id not in self.kept
        self.kept[run_id] = key

    def get(self, run_id: str) -> bytes | None:
        """The key, or nothing."""
        return self.kept.get(run_id)

    def forget(self, run_id: str) -> bool:
        """Destroy it."""
        return self.kept.pop(run_id, None) is not None


def begin_run(
    store: Any,
    *,
    identity: str = "000001",
    at: datetime = NOON,
    campaign: Campaign | None = None,
    keys: RunKeys | None = None,
    written: WrittenOut | None = None,
) -> Run:
    """A run of the tiny campaign, begun in a store."""
    campaign = campaign or make_campaign()
    model = make_model(campaign)
    return begin(
        store,
        run_id=f"{at:%Y%m%dT%H%M%SZ}-{identity}",
        at=at,
        campaign=campaign,
        campaign_file_digest="0" * 64,
        model=model,
        model_json=model_to_json(model),
        data_digest="",
        version="test",
        keys=keys,
        written=written,
    )


class MemoryLedger:
    """A ledger store in memory, with the same manners as the one in SQLite."""

    head_is_apart = True

    def __init__(self, people: SubjectKeys | None = None) -> None:
        self.people = people
        self.kept_payloads: dict[int, bytes] = {}
        self.rows: list[Row] = []
        self.kept: Head | None = None
        self.kept_intents: dict[str, Intent] = {}
        self.claimed = False
        self.kept_tiles: dict[tuple[int, int], bytes] = {}
        self.kept_checkpoints: dict[int, str] = {}
        self._open: list[Row] | None = None
        self._open_payloads: dict[int, bytes] = {}
        self._open_tree: tuple[dict[tuple[int, int], bytes], dict[int, str]] = ({}, {})

    def tail(self) -> Tail:
        """Where the entries end."""
        return Tail(self.rows[-1][0], self.rows[-1][3]) if self.rows else Tail(0, GENESIS)

    def head(self) -> Head | None:
        """The kept head."""
        return self.kept

    def keep_head(self, head: Head) -> None:
        """Keep the head."""
        self.kept = head

    def _all(self) -> list[Row]:
        return self.rows + (self._open or [])

    def read(self, first: int, last: int | None = None) -> Iterator[Sequence[Row]]:
        """Entries in order, in small chunks."""
        found = [row for row in self._all() if row[0] >= first and (last is None or row[0] <= last)]
        for start in range(0, len(found), 7):
            yield found[start : start + 7]

    def about(self, about: bytes) -> Sequence[Row]:
        """Every entry about something."""
        return [row for row in self._all() if row[2] == about]

    def of_kind(self, kind: Kind, after: int = 0) -> Iterator[Row]:
        """Every entry of a kind above a number."""
        return (row for row in self._all() if row[1] == kind and row[0] > after)

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind before a place."""
        found = [row for row in self._all() if row[1] == kind and row[0] < before]
        return found[-1] if found else None

    def payloads(self, first: int, last: int) -> Mapping[int, bytes]:
        """Encrypted bodies by number."""
        return {seq: one for seq, one in (self.kept_payloads | self._open_payloads).items() if first <= seq <= last}

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """Keep encrypted bodies with the open transaction."""
        self._open_payloads |= dict(enumerate(payloads, first))

    def drop_payloads(self, handle: bytes) -> None:
        """Remove those of a handle."""
        for row in self.rows:
            if row[2] == handle:
                self.kept_payloads.pop(row[0], None)

    def drop_payloads_between(self, first: int, last: int) -> None:
        """Remove those of these numbers."""
        for seq in range(first, last + 1):
            self.kept_payloads.pop(seq, None)

    def hashes(self, first: int, last: int) -> Sequence[bytes]:
        """Hashes of entries in order."""
        return [row[3] for row in self._all() if first <= row[0] <= last]

    def tiles(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """Kept roots of tiles."""
        return [self.kept_tiles[level, place] for place in range(first, end) if (level, place) in self.kept_tiles]

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Signed checkpoints by size."""
        return iter(sorted(self.kept_checkpoints.items()))

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The last one signed."""
        return max(self.kept_checkpoints.items(), default=None)

    def checkpoint_before(self, size: int) -> int:
        """How many entries the one before has."""
        return max((one for one in self.kept_checkpoints if one < size), default=0)

    def secret(self) -> bytes:
        """A key that is no secret."""
        return bytes(32)

    def keep_tree(self, nodes: Sequence[Node], size: int, checkpoint: str) -> None:
        """Keep tiles and a checkpoint with the open transaction."""
        self._open_tree = ({(level, place): hash_ for level, place, hash_ in nodes}, {size: checkpoint})

    def damage(self) -> Sequence[str]:
        """Nothing ever."""
        return []

    def claim(self) -> None:
        """Become the only writer."""
        if self.claimed:
            raise StoreError("store-busy", "Somebody else is writing.", rule="One writer.", remedy="Wait.")
        self.claimed = True

    def release(self) -> None:
        """Let others write."""
        self.rollback()
        self.claimed = False

    def intents(self) -> Sequence[Intent]:
        """Runs that are not in the chain."""
        return list(self.kept_intents.values())

    def intend(self, intent: Intent) -> None:
        """Keep an intent."""
        self.kept_intents[intent.run_id] = intent

    def begin(self) -> None:
        """Open a transaction."""
        self._open = []

    def append(self, rows: Iterable[Row]) -> None:
        """Add entries to it."""
        assert self._open is not None
        self._open.extend(rows)

    def commit(self, settled: Sequence[str]) -> None:
        """Keep them."""
        self.rows += self._open or []
        self._open = None
        self.kept_payloads |= self._open_payloads
        self._open_payloads = {}
        self.kept_tiles |= self._open_tree[0]
        self.kept_checkpoints |= self._open_tree[1]
        for run_id in settled:
            self.kept_intents.pop(run_id, None)

    def rollback(self) -> None:
        """Undo them."""
        self._open, self._open_tree, self._open_payloads = None, ({}, {}), {}
