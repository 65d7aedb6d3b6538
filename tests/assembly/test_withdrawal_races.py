"""A no and a decision at the same moment: whichever is durable first, no decision about a person follows their no."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from evenhand.features import pseudonymise
from evenhand.ledger import decided_about, facts
from evenhand.terms import Standing
from patience import WITHIN
from shop_folder import AT, write_shop

TESTS = Path(__file__).resolve().parent.parent
SECONDS = float(os.environ.get("EVENHAND_RACE_SECONDS", "2"))
DECIDERS, SAYERS = (3, 4) if "EVENHAND_RACE_SECONDS" in os.environ else (1, 2)

DECIDER = """
import random, sys, time
from datetime import UTC, datetime
from pathlib import Path
from evenhand.assembly import decide_people
from evenhand.terms import DataError, StoreError
people = sys.argv[3:]
print("ready", flush=True)
sys.stdin.readline()
draw, end, done = random.Random(sys.argv[1]), time.time() + float(sys.argv[2]), 0
while time.time() < end or done < 6:
    try:
        decide_people(Path("campaign.yaml"), draw.sample(people, 3), at=datetime.now(UTC))
        done += 1
    except (StoreError, DataError) as error:
        if error.code not in ("store-busy", "said-meanwhile", "database-busy", "leases-busy"):
            raise
print(done, flush=True)
"""
SERVICE = """
import random, sys, threading, time
from pathlib import Path
from live_cases import asked, opened
people = sys.argv[3:]
with opened(Path.cwd()) as serving:
    print("ready", flush=True)
    sys.stdin.readline()
    draw, end, done = random.Random(sys.argv[1]), time.time() + float(sys.argv[2]), 0
    while time.time() < end or done < 6:
        try:
            asked(serving.live, *draw.sample(people, 3))
            done += 1
        except Exception as error:
            if getattr(error, "code", "") not in ("store-busy", "service-fault", "database-busy"):
                raise
print(done, flush=True)
"""
SAYER = """
import json, random, sys, time
from datetime import UTC, datetime
from pathlib import Path
from evenhand.assembly import say
from evenhand.assembly import open_ledger
from evenhand.adapters.stores.home import Home
draw, people = random.Random(sys.argv[1]), sys.argv[3:]
home, every = Home(Path("evenhand-home")), float(sys.argv[2]) / len(people)
print("ready", flush=True)
sys.stdin.readline()
for who in people:
    time.sleep(draw.uniform(0.2, 1.0) * every)
    say(who, "withdraw", "PersonalisedAdvertising", home=home.folder, at=datetime.now(UTC))
    with open_ledger(home) as store:
        print(json.dumps([who, store.tail().entries]), flush=True)
"""


COMMITTER = """
import sys
from pathlib import Path
import numpy as np
from evenhand.adapters.stores.home import Home
from evenhand.assembly.people._trail import Told, nobody_says_meanwhile
with nobody_says_meanwhile(Home(Path("evenhand-home")), np.zeros(0, dtype="S32"), Told()):
    print("ready", flush=True)
    sys.stdin.readline()
