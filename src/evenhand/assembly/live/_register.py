"""Campaigns of a service, as people and machines handle them: those from files, and those that came over the network.

What came over the network is kept with every version, and with who changed it, when and why; a pause stands in the
ledger, so it holds in every process of the home. A campaign is started only where its check finds no error; starting is
one whole recorded run, and from then on the service decides about whoever comes later by that run's prices.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from threading import Event, Lock
from typing import Any

from evenhand.adapters.campaigning import FindingsError, Simulated, block_of
from evenhand.adapters.declared.campaign_files import LoadedCampaign, pointers_in
from evenhand.adapters.declared.campaign_yaml import yaml_of
from evenhand.adapters.stores.campaign_tables import CampaignStep, ChangedMeanwhileError, StepKind
from evenhand.adapters.stores.home import Home
from evenhand.ledger import CampaignState, ReviewState
from evenhand.terms import DataError, EvenhandError, PolicyError, Severity, UsageError, in_one_line

from ..runs._check import check
from ..runs._planning import Planner
from ._campaign_acts import CampaignActs
from ._campaign_opened import CampaignOpener
from ._campaign_reports import CampaignReports, run_once
from ._campaign_shelf import CampaignShelf, latest, started, tag_of
from ._campaign_starts import CampaignStarts, refuse_unsigned
from ._campaign_told import (
    assessment_told,
    campaign_declared,
    campaign_unknown,
    changed_meanwhile,
    error_block,
    meanings_told,
    named_in,
    pause_told,
    reviews_in,
    transparency_told,
)
from ._live import LiveService
from ._live_figures import LiveFigures
from ._reviewing import refuse_not_approved, review_told
from ._sources import Sources
from ._watching import Watcher

__all__ = ["CampaignRegister"]

_WAIT = 10.0
"""Seconds to wait for a start before saying that it goes on."""


class CampaignRegister(CampaignActs):
    """The campaigns of one home, for a service. Implements `adapters.campaigning.Campaigns`. Close it.

    Args:
        place: the home.
        live: decides.
        opener: opens campaigns for it.
        sources: which files a campaign from the network may name.
    """

    def __init__(self, place: Home, live: LiveService, opener: CampaignOpener, sources: Sources) -> None:
        self._place, self._live, self._sources = place, live, sources
        self._declared = {name: one.loaded for name, one in live.campaigns.items()}
        self._starts = ThreadPoolExecutor(1, "evenhand-starts")
        self._under_way: dict[str, Future[None]] = {}
        self._alone, self._is_over = Lock(), Event()
        self._planner, self._reports, self._watcher = Planner(place), CampaignReports(place), Watcher(place)
        self._shelf = CampaignShelf(place)
        self._running = LiveFigures(place, live)
        self._served = CampaignStarts(self._shelf, live, opener, sources, self._declared)

    def close(self, told: Callable[[str], None] = lambda _: None) -> None:
        """Give up a start that is being prepared, and wait for one that is being recorded; `told` which."""
        self._is_over.set()
        for name in filter(self._is_starting, list(self._under_way)):
            told(f"giving up the start of {name}, or waiting for it where it is being recorded")
        self._starts.shutdown()
        self._served.close()

    def open_started(self) -> tuple[str, ...]:
        """Serve every campaign that was started over the network, also those that others of the home start from now on;
        what could not be opened, one sentence each."""
        told = self._served.open()
        self._running.begin()
        return told

    def page(self, after: str, count: int) -> list[dict[str, Any]]:
        """The next campaigns by id; see `Campaigns.page`."""
        names = [name for name in self._shelf.names(self._declared) if name > after][:count]
        states = self._shelf.states(names)
        steps = self._shelf.steps_of([name for name in names if name not in self._declared])
        loaded = {name: self._readable_now(name, steps.get(name, [])) for name in names}
        reviews = self._shelf.reviews({name: one.digest if one else "" for name, one in loaded.items()})
        return [self._told(name, steps.get(name, []), states[name], loaded[name], reviews[name]) for name in names]

    def read(self, name: str) -> dict[str, Any]:
        """How one campaign stands; see `Campaigns.read`."""
        steps = self._known(name)
        state = self._shelf.states([name])[name]
        happened = [
            {"at": one.at, "what": one.what, **named_in(one.told)} for one in state.history if one.what != "alarm"
        ]
        done: list[dict[str, Any]] = [
            {"at": one.at.isoformat(), "what": one.what.value, "version": one.version}
            | {"by": one.who, "reason": one.why, "role": ""}
            for one in steps
        ]
        loaded = self._readable_now(name, steps)
        review = self._review(name, loaded)
        told = self._told(name, steps, state, loaded, review)
        history = sorted([*done, *happened, *reviews_in(review)], key=lambda one: str(one["at"]))
        unreviewed = (told["review"] or {}).get("block")
        blocks = [*([unreviewed] if unreviewed else []), *self._blocks(name)]
        return {**told, "blocks": blocks, "history": history}

    def text(self, name: str) -> bytes:
        """Its campaign file; see `Campaigns.text`."""
        return self._text(name, self._known(name))

    def _text(self, name: str, steps: Sequence[CampaignStep]) -> bytes:
        if steps:
            return latest(steps).document or b""
        loaded = self._declared[name]
        if loaded.path is not None:
            with suppress(OSError):
                return loaded.path.read_bytes()
        return yaml_of(loaded.campaign.model_dump(mode="json", exclude_none=True)).encode()

    def upload(self, document: bytes, *, who: str, why: str, once: str = "") -> dict[str, Any]:
        """Keep a new campaign; see `Campaigns.upload`."""
        if once and (before := self._shelf.under(once)) is not None:
            if before.document == document:
                return self.read(before.campaign)
            raise UsageError(
                "idempotency-key-reused",
                "Another campaign file was sent under this Idempotency-Key before; nothing was kept.",
                rule="a key stands for one question, for ever",
                remedy="send a new key with a new file",
            )
        name = self._readable(document).campaign.campaign
        if name in self._shelf.names(self._declared):
            if name not in self._declared and latest(self._shelf.steps(name)).document == document:
                return self.read(name)  # whoever sends it again, since no answer came, is told the same
            raise UsageError(
                "campaign-taken",
                f"There is a campaign {name} already; nothing was kept.",
                rule="one campaign for each id",
                remedy="choose another id, or replace that one (PUT)",
            )
        return self._kept(name, 1, StepKind.UPLOADED, 1, document, who, why, once)

    def replace(self, name: str, document: bytes, *, seen: str, who: str, why: str) -> dict[str, Any]:
        """Keep another version; see `Campaigns.replace`."""
        steps = self._of_network(name)
        self._refuse_changed(name, steps, seen)
        if self._readable(document).campaign.campaign != name:
            raise UsageError(
                "campaign-other",
                "The file is of another campaign than the address names; nothing was kept.",
                rule="one campaign for each id",
                remedy="correct the id in the file, or upload it as a new campaign",
            )
        number, version = steps[-1].number + 1, latest(steps).version + 1
        return self._kept(name, number, StepKind.REPLACED, version, document, who, why)

    def check(self, name: str) -> list[dict[str, Any]]:
        """What a check finds; see `Campaigns.check`."""
        text = self.text(name)
        return [
            block_of(one, pointers_in(text))
            for one in check(self._loaded(name), home=self._place.folder, at=_now()).findings
        ]

    def plan(self, name: str, tried: Simulated) -> dict[str, Any]:
        """What would be decided; see `Campaigns.plan`."""
        loaded = self._loaded(name)
        try:
            return self._planner.figures(loaded, tried, at=_now())
        except DataError as error:
            raise FindingsError([error_block(error)]) from None

    def figures(self, name: str) -> dict[str, Any] | None:
        """What its last whole run came to, and what was decided since; see `Campaigns.figures`."""
        run = self._run_of(name, self._known(name))
        return {**self._reports.figures(run, delivered=True), "live": self._running.of(name)} if run else None

    def bases(self) -> list[str]:
        """Campaigns that a new one can be made after; see `Campaigns.bases`."""
        names, out = self._shelf.names(self._declared), []
        steps = self._shelf.steps_of([name for name in names if name not in self._declared])
        for name in names:
            with suppress(EvenhandError):
                self._sources.read(self._text(name, steps.get(name, [])), _now())
                out.append(name)
        return out

    def judge(self, document: bytes) -> list[dict[str, Any]]:
        """What a check of the file alone finds; see `Campaigns.judge`."""
        try:
            found = self._readable(document).findings
        except FindingsError as refused:
            return [dict(one) for one in refused.blocks]
        return [block_of(one, pointers_in(document)) for one in found]

    def watched(self, name: str) -> dict[str, Any] | None:
        """The last look of its monitors; see `Campaigns.watched`."""
        self._known(name)
        return self._watcher.last(name)

    def look(self, name: str) -> dict[str, Any]:
        """Have its monitors look now; see `Campaigns.look`."""
        return self._watcher.look(self._loaded(name), at=_now())

    def start(self, name: str, *, seen: str, who: str, why: str) -> dict[str, Any]:
        """Decide about everybody, and serve it; see `Campaigns.start`."""
        refuse_unsigned(name, who, why)
        with self._alone:
            steps = self._of_network(name)
            self._refuse_changed(name, steps, seen)
            if self._is_starting(name):
                raise UsageError(
                    "campaign-starting",
                    f"The campaign {name} is being started; nothing was changed.",
                    rule="a campaign is started once",
                    remedy="look at it again in a while",
                )
            start = started(steps)
            if start is not None and start.version == latest(steps).version and name in self._live.campaigns:
                return self.read(name)
            refuse_not_approved(self._place, self._loaded(name, steps))
            under_way = self._starts.submit(self._start, name, steps, who, why)
            self._under_way[name] = under_way
        with suppress(TimeoutError):
            under_way.result(timeout=_WAIT)
        return self.read(name)

    def _start(self, name: str, steps: Sequence[CampaignStep], who: str, why: str) -> None:
        """Check, run, note, and serve."""
        newest, at = latest(steps), _now()
        loaded = self._sources.read(newest.document or b"", at)
        found = check(loaded, home=self._place.folder, at=at).findings
        pointers = pointers_in(newest.document or b"")
        if any(one.severity is Severity.ERROR for one in found):
            raise FindingsError([block_of(one, pointers) for one in found])
        if not loaded.campaign.is_each_by_itself or loaded.campaign.aware_limits:
            raise UsageError(
                "campaign-not-live",
                f"The campaign {name} cannot decide about later people one by one, so it was not started.",
                rule="a service decides by public prices, one offer for each person",
                remedy="run it from a file: evenhand run CAMPAIGN",
            )
        run = run_once(self._place, loaded, newest.at, at, self._is_over)
        number = steps[-1].number + 1
        step = CampaignStep(name, number, _now(), StepKind.STARTED, who, in_one_line(why), newest.version, run)
        try:
            self._shelf.append(step)
        except ChangedMeanwhileError:  # by another service that started it too, with the same run
            other = started(self._shelf.steps(name))
            if other is None or other.run != run:
                raise
            step = other
        self._served.serve(name, step, loaded)

    def _told(
        self,
        name: str,
        steps: Sequence[CampaignStep],
        state: CampaignState,
        loaded: LoadedCampaign | None,
        review: ReviewState,
    ) -> dict[str, Any]:
        """A campaign in the list."""
        campaign, start = None if loaded is None else loaded.campaign, started(steps)
        run = self._run_of(name, steps)
        return {
            "campaign": name,
            "state": self._state(name, start, state),
            "origin": "network" if steps else "file",
            "purpose": None if campaign is None else campaign.purpose,
            "category": None if campaign is None else campaign.category.value,
            "channel": None if campaign is None else campaign.channel.value,
            "version": latest(steps).version if steps else None,
            "started_version": None if start is None else start.version,
            "run": run or None,
            "is_served": name in self._live.campaigns,
            "default": self._live.default or None,
            "is_spent": self._running.spent(name),
            "trouble": self._why_not(name),
            "funnel": self._reports.figures(run)["funnel"] if run else [],
            "fairness": self._reports.badge(run) if run else None,
            "watches": 0 if campaign is None else len(campaign.monitor),
            "pause": pause_told(state),
            "review": review_told(loaded, review),
            "meanings": {} if campaign is None else meanings_told(campaign),
            "transparency": None if campaign is None else transparency_told(campaign),
            "assessment": None if loaded is None else assessment_told(loaded, _now()),
            "etag": tag_of(steps, state, review),
        }

    def _run_of(self, name: str, steps: Sequence[CampaignStep]) -> str:
        """The run whose prices decide; "" where there is none."""
        live, start = self._live.campaigns.get(name), started(steps)
        return live.priced_by if live is not None else start.run if start is not None else ""

    def _state(self, name: str, start: CampaignStep | None, state: CampaignState) -> str:
        if self._is_starting(name):
            return "starting"
        if start is None and name not in self._declared:
            return "draft"
        if state.paused:
            return "paused" if state.fallback is None else "fell-back"
        return "active"

    def _why_not(self, name: str) -> str:
        """Why the last start did not come to anything, one stable word; "" where it did, or none was tried."""
        done = self._under_way.get(name)
        error = done.exception() if done is not None and done.done() else None
        if error is not None:
            return error.code if isinstance(error, EvenhandError) else "start-fault"
        return self._served.trouble.get(name, "")

    def _blocks(self, name: str) -> list[dict[str, Any]]:
        """What stands against a start: what the last one met, else what can be seen without looking at data."""
        done = self._under_way.get(name)
        error = done.exception() if done is not None and done.done() else None
        if isinstance(error, FindingsError):
            return [dict(one) for one in error.blocks]
        text = self.text(name)
        try:
            loaded = self._loaded(name)
        except FindingsError as refused:
            return [dict(one) for one in refused.blocks]
        blocks = [block_of(one, pointers_in(text)) for one in loaded.findings]
        if isinstance(error, EvenhandError):
            blocks.insert(0, error_block(error))
        return blocks

    def _is_starting(self, name: str) -> bool:
        return name in self._under_way and not self._under_way[name].done()

    def _readable_now(self, name: str, steps: Sequence[CampaignStep]) -> LoadedCampaign | None:
        """As it was declared last; None where its file cannot be read any more."""
        with suppress(EvenhandError):
            return self._loaded(name, steps)
        return None

    def _review(self, name: str, loaded: LoadedCampaign | None) -> ReviewState:
        return self._shelf.reviews({name: loaded.digest if loaded else ""})[name]

    def _loaded(self, name: str, known: Sequence[CampaignStep] | None = None) -> LoadedCampaign:
        """As it would be started next.

        Raises:
            FindingsError: it may not be any more: a file was taken away, or a date passed.
        """
        steps = self._known(name) if known is None else known
        return self._readable(latest(steps).document or b"") if steps else self._declared[name]

    def _readable(self, document: bytes) -> LoadedCampaign:
        try:
            return self._sources.read(document, _now())
        except PolicyError as error:
            raise FindingsError.of(error, pointers_in(document)) from None

    def _kept(
        self, name: str, number: int, what: StepKind, version: int, document: bytes, who: str, why: str, once: str = ""
    ) -> dict[str, Any]:
        self._under_way.pop(name, None)
        self._shelf.append(CampaignStep(name, number, _now(), what, who, in_one_line(why), version, once, document))
        return self.read(name)

    def _known(self, name: str) -> list[CampaignStep]:
        """The steps of a campaign; none of one that was declared in a file."""
        steps = [] if name in self._declared else self._shelf.steps(name)
        if not steps and name not in self._declared:
            raise campaign_unknown()
        return steps

    def _of_network(self, name: str) -> list[CampaignStep]:
        steps = self._known(name)
        if not steps:
            raise campaign_declared(name)
        return steps

    def _refuse_changed(self, name: str, steps: Sequence[CampaignStep], seen: str) -> None:
        review = self._review(name, self._readable_now(name, steps))
        if seen != "*" and tag_of(steps, self._shelf.states([name])[name], review) != seen:
            raise changed_meanwhile(name)


def _now() -> datetime:
    return datetime.now(UTC)
