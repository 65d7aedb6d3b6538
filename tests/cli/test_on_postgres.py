"""A home on a PostgreSQL server does, from the command line, what a home in files does."""

from __future__ import annotations

import csv
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from campaigns_cases import start
from evenhand import assembly
from evenhand.adapters.stores.database import database_of
from evenhand.adapters.stores.event_tables import Event, EventTables
from evenhand.adapters.stores.home import find_home
from evenhand.terms import PausedError
from live_cases import asked, person
from shop_folder import AT

pytestmark = pytest.mark.postgres
HOME = "evenhand-home"
WHO = "canary7@mail.example"


def _calling(kept, cli):
    def call(*words, exits=0, url=kept.url):
        done = cli(kept.folder, *words, EVENHAND_DATABASE=url, EVENHAND_HOME=HOME)
        assert done.exit_code == exits, done.output
        return done

    call.schema, call.folder, call.url = kept.schema, kept.folder, kept.url
    return call


@pytest.fixture
def there(upgraded_there, cli):
    """A campaign folder whose home lives on a server; calls commands in it, which must succeed."""
    return _calling(upgraded_there, cli)


@pytest.fixture
def after(ran_there, cli):
    """The same after a run."""
    return _calling(ran_there, cli)


def test_every_command_works_on_a_server(there):
    """Run, verify, list, why, replay, later people, monitor, receipt, access, erasure, report; it still verifies."""
    there("run", "campaign.yaml", "--at", AT)
    assert "ok: 406 entries" in there("ledger", "verify").stdout
    assert len(json.loads(there("ledger", "runs", "--json").stdout)["runs"]) == 1
    assert "Small Shop" in there("why", WHO).stdout
    assert "400 of 400 decisions identical" in there("replay", "last").stdout
    decided = there("decide", "campaign.yaml", "canary3@mail.example", "canary5@mail.example", "--at", "2026-03-02")
    assert "left for later people" in decided.stderr
    there("monitor", "campaign.yaml")
    there("receipt", "give", WHO, "--out", "receipt.html")
    there("receipt", "check", "receipt.html")
    assert "1 decision." in there("rights", "access", WHO).stderr
    assert "1 decision can be read by nobody" in there("rights", "erase", WHO, "--yes").stdout
    there("report")
    told = there("ledger", "verify").stdout
    assert "promises kept" in told
    assert "1 person was erased" in told
    assert "was fitted on people erased since; by " in there("model", "due").stdout
    (done,) = json.loads(there("model", "refit", "--json").stdout)["refitted"]
    assert json.loads(there("model", "due", "--json").stdout)["models"] == []
    decided = there("decide", "campaign.yaml", "canary3@mail.example", "--at", "2026-03-02", "--json")
    assert json.loads(decided.stdout)["priced_by"] == done["run"]
    assert "identical" in there("replay", done["run"]).stdout
    there("ledger", "verify")
    there("run", "campaign.yaml", "--at", AT)
    assert "400 decisions" not in there("rights", "access", WHO).stderr


def test_nobody_gets_a_second_offer_within_a_day_on_a_server(there):
    """Limits over time count what a server's ledger holds, for a batch and for one person, and verify counts again."""
    text = (there.folder / "campaign.yaml").read_text("utf-8")
    each = "limits:\n  contacts: {each: [{offers: 1, within: P1D}]}\n"
    (there.folder / "campaign.yaml").write_text(text.replace("limits:\n", each), "utf-8")

    def offered(at):
        run = json.loads(there("run", "campaign.yaml", "--at", at, "--json").stdout)["run_id"]
        with (there.folder / HOME / "runs" / run / "decisions.csv").open(encoding="utf-8") as file:
            return {row["person"] for row in csv.DictReader(file) if row["offer"]}

    first = offered("2026-03-01T10:00:00Z")
    later = there("decide", "campaign.yaml", min(first), "--at", "2026-03-01T20:00:00Z", "--json")
    assert json.loads(later.stdout)["decisions"]["reason"] == ["enough-offers"]
    second = offered("2026-03-01T18:00:00Z")
    assert first
    assert second
    assert not first & second
    assert "promises kept" in there("ledger", "verify").stdout


def test_a_server_that_can_lose_what_was_committed_is_warned_of(there):
    """The server of these tests does not write its log to disk, and `db status` says so; and the ledger's format."""
    told = json.loads(there("db", "status", "--json").stdout)
    assert told["ready"]
    (own,) = (part for part in told["parts"] if part["part"] == "ledger")
    assert told["ledger"] == {"format": own["has"], "writes": own["needs"], "filed_anew": False}
    with psycopg.connect(there.url) as db:
        is_safe = db.execute("SHOW fsync").fetchone()[0] == "on"
    assert any("fsync is off" in warning for warning in told["warnings"]) != is_safe


