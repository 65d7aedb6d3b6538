"""Reason codes: why a person's decision took the road it took. Stable numbers; texts live in `explanation`."""

from __future__ import annotations

from enum import IntEnum, unique

__all__ = ["Reason"]


@unique
class Reason(IntEnum):
    """One reason, with the rule behind it. The number is what the ledger stores, so it never changes meaning.

    Tens group them by gate: 0-9 permitted, 10-39 forbidden (a rule says no), 40-49 unconfigured (nothing says
    yes), 50-59 outcome of the limits and the allocation. Of these ENOUGH_OFFERS is gate 1's too: a limit over time
    says not now, before anything else is looked at.
    """

    CONSENT_VALID = 1
    BASIS_CONTRACT = 2
    BASIS_LEGITIMATE_INTEREST = 3
    SIGNAL_CONSENT = 4
    SOFT_OPT_IN = 5
    DIRECT_MARKETING_OBJECTION = 10
    CONSENT_WITHDRAWN = 11
    CONSENT_REFUSED = 12
    CONSENT_EXPIRED = 13
    CONSENT_INVALIDATED = 14
    PERSONALISATION_OPT_OUT = 15
    MINOR = 16
    SIGNAL_OPT_OUT = 17
    SIGNAL_REFUSED = 18
    ERASED = 19
    UNDER_AGE = 21
    SPECIAL_CATEGORY = 22
    SPECIAL_ON_PLATFORM = 23
    CRIMINAL_DATA = 24
    CHANNEL_NEEDS_CONSENT = 25
    RECIPIENT_NOT_ALLOWED = 26
    TRANSFER_NOT_ALLOWED = 27
    SENSITIVE_LIMITED = 28
    SALE_UNDER_AGE = 29
    POLITICAL = 30
    CONSENT_NOT_ACTIVE = 31
    NOTICE_ENDED = 32
    VULNERABILITY = 33
    OWN_RULE = 34
    RESTRICTED = 35
    SALE_OPT_OUT = 36
    CONSENT_NEVER_ASKED = 40
    CONSENT_PENDING = 41
    CONSENT_UNKNOWN = 42
    SIGNAL_UNUSABLE = 43
    SIGNAL_UNCLEAR = 44
    NOTHING_ALLOWS = 45
    PLACE_UNKNOWN = 46
    BALANCING_NOT_VALID = 47
    CONSENT_WITHOUT_EVIDENCE = 48
    AGE_UNKNOWN = 49
    SELECTED = 50
    BEYOND_LIMITS = 51
    NO_WORTHWHILE_OFFER = 52
    DRAWN_OFFER = 53
    DRAWN_NOTHING = 54
    NOT_ELIGIBLE = 55
    ENOUGH_OFFERS = 56

    @property
    def key(self) -> str:
        """Stable word for text catalogues, JSON and SARIF, e.g. ``consent-withdrawn``."""
        return self.name.lower().replace("_", "-")

    @property
    def is_by_lot(self) -> bool:
        """The outcome was drawn, whatever the model says of the person."""
        return self in (Reason.DRAWN_OFFER, Reason.DRAWN_NOTHING)

    @property
    def is_opt_out(self) -> bool:
        """The person is addressed, and no personal data is used: they opted out, or a signal leaves that unclear."""
        return self in _OPT_OUTS

    @property
    def is_forbidden(self) -> bool:
        """A rule says no: goes to the person's own wish or to the law, and only that can change it."""
        return 10 <= self < 40

    @property
    def is_unconfigured(self) -> bool:
        """Nothing says yes: goes to the organisation, which can ask or declare."""
        return 40 <= self < 50

    @property
    def rule(self) -> str:
        """The rule id (RULES) that this reason rests on."""
        return _RULES[self]


_OPT_OUTS = frozenset(
    {
        Reason.PERSONALISATION_OPT_OUT,
        Reason.SALE_OPT_OUT,
        Reason.SALE_UNDER_AGE,
        Reason.SENSITIVE_LIMITED,
        Reason.SIGNAL_OPT_OUT,
        Reason.SIGNAL_UNCLEAR,
    }
)
_RULES = {
    Reason.CONSENT_VALID: "G-7",
    Reason.BASIS_CONTRACT: "G-6",
    Reason.BASIS_LEGITIMATE_INTEREST: "G-6f",
    Reason.DIRECT_MARKETING_OBJECTION: "G-21b",
    Reason.CONSENT_WITHDRAWN: "G-7",
    Reason.CONSENT_REFUSED: "G-7",
    Reason.CONSENT_EXPIRED: "G-7",
    Reason.CONSENT_INVALIDATED: "G-7",
    Reason.PERSONALISATION_OPT_OUT: "D-38/39",
    Reason.MINOR: "D-28",
    Reason.ERASED: "G-17",
    Reason.RESTRICTED: "G-18",
    Reason.UNDER_AGE: "G-8",
    Reason.SPECIAL_CATEGORY: "G-9",
    Reason.SPECIAL_ON_PLATFORM: "D-26-3",
    Reason.CRIMINAL_DATA: "G-10",
    Reason.CHANNEL_NEEDS_CONSENT: "E-mail, E-phone",
    Reason.RECIPIENT_NOT_ALLOWED: "G-26/28",
    Reason.TRANSFER_NOT_ALLOWED: "G-44",
    Reason.SENSITIVE_LIMITED: "C-121",
    Reason.SALE_UNDER_AGE: "C-120",
    Reason.POLITICAL: "T-18",
    Reason.CONSENT_NOT_ACTIVE: "G-7",
    Reason.NOTICE_ENDED: "G-13/14",
    Reason.VULNERABILITY: "A-5b",
    Reason.OWN_RULE: "own rule",
    Reason.NOTHING_ALLOWS: "G-6",
    Reason.PLACE_UNKNOWN: "G-6",
    Reason.BALANCING_NOT_VALID: "G-6f",
    Reason.CONSENT_WITHOUT_EVIDENCE: "G-7",
    Reason.AGE_UNKNOWN: "G-8",
    Reason.SOFT_OPT_IN: "E-mail",
    Reason.SALE_OPT_OUT: "C-120",
    Reason.SIGNAL_CONSENT: "G-7",
    Reason.SIGNAL_OPT_OUT: "C-7025",
    Reason.SIGNAL_REFUSED: "G-7",
    Reason.SIGNAL_UNUSABLE: "G-7",
    Reason.SIGNAL_UNCLEAR: "C-120",
    Reason.CONSENT_NEVER_ASKED: "G-6",
    Reason.CONSENT_PENDING: "G-7",
    Reason.CONSENT_UNKNOWN: "G-7",
    Reason.SELECTED: "D-26",
    Reason.BEYOND_LIMITS: "D-26",
    Reason.NO_WORTHWHILE_OFFER: "D-26",
    Reason.DRAWN_OFFER: "D-26",
    Reason.DRAWN_NOTHING: "D-26",
    Reason.NOT_ELIGIBLE: "D-26",
    Reason.ENOUGH_OFFERS: "D-26",
}
