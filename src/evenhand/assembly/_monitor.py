"""Watch recorded decisions, deliveries and outcomes: what is new is taken behind the wall, and figures come out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.campaign_files import load_campaign
from evenhand.adapters.home import Home, find_home, write_atomically
from evenhand.adapters.sqlite_ledger import SqliteLedger
from evenhand.adapters.tables import DataTable, open_table
from evenhand.disparity import (
    Caught,
    Compared,
    Mark,
    MonitorRule,
    MonitorState,
    Stream,
    Watch,
    gap_estimate,
    gap_interval,
    state_in_words,
    until_shown,
    watch_stream,
)
from evenhand.ledger import columns, open_run, runs
from evenhand.policy import Table
from evenhand.terms import PPM, DataError, Role, Standing, UsageError

from ._open import Frames, Opened, open_all
from ._records import open_ledger

__all__ = ["Watched", "monitor"]

Kind = Literal["selection", "delivery", "outcome"]
_POINTS = 0.05


@dataclass(frozen=True, slots=True)
class Watched:
    """What the monitors of a campaign say now.

    Attributes:
        campaign: its id.
        kind: what is watched.
        events: events counted so far.
        new: how many of them were not there the last time.
        corrected_from: from which event on everything was counted again, because one was corrected; -1 for none.
        unmatched: rows of the events' file whose decision the ledger does not have.
        comparisons: one set of plain values per comparison.
    """

    campaign: str
    kind: str
    events: int
    new: int
    corrected_from: int
    unmatched: int
    comparisons: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def skewed(self) -> bool:
        """Whether any comparison is skewed now."""
        return any(one["state"] == MonitorState.SKEWED.value for one in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "campaign": self.campaign,
            "kind": self.kind,
            "events": self.events,
            "new": self.new,
            "corrected_from": None if self.corrected_from < 0 else self.corrected_from,
            "unmatched": self.unmatched,
            "comparisons": list(self.comparisons),
        }


@dataclass(frozen=True, slots=True)
class _Events:
    """A stream in order: who (32 hex digits), which offer (-1 = none), how much (ppm)."""

    subjects: NDArray[np.bytes_]
    offers: NDArray[np.int64]
    amounts: NDArray[np.int64]
    unmatched: int = 0


def monitor(
    campaign_file: Path,
    *,
    home: Path | None = None,
    at: datetime,
    kind: Kind = "selection",
    events: Path | None = None,
    rule: MonitorRule | None = None,
    frames: Frames | None = None,
) -> Watched:
    """Take what is new of a campaign's recorded decisions, and say how things stand.

    The state is kept in the home folder, readable by its owner only: it tells as much as the groups themselves.

    Args:
        campaign_file: the campaign; its subjects table tells the groups, as they are now.
        home: the home folder with the ledger; see `find_home`.
        at: now.
        kind: ``selection`` (offered, among everybody decided about with personal data), ``delivery`` (delivered,
            among the same) or ``outcome`` (responded, among those delivered).
        events: for the latter two a CSV or Parquet file with the columns ``decision`` (a decision's id) and
            ``delivered`` or ``outcome`` (1 or 0).
        rule: tolerance and alpha.
        frames: data frames to use instead of the campaign's tables.

    Raises:
        UsageError: a file is needed and none is named.
        DataError: a table is not what it must be.
        StoreError: there is no ledger, or the state cannot be written.
    """
    asked = rule or MonitorRule()
    if (kind == "selection") != (events is None):
        raise UsageError(
            "monitor-events-file",
            f"Watching {kind} {'needs no file of events' if kind == 'selection' else 'needs a file of events'}.",
            rule="selections stand in the ledger; deliveries and outcomes stand in a file",
            remedy="name --events FILE with --kind delivery or outcome, and none with selection",
        )
    loaded = load_campaign(campaign_file, at=at)
    place = find_home(home, campaign_file=campaign_file)
    opened = open_all(
        loaded,
        folder=campaign_file.resolve().parent,
        key=place.key(make=False),
        at=at,
        frames=frames or Frames(),
    )
    with open_ledger(place) as store:
        decided, numbers = _decided(store, opened)
    stream = decided if events is None else _from_file(kind, events, decided, numbers)
    caught = _caught(opened, stream, asked, kind, place)
    return Watched(
        campaign=opened.campaign.campaign,
        kind=kind,
        events=caught.watch.taken,
        new=caught.new,
        corrected_from=caught.corrected_from,
        unmatched=stream.unmatched,
        comparisons=tuple(_told(caught.watch, one) for one in caught.watch.compared),
    )


def _decided(store: SqliteLedger, opened: Opened) -> tuple[_Events, dict[str, int]]:
    """Everybody decided about with personal data, run after run and by pseudonym within a run: an order that has
    nothing to do with groups. And the place of each decision's id in it."""
    names = {offer.id: place for place, offer in enumerate(opened.campaign.offers)}
    parts: list[tuple[NDArray[np.bytes_], NDArray[np.int64]]] = []
    numbers: dict[str, int] = {}
    for run in runs(store):
        if not run.finished or run.campaign != opened.campaign.campaign:
            continue
        codes = [names.get(offer.id, -1) for offer in open_run(store, run.run_id).campaign.offers]
        kept = [chunk for chunk in columns(store, run.run_id) if len(chunk)]
        personal = np.concatenate([chunk.standing == Standing.PERSONALISED for chunk in kept])
        subjects = np.concatenate([chunk.subject for chunk in kept])[personal]
        offer = np.array([*codes, -1], dtype=np.int64)[np.concatenate([chunk.offer for chunk in kept])[personal]]
        order = np.argsort(subjects, kind="stable")
        first = len(numbers)
        ids = np.concatenate([chunk.number for chunk in kept])[personal][order].tolist()
        numbers |= {f"{run.run_id}.{number}": first + place for place, number in enumerate(ids)}
        parts.append((subjects[order], offer[order]))
    if not parts:
        raise DataError(
            "monitor-no-runs",
            f"The ledger has no finished run of the campaign {opened.campaign.campaign}.",
            rule="only what was recorded can be watched",
            remedy="record one: evenhand run CAMPAIGN",
        )
    offers = np.concatenate([part[1] for part in parts])
    return _Events(np.concatenate([part[0] for part in parts]), offers, (offers >= 0) * np.int64(PPM)), numbers


def _from_file(kind: Kind, path: Path, decided: _Events, numbers: dict[str, int]) -> _Events:
    """Deliveries among everybody in runs that the file knows, or outcomes in the order of the file."""
    value = "delivered" if kind == "delivery" else "outcome"
    table: DataTable = open_table(Table(file=path.name), path.resolve().parent, columns=("decision", value))
    named = table.ids("decision", unique=True)
    yes = table.outcome(value).astype(np.int64)
    found = np.array([numbers.get(one, -1) for one in named], dtype=np.int64)
    unmatched = int((found < 0).sum())
    rows, yes = found[found >= 0], yes[found >= 0]
    if kind == "outcome":
        return _Events(decided.subjects[rows], decided.offers[rows], yes * PPM, unmatched)
    delivered = np.zeros(len(decided.offers), dtype=np.int64)
    delivered[rows] = yes
    known = {one.rpartition(".")[0] for one, place in zip(named, found.tolist(), strict=True) if place >= 0}
    inside = np.array([one.rpartition(".")[0] in known for one in numbers], dtype=bool)
    return _Events(decided.subjects[inside], decided.offers[inside], delivered[inside] * PPM, unmatched)


def _caught(opened: Opened, stream: _Events, rule: MonitorRule, kind: Kind, place: Home) -> Caught:
    """Bring the kept state up to the end of the stream, behind the wall."""
    campaign = opened.campaign
    people = opened.asked.subjects
    order = np.argsort(people, kind="stable")
    near = np.minimum(np.searchsorted(people[order], stream.subjects), len(people) - 1)
    row = np.where(people[order][near] == stream.subjects, order[near], -1)
    file = place.folder / "monitor" / f"{campaign.campaign}.{kind}.json"
    told = np.stack((stream.offers, stream.amounts), axis=1)
    caught = watch_stream(
        opened.stores.wall,
        campaign.names(Role.SENSITIVE),
        Stream(
            rows=row,
            amounts=stream.amounts,
            offers=stream.offers,
            names=tuple(offer.id for offer in campaign.offers),
            only_of_the_offer=kind == "outcome",
            marks=np.concatenate([_bytes(stream.subjects), _bytes(told)], axis=1),
        ),
        rule,
        _marks(file),
        why=f"monitor: {kind} per group",
    )
    write_atomically(file, json.dumps([mark.to_dict() for mark in caught.marks], allow_nan=False), private=True)
    return caught


def _bytes(rows: NDArray[Any]) -> NDArray[np.uint8]:
    """The bytes of each row."""
    return np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), -1)


