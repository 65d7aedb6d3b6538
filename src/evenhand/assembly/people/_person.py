"""The desk of one person: facts for the pages out of the ledger, and what the person says into the home's records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from evenhand.adapters.stores.home import Home, find_home
from evenhand.explanation import Lang, catalogue, corrected, purpose_words, reviewed, text
from evenhand.features import pseudonymise
from evenhand.policy import Campaign
from evenhand.portal import (
    MOST_ROWS,
    Ask,
    Asked,
    Effect,
    Intent,
    Me,
    Otherwise,
    Purpose,
    Switch,
    Why,
    Word,
    choices_of,
    effect_of,
    features_of,
    named_features,
    otherwise,
    said_once,
    since,
    standing,
    words_of,
)
from evenhand.terms import DataError, DecisionFacts, LedgerError, LegalBasis, Standing

from ..records._receipts import closed_receipt, receipt_values
from ._person_record import OpenRun, PersonRecord, RunShelf, newest_campaign
from ._person_signals import first_gpc, heard_since, said_by_tcf, signals_of
from ._signal_means import GPC, GPC_ON
from ._table_words import TableWords, without_void

__all__ = ["PeopleHouse", "Sayings"]

_YES = ("ConsentGiven", "RenewedConsentGiven")
_NO = {"ConsentWithdrawn": "withdrawn", "ConsentRefused": "refused"}
_FRESH = timedelta(minutes=1)
"""For so long it is not looked up again who the organisation is."""


class Sayings(Protocol):
    """Where what people say is kept; whatever decides reads it from there before its next decision."""

    def history(self, who: str) -> Sequence[Word]:
        """Everything that a person (an id of the organisation's own) said here."""
        ...

    def say(self, who: str, words: Sequence[Word], lang: Lang, notice: str) -> None:
        """Keep what a person said, with the text that they read; it is durable when this returns."""
        ...

    def requests(self, who: str) -> Sequence[Asked]:
        """What a person asked, newest first."""
        ...

    def ask(self, who: str, ask: Ask, lang: Lang, at: datetime) -> None:
        """Keep a request, with its deadline."""
        ...


class PeopleHouse:
    """The organisation of a home, for the pages of its people. Implements `adapters.web.House`.

    Args:
        place: the home.
        sayings: where what people say is kept.
        tables: what stands in the organisation's own tables of consents; None = it is not shown.
        clock: now.
    """

    def __init__(
        self,
        place: Home,
        sayings: Sayings,
        *,
        tables: TableWords | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._place, self._sayings, self._tables, self._clock = place, sayings, tables, clock
        self._shelf = RunShelf()
        self._sender: tuple[datetime, tuple[str, str]] | None = None

    @classmethod
    def of(cls, home: str | Path | None, sayings: Sayings) -> PeopleHouse:
        """Of the home that is named, or found; see `find_home`."""
        return cls(find_home(home), sayings)

    def sender(self) -> tuple[str, str]:
        """Name, and where a human answers: of the campaign that ran last."""
        now = self._clock()
        if self._sender is None or now - self._sender[0] > _FRESH:
            campaign = newest_campaign(self._place, self._shelf)
            named = ("", "") if campaign is None else (campaign.controller.name, campaign.controller.contact)
            self._sender = (now, named)
        return self._sender[1]

    def desk(self, who: str) -> PersonDesk:
        """The desk of the person with an id of the organisation's own."""
        return PersonDesk(self._place, who, self._sayings, self._tables, self._shelf, self._clock(), self.sender)


class PersonDesk:
    """One person's desk, as of one moment. Implements `adapters.web.Desk`.

    Attributes:
        record: what the ledger holds about the person.
    """

    def __init__(
        self,
        place: Home,
        who: str,
        sayings: Sayings,
        tables: TableWords | None,
        shelf: RunShelf,
        at: datetime,
        sender: Callable[[], tuple[str, str]],
    ) -> None:
        self._place, self._who, self._sayings, self._at, self._sender = place, who, sayings, at, sender
        self._tables = tables
        self._said: Sequence[Word] | None = None
        self._subject = pseudonymise([who], place.key(make=False))[0].decode()
        self.record = PersonRecord(place, self._subject, shelf)

    def why(self, decision: str, lang: Lang) -> Why | None:
        """One decision about this person; None where there is none with this id about them."""
        pair = self.record.decision(decision)
        if pair is None:
            return None
        found, run = pair
        told = corrected(run.told(found, lang), self.record.corrections, run.model)
        told = reviewed(told, self.record.reviews.get(decision, ()), run.campaign)
        switches = self._switches(dict.fromkeys([one.name for one in run.model.view.binnings], run.campaign), lang)
        bare = Why(
            told=told,
            campaign=run.campaign,
            model=run.model,
            switches=switches,
            without={},
            without_named=None,
            personalisation=self._personalisation(),
            objection=self._effect("objection"),
            fairness=run.fairness(lang),
            learned_from=int(run.priced.report.get("run", {}).get("trained", 0)),
            can_verify=self.record.can_verify,
            gpc_means=self._gpc_means(),
        )
        without: dict[str, Otherwise] = {}
        for factor in told.factors:
            one = self._without(found, run, features_of(run.model, factor.name))
            if one is not None:
                without[factor.name] = one
        named = [name for name in named_features(bare) if switches[name].off is None]
        return Why(
            **{name: getattr(bare, name) for name in Why.__slots__ if name not in ("without", "without_named")},
            without=without,
            without_named=self._without(found, run, named) if named else None,
        )

    def me(self, lang: Lang, *, browser_says_no: bool, skipped: int = 0) -> Me:
        """The person's own page, without so many of the newest decisions."""
        last, skipped = self.record.last, min(skipped, max(0, len(self.record.decisions) - 1))
        sender, contact = self._sender()
        if last:
            sender, contact = last[1].campaign.controller.name, last[1].campaign.controller.contact
        history = self._history()
        features = self.record.features()
        return Me(
            sender=sender,
            contact=contact,
            decided=self.record.lines(lang, MOST_ROWS, skipped),
            count=len(self.record.decisions),
            personalisation=self._personalisation(),
            objection=self._effect("objection"),
            factors=[
                one
                for name, one in self._switches(features, lang).items()
                if one.off is not None or features[name].columns[name].about == "person"
            ],
            purposes=self._purposes(lang),
            signals=signals_of(
                self._standing(),
                history,
                self._deciding(),
                self.record.traces,
                browser_says_no=browser_says_no,
            ),
            choices=choices_of(
                history,
                lambda name: _meaning(features.get(name), name, lang),
                lambda term: purpose_words(term, lang),
                lambda name: text(f"portal.signal.{name}", lang),
                lambda status: catalogue(lang).get(f"rights.said.{status}", status),
            ),
            requests=self._sayings.requests(self._who),
            browser_says_no=browser_says_no,
            skipped=skipped,
        )

    def factors(self) -> frozenset[str]:
        """Columns that this person can switch off."""
        return frozenset(self.record.features())

    def purposes(self) -> frozenset[str]:
        """DPV terms for which decisions on consent were made about this person."""
        asks = self.record.campaigns().items()
        return frozenset(term for term, (one, _) in asks if one.legal_basis is LegalBasis.CONSENT)

    def do(self, intent: Intent, lang: Lang) -> bool:
        """Keep what the person said, which counts from the next decision; False of somebody else's decision."""
        if isinstance(intent, Ask):
            is_own = not intent.about or self.record.decision(intent.about) is not None
            if is_own:
                self._sayings.ask(self._who, intent, lang, self._at)
            return is_own
        words = words_of(intent, self._history(), self._at)
        if words:
            self._say(words, lang, self._notice(words, lang))
        return True

    def hear_browser(self) -> None:
        """The browser sends Global Privacy Control: kept as an opt-out, unless the person said otherwise here."""
        if first_gpc(self._history()) is None:
            self._say([Word("signal", GPC, "SignalledNo", self._at, "browser", GPC_ON)], "en", "Sec-GPC: 1")

    def receipt(self, decision: str) -> Mapping[str, object] | None:
        """The receipt of a decision about this person; None where there is none."""
        if self.record.decision(decision) is None:
            return None
        try:
            return receipt_values(self._place, decision)
        except LedgerError:
            return None

    def proof(self, decision: str, *, by_link: bool) -> Mapping[str, object] | None:
        """A receipt that holds nothing of the person. Of a decision that nobody can read any more only a link can tell
        that it was theirs: it was made when that was known. None where there is none."""
        is_theirs = self.record.decision(decision) is not None
        if not is_theirs and not (by_link and self.record.is_closed(decision)):
            return None
        try:
            return closed_receipt(self._place, decision)
        except (LedgerError, DataError):
            return None

    def _personalisation(self) -> Switch:
        """Off by the person's own word, or by a signal that stands; since the first of these."""
        now = self._standing()
        found = [one for one in (since(now, "opt_out"), heard_since(now, self._deciding())) if one is not None]
        return Switch("", "", effect_of("opt_out", "", min(found), self.record.traces) if found else None)

    def _gpc_means(self) -> str:
        """What the browser's signal comes to here, where it was heard."""
        signals = signals_of(self._standing(), self._history(), self._deciding(), (), browser_says_no=False)
        return next((one.means for one in signals if one.name == GPC), "")

    def _deciding(self) -> list[Campaign]:
        return list(self.record.deciding().values())

    def _effect(self, kind: str, about: str | None = None) -> Effect | None:
        began = since(self._standing(), kind, about)
        return None if began is None else effect_of(kind, about or "", began, self.record.traces)

    def _standing(self) -> dict[tuple[str, str], Word]:
        return standing(self._history(), self._at)

    def _history(self) -> Sequence[Word]:
        if self._said is None:
            stands = self._tables.of(self._who) if self._tables is not None else ()
            own = [*self._sayings.history(self._who), *without_void(self._place, self._subject, stands)]
            self._said = said_once(own)
        return self._said

    def _say(self, words: Sequence[Word], lang: Lang, notice: str) -> None:
        self._sayings.say(self._who, words, lang, notice)
        self._said = None

    def _switches(self, features: Mapping[str, Campaign], lang: Lang) -> dict[str, Switch]:
        return {
            name: Switch(name, _meaning(campaign, name, lang), self._effect("factor", name))
            for name, campaign in features.items()
        }

    def _without(self, found: DecisionFacts, run: OpenRun, names: Collection[str]) -> Otherwise | None:
        return otherwise(found, run.campaign, run.model, run.policy, names)

    def _purposes(self, lang: Lang) -> list[Purpose]:
        now, out = self._standing(), []
        for term, (campaign, found) in self.record.campaigns().items():
            asks = campaign.legal_basis is LegalBasis.CONSENT
            said, at, by = _said_of(now, term, campaign) if asks else ("", None, "person")
            no = at if said in _NO.values() else None
            out.append(
                Purpose(
                    term=term,
                    words=purpose_words(term, lang),
                    basis=text(f"basis.{campaign.legal_basis.value}", lang),
                    asks=asks,
                    said=said,
                    since=at,
                    last=text(f"reason.{found.permission.key}", lang),
                    by=by,
                    off=effect_of("consent", term, no, self.record.traces) if no else None,
                    counts=not _is_stopped(now, term) and (not asks or _permits(said, at, found)),
                )
            )
        return out

    def _notice(self, words: Sequence[Word], lang: Lang) -> str:
        """The text that stood at the button, to be kept with what was said."""
        keys = {
            "SwitchedOff": "portal.factor-off",
            "SwitchedOn": "portal.factor-on",
            "OptedOut": "portal.personal-off.what",
            "OptOutWithdrawn": "portal.personal-on",
            "Objected": "portal.me.objection.what",
            "ObjectionWithdrawn": "portal.object-back",
            "ConsentGiven": "portal.give",
            "ConsentWithdrawn": "portal.withdraw",
        }
        features = self.record.features()
        lines = []
        for one in words:
            about = _meaning(features.get(one.about), one.about, lang) if one.kind == "factor" else one.about
            lines.append(f"{text(keys[one.status], lang)}: {about}" if about else text(keys[one.status], lang))
        return "\n".join(lines)


def _said_of(now: Mapping[tuple[str, str], Word], term: str, campaign: Campaign) -> tuple[str, datetime | None, str]:
    """What stands of a consent, since when, and by whom: the person's own word or a TC string, whichever is later."""
    word, signal = now.get(("consent", term)), said_by_tcf(now, campaign)
    if signal is not None and (word is None or signal[1] > word.at):
        return (*signal, "browser")
    if word is None:
        return "unknown", None, "person"
    return ("given" if word.status in _YES else _NO.get(word.status, "unknown")), word.at, word.by


def _is_stopped(now: Mapping[tuple[str, str], Word], term: str) -> bool:
    """Whether an objection or a restriction stands, for all advertising or for this purpose."""
    return any(
        about in ("", term) and (kind, one.status) in (("objection", "Objected"), ("restriction", "Restricted"))
        for (kind, about), one in now.items()
    )


def _permits(said: str, at: datetime | None, last: DecisionFacts) -> bool:
    """Whether consent stands; where no word of it is known here, whether it did at the last decision."""
    return said == "given" or (at is None and last.standing is Standing.PERSONALISED)


def _meaning(campaign: Campaign | None, name: str, lang: Lang) -> str:
    column = campaign.columns.get(name) if campaign else None
    if column is None or column.meaning is None:
        return name.replace("_", " ")
    return column.meaning.nl if lang == "nl" else column.meaning.en
