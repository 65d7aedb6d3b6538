"""What a TC string permits to one party, for given purposes, at one moment. Closed when in doubt.

Sources: TCF 2.3 (validity, segments, restrictions), RULES 4.3, G-7, E-cookie. The Global Vendor List is not looked at:
what a vendor registered there is not guessed, so a restriction that could change its legal basis permits nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from ._ids import IdSet
from ._problem import Problem, Unreadable
from ._tcf import RestrictionType, TcfString, decisecond

__all__ = [
    "PERSONALISED_ADS",
    "TCF_AGE_DAYS",
    "TURNS",
    "Answer",
    "TcfQuestion",
    "ask_tcf",
    "cmp_problem",
    "validity_problem",
]

TCF_AGE_DAYS = 390
"""A choice counts for so long: 13 months, the Max-Age (33,696,000 seconds) that the standard gives its storage."""
PERSONALISED_ADS = (1, 3, 4)
"""Store on the device or read from it, make a profile for advertising, choose advertising by it."""

_DAY = 864_000
_POLICY_4_FROM = decisecond(datetime.fromisoformat("2023-10-01T00:00:00+00:00"))
_DISCLOSED_FROM = decisecond(datetime.fromisoformat("2026-03-01T00:00:00+00:00"))
TURNS = (_POLICY_4_FROM, _DISCLOSED_FROM)
"""From when on what is asked of a string is another, in order: its moments matter by these alone, and by its age."""
_LEAST_POLICY = 4
_LEAST_CMP = 2
"""CmpId 0 is nobody's, and 1 is reserved."""
_NEVER_ON_INTEREST = frozenset({1, 3, 4, 5, 6})


@dataclass(frozen=True, slots=True)
class TcfQuestion:
    """May this party do this?

    Attributes:
        vendor: our id in the Global Vendor List; None = we are the publisher itself.
        consent: purposes that rest on consent; each of them is needed.
        legitimate_interest: purposes that rest on a legitimate interest; each of them is needed.
        cmps: ids of the CMPs whose strings count; empty = of every registered one.
    """

    vendor: int | None
    consent: tuple[int, ...] = PERSONALISED_ADS
    legitimate_interest: tuple[int, ...] = ()
    cmps: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is permitted, and if not, why not.

    Attributes:
        problem: the first thing that stands in the way; None = permitted.
    """

    problem: Problem | None

    @property
    def permits(self) -> bool:
        """Whether everything that was asked is permitted."""
        return self.problem is None


def ask_tcf(said: TcfString | Unreadable, question: TcfQuestion, *, at: datetime | None) -> Answer:
    """Put a question to a TC string.

    Args:
        said: what `read_tcf` made of it.
        question: who asks, and for which purposes.
        at: the moment of the use. A string older than 390 days, or updated more than a day later, permits nothing.
            None leaves its age aside, for whoever judges that later.

    Example:
        >>> from datetime import UTC
        >>> from evenhand.signals import read_tcf
        >>> said = read_tcf("CPTtLAAPTtLAAAKAAAENAAFgALwAAEAAAAAAAOgAgABgAAAA.IAoAAgABgAAEAQAAEAAA.d4AACEAAAAAA")
        >>> ask_tcf(said, TcfQuestion(vendor=11), at=datetime(2022, 2, 3, tzinfo=UTC)).permits
        True
        >>> ask_tcf(said, TcfQuestion(vendor=12), at=datetime(2022, 2, 3, tzinfo=UTC)).problem.value
        'not-disclosed'
    """
    if isinstance(said, Unreadable):
        return Answer(said.problem)
    problem = validity_problem(said, cmps=question.cmps)
    if problem is None and at is not None:
        age = decisecond(at) - said.last_updated_ds
        if age < -_DAY:
            problem = Problem.FROM_THE_FUTURE
        elif age > TCF_AGE_DAYS * _DAY:
            problem = Problem.EXPIRED
    if problem is not None:
        return Answer(problem)
    if not question.consent and not question.legitimate_interest:
        raise ValueError("a question names at least one purpose")
    return Answer(_publisher(said, question) if question.vendor is None else _vendor(said, question, question.vendor))


def validity_problem(said: TcfString, *, cmps: frozenset[int] = frozenset()) -> Problem | None:
    """Why the string counts for nothing, whoever asks and whenever; None where it counts."""
    if not said.is_service_specific:
        return Problem.NOT_SERVICE_SPECIFIC
    latest = max(said.created_ds, said.last_updated_ds)
    if said.policy_version < _LEAST_POLICY and latest >= _POLICY_4_FROM:
        return Problem.POLICY_VERSION
    if said.disclosed_vendors is None and latest >= _DISCLOSED_FROM:
        return Problem.NO_DISCLOSED_VENDORS
    return cmp_problem(said.cmp_id, cmps)


def cmp_problem(cmp_id: int, cmps: frozenset[int]) -> Problem | None:
    """Why strings of this CMP count for nothing; None where they count."""
    if cmp_id < _LEAST_CMP:
        return Problem.CMP
    return Problem.OTHER_CMP if cmps and cmp_id not in cmps else None


def _vendor(said: TcfString, question: TcfQuestion, vendor: int) -> Problem | None:
    """TCF: disclosed, the vendor's bit, the purposes' bits, for consent and interest each; and not restricted. What the
    person refused comes before what the publisher does not allow.
    """
    if said.disclosed_vendors is not None and vendor not in said.disclosed_vendors:
        return Problem.NOT_DISCLOSED
    without_consent = question.consent and vendor not in said.vendor_consents
    if without_consent or (question.legitimate_interest and vendor not in said.vendor_legitimate_interests):
        # A string without the vendors that were shown does not tell a no from a question that was never put.
        return Problem.NOT_DISCLOSED if said.disclosed_vendors is None else Problem.VENDOR_REFUSED
    problem = _purposes(said, said.purposes_consent, said.purposes_li_transparency, question)
    if problem is not None:
        return problem
    for restriction in said.publisher_restrictions:
        if vendor in restriction.vendors and _stands_in_the_way(
            restriction.restriction_type,
            restriction.purpose_id in question.consent,
            restriction.purpose_id in question.legitimate_interest,
        ):
            return Problem.RESTRICTED
    return None


def _publisher(said: TcfString, question: TcfQuestion) -> Problem | None:
    own = said.publisher_tc
    if own is None:
        return Problem.NO_PUBLISHER_PART
    return _purposes(said, own.purposes_consent, own.purposes_li_transparency, question)


def _purposes(said: TcfString, consent: IdSet, interest: IdSet, question: TcfQuestion) -> Problem | None:
    missing = _mask(question.consent) & ~consent.mask
    if missing:
        never_asked = said.purpose_one_treatment and missing == _mask((1,))
        return Problem.PURPOSE_ONE_NOT_DISCLOSED if never_asked else Problem.PURPOSE_REFUSED
    if question.legitimate_interest and _NEVER_ON_INTEREST.intersection(question.legitimate_interest):
        return Problem.NEVER_LEGITIMATE_INTEREST
    return Problem.PURPOSE_REFUSED if _mask(question.legitimate_interest) & ~interest.mask else None


@lru_cache(maxsize=256)
def _mask(purposes: tuple[int, ...]) -> int:
    """Purposes as the mask of an `IdSet`."""
    return IdSet.of(purposes).mask


def _stands_in_the_way(kind: RestrictionType, on_consent: bool, on_interest: bool) -> bool:
    if kind is RestrictionType.REQUIRE_CONSENT:
        return on_interest
    if kind is RestrictionType.REQUIRE_LEGITIMATE_INTEREST:
        return on_consent
    return on_consent or on_interest
