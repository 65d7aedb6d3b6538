"""The closed vocabularies: enums in place of strings, one word per thing (docs/glossary.md)."""

from __future__ import annotations

from enum import IntEnum, StrEnum, unique

from ._model import Link

__all__ = [
    "Category",
    "Channel",
    "ConsentStatus",
    "LegalBasis",
    "Measure",
    "Origin",
    "Role",
    "Sensitivity",
    "Severity",
    "Standing",
    "Surface",
    "Target",
    "Use",
]


@unique
class Category(StrEnum):
    """What a campaign is about; law is stricter for all but the first (RULES A-6, F-HEC, T-18)."""

    ORDINARY = "ordinary"
    EMPLOYMENT = "employment"
    HOUSING = "housing"
    CREDIT = "credit"
    INSURANCE = "insurance"
    POLITICAL = "political"


@unique
class Channel(StrEnum):
    """How the offer reaches the person. The *direct* ones need more than a surface does (RULES E-mail, E-phone)."""

    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    PHONE = "phone"
    POST = "post"
    WEB = "web"
    APP = "app"
    STORE = "store"

    @property
    def is_direct(self) -> bool:
        """True where the controller addresses the person, False where the person comes to a surface."""
        return self in {Channel.EMAIL, Channel.SMS, Channel.PUSH, Channel.PHONE, Channel.POST}


@unique
class Surface(StrEnum):
    """Where the offer stands: the controller's own place, or somebody's online platform (RULES D-26-3)."""

    OWN = "own"
    ONLINE_PLATFORM = "online_platform"


@unique
class Role(StrEnum):
    """What a column may be used for. A column without a role is forbidden."""

    FEATURE = "feature"
    SENSITIVE = "sensitive"
    IDENTIFIER = "identifier"
    OUTCOME = "outcome"
    ELIGIBILITY = "eligibility"
    """Says yes or no to an offer, and has no part in any score."""
    COST = "cost"
    """Says what showing an offer to this person costs, and has no part in any score."""
    PERMISSION = "permission"
    """Says where the person is, or what the law asks about them; read of everybody, and has no part in any score."""
    FORBIDDEN = "forbidden"


@unique
class Sensitivity(StrEnum):
    """How sensitive a feature is (GDPR 9, 10; AI Act 5(1)(b))."""

    ORDINARY = "ordinary"
    SPECIAL = "special"
    """Reveals health, belief, ethnicity, sexual life ... (GDPR 9)."""
    INFERRED = "inferred"
    """Lets such a thing be inferred, as what was bought in a pharmacy does."""
    CRIMINAL = "criminal"
    """Convictions and offences (GDPR 10)."""
    VULNERABILITY = "vulnerability"
    """Debt, addiction, bereavement: a situation that may not be exploited (AI Act 5(1)(b))."""


@unique
class Origin(StrEnum):
    """Where a column's values come from: the person said it, we saw it, or we worked it out (GDPR 13, 14, 20)."""

    GIVEN = "given"
    OBSERVED = "observed"
    INFERRED = "inferred"


