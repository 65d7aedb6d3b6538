"""The service on a PostgreSQL server that goes away, and two of them on one server."""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from evenhand.ledger import runs
from live_cases import person
from patience import WITHIN, soon
from postgres_server import Server, binaries
from serve_cases import Askers, asked_again, serving
from shop_folder import AT, write_shop

pytestmark = [pytest.mark.service, pytest.mark.slow, pytest.mark.postgres]
AWAY = float(os.environ.get("EVENHAND_AWAY", "1"))
"""Seconds for which the server is away."""
SECONDS = float(os.environ.get("EVENHAND_RACE_SECONDS", "2"))


def _home(folder: Path, cli, url: str, each: str = "") -> dict[str, str]:
    """A campaign that ran in a home on a server; the environment that it needs."""
    write_shop(folder)
    campaign = (folder / "campaign.yaml").read_text("utf-8")
    (folder / "campaign.yaml").write_text(campaign.replace("limits:\n", "limits:\n" + each), encoding="utf-8")
    environ = {"EVENHAND_DATABASE": url, "EVENHAND_HOME": "evenhand-home"}
    for words in (("db", "upgrade", "--schema", f"t{secrets.token_hex(6)}"), ("run", "campaign.yaml", "--at", AT)):
        done = cli(folder, *words, **environ)
        assert done.exit_code == 0, done.output
    return environ


def _key(folder: Path) -> str:
    keys = assembly.machine_keys(folder / "evenhand-home")
    return keys.make("tests", ("decide", "read", "consents"), at=datetime.now(UTC))


def _live_runs(cli, folder: Path, environ: dict[str, str]) -> list[dict]:
    told = cli(folder, "ledger", "runs", "--json", **environ)
    return [run for run in json.loads(told.stdout)["runs"] if run["state"] == "recorded" and run["priced_by"]]


def _offers_of_live_runs(folder: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]) -> int:
    """How many decisions of live runs gave an offer, from the ledger; commands tell no number of a few."""
    monkeypatch.setenv("EVENHAND_DATABASE", environ["EVENHAND_DATABASE"])
    with assembly.open_ledger(Home(folder / environ["EVENHAND_HOME"])) as store:
        return sum(run.selected for run in runs(store) if run.finished and run.priced_by)


def _said(address: str) -> tuple[int, str]:
    told = httpx.get(address + "/readyz", timeout=WITHIN)
    return told.status_code, told.json().get("why", "")


def _soon(address: str, status: int) -> bool:
    return soon(lambda: _said(address)[0] == status, rest=0.1)


def test_while_the_server_is_away_nobody_is_decided_about_and_nothing_is_decided_twice(tmp_path, cli):
    """An idle service says that it is not ready, and again that it is. Then four ask all the time, each question under
    a key of its own, while the server dies and comes back: what cannot be decided is told as a problem with a time to
    come back, and in the end every question has one decision in the ledger."""
    if binaries() is None:
        pytest.skip("no PostgreSQL server on this machine; on Debian: apt-get install postgresql")
    server = Server()
    try:
        server.start()
        environ = _home(tmp_path, cli, server.url)
        key = _key(tmp_path)
        headers = {"authorization": f"Bearer {key}"}
        with serving(tmp_path, **environ) as service:
            server.stop("immediate")
            assert _soon(service.address, 503)
            assert _said(service.address)[1] == "database-unreachable"
            server.start()
            assert _soon(service.address, 200)
            first = httpx.post(
                service.address + "/v1/decisions", json={"subject": person(3)}, headers=headers, timeout=WITHIN
            )
            assert first.status_code == 200  # what says that it is ready is ready for the very first question
            askers = Askers(service.address, key, 10_000)
            assert soon(lambda: len(askers.answers) >= 20)
            server.stop("immediate")
            assert _soon(service.address, 503)
            before = set(askers.asked)  # of these an answer may be on its way
            end = time.monotonic() + AWAY
            while time.monotonic() < end:
                told = httpx.post(
                    service.address + "/v1/decisions", json={"subject": person(3)}, headers=headers, timeout=WITHIN
                )
                assert told.status_code == 503
                assert told.headers["content-type"] == "application/problem+json"
                assert int(told.headers["retry-after"]) > 0
                assert _said(service.address)[0] == 503
                assert httpx.get(service.address + "/healthz", timeout=WITHIN).status_code == 200
            assert set(askers.answers) <= before
            server.start()
            assert _soon(service.address, 200)
            enough = len(askers.answers) + 20
            assert soon(lambda: len(askers.answers) >= enough)
            askers.end()
            with httpx.Client(timeout=WITHIN) as client:
                for once in list(askers.asked)[-60:]:
                    again = asked_again(client, service.address, headers, once, askers.asked[once])
                    assert askers.answers.setdefault(once, again) == again
            assert service.stop(signal.SIGTERM)[0] == 0
        assert len(set(askers.answers.values())) == len(askers.answers)
        decided = sum(run["decisions"] for run in _live_runs(cli, tmp_path, environ))
        # A question of which the answer was lost may have been decided; asked again it gets that decision.
        assert len(askers.answers) < decided <= len(askers.asked) + 1, "all of these, and the very first question"
        verified = cli(tmp_path, "ledger", "verify", **environ)
        assert verified.exit_code == 0, verified.output
    finally:
        server.remove()