"""


def _start(folder, program, *words):
    return subprocess.Popen(
        [sys.executable, "-c", program, *words],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])},
    )


def _go(*processes):
    """All at once, when the last of them is ready."""
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.stderr.read()
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def folder(request, tmp_path, monkeypatch):
    """A campaign that ran once, in a home of each kind."""
    monkeypatch.delenv("EVENHAND_DATABASE", raising=False)
    monkeypatch.delenv("EVENHAND_HOME", raising=False)
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    if request.param == "server":
        monkeypatch.setenv("EVENHAND_DATABASE", request.getfixturevalue("postgres_url"))
        assembly.upgrade_database(home="evenhand-home", schema=f"t{secrets.token_hex(6)}")
    assembly.run_campaign(Path("campaign.yaml"), at=datetime.fromisoformat(AT).replace(tzinfo=UTC))
    assembly.say(
        "canary1@mail.example", "withdraw", "PersonalisedAdvertising", home="evenhand-home", at=datetime.now(UTC)
    )
    return tmp_path


@pytest.mark.slow
def test_no_decision_follows_a_withdrawal_whoever_races(folder):
    """Four processes, in `make storm` eight: a service and another decide about twenty-four people all the time, two
    withdraw consents. When a withdrawal is durable, its process notes how long the ledger is; no entry behind that
    decides personally about that person."""
    people = [f"canary{number}@mail.example" for number in range(2, 62) if number % 10 and number % 25 != 1][:24]
    deciders = [_start(folder, DECIDER, f"d{n}", str(SECONDS), *people) for n in range(DECIDERS)]
    deciders.append(_start(folder, SERVICE, "service", str(SECONDS), *people))
    sayers = [_start(folder, SAYER, f"s{n}", str(SECONDS), *people[n::SAYERS]) for n in range(SAYERS)]
    _go(*deciders, *sayers)
    told, decided = {}, 0
    for process in sayers:
        out, trouble = process.communicate(timeout=240)
        assert process.returncode == 0, trouble
        told |= dict(json.loads(line) for line in out.splitlines())
    for process in deciders:
        out, trouble = process.communicate(timeout=240)
        assert process.returncode == 0, trouble
        assert int(out) > 0
        decided += int(out)
    assert len(told) == 24
    assert decided >= 12
    home = Home(folder / "evenhand-home")
    after, before, refused = [], 0, 0
    with assembly.open_ledger(home) as store:
        for who, entries in told.items():
            pseudonym = pseudonymise([who], home.key(make=False))[0].decode()
            for id_ in decided_about(store, pseudonym):
                one = facts(store, id_)
                run, _, place = id_.rpartition(".")
                start = store.about(run.encode())[0][0]
                if one.standing is not Standing.PERSONALISED:
                    refused += start + int(place) > entries
                elif start + int(place) > entries:
                    after.append(id_)
                else:
                    before += 1
    assert after == []
    assert before >= 24, "the first run decided about them"
    assert assembly.verify_ledger(home=home.folder).ok


def test_a_no_that_is_said_while_a_run_is_prepared_is_heard_by_it(folder):
    """Said between reading and recording, and dated after the moment of the decision: the decision is not personal."""
    who, at = "canary5@mail.example", datetime.now(UTC)
    said = []

    def step(what):
        if what == "deciding and recording" and not said:
            said.append(
                assembly.say(who, "withdraw", "PersonalisedAdvertising", home="evenhand-home", at=datetime.now(UTC))
            )

    done = assembly.decide_people(Path("campaign.yaml"), [who], at=at, step=step)
    assert said
    assert done.columns["standing"] != ["personalised"]


def test_the_first_thing_that_anybody_says_waits_for_a_run_that_commits(tmp_path, monkeypatch):
    """Two processes, a home in files where nobody said a word: while one makes a run durable, the other's no waits."""
    monkeypatch.delenv("EVENHAND_DATABASE", raising=False)
    monkeypatch.delenv("EVENHAND_HOME", raising=False)
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    assembly.run_campaign(Path("campaign.yaml"), at=datetime.fromisoformat(AT).replace(tzinfo=UTC))
    assert not Home(tmp_path / "evenhand-home").people.exists()
    committer = _start(tmp_path, COMMITTER)
    assert committer.stdout.readline() == "ready\n", committer.stderr.read()
    sayer = _start(tmp_path, SAYER, "first", "0", "canary5@mail.example")
    _go(sayer)
    with pytest.raises(subprocess.TimeoutExpired, match="timed out"):
        sayer.wait(1.0)
    assert not Home(tmp_path / "evenhand-home").people.exists(), "nothing was said while the run was made durable"
    _, trouble = committer.communicate("go\n", timeout=WITHIN)
    assert committer.returncode == 0, trouble
    out, trouble = sayer.communicate(timeout=WITHIN)
    assert sayer.returncode == 0, trouble
    assert json.loads(out)[0] == "canary5@mail.example"
    assert len(assembly.consent_history("canary5@mail.example", home="evenhand-home").said) == 1
