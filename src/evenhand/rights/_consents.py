"""What a person said about one purpose, with the evidence that they said it (GDPR 7(1))."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any

from evenhand.policy import EVIDENCE_NAMES, is_known, nearest_purpose, purpose_term
from evenhand.terms import ConsentStatus, UsageError, microseconds_of, moment_at

__all__ = ["SAYINGS", "SIGNALS", "Said", "is_no", "permits_on", "said_by_signal", "said_now", "standing_of"]

SAYINGS = MappingProxyType(
    {
        "give": ("consent", "ConsentGiven"),
        "renew": ("consent", "RenewedConsentGiven"),
        "refuse": ("consent", "ConsentRefused"),
        "withdraw": ("consent", "ConsentWithdrawn"),
        "object": ("objection", "Objected"),
        "take-back-objection": ("objection", "ObjectionWithdrawn"),
        "opt-out": ("opt_out", "OptedOut"),
        "take-back-opt-out": ("opt_out", "OptOutWithdrawn"),
        "opt-out-of-sale": ("sale", "SaleOptedOut"),
        "take-back-opt-out-of-sale": ("sale", "SaleOptOutWithdrawn"),
        "switch-off": ("factor", "SwitchedOff"),
        "switch-on": ("factor", "SwitchedOn"),
        "restrict": ("restriction", "Restricted"),
        "lift-restriction": ("restriction", "RestrictionLifted"),
    }
)
"""What can be said in one word, as kind and status of a consent record."""
SIGNALS = MappingProxyType({"tcf": "TCF", "gpp": "GPP", "us_privacy": "us_privacy", "gpc": "Sec-GPC"})
"""What browsers and apps send, kept as it came, with the method that a record of it names."""
BROWSER_METHODS = frozenset({"browser signal", *SIGNALS.values()})
"""Methods of what a browser or an app said for a person."""

_NO = frozenset(
    {
        "SwitchedOff",
        "ConsentRefused",
        "ConsentWithdrawn",
        "Objected",
        "OptedOut",
        "SaleOptedOut",
        "Restricted",
        "SignalledNo",
    }
)
_PERMITS = frozenset(status.value for status in ConsentStatus if status.permits)
_FORMS = ("ExplicitlyExpressedConsent", "ExpressedConsent", "ImpliedConsent", "InformedConsent", "UninformedConsent")
_RARE = ("signal", "via")
"""Fields that most records do not have, and which are written out only where they say something."""
_SHORT = 8
"""Characters of a signal that many people send alike, such as ``1YNN``."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Said:
    """One record: what was said, when, how, and after reading what.

    Attributes:
        kind: ``consent``, ``objection``, ``opt_out``, ``sale``, ``restriction``, ``factor``, ``minor`` or ``signal``.
        purpose: a DPV term; "" where none was named. Of a factor its column, of a signal its name in `SIGNALS`.
        status: see `permission.ConsentBook.from_columns`.
        at: when it was said.
        notice: version of the notice that was shown; "" where unknown.
        notice_hash: SHA-256 (hex) of the text that was shown; "" where unknown.
        language: of that text.
        method: how it was said, e.g. ``web form``.
        actor: who entered it: ``person``, or a role or staff number.
        form: ``ExplicitlyExpressedConsent`` where it was explicit, or another DPV form; "" where that was not said.
        signal: of a signal the string itself, as it came: the evidence, and what gate 1 reads.
        via: the machine that passed it on; "" where no machine did.
    """

    kind: str
    purpose: str
    status: str
    at: datetime
    notice: str = ""
    notice_hash: str = ""
    language: str = ""
    method: str = ""
    actor: str = "person"
    form: str = ""
    signal: str = field(default="", repr=False)
    via: str = ""

    @property
    def is_by_browser(self) -> bool:
        """Whether a browser or an app said it for the person."""
        return self.kind == "signal" or self.method in BROWSER_METHODS

    @property
    def is_no(self) -> bool:
        """Whether the person's own no."""
        return is_no(self.status)

    @property
    def key(self) -> tuple[str, str, str, datetime]:
        """What makes two records the same."""
        return self.kind, self.purpose, self.status, self.at

    @property
    def microseconds(self) -> int:
        """`at`, since 1970 (UTC)."""
        return microseconds_of(self.at)

    @property
    def private(self) -> dict[str, str]:
        """What of it is kept encrypted under the person's key: a string that says more of them than yes or no."""
        return {"signal": self.signal} if len(self.signal) > _SHORT else {}

    def to_body(self) -> bytes:
        """What an entry of the trail says openly; what is `private` is not in it."""
        evidence = {name: getattr(self, name) for name in EVIDENCE_NAMES}
        content = {"kind": self.kind, "purpose": self.purpose, "status": self.status}
        content |= {name: value for name, value in evidence.items() if value}
        hidden = self.private
        content |= {name: value for name in _RARE if name not in hidden and (value := getattr(self, name))}
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    @classmethod
    def from_body(cls, body: bytes, at: int) -> Said:
        """Back from an entry's body and moment (microseconds since 1970, UTC)."""
        return cls(at=moment_at(at), **{"actor": "", **json.loads(body)})

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        unsaid = {"at", *(name for name in _RARE if not getattr(self, name))}
        return {name: getattr(self, name) for name in Said.__slots__ if name not in unsaid} | {
            "at": self.at.isoformat()
        }


