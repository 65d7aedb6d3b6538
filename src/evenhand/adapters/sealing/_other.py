"""The other process: encodes and encrypts what comes in, until there is nobody any more. `SealingProcess` starts it."""

from __future__ import annotations

import gc
import os
import signal
import sys
from contextlib import suppress

from evenhand.ledger import sealed

from ._frames import done, read_asked, received, sent

__all__ = ["main"]


def main() -> None:
    """Until the deciding process is gone. Signals of a terminal reach both, and are left to the other."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    with suppress(BrokenPipeError):  # whoever asked is gone
        while (content := received(sys.stdin.buffer)) is not None:
            sent(sys.stdout.buffer, done(sealed(*read_asked(content), os.urandom)))
    os._exit(0)  # nothing is left to be written, also not at the end


if __name__ == "__main__":
    main()
