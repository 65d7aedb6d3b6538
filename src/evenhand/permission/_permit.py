"""Gate 1: the standing of each person, in the order in which law weighs the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, ancestors, is_direct_marketing_kind, is_known
from evenhand.terms import Asked, LegalBasis, Permitted, Reason, Standing, UsageError

from ._book import FACTOR, ConsentBook
from ._weights import ConsentWeight, Kind, OptOutWeight, SignalWeight

__all__ = ["permit"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OLDEST = -(2**58)
_WEIGHTS = 16
_NEVER = -1

_ALL = tuple(ConsentWeight)
_REASON_OF = np.array([weight.reason for weight in _ALL], dtype=np.uint8)
_OWN_NO = np.array([weight.is_own_no for weight in _ALL])
_ENDED = _OWN_NO | np.array([weight is ConsentWeight.REVOKED for weight in _ALL])
_GIVEN = np.array([weight.permits for weight in _ALL])
_BASIS_REASON = {
    LegalBasis.CONTRACT: Reason.BASIS_CONTRACT,
    LegalBasis.LEGITIMATE_INTEREST: Reason.BASIS_LEGITIMATE_INTEREST,
}


def permit(asked: Asked, campaign: Campaign, consents: ConsentBook) -> Permitted:
    """Say for each person whether the campaign may address them, and whether with personal data.

    The first that applies decides: an objection to direct marketing (G-21b), an erasure after which the person gave no
    new consent (G-17), a restriction that nobody lifted (G-18), being a minor (D-28), the legal basis (G-6, G-7),
    an opt-out of personalisation, an opt-out of sale and sharing (C-120) where the campaign does not declare that it
    does neither, an opt-out by signal (C-7025), an opt-out signal that leaves it unclear.
    Whoever may not be addressed personally is refused on a direct channel and contextual on a surface; who merely
    opted out is contextual on both. Records later than ``asked.at`` do not exist yet. Withdrawing, refusing or
    revoking consent for a broader purpose ends the narrower one too, and a person who withdrew or refused is not
    addressed on another legal basis instead (G-6). An opt-out signal holds, on every device, until the same signal
    leaves it open or the person takes an opt-out back (kind opt_out, OptOutWithdrawn) later.

    A factor that somebody switched off changes no standing: it is named beside it, and gate 2 withholds it.

    Args:
        asked: n people and the moment.
        campaign: gives purpose, channel and legal basis.
        consents: what people said.

    Returns:
        Standing and reason of each, in the order asked.

    Raises:
        UsageError: ``asked.at`` has no time zone.

    Example:
        >>> from datetime import datetime, timezone
        >>> from types import SimpleNamespace
        >>> from evenhand.terms import Channel
        >>> campaign = SimpleNamespace(purpose="DirectMarketing", channel=Channel.EMAIL, consents=None,
        ...                            legal_basis=LegalBasis.CONSENT)
        >>> asked = Asked(np.array([b"0" * 32], dtype="S32"), datetime(2026, 1, 1, tzinfo=timezone.utc))
        >>> permitted = permit(asked, campaign, ConsentBook.empty())
        >>> Standing(permitted.standing[0]).name, Reason(permitted.reason[0]).name
        ('REFUSED', 'CONSENT_NEVER_ASKED')
    """
    people = len(asked)
    history = _History(asked, consents)
    purpose, above = campaign.purpose, {campaign.purpose, *ancestors(campaign.purpose)}
    objectionable = _covering(above, campaign, consents.purpose_terms)
    objected = history.active(Kind.OBJECTION, objectionable, people)
    personal = objectionable | _named({"Personalisation"}, consents)
    opted_out = history.active(Kind.OPT_OUT, personal, people)
    restricted = history.active(Kind.RESTRICTION, objectionable, people)
    sold = history.active(Kind.SALE, np.full(len(consents.purpose_terms), _sells(campaign)), people)
    signalled, unclear = history.signalled(personal, people)
    minor = history.minors(people)
    erased = history.erased(_named({purpose}, consents), people)
    spoken = history.consent_weights(_named({purpose}, consents), _named(above, consents), people)

    if campaign.legal_basis is LegalBasis.CONSENT:
        latest = spoken.latest
        reason = np.where(latest == _NEVER, np.uint8(Reason.CONSENT_NEVER_ASKED), _REASON_OF[latest])
        allowed = np.where(latest == _NEVER, np.False_, _GIVEN[latest])
    else:
        decisive = spoken.decisive
        allowed = np.where(decisive == _NEVER, np.True_, ~_OWN_NO[decisive])
        reason = np.where(allowed, np.uint8(_BASIS_REASON[campaign.legal_basis]), _REASON_OF[decisive])

    refused = Standing.REFUSED if campaign.channel.is_direct else Standing.CONTEXTUAL
    standing = np.full(people, Standing.PERSONALISED, dtype=np.uint8)
    reason = reason.astype(np.uint8)
    _decide(unclear & allowed, standing, reason, Standing.CONTEXTUAL, Reason.SIGNAL_UNCLEAR)
    _decide(signalled & allowed, standing, reason, Standing.CONTEXTUAL, Reason.SIGNAL_OPT_OUT)
    _decide(sold & allowed, standing, reason, Standing.CONTEXTUAL, Reason.SALE_OPT_OUT)
    _decide(opted_out & allowed, standing, reason, Standing.CONTEXTUAL, Reason.PERSONALISATION_OPT_OUT)
    standing[~allowed] = refused
    _decide(minor, standing, reason, refused, Reason.MINOR)
    _decide(restricted, standing, reason, refused, Reason.RESTRICTED)
    _decide(erased, standing, reason, refused, Reason.ERASED)
    _decide(objected, standing, reason, refused, Reason.DIRECT_MARKETING_OBJECTION)
    off = history.switched_off(consents.purpose_terms, people)
    return Permitted(asked=asked, standing=standing, reason=reason, switched_off=off)


def _decide(
    who: NDArray[np.bool_], standing: NDArray[np.uint8], reason: NDArray[np.uint8], as_: Standing, why: Reason
) -> None:
    standing[who] = as_
    reason[who] = why


def _named(terms: set[str], consents: ConsentBook) -> NDArray[np.bool_]:
    """Which of the book's purposes are among `terms`."""
    return np.array([term in terms for term in consents.purpose_terms], dtype=np.bool_)


