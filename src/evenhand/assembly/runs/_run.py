"""Plan and run a campaign: the rim joined to the road."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand import __version__
from evenhand.adapters.data.frames import csv_bytes
from evenhand.adapters.declared.campaign_files import LoadedCampaign, load_campaign
from evenhand.adapters.stores.home import Home, find_home
from evenhand.allocation import PricePolicy
from evenhand.campaigns import Lesson, learn, lesson_of
from evenhand.disparity import Audit
from evenhand.features import class_list
from evenhand.journey import propose, sweep
from evenhand.ledger import WrittenOut, begin, finish, new_run_id, record, refuse_stopped, write_out
from evenhand.policy import Campaign
from evenhand.scoring import model_to_json
from evenhand.terms import Explained, Model, StoreError

from ..people._said_since import SaidSince, list_said_no
from ..people._trail import again_if_said_meanwhile, nobody_says_meanwhile, refuse_said_since
from ..records._keys import outward_stories
from ..records._ledger import erasures_of, has_ledger, keys_of, ledger_of, refuse_erased_since, run_keys_of
from ..records._vault_anchor import vault_noted
from ._audit import campaign_audit
from ._frames import Frames
from ._intake import refuse_personal_features
from ._open import Opened, open_all
from ._policy import prices_for_later
from ._report import decision_columns, keep_decisions, report_of, story_rows, write_results
from ._start import drop_unrecorded, look_around
from ._summary import summary_of

__all__ = [
    "Planned",
    "Prepared",
    "Ran",
    "frontier",
    "located",
    "plan_campaign",
    "prepare",
    "relative",
    "run_campaign",
]

Step = Callable[[str], None]


def _nothing() -> None:
    return


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be decided. Nothing was decided or recorded.

    Attributes:
        summary: funnel, limits and value, as plain values.
        report: everything the report would show.
        columns: one row per person: own id, decision, offer, standing and reasons.
    """

    summary: dict[str, Any]
    report: dict[str, Any]
    columns: dict[str, list[Any]] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ran:
    """A recorded run.

    Attributes:
        run_id: its id.
        home: the home folder.
        folder: of its report and list of decisions.
        head: the ledger's head (hex).
        notices: what the start found left behind by an earlier run.
        said_no: who said no while it was recorded.
        sample_decision: id of one decision to ask about.
        summary: funnel, limits and value, as plain values.
        report: everything that the report shows.
        columns: one row per person: own id, decision, offer, standing and reasons.
    """

    run_id: str
    home: Path
    folder: Path
    head: str
    notices: tuple[str, ...]
    said_no: SaidSince
    sample_decision: str
    summary: dict[str, Any]
    report: dict[str, Any]
    columns: dict[str, list[Any]] = field(repr=False)


