"""Gate 1: from what people said to facts, and from facts to the rule that decides about each person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, ancestors, is_direct_marketing_kind, is_known
from evenhand.rules import FACTS, Effect, Fact, Law
from evenhand.terms import Asked, Permitted, Standing, UsageError, microseconds_of

from ._book import FACTOR, ConsentBook
from ._evidence import BY_PARENT, EXPLICIT
from ._hear import SAID_ONCE
from ._weights import AgeWeight, ConsentWeight, Kind, OptOutWeight, SignalWeight

__all__ = ["Recalled", "permit", "recall"]

_OLDEST = -(2**56)
_MARKS = 4
_WEIGHTS = 16 * _MARKS
_NEVER = -1

_ALL = tuple(ConsentWeight)
_OWN_NO = np.array([weight.is_own_no for weight in _ALL])
_ENDED = _OWN_NO | np.array([weight is ConsentWeight.REVOKED for weight in _ALL])
_GIVEN = np.array([weight.permits for weight in _ALL])
_MAY_END = np.array([weight in (ConsentWeight.GIVEN, ConsentWeight.RENEWED) for weight in _ALL])


def _code(fact: Fact, value: str) -> int:
    return FACTS[fact].values.index(value)


def _codes(fact: Fact, values: Sequence[str]) -> NDArray[np.uint8]:
    """Code of each of these values; the last of them stands for -1 too."""
    return np.array([_code(fact, value) for value in values], dtype=np.uint8)


_CONSENT = _codes(Fact.CONSENT, [*(weight.name.lower() for weight in _ALL), "never_asked"])
_LAST_WORD = _codes(
    Fact.LAST_WORD,
    [*(weight.name.lower() if weight.is_own_no else "given" if weight.permits else "none" for weight in _ALL), "none"],
)
_AGE = _codes(Fact.AGE, ["adult", "16-17", "minor", "15", "14", "13", "under_13", "unknown", "unknown"])
_OPT_IN = _codes(Fact.SALE_OPT_IN, ["parent", "own", "no", "no"])


def recall(asked: Asked, consents: ConsentBook) -> Recalled:
    """What these people said up to that moment, looked up once, for asking about several purposes.

    Example:
        >>> from datetime import datetime, timezone
        >>> asked = Asked(np.array([b"0" * 32], dtype="S32"), datetime(2026, 1, 1, tzinfo=timezone.utc))
        >>> recall(asked, ConsentBook.empty()).asked is asked
        True
    """
    return Recalled(asked, consents)


def permit(
    asked: Asked,
    campaign: Campaign,
    consents: ConsentBook,
    law: Law | None = None,
    recalled: Recalled | None = None,
) -> Permitted:
    """Say for each person whether the campaign may address them, and whether with personal data.

    What people said, and what is known of them, become facts; the rules that are in force decide by these
    (`evenhand.rules`). Of all rules that apply to a person the strictest counts. Whoever is refused is refused on a
    direct channel and contextual on a surface; whoever merely opted out is contextual on both. Records later than
    ``asked.at`` do not exist yet. Withdrawing, refusing or revoking consent for a broader purpose ends the narrower one
    too. An opt-out signal holds, on every device, until the same signal leaves it open or the person takes an opt-out
    back (kind opt_out, OptOutWithdrawn) later. Global Privacy Control counts since it was heard first: what a browser
    goes on sending is no new word, so it does not end what the person chose since.

    A factor that somebody switched off changes no standing: it is named beside it, and gate 2 withholds it.

    Args:
        asked: n people and the moment.
        campaign: gives purpose, channel, legal basis, and which law holds.
        consents: what people said.
        law: the rules, and where each of these people is; None = as the campaign declares it for everybody.
        recalled: what `recall` gave for the same people and consents; None = it is looked up.

    Returns:
        Standing, reason and rule of each, in the order asked.

    Raises:
        UsageError: ``asked.at`` has no time zone; or `law` is missing, and the campaign has columns about it.

    Example:
        >>> from datetime import datetime, timezone
        >>> from types import SimpleNamespace
        >>> from evenhand.policy import Controller
        >>> from evenhand.terms import Category, Channel, LegalBasis, Reason, Surface
        >>> campaign = SimpleNamespace(purpose="DirectMarketing", channel=Channel.EMAIL, surface=Surface.OWN,
        ...     legal_basis=LegalBasis.CONSENT, category=Category.ORDINARY, balancing=None, consents=None, law=None,
        ...     controller=Controller(name="Shop", contact="a@b"), columns={}, names=lambda role: (),
        ...     listed_recipients={})
        >>> asked = Asked(np.array([b"0" * 32], dtype="S32"), datetime(2026, 1, 1, tzinfo=timezone.utc))
        >>> permitted = permit(asked, campaign, ConsentBook.empty())
        >>> Standing(permitted.standing[0]).name, Reason(permitted.reason[0]).name
        ('REFUSED', 'CONSENT_NEVER_ASKED')
    """
    people = len(asked)
    law = Law.declared(campaign) if law is None else law
    history = recall(asked, consents) if recalled is None or recalled.asked is not asked else recalled
    facts = {**_facts(history, campaign, consents, people), **law.known}
    compiled = law.compile(campaign, asked.at)
    rule = compiled.decide(facts, law.where, people)

    refused = Standing.REFUSED if campaign.channel.is_direct else Standing.CONTEXTUAL
    standing_of = {Effect.REFUSE: refused, Effect.CONTEXTUAL: Standing.CONTEXTUAL, Effect.ALLOW: Standing.PERSONALISED}
    standing = np.array([standing_of[effect] for effect in Effect], dtype=np.uint8)
    return Permitted(
        asked=asked,
        standing=standing[compiled.effect[rule]],
        reason=compiled.reason[rule],
        rule=None if campaign.law is None else rule,
        switched_off=history.switched_off(consents.purpose_terms, people),
    )


def _facts(history: Recalled, campaign: Campaign, consents: ConsentBook, people: int) -> dict[Fact, NDArray[np.uint8]]:
    """What people said, as codes of the facts that rules ask about."""
    purpose, above = campaign.purpose, {campaign.purpose, *ancestors(campaign.purpose)}
    objectionable = _covering(above, campaign, consents.purpose_terms)
    personal = objectionable | _named({"Personalisation"}, consents)
    everything = np.ones(len(consents.purpose_terms), dtype=np.bool_)
    opted_out, unclear = history.signalled(personal, _named({SAID_ONCE}, consents), people)
    signal = np.zeros(people, dtype=np.uint8)
    signal[unclear] = _code(Fact.SIGNAL, "unclear")
    signal[opted_out] = _code(Fact.SIGNAL, "opted_out")
    spoken = history.consent_weights(_named({purpose}, consents), _named(above, consents), people)
    yes = (spoken.latest >= 0) & _GIVEN[spoken.latest]
    return {
        Fact.OBJECTION: history.active(Kind.OBJECTION, objectionable, people).view(np.uint8),
        Fact.ERASED: history.erased(_named({purpose}, consents), people).view(np.uint8),
        Fact.RESTRICTION: history.active(Kind.RESTRICTION, objectionable, people).view(np.uint8),
        Fact.AGE: _AGE[history.ages(people)],
        Fact.CONSENT: _CONSENT[spoken.latest],
        Fact.LAST_WORD: _LAST_WORD[spoken.decisive],
        Fact.EXPLICIT: (yes & (spoken.marks & EXPLICIT > 0)).view(np.uint8),
        Fact.BY_PARENT: (yes & (spoken.marks & BY_PARENT > 0)).view(np.uint8),
        Fact.OPT_OUT: history.active(Kind.OPT_OUT, personal, people).view(np.uint8),
        Fact.SIGNAL: signal,
        Fact.SALE_OPT_OUT: history.active(Kind.SALE, everything, people).view(np.uint8),
        Fact.LIMIT: history.active(Kind.LIMIT, everything, people).view(np.uint8),
        Fact.SALE_OPT_IN: _OPT_IN[history.latest(Kind.OPT_IN, people)],
    }


def _named(terms: set[str], consents: ConsentBook) -> NDArray[np.bool_]:
    """Which of the book's purposes are among `terms`."""
    return np.array([term in terms for term in consents.purpose_terms], dtype=np.bool_)


