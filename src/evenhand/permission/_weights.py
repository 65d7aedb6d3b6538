"""What a record says, as a small number: within its kind, the heavier of two at the same moment counts."""

from __future__ import annotations

from enum import IntEnum, unique

from evenhand.terms import ConsentStatus

__all__ = ["AgeWeight", "ConsentWeight", "Kind", "OptInWeight", "OptOutWeight", "SignalWeight"]


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
    LIMIT = 9
    OPT_IN = 10


@unique
class ConsentWeight(IntEnum):
    """The DPV consent states, what a consent signal says, and a consent that does not count; the weakest no first."""

    RENEWED = 0
    GIVEN = 1
    SIGNAL_GIVEN = 2
    UNKNOWN = 3
    SIGNAL_UNUSABLE = 4
    WITHOUT_EVIDENCE = 5
    REQUEST_DEFERRED = 6
    REQUESTED = 7
    NOT_ACTIVE = 8
    NOTICE_ENDED = 9
    EXPIRED = 10
    INVALIDATED = 11
    REVOKED = 12
    REFUSED = 13
    SIGNAL_REFUSED = 14
    WITHDRAWN = 15

    @property
    def status(self) -> ConsentStatus | None:
        """The DPV state of a record; None of a signal, and of a consent whose evidence does not hold."""
        return ConsentStatus[self.name] if self.name in ConsentStatus.__members__ else None

    @property
    def permits(self) -> bool:
        """Whether processing on this consent is allowed."""
        return self is ConsentWeight.SIGNAL_GIVEN or (self.status is not None and self.status.permits)

    @property
    def is_own_no(self) -> bool:
        """The person's own no: nobody is addressed on another legal basis after it (RULES G-6)."""
        return self in {ConsentWeight.WITHDRAWN, ConsentWeight.REFUSED, ConsentWeight.SIGNAL_REFUSED}


@unique
class OptOutWeight(IntEnum):
    """Of an objection, an opt-out, a restriction or a factor switched off, that somebody wrote down."""

    TAKEN_BACK = 0
    STANDS = 1


@unique
class OptInWeight(IntEnum):
    """Of a yes to sale and sharing; whoever needs a parent's needs more."""

    PARENT = 0
    OWN = 1
    TAKEN_BACK = 2


@unique
class AgeWeight(IntEnum):
    """What is known of a person's age; the youngest is the heaviest, and `UNKNOWN` says nothing."""

    ADULT = 0
    FROM_16 = 1
    MINOR = 2
    IS_15 = 3
    IS_14 = 4
    IS_13 = 5
    UNDER_13 = 6
    UNKNOWN = 7


@unique
class SignalWeight(IntEnum):
    """What an opt-out signal says about what this campaign does."""

    OPEN = 0
    UNCLEAR = 1
    OPTED_OUT = 2
