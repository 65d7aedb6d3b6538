"""The service in two processes, one that speaks HTTP and one that decides: alike from outside, or where one is gone."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from campaigns_cases import ANY, YAML, named, write_tables
from evenhand import assembly
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.sealing import cores
from live_cases import begin_as_a_run, end_as_a_run, person
from patience import WITHIN, soon
from serve_cases import Askers, Service, asked_again, serving
from shop_folder import evenhand

pytestmark = [pytest.mark.service, pytest.mark.slow]
HOME = ("--home", "evenhand-home")
ASK = "/v1/decisions"
LARGE = 10**30
WHO = {"by": "Noor de Wit", "reason": "agreed"}


class There:
    """A service in two processes and one in a single one, on one home.

    Attributes:
        folder: of the campaign.
        keys: by what they may do.
        two, one: the services.
    """

    def __init__(self, folder: Path, keys: dict[str, str], two: Service, one: Service) -> None:
        self.folder, self.keys, self.two, self.one = folder, keys, two, one

    def ask(self, **more: object) -> httpx.Response:
        """A question about somebody, to the two processes."""
        own = {"authorization": f"Bearer {self.keys['all']}"}
        return httpx.post(self.two.address + ASK, json={"subject": person(3), **more}, headers=own, timeout=WITHIN)


@pytest.fixture(scope="module")
def there(_ran: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    """Both."""
    folder = Path(shutil.copytree(_ran, tmp_path_factory.mktemp("two") / "ran"))
    scopes = {"all": ("decide", "read", "events", "consents"), "read": ("read",)}
    keys = {}
    for name, own in scopes.items():
        words = [word for scope in own for word in ("--scope", scope)]
        made = evenhand("machine-key", "make", name, *words, *HOME, cwd=folder)
        keys[name] = made.stdout.strip().splitlines()[0]
    with serving(folder, "--pages", "/my") as two, serving(folder, "--pages", "/my", "--one-process") as one:
        yield There(folder, keys, two, one)


def _front(service: Service) -> int:
    """The process that speaks HTTP for a service."""
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
    if not children.exists():
        pytest.skip("this system does not tell which process started which")
    found: list[str] = []

    def is_there() -> bool:
        found[:] = children.read_text("ascii").split()
        return len(found) == 1

    assert soon(is_there)
    return int(found[0])


def _is_alive(service: Service) -> bool:
    return httpx.get(service.address + "/healthz", timeout=WITHIN).status_code == 200


def _children(service: Service) -> set[int]:
    """Every process that a service started, dead ones left out."""
    found = set()
    for told in Path(f"/proc/{service.process.pid}/task").glob("*/children"):
        found |= {int(one) for one in told.read_text("ascii").split()}
    return {one for one in found if not _is_over(one)}


def _is_over(number: int) -> bool:
    """Whether a process ended, also where nobody took note of its end yet."""
    try:
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return True


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Somebody else records a whole run meanwhile, so questions wait: for that longer than for anything else."""
    home = folder / "evenhand-home"
    with SqliteLedger(home / "ledger.sqlite", key=home / "secret.key", patience=WITHIN) as other:
        begin_as_a_run(other)
        try:
            yield
        finally:
            end_as_a_run(other)


class _Waiting(threading.Thread):
    """Somebody who asks and waits; made once their question is there."""

    def __init__(self, service: Service, key: str) -> None:
        super().__init__()
        self._service, self._key = service, key
        self.answer: httpx.Response | None = None
        self.start()
        assert soon(lambda: "\nevenhand_waiting 1.0\n" in httpx.get(service.address + "/metrics", timeout=WITHIN).text)

    def run(self) -> None:
        """Ask, once."""
        own = {"authorization": f"Bearer {self._key}"}
        self.answer = httpx.post(self._service.address + ASK, json={"subject": person(5)}, headers=own, timeout=WITHIN)


def _told(address: str, request: bytes) -> bytes:
    """Everything that a server says to some bytes."""
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=WITHIN) as connection:
        for part in request.split(b"|pause|"):
            connection.sendall(part)
            time.sleep(0.05 if b"|pause|" in request else 0)
        told = b""
        while part := connection.recv(65_536):
            told += part
    return told


def _request(body: str, key: str, *more: str, line: str = f"POST {ASK}", kind: str = "application/json") -> bytes:
    heads = [f"{line} HTTP/1.1", "Host: service", "Connection: close", "X-Request-Id: request-1", *more]
    heads += [f"Authorization: Bearer {key}"] if key else []
    heads += [f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}"]
    return ("\r\n".join(heads) + "\r\n\r\n" + body).encode()


