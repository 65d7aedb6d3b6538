"""What the ledger holds about one person, read for the pages that the person sees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal, TypeVar

from evenhand.adapters.stores.home import Home
from evenhand.allocation import PricePolicy
from evenhand.explanation import Explanation, Lang, Review, tell
from evenhand.ledger import (
    LedgerStore,
    RunRecord,
    decided_about,
    facts,
    last_run,
    latest_checkpoint,
    open_run,
    with_room,
)
from evenhand.policy import Campaign
from evenhand.portal import Decided, Fairness, Trace
from evenhand.scoring import model_from_json
from evenhand.terms import WITHHELD, DataError, DecisionFacts, LedgerError, Model, Standing

from ..live._live_campaign import reads_directly
from ..records._ledger import has_ledger, run_keys_of
from ..records._records import open_ledger
from ..records._why import reviews_about
from ..runs._policy import policy_of_run, run_that_priced
from ._reached import fairness_of
from ._trail import corrections_of

__all__ = ["OpenRun", "PersonRecord", "RunShelf", "kind_of", "newest_campaign"]

_KEPT = 64
_T = TypeVar("_T")


@dataclass(frozen=True)
class OpenRun:
    """A recorded run, with what a decision of it is told by.

    Attributes:
        record: the run.
        priced: the run that found the prices: itself, unless it decided about later people.
        model: the glass box.
    """

    record: RunRecord
    priced: RunRecord
    model: Model

    @property
    def campaign(self) -> Campaign:
        """As it was."""
        return self.record.campaign

    @cached_property
    def policy(self) -> PricePolicy | None:
        """The prices for later people; None where the run has none."""
        try:
            return policy_of_run(self.priced)
        except DataError:
            return None

    @property
    def prices(self) -> dict[str, object] | None:
        """The whole price table, as `explanation.tell` takes it."""
        if self.priced is not self.record and self.policy is not None:
            return self.policy.plain_prices()
        return self.record.batches[0]["prices"] if len(self.record.batches) == 1 else None

    def told(self, found: DecisionFacts, lang: Lang) -> Explanation:
        """A decision of this run, explained."""
        return tell(found, self.campaign, self.model, lang, prices=self.prices)

    def fairness(self, lang: Lang) -> list[Fairness]:
        """How evenly the run that found the prices reached the groups of each limit on who gets an offer."""
        day, found = self.priced.summary.at.date(), self.priced.report.get("groups", ())
        told = [fairness_of(limit, day, lambda name: self._meaning(name, lang)) for limit in found]
        return [one for one in told if one is not None]

    def _meaning(self, name: str, lang: Lang) -> str:
        column = self.campaign.columns.get(name)
        if column is None or column.meaning is None:
            return name.replace("_", " ")
        return column.meaning.nl if lang == "nl" else column.meaning.en


@dataclass(slots=True)
class RunShelf:
    """Runs that were opened, so that the next page need not read them again; what is recorded never changes."""

    _runs: dict[str, OpenRun] = field(default_factory=dict)
    _priced: dict[str, RunRecord] = field(default_factory=dict)
    _models: dict[str, Model] = field(default_factory=dict)

    def run(self, store: LedgerStore, run_id: str) -> OpenRun:
        """The run with this id."""
        found = self._runs.get(run_id)
        if found is None:
            record = open_run(store, run_id)
            found = OpenRun(record, self._priced_by(store, record), self._model(record))
            _keep(self._runs, run_id, found)
        return found

    def _priced_by(self, store: LedgerStore, record: RunRecord) -> RunRecord:
        digest = record.summary.priced_by
        if not digest:
            return record
        found = self._priced.get(digest)
        return _keep(self._priced, digest, run_that_priced(store, digest)) if found is None else found

    def _model(self, record: RunRecord) -> Model:
        digest = str(record.model_json["digest"])
        found = self._models.get(digest)
        return _keep(self._models, digest, model_from_json(record.model_json)) if found is None else found


def _keep(shelf: dict[str, _T], key: str, one: _T) -> _T:
    """Put something on a shelf, in place of the oldest where it is full."""
    if len(shelf) >= _KEPT:
        shelf.pop(next(iter(shelf)), None)
    shelf[key] = one
    return one


class PersonRecord:
    """Everything that is recorded about one person.

    Args:
        place: the home.
        subject: pseudonym, 32 hex digits.
        shelf: keeps runs.
    """

    def __init__(self, place: Home, subject: str, shelf: RunShelf) -> None:
        self._place, self._subject, self._shelf = place, subject, shelf
        self._keys = run_keys_of(place)

    @contextmanager
    def _open(self) -> Iterator[LedgerStore]:
        with open_ledger(self._place) as store:
            yield store

    @cached_property
    def decisions(self) -> tuple[tuple[DecisionFacts, OpenRun], ...]:
        """Every decision about the person that can be read, with its run, oldest first: none where they were erased or
        the time of decisions is over."""
        out = []
        if not has_ledger(self._place):
            return ()
        with self._open() as store:
            for one in decided_about(store, self._subject):
                try:
                    found = facts(store, one, self._keys)
                except DataError as error:
                    if error.code != "ledger-closed":
                        raise
                    continue
                run = self._shelf.run(store, found.run_id)
                out.append((with_room(found, run.record), run))
        return tuple(out)

    def decision(self, decision: str) -> tuple[DecisionFacts, OpenRun] | None:
        """The decision with this id, if it is about this person and can be read; None otherwise, whosever it is.

        It reads this one alone: a person whom a shop decides about all day has thousands.
        """
        if not has_ledger(self._place):
            return None
        with self._open() as store:
            try:
                found = facts(store, decision, self._keys)
            except DataError as error:
                if error.code not in ("ledger-closed", "ledger-unknown"):
                    raise
                return None
            if found.subject != self._subject or found.decision_id != decision:
                return None
            run = self._shelf.run(store, found.run_id)
            return with_room(found, run.record), run

    def is_closed(self, decision: str) -> bool:
        """Whether a decision is recorded, and nobody can read it any more."""
        if not has_ledger(self._place):
            return False
        with self._open() as store:
            try:
                facts(store, decision, self._keys)
            except DataError as error:
                return error.code == "ledger-closed"
        return False

    @property
    def can_verify(self) -> bool:
        """Whether a signed checkpoint is there, under which a receipt can be given."""
        with self._open() as store:
            try:
                latest_checkpoint(store)
            except LedgerError:
                return False
            return True

    @property
    def last(self) -> tuple[DecisionFacts, OpenRun] | None:
        """The decision recorded last."""
        return self.decisions[-1] if self.decisions else None

    @cached_property
    def reviews(self) -> Mapping[str, tuple[Review, ...]]:
        """What people decided who looked at a decision again, by its id."""
        return reviews_about(self._place, self._subject)

    @cached_property
    def corrections(self) -> Mapping[str, Sequence[datetime]]:
        """When the person had each column corrected."""
        return corrections_of(self._place, self._subject)

    @cached_property
    def traces(self) -> list[Trace]:
        """What each decision used."""
        return [_trace(found, run) for found, run in self.decisions]

    def lines(self, lang: Lang, most: int, skipped: int = 0) -> list[Decided]:
        """The last decisions, newest first, without so many of the newest."""
        out, end = [], max(0, len(self.decisions) - skipped)
        begin = max(0, end - most)
        for number, (found, run) in reversed(list(enumerate(self.decisions[begin:end], begin + 1))):
            texts = [offer.text.nl if lang == "nl" else offer.text.en for offer in run.campaign.offers]
            out.append(
                Decided(
                    decision=found.decision_id,
                    at=found.at,
                    sender=run.campaign.controller.name,
                    offer=texts[found.offer] if found.offer >= 0 else "",
                    kind=kind_of(found, run),
                    review=_review(self.reviews.get(found.decision_id, ())),
                    number=number,
                )
            )
        return out

    def features(self) -> dict[str, Campaign]:
        """Columns that campaigns which decided about the person may count, with the newest such campaign."""
        newest: dict[str, Campaign] = {}
        for _, run in self.decisions:
            for binning in run.model.view.binnings:
                newest[binning.name] = run.campaign
        return newest

    def deciding(self) -> dict[str, Campaign]:
        """The campaigns that decided about the person, by id, as they were last."""
        return {run.campaign.campaign: run.campaign for _, run in self.decisions}

    def campaigns(self) -> dict[str, tuple[Campaign, DecisionFacts]]:
        """By purpose, the newest campaign that decided about the person, and its last decision."""
        return {run.campaign.purpose: (run.campaign, found) for found, run in self.decisions}


def newest_campaign(place: Home, shelf: RunShelf) -> Campaign | None:
    """The campaign of the run recorded last; None where there is none."""
    if not has_ledger(place):
        return None
    with open_ledger(place) as store:
        last = last_run(store)
        return shelf.run(store, last).campaign if last else None


def _review(found: Sequence[Review]) -> Literal["", "kept", "changed"]:
    if not found:
        return ""
    return "changed" if found[-1].changed else "kept"


def kind_of(found: DecisionFacts, run: OpenRun) -> str:
    """What counted: ``refused``, ``chance``, ``contextual``, ``without`` (nothing was left on) or ``personal``."""
    if found.standing is Standing.REFUSED:
        return "refused"
    if found.outcome.is_by_lot:
        return "chance"
    if found.standing is Standing.CONTEXTUAL:
        return "contextual"
    return "personal" if reads_directly(run.campaign) or _trace(found, run).used else "without"


def _trace(found: DecisionFacts, run: OpenRun) -> Trace:
    names = [binning.name for binning in run.model.view.binnings]
    used = {name for name, code in zip(names, found.codes, strict=True) if (code != WITHHELD).any()}
    return Trace(
        at=found.at,
        used=frozenset(used),
        is_personal=found.standing is Standing.PERSONALISED,
        reached_directly=found.offer >= 0 and run.campaign.channel.is_direct,
        purpose=run.campaign.purpose,
        campaign=run.campaign.campaign,
    )
