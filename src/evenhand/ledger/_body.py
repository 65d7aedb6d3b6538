"""The bodies of entries: canonical JSON (keys in byte order, no spaces, integers and strings only).

Keys are declared in byte order and a value that equals its default is left out, so one body has one spelling. The
short keys of a decision are documented in docs/reference/ledger.md.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import msgspec

from evenhand.terms import LedgerError

__all__ = [
    "Alarm",
    "AnsweredOnce",
    "Decision",
    "Document",
    "FellBack",
    "GroupsForgotten",
    "Paused",
    "PausedBy",
    "Resumed",
    "Reviewed",
    "RunAbandoned",
    "RunExpired",
    "RunFinished",
    "RunStarted",
    "SealedDecision",
    "SentForReview",
    "SubjectErased",
    "VaultNoted",
    "digest_of",
    "encode",
    "read_body",
    "text_of",
]


class Decision(msgspec.Struct, tag="decision", tag_field="@", omit_defaults=True, forbid_unknown_fields=True, gc=False):
    """One decision; meanings as in `terms.DecisionFacts`. A refused person's is short: most stays at its default."""

    at: int = 0
    c: str = ""
    co: int = 0
    e: list[int] = []
    fc: int = 0
    ft: int = -1
    g: int = 0
    li: list[int] = []
    m: int = 0
    mv: int = 0
    n: int = 0
    o: int = -1
    of: list[int] = []
    p: int = 0
    pr: int = 0
    r: int = 0
    rc: int = 0
    rp: int = 0
    ru: int = -1
    rv: int = 0
    s: str = ""
    sc: int = 0
    st: int = 0
    tc: list[int] = []
    tt: list[int] = []
    u: int = 0
    v: int = 0
    x: str = ""


class SealedDecision(msgspec.Struct, tag="sealed-decision", tag_field="@", forbid_unknown_fields=True, gc=False):
    """A decision of which the chain holds a commitment only: `d` is SHA-256 (hex) of salt and body, `h` the handle of
    the person (hex). The body is kept beside the chain under the person's key."""

    d: str
    h: str


class SubjectErased(msgspec.Struct, tag="subject-erased", tag_field="@", forbid_unknown_fields=True):
    """The key of the person with a handle (hex) was destroyed, because they asked or because time was up: what was
    decided about them cannot be read any more, by anybody."""

    at: str
    handle: str


class RunExpired(msgspec.Struct, tag="run-expired", tag_field="@", forbid_unknown_fields=True):
    """What a run decided was destroyed, because its time was up: the kept bodies of entries `first` to `last`."""

    at: str
    first: int
    last: int
    run: str


class AnsweredOnce(msgspec.Struct, tag="answered-once", tag_field="@", forbid_unknown_fields=True, gc=False):
    """The decisions `first` to `last` of a run answer what was asked under a key, which answers nothing else ever.
    `key` is a keyed digest (hex) of that key, `asked` one of what was asked."""

    asked: str
    first: int
    key: str
    last: int
    run: str


class Document(msgspec.Struct, tag="document", tag_field="@", forbid_unknown_fields=True):
    """A text that runs refer to by its SHA-256 (hex): a campaign, a model, a summary. Each stands here once."""

    digest: str
    text: str


