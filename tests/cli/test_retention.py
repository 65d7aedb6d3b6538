"""What has been kept long enough is gone, to the byte, and the ledger verifies and says so (RULES G-5e)."""

from __future__ import annotations

import csv
import json
import sqlite3
from datetime import UTC, datetime, timedelta

import pytest

from evenhand import assembly
from evenhand.features import pseudonymise
from evenhand.rights import kept_until
from shop_folder import with_recipients

WHO = "canary2@mail.example"
PURPOSE = "PersonalisedAdvertising"
NOW = datetime.now(UTC)
LATER = NOW + timedelta(days=800)
"""Two years and some: after P24M."""


def verified(folder, cli):
    """What verification of ledger and trail says."""
    found = json.loads(cli(folder, "ledger", "verify", "--json").stdout)
    assert found["ok"], found["problems"]
    assert cli(folder, "rights", "verify").exit_code == 0
    return found


def test_nothing_is_due_before_its_time(ran, cli):
    """A dry run and a real one today destroy nothing, and name the own tables with how long their data may be kept."""
    before = {path: path.read_bytes() for path in (ran / "evenhand-home").rglob("*") if path.is_file()}
    for words in (("--dry-run",), ("--yes",)):
        done = cli(ran, "retention", "run", *words)
        assert (done.exit_code, "Nothing is due" in done.stdout) == (0, True), done.stderr
        assert "people.csv" in done.stderr
    after = {path: path.read_bytes() for path in (ran / "evenhand-home").rglob("*") if path.is_file()}
    assert before == {path: content for path, content in after.items() if path in before}


def test_decisions_are_destroyed_when_their_time_is_up(ran, cli):
    """One day before, nothing; on the day every body, list and story is gone from every file; counts and chain stay."""
    home = ran / "evenhand-home"
    pseudonym = pseudonymise([WHO], (home / "secret.key").read_bytes())[0]
    told = json.loads(cli(ran, "why", WHO, "--json").stdout)
    (run,) = assembly.list_runs(home=home)
    folder = home / "runs" / run["run_id"]
    day = kept_until(NOW.date(), "P24M")
    eve = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(seconds=1)
    assert assembly.retention(home=home, at=eve, dry_run=False).is_empty
    seen = assembly.retention(home=home, at=LATER, dry_run=True)
    assert [(one.run_id, one.decisions, one.kept) for one in seen.runs] == [(run["run_id"], 400, "P24M")]
    assert (folder / "decisions.csv").exists(), "a dry run destroys nothing"
    with sqlite3.connect(home / "ledger.sqlite") as database:
        (kept,) = database.execute("SELECT sealed FROM payload LIMIT 1").fetchone()
    database.close()
    assert assembly.retention(home=home, at=LATER, dry_run=False).done
    needles = (WHO.encode(), kept[12:44], pseudonym, told["decision_id"].encode() + b'"')
    for path in home.rglob("*"):
        if path.is_file() and path.name != "subject-keys.sqlite":
            assert not [one for one in needles if one in path.read_bytes()], path.name
    assert not (folder / "decisions.csv").exists()
    assert json.loads((folder / "report.json").read_text("utf-8"))["stories"] == []
    found = verified(ran, cli)
    assert (found["expired"], found["closed"]) == (400, 0)
    assert "time was up" in cli(ran, "ledger", "verify").stdout
    assert cli(ran, "why", WHO).exit_code == 3
    assert cli(ran, "rights", "access", WHO).exit_code == 3
    assert assembly.retention(home=home, at=LATER, dry_run=False).is_empty, "asked again nothing is left"