def _sells(campaign: Campaign) -> bool:
    """Whether an opt-out of sale and sharing reaches this campaign: always, but where it declares that it sells, shares
    and targets with nothing (an empty list of uses)."""
    clause = campaign.consents.signals if campaign.consents is not None else None
    return clause is None or bool(clause.uses)


def _covering(above: set[str], campaign: Campaign, named: tuple[str, ...]) -> NDArray[np.bool_]:
    """Objections and restrictions of which of the book's purposes reach this campaign: the purpose, all above it,
    direct marketing if that is what it is, and whatever we cannot place (closed when in doubt).
    """
    reach = set(above)
    if campaign.channel.is_direct or is_direct_marketing_kind(campaign.purpose):
        reach |= {"DirectMarketing", *ancestors("DirectMarketing")}
    return np.array([term in reach or not is_known(term) for term in named], dtype=np.bool_)


class _Spoken:
    """The latest consent of each person, as weights (-1 = none): of all records, and of yes or own no alone."""

    __slots__ = ("decisive", "latest")

    def __init__(self, latest: NDArray[np.int64], decisive: NDArray[np.int64]) -> None:
        self.latest = latest
        self.decisive = decisive


class _History:
    """The records of the people asked about, up to the moment of the decision."""

    __slots__ = ("_kinds", "_order", "_purposes", "_weights", "_who")

    def __init__(self, asked: Asked, book: ConsentBook) -> None:
        who, which = book.records_of(asked.subjects)
        at = book.at[which]
        now = _microseconds(asked.at)
        kept = np.flatnonzero(at <= now)
        which = which[kept]
        self._who = who[kept]
        self._kinds = book.kinds[which]
        self._purposes = book.purposes[which]
        self._weights = book.weights[which].astype(np.int64)
        self._weights[book.until[which] < now] = ConsentWeight.EXPIRED
        self._order = np.maximum(at[kept], _OLDEST) * _WEIGHTS + self._weights

    def active(self, kind: Kind, relevant: NDArray[np.bool_], people: int) -> NDArray[np.bool_]:
        """Who has a standing no of this kind: for any relevant purpose, the latest record says so."""
        rows = np.flatnonzero(self._kinds == kind)
        rows = self._last_of_each(rows[relevant[self._purposes[rows]]])
        return self._those(rows[self._weights[rows] == OptOutWeight.STANDS], people)

    def signalled(self, personal: NDArray[np.bool_], people: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Who opted out by a signal, and of whom a signal leaves it unclear: the latest of each signal counts, as long
        as the person took no opt-out back after it.
        """
        back = np.flatnonzero((self._kinds == Kind.OPT_OUT) & (self._weights == OptOutWeight.TAKEN_BACK))
        taken_back = np.full(people, np.iinfo(np.int64).min)
        back = back[personal[self._purposes[back]]]
        np.maximum.at(taken_back, self._who[back], self._order[back] // _WEIGHTS)
        rows = np.flatnonzero(self._kinds == Kind.SIGNAL)
        rows = self._last_of_each(rows[self._order[rows] // _WEIGHTS >= taken_back[self._who[rows]]])
        weights = self._weights[rows]
        opted_out, unclear = (rows[weights == weight] for weight in (SignalWeight.OPTED_OUT, SignalWeight.UNCLEAR))
        return self._those(opted_out, people), self._those(unclear, people)

    def switched_off(self, named: tuple[str, ...], people: int) -> dict[str, NDArray[np.bool_]]:
        """By the name of a factor, whose latest word about it is that it may not count."""
        rows = np.flatnonzero(self._kinds == Kind.FACTOR)
        if not len(rows):
            return {}
        rows = self._last_of_each(rows)
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

    def _those(self, rows: NDArray[np.intp], people: int) -> NDArray[np.bool_]:
        """Whom these rows are about."""
        result = np.zeros(people, dtype=np.bool_)
        result[self._who[rows]] = True
        return result

    def minors(self, people: int) -> NDArray[np.bool_]:
        """Who is known to be a minor; ``unknown`` says nothing, and a purpose does not matter."""
        rows = np.flatnonzero((self._kinds == Kind.MINOR) & (self._weights <= 1))
        return np.asarray(self._latest(rows, people) == 1)

    def erased(self, exact: NDArray[np.bool_], people: int) -> NDArray[np.bool_]:
        """Who was erased and gave no consent for the purpose since: what they said before is void."""
        rows = np.flatnonzero(self._kinds == Kind.ERASURE)
        if not len(rows):
            return np.zeros(people, dtype=np.bool_)
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
        return _Spoken(self._latest(rows, people), self._latest(decisive, people))

    def _latest(self, rows: NDArray[np.intp], people: int) -> NDArray[np.int64]:
        """Weight of each person's latest among these rows, the heaviest on a tie; -1 where there is none."""
        never = np.iinfo(np.int64).min
        latest = np.full(people, never)
        np.maximum.at(latest, self._who[rows], self._order[rows])
        return np.where(latest == never, _NEVER, latest % _WEIGHTS)


def _microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise UsageError(
            "asked-without-zone",
            "The moment of the decision has no time zone.",
            rule="every rule is applied as of one moment, in UTC",
            remedy="pass a time-zone aware datetime, e.g. datetime.now(timezone.utc)",
        )
    return (at - _EPOCH) // timedelta(microseconds=1)
