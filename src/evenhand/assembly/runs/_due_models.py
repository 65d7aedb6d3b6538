"""Models that were fitted on people who were erased since: which, until when they may decide, and that they do not
after it (GDPR 17, RULES G-17)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.keys.taught_models import Owed
from evenhand.adapters.stores.home import Home, find_home_that_is
from evenhand.ledger import LedgerStore, open_run, runs
from evenhand.rights import after, clock_on
from evenhand.terms import PausedError, microseconds_of, moment_at

from ..records._ledger import has_ledger, keys_of

__all__ = ["DueModel", "due_models", "due_models_of", "refuse_overdue", "told_people"]

_ROUND = 10
"""Fewer people than this are told as that, and more are rounded down to it: the difference that one person made to a
model is a datum about this person."""


@dataclass(frozen=True, slots=True)
class DueModel:
    """A model that decides about later people and may have been fitted on somebody who was erased since.

    Attributes:
        campaign: its campaign.
        run: the run that it was fitted in.
        since: the first such erasure.
        until: until then it may decide; later nobody is decided about with it.
        people: of how many people erased since it may have been fitted on, rounded down to tens; None = fewer than 10.
        is_known: whether the home knows who taught the model; where it does not, everybody erased since counts.
    """

    campaign: str
    run: str
    since: datetime
    until: datetime
    people: int | None
    is_known: bool

    def is_overdue(self, at: datetime) -> bool:
        """Whether its time is up."""
        return at >= self.until

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "campaign": self.campaign,
            "run": self.run,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "people": self.people,
            "known": self.is_known,
        }


def due_models(*, home: str | Path | None = None) -> tuple[DueModel, ...]:
    """The models in force that are to be fitted again without somebody, of each campaign that of its last run with
    public prices for later people; the one that is due first at the top. Other models decide about nobody any more.

    Args:
        home: the home folder; see `find_home_that_is`.

    Raises:
        StoreError: the ledger or the keys cannot be read.
    """
    from ..records._records import open_ledger

    place = find_home_that_is(home)
    if not has_ledger(place):
        return ()
    with open_ledger(place) as store:
        return due_models_of(store, place)


def due_models_of(store: LedgerStore, place: Home) -> tuple[DueModel, ...]:
    """As `due_models`, of an open ledger."""
    in_force = {run.campaign: run.run_id for run in runs(store) if run.finished and run.policy}
    found = [_due(place, campaign, run_id) for campaign, run_id in in_force.items()]
    due = [one for one in found if one is not None and not open_run(store, one.run).campaign.aware_limits]
    return tuple(sorted(due, key=lambda one: one.until))


def refuse_overdue(place: Home, campaign: str, run_id: str, at: datetime) -> None:
    """Let nobody be decided about with a model whose time is up.

    Raises:
        PausedError: somebody whom it may have been fitted on was erased, and it was not fitted again in time.
    """
    due = _due(place, campaign, run_id)
    if due is not None and due.is_overdue(at):
        raise PausedError(
            "model-refit-overdue",
            f"The model of run {run_id} may have been fitted on somebody who was erased, and was to be fitted again "
            f"without them by {due.until.date().isoformat()}. Nothing was decided.",
            rule="G-17: an erasure reaches models too, within the time of an answer (GDPR 12(3))",
            remedy="fit it again: evenhand model refit; or run the campaign again: evenhand run CAMPAIGN",
        )


def _due(place: Home, campaign: str, run_id: str) -> DueModel | None:
    from ..records._records import acted_at

    made = acted_at(run_id)
    owed: Owed | None = keys_of(place).owed(run_id, microseconds_of(made))
    if owed is None:
        return None
    since = moment_at(owed.since)
    until = datetime.combine(after(since.date(), clock_on("gdpr.answer", since.date())), since.timetz())
    return DueModel(campaign, run_id, since, until, told_people(owed.people), owed.known)


def told_people(count: int) -> int | None:
    """A number of people as it may be told; None = fewer than 10."""
    return None if count < _ROUND else count // _ROUND * _ROUND
