"""The service as a process: started by the command, asked over a socket, stopped, killed, and started again."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import httpx
import pytest

from live_cases import person
from patience import WITHIN, soon
from serve_cases import Askers, asked_again, free_port, serving
from shop_folder import PROGRAM

pytestmark = [pytest.mark.service, pytest.mark.slow]
KILLS = 3


@pytest.fixture
def key(ran, cli):
    """A key that may decide and read."""
    made = cli(ran, "machine-key", "make", "shop", "--scope", "decide", "--scope", "read", "--home", "evenhand-home")
    assert made.exit_code == 0, made.output
    return made.stdout.strip().splitlines()[0]


def _runs(cli, folder: Path) -> list[dict]:
    told = cli(folder, "ledger", "runs", "--json", "--home", "evenhand-home")
    return [run for run in json.loads(told.stdout)["runs"] if run["state"] == "recorded"]


def test_the_command_serves_until_it_is_told_to_stop(ran, cli, key):
    """It says where it listens, answers, and on SIGTERM ends well; what it decided is in the ledger."""
    with serving(ran) as service:
        asked = {"authorization": f"Bearer {key}"}
        one = httpx.post(service.address + "/v1/decisions", json={"subject": person(3)}, headers=asked, timeout=WITHIN)
        assert one.status_code == 200
        why = httpx.get(service.address + one.json()["explanations"]["person"], headers=asked, timeout=WITHIN)
        assert why.json()["headline"].startswith("Small Shop")
        code, said = service.stop(signal.SIGTERM)
    assert (code, "Serving small-shop on http://127.0.0.1:" in said) == (0, True)
    assert person(3) not in said
    assert _runs(cli, ran)[-1]["decisions"] == 1
    assert cli(ran, "ledger", "verify", "--home", "evenhand-home").exit_code == 0


def test_killed_under_load_nothing_answered_is_lost_and_nothing_is_decided_twice(ran, cli, key):
    """Killed again and again while four ask: each answered decision is in the ledger; whoever asks again under the same
    key gets the same decision; every question has one decision; and the ledger verifies after each kill."""
    headers = {"authorization": f"Bearer {key}"}
    answered: dict[str, str] = {}
    asked: dict[str, str] = {}
    for attempt in range(int(os.environ.get("EVENHAND_STORM", KILLS))):
        with serving(ran) as service:
            askers = Askers(service.address, key, 10_000 * (attempt + 1))
            enough = 5 + 3 * (attempt % 7)
            assert soon(lambda askers=askers, enough=enough: len(askers.answers) >= enough, rest=0.013)
            service.stop(signal.SIGKILL)
            askers.end()
        answered |= askers.answers
        asked |= askers.asked
        verified = cli(ran, "ledger", "verify", "--home", "evenhand-home")
        assert verified.exit_code == 0, verified.output
    with serving(ran) as service, httpx.Client(timeout=WITHIN) as client:
        for once, who in asked.items():
            again = asked_again(client, service.address, headers, once, who)
            assert answered.setdefault(once, again) == again
        assert service.stop(signal.SIGTERM)[0] == 0
    assert len(set(answered.values())) == len(asked)
    live = [run for run in _runs(cli, ran) if run["priced_by"]]
    assert sum(run["decisions"] for run in live) == len(asked)
    verified = cli(ran, "ledger", "verify", "--home", "evenhand-home")
    assert verified.exit_code == 0, verified.output


def test_other_commands_get_their_turn_while_it_serves(ran, cli, key):
    """Under load somebody is erased, and from then on every decision about them says so."""
    headers = {"authorization": f"Bearer {key}"}
    with serving(ran) as service:
        askers = Askers(service.address, key, 10_000)
        done = cli(ran, "rights", "erase", person(395), "--yes", "--home", "evenhand-home")
        assert done.exit_code == 0, done.output
        with httpx.Client(headers=headers, timeout=WITHIN) as client:
            one = client.post(service.address + "/v1/decisions", json={"subject": person(395)}).json()
        askers.end()
        assert (one["standing"], one["permission"]) == ("contextual", "erased")
        assert service.stop(signal.SIGTERM)[0] == 0
    assert cli(ran, "ledger", "verify", "--home", "evenhand-home").exit_code == 0


def _offered(address: str, key: str) -> str:
    """Somebody who gets an offer at the prices of the run."""
    own = {"authorization": f"Bearer {key}"}
    for number in range(2, 60):
        asked = {"subject": person(number)}
        answer = httpx.post(address + "/v1/decisions", json=asked, headers=own, timeout=WITHIN).json()
        if answer["offer"] is not None and answer["standing"] == "personalised":
            return person(number)
    raise AssertionError("nobody gets an offer")


def test_the_lines_of_the_how_to_do_what_they_say(ran, cli):
    """Every line with curl in docs/how-to/serve.md, one after the other, with the answers that the page tells of."""
    if shutil.which("curl") is None:
        pytest.skip("no curl on this machine")
    made = cli(
        ran, "machine-key", "make", "docs", *(f"--scope={one}" for one in ("decide", "read", "events")), "--home",
        "evenhand-home",
    )  # fmt: skip
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "serve.md").read_text("utf-8")
    shown = "\n".join(re.findall(r"```sh\n(.*?)```", page, re.DOTALL))
    lines = [line for line in re.split(r"\n(?=curl )", shown) if line.strip()]
    assert len(lines) >= 4
    with serving(ran) as service:
        environment = {**os.environ, "KEY": made.stdout.strip().splitlines()[0], "DECISION": ""}
        answers, who = [], _offered(service.address, environment["KEY"])
        for line in lines:
            own = line.replace("http://127.0.0.1:8000", service.address).replace("1042", who)
            done = subprocess.run(["sh", "-c", own], capture_output=True, text=True, env=environment, check=True)
            answers.append(json.loads(done.stdout))
            environment["DECISION"] = answers[0]["decision_id"]
        assert service.stop(signal.SIGTERM)[0] == 0
    decided, why, receipt, told = answers[:4]
    assert decided["standing"] == "personalised"
    assert why["headline"].startswith("Small Shop")
    assert "checkpoint" in receipt
    assert told == {"recorded": 1, "known": 0, "closed": 0}


def test_the_client_to_copy_decides_tells_and_asks_again(ran, cli):
    """One key, one decision; several in their order; what is refused is told as a problem; a service that is gone is
    refused too."""
    made = cli(
        ran, "machine-key", "make", "client", *(f"--scope={one}" for one in ("decide", "read", "events")), "--home",
        "evenhand-home",
    )  # fmt: skip
    spec = importlib.util.spec_from_file_location("client", Path(__file__).parents[2] / "examples/service/client.py")
    client = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(client)
    key = made.stdout.strip().splitlines()[0]
    with serving(ran) as service, client.Decisions(service.address, key) as decisions:
        who = _offered(service.address, key)
        one = decisions.decide(who, once="view-1")
        assert decisions.decide(who, once="view-1")["decision_id"] == one["decision_id"]
        assert decisions.decide(person(3), gpc=True)["standing"] == "contextual"
        assert decisions.decide("nobody", features={"visits": 3})["permission"] == "consent-never-asked"
        assert len(decisions.decide_several([person(4), person(5)])["decisions"]) == 2
        decisions.tell(one["decision_id"], "shown")
        assert decisions.why(one["decision_id"], lang="nl")["lang"] == "nl"
        assert decisions.receipt(one["decision_id"])["receipt"]
        with pytest.raises(client.Refused, match="not known") as refused:
            decisions.decide("nobody")
        assert refused.value.problem["type"] == "/problems/subject-unknown"
        service.stop(signal.SIGTERM)
        with pytest.raises(client.Refused, match="cannot be reached"):
            decisions.decide(person(3))


def test_without_a_run_or_with_a_taken_port_it_says_why(shop, ran, cli):
    """No prices, no service; and a port that somebody has is named, before anything is opened."""
    refused = cli(shop, "serve", "campaign.yaml")
    assert (refused.exit_code, "error" in refused.stderr) == (4, True)
    mistyped = cli(ran, "serve", "campaign.yaml", "--home", "evenhand-hom", "--port", str(free_port()))
    assert (mistyped.exit_code, "home-not-found" in mistyped.stderr) == (2, True)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = _refused(ran, "--port", port)
    assert f"port {port}" in told
    assert "one program listens on a port" in told
    elsewhere = _refused(ran, "--host", "192.0.2.7")  # nobody's (RFC 5737)
    assert "an address of the machine that it runs on" in elsewhere


def _refused(folder: Path, *words: str) -> str:
    """What a start says that was refused before anything was opened."""
    told = subprocess.run(
        [*PROGRAM, "serve", "campaign.yaml", *words],
        cwd=folder, capture_output=True, text=True, timeout=2 * WITHIN, check=False,
    )  # fmt: skip
    assert told.returncode == 4
    assert "opening" not in told.stderr + told.stdout
    return told.stderr