def _covering(above: set[str], campaign: Campaign, named: tuple[str, ...]) -> NDArray[np.bool_]:
    """Objections and restrictions of which of the book's purposes reach this campaign: the purpose, all above it,
    direct marketing if that is what it is, and whatever we cannot place (closed when in doubt).
    """
    reach = set(above)
    if campaign.channel.is_direct or is_direct_marketing_kind(campaign.purpose):
        reach |= {"DirectMarketing", *ancestors("DirectMarketing")}
    return np.array([term in reach or not is_known(term) for term in named], dtype=np.bool_)


class _Spoken:
    """The latest consent of each person, as weights (-1 = none): of all records, and of yes or own no alone; and how
    the former was given."""

    __slots__ = ("decisive", "latest", "marks")

    def __init__(self, latest: NDArray[np.int64], decisive: NDArray[np.int64], marks: NDArray[np.int64]) -> None:
        self.latest = latest
        self.decisive = decisive
        self.marks = marks


class Recalled:
    """The records of the people asked about, up to the moment of the decision. Made by `recall`.

    Attributes:
        asked: the people and the moment.
    """

    __slots__ = ("_kinds", "_order", "_present", "_purposes", "_weights", "_who", "asked")

    def __init__(self, asked: Asked, book: ConsentBook) -> None:
        self.asked = asked
        who, which = book.records_of(asked.subjects)
        at = book.at[which]
        now = _microseconds(asked.at)
        kept = np.flatnonzero(at <= now)
        which = which[kept]
        self._who = who[kept]
        self._kinds = book.kinds[which]
        self._present = frozenset(np.flatnonzero(np.bincount(self._kinds)).tolist())
        self._purposes = book.purposes[which]
        self._weights = book.weights[which].astype(np.int64)
        past = np.flatnonzero(book.until[which] < now)
        by_notice = _MAY_END[self._weights[past]]
        self._weights[past] = np.where(by_notice, ConsentWeight.NOTICE_ENDED, ConsentWeight.EXPIRED)
        # On a tie the heavier counts; of two alike the one with fewer marks, which permits less.
        order = np.maximum(at[kept], _OLDEST) * _WEIGHTS
        order += self._weights * _MARKS
        order += (_MARKS - 1) - book.marks[which]
        self._order = order

    def active(self, kind: Kind, relevant: NDArray[np.bool_], people: int) -> NDArray[np.bool_]:
        """Who has a standing no of this kind: for any relevant purpose, the latest record says so."""
        if kind not in self._present:
            return np.zeros(people, dtype=np.bool_)
        rows = np.flatnonzero(self._kinds == kind)
        rows = self._last_of_each(rows[relevant[self._purposes[rows]]])
        return self._those(rows[self._weights[rows] == OptOutWeight.STANDS], people)

    def signalled(
        self, personal: NDArray[np.bool_], once: NDArray[np.bool_], people: int
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who opted out by a signal, and of whom a signal leaves it unclear: the latest of each signal counts, and the
        first of one that can say but one thing, as long as the person took no opt-out back after it.
        """
        if Kind.SIGNAL not in self._present:
            return np.zeros(people, dtype=np.bool_), np.zeros(people, dtype=np.bool_)
        back = np.flatnonzero((self._kinds == Kind.OPT_OUT) & (self._weights == OptOutWeight.TAKEN_BACK))
        taken_back = np.full(people, np.iinfo(np.int64).min)
        back = back[personal[self._purposes[back]]]
        np.maximum.at(taken_back, self._who[back], self._order[back] // _WEIGHTS)
        rows = np.flatnonzero(self._kinds == Kind.SIGNAL)
        is_once = once[self._purposes[rows]]
        rows = np.append(rows[~is_once], self._first_of_each(rows[is_once]))
        rows = self._last_of_each(rows[self._order[rows] // _WEIGHTS >= taken_back[self._who[rows]]])
        weights = self._weights[rows]
        opted_out, unclear = (rows[weights == weight] for weight in (SignalWeight.OPTED_OUT, SignalWeight.UNCLEAR))
        return self._those(opted_out, people), self._those(unclear, people)

    def switched_off(self, named: tuple[str, ...], people: int) -> dict[str, NDArray[np.bool_]]:
        """By the name of a factor, whose latest word about it is that it may not count."""
        if Kind.FACTOR not in self._present:
            return {}
        rows = self._last_of_each(np.flatnonzero(self._kinds == Kind.FACTOR))
        rows = rows[self._weights[rows] == OptOutWeight.STANDS]
        purposes = self._purposes[rows]
        which = np.unique(purposes).tolist()
        return {named[one].removeprefix(FACTOR): self._those(rows[purposes == one], people) for one in which}

    def _last_of_each(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Of these rows the latest of each person and purpose, the heaviest on a tie."""
        order = rows[np.lexsort((self._order[rows], self._purposes[rows], self._who[rows]))]
        who, purpose = self._who[order], self._purposes[order]
        last = np.ones(len(order), dtype=np.bool_)
        last[:-1] = (who[1:] != who[:-1]) | (purpose[1:] != purpose[:-1])
        return order[last]

    def _first_of_each(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Of these rows the first of each person."""
        order = rows[np.lexsort((self._order[rows], self._who[rows]))]
        first: NDArray[np.intp] = order[np.diff(self._who[order], prepend=-1) != 0]
        return first

    def _those(self, rows: NDArray[np.intp], people: int) -> NDArray[np.bool_]:
        """Whom these rows are about."""
        result = np.zeros(people, dtype=np.bool_)
        result[self._who[rows]] = True
        return result

    def ages(self, people: int) -> NDArray[np.int64]:
        """What is known of each person's age; ``unknown`` says nothing, and a purpose does not matter."""
        if Kind.MINOR not in self._present:
            return np.full(people, _NEVER)
        rows = np.flatnonzero((self._kinds == Kind.MINOR) & (self._weights != AgeWeight.UNKNOWN))
        return self._latest(rows, people)[0]

    def latest(self, kind: Kind, people: int) -> NDArray[np.int64]:
        """Weight of each person's latest record of a kind, whatever its purpose; -1 where there is none."""
        if kind not in self._present:
            return np.full(people, _NEVER)
        return self._latest(np.flatnonzero(self._kinds == kind), people)[0]

    def erased(self, exact: NDArray[np.bool_], people: int) -> NDArray[np.bool_]:
        """Who was erased and gave no consent for the purpose since: what they said before is void."""
        if Kind.ERASURE not in self._present:
            return np.zeros(people, dtype=np.bool_)
        rows = np.flatnonzero(self._kinds == Kind.ERASURE)
        given = np.flatnonzero(self._kinds == Kind.CONSENT)
        given = given[exact[self._purposes[given]] & _GIVEN[self._weights[given]]]
        last = np.full((2, people), np.iinfo(np.int64).min)
        np.maximum.at(last[0], self._who[rows], self._order[rows] // _WEIGHTS)
        np.maximum.at(last[1], self._who[given], self._order[given] // _WEIGHTS)
        return np.asarray(self._those(rows, people) & (last[1] <= last[0]))

    def consent_weights(self, exact: NDArray[np.bool_], above: NDArray[np.bool_], people: int) -> _Spoken:
        """Latest consent for exactly the purpose, or an end to consent for a broader one."""
        rows = np.flatnonzero(self._kinds == Kind.CONSENT)
        purpose, weight = self._purposes[rows], self._weights[rows]
        kept = exact[purpose] | (above[purpose] & _ENDED[weight])
        rows, weight = rows[kept], weight[kept]
        decisive = rows[_GIVEN[weight] | _OWN_NO[weight]]
        latest, marks = self._latest(rows, people)
        return _Spoken(latest, self._latest(decisive, people)[0], marks)

    def _latest(self, rows: NDArray[np.intp], people: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Weight and marks of each person's latest among these rows, the heaviest on a tie; -1 where there is none."""
        never = np.iinfo(np.int64).min
        if not len(rows):
            return np.full(people, _NEVER), np.zeros(people, dtype=np.int64)
        latest = np.full(people, never)
        who = self._who[rows]  # records come person by person
        first = np.flatnonzero(np.append(True, who[1:] != who[:-1]))
        latest[who[first]] = np.maximum.reduceat(self._order[rows], first)
        said = latest & (_WEIGHTS - 1)
        return np.where(latest == never, _NEVER, said >> 2), (_MARKS - 1) - (said & (_MARKS - 1))


def _microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise UsageError(
            "asked-without-zone",
            "The moment of the decision has no time zone.",
            rule="every rule is applied as of one moment, in UTC",
            remedy="pass a time-zone aware datetime, e.g. datetime.now(timezone.utc)",
        )
    return microseconds_of(at)