def test_the_home_goes_on_after_decisions_expired(ran, cli):
    """A new run records, explains, erases and verifies; only its own decisions are shown."""
    home = ran / "evenhand-home"
    assembly.retention(home=home, at=LATER, dry_run=False)
    assert cli(ran, "run", "campaign.yaml", "--at", "2026-03-02").exit_code == 0
    assert cli(ran, "why", WHO).exit_code == 0
    assert len(json.loads(cli(ran, "rights", "access", WHO, "--json").stdout)["decisions"]) == 1
    assert len(assembly.package_about(WHO, home=home, at=NOW).to_dict()["decisions"]) == 1
    assert cli(ran, "rights", "erase", WHO, "--yes").exit_code == 0
    assert (verified(ran, cli)["closed"], verified(ran, cli)["expired"]) == (1, 400)
    assert cli(ran, "replay", "last").exit_code == 0


def test_a_body_that_is_gone_without_an_entry_is_found(ran, cli):
    """Deleting is not expiring: without the ledger's own entry it is a problem; and a body that is there again too."""
    home = ran / "evenhand-home"
    with sqlite3.connect(home / "ledger.sqlite") as database:
        kept = database.execute("SELECT seq, sealed FROM payload").fetchall()
        database.execute("DELETE FROM payload WHERE seq = ?", (kept[5][0],))
    database.close()
    done = cli(ran, "ledger", "verify")
    assert (done.exit_code, f"What entry {kept[5][0]} commits to" in done.stdout) == (5, True)
    with sqlite3.connect(home / "ledger.sqlite") as database:
        database.execute("INSERT INTO payload VALUES (?, ?)", kept[5])
    database.close()
    assembly.retention(home=home, at=LATER, dry_run=False)
    with sqlite3.connect(home / "ledger.sqlite") as database:
        database.execute("INSERT INTO payload VALUES (?, ?)", kept[5])
    database.close()
    done = cli(ran, "ledger", "verify")
    assert (done.exit_code, "are there again" in done.stdout) == (5, True)


def test_evidence_goes_when_nobody_needs_it_and_what_stands_stays(shop, cli):
    """Of two consents the one that the other replaced, and a request that was answered; the open one and the standing
    consent stay. Without declared periods everything does."""
    campaign = shop / "campaign.yaml"
    text = campaign.read_text("utf-8")
    campaign.write_text(
        text.replace("features: P6M}", "features: P6M, consents: P3Y, requests: P3Y}"), encoding="utf-8"
    )
    assert cli(shop, "run", "campaign.yaml", "--at", "2026-03-01").exit_code == 0
    home = shop / "evenhand-home"
    old = NOW - timedelta(days=10)
    assembly.say(WHO, "give", PURPOSE, home=home, at=old, notice="notice-old-8811")
    assembly.say(WHO, "renew", PURPOSE, home=home, at=NOW, notice="notice-new-8812")
    answered = assembly.ask(WHO, "objection", home=home, at=NOW, note="x").request.number
    assembly.answer_request(answered, WHO, home=home, by="dpo", at=NOW)
    assembly.ask(WHO, "access", home=home, at=NOW)
    almost = NOW + timedelta(days=3 * 365)
    assert assembly.retention(home=home, at=almost, dry_run=True).consents == 0
    over = NOW + timedelta(days=3 * 366)
    done = assembly.retention(home=home, at=over, dry_run=False)
    assert (done.consents, done.requests, done.orphans) == (1, 1, 0)
    content = (home / "people.sqlite").read_bytes()
    assert b"notice-old-8811" not in content
    assert b"notice-new-8812" in content
    assert [one.kind.value for one in assembly.list_requests(home=home, everything=True)] == ["access"]
    statuses = [one.status for one in assembly.consent_history(WHO, home=home).said]
    assert statuses == ["RenewedConsentGiven", "Objected"]
    verified(shop, cli)


def test_nothing_is_destroyed_without_a_word(ran, cli):
    """What leads to nobody any more is due at once: exit 2 where nobody confirms, and gone with --yes."""
    home = ran / "evenhand-home"
    cli(ran, "consent", "give", "somebody-new", PURPOSE, "--notice", "of-nobody-5150")
    with sqlite3.connect(home / "subject-keys.sqlite") as database:
        database.execute("DELETE FROM subject_key WHERE pseudonym = ?", (_pseudonym(home, "somebody-new"),))
    database.close()
    refused = cli(ran, "retention", "run")
    assert (refused.exit_code, "1 record that leads to nobody" in refused.stdout) == (2, True)
    assert b"of-nobody-5150" in (home / "people.sqlite").read_bytes()
    done = cli(ran, "retention", "run", "--yes", "--json")
    assert (done.exit_code, json.loads(done.stdout)["orphans"]) == (0, 1)
    assert b"of-nobody-5150" not in (home / "people.sqlite").read_bytes()
    verified(ran, cli)


