"""A service manager hears that a service moves for as long as it does, and is told nothing when it does not."""

from __future__ import annotations

import asyncio

import pytest

from evenhand.adapters.web._alive import STUCK, keep_telling, seconds_asked


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "7"}, 1.5),
        ({"WATCHDOG_USEC": "1500000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0", "WATCHDOG_PID": "7"}, None),
        ({"WATCHDOG_USEC": "soon", "WATCHDOG_PID": "7"}, None),
        ({"WATCHDOG_PID": "7"}, None),
        ({}, None),
    ],
)
def test_only_the_process_that_is_asked_for_tells(environ, seconds):
    """sd_watchdog_enabled(3): a number of microseconds, for this very process; anything else asks nothing of it."""
    assert seconds_asked(environ, 7) == seconds


def test_it_is_told_while_the_deciding_thread_moves_and_not_while_it_is_still():
    """Each look tells, or does not; people are told once each time that it became still; when it moves again, so does
    the telling."""
    stills = iter([0.0, STUCK - 1, STUCK, STUCK + 1, 0.5, STUCK, 0.0])
    heard: list[str] = []

    async def looked() -> None:
        over = asyncio.Event()

        def still_for() -> float:
            found = next(stills, None)
            if found is None:
                over.set()
                return STUCK
            return found

        keep_telling(0.001, still_for, lambda: heard.append("moves"), lambda said: heard.append(said.split(" for ")[0]))
        await asyncio.wait_for(over.wait(), 60)

    asyncio.run(looked())
    still = "The thread that decides did not move"
    assert heard[:7] == ["moves", "moves", still, "moves", still, "moves", still]