def test_a_home_on_a_server_leaves_no_ledger_no_key_and_no_address_in_its_folder(after):
    """What stands in the folder: the secret key, the note, the head that it saw, and the results."""
    names = {path.name for path in (after.folder / HOME).iterdir()}
    assert names == {"secret.key", "database.json", "ledger.head", "runs"}
    assert not any(
        after.url.encode() in path.read_bytes() for path in (after.folder / HOME).rglob("*") if path.is_file()
    )


def test_a_copy_of_the_ledgers_schema_tells_nothing_about_anybody(after):
    """No own id, no e-mail address, no word of a row, no offer of anybody, no key: bytes of every table are scanned."""
    with psycopg.connect(after.url) as db:
        tables = [
            row[0] for row in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s", (after.schema,))
        ]
        assert {"entry", "payload", "belonging"} <= set(tables)
        copied = b""
        for table in tables:
            with db.cursor().copy(f"COPY {after.schema}.{table} TO STDOUT (FORMAT binary)") as copy:
                copied += b"".join(bytes(part) for part in copy)
        seeds = [row[0][:32] for row in db.execute(f"SELECT seed FROM {after.schema}_keys.subject_key")]
    assert len(copied) > 100_000
    assert b"canary" not in copied
    assert b"mail.example" not in copied.replace(b"privacy@shop.example", b"")
    assert b'"o":' not in copied, "an offer that somebody got"
    assert len(seeds) == 400
    assert not any(seed in copied for seed in seeds)
    key = (after.folder / HOME / "secret.key").read_bytes()
    assert key not in copied
    assert not any(key in seed for seed in seeds)


def test_a_server_that_went_away_is_told_and_nothing_is_begun_elsewhere(after):
    """Without the server, or without its address, every command stops with exit code 4; no file is made instead."""
    before = set((after.folder / HOME).rglob("*"))
    for words in (("run", "campaign.yaml"), ("why", WHO), ("ledger", "verify"), ("rights", "erase", WHO, "--yes")):
        gone = after(*words, exits=4, url="postgresql://evenhand:hunter2@/postgres?host=/nowhere")
        assert "cannot be reached" in gone.stderr
        assert "hunter2" not in gone.stderr
        assert "EVENHAND_DATABASE is not set" in after(*words, exits=4, url="").stderr
    assert set((after.folder / HOME).rglob("*")) == before


def test_another_homes_folder_is_refused(after):
    """A folder with another secret key is pointed at the schema: nothing is read, nothing written."""
    (after.folder / HOME / "secret.key").write_bytes(bytes(32))
    for words in (("run", "campaign.yaml"), ("why", WHO), ("ledger", "verify"), ("db", "upgrade")):
        assert "belongs to another home" in after(*words, exits=5).stderr
    (after.folder / HOME / "secret.key").unlink()
    assert "no key file" in after("run", "campaign.yaml", exits=4).stderr


@pytest.mark.parametrize("who", ["'; DROP TABLE entry; --", "a\x1b[2Jb\r\n2026-01-01 ok: all well", "%s%s%(x)s", "\\"])
def test_an_id_is_never_a_statement_and_never_a_line_of_output(there, who):
    """Quotes, signs of a terminal, line ends and placeholders: such an id is decided about and erased like any."""
    people = (there.folder / "people.csv").read_text()
    quoted = '"' + who.replace('"', '""') + '"'
    said = (there.folder / "said.csv").read_text()
    (there.folder / "people.csv").write_text(people.replace(WHO, quoted), newline="")
    (there.folder / "said.csv").write_text(said.replace(WHO, quoted), newline="")
    there("run", "campaign.yaml", "--at", AT)
    asked = there("rights", "access", who)
    erased = there("rights", "erase", who, "--yes")
    assert "1 decision can be read by nobody" in erased.stdout
    gone = there("why", who, exits=3)
    for done in (asked, erased, gone):
        assert "\x1b" not in done.stdout + done.stderr
        assert "all well" not in done.stdout + done.stderr
    assert "promises kept" in there("ledger", "verify").stdout


def test_the_service_decides_on_a_server_and_others_get_their_turn(after, monkeypatch):
    """Answered under a key once, with an erasure in between: all is recorded, replayed and verified."""
    monkeypatch.setenv("EVENHAND_DATABASE", after.url)
    home = after.folder / HOME
    with assembly.open_service([after.folder / "campaign.yaml"], home=home, at=datetime.now(UTC)) as serving:
        first = asked(serving.live, person(3), person(4), key=b"k" * 32, same="aa")
        assert asked(serving.live, person(3), person(4), key=b"k" * 32, same="aa").answers == first.answers
        after("rights", "erase", person(5), "--yes")
        assert asked(serving.live, person(5)).answers[0].permission == "erased"
        assert assembly.replay(first.answers[0].decision_id.split(".")[0], home=home).same
    runs = json.loads(after("ledger", "runs", "--json").stdout)["runs"]
    assert [run["decisions"] for run in runs] == [400, 2, 1]
    assert "promises kept" in after("ledger", "verify").stdout
    assert after("decide", "campaign.yaml", person(6)).exit_code == 0


