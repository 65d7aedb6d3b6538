"""Verification of how campaigns stand: each pause from an alarm or a named person, and no run starts that may not."""

from __future__ import annotations

from collections.abc import Callable

from ._body import Alarm, FellBack, Paused, PausedBy, Resumed, Reviewed, RunStarted, SentForReview
from ._inspect_review import ReviewInspector
from ._pause import about_campaign
from ._review import about_review
from ._stop import OFFICER
from ._store import Kind

__all__ = ["PauseInspector", "filed_as"]

_KINDS: dict[type, Kind] = {
    Alarm: Kind.ALARM,
    FellBack: Kind.FELL_BACK,
    Paused: Kind.PAUSED,
    PausedBy: Kind.PAUSED_BY,
    Resumed: Kind.RESUMED,
    Reviewed: Kind.REVIEWED,
    SentForReview: Kind.SENT_FOR_REVIEW,
}


def filed_as(body: object) -> tuple[Kind, bytes] | None:
    """Kind and about of an entry that says how a campaign stands; None of another one."""
    if isinstance(body, Reviewed | SentForReview):
        return _KINDS[type(body)], about_review(body.campaign)
    if isinstance(body, Alarm | FellBack | Paused | PausedBy | Resumed):
        return _KINDS[type(body)], about_campaign(body.campaign)
    return None


class PauseInspector:
    """Keeps track of which campaigns are paused or fell back, entry by entry.

    Args:
        bad: told the number of an entry and what is wrong with it.
    """

    def __init__(self, bad: Callable[[int, str], None]) -> None:
        self._bad, self.reviews = bad, ReviewInspector(bad)
        self._stopping: dict[int, tuple[str, str]] = {}
        self._paused: dict[str, tuple[int, str]] = {}
        self._set_as: dict[int, str] = {}
        self._due: tuple[int, str] | None = None

    def entry(self, seq: int, body: object) -> None:
        """Look at the next entry that is not a decision."""
        self.reviews.entry(seq, body)
        if isinstance(body, Alarm):
            if body.then != "notify":
                self._stopping[seq] = (body.campaign, body.then)
                if self._due is None and not self._is_paused(body.campaign):
                    self._due = (seq, body.campaign)
            return
        self._settle(body)
        if isinstance(body, Paused | FellBack):
            self._stopped(seq, body)
        elif isinstance(body, PausedBy):
            over = body.role == OFFICER and self._set_as.get(self._paused.get(body.campaign, (0, ""))[0]) != OFFICER
            if (self._is_paused(body.campaign) and not over) or not body.by or not body.reason:
                self._bad(seq, f"Entry {seq} pauses a campaign that is paused, or no person or no reason is named.")
            self._paused[body.campaign] = (seq, "")
            self._set_as[seq] = body.role
        elif isinstance(body, Resumed):
            if self._paused.pop(body.campaign, (0, ""))[0] != body.pause:
                self._bad(seq, f"Entry {seq} ends a pause in entry {body.pause}, and there is none.")
            set_as = self._set_as.get(body.pause, "")
            if set_as and body.role not in (set_as, OFFICER):
                self._bad(seq, f"Entry {seq} ends a pause that another role set.")
            if not body.by or not body.reason:
                self._bad(seq, f"Entry {seq} ends a pause, and no person or no reason is named.")
        elif isinstance(body, RunStarted) and body.name in self._paused:
            pause, policy = self._paused[body.name]
            if not policy or body.priced_by != policy:
                self._bad(seq, f"Run {body.run} started although its campaign was paused in entry {pause}.")

    def end(self) -> None:
        """Look whether an alarm at the end still waits for its pause."""
        self._settle(None)

    def _is_paused(self, campaign: str) -> bool:
        """Whether it is paused altogether; one that fell back can fall further, or be paused."""
        return campaign in self._paused and not self._paused[campaign][1]

    def _stopped(self, seq: int, body: Paused | FellBack) -> None:
        campaign, then = self._stopping.get(body.alarm, ("", ""))
        asked = campaign == body.campaign and (isinstance(body, Paused) or then == "fall_back")
        if not asked or self._is_paused(body.campaign):
            self._bad(seq, f"Entry {seq} stops a campaign, and entry {body.alarm} is no alarm that asks for it.")
        self._paused[body.campaign] = (seq, body.policy if isinstance(body, FellBack) else "")

    def _settle(self, following: object) -> None:
        """Alarms that stop their campaign are followed at once by what does so."""
        if self._due is None:
            return
        seq, campaign = self._due
        self._due = None
        if not isinstance(following, Paused | FellBack) or following.campaign != campaign:
            self._bad(seq, f"Entry {seq} is an alarm that pauses its campaign, and no pause follows it.")
