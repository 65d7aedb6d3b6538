"""Further processes of this program: how one is started, and how either looks through its memory in a long life."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

__all__ = ["look_through_memory_seldom", "started"]

_OF_ENVIRONMENT = {"HOME", "LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "PATH", "TMPDIR", "TZ"}


def started(module: str, *words: str, names: frozenset[str] = frozenset(), **more: Any) -> subprocess.Popen[bytes]:
    """A process that runs a module. It finds modules where this one does, and gets no secret of the environment.

    Args:
        module: its full name.
        words: its arguments.
        names: of the environment, what it gets beside the short list that every one gets.
        more: as of `subprocess.Popen`.

    Raises:
        OSError: it cannot be started.
    """
    own = {
        name: value
        for name, value in os.environ.items()
        if name in _OF_ENVIRONMENT or name in names or name.startswith("PYTHON")
    }
    own["PYTHONPATH"] = os.pathsep.join(str(Path(one).resolve()) for one in sys.path)
    held = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # Ctrl-C is for this process, also meanwhile
    try:
        return subprocess.Popen([sys.executable, "-P", "-m", module, *words], env=own, **more)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def look_through_memory_seldom() -> None:
    """What is in memory now stays; looking through it again and again would stop everybody. And of what a group of
    thousands of people makes, nearly nothing refers to itself."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
