"""Before a campaign starts somebody else looks at exactly its file, and what they said stands in the ledger.

An author sends the file for review, by its digest; a person with another role who is none of its authors approves or
refuses it, with a reason. A campaign whose file asks for a review, or that was ever sent for one, starts only as a file
that was approved: a changed file is another one. Source: two pairs of eyes, as of AI Act 14(5) and 26(2) by analogy.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from evenhand.policy import REVIEWERS, Campaign
from evenhand.terms import PolicyError, UsageError, in_one_line

from ._body import Reviewed, SentForReview, encode, read_body
from ._recover import append_alone, recover
from ._seal import RunKeys
from ._stop import refuse_paused
from ._store import Kind, LedgerStore

__all__ = [
    "ReviewState",
    "about_review",
    "give_review",
    "person_of",
    "refuse_stopped",
    "refuse_unreviewed",
    "review_state",
    "send_for_review",
    "unreviewed",
    "wanted_by",
]

_MOST_NAME, _MOST_REASON, _MOST_NAMES = 100, 500, 20
_MACHINE = re.compile(r" \(machine [a-z0-9-]+\)$")
_RULE = "a file that asks for a review starts as it was approved, by somebody who is not its author (AI Act 14(5))"


@dataclass(frozen=True, slots=True)
class ReviewState:
    """How the review of one campaign file stands.

    Attributes:
        state: ``none``, ``in-review``, ``approved`` or ``refused``.
        was_sent: whether any file of this campaign was ever sent for review.
        sent: number of the entry that sent this file; 0 where none did.
        last: number of the last entry about any review of this campaign; 0 where there is none.
        told: when, by whom, whom it was sent to, and what came of it, as plain values; {} where it was not sent.
    """

    state: Literal["none", "in-review", "approved", "refused"]
    was_sent: bool
    sent: int
    told: dict[str, Any]
    last: int = 0


def about_review(campaign: str) -> bytes:
    """What reviews of a campaign are filed under."""
    return b"reviewed campaign:" + campaign.encode()


def review_state(store: LedgerStore, campaign: str, digest: str) -> ReviewState:
    """How the review of a file of a campaign stands, from the ledger alone.

    Args:
        store: the ledger.
        campaign: its id.
        digest: SHA-256 (hex) of the file.

    Raises:
        LedgerError: an entry cannot be read.
    """
    was_sent, sent, last, told = False, 0, 0, dict[str, Any]()
    state: Literal["none", "in-review", "approved", "refused"] = "none"
    for seq, _, _, _, body in store.about(about_review(campaign)):
        entry, last = read_body(body, seq), seq
        if isinstance(entry, SentForReview):
            was_sent = True
            if entry.digest == digest:
                names = ("at", "authors", "by", "note", "reviewers")
                state, sent, told = "in-review", seq, {f"sent_{name}": getattr(entry, name) for name in names}
        elif isinstance(entry, Reviewed) and entry.digest == digest:
            state = "approved" if entry.verdict == "approved" else "refused"
            told |= {"verdict_at": entry.at, "by": entry.by, "role": entry.role, "reason": entry.reason}
    return ReviewState(state, was_sent, sent, told, last)


def send_for_review(
    store: LedgerStore,
    campaign: str,
    digest: str,
    *,
    by: str,
    at: datetime,
    authors: Collection[str] = (),
    reviewers: Sequence[str] = (),
    note: str = "",
    keys: RunKeys | None = None,
) -> ReviewState:
    """Send a campaign file for review.

    Args:
        store: the ledger.
        campaign: its id.
        digest: SHA-256 (hex) of exactly the file.
        by: who sends it.
        at: now.
        authors: who wrote it, besides; none of them can review it.
        reviewers: who is asked, by the names that the organisation has for them; their role is what counts.
        note: what the reviewer should know; "" = nothing.
        keys: where keys of runs are kept, for what an interrupted run left behind.

    Raises:
        UsageError: no name, something too long, or this file is in review or approved already.
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    by, note = in_one_line(by), in_one_line(note)
    wrote = sorted({in_one_line(one) for one in (*authors, by)} - {""})
    asked = [one for one in map(in_one_line, reviewers) if one]
    if not _fits(by, *wrote, *asked) or len(note) > _MOST_REASON or len(asked) > _MOST_NAMES:
        raise _unsigned("sent for review", "a name is missing, or something is too long")
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        before = review_state(store, campaign, digest)
        if before.state in ("in-review", "approved"):
            raise UsageError(
                "review-open" if before.state == "in-review" else "review-done",
                f"This file of the campaign {campaign} is {before.state} already (ledger entry {before.sent}).",
                rule="one review for one file",
                remedy="nothing; wait for the reviewer" if before.state == "in-review" else "nothing; it can start",
            )
        body = SentForReview(at.isoformat(), wrote, by, campaign, digest, note, asked)
        append_alone(store, tail, [(Kind.SENT_FOR_REVIEW, about_review(campaign), encode(body))])
        return review_state(store, campaign, digest)
    finally:
        store.release()


