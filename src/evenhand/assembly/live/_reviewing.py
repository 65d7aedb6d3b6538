"""Sending a campaign file for review, and reviewing it, in the ledger of a home; and what is told of that."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from evenhand.adapters.declared.campaign_files import LoadedCampaign, load_campaign
from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import (
    ReviewState,
    give_review,
    refuse_unreviewed,
    review_state,
    send_for_review,
    unreviewed,
    wanted_by,
)

from ..records._ledger import has_ledger, ledger_of, run_keys_of
from ..records._records import open_ledger
from ._campaign_told import error_block
from ._standing import when_free

__all__ = [
    "ReviewedFile",
    "refuse_not_approved",
    "review_campaign",
    "review_named",
    "review_of",
    "review_told",
    "send_campaign",
    "send_named",
]

Verdict = Literal["approved", "refused"]


@dataclass(frozen=True, slots=True)
class ReviewedFile:
    """How the review of a campaign file stands.

    Attributes:
        campaign: its id.
        digest: SHA-256 (hex) of the file.
        needed: whether a start needs an approval.
        state: ``none``, ``in-review``, ``approved`` or ``refused``.
        told: of it; see `ledger.ReviewState`.
    """

    campaign: str
    digest: str
    needed: bool
    state: str
    told: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        own = {"campaign": self.campaign, "digest": self.digest, "needed": self.needed, "state": self.state}
        return {**own, **self.told}


def send_campaign(
    campaign_file: Path,
    *,
    by: str,
    reviewers: Sequence[str] = (),
    note: str = "",
    home: Path | None = None,
    at: datetime,
) -> ReviewedFile:
    """Send a campaign file for review: from here on it starts only as somebody else approved it.

    Args:
        campaign_file: the campaign.
        by: who sends it, and so cannot review it.
        reviewers: names of who is asked.
        note: what they should know.
        home: the home folder; see `find_home`.
        at: now.

    Raises:
        PolicyError: the file cannot run.
        UsageError: no name, or this file is in review or approved already.
        StoreError: the ledger is being written for long.
    """
    loaded, place = _located(campaign_file, home, at)
    found = send_named(place, loaded, authors=(), by=by, reviewers=reviewers, note=note, at=at)
    return _file(loaded, found)


def review_campaign(
    campaign_file: Path,
    verdict: Verdict,
    *,
    by: str,
    roles: Collection[str],
    reason: str,
    home: Path | None = None,
    at: datetime,
) -> ReviewedFile:
    """Approve or refuse a campaign file that is in review.

    Args:
        campaign_file: the campaign, exactly as it was sent.
        verdict: ``approved`` or ``refused``.
        by: who looked at it.
        roles: that they have.
        reason: why.
        home: the home folder; see `find_home`.
        at: now.

    Raises:
        PolicyError: the file cannot run.
        UsageError: no name or reason, the wrong role, its own author, or this file is not in review.
        StoreError: there is no ledger, or it is being written for long.
    """
    loaded, place = _located(campaign_file, home, at)
    found = review_named(place, loaded, verdict, by=by, roles=roles, reason=reason, at=at)
    return _file(loaded, found)


def review_of(campaign_file: Path, *, home: Path | None = None, at: datetime) -> ReviewedFile:
    """How the review of a campaign file stands; nothing is written.

    Args:
        campaign_file, home, at: as of `send_campaign`.
    """
    loaded, place = _located(campaign_file, home, at)
    if not has_ledger(place):
        return _file(loaded, ReviewState("none", False, 0, {}))
    with open_ledger(place) as store:
        return _file(loaded, review_state(store, loaded.campaign.campaign, loaded.digest))


def send_named(
    place: Home,
    loaded: LoadedCampaign,
    *,
    authors: Collection[str],
    by: str,
    reviewers: Sequence[str],
    note: str,
    at: datetime,
) -> ReviewState:
    """As `send_campaign`, of a campaign that was read, with the authors that are known."""
    more: dict[str, Any] = {"by": by, "at": at, "authors": authors, "reviewers": reviewers, "note": note}
    name, digest, keys = loaded.campaign.campaign, loaded.digest, run_keys_of(place)
    place.key(make=True)  # a review may be the first entry of its home
    return when_free(place, lambda store: send_for_review(store, name, digest, **more, keys=keys))


def review_named(
    place: Home,
    loaded: LoadedCampaign,
    verdict: Verdict,
    *,
    by: str,
    roles: Collection[str],
    reason: str,
    at: datetime,
) -> ReviewState:
    """As `review_campaign`, of a campaign that was read."""
    more: dict[str, Any] = {"by": by, "roles": roles, "reason": reason, "at": at, "wanted": wanted_by(loaded.campaign)}
    name, digest, keys = loaded.campaign.campaign, loaded.digest, run_keys_of(place)
    return when_free(place, lambda store: give_review(store, name, digest, verdict, **more, keys=keys))


def refuse_not_approved(place: Home, loaded: LoadedCampaign) -> None:
    """Let a campaign that needs a review and has none not start; the ledger looks again when a run begins.

    Raises:
        PolicyError: it was not approved as it is.
    """
    if has_ledger(place) or loaded.campaign.review is not None:
        place.key(make=True)
        with ledger_of(place) as store:
            refuse_unreviewed(store, loaded.campaign, loaded.digest)


def review_told(loaded: LoadedCampaign | None, state: ReviewState) -> dict[str, Any] | None:
    """What is told of the review of a campaign, and what it has against a start; None where no file can be read."""
    if loaded is None:
        return None
    refusal = unreviewed(loaded.campaign, state)
    owner = "reviewer" if state.state == "in-review" else "marketer"
    block = None if refusal is None else error_block(refusal) | {"owner": owner}
    return {**_file(loaded, state).to_dict(), "reviewed_by": list(wanted_by(loaded.campaign)), "block": block}


def _located(campaign_file: Path, home: Path | None, at: datetime) -> tuple[LoadedCampaign, Home]:
    return load_campaign(campaign_file, at=at), find_home(home, campaign_file=campaign_file)


def _file(loaded: LoadedCampaign, state: ReviewState) -> ReviewedFile:
    needed = loaded.campaign.review is not None or state.was_sent
    return ReviewedFile(loaded.campaign.campaign, loaded.digest, needed, state.state, state.told)
