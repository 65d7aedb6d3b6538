"""The other process: encodes and encrypts what comes in, until there is nobody any more. `SealingProcess` starts it."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress

from evenhand.ledger import sealed

from ..own_processes import look_through_memory_seldom
from ._frames import done, read_asked, received, sent

__all__ = ["main"]


def main() -> None:
    """Until the deciding process is gone. Signals of a terminal reach both, and are left to the other."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    look_through_memory_seldom()
    with suppress(BrokenPipeError):  # whoever asked is gone
        while (content := received(sys.stdin.buffer)) is not None:
            sent(sys.stdout.buffer, done(sealed(*read_asked(content), os.urandom)))
    os._exit(0)  # nothing is left to be written, also not at the end


if __name__ == "__main__":
    main()