@unique
class LegalBasis(StrEnum):
    """GDPR Art. 6(1) bases that marketing can rest on."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGITIMATE_INTEREST = "legitimate_interest"


@unique
class ConsentStatus(StrEnum):
    """The W3C DPV 2.3 consent states; only `GIVEN` and `RENEWED` permit processing (RULES G-7)."""

    GIVEN = "ConsentGiven"
    RENEWED = "RenewedConsentGiven"
    EXPIRED = "ConsentExpired"
    INVALIDATED = "ConsentInvalidated"
    REFUSED = "ConsentRefused"
    REQUEST_DEFERRED = "ConsentRequestDeferred"
    REQUESTED = "ConsentRequested"
    REVOKED = "ConsentRevoked"
    UNKNOWN = "ConsentUnknown"
    WITHDRAWN = "ConsentWithdrawn"

    @property
    def permits(self) -> bool:
        """Whether processing on this consent is allowed."""
        return self in {ConsentStatus.GIVEN, ConsentStatus.RENEWED}


@unique
class Measure(StrEnum):
    """How a disparity limit compares groups (docs/glossary.md: disparity).

    A group's rate is a *selection rate* (people with an offer over people), an *expected benefit* (modelled responses
    to the offers given, over people), or a *modelled true-positive* rate (modelled responses to the offers given, over
    those if everybody of the group got their likeliest offer). The last is equal opportunity as the model sees it:
    nobody has observed who would respond.
    """

    SELECTION_RATE_RATIO = "selection_rate_ratio"
    """Lowest group rate over highest group rate; the bound is a minimum, e.g. 0.8 (RULES F-45)."""
    SELECTION_RATE_DIFFERENCE = "selection_rate_difference"
    """Highest group rate minus lowest; the bound is a maximum, e.g. 0.05."""
    SELECTION_RATE_RATIO_TO_MEAN = "selection_rate_ratio_to_mean"
    """Lowest group rate over the rate of all judged groups together; the bound is a minimum, e.g. 0.9."""
    SELECTION_RATE_FLOOR = "selection_rate_floor"
    """By how much a group's rate is lower than it would be without limits between groups, at most; the bound is a
    maximum, e.g. 0 (no group loses) or 0.01 (no group loses more than one in a hundred of its people)."""
    EXPECTED_BENEFIT_RATIO = "expected_benefit_ratio"
    """As the ratio above, of expected responses per person of the group."""
    EXPECTED_BENEFIT_DIFFERENCE = "expected_benefit_difference"
    """Likewise the difference, in responses per person."""
    EXPECTED_BENEFIT_RATIO_TO_MEAN = "expected_benefit_ratio_to_mean"
    """Likewise against all judged groups together."""
    EXPECTED_BENEFIT_FLOOR = "expected_benefit_floor"
    """Likewise the fall, in responses per person."""
    MODELLED_TRUE_POSITIVE_RATIO = "modelled_true_positive_ratio"
    """As the ratio above, of the share of its modelled responses that a group's offers reach."""
    MODELLED_TRUE_POSITIVE_DIFFERENCE = "modelled_true_positive_difference"
    """Likewise the difference of these shares."""
    MODELLED_TRUE_POSITIVE_RATIO_TO_MEAN = "modelled_true_positive_ratio_to_mean"
    """Likewise against all judged groups together."""
    MODELLED_TRUE_POSITIVE_FLOOR = "modelled_true_positive_floor"
    """Likewise the fall of these shares."""

    @property
    def rate(self) -> str:
        """Which rate is compared: ``selection_rate``, ``expected_benefit`` or ``modelled_true_positive``."""
        return next(name for name in _RATES if self.value.startswith(name))

    @property
    def comparison(self) -> str:
        """How it is compared: ``ratio``, ``ratio_to_mean``, ``difference`` or ``floor``."""
        return self.value.removeprefix(self.rate + "_")

    @property
    def is_least(self) -> bool:
        """Whether the bound is a least (of a ratio), rather than a most (of a difference)."""
        return self.comparison in {"ratio", "ratio_to_mean"}

    @property
    def is_floor(self) -> bool:
        """Whether each group is held to its own rate without limits between groups."""
        return self.comparison == "floor"

    @property
    def is_weighted(self) -> bool:
        """Whether a person counts for as much as the model expects of the offer, rather than for one."""
        return self.rate != "selection_rate"


_RATES = ("selection_rate", "expected_benefit", "modelled_true_positive")


@unique
class Target(StrEnum):
    """What a decision goes by."""

    RESPONSE = "response"
    """How likely the person is to respond when the offer is shown, whatever they would have done without it."""
    INCREMENT = "increment"
    """What showing the offer changes in that; it may be negative."""

    @property
    def link(self) -> Link:
        """Of the model that is learned for it: a score is a logit, or the change itself."""
        return "logit" if self is Target.RESPONSE else "identity"


@unique
class Use(StrEnum):
    """Uses of personal data that people can opt out of by a signal (RULES C-120, C-7025, US-UOOM)."""

    SALE = "sale"
    """Handing personal data to somebody else for money or another advantage."""
    SHARING = "sharing"
    """Handing it to somebody else for advertising across sites (California)."""
    TARGETED_ADVERTISING = "targeted_advertising"
    """Advertising by what somebody did on the sites and apps of others."""


@unique
class Severity(StrEnum):
    """How much a finding weighs, lightest first."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for a note, 1 for a warning, 2 for an error."""
        return list(Severity).index(self)


@unique
class Standing(IntEnum):
    """What gate 1 allows for one person. Small integers, because a batch holds one per person."""

    REFUSED = 0
    CONTEXTUAL = 1
    PERSONALISED = 2
