"""What a command says of itself while it works, where no terminal draws it."""

from __future__ import annotations

import threading

from evenhand.cli._signs import SignsOfLife


def test_a_step_that_takes_long_is_named_and_one_that_is_done_is_not() -> None:
    """A sign comes once its time has passed, with the step's name; the next step ends it."""
    told: list[str] = []
    came = threading.Event()

    def say(line: str) -> None:
        told.append(line)
        came.set()

    signs = SignsOfLife(say, first=(0.0,))
    signs.step("deciding")
    assert came.wait(30)
    signs.end()
    assert told == ["still deciding (0 s so far)"]
    quiet = SignsOfLife(told.append, first=(3600.0,))
    quiet.step("reading the data")
    quiet.step("deciding")
    quiet.end()
    quiet.end()
    assert len(told) == 1
