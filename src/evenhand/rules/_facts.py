"""What a rule may ask about: a closed vocabulary of facts, each with a closed vocabulary of values.

A rule is no program. It names facts and the values at which it holds; whatever cannot be said so cannot be a rule.
"""

from __future__ import annotations

from enum import StrEnum, unique
from types import MappingProxyType
from typing import NamedTuple

from evenhand.policy import PURPOSES, is_marketing
from evenhand.terms import Category, Channel, LegalBasis, Sensitivity, Surface, Use

__all__ = ["FACTS", "PERSON_FACTS", "Fact", "FactKind"]


@unique
class Fact(StrEnum):
    """One thing that is known when a decision is made: of the campaign, or of the person."""

    CHANNEL = "channel"
    SURFACE = "surface"
    PURPOSE = "purpose"
    BASIS = "basis"
    CATEGORY = "category"
    SENDER = "sender"
    AUDIENCE = "audience"
    DATA = "data"
    USES = "uses"
    RECIPIENTS = "recipients"
    TRANSFERS = "transfers"
    BALANCING = "balancing"
    OBJECTION = "objection"
    ERASED = "erased"
    RESTRICTION = "restriction"
    AGE = "age"
    CONSENT = "consent"
    LAST_WORD = "last_word"
    EXPLICIT = "explicit"
    BY_PARENT = "by_parent"
    OPT_OUT = "opt_out"
    SIGNAL = "signal"
    SALE_OPT_OUT = "sale_opt_out"
    LIMIT = "limit"
    SALE_OPT_IN = "sale_opt_in"
    CUSTOMER = "customer"
    OWN_PRODUCT = "own_product"
    SIMILAR_PRODUCT = "similar_product"
    OBJECTION_OFFERED = "objection_offered"


class FactKind(NamedTuple):
    """What one fact can be.

    Attributes:
        values: all its values; of a fact about a person the place in this list is the code that is compared.
        plain: the value in a test case that does not name the fact.
        meaning: what it says.
        person: whether it differs from person to person.
        several: whether a campaign can have several of its values at once; a rule holds where it names any of them.
    """

    values: tuple[str, ...]
    plain: str
    meaning: str
    person: bool = True
    several: bool = False


_YES_NO = ("no", "yes")
_KNOWN = ("unknown", "no", "yes", "assumed")
# assumed: the campaign does not say which law holds for whom, and the organisation answers for this itself.
_CONSENT = (
    "never_asked", "renewed", "given", "signal_given", "unknown", "signal_unusable", "request_deferred", "requested",
    "expired", "invalidated", "revoked", "refused", "signal_refused", "withdrawn", "not_active", "notice_ended",
    "without_evidence",
)  # fmt: skip

FACTS = MappingProxyType(
    {
        Fact.CHANNEL: FactKind(tuple(Channel), "web", "How the offer reaches people.", person=False),
        Fact.SURFACE: FactKind(tuple(Surface), "own", "Own place, or somebody's online platform.", person=False),
        Fact.PURPOSE: FactKind(
            tuple(term for term in PURPOSES if is_marketing(term)),
            "PersonalisedAdvertising",
            "Why data is used; a rule for a purpose holds for every narrower one too.",
            person=False,
        ),
        Fact.BASIS: FactKind(tuple(LegalBasis), "consent", "The legal basis (GDPR 6(1)).", person=False),
        Fact.CATEGORY: FactKind(tuple(Category), "ordinary", "What the campaign is about.", person=False),
        Fact.SENDER: FactKind(
            ("company", "charity", "charity_lottery", "press"),
            "company",
            "What kind of organisation sends it.",
            person=False,
        ),
        Fact.AUDIENCE: FactKind(
            ("general", "children"), "general", "Whether the place where it appears is for children.", person=False
        ),
        Fact.DATA: FactKind(
            (*Sensitivity, "unlabelled"),
            "ordinary",
            "How sensitive the features are that the campaign decides by.",
            person=False,
            several=True,
        ),
        Fact.USES: FactKind(
            ("none", "undeclared", *Use),
            "none",
            "What is done with personal data, in the words of United States law; undeclared: nobody says.",
            person=False,
            several=True,
        ),
        Fact.RECIPIENTS: FactKind(
            ("none", "listed", "unlisted", "expired"),
            "none",
            "Who gets personal data: on the organisation's list, under a contract that runs, or not.",
            person=False,
            several=True,
        ),
        Fact.TRANSFERS: FactKind(
            ("none", "inside", "adequate", "safeguarded", "unsecured"),
            "none",
            "Where recipients are: inside the territory, in a country on the list, under safeguards, or elsewhere.",
            person=False,
            several=True,
        ),
        Fact.BALANCING: FactKind(
            ("none", "declared", "signed", "unsigned", "altered", "expired"),
            "signed",
            "What is there of the balancing test: an id, or a signed record that has not expired.",
            person=False,
        ),
        Fact.OBJECTION: FactKind(_YES_NO, "no", "The person objected to direct marketing, or to this purpose."),
        Fact.ERASED: FactKind(_YES_NO, "no", "The person was erased, and gave no consent for this purpose since."),
        Fact.RESTRICTION: FactKind(_YES_NO, "no", "The person's data is kept and may not be used (GDPR 18)."),
        Fact.AGE: FactKind(
            ("unknown", "adult", "16-17", "minor", "15", "14", "13", "under_13"),
            "adult",
            "What is known of the person's age; minor: below 18, and no more is known.",
        ),
        Fact.CONSENT: FactKind(_CONSENT, "given", "The state of the person's consent for exactly this purpose."),
        Fact.LAST_WORD: FactKind(
            ("none", "given", "refused", "signal_refused", "withdrawn"),
            "none",
            "What the person last decided: whoever said no is not addressed on another basis.",
        ),
        Fact.EXPLICIT: FactKind(_YES_NO, "no", "The consent is valid and was given explicitly (GDPR 9(2)(a))."),
        Fact.BY_PARENT: FactKind(_YES_NO, "no", "The consent is valid and a parent gave it (GDPR 8)."),
        Fact.OPT_OUT: FactKind(_YES_NO, "no", "The person switched personalisation off."),
        Fact.SIGNAL: FactKind(
            ("none", "unclear", "opted_out"), "none", "An opt-out signal, as far as it is about what the campaign does."
        ),
        Fact.SALE_OPT_OUT: FactKind(_YES_NO, "no", "The person opted out of sale and sharing."),
        Fact.LIMIT: FactKind(_YES_NO, "no", "The person limited the use of sensitive data (California)."),
        Fact.SALE_OPT_IN: FactKind(
            ("no", "own", "parent"), "no", "Somebody agreed to sale and sharing: the person, or a parent."
        ),
        Fact.CUSTOMER: FactKind(_KNOWN, "unknown", "The person's details were obtained in a sale."),
        Fact.OWN_PRODUCT: FactKind(_KNOWN, "unknown", "What is offered is the organisation's own."),
        Fact.SIMILAR_PRODUCT: FactKind(_KNOWN, "unknown", "A person judged it similar to what was sold."),
        Fact.OBJECTION_OFFERED: FactKind(
            _KNOWN, "unknown", "The person could object, free and easily, when the details were taken."
        ),
    }
)
"""Every fact that a rule may name."""

PERSON_FACTS = tuple(fact for fact, kind in FACTS.items() if kind.person)
"""Those that differ from person to person."""
