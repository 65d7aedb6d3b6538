"""Callers who are slow, half gone or in bad faith: each connection ends in time, and others are served meanwhile."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from evenhand.adapters.web import BoundedProtocol
from serve_cases import free_port

pytestmark = pytest.mark.service
HEAD = b"POST /v1/decisions HTTP/1.1\r\nHost: service\r\n"
LARGE = b"x" * 8_000_000


class Quick(BoundedProtocol):
    """The same, with less patience."""

    arrives = 0.4
    taken = 0.4
    most = 12


async def _answer(scope, receive, send) -> None:
    body = LARGE if scope["path"] == "/large" else b"{}"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """Where a server with this protocol listens."""
    number = free_port()
    config = uvicorn.Config(_answer, port=number, http=Quick, ws="none", lifespan="off", log_level="critical")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield number
    server.should_exit = True
    thread.join(20)


def _told(connection: socket.socket) -> bytes:
    connection.settimeout(20)
    told = b""
    while part := connection.recv(65_536):
        told += part
    return told


def test_who_connects_and_says_nothing_is_let_go(port):
    """A connection without a request ends, with the reason."""
    with socket.create_connection(("127.0.0.1", port)) as silent:
        assert _told(silent).startswith(b"HTTP/1.1 408")


def test_a_head_that_drips_in_does_not_keep_a_connection(port):
    """A byte now and then is no patience earned; others are answered meanwhile."""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(20)
        began, ended = time.monotonic(), False
        for place in range(len(HEAD)):
            try:
                slow.send(HEAD[place : place + 1])
            except OSError:
                ended = True
                break
            assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200
            time.sleep(0.05)
            if time.monotonic() - began > 10:
                break
        assert ended or _told(slow).startswith(b"HTTP/1.1 408")


def test_the_second_request_of_a_connection_is_bounded_as_the_first(port):
    """A good first request earns nothing either."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(20)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(HEAD)
        assert b"HTTP/1.1 408" in _told(connection)


def test_who_does_not_take_the_answer_is_let_go(port):
    """A large answer that nobody reads is thrown away, with its connection."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: service\r\n\r\n")
        time.sleep(1.5)
        connection.settimeout(20)
        taken = 0
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1_048_576):
                taken += len(part)
    assert taken < len(LARGE)


def test_more_connections_than_can_be_served_are_told_to_come_back_in_a_problem(port):
    """A caller's program reads what it reads of any other problem; who is there already is served on."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(httpx.Client())
        assert first.get(f"http://127.0.0.1:{port}/").status_code == 200
        for _ in range(Quick.most):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        refused = httpx.get(f"http://127.0.0.1:{port}/", headers={"accept-language": "en"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/busy"
    time.sleep(0.1)
    assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 200


def test_a_body_that_drips_in_after_the_answer_does_not_keep_a_connection(port):
    """Answered early, as where no key came along: what is still to come is not waited for without end."""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")
        began, ended = time.monotonic(), False
        while not ended and time.monotonic() - began < 10:
            try:
                slow.send(b" ")
            except OSError:
                ended = True
            time.sleep(0.05)
        assert ended


def test_a_body_that_comes_whole_after_the_answer_leaves_the_connection_for_the_next(port):
    """Only what is missing is counted against a caller."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(20)
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"}")
        time.sleep(0.6)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
