"""What has been kept long enough is destroyed: decisions by the retention of their campaign, evidence by its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from evenhand.adapters.stores.freeing import still_held
from evenhand.adapters.stores.home import Home, find_home_that_is
from evenhand.ledger import (
    campaign_digests,
    campaign_of_digest,
    closed_run,
    expire_run,
    expired_runs,
    open_run,
    runs,
)
from evenhand.rights import Entry, Said, Step, Stream, kept_until
from evenhand.terms import moment_at

from ..records._ledger import has_ledger, keys_of, ledger_of, run_keys_of
from ..records._records import acted_at, open_ledger, rebuild_report
from ._declared import DeclaredCampaign, campaigns_of
from ._events import events_of_run, forget_events
from ._said_since import SAID_NO
from ._trail import is_trail_there, remove_entries, trail_of

__all__ = ["DueRun", "Retention", "retention"]

_ENDS = (Step.ANSWER.value, Step.REFUSE.value, Step.WITHDRAW.value, Step.LAPSE.value)


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run of which the decisions have been kept long enough.

    Attributes:
        run_id: its id.
        campaign: whose it is.
        decisions: how many it made.
        kept: for how long, by its campaign.
        until: the first day on which they are no longer kept.
        in_the_clear: an older version recorded it without keys: nothing of it can be destroyed.
        events: what was told to have followed them; it goes with them.
    """

    run_id: str
    campaign: str
    decisions: int
    kept: str
    until: date
    in_the_clear: bool
    events: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {name: getattr(self, name) for name in DueRun.__slots__} | {"until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class Retention:
    """What is to be destroyed, or was.

    Attributes:
        done: False where it was only looked at.
        runs: of which the decisions go.
        consents: records of consent that no longer stand and whose evidence is no longer needed.
        requests: requests that were closed long enough ago.
        orphans: what people said whose key was destroyed since.
        looks: notes of what staff read, kept as long as requests.
        own_tables: the organisation's own tables with how long their data is kept; evenhand never writes them.
        still_held: files or tables that may hold destroyed bytes a while longer; see `Erased`.
    """

    done: bool
    runs: tuple[DueRun, ...]
    consents: int
    requests: int
    orphans: int
    own_tables: tuple[tuple[str, str], ...]
    looks: int = 0
    still_held: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Nothing is due."""
        return not (self.runs or self.consents or self.requests or self.orphans or self.looks)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "done": self.done,
            "runs": [one.to_dict() for one in self.runs],
            "consents": self.consents,
            "requests": self.requests,
            "orphans": self.orphans,
            "looks": self.looks,
            "own_tables": [{"table": table, "kept": kept} for table, kept in self.own_tables],
            "still_held": list(self.still_held),
        }


def retention(*, home: str | Path | None = None, at: datetime, dry_run: bool) -> Retention:
    """Destroy what has been kept long enough by what the campaigns declare; the ledger and the trail say so.

    Decisions: their bodies, the run's list, and its report where it tells one. Counts, limits and the model stay, which
    name nobody. Consents that stand, and requests that are open, are never touched; nor is anything for which no
    campaign declares how long.

    Args:
        home: the home folder; see `find_home_that_is`.
        at: now.
        dry_run: only say what is due.

    Raises:
        StoreError: somebody else is writing, or something cannot be written.
        LedgerError: the ledger was altered.
    """
    place = find_home_that_is(home)
    campaigns = campaigns_of(place)
    due = tuple(_due_runs(place, at)) if has_ledger(place) else ()
    consents, requests, orphans = _due_entries(place, campaigns, at)
    looks = _due_looks(place, campaigns, at, frozenset(one.run_id for one in due))
    held: tuple[str, ...] = ()
    if not dry_run:
        for one in due:
            _destroy(place, one, at)
        if is_trail_there(place):
            with trail_of(place) as trail:
                remove_entries(trail, [*consents, *requests, *looks], "retention", at)
                remove_entries(trail, orphans, "erasure", at)
            _forget_used_links(place, at)
        held = still_held(place)
    tables = {
        (str(table.file or table.table or "a data frame"), one.campaign.retention.features): None
        for one in campaigns
        for table in (one.campaign.subjects, one.campaign.history)
    }
    numbers = {number for number, _ in _about(place, requests)}
    return Retention(not dry_run, due, len(consents), len(numbers), len(orphans), tuple(tables), len(looks), held)


def _forget_used_links(place: Home, at: datetime) -> None:
    """Links that were used, once they would be none anyway: nobody misses their marks."""
    from evenhand.adapters.entry.used_links import UsedLinks
    from evenhand.adapters.stores.database import database_of

    UsedLinks(lambda: database_of(place)).forget(at)


def _due_runs(place: Home, at: datetime) -> Iterator[DueRun]:
    with open_ledger(place) as store:
        under, expired, declared = campaign_digests(store), expired_runs(store), dict[str, str]()
        for run in runs(store):
            if not run.finished or run.is_refit or run.run_id in expired:
                continue
            digest = under[run.run_id]
            if digest not in declared:
                declared[digest] = campaign_of_digest(store, digest).retention.decisions
            kept = declared[digest]
            until = kept_until(acted_at(run.run_id).date(), kept)
            if at.date() >= until:
                clear = not closed_run(store, run.run_id)
                events = events_of_run(place, run.run_id) if is_trail_there(place) else 0
                yield DueRun(run.run_id, run.campaign, run.decisions, kept, until, clear, events)


def _destroy(place: Home, run: DueRun, at: datetime) -> None:
    """What followed the decisions, their bodies, and the lists and reports that tell them."""
    if is_trail_there(place):
        forget_events(place, [f"{run.run_id}.{number}" for number in range(1, run.decisions + 1)])
    with ledger_of(place) as store:
        expire_run(store, run.run_id, at=at, keys=run_keys_of(place))
        store.shrink()
        later = bool(open_run(store, run.run_id).summary.priced_by)
    for folder in (place.run_folder(run.run_id), place.draft_folder(run.run_id)):
        for name in ("decisions.csv", SAID_NO):
            (folder / name).unlink(missing_ok=True)
    shutil.rmtree(place.draft_folder(run.run_id), ignore_errors=True)
    if not later and not run.in_the_clear and place.run_folder(run.run_id).exists():
        rebuild_report(run.run_id, home=place.folder)


def _due_entries(
    place: Home, campaigns: Sequence[DeclaredCampaign], at: datetime
) -> tuple[list[int], list[int], list[int]]:
    """Numbers of the entries of consents and requests that are due, and of those that lead to nobody any more."""
    if not is_trail_there(place):
        return [], [], []
    with trail_of(place) as trail:
        said = [one for one in trail.read(Stream.CONSENT) if not one.is_removed]
        asked = [one for one in trail.read(Stream.REQUEST) if not one.is_removed]
        corrected = [one for one in trail.read(Stream.CORRECTION) if not one.is_removed]
    known = keys_of(place).of_handles(sorted({one.handle for one in (*said, *corrected) if one.handle}))
    orphans = [one.seq for one in (*said, *corrected) if one.handle not in known]
    consents = _over([one for one in said if one.handle in known], _longest(campaigns, "consents"), at)
    return consents, _closed(asked, _longest(campaigns, "requests"), at), orphans


def _due_looks(place: Home, campaigns: Sequence[DeclaredCampaign], at: datetime, gone: frozenset[str]) -> list[int]:
    """Notes of who looked at what: as old as a closed request may be, they go too; and with the decisions of the runs
    that go, those of who looked at one of these."""
    if not is_trail_there(place):
        return []
    kept = _longest(campaigns, "requests")
    with trail_of(place) as trail:
        looks = [one for one in trail.read(Stream.READ) if not one.is_removed]
    return [
        one.seq
        for one in looks
        if json.loads(one.body)["about"].rpartition(".")[0] in gone
        or (kept is not None and at.date() >= kept_until(moment_at(one.at).date(), kept))
    ]


def _longest(campaigns: Sequence[DeclaredCampaign], name: str) -> str | None:
    """The longest duration that is declared; None where a campaign declares none, so that everything is kept."""
    declared = [getattr(one.campaign.retention, name) for one in campaigns]
    if not declared or None in declared:
        return None
    return max((str(one) for one in declared), key=lambda one: kept_until(date(2000, 1, 1), one))


def _over(said: Sequence[Entry], kept: str | None, at: datetime) -> list[int]:
    """Consents that another one took the place of, so long ago."""
    if kept is None:
        return []
    by_key: dict[tuple[bytes | None, str, str], list[Entry]] = {}
    for one in said:
        word = Said.from_body(one.body, one.at)
        by_key.setdefault((one.handle, word.kind, word.purpose), []).append(one)
    out = []
    for entries in by_key.values():
        ordered = sorted(entries, key=lambda one: (one.at, one.seq))
        for one, following in pairwise(ordered):
            if at.date() >= kept_until(moment_at(following.at).date(), kept):
                out.append(one.seq)
    return out


def _closed(asked: Sequence[Entry], kept: str | None, at: datetime) -> list[int]:
    """All entries of requests that were closed so long ago, and of which everybody was told."""
    if kept is None:
        return []
    by_number: dict[str, list[Entry]] = {}
    for one in asked:
        by_number.setdefault(one.about, []).append(one)
    out = []
    for entries in by_number.values():
        steps = [json.loads(one.body)["step"] for one in entries]
        last = max(
            one.at for one, step in zip(entries, steps, strict=True) if step != Step.REVEAL
        )  # a look keeps nothing
        if any(step in _ENDS for step in steps) and at.date() >= kept_until(moment_at(last).date(), kept):
            out += [one.seq for one in entries]
    return out


def _about(place: Home, numbers: Sequence[int]) -> Iterator[tuple[str, int]]:
    """The request of each of these entries, as long as they are there."""
    wanted = set(numbers)
    if wanted and is_trail_there(place):
        with trail_of(place) as trail:
            yield from ((one.about, one.seq) for one in trail.read(Stream.REQUEST) if one.seq in wanted)
