"""Sockets that are called, and links between two processes of this machine; nobody is called from here.

systemd may hand sockets on, on which it listens itself, and is told when the service is ready. While a service that got
its sockets is started anew, callers wait instead of being refused: the sockets are systemd's and stay open. Sources:
sd_listen_fds(3), sd_notify(3).
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from evenhand.terms import StoreError

__all__ = ["Socket", "bound_to", "ended", "given_sockets", "linked", "listen_on", "numbered", "tell_manager"]

Socket = socket.socket
_FIRST = 3
_PID, _COUNT, _NAMES, _TOLD = "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET"


def linked() -> tuple[Socket, Socket]:
    """Two ends of a link."""
    return socket.socketpair()


def numbered(number: str) -> Socket:
    """A socket that this process was given by its number."""
    return socket.socket(fileno=int(number))


def ended(link: Socket) -> None:
    """End a link, for whoever reads it too."""
    with suppress(OSError):
        link.shutdown(socket.SHUT_RDWR)


def bound_to(host: str, port: int) -> list[Socket]:
    """Sockets that have a port, and do not listen yet: whoever connects is refused until then.

    Raises:
        StoreError: it cannot be had.
    """
    out: list[Socket] = []
    try:
        for family, kind, protocol, _, address in _addresses(host, port):
            own = socket.socket(family, kind, protocol)
            out.append(own)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name == "posix")
            if family == socket.AF_INET6:
                own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, True)
            own.bind(address)
    except OSError as error:
        for one in out:
            one.close()
        raise _not_had(host, port, error) from None
    return out


def _addresses(host: str, port: int) -> list[Any]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys(found))


def listen_on(sockets: Sequence[Socket], most: int) -> None:
    """Listen, from now on; so many callers may wait to be let in.

    Raises:
        StoreError: another program listens there.
    """
    try:
        for one in sockets:
            one.listen(most)
    except OSError as error:
        host, port = one.getsockname()[:2]
        raise _not_had(host, port, error) from None


def _not_had(host: str, port: int, error: OSError) -> StoreError:
    rule, remedy = "one program listens on a port", "name another with --port, or stop the program that has it"
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        rule = "a program listens on an address of the machine that it runs on"
        remedy = "name one with --host: 127.0.0.1 for this machine alone, 0.0.0.0 for every network that it is in"
    elif error.errno in (errno.EACCES, errno.EPERM):
        rule = "ports below 1024 need a right that this user does not have"
        remedy = "name a higher one with --port; a proxy in front, or systemd, can have the low one"
    return StoreError("serve-port", f"The service cannot listen on {host} port {port}.", rule=rule, remedy=remedy)


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


def tell_manager(word: str, wait: float = 5.0) -> None:
    """Tell a word of sd_notify(3), such as ``READY=1``, where somebody wants to know; who does not listen is waited for
    so many seconds."""
    where = os.environ.get(_TOLD, "")
    if where[:1] not in ("/", "@"):
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.settimeout(wait)
        told.sendto(word.encode(), "\0" + where[1:] if where.startswith("@") else where)