def _requests(keys: dict[str, str]) -> dict[str, bytes]:
    """Requests by what is the matter with them."""
    key, who = keys["all"], person(3)
    several = f'{{"subjects": [{{"subject": "{who}"}}, {{"subject": "nobody"}}]}}'
    good = f'{{"subject": "{who}"}}'
    bodies = {
        "no JSON": "{",
        "no UTF-8": '{"subject": "\\ud800"}',
        "a field that is none": '{"subject": "a", "other": 1}',
        "another type": '{"subject": 3}',
        "no campaign of that name": '{"campaign": "other", "subject": "a"}',
        "a name that stands twice": '{"subject": "a", "subject": "b"}',
        "nobody": "{}",
        "nobody in a list": '{"subjects": []}',
        "one and several": '{"subject": "a", "subjects": []}',
        "somebody twice": '{"subjects": [{"subject": "a"}, {"subject": "a"}]}',
        "somebody unknown": '{"subject": "nobody"}',
        "somebody unknown among several": several,
        "no such feature": f'{{"subject": "{who}", "features": {{"a/b": 1}}}}',
        "another type of feature": f'{{"subject": "{who}", "features": {{"visits": "many"}}}}',
        "of another": f'{{"subjects": [{{"subject": "{who}"}}, {{"subject": "b", "features": {{"x": 1}}}}]}}',
    }
    out = {name: _request(body, key) for name, body in bodies.items()}
    return out | {
        "too many": _request('{"subjects": [' + ",".join(['{"subject": "a"}'] * 10_001) + "]}", key),
        "in Dutch": _request("{", key, "Accept-Language: nl"),
        "no key": _request(good, ""),
        "a key for other things": _request(good, keys["read"]),
        "a key that is none": _request(good, "eh_00_x"),
        "another kind of content": _request(good, key, kind="text/plain"),
        "no good Idempotency-Key": _request(good, key, "Idempotency-Key: " + "x" * 200),
        "too large": _request("", key)[:-5].replace(b"Content-Length: ", b"Content-Length: 9999999") + b"\r\n\r\n",
        "another method": _request("", key, line=f"GET {ASK}"),
        "only the head": _request("", key, line=f"HEAD {ASK}"),
        "a question mark": _request(good, "", line=f"POST {ASK}?x=1"),
        "an address of nothing": _request("", key, line="GET /nowhere"),
        "no events": _request('{"events": 1}', key, line="POST /v1/events"),
        "no such decision": _request("", key, line="GET /v1/receipts/20260301T000000Z-000000.1"),
        "not allowed there": _request("", key, line="DELETE /healthz"),
        "the life": _request("", "", line="GET /healthz"),
        "no HTTP": b"what is this\r\n\r\n",
    }


def test_what_goes_wrong_is_told_in_the_same_bytes_by_one_process_and_by_two(there):
    """Status, headers and body, for each kind of bad request; and a key that was used for another question."""
    good = _request(f'{{"subject": "{person(3)}"}}', there.keys["all"], "Idempotency-Key: same")
    first = _told(there.two.address, good)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert _told(there.one.address, good) == first
    requests = _requests(there.keys)
    requests["a key of another question"] = good.replace(person(3).encode(), person(4).encode())
    for name, request in requests.items():
        assert _told(there.two.address, request) == _told(there.one.address, request), name


def test_a_question_is_answered_however_it_comes_in(there):
    """In parts, in chunks, behind another on the same connection, and with a number that is too large for a frame."""
    key = there.keys["all"]
    own = _request(f'{{"subject": "{person(3)}"}}', key)
    stays = own.replace(b"Connection: close\r\n", b"")
    chunked = re.sub(rb"Content-Length: (\d+)\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n", own)
    head, body = chunked.split(b"\r\n\r\n")
    large = f'{{"subject": "a", "features": {{"visits": {LARGE}, "days": 3}}}}'
    asked = {
        "in parts": own[:40] + b"|pause|" + own[40:-5] + b"|pause|" + own[-5:],
        "in chunks": head + b"\r\n\r\n%x\r\n" % len(body) + body + b"\r\n|pause|0\r\n\r\n",
        "one behind the other": stays + stays + own,
        "large": _request(large, key),
        "HTTP/1.0": own.replace(b"HTTP/1.1", b"HTTP/1.0"),
    }
    told = {name: _told(there.two.address, request) for name, request in asked.items()}
    assert {name: answer.count(b"HTTP/1.1 200 OK\r\n") for name, answer in told.items()} == {
        name: 3 if name == "one behind the other" else 1 for name in asked
    }
    assert told["one behind the other"].count(b"connection: close") == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_what_a_proxy_says_of_a_caller_reaches_the_pages(there, scheme):
    """Only over TLS is the cookie of somebody's own pages for TLS alone; with one process, and with two."""
    own = {"authorization": f"Bearer {there.keys['all']}"}
    for service in (there.two, there.one):
        made = httpx.post(service.address + "/v1/links", json={"subject": person(3)}, headers=own, timeout=WITHIN)
        link = made.json()["link"]
        answer = httpx.post(service.address + link, headers={"x-forwarded-proto": scheme}, timeout=WITHIN)
        cookies = httpx.Headers(answer.headers).get("set-cookie", "")
        assert answer.status_code == 303, answer.text
        assert ("secure" in cookies.lower()) == (scheme == "https")