def _marks(file: Path) -> tuple[Mark, ...]:
    """The kept places; none at first."""
    if not file.is_file():
        return ()
    try:
        return tuple(Mark.from_dict(one) for one in json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        raise DataError(
            "monitor-state-file",
            f"The state {file.name} cannot be read.",
            rule="a state is what the monitor kept there",
            remedy=f"remove {file}; the stream is then counted again from its start",
        ) from None


def _told(watch: Watch, one: Compared) -> dict[str, Any]:
    """One comparison: its state now, and its figures as of the last showing."""
    now, shown = watch.monitor(one), watch.shown(one)
    told: dict[str, Any] = {
        **one.to_dict(),
        "state": now.state.value,
        "direction": now.direction,
        "alarm": now.alarm_kind,
        "figures": None,
    }
    until = None if shown is None else until_shown(shown, watch.rule.tolerance + _POINTS)
    if shown is not None:
        lower, upper = gap_interval(shown.whole, watch.rule)
        told["figures"] = {
            "events": shown.events,
            "people": {"group": shown.people[1], "others": shown.people[0]},
            "rate": {side: shown.hits[at] / PPM / shown.people[at] for side, at in (("group", 1), ("others", 0))},
            "gap": gap_estimate(shown.whole),
            "lower": lower,
            "upper": upper,
            "evidence": shown.evidence,
            "chance": shown.chance,
            "events_until_shown": until,
        }
    return {**told, "words": state_in_words(now.state, until)}