def test_a_user_who_owns_nothing_can_do_everything_but_change_what_was_recorded(there):
    """With the grants that the how-to shows, word for word: every command works, and no trigger can be taken away."""
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "postgresql.md").read_text(encoding="utf-8")
    grants = re.search(r"```sql\n(.*?)```", page, re.DOTALL).group(1)
    app = f"app_{there.schema}"
    grants = grants.replace("evenhand_app", app).replace("evenhand_keys", f"{there.schema}_keys")
    grants = grants.replace("evenhand_vault", f"{there.schema}_vault")
    grants = re.sub(r"\bevenhand\b", there.schema, grants)
    with psycopg.connect(there.url, autocommit=True) as db:
        db.execute(f"CREATE ROLE {app} LOGIN")
        db.execute(grants)
    url = re.sub(r"://[^@/]*@", f"://{app}@", there.url)
    for words in (
        ("run", "campaign.yaml", "--at", AT),
        ("decide", "campaign.yaml", "canary5@mail.example", "--at", "2026-03-02"),
        ("monitor", "campaign.yaml"),
        ("why", WHO),
        ("rights", "erase", WHO, "--yes"),
        ("keys", "status"),
        ("ledger", "verify"),
    ):
        there(*words, url=url)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"SET search_path TO {there.schema}")
        for statement in (
            "ALTER TABLE entry DISABLE TRIGGER entry_no_change",
            "DROP TRIGGER entry_no_change ON entry",
            "DELETE FROM entry",
            "UPDATE checkpoint SET note = ''",
            "TRUNCATE entry",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=r"denied|must be owner"):
                db.execute(statement)


def test_what_people_say_and_ask_works_on_a_server(after):
    """A no is heard, a request answered, an erasure and a verification done: as in a home with files."""
    after("consent", "withdraw", WHO, "PersonalisedAdvertising", "--notice", "only-theirs-4711")
    after("consent", "import", "said.csv")
    after("run", "campaign.yaml", "--at", "2026-05-01")
    assert json.loads(after("why", WHO, "--json").stdout)["permission"]["key"] == "consent-withdrawn"
    after("replay", "last")
    number = json.loads(after("rights", "ask", WHO, "access", "--json").stdout)["number"]
    after("rights", "answer", number, WHO, "--by", "dpo", "--identity", "known", "--out", "answer")
    assert "only-theirs-4711" in (after.folder / "answer" / "access.json").read_text("utf-8")
    after("rights", "erase", WHO, "--yes")
    assert json.loads(after("rights", "verify", "--json").stdout)["ok"]
    with psycopg.connect(after.url) as db, db.cursor().copy(f"COPY {after.schema}.trail TO STDOUT") as copy:
        copied = b"".join(bytes(part) for part in copy)
    assert b"only-theirs-4711".hex().encode() not in copied
    after("retention", "run", "--dry-run")


def test_what_followed_a_decision_is_shown_and_erased_on_a_server_too(after, monkeypatch):
    """An event stands in the person's answer; after the erasure its table has no row, and no room that held one."""
    monkeypatch.setenv("EVENHAND_DATABASE", after.url)
    decision = json.loads(after("why", WHO, "--json").stdout)["decision_id"]
    place = find_home(after.folder / HOME)
    with database_of(place) as database:
        EventTables(database, place.key(make=False)).append(
            [Event(decision, "bought", "only-theirs-4712", 1_772_000_000_000_000, 1)]
        )
    assert "only-theirs-4712" in after("rights", "access", WHO, "--json").stdout
    assert "1 event that followed them was removed" in after("rights", "erase", WHO, "--yes").stdout
    with psycopg.connect(after.url) as db:
        kept = db.execute(f"SELECT pg_relation_size('{after.schema}.event')").fetchone()
    assert kept == (0,)


def test_a_campaign_over_the_network_is_kept_and_paused_on_a_server_for_every_service(there, monkeypatch):
    """Started in one service; after its next start another serves it too, and a pause in either holds in both."""
    monkeypatch.setenv("EVENHAND_DATABASE", there.url)
    file = (there.folder / "campaign.yaml").read_bytes()
    now, home = datetime.now(UTC), there.folder / HOME
    with assembly.open_service([], home=home, at=now, sources=there.folder) as one:
        one.register.upload(file, who="staff-1", why="spring")
        told = start(one)
        assert (told["state"], told["is_served"]) == ("active", True)
        with assembly.open_service([], home=home, at=now, sources=there.folder) as other:
            assert asked(other.live, person(3)).answers
            one.register.pause("small-shop", by="Noor", reason="stop", roles=["marketer"])
            for service in (one, other):
                with pytest.raises(PausedError, match="by a named person"):
                    asked(service.live, person(5))
            assert other.register.read("small-shop")["state"] == "paused"
            other.register.resume("small-shop", by="Noor", reason="on", roles=["marketer"])
            assert asked(one.live, person(5)).answers
    assert "promises kept" in there("ledger", "verify").stdout
