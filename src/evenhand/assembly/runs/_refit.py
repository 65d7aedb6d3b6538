"""Fit a campaign's model again without the people who were erased since, and say what that changed.

Nobody is decided about: the refit is a run of its own with a model and with prices, found over everybody as of now, and
with no decision. From then on later people are decided about by it. Source: GDPR 17(1), 5(1)(a); RULES G-17.

What is told of the difference is coarse on purpose: two models that differ by one person are a datum about this person
(docs/decisions/0032). So no table is told entry by entry, and small numbers are not told at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from evenhand import __version__
from evenhand.adapters.declared.campaign_files import LoadedCampaign
from evenhand.adapters.stores.home import Home, find_home_that_is
from evenhand.allocation import PricePolicy, Room
from evenhand.features import class_list
from evenhand.journey import propose
from evenhand.ledger import RunRecord, begin, finish, new_run_id, open_run, record_prices
from evenhand.policy import Campaign
from evenhand.scoring import model_from_json, model_to_json
from evenhand.terms import Explained, Standing

from ..people._trail import again_if_said_meanwhile, nobody_says_meanwhile, refuse_said_since
from ..records._ledger import keys_of, leases_of, ledger_of, may_be_recorded, refuse_erased_since, run_keys_of
from ..records._records import data_folder, open_ledger, resolve_run
from ..records._vault_anchor import vault_noted
from ._due_models import DueModel, due_models, told_people
from ._frames import Frames
from ._law import as_recorded
from ._policy import policy_of_run, prices_for_later
from ._report import report_of, write_results
from ._run import Prepared, prepare, relative

__all__ = ["ModelChange", "Refitted", "refit_models"]

Step = Callable[[str], None]
_LADDER = (0.1, 1.0, 5.0, 10.0, 100.0)
"""Percentage points: of the largest change of a probability the next of these is told."""
_LENT = timedelta(minutes=10)


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class ModelChange:
    """What a refit changed, as far as it may be told.

    Attributes:
        left_out: people erased since whom the earlier model may have been fitted on, rounded down to tens; None =
            fewer than 10.
        compared: people with personal data, rounded down to tens; None = fewer than 10.
        decisions: of how many the decision would be another one, rounded down to tens; None = fewer than 10.
        points: the most that the probability of any of them changed by, for any offer, in percentage points: at most
            this one of 0.1, 1, 5, 10 and 100.
    """

    left_out: int | None
    compared: int | None
    decisions: int | None
    points: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Refitted:
    """A model that was fitted again.

    Attributes:
        campaign: its campaign.
        run_id: the run that records it.
        instead_of: the run whose model it takes the place of.
        change: what it changed.
        report: path of its report.
    """

    campaign: str
    run_id: str
    instead_of: str
    change: ModelChange
    report: Path

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "campaign": self.campaign,
            "run": self.run_id,
            "instead_of": self.instead_of,
            "change": self.change.to_dict(),
            "report": str(self.report),
        }


def refit_models(
    campaign: str | None = None,
    *,
    home: str | Path | None = None,
    at: datetime,
    frames: Frames | None = None,
    step: Step = _silent,
) -> tuple[Refitted, ...]:
    """Fit every model again that decides about later people and may have been fitted on somebody who was erased since.

    Campaign, rules and tables are those of the run whose model it takes the place of. Erased people are left out by
    their marks, also where the tables still name them. What later people may still use of the limits goes over from the
    earlier prices to the new ones. A service that runs takes the new model over by itself; what it has in hand of the
    limits stays unused.

    Args:
        campaign: id of the only campaign to look at; None = all of the home.
        home: the home folder; see `find_home_that_is`.
        at: now.
        frames: the data frames that the campaign was run with, if it was.
        step: told what is being done.

    Returns:
        one for each model that was fitted again; none where nothing was due.

    Raises:
        DataError: there is no such campaign, or a table is not there any more.
        PausedError: a campaign is paused.
        StoreError, LedgerError: as `run_campaign`.
    """
    place = find_home_that_is(home)
    due = [one for one in due_models(home=place.folder) if campaign in (None, one.campaign)]
    done = []
    for one in due:
        with open_ledger(place) as store:
            before = open_run(store, one.run)
        loaded, folder = as_recorded(before), data_folder(before, place)
        work = _Work(loaded, folder, place, at, frames or Frames(), step, before, one)
        done.append(again_if_said_meanwhile(partial(_refitted, work)))
    if campaign is not None and not due:
        with open_ledger(place) as store:
            resolve_run(store, "last", whole=True, campaign=campaign)
    return tuple(done)


@dataclass(frozen=True, slots=True)
class _Work:
    loaded: LoadedCampaign
    folder: Path
    place: Home
    at: datetime
    frames: Frames
    step: Step
    before: RunRecord
    due: DueModel


def _refitted(work: _Work) -> Refitted:
    """Prepare and record once."""
    loaded, place, step = work.loaded, work.place, work.step
    campaign, prepared = loaded.campaign, prepare(loaded, work.folder, place, work.at, work.frames, step)
    opened = prepared.opened
    step("comparing with the model before")
    explained = propose(opened.asked, campaign, prepared.model, opened.stores)
    earlier = propose(opened.asked, campaign, model_from_json(work.before.model_json), opened.stores)
    change = _change(earlier, explained, work.due)
    run_id = new_run_id(datetime.now(UTC), secrets.token_hex(3))
    report = report_of(opened, prepared.lesson, explained, prepared.audit, run_id=run_id, tells=False)
    report["refit"] = {"instead_of": work.before.summary.run_id, **change.to_dict()}
    prices = _recorded(work, prepared, explained, run_id, report)
    keys_of(place).only_class(run_id, campaign.campaign)
    path = write_results(place, run_id, report, prices) / "report.html"
    return Refitted(campaign.campaign, run_id, work.before.summary.run_id, change, path)


def _recorded(
    work: _Work, prepared: Prepared, explained: Explained, run_id: str, report: dict[str, Any]
) -> PricePolicy:
    """Record model and prices whole or not at all; the run's head goes into the report."""
    loaded, place, opened = work.loaded, work.place, prepared.opened
    taught = prepared.teachers
    who = class_list(taught)
    with ledger_of(place) as store:
        started = begin(
            store,
            run_id=run_id,
            at=work.at,
            campaign=loaded.campaign,
            campaign_file_digest=loaded.digest,
            model=prepared.model,
            model_json=model_to_json(prepared.model),
            data_digest=opened.digest,
            version=__version__,
            keys=run_keys_of(place),
            law=opened.stores.law,
        )
        undo: Callable[[], None] = _nothing
        try:
            with started:
                for people in (opened.asked.subjects, taught):
                    refuse_erased_since(place, people, opened.stores.consents)
                refuse_said_since(place, opened.asked.subjects, opened.told)
                work.step("recording the model and its prices")
                record_prices(explained, started)
                prices = prices_for_later(explained, loaded.campaign, started.ground.campaign_digest, run_id)
                assert prices is not None  # a campaign without has no run that is due
                kept = {key: value for key, value in report.items() if key != "stories"} | {"story_rows": []}
                kept |= {"data_folder": relative(work.folder, place), **opened.told.noted}
                kept |= vault_noted(place, loaded.campaign)
                keys_of(place).keep_class(run_id, loaded.campaign.campaign, who)
                undo = _carry_room(place, loaded.campaign, policy_of_run(work.before).digest, prices.digest)
                with nobody_says_meanwhile(place, opened.asked.subjects, opened.told):
                    report["run"]["head"] = finish(started, kept, policy=prices.digest)
        except BaseException:
            if not may_be_recorded(place, run_id):
                undo()
            raise
    return prices


