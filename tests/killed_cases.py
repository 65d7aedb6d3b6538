"""Something done in a process of its own, that is killed at a chosen moment."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable


def killed_at(opened: int, act: Callable[[], object]) -> bool:
    """Do it in a process that dies when it opens a file of SQLite for so many-th time; whether it died."""
    pid = os.fork()
    if pid == 0:
        left = [opened]

        def dying(event: str, _: object) -> None:
            if event == "sqlite3.connect":
                left[0] -= 1
                if left[0] == 0:
                    os._exit(9)

        sys.addaudithook(dying)
        act()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 9
