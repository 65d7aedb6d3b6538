"""What whoever manages a service (systemd) is told: that it is ready, and then, again and again, that it moves.

Whoever decides can be stopped, or stuck in a step that does not end, and then nothing in the process says so. So where
the manager asks for it, it hears a word every few seconds for as long as the loop that passes requests on runs and the
thread that decides moves; where it hears none for long it starts the service anew. Sources: sd_notify(3),
sd_watchdog_enabled(3).
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping

from ._sockets import tell_manager

__all__ = ["STUCK", "keep_telling", "seconds_asked", "tell_ready"]

STUCK = 120.0
"""Seconds without a move after which the thread that decides is stuck. Steps are bounded far below: a server that is
cut off is given up after 25, and a run that is being recorded is waited for 22."""
_USEC, _PID = "WATCHDOG_USEC", "WATCHDOG_PID"


def tell_ready(still_for: Callable[[], float], told: Callable[[str], None]) -> None:
    """Tell the manager that the service is ready, and from now on that it moves, where it wants to know; from the loop
    that serves.

    Args:
        still_for: seconds for which the thread that decides did not move.
        told: told, for people, when the manager is told nothing any more.
    """
    tell_manager("READY=1")
    seconds = seconds_asked(os.environ, os.getpid())
    if seconds is not None:
        keep_telling(seconds / 3, still_for, lambda: tell_manager("WATCHDOG=1", wait=0.0), told)


def seconds_asked(environ: Mapping[str, str], own: int) -> float | None:
    """Within how many seconds a manager wants to hear that a process moves; None = it does not.

    >>> seconds_asked({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "7"}, 7)
    60.0
    >>> seconds_asked({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "8"}, 7)
    """
    asked, whose = environ.get(_USEC, ""), environ.get(_PID, str(own))
    if whose != str(own) or not asked.isdecimal() or int(asked) == 0:
        return None
    return int(asked) / 1_000_000


def keep_telling(
    period: float, still_for: Callable[[], float], tell: Callable[[], None], told: Callable[[str], None]
) -> None:
    """Tell that it moves, each time that a period is over, as long as it does; from the loop that is to run.

    Args:
        period: seconds.
        still_for, told: as of `tell_ready`.
        tell: tells it.
    """
    loop, is_stuck = asyncio.get_running_loop(), False

    def look() -> None:
        nonlocal is_stuck
        loop.call_later(period, look)
        was_stuck, is_stuck = is_stuck, still_for() >= STUCK
        if not is_stuck:
            tell()
        elif not was_stuck:
            told(f"The thread that decides did not move for {STUCK:.0f} seconds: systemd is told no more.")

    look()