def test_figures_count_what_the_other_process_answered(there):
    """As soon as it was answered; and the decision counts among people."""

    def counted() -> float:
        text = httpx.get(there.two.address + "/metrics", timeout=WITHIN).text
        found = re.search(r'evenhand_requests_total\{route="/v1/decisions",status="200"\} (\S+)', text)
        return float(found[1]) if found else 0.0

    before = counted()
    for _ in range(3):
        assert there.ask().status_code == 200
    assert counted() == before + 3
    text = httpx.get(there.two.address + "/metrics", timeout=WITHIN).text
    assert 'evenhand_request_seconds_count{route="/v1/decisions"}' in text
    assert 'evenhand_decisions_total{campaign="small-shop",standing="personalised"}' in text


def test_where_the_process_that_speaks_http_is_killed_another_takes_its_place(there, cli):
    """Whoever comes meanwhile waits; nothing is decided twice, and what was decided is found under its key."""
    own, front = {"authorization": f"Bearer {there.keys['all']}"}, _front(there.two)
    before = _decisions(cli, there.folder)
    askers = Askers(there.two.address, there.keys["all"], 50_000)
    assert soon(lambda: len(askers.answers) >= 8)
    os.kill(front, signal.SIGKILL)
    with httpx.Client(timeout=WITHIN) as client:
        assert soon(lambda: _is_alive(there.two))
        askers.end()
        assert _front(there.two) != front
        for once, who in askers.asked.items():
            again = asked_again(client, there.two.address, own, once, who)
            assert askers.answers.setdefault(once, again) == again
    assert len(set(askers.answers.values())) == len(askers.asked)
    assert _decisions(cli, there.folder) - before == len(askers.asked)


IMPATIENT = """
import sys
from pathlib import Path
from evenhand import assembly
assembly.serve([Path("campaign.yaml")], port=int(sys.argv[-1]), silence=8.0, told=lambda said: print(said, flush=True))
"""


def test_where_the_process_that_speaks_http_is_stopped_another_takes_its_place(ran):
    """Who waits meanwhile is told that nothing is known, or is let in by the other; it says in its log what it did."""
    with serving(ran, code=IMPATIENT) as service:
        before = _front(service)
        os.kill(before, signal.SIGSTOP)
        assert soon(lambda: _is_alive(service))
        assert _front(service) != before
        code, said = service.stop(signal.SIGTERM)
    assert code == 0
    assert "speaks HTTP gives no sign of life any more, and is ended." in said
    assert "speaks HTTP ended, and is started again." in said


def test_where_the_process_that_decides_is_stopped_whoever_asks_how_it_is_is_told_so(there):
    """A load balancer learns that nobody answers, and that somebody does again; nothing else goes on meanwhile."""
    there.two.process.send_signal(signal.SIGSTOP)
    try:
        told = httpx.get(there.two.address + "/readyz", timeout=WITHIN)
    finally:
        there.two.process.send_signal(signal.SIGCONT)
    assert (told.status_code, told.json()["type"]) == (503, "/problems/unanswered")
    assert soon(lambda: httpx.get(there.two.address + "/readyz", timeout=WITHIN).status_code == 200)
    assert there.ask().status_code == 200


def test_a_ctrl_c_while_the_process_that_speaks_http_starts_is_for_the_one_that_decides(there):
    """A terminal sends it to both; the one that starts goes on, and ends by the other's word without a traceback."""
    before = _front(there.two)
    os.kill(before, signal.SIGKILL)
    children = Path(f"/proc/{there.two.process.pid}/task/{there.two.process.pid}/children")
    assert soon(lambda: children.read_text("ascii").split() not in ([], [str(before)]), rest=0.001)
    started = _front(there.two)
    os.kill(started, signal.SIGINT)
    assert soon(lambda: _is_alive(there.two))
    assert _front(there.two) == started


