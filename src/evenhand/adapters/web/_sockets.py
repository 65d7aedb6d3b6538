"""Sockets that are called, and links between two processes of this machine; nobody is called from here."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from evenhand.terms import StoreError

__all__ = ["Socket", "bound_to", "ended", "linked", "listen_on", "numbered"]

Socket = socket.socket


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
    except OSError:
        for one in out:
            one.close()
        raise _taken(host, port) from None
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
    except OSError:
        raise _taken(*one.getsockname()[:2]) from None


def _taken(host: str, port: int) -> StoreError:
    return StoreError(
        "serve-port",
        f"The service cannot listen on {host} port {port}.",
        rule="one program listens on a port",
        remedy="name another with --port or --host, or stop the program that has it",
    )
