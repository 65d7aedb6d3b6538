"""Who said no after a run had read what people said: counted, and listed where only the owner sees them."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.terms import DataError

PURPOSE, HOME = "PersonalisedAdvertising", "evenhand-home"
WHO, OTHER = "canary2@mail.example", "canary3@mail.example"
AT = datetime(2026, 5, 1, tzinfo=UTC)


def listed(file):
    """Ids in a list, with what was said."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [(row["person"], row["said"]) for row in csv.DictReader(opened)]


def test_a_no_that_waited_for_the_commit_is_counted_and_listed(ran):
    """It is too late for the run, and in time for whoever sends: the list holds those people and nobody else."""

    def step(what):
        if what == "looking who said no meanwhile":
            for who, word in ((WHO, "withdraw"), (WHO, "object"), (OTHER, "give"), ("no-customer", "object")):
                purpose = "" if word == "object" else PURPOSE
                assembly.say(who, word, purpose, home=ran / HOME, at=datetime.now(UTC))

    done = assembly.run_campaign(ran / "campaign.yaml", at=AT, step=step)
    assert done.said_no.people == 1
    assert done.said_no.file == done.folder / "said-no.csv"
    assert sorted(listed(done.said_no.file)) == [(WHO, "ConsentWithdrawn"), (WHO, "Objected")]
    assert done.said_no.file.stat().st_mode & 0o077 == 0


def test_a_run_in_which_nobody_says_no_has_no_list(ran, cli):
    """No file, and JSON says nobody."""
    done = json.loads(cli(ran, "run", "campaign.yaml", "--at", "2026-05-01", "--json").stdout)
    assert done["said_no"] == {"people": 0, "file": None}
    assert not list((ran / HOME).rglob("said-no.csv"))


def test_before_a_send_anybody_can_look_who_said_no_since(ran, cli):
    """Counted in the terminal without an id; a no that a run knew is not in its list, one that was taken back goes."""
    cli(ran, "consent", "object", OTHER)
    assert cli(ran, "run", "campaign.yaml", "--at", "2026-05-01").exit_code == 0
    assert "0 people" in cli(ran, "consent", "since").stderr
    cli(ran, "consent", "withdraw", WHO, PURPOSE)
    found = cli(ran, "consent", "since", "last")
    assert (found.exit_code, "1 person" in found.stderr, WHO in found.stdout + found.stderr) == (0, True, False)
    told = json.loads(cli(ran, "consent", "since", "--json").stdout)
    (file,) = (ran / HOME).rglob("said-no.csv")
    assert (told["people"], told["file"].endswith("said-no.csv")) == (1, True)
    assert listed(file) == [(WHO, "ConsentWithdrawn")]
    cli(ran, "consent", "give", WHO, PURPOSE)
    assert json.loads(cli(ran, "consent", "since", "--json").stdout) == told | {"people": 0, "file": None}
    assert not file.exists()


def test_an_erasure_takes_a_person_off_the_list(ran, cli):
    """Their id stands in no file of the home any more."""
    for who in (WHO, OTHER):
        cli(ran, "consent", "object", who)
    assert json.loads(cli(ran, "consent", "since", "--json").stdout)["people"] == 2
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    (file,) = (ran / HOME).rglob("said-no.csv")
    assert listed(file) == [(OTHER, "Objected")]
    assert not [path for path in (ran / HOME).rglob("*") if path.is_file() and WHO.encode() in path.read_bytes()]


def test_a_run_without_a_list_of_decisions_says_so(ran, cli):
    """Gone or never there: in three parts, exit 3."""
    (file,) = (ran / HOME).rglob("decisions.csv")
    file.unlink()
    with pytest.raises(DataError, match="has no list of decisions"):
        assembly.consents_since(home=ran / HOME, at=AT)
    assert cli(ran, "consent", "since").exit_code == 3
    assert cli(ran, "consent", "since", "20200101T000000Z-000000").exit_code == 3