def _decisions(cli, folder: Path) -> int:
    verified = cli(folder, "ledger", "verify", *HOME)
    assert verified.exit_code == 0, verified.output
    with sqlite3.connect(folder / "evenhand-home" / "ledger.sqlite") as store:
        return int(store.execute("select count(*) from decided").fetchone()[0])


def _is_refused(service: Service) -> bool:
    """Whether whoever comes now is not let in."""
    try:
        httpx.get(service.address + "/healthz", timeout=5)
    except httpx.TransportError:
        return True
    return False


def test_told_to_stop_it_answers_what_waits_and_lets_nobody_else_in(ran, cli):
    """Ctrl-C reaches both processes; the question that waits is answered, and both end well."""
    made = cli(ran, "machine-key", "make", "shop", "--scope", "decide", *HOME)
    with serving(ran) as service:
        front = _front(service)
        with _held(ran):
            waiting = _Waiting(service, made.stdout.strip().splitlines()[0])
            for one in (front, service.process.pid):
                os.kill(one, signal.SIGINT)
            assert soon(lambda: _is_refused(service))
        waiting.join(WITHIN)
        assert waiting.answer is not None
        assert waiting.answer.status_code == 200
        assert service.process.wait(WITHIN) == 0
        assert "started again" not in service.process.communicate()[0]


def test_where_the_process_that_decides_is_killed_who_waits_is_told_and_the_port_is_free(ran, cli):
    """A problem with a time to come back, that says what is not known; nothing goes on listening."""
    made = cli(ran, "machine-key", "make", "shop", "--scope", "decide", *HOME)
    with serving(ran) as service:
        with _held(ran):
            waiting = _Waiting(service, made.stdout.strip().splitlines()[0])
            service.stop(signal.SIGKILL)
            waiting.join(WITHIN)
        assert waiting.answer is not None
        assert (waiting.answer.status_code, waiting.answer.headers["retry-after"]) == (503, "2")
        assert waiting.answer.json()["type"] == "/problems/unanswered"
        assert soon(lambda: _is_free(int(service.address.rpartition(":")[2])))


def _is_free(port: int) -> bool:
    """Whether nothing listens on a port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen()
        except OSError:
            return False
    return True


@pytest.mark.skipif(cores() < 2, reason="one processor: everything is sealed by the process that decides")
def test_where_the_process_that_seals_is_killed_batches_go_on_and_it_ends_with_the_service(ran, cli):
    """Many people are asked about, it is killed, they are asked about again: all answered, and the ledger verifies.
    Where the service is killed there is nobody left."""
    made = cli(ran, "machine-key", "make", "shop", "--scope", "decide", *HOME)
    own = {"authorization": f"Bearer {made.stdout.strip().splitlines()[0]}"}
    asked = {"subjects": [{"subject": person(number)} for number in range(400)]}
    with serving(ran) as service, httpx.Client(base_url=service.address, headers=own, timeout=WITHIN) as client:
        seen = _children(service)

        def sealer() -> int:
            """Whoever seals for those who are asked about now: one that was not seen before."""
            found: set[int] = set()

            def is_there() -> bool:
                answer = client.post(ASK, json=asked)
                assert len(answer.json()["decisions"]) == 400, answer.text
                found.update(_children(service) - seen)
                return bool(found)

            assert soon(is_there), "nobody seals"  # whoever asks before its end was seen starts none
            (only,) = found
            seen.add(only)
            return only

        os.kill(sealer(), signal.SIGKILL)
        last = sealer()
        service.stop(signal.SIGKILL)
        assert soon(lambda: _is_over(last))
    assert assembly.verify_ledger(home=ran / "evenhand-home").ok


def test_a_campaign_that_is_started_meanwhile_is_decided_about_at_once(ran, cli):
    """Before its start it is not served; right after the answer to its start it is."""
    made = cli(ran, "machine-key", "make", "shop", "--scope", "decide", "--scope", "campaigns", *HOME)
    own = {"authorization": f"Bearer {made.stdout.strip().splitlines()[0]}"}
    write_tables(ran / "data")
    asked = {"campaign": "second-shop", "subject": person(3)}
    with (
        serving(ran, "--sources", "data") as service,
        httpx.Client(base_url=service.address, headers=own, timeout=WITHIN) as client,
    ):
        assert client.post(ASK, json=asked).status_code == 404
        assert client.post("/v1/campaigns", content=named("second-shop"), headers=YAML).status_code == 201
        started = client.post("/v1/campaigns/second-shop/activate", json=WHO, headers=ANY)
        assert started.json()["state"] == "active", started.text
        answer = client.post(ASK, json=asked)
        assert (answer.status_code, answer.json().get("campaign")) == (200, "second-shop")