def _pseudonym(home, who):
    return bytes.fromhex(pseudonymise([who], (home / "secret.key").read_bytes())[0].decode())


@pytest.mark.parametrize(("form", "mark"), [("json", '"fields"'), ("csv", "campaign,controller"), ("jsonld", "@graph")])
def test_the_record_of_processing_has_every_campaign_and_no_empty_field(ran, cli, form, mark):
    """G-30. What nobody declared says so and is told; with --check it exits with 1."""
    done = cli(ran, "ropa", "--format", form)
    assert (done.exit_code, mark in done.stdout) == (0, True), done.stderr
    assert "small-shop" in done.stdout
    assert "security is not declared" in done.stderr
    assert cli(ran, "ropa", "--check").exit_code == 1


MAIL_HOUSE = {"id": "mail-house", "name": "Mail House", "role": "processor", "country": "US", "contract": "DPA-1",
              "safeguard": "adequacy decision"}  # fmt: skip


def test_a_declared_record_has_no_gap_and_says_the_same_in_every_form(shop, cli):
    """G-30. Every paragraph of 30(1) is filled in; a cell is no formula; JSON-LD and Turtle name the same things."""
    campaign = with_recipients(shop / "campaign.yaml", MAIL_HOUSE)
    text = campaign.read_text("utf-8")
    campaign.write_text(text.replace("en: encrypted", 'en: "=encrypted"'), encoding="utf-8")
    assert cli(shop, "run", "campaign.yaml", "--at", "2026-03-01").exit_code == 0
    assert cli(shop, "ropa", "--check", "--quiet").exit_code == 0
    record = json.loads(cli(shop, "ropa").stdout)
    (row,) = record["processing"]
    assert set(row) == set(record["fields"])
    assert all(row.values())
    assert row["transfers"] == ["Mail House: US, adequacy decision"]
    cells = list(csv.reader(cli(shop, "ropa", "--format", "csv", "--lang", "nl").stdout.splitlines()))
    assert [len(line) for line in cells] == [len(record["fields"])] * 2
    assert "klanten" in cells[1]
    assert {"persoonlijke reclame", "toestemming", "Mail House (verwerker, US)"} <= set(cells[1])
    assert "beslissingen: 24 maanden; gegevens: 6 maanden" in cells[1]
    assert (row["purpose"], row["basis"]) == ("PersonalisedAdvertising", "consent")
    assert not [cell for cell in csv_row(cli(shop, "ropa", "--format", "csv").stdout) if cell.startswith("=")]
    (node,) = json.loads(cli(shop, "ropa", "--format", "jsonld").stdout)["@graph"]
    turtle = cli(shop, "ropa", "--format", "turtle").stdout
    assert node["dpv:hasPurpose"]["@id"] == "dpv:PersonalisedAdvertising"
    for said in ("dpv:PersonalisedAdvertising", "eu-gdpr:A6-1-a", '"customers"', "loc:NL", "Mail House"):
        assert said in turtle, said
    heads, body = turtle.split("\n\n", 1)
    assert all(line.startswith("@prefix ") and line.endswith(" .") for line in heads.splitlines())
    statements = body.rstrip().splitlines()
    assert statements[0].startswith("<urn:evenhand:processing:")
    assert all(line.endswith(" ;") for line in statements[1:-1])
    assert statements[-1].endswith(" .")
    assert body.count("[") == body.count("]")


def csv_row(text):
    """The cells of the first row."""
    return list(csv.reader(text.splitlines()))[1]
