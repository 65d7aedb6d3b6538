"""Callers who are slow, half gone or in bad faith: each connection ends in time, and others are served meanwhile. The
same of both protocols: of one process, and of the process that speaks HTTP for another."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest
import uvicorn

from evenhand.adapters.web import BoundedProtocol
from evenhand.adapters.web._decisions import Reply
from evenhand.adapters.web._front_protocol import FrontProtocol
from patience import WITHIN, soon
from serve_cases import free_port

pytestmark = pytest.mark.service
HEAD = b"POST /v1/decisions HTTP/1.1\r\nHost: service\r\n"
LARGE = b"x" * 8_000_000
MUCH = 32_000_000


HURRIED = 0.4


class _Measured:
    """Has patience with slow machines, but where a test takes it away; and knows what came in."""

    arrives = taken = WITHIN
    most = 12
    came = 0

    def data_received(self, data: bytes) -> None:
        """Count them."""
        super().data_received(data)  # type: ignore[misc]
        type(self).came += len(data)


class Measured(_Measured, BoundedProtocol):
    """One process."""


class MeasuredFront(_Measured, FrontProtocol):
    """The process that speaks HTTP."""


class _Door:
    """Answers on the short way, and counts how often."""

    def __init__(self) -> None:
        self.short = 0

    def take(self, headers, body, told) -> None:
        """A question that is there as a whole."""
        self.short += 1
        told(Reply(200, [(b"content-length", b"%d" % len(body))], body))


class _Application:
    """Answers everything, like the application of the process that speaks HTTP."""

    def __init__(self) -> None:
        self.door = _Door()
        self.asked: list[str] = []

    async def __call__(self, scope, receive, send) -> None:
        """One request (ASGI)."""
        self.asked.append(scope["path"])
        body = LARGE if scope["path"] == "/large" else b"{}"
        if scope["path"] in ("/echo", "/v1/decisions") and (taken := await _taken(scope, receive)):
            body = taken
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
        await send({"type": "http.response.body", "body": body})


async def _taken(scope, receive) -> bytes:
    """The body of a request that offers another protocol."""
    if not any(name == b"http2-settings" for name, _ in scope["headers"]):
        return b""
    message = await receive()
    body = message["body"]
    while message["more_body"]:
        message = await receive()
        body += message["body"]
    return body


@dataclass(frozen=True)
class _Listening:
    """A server with this protocol, and where it listens."""

    protocol: type[Measured | MeasuredFront]
    app: _Application
    server: uvicorn.Server
    port: int


@pytest.fixture(scope="module", params=[Measured, MeasuredFront], ids=["one process", "its own process"])
def server(request) -> Iterator[_Listening]:
    """A server of each kind."""
    app, number = _Application(), free_port()
    quiet = {"ws": "none", "lifespan": "off", "log_level": "critical", "proxy_headers": False}
    server = uvicorn.Server(uvicorn.Config(app, port=number, http=request.param, **quiet))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert soon(lambda: server.started)
    yield _Listening(request.param, app, server, number)
    server.should_exit = True
    thread.join(WITHIN)


@pytest.fixture
def port(server) -> int:
    """Where it listens."""
    return server.port


@pytest.fixture
def hurried(server) -> Iterator[None]:
    """It waits for nobody meanwhile."""
    server.protocol.arrives = server.protocol.taken = HURRIED
    yield
    server.protocol.arrives = server.protocol.taken = WITHIN


def _told(connection: socket.socket) -> bytes:
    connection.settimeout(WITHIN)
    told = b""
    while part := connection.recv(65_536):
        told += part
    return told


def _is_answered(port: int) -> bool:
    """Whether somebody else is; whoever is slow themselves may be let go in place of that."""
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=WITHIN).status_code == 200
    except httpx.TransportError:
        return False


def test_who_connects_and_says_nothing_is_let_go(port, hurried):
    """A connection without a request ends, with the reason."""
    with socket.create_connection(("127.0.0.1", port)) as silent:
        assert _told(silent).startswith(b"HTTP/1.1 408")


def test_a_head_that_drips_in_does_not_keep_a_connection(port, hurried):
    """A byte now and then is no patience earned; others are answered meanwhile."""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.settimeout(WITHIN)
        ended = False
        for place in range(len(HEAD)):
            try:
                slow.send(HEAD[place : place + 1])
            except OSError:
                ended = True
                break
            assert soon(lambda: _is_answered(port))
            time.sleep(0.05)
        assert ended or _told(slow).startswith(b"HTTP/1.1 408")


def test_the_second_request_of_a_connection_is_bounded_as_the_first(server, port):
    """A good first request earns nothing either."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(WITHIN)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        server.protocol.arrives = HURRIED
        try:
            connection.sendall(HEAD)
            assert b"HTTP/1.1 408" in _told(connection)
        finally:
            server.protocol.arrives = WITHIN


def test_who_does_not_take_the_answer_is_let_go(server, port, hurried):
    """A large answer that nobody reads is thrown away, with its connection."""
    server.app.asked.clear()
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: service\r\n\r\n")
        assert soon(lambda: server.app.asked and not server.server.server_state.connections)
        connection.settimeout(WITHIN)
        taken = 0
        with contextlib.suppress(ConnectionError):
            while part := connection.recv(1_048_576):
                taken += len(part)
    assert taken < len(LARGE)


def test_more_connections_than_can_be_served_are_told_to_come_back_in_a_problem(port):
    """A caller's program reads what it reads of any other problem; who is there already is served on."""
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(httpx.Client(timeout=WITHIN))
        assert soon(lambda: first.get(f"http://127.0.0.1:{port}/").status_code == 200)
        for _ in range(Measured.most):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        refused = httpx.get(f"http://127.0.0.1:{port}/", headers={"accept-language": "en"}, timeout=WITHIN)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.headers["content-type"] == "application/problem+json"
        assert refused.json()["type"] == "/problems/busy"
    assert soon(lambda: _is_answered(port))