def plan_campaign(
    campaign: Path | LoadedCampaign,
    *,
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> Planned:
    """Walk the road without recording: what would be decided, and which limits bind.

    A home that is there remembers what was told of groups; see `PlansTold`.

    Raises:
        PolicyError: the campaign file cannot run.
        DataError: a table is not what the campaign says, or a limit cannot be kept.
        StoreError: what was told cannot be remembered.
    """
    loaded, folder, place = located(campaign, home, at)
    prepared = prepare(loaded, folder, place, at, frames, step)
    step("deciding")
    explained = propose(prepared.opened.asked, loaded.campaign, prepared.model, prepared.opened.stores)
    step("counting")
    report = report_of(prepared.opened, prepared.lesson, explained, prepared.audit, run_id="")
    if not place.has_key:
        for story in report["stories"]:
            for told in story.values():
                told["subject"] = "0" * len(told["subject"])  # without a key a pseudonym is no secret
    outward_stories(place, report)
    prepared.opened.before.plans.keep(report)
    columns = decision_columns(prepared.opened, explained, "")
    return Planned(summary_of(explained, loaded.campaign, report), report, columns)


def frontier(
    campaign: Path | LoadedCampaign,
    *,
    limit: str | None = None,
    bounds: tuple[float, ...] = (),
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> dict[str, Any]:
    """What one disparity limit costs at every bound, as plain values for JSON and `reports.frontier_page`.

    Args:
        campaign: the campaign, or its file.
        limit: id of the limit; None = the campaign's only one.
        bounds: the bounds to try; () = usual ones and the declared one.
        home: whose key breaks ties as a run there would.
        at: moment of the decision.
        frames: data frames to use instead of tables.
        step: told what is being done.

    Raises:
        UsageError: no such limit, or a bound outside 0..1.
        PolicyError, DataError: as `plan_campaign`.
    """
    loaded, folder, place = located(campaign, home, at)
    prepared = prepare(loaded, folder, place, at, frames, step)
    step("deciding at every bound")
    opened = prepared.opened
    swept = sweep(opened.asked, loaded.campaign, prepared.model, opened.stores, limit, bounds)
    return {"campaign": loaded.campaign.campaign, "currency": loaded.campaign.currency, **swept.to_dict()}


def run_campaign(
    campaign: Path | LoadedCampaign,
    *,
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
    last_look: Callable[[], None] = _nothing,
) -> Ran:
    """Walk the whole road: every decision is recorded, then the report and the list of decisions are written.

    Either the whole run is in the ledger or nothing of it is. The report is made from what is in the ledger, so one
    that was lost can be written again. `last_look` is asked when nobody else can write the ledger any more, before
    anything is recorded, and raises where it is not to be.

    Raises:
        PolicyError: the campaign file cannot run, or needs a review and was not approved as it is.
        DataError: a table is not what the campaign says, or a limit cannot be kept.
        PausedError: the campaign is paused, and nobody resumed it.
        StoreError: the ledger or the results cannot be written.
        LedgerError: the ledger was altered, or a decision would break a promise.
    """
    loaded, folder, place = located(campaign, home, at)
    place.key(make=True)
    notices = look_around(place)
    _refuse_stopped(place, loaded)
    return again_if_said_meanwhile(lambda: _ran(loaded, folder, place, at, frames, step, notices, last_look))


def _ran(
    loaded: LoadedCampaign,
    folder: Path,
    place: Home,
    at: datetime,
    frames: Frames | None,
    step: Step,
    notices: list[str],
    last_look: Callable[[], None],
) -> Ran:
    """Prepare and record once. Everything that can be worked out before is, so that others write the ledger for as
    long as possible."""
    erased = erasures_of(place, datetime.now(UTC))
    prepared = prepare(loaded, folder, place, at, frames, step)
    opened, model = prepared.opened, prepared.model
    run_id = new_run_id(datetime.now(UTC), secrets.token_hex(3))
    step("deciding")
    done = _worked_out(loaded.campaign, prepared, folder, place, run_id)
    step("writing out")
    written = _written_out(done, prepared, place, run_id, at)
    taught = prepared.teachers
    who = class_list(taught)
    with ledger_of(place) as store:
        started = begin(
            store,
            run_id=run_id,
            at=at,
            campaign=loaded.campaign,
            campaign_file_digest=loaded.digest,
            model=model,
            model_json=model_to_json(model),
            data_digest=opened.digest,
            version=__version__,
            keys=run_keys_of(place),
            law=opened.stores.law,
            written=written,
        )
        try:
            with started:
                last_look()
                for people in (opened.asked.subjects, taught):
                    refuse_erased_since(place, people, opened.stores.consents, erased)
                refuse_said_since(place, opened.asked.subjects, opened.told)
                permitted = done.explained.allocated.scored.minimised.permitted
                if opened.earlier.holds_back_more(permitted, loaded.campaign):
                    step("deciding again")
                    done = _worked_out(loaded.campaign, prepared, folder, place, run_id)
                step("recording")
                record(done.explained, started)
                keep_decisions(place, run_id, done.decisions)
                prices = prices_for_later(done.explained, loaded.campaign, started.ground.campaign_digest, run_id)
                if prices is not None:
                    keys_of(place).keep_class(run_id, loaded.campaign.campaign, who)
                with nobody_says_meanwhile(place, opened.asked.subjects, opened.told):
                    head = finish(started, done.kept, policy="" if prices is None else prices.digest)
        except BaseException:
            drop_unrecorded(place, store, run_id)
            raise
    keys_of(place).only_class(run_id, loaded.campaign.campaign)
    explained, report, columns = done.explained, done.report, done.columns
    outward_stories(place, report)
    report["run"]["head"] = head
    results = _results(place, run_id, report, prices)
    step("looking who said no meanwhile")
    name, heard, now = opened.campaign.identifier, opened.told.last, datetime.now(UTC)
    return Ran(
        run_id=run_id,
        home=place.folder,
        folder=results,
        head=head,
        notices=(*(finding.what for finding in started.found), *notices),
        said_no=list_said_no(place, run_id, name, opened.ids, heard, now),
        sample_decision=f"{run_id}.{_sample(explained) + 1}",
        summary=summary_of(explained, loaded.campaign, report),
        report=report,
        columns=columns,
    )


@dataclass(frozen=True, slots=True)
class _WorkedOut:
    """What a run comes to, with what is kept of it: its summary, and the list of decisions as CSV."""

    explained: Explained
    report: dict[str, Any]
    columns: dict[str, list[Any]]
    kept: dict[str, Any]
    decisions: bytes


def _worked_out(campaign: Campaign, prepared: Prepared, folder: Path, place: Home, run_id: str) -> _WorkedOut:
    """Five gates of the road, and the report."""
    opened = prepared.opened
    explained = propose(opened.asked, campaign, prepared.model, opened.stores)
    report = report_of(opened, prepared.lesson, explained, prepared.audit, run_id=run_id)
    kept = {key: value for key, value in report.items() if key != "stories"}
    kept["story_rows"] = story_rows(explained, campaign)
    kept |= {"data_folder": relative(folder, place), **opened.told.noted}
    kept |= vault_noted(place, campaign)
    columns = decision_columns(opened, explained, run_id)
    return _WorkedOut(explained, report, columns, kept, csv_bytes(columns))


def _written_out(done: _WorkedOut, prepared: Prepared, place: Home, run_id: str, at: datetime) -> WrittenOut:
    """The decisions as the ledger keeps them, but for their place in it."""
    return write_out(
        done.explained,
        run_id=run_id,
        at=at,
        campaign=prepared.opened.campaign,
        model=prepared.model,
        people=keys_of(place),
        law=prepared.opened.stores.law,
    )


def _refuse_stopped(place: Home, loaded: LoadedCampaign) -> None:
    """Before a long preparation; `ledger.begin` looks again when nobody else can write any more."""
    if has_ledger(place) or loaded.campaign.review is not None:
        with ledger_of(place) as store:
            refuse_stopped(store, loaded.campaign, loaded.digest)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A campaign whose data was read, audited and learned from."""

    opened: Opened
    lesson: Lesson
    model: Model
    audit: Audit

    @property
    def teachers(self) -> NDArray[np.bytes_]:
        """Whose rows taught the model or were kept to try it: pseudonyms (``S32``), each once."""
        first = np.unique(self.lesson.person, return_index=True)[1]
        return self.opened.history.subjects[self.lesson.rows[first]]


def prepare(
    loaded: LoadedCampaign, folder: Path, place: Home, at: datetime, frames: Frames | None, step: Step
) -> Prepared:
    """Read, audit, and learn; writes nothing."""
    step("reading the data")
    opened = open_all(loaded, folder=folder, place=place, at=at, frames=frames or Frames())
    step("auditing the data")
    refuse_personal_features(opened)
    lesson = lesson_of(loaded.campaign, opened.history, opened.allowed)
    audit = campaign_audit(opened, lesson, thorough=False)
    step("learning from the past")
    return Prepared(opened, lesson, learn(loaded.campaign, lesson), audit)


def located(campaign: Path | LoadedCampaign, home: Path | None, at: datetime) -> tuple[LoadedCampaign, Path, Home]:
    """The campaign, the folder that its tables are relative to, and its home."""
    loaded = campaign if isinstance(campaign, LoadedCampaign) else load_campaign(campaign, at=at)
    folder = loaded.path.resolve().parent if loaded.path else Path.cwd()
    return loaded, folder, find_home(home, campaign_file=loaded.path or Path.cwd() / "campaign.yaml")


def _results(place: Home, run_id: str, report: dict[str, Any], prices: PricePolicy | None) -> Path:
    try:
        return write_results(place, run_id, report, prices)
    except StoreError as error:
        raise StoreError(
            "report-not-written",
            f"Run {run_id} is recorded whole, but its report could not be written: {error.what}",
            rule=error.rule,
            remedy=f"free disk space or change the permissions, then: evenhand report {run_id} --home {place.folder}",
        ) from error


def relative(folder: Path, place: Home) -> str:
    """Where the data stands: relative to the home where it is near, so that both can move together."""
    home = place.folder.resolve()
    return os.path.relpath(folder, home) if folder in (home.parent, home) else str(folder)


def _sample(explained: Explained) -> int:
    """A decision worth asking about: the first person who got an offer, else the first of all."""
    chosen = np.flatnonzero(explained.allocated.offer >= 0)
    return int(chosen[0]) if len(chosen) else 0