class RunStarted(
    msgspec.Struct, tag="run-started", tag_field="@", kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a run stands on. Its decisions follow it directly, numbered from 1. `seal` is the mark of its key, where it
    has one: then its personalised decisions have a sealed part. A run that decided with the prices of an earlier one
    names their digest in `priced_by`, and in `room` (a JSON text) what it could use of each limit. `rules` is the
    digest of the rules that decided who may be addressed; `balancing` what there was of a signed balancing record."""

    at: str
    balancing: str = ""
    campaign: str
    campaign_file: str
    data: str
    layout: list[int]
    model: str
    name: str
    priced_by: str = ""
    room: str = ""
    rules: str = ""
    run: str
    seal: str = ""
    seed: int
    version: str


class RunFinished(
    msgspec.Struct, tag="run-finished", tag_field="@", kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a run came to. `allocations` is a JSON text: limits, prices and certificate of each recorded batch; `policy`
    the digest of the price policy that later people can be decided with; `further` counts decisions about a person's
    second offer, or a later one."""

    allocations: str
    contextual: int
    decisions: int
    further: int = 0
    offers: list[int]
    personalised: int
    policy: str = ""
    refused: int
    run: str
    summary: str


class RunAbandoned(msgspec.Struct, tag="run-abandoned", tag_field="@", forbid_unknown_fields=True):
    """A run that started and of which nothing was recorded; found by the next start."""

    at: str
    found: str
    run: str
    why: str


class GroupsForgotten(msgspec.Struct, tag="groups-forgotten", tag_field="@", forbid_unknown_fields=True):
    """The key of a run was destroyed: what its decisions have sealed cannot be read any more, by anybody."""

    at: str
    run: str


class Alarm(msgspec.Struct, tag="alarm", tag_field="@", kw_only=True, forbid_unknown_fields=True):
    """A monitor said that a difference between groups shows; what it may tell of that. Meanings as in `AlarmRaised`.
    `clause` and `figures` are JSON texts; `then` is what the clause asks for."""

    at: str
    beside: list[str]
    campaign: str
    clause: str
    direction: int
    event: int
    events: int
    features: list[str]
    figures: str
    group: list[str]
    kind: str
    offer: str
    then: str
    watch: str


class Paused(msgspec.Struct, tag="paused", tag_field="@", forbid_unknown_fields=True):
    """The campaign was paused by the alarm in an entry: no run of it starts until it is resumed."""

    alarm: int
    at: str
    campaign: str


class PausedBy(msgspec.Struct, tag="paused-by", tag_field="@", omit_defaults=True, forbid_unknown_fields=True):
    """A named person paused the campaign, and said why: no run of it starts until it is resumed. `role` is the role in
    which they did; with one, only that role and a privacy officer resume it."""

    at: str
    by: str
    campaign: str
    reason: str
    role: str = ""


class FellBack(msgspec.Struct, tag="fell-back", tag_field="@", forbid_unknown_fields=True):
    """The campaign fell back, by the alarm in an entry, to the prices of an earlier run: later people are decided with
    those, and no run finds new ones until it is resumed. Evidence starts anew from here. `policy` is their digest."""

    alarm: int
    at: str
    campaign: str
    policy: str
    run: str


class Resumed(msgspec.Struct, tag="resumed", tag_field="@", omit_defaults=True, forbid_unknown_fields=True):
    """A named person ended the pause that an entry began, and said why, in the role that is named; evidence starts anew
    from here."""

    at: str
    by: str
    campaign: str
    pause: int
    reason: str
    role: str = ""


class SentForReview(msgspec.Struct, tag="sent-for-review", tag_field="@", forbid_unknown_fields=True):
    """An author sent the file of a campaign for review, by its SHA-256 (hex); none of its `authors` may review it.
    `reviewers` are the names of who was asked, `note` what they should know."""

    at: str
    authors: list[str]
    by: str
    campaign: str
    digest: str
    note: str
    reviewers: list[str]


class Reviewed(msgspec.Struct, tag="reviewed", tag_field="@", forbid_unknown_fields=True):
    """A person approved or refused (`verdict`) the file that an entry (`sent`) sent for review, in a role, and why."""

    at: str
    by: str
    campaign: str
    digest: str
    reason: str
    role: str
    sent: int
    verdict: str


class VaultNoted(msgspec.Struct, tag="vault-noted", tag_field="@", forbid_unknown_fields=True):
    """How far the log of the vault went: the number and the seal (hex) of its last line."""

    at: str
    line: int
    seal: str


Body = (
    Alarm
    | AnsweredOnce
    | Decision
    | Document
    | FellBack
    | GroupsForgotten
    | Paused
    | PausedBy
    | Resumed
    | Reviewed
    | SealedDecision
    | SentForReview
    | SubjectErased
    | RunExpired
    | RunStarted
    | RunFinished
    | RunAbandoned
    | VaultNoted
)

encode = msgspec.json.Encoder().encode
_decoder: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


def read_body(body: bytes, seq: int) -> Body:
    """Parse one entry's body.

    Raises:
        LedgerError: it is not a body that evenhand writes.
    """
    try:
        return _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # msgspec lets a tag of broken text through
        raise LedgerError(
            "ledger-unreadable",
            f"Entry {seq} of the ledger cannot be read.",
            rule="G-5-2",
            remedy="Run `evenhand ledger verify`, and restore the ledger from a copy that verifies.",
        ) from None


def text_of(value: Mapping[str, object]) -> str:
    """Canonical JSON text of a mapping: sorted keys, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(text: str) -> str:
    """SHA-256 (hex) of a text in UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
