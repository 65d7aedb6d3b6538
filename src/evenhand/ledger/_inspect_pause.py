"""Verification of alarms, pauses and resumptions: each follows from one before it, and no run starts in a pause."""

from __future__ import annotations

from collections.abc import Callable

from ._body import Alarm, Paused, Resumed, RunStarted

__all__ = ["PauseInspector"]


class PauseInspector:
    """Keeps track of which campaigns are paused, entry by entry.

    Args:
        bad: told the number of an entry and what is wrong with it.
    """

    def __init__(self, bad: Callable[[int, str], None]) -> None:
        self._bad = bad
        self._pausing: dict[int, str] = {}
        self._paused: dict[str, int] = {}
        self._due: tuple[int, str] | None = None

    def entry(self, seq: int, body: object) -> None:
        """Look at the next entry that is not a decision."""
        if not isinstance(body, Alarm):
            self._settle(body)
        if isinstance(body, Alarm):
            if body.then == "pause":
                self._pausing[seq] = body.campaign
                if self._due is None and body.campaign not in self._paused:
                    self._due = (seq, body.campaign)
        elif isinstance(body, Paused):
            if body.campaign in self._paused or self._pausing.get(body.alarm) != body.campaign:
                self._bad(seq, f"Entry {seq} pauses a campaign, and entry {body.alarm} is no alarm that asks for it.")
            self._paused[body.campaign] = seq
        elif isinstance(body, Resumed):
            if self._paused.pop(body.campaign, 0) != body.pause:
                self._bad(seq, f"Entry {seq} ends a pause in entry {body.pause}, and there is none.")
            if not body.by or not body.reason:
                self._bad(seq, f"Entry {seq} ends a pause, and no person or no reason is named.")
        elif isinstance(body, RunStarted) and body.name in self._paused:
            pause = self._paused[body.name]
            self._bad(seq, f"Run {body.run} started although its campaign was paused in entry {pause}.")

    def end(self) -> None:
        """Look whether an alarm at the end still waits for its pause."""
        self._settle(None)

    def _settle(self, following: object) -> None:
        """Alarms that pause are followed by their pause, at once."""
        if self._due is None:
            return
        seq, campaign = self._due
        self._due = None
        if not isinstance(following, Paused) or following.campaign != campaign:
            self._bad(seq, f"Entry {seq} is an alarm that pauses its campaign, and no pause follows it.")
