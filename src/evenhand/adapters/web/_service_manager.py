"""What systemd hands on, and what it is told: sockets on which it listens itself, and that the service is ready.

While a service that got its sockets is started anew, callers wait instead of being refused: the sockets are systemd's
and stay open. Where no systemd is, none of this does anything. Sources: sd_listen_fds(3), sd_notify(3).
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

from evenhand.terms import StoreError

from ._sockets import Socket

__all__ = ["given_sockets", "tell_manager"]

_FIRST = 3
_PID, _COUNT, _NAMES, _TOLD = "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"


def given_sockets() -> list[Socket]:
    """Sockets that were handed to this very process, and listen already; nobody else finds them in the environment
    after this. Empty where there are none.

    Raises:
        StoreError: what was handed on is no socket that can be called.
    """
    whose, count = os.environ.get(_PID, ""), os.environ.get(_COUNT, "")
    if whose != str(os.getpid()) or not count.isdecimal():
        return []
    for name in (_PID, _COUNT, _NAMES):
        os.environ.pop(name, None)
    out: list[Socket] = []
    try:
        for number in range(_FIRST, _FIRST + int(count)):
            os.set_inheritable(number, False)
            out.append(one := socket.socket(fileno=number))
            if not (one.type == socket.SOCK_STREAM and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)):
                raise OSError
    except OSError:
        for one in out:
            one.close()
        raise StoreError(
            "serve-sockets",
            "What the service manager handed on is no stream socket that listens.",
            rule="a service that is handed sockets listens on those and on no other",
            remedy="look at ListenStream in the socket unit",
        ) from None
    return out


def tell_manager(word: str) -> None:
    """Tell a word of sd_notify(3), such as ``READY=1``, where somebody wants to know."""
    where = os.environ.get(_TOLD, "")
    if where[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.sendto(word.encode(), "\0" + where[1:] if where.startswith("@") else where)