def test_a_body_that_drips_in_after_the_answer_does_not_keep_a_connection(port, hurried):
    """Answered early, as where no key came along: what is still to come is not waited for without end."""
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(HEAD + b"Content-Length: 100000\r\n\r\n")

        def has_ended() -> bool:
            try:
                slow.send(b" ")
            except OSError:
                return True
            return False

        assert soon(has_ended, rest=0.05)


def test_a_body_that_comes_whole_after_the_answer_leaves_the_connection_for_the_next(port, hurried):
    """Only what is missing is counted against a caller."""
    assert any(_goes_on(port) for _ in range(5)), "a machine that stands still for a moment may lose some of them"


def _goes_on(port: int) -> bool:
    """Whether a connection is there for the next request, longer after a whole one than anything is waited for."""
    with socket.create_connection(("127.0.0.1", port)) as connection, contextlib.suppress(ConnectionError):
        connection.settimeout(WITHIN)
        connection.sendall(HEAD + b"Content-Length: 2\r\n\r\n{")
        if connection.recv(65_536).startswith(b"HTTP/1.1 200"):
            connection.sendall(b"}")
            time.sleep(1.5 * HURRIED)
            connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\n\r\n")
            return connection.recv(65_536).startswith(b"HTTP/1.1 200")
    return False


def test_a_head_has_a_largest_size(port):
    """It is told so and let go as soon as there is more; one that is just large is read."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\nX-Some: " + b"x" * 30_000 + b"\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.settimeout(WITHIN)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\nX-Large: ")
        assert _sent_until_closed(connection, b"x" * 16_384) < MUCH
        assert b"HTTP/1.1 431" in _told_at_last(connection)


@pytest.mark.parametrize("line", [b"GET / HTTP/1.1", b"POST /v1/decisions HTTP/1.1"])
@pytest.mark.parametrize("first", [66_200, 65_536, 40_000, 20])
def test_a_head_that_comes_to_its_end_has_the_same_largest_size(server, line, first):
    """Whatever the pieces in which it arrives: a byte too many is told so, on the short way too."""
    whole = line + b"\r\nHost: service\r\nContent-Length: 2\r\nX-Large: " + b"x" * 66_000 + b"\r\n\r\n{}"
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(WITHIN)
        until = server.protocol.came + len(whole[:first])
        connection.sendall(whole[:first])
        assert soon(lambda: server.protocol.came >= until)
        connection.sendall(whole[first:])
        assert _told_at_last(connection).startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("path", ["/", "/v1/decisions"])
def test_what_stands_around_a_body_in_chunks_has_a_largest_size(port, path):
    """Lines behind the last chunk are no body, and no bound of a body holds for them."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(WITHIN)
        head = b"POST %b HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n" % path.encode()
        connection.sendall(head + b"2\r\n{}\r\n0\r\nX-Large: ")
        assert _sent_until_closed(connection, b"x" * 16_384) < MUCH


def test_a_large_body_in_small_chunks_is_no_large_head(port):
    """Sizes and ends of chunks are allowed for, also where each has a few bytes."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(WITHIN)
        connection.sendall(b"POST / HTTP/1.1\r\nHost: service\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(40):
            connection.sendall(b"2\r\n{}\r\n" * 1_000)
        connection.sendall(b"0\r\n\r\nGET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")
        assert _told(connection).count(b"HTTP/1.1 200") == 2


def test_a_question_goes_the_short_way_only_where_it_is_there_as_a_whole(server):
    """In parts, in chunks or behind another it is answered as well."""
    door, whole = server.app.door, HEAD + b"Content-Length: 2\r\n\r\n{}"
    before = door.short
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(WITHIN)
        until = server.protocol.came + 3 * len(whole) - 1
        connection.sendall(whole + whole)
        connection.sendall(whole[:-1])
        assert soon(lambda: server.protocol.came >= until)
        connection.sendall(whole[-1:])
        told = b""
        while told.count(b"HTTP/1.1 200") < 3 or not told.endswith(b"{}"):
            told += connection.recv(65_536)
        connection.sendall(whole.replace(b"Host", b"Connection: close\r\nHost"))
        assert _told(connection).count(b"HTTP/1.1 200") == 1
    assert door.short - before in (0, 3)


@pytest.mark.parametrize("path", [b"/echo", b"/v1/decisions"])
@pytest.mark.parametrize("times", [1, 2])
def test_who_offers_another_protocol_is_answered_in_this_one(port, path, times):
    """Java's client offers HTTP/2 on each request; its body arrives all the same, and so does what comes next."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"
    one = b"POST %b HTTP/1.1\r\nHost: service\r\n%bContent-Length: 24\r\n\r\n" % (path, offer)
    body = b'{"a": "\r\nupgrade: 12345"}'[:24]
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(WITHIN)
        for _ in range(times):
            connection.sendall(one + body)
            told = connection.recv(65_536)
            while not told.endswith(body):
                told += connection.recv(65_536)
            assert told.startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET / HTTP/1.1\r\nHost: service\r\nConnection: close\r\n\r\n")
        assert _told(connection).startswith(b"HTTP/1.1 200")


def _sent_until_closed(connection: socket.socket, part: bytes) -> int:
    """Bytes that were sent; what waits on the way is a few millions at most, however slowly anybody reads."""
    sent = 0
    with contextlib.suppress(OSError):
        while sent < MUCH:
            connection.sendall(part)
            sent += len(part)
            time.sleep(0.001)
    return sent


def _told_at_last(connection: socket.socket) -> bytes:
    told = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            told += part
    return told