def is_no(status: str) -> bool:
    """Whether a status is the person's own no.

    Example:
        >>> is_no("Objected"), is_no("ConsentExpired")
        (True, False)
    """
    return status in _NO


def said_now(word: str, purpose: str, at: datetime, **evidence: str) -> Said:
    """A record of something that can be said in one word.

    Args:
        word: one of `SAYINGS`.
        purpose: a DPV term, bare or as IRI; "" = all marketing, for a no. Of a factor the name of its column.
        at: now.
        evidence: notice, notice_hash, language, method, actor, form.

    Raises:
        UsageError: the purpose is no DPV term of marketing, a yes names none, a hash is none, or a form is none of DPV.

    Example:
        >>> said_now("withdraw", "dpv:DirectMarketing", datetime(2026, 1, 1, tzinfo=UTC)).status
        'ConsentWithdrawn'
    """
    kind, status = SAYINGS[word]
    term = purpose.strip() if kind == "factor" else purpose_term(purpose)
    if kind == "factor" and not term:
        raise UsageError(
            "consent-factor",
            "No column is named.",
            rule="a person switches off one fact that may not count",
            remedy="name the feature column, as the campaign file has it",
        )
    if kind != "factor" and ((not term and kind == "consent") or (term and not is_known(term))):
        near = nearest_purpose(term)
        raise UsageError(
            "consent-purpose",
            "The purpose is no purpose that evenhand knows." if term else "No purpose is named.",
            rule="G-5b, G-7: consent is for one specific purpose, a DPV term below Marketing",
            remedy=(f"did you mean {near}? " if near else "") + "see docs/reference/campaign-file.md, purpose",
        )
    if evidence.get("notice_hash") and not _HASH.fullmatch(evidence["notice_hash"]):
        raise UsageError(
            "consent-notice-hash",
            "The hash of the notice is not 64 hex digits.",
            rule="G-7: the text that was shown can be proved by its SHA-256",
            remedy="pass the file with --notice-file, and it is worked out",
        )
    form = evidence.get("form", "").removeprefix("dpv:")
    if form and form not in _FORMS:
        raise UsageError(
            "consent-form",
            "The form of the consent is none that DPV knows.",
            rule="G-7, G-9: how consent was expressed is told in a word that others can read",
            remedy=f"choose one of: {', '.join(_FORMS)}",
        )
    return Said(kind, term, status, at, **evidence | ({"form": form} if form else {}))


def said_by_signal(name: str, signal: str, at: datetime, *, says_no: bool, actor: str, via: str = "") -> Said:
    """A record of what a browser or an app said.

    Args:
        name: one of `SIGNALS`.
        signal: the string as it came.
        at: when it was received.
        says_no: whether it says no to anything that the organisation does.
        actor: who passed it on.
        via: the machine that passed it on, if one did.
    """
    status = "SignalledNo" if says_no else "Signalled"
    return Said("signal", name, status, at, method=SIGNALS[name], actor=actor, signal=signal, via=via)


def standing_of(history: Iterable[Said], at: datetime) -> Mapping[tuple[str, str], Said]:
    """The latest record of each kind and purpose as of a moment; of two at the same moment the one that says no."""
    latest: dict[tuple[str, str], Said] = {}
    for one in history:
        if one.at <= at:
            key = (one.kind, one.purpose)
            before = latest.get(key)
            if before is None or (one.at, one.is_no) >= (before.at, before.is_no):
                latest[key] = one
    return latest


def permits_on(history: Sequence[Said], purpose: str, day: date) -> bool:
    """Whether consent for exactly a purpose stood through a whole day (UTC): a day on which it ended counts as ended.

    It answers "was there consent on that day", for evidence. What a decision may use is gate 1's to say, which also
    looks at objections and broader purposes.

    Example:
        >>> given = Said("consent", "DirectMarketing", "ConsentGiven", datetime(2024, 1, 1, tzinfo=UTC))
        >>> permits_on([given], "DirectMarketing", date(2023, 12, 31)), permits_on([given], "DirectMarketing",
        ...            date(2024, 1, 1))
        (False, True)
    """
    end = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1) - timedelta(microseconds=1)
    latest = standing_of(history, end).get(("consent", purpose))
    return latest is not None and latest.status in _PERMITS
