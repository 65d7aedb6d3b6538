"""Verification of reviews: given once, by another than the author; and no run starts of a file that none approved."""

from __future__ import annotations

from collections.abc import Callable

from ._body import Reviewed, RunStarted, SentForReview
from ._review import person_of

__all__ = ["ReviewInspector"]


class ReviewInspector:
    """Keeps track of which files of which campaigns were approved, entry by entry.

    Args:
        bad: told the number of an entry and what is wrong with it.
    """

    def __init__(self, bad: Callable[[int, str], None]) -> None:
        self._bad = bad
        self._open: dict[tuple[str, str], tuple[int, frozenset[str]]] = {}
        self._approved: set[tuple[str, str]] = set()
        self._sent: set[str] = set()

    def entry(self, seq: int, body: object) -> None:
        """Look at the next entry that is not a decision."""
        if isinstance(body, SentForReview):
            key = (body.campaign, body.digest)
            if key in self._open or not body.by or body.by not in body.authors:
                self._bad(seq, f"Entry {seq} sends for review what is in review, or no author is named.")
            self._open[key] = (seq, frozenset(map(person_of, body.authors)))
            self._approved.discard(key)
            self._sent.add(body.campaign)
        elif isinstance(body, Reviewed):
            sent, authors = self._open.pop((body.campaign, body.digest), (0, frozenset()))
            is_signed = body.by and body.reason and body.role and body.verdict in ("approved", "refused")
            if sent != body.sent or not sent or not is_signed or person_of(body.by) in authors:
                self._bad(seq, f"Entry {seq} reviews what was not sent, or without a reason, or by its own author.")
            if body.verdict == "approved":
                self._approved.add((body.campaign, body.digest))
        elif isinstance(body, RunStarted) and body.name in self._sent:
            self.started(seq, body)

    def started(self, seq: int, body: RunStarted) -> None:
        """A run of a campaign that needs a review: of a file that was approved, or with an earlier run's prices."""
        if not body.priced_by and (body.name, body.campaign_file) not in self._approved:
            self._bad(seq, f"Run {body.run} started although its campaign file was not approved.")
