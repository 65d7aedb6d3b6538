"""An issuer that is asked: what it may be, how often it is asked, and that nothing else is ever asked."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evenhand.adapters.sign_in.issuer import Issuer, IssuerError, fetch_json
from evenhand.adapters.sign_in.staff_tokens import TokenError
from patience import WITHIN

ADDRESS = "https://login.shop.example/realms/shop"
GOOD = {
    "issuer": ADDRESS,
    "authorization_endpoint": "https://login.shop.example/authorize",
    "token_endpoint": "https://login.shop.example/token",
    "jwks_uri": "https://login.shop.example/jwks",
}


class Answers:
    """Something to ask: what it says by the end of the address, and what it was asked."""

    def __init__(self, **said):
        self.said = {
            "openid-configuration": GOOD,
            "jwks": {"keys": [{"kid": "one"}]},
            "token": {"id_token": "t"},
            **said,
        }
        self.asked = []

    def __call__(self, address, form, headers):
        """Implements `Fetch`."""
        self.asked.append((address, form, dict(headers)))
        return self.said[address.rpartition("/")[2]]


def test_it_is_asked_where_the_settings_say_and_again_after_a_while():
    """Its description and its keys are remembered, for minutes."""
    answers, now = Answers(), [0.0]
    issuer = Issuer(ADDRESS, answers, lambda: now[0])
    for _ in range(3):
        issuer.keys("one")
    assert [one[0] for one in answers.asked] == [
        f"{ADDRESS}/.well-known/openid-configuration",
        "https://login.shop.example/jwks",
    ]
    now[0] = 601.0
    issuer.keys("one")
    assert len(answers.asked) == 4


def test_an_unknown_key_is_asked_for_but_not_each_time():
    """A key that is new is found; tokens with invented keys do not have the issuer asked again and again."""
    answers, now = Answers(), [0.0]
    issuer = Issuer(ADDRESS, answers, lambda: now[0])
    issuer.keys("one")
    for _ in range(5):
        issuer.keys("two")
    assert len(answers.asked) == 2
    now[0] = 31.0
    answers.said["jwks"] = {"keys": [{"kid": "two"}, "no key"]}
    assert issuer.keys("two") == [{"kid": "two"}]
    assert len(answers.asked) == 3


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"issuer": ADDRESS + "/"}, "another one"),
        ({"issuer": "https://evil.example"}, "another one"),
        ({"jwks_uri": "http://login.shop.example/jwks"}, "jwks_uri is no address with https"),
        ({"jwks_uri": "http://127.0.0.1/jwks"}, "jwks_uri is no address with https"),
        ({"token_endpoint": "file:///etc/passwd"}, "token_endpoint is no address with https"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint is no address with https"),
        ({"token_endpoint": None}, "token_endpoint is no address with https"),
    ],
)
def test_a_description_that_is_not_good_is_refused(other, why):
    """Another issuer than was named, or an endpoint without TLS."""
    issuer = Issuer(ADDRESS, Answers(**{"openid-configuration": {**GOOD, **other}}))
    with pytest.raises(IssuerError, match=why):
        issuer.describe()


@pytest.mark.parametrize("said", [[], "x", None, {"keys": {}}])
def test_keys_that_are_none_are_refused(said):
    """Whatever stands there."""
    with pytest.raises(IssuerError, match="no set of keys"):
        Issuer(ADDRESS, Answers(jwks=said)).keys(None)


def test_whoever_waits_behind_a_failure_is_told_at_once():
    """An issuer that is away is asked once in a while, so that its patience does not keep every thread."""
    asked, now = [], [0.0]

    def away(address, form, headers):
        asked.append(address)
        raise IssuerError("The issuer cannot be reached")

    issuer = Issuer(ADDRESS, away, lambda: now[0])
    for _ in range(5):
        with pytest.raises(IssuerError, match="cannot be reached"):
            issuer.describe()
    assert len(asked) == 1
    now[0] = 6.0
    with pytest.raises(IssuerError, match="cannot be reached"):
        issuer.describe()
    assert len(asked) == 2


def test_a_slow_issuer_holds_a_few_threads_and_no_more():
    """While eight codes are being exchanged, a ninth is refused and not kept; then it is its turn."""
    there, go = threading.Barrier(9), threading.Event()

    def slow(address, form, headers):
        if form is None:
            return GOOD
        if not turns:
            there.wait(WITHIN)
            go.wait(WITHIN)
        return {"id_token": "t"}

    issuer, turns = Issuer(ADDRESS, slow), []
    more = {"code": "c", "verifier": "v", "back": "b", "client": "evenhand", "secret": ""}
    threads = [threading.Thread(target=issuer.exchange, kwargs=more) for _ in range(8)]
    for one in threads:
        one.start()
    there.wait(WITHIN)
    with pytest.raises(IssuerError, match="Too many"):
        issuer.exchange(**more)
    go.set()
    for one in threads:
        one.join(WITHIN)
    turns.append(True)
    assert issuer.exchange(**more)[0] == "t"


def test_a_code_that_is_not_taken_is_the_sign_ins_fault_and_a_broken_issuer_is_its_own():
    """Whoever looks after the service learns the code of the error; and a sign-out without TLS is not offered."""

    def refusing(status):
        def fetch(address, form, headers):
            if form is None:
                return {**GOOD, "end_session_endpoint": "http://login.shop.example/out"}
            raise IssuerError(f"The issuer answered with status {status} (invalid_client)", status)

        return Issuer(ADDRESS, fetch)

    more = {"code": "c", "verifier": "v", "back": "b", "client": "evenhand", "secret": ""}
    with pytest.raises(TokenError, match=r"status 401 \(invalid_client\)"):
        refusing(401).exchange(**more)
    with pytest.raises(IssuerError, match="status 502"):
        refusing(502).exchange(**more)
    assert refusing(401).describe().leave == ""


def test_a_code_is_exchanged_with_its_proof_and_the_secret_in_a_header():
    """A client without a secret names itself; one with a secret never sends it in a form."""
    answers = Answers()
    issuer = Issuer(ADDRESS, answers)
    more = {"code": "c", "verifier": "v", "back": "https://shop.example/staff/back", "client": "even:hand"}
    assert issuer.exchange(**more, secret="")[0] == "t"
    _, form, headers = answers.asked[-1]
    assert b"code_verifier=v" in form
    assert b"client_id=even%3Ahand" in form
    assert "authorization" not in headers
    issuer.exchange(**more, secret="s/ecret")
    _, form, headers = answers.asked[-1]
    assert b"s%2Fecret" not in form
    assert headers["authorization"] == "Basic ZXZlbiUzQWhhbmQ6cyUyRmVjcmV0"
    answers.said["token"] = {"access_token": "a"}
    with pytest.raises(IssuerError, match="gave no token"):
        issuer.exchange(**more, secret="")


@pytest.mark.service
def test_over_http_nothing_is_followed_and_little_is_read():
    """A redirect, an error, an endless answer, something that is no JSON, and nobody there: one error each."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            """One answer by path."""
            status = {"/moved": 302, "/broken": 500, "/refused": 401, "/odd": 400}.get(self.path, 200)
            self.send_response(status)
            self.send_header("location", "/good")
            self.end_headers()
            self.wfile.write(
                {
                    "/good": b'{"a": 1}',
                    "/long": b" " * 300_000,
                    "/nan": b"[NaN]",
                    "/refused": b'{"error": "invalid_client"}',
                    "/odd": b'{"error": "<b>x"}',
                }.get(self.path, b"<html>")
            )

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    here = f"http://127.0.0.1:{server.server_port}"
    try:
        assert fetch_json(f"{here}/good", None, {}) == {"a": 1}
        for path, why in {
            "/moved": "status 302",
            "/broken": "status 500",
            "/refused": "status 401 .invalid_client.",
            "/odd": r"status 400\.",
            "/long": "more than",
            "/page": "no JSON",
            "/nan": "no JSON",
        }.items():
            with pytest.raises(IssuerError, match=why):
                fetch_json(here + path, None, {})
    finally:
        server.shutdown()
        server.server_close()
        thread.join(WITHIN)
    with pytest.raises(IssuerError, match="cannot be reached"):
        fetch_json(here, None, {})
