"""How often a slow property is tried: a few times in everybody's run, often in `make storm`."""

from __future__ import annotations

import os


def tries(few: int, often: int) -> int:
    """`few`, or `often` where EVENHAND_STORM says that there is time."""
    return often if os.environ.get("EVENHAND_STORM") else few