def test_two_services_on_one_server_keep_limits_contacts_and_withdrawals_exact(
    tmp_path, cli, postgres_url, monkeypatch
):
    """Both are asked about the same people at the same time. Together they spend no more than the budget, nobody gets a
    second offer within the time that the campaign names, and who withdrew at one is contextual at the other at once."""
    each = "  contacts: {each: [{offers: 1, within: P7D}]}\n"
    environ = _home(tmp_path, cli, postgres_url, each)
    headers = {"authorization": f"Bearer {_key(tmp_path)}"}
    offers: list[str] = []
    late: list[str] = []
    failed: list[str] = []
    stop = threading.Event()

    def ask(client: httpx.Client, address: str, who: str) -> dict:
        while True:
            told = client.post(address + "/v1/decisions", json={"subject": who}, headers=headers)
            if told.status_code == 200:
                return told.json()
            if told.status_code != 503 or stop.is_set():
                failed.append(told.text)
                return {}
            time.sleep(0.02)

    def buy(address: str, numbers: range) -> None:
        with httpx.Client(timeout=WITHIN) as client:
            for number in numbers:
                if stop.is_set():
                    return
                if ask(client, address, person(number)).get("offer"):
                    offers.append(person(number))

    def withdraw(here: str, there: str, numbers: range) -> None:
        with httpx.Client(timeout=WITHIN) as client:
            for number in numbers:
                said = {"subject": person(number), "word": "withdraw", "purpose": "PersonalisedAdvertising"}
                done = client.post(here + "/v1/consents", json=said, headers=headers)
                assert done.status_code in (200, 201), done.text
                if ask(client, there, person(number)).get("standing") == "personalised":
                    late.append(person(number))

    with serving(tmp_path, **environ) as one, serving(tmp_path, **environ) as other:
        people = [range(2, 200), range(2, 200), range(200, 380), range(200, 380)]
        places = [one.address, other.address, one.address, other.address]
        threads = [threading.Thread(target=buy, args=pair) for pair in zip(places, people, strict=True)]
        threads.append(threading.Thread(target=withdraw, args=(one.address, other.address, range(381, 388))))
        threads.append(threading.Thread(target=withdraw, args=(other.address, one.address, range(388, 396))))
        for thread in threads:
            thread.start()
        time.sleep(SECONDS)
        for thread in threads[4:]:
            thread.join(2 * WITHIN)
        stop.set()
        for thread in threads:
            thread.join(2 * WITHIN)
        assert [each.stop(signal.SIGTERM)[0] for each in (one, other)] == [0, 0]
    assert late == []
    assert len(set(offers)) == len(offers) > 0
    assert _offers_of_live_runs(tmp_path, monkeypatch, environ) == len(offers) <= 50
    verified = cli(tmp_path, "ledger", "verify", **environ)
    assert verified.exit_code == 0, verified.output
