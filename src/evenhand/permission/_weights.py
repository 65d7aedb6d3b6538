"""What a record says, as a small number: within its kind, the heavier of two at the same moment counts."""

from __future__ import annotations

from enum import IntEnum, unique

from evenhand.terms import ConsentStatus, Reason

__all__ = ["ConsentWeight", "Kind", "OptOutWeight", "SignalWeight"]


@unique
class Kind(IntEnum):
    """What a record is about."""

    CONSENT = 0
    OBJECTION = 1
    OPT_OUT = 2
    MINOR = 3
    SIGNAL = 4
    ERASURE = 5
    RESTRICTION = 6
    FACTOR = 7
    SALE = 8


@unique
class ConsentWeight(IntEnum):
    """The DPV consent states, and what a consent signal says; the weakest no first."""

    RENEWED = 0
    GIVEN = 1
    SIGNAL_GIVEN = 2
    UNKNOWN = 3
    SIGNAL_UNUSABLE = 4
    REQUEST_DEFERRED = 5
    REQUESTED = 6
    EXPIRED = 7
    INVALIDATED = 8
    REVOKED = 9
    REFUSED = 10
    SIGNAL_REFUSED = 11
    WITHDRAWN = 12

    @property
    def status(self) -> ConsentStatus | None:
        """The DPV state of a record; None of a signal."""
        return None if self.name.startswith("SIGNAL") else ConsentStatus[self.name]

    @property
    def permits(self) -> bool:
        """Whether processing on this consent is allowed."""
        return self is ConsentWeight.SIGNAL_GIVEN or (self.status is not None and self.status.permits)

    @property
    def is_own_no(self) -> bool:
        """The person's own no: nobody is addressed on another legal basis after it (RULES G-6)."""
        return self in {ConsentWeight.WITHDRAWN, ConsentWeight.REFUSED, ConsentWeight.SIGNAL_REFUSED}

    @property
    def reason(self) -> Reason:
        """Why a decision takes its road."""
        return _REASONS[self]


_REASONS = {
    ConsentWeight.GIVEN: Reason.CONSENT_VALID,
    ConsentWeight.RENEWED: Reason.CONSENT_VALID,
    ConsentWeight.SIGNAL_GIVEN: Reason.SIGNAL_CONSENT,
    ConsentWeight.WITHDRAWN: Reason.CONSENT_WITHDRAWN,
    ConsentWeight.REFUSED: Reason.CONSENT_REFUSED,
    ConsentWeight.SIGNAL_REFUSED: Reason.SIGNAL_REFUSED,
    ConsentWeight.EXPIRED: Reason.CONSENT_EXPIRED,
    ConsentWeight.INVALIDATED: Reason.CONSENT_INVALIDATED,
    ConsentWeight.REVOKED: Reason.CONSENT_INVALIDATED,
    ConsentWeight.REQUESTED: Reason.CONSENT_PENDING,
    ConsentWeight.REQUEST_DEFERRED: Reason.CONSENT_PENDING,
    ConsentWeight.UNKNOWN: Reason.CONSENT_UNKNOWN,
    ConsentWeight.SIGNAL_UNUSABLE: Reason.SIGNAL_UNUSABLE,
}


@unique
class OptOutWeight(IntEnum):
    """Of an objection, an opt-out, a restriction or a factor switched off, that somebody wrote down."""

    TAKEN_BACK = 0
    STANDS = 1


@unique
class SignalWeight(IntEnum):
    """What an opt-out signal says about what this campaign does."""

    OPEN = 0
    UNCLEAR = 1
    OPTED_OUT = 2
