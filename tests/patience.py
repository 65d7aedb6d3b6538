"""How long a test waits for something, and how often a slow property is tried: a few times in everybody's run, often in
`make storm`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

WITHIN = 90.0
"""Seconds within which what a test waits for comes on the slowest machine, with everything else that runs there."""


def tries(few: int, often: int) -> int:
    """`few`, or `often` where EVENHAND_STORM says that there is time."""
    return often if os.environ.get("EVENHAND_STORM") else few


def soon(holds: Callable[[], object], *, within: float = WITHIN, rest: float = 0.02) -> bool:
    """Whether something comes true. It is looked at again and again, for much longer than it takes anywhere: so a slow
    machine makes a test slow, and not wrong."""
    until = time.monotonic() + within
    while not holds():
        if time.monotonic() > until:
            return bool(holds())
        time.sleep(rest)
    return True