def _change(earlier: Explained, now: Explained, due: DueModel) -> ModelChange:
    """What changed for the people as they are now; all that differs between the models goes into it, also what was
    added to the history since."""
    standing = now.allocated.scored.minimised.permitted.standing
    personal = np.flatnonzero(standing == Standing.PERSONALISED)
    others = int((earlier.allocated.offer != now.allocated.offer)[personal].sum())
    one, other = (side.allocated.scored.probability[:, personal].astype(np.int64) for side in (earlier, now))
    most = int(np.abs(one - other).max(initial=0)) / 10_000
    return ModelChange(
        due.people, told_people(len(personal)), told_people(others), next(step for step in _LADDER if most <= step)
    )


def _nothing() -> None:
    """Nothing was carried over yet."""


def _carry_room(place: Home, campaign: Campaign, earlier: str, prices: str) -> Callable[[], None]:
    """Let the new prices have what the earlier ones have left of each limit, and these nothing more; what undoes it.
    It is done before the run is durable: whoever is stopped in between leaves less to use, never more."""
    declared, now = Room.declared(campaign), datetime.now(UTC)
    with leases_of(place) as leases:
        leases.open_pool(earlier, declared)
        taken = leases.take(earlier, declared, holder="evenhand model refit", at=now, lasts=_LENT)
        leases.spend(taken, taken.granted, at=now)
        leases.open_pool(prices, declared)
        used = {name: amount - taken.granted[name] for name, amount in declared.items()}
        kept = leases.take(prices, used, holder="evenhand model refit", at=now, lasts=_LENT)
        leases.spend(kept, used, at=now)
        leases.give_back(kept, at=now)

    def undo() -> None:
        with leases_of(place) as leases:
            leases.undo(taken, taken.granted, at=datetime.now(UTC))
            leases.give_back(taken, at=datetime.now(UTC))

    return undo
