"""Why a signal grants nothing: closed, typed, one word each."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum, unique

from evenhand.terms import UsageError

__all__ = ["Malformed", "Problem", "Unreadable", "UnreadableSignalError"]


@unique
class Problem(StrEnum):
    """Why a string, or an answer from it, permits nothing.

    The first group: the text is not what its standard describes. The second: it can be read, and its own standard says
    that it counts for nothing. The third: it can be read, counts, and does not say yes. The last, `is_refusal`: it says
    no.
    """

    EMPTY = "empty"
    CHARACTERS = "characters"
    TOO_LONG = "too-long"
    TOO_SHORT = "too-short"
    LEFT_OVER = "left-over"
    LETTERS = "letters"
    IDS = "ids"
    SEGMENT = "segment"
    HEADER = "header"
    SECTIONS = "sections"
    VERSION = "version"
    VERSION_1 = "version-1"
    UNKNOWN_SECTION = "unknown-section"

    NOT_SERVICE_SPECIFIC = "not-service-specific"
    POLICY_VERSION = "policy-version"
    NO_DISCLOSED_VENDORS = "no-disclosed-vendors"
    CMP = "cmp"
    OTHER_CMP = "other-cmp"
    EXPIRED = "expired"
    FROM_THE_FUTURE = "from-the-future"

    NOT_DISCLOSED = "not-disclosed"
    PURPOSE_ONE_NOT_DISCLOSED = "purpose-one-not-disclosed"
    NO_PUBLISHER_PART = "no-publisher-part"
    NEVER_LEGITIMATE_INTEREST = "never-legitimate-interest"
    RESTRICTED = "restricted"

    VENDOR_REFUSED = "vendor-refused"
    PURPOSE_REFUSED = "purpose-refused"

    @property
    def is_refusal(self) -> bool:
        """The person was asked and says no; otherwise nothing says yes."""
        return self in {Problem.VENDOR_REFUSED, Problem.PURPOSE_REFUSED}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A text that could not be read as the signal that it should be. It grants nothing.

    Attributes:
        problem: why.
    """

    problem: Problem


class Malformed(Exception):  # noqa: N818 - it never leaves the room: the door turns it into an `Unreadable`
    """A reader met something that its standard does not have."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem


class UnreadableSignalError(UsageError):
    """What somebody passed on as a signal is none.

    Args:
        signal: which, by its short name, such as ``gpp``.
        name: the same as its standard writes it.
        problem: why.
    """

    def __init__(self, signal: str, name: str, problem: Problem) -> None:
        super().__init__(
            "signal-unreadable",
            f"The {name} string cannot be read ({problem.value}); nothing was recorded.",
            rule="G-7, C-7025: a signal is read exactly as its standard writes it, or it says nothing",
            remedy="send the string as the browser or the app gave it; evenhand signals STRING shows what is wrong",
        )
        self.signal, self.problem = signal, problem