def give_review(
    store: LedgerStore,
    campaign: str,
    digest: str,
    verdict: Literal["approved", "refused"],
    *,
    by: str,
    roles: Collection[str],
    reason: str,
    at: datetime,
    wanted: Sequence[str] = REVIEWERS[:1],
    keys: RunKeys | None = None,
) -> ReviewState:
    """Say what came of a review.

    Args:
        store: the ledger.
        campaign: its id.
        digest: SHA-256 (hex) of the file that was looked at.
        verdict: ``approved`` or ``refused``.
        by: who looked.
        roles: that they have.
        reason: why, for the author.
        at: now.
        wanted: the roles of which one is needed.
        keys: as of `send_for_review`.

    Raises:
        UsageError: no name or reason, the wrong role, an author, or this file is not in review.
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    by, reason = in_one_line(by), in_one_line(reason)
    if not _fits(by) or not reason or len(reason) > _MOST_REASON:
        raise _unsigned("reviewed", "a name or a reason is missing or too long")
    role = next((one for one in wanted if one in roles), None)
    if role is None:
        raise UsageError(
            "review-role",
            f"The campaign {campaign} was not reviewed: that takes the role {' or '.join(wanted)}.",
            rule=_RULE,
            remedy="ask somebody who has that role",
        )
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        before = review_state(store, campaign, digest)
        if before.state != "in-review":
            raise UsageError(
                "review-not-open",
                f"This file of the campaign {campaign} is not in review (it is: {before.state}).",
                rule="what is reviewed is exactly the file that was sent",
                remedy="look at the file as it is now; its author sends it for review",
            )
        if person_of(by) in set(map(person_of, before.told["sent_authors"])):
            raise UsageError(
                "review-own",
                f"The campaign {campaign} was not reviewed: whoever reviews it wrote it or sent it.",
                rule=_RULE,
                remedy="somebody else with that role reviews it",
            )
        body = Reviewed(at.isoformat(), by, campaign, digest, reason, role, before.sent, verdict)
        append_alone(store, tail, [(Kind.REVIEWED, about_review(campaign), encode(body))])
        return review_state(store, campaign, digest)
    finally:
        store.release()


def unreviewed(campaign: Campaign, found: ReviewState) -> PolicyError | None:
    """Why a campaign may not start as its review stands; None where it may.

    Args:
        campaign: that would start.
        found: of exactly its file.
    """
    if found.state == "approved" or (campaign.review is None and not found.was_sent):
        return None
    how = {"none": "was not reviewed as it is now", "in-review": "is in review", "refused": "was refused"}[found.state]
    asked = found.told.get("sent_reviewers") or wanted_by(campaign)
    remedy = {
        "none": "send it for review; a changed file needs a review of its own",
        "in-review": f"wait for the review ({', '.join(asked)})",
        "refused": f"change what was refused (ledger entry {found.sent} and after), and send it again",
    }[found.state]
    return PolicyError(
        "campaign-not-reviewed",
        f"The campaign {campaign.campaign} {how}, so it does not start.",
        rule=_RULE,
        remedy=remedy,
    )


def wanted_by(campaign: Campaign) -> tuple[str, ...]:
    """The roles of which one is needed for its review."""
    return REVIEWERS[:1] if campaign.review is None else campaign.review.by


def refuse_unreviewed(store: LedgerStore, campaign: Campaign, digest: str) -> None:
    """Let nothing start that needs a review and was not approved.

    Args:
        store: the ledger.
        campaign: that would start.
        digest: SHA-256 (hex) of its file.

    Raises:
        PolicyError: it was not approved as it is.
    """
    refusal = unreviewed(campaign, review_state(store, campaign.campaign, digest))
    if refusal is not None:
        raise refusal


def refuse_stopped(store: LedgerStore, campaign: Campaign, digest: str, priced_by: str = "") -> None:
    """Let nothing start that was paused, or that finds its own prices and was not approved; see `refuse_paused`.

    Raises:
        PausedError, PolicyError: it may not.
    """
    refuse_paused(store, campaign.campaign, priced_by)
    if not priced_by:
        refuse_unreviewed(store, campaign, digest)


def person_of(name: str) -> str:
    """Who is named, whatever machine they asked through: names of people are followed by ``(machine NAME)`` there."""
    return _MACHINE.sub("", name).casefold()


def _fits(*names: str) -> bool:
    return all(0 < len(name) <= _MOST_NAME for name in names)


def _unsigned(what: str, why: str) -> UsageError:
    return UsageError(
        "review-unsigned",
        f"The campaign was not {what}: {why}.",
        rule="a named person sends a campaign for review, and another one gives the reason of its review",
        remedy=f"give a name (at most {_MOST_NAME} characters) and a reason (at most {_MOST_REASON})",
    )
