"""Backup and restore: whole, verified, from and to files and servers, and nobody who was erased comes back unsaid."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evenhand.adapters.stores.home import find_home, write_atomically
from evenhand.assembly import ReadsInHome, person_pages_of, staff_reads
from evenhand.staff import Read, ReadKind
from portal_cases import Browser
from shop_folder import PROGRAM

HOME = "evenhand-home"
PURPOSE = "PersonalisedAdvertising"
WHO, OTHER = "canary7@mail.example", "canary8@mail.example"


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def old(request, cli):
    """A folder with a home of each kind in which a campaign ran and some later people were decided; calls a command."""
    kept = request.getfixturevalue("ran_there") if request.param == "server" else None
    folder, url = (kept.folder, kept.url) if kept else (request.getfixturevalue("ran"), "")

    def call(*words, home=HOME, exits=0, url=url):
        done = cli(folder, *words, EVENHAND_HOME=str(home), EVENHAND_DATABASE=url)
        assert done.exit_code == exits, done.stderr + done.stdout
        return done

    call.folder, call.url = folder, url
    call("decide", "campaign.yaml", OTHER, "canary5@mail.example", "--at", "2026-03-02")
    call("monitor", "campaign.yaml")
    call("consent", "withdraw", "canary9@mail.example", PURPOSE)
    call("consent", "withdraw", WHO, PURPOSE)
    return call


def _file_names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_backup_restores_to_the_same_home_in_files(old):
    """The same ledger, answers, leases, monitor, and what plans told; a run goes on from there, and replays."""
    plans = Path("plans-told", "of-an-earlier-plan.json")
    write_atomically(old.folder / HOME / plans, b'{"plans": [], "audits": {}}', private=True)
    told = old("backup", "copy", "--keys", "keys")
    assert "verified" in told.stdout
    assert _file_names(old.folder / "keys") == {"secret.key", "subject-keys.sqlite"}
    assert {"ledger.sqlite", "ledger.sqlite.head", "leases.sqlite", "backup.json"} <= _file_names(old.folder / "copy")
    assert any(name.startswith("monitor/") for name in _file_names(old.folder / "copy"))
    old("restore", "copy", "--keys", "keys", "--home", "new", url="")
    new = {"home": "new", "url": ""}
    assert (old.folder / "new" / plans).read_bytes() == (old.folder / HOME / plans).read_bytes()
    assert old("ledger", "verify", **new).stdout == old("ledger", "verify").stdout
    assert old("why", WHO, **new).stdout == old("why", WHO).stdout
    assert old("ledger", "key", **new).stdout == old("ledger", "key").stdout
    left = old("decide", "campaign.yaml", WHO, "--at", "2026-03-03", **new).stderr
    assert "capacity:tea 59" in left, "what was spent before the backup is still spent"
    assert "0 new" in old("monitor", "campaign.yaml", **new).stdout or old("monitor", "campaign.yaml", **new)
    assert "identical" in old("replay", "last", "--campaign", "campaign.yaml", **new).stdout
    assert json.loads(old("rights", "verify", "--json", **new).stdout)["ok"]
    old("decide", "campaign.yaml", "canary9@mail.example", "--at", "2026-03-04", **new)
    told = json.loads(old("why", "canary9@mail.example", "--json", **new).stdout)
    assert told["permission"]["key"] == "consent-withdrawn", "a no that was said before the backup is still heard"
    assert not list(old.folder.glob(".new*"))


@pytest.mark.postgres
def test_a_home_moves_to_a_server_by_backup_and_restore(ran, cli, postgres_url):
    """From files to a schema: the same head; the files stay as they were; a second restore is refused."""
    assert cli(ran, "backup", "copy", "--keys", "keys").exit_code == 0
    schema = f"t{secrets.token_hex(6)}"
    server = {"EVENHAND_DATABASE": postgres_url}
    done = cli(ran, "restore", "copy", "--keys", "keys", "--home", "new", "--schema", schema, "--json", **server)
    assert done.exit_code == 0, done.stderr
    told = cli(ran, "ledger", "verify", "--home", "new", **server)
    assert json.loads(done.stdout)["head"] in told.stdout
    assert told.stdout == cli(ran, "ledger", "verify", "--home", HOME).stdout
    assert cli(ran, "why", WHO, "--home", "new", **server).stdout == cli(ran, "why", WHO).stdout
    assert _file_names(ran / "new") == {"secret.key", "database.json", "ledger.head"}
    again = cli(ran, "restore", "copy", "--keys", "keys", "--home", "other", "--schema", schema, **server)
    assert again.exit_code == 4
    assert "a ledger already" in again.stderr


def test_whoever_was_erased_after_the_backup_is_erased_again_or_it_is_said(old):
    """With later marks they are gone from the restored home too; without, the warning is loud."""
    old("backup", "copy", "--keys", "keys")
    old("rights", "erase", WHO, "--yes")
    silent = old("restore", "copy", "--keys", "keys", "--home", "without", url="")
    assert "WARNING: whoever was erased after that moment can be read again" in silent.stderr
    assert old("why", WHO, home="without", url="")
    marks = HOME
    if old.url:  # the old home is on a server, and the new one is not: its marks come as a later copy of its keys
        old("backup", "later", "--keys", "later-keys")
        marks = "later-keys"
    done = old("restore", "copy", "--keys", "keys", "--home", "with", "--marks", marks, url="")
    assert "1 person who was erased later was erased again" in done.stderr
    old("why", WHO, home="with", url="", exits=3)
    told = old("ledger", "verify", home="with", url="").stdout
    assert "promises kept" in told
    assert "1 person was erased" in told
    assert json.loads(old("rights", "verify", "--json", home="with", url="").stdout)["ok"]
    assert old("why", OTHER, home="with", url="")


def test_whoever_came_and_was_erased_after_the_backup_is_told_too(ran, cli):
    """Nothing of them is in it, so nothing is erased again; their mark is kept, and nobody wonders who is missing."""

    def call(*words, home=HOME):
        done = cli(ran, *words, EVENHAND_HOME=home)
        assert done.exit_code == 0, done.stderr + done.stdout
        return done

    call("backup", "copy", "--keys", "keys")
    call("consent", "object", "canary-late@mail.example")
    for who in (WHO, "canary-late@mail.example"):
        call("rights", "erase", who, "--yes")
    said = call("restore", "copy", "--keys", "keys", "--home", "with", "--marks", HOME).stderr
    assert "1 person who was erased later was erased again." in said
    assert "Of 1 person more who was erased later there was nothing in the backup; the mark is kept." in said
    call("consent", "give", "canary-later@mail.example", PURPOSE)
    call("rights", "erase", "canary-later@mail.example", "--yes")
    told = json.loads(call("restore", "copy", "--keys", "keys", "--home", "again", "--marks", HOME, "--json").stdout)
    assert (told["erased_again"], told["erased_elsewhere"]) == (1, 2)


def test_a_no_that_was_said_after_the_backup_is_heard_in_the_restored_home(ran, cli):
    """Named as --marks, the old home tells what was said and corrected since; where nobody can tell, it is said."""

    def call(*words, home=HOME, exits=0):
        done = cli(ran, *words, EVENHAND_HOME=home)
        assert done.exit_code == exits, done.stderr + done.stdout
        return done

    call("consent", "withdraw", OTHER, PURPOSE)
    call("backup", "copy", "--keys", "keys")
    call("consent", "give", OTHER, PURPOSE)
    call("consent", "withdraw", WHO, PURPOSE)
    call("consent", "object", "canary-new@mail.example")
    asked = json.loads(call("rights", "ask", "canary5@mail.example", "rectification", "--json").stdout)["number"]
    known = ("--by", "dpo", "--identity", "known", "--set", "visits=3")
    call("rights", "answer", asked, "canary5@mail.example", *known)
    call("consent", "withdraw", "canary4@mail.example", PURPOSE)
    call("rights", "erase", "canary4@mail.example", "--yes")
    done = call("restore", "copy", "--keys", "keys", "--home", "with", "--marks", HOME)
    assert "said or corrected later: 4." in done.stderr
    assert "whoever said no" not in done.stderr
    told = call("consent", "history", WHO, home="with").stdout
    assert told == call("consent", "history", WHO).stdout
    assert "ConsentWithdrawn" in told
    assert "Objected" in call("consent", "history", "canary-new@mail.example", home="with").stdout
    assert len(call("consent", "history", OTHER, home="with").stdout.splitlines()) == 2
    assert not call("consent", "history", "canary4@mail.example", home="with").stdout.strip()
    assert json.loads(call("rights", "verify", "--json", home="with").stdout)["ok"]
    call("decide", "campaign.yaml", WHO, "canary5@mail.example", "--at", "2026-03-04", home="with")
    assert json.loads(call("why", WHO, "--json", home="with").stdout)["permission"]["key"] == "consent-withdrawn"
    held = call("rights", "access", "canary5@mail.example", "--html", "page.html", home="with")
    assert "corrected at your request" in (ran / "page.html").read_text("utf-8"), held.stderr
    deaf = call("restore", "copy", "--keys", "keys", "--home", "without", "--marks", "keys")
    assert "WARNING: whoever said no after that moment is not heard here" in deaf.stderr


def test_requests_that_came_after_the_backup_go_on_in_the_restored_home(old):
    """One answered meanwhile, one new, one of somebody erased since: number, clock, steps and letters as in the old."""
    ask = ("rights", "ask")
    begun = json.loads(old(*ask, WHO, "access", "--json", "--received", "2026-11-02").stdout)["number"]
    old("backup", "copy", "--keys", "keys")
    old("rights", "extend", begun, "complex", "--by", "dpo")
    new = json.loads(old(*ask, "canary-late@mail.example", "rectification", "--note", "n-4711", "--json").stdout)[
        "number"
    ]
    gone = json.loads(old(*ask, "canary4@mail.example", "erasure", "--json").stdout)["number"]
    old("rights", "erase", "canary4@mail.example", "--yes")
    schema = ("--schema", f"t{secrets.token_hex(6)}") if old.url else ()
    done = old("restore", "copy", "--keys", "keys", "--home", "with", "--marks", HOME, *schema)
    assert "Requests that came or went on later, as they were: 4." in done.stderr
    there = old("rights", "list", "--all", "--json", home="with")
    assert json.loads(there.stdout) == json.loads(old("rights", "list", "--all", "--json").stdout)
    for number in (begun, new, gone):
        told = json.loads(old("rights", "show", number, "--json", home="with").stdout)
        assert told == json.loads(old("rights", "show", number, "--json").stdout)
    assert "n-4711" in old("rights", "show", new, "--reveal", "--by", "dpo", home="with").stdout
    assert json.loads(old("rights", "verify", "--json", home="with").stdout)["ok"]
    old("rights", "answer", begun, WHO, "--by", "dpo", "--identity", "known", "--out", "answer", home="with")
    deaf = old("restore", "copy", "--keys", "keys", "--home", "without", "--marks", "keys", url="")
    assert "Requests of that time" in deaf.stderr


def test_a_link_of_before_opens_nothing_in_a_restored_home_and_looks_are_there(ran, cli):
    """Whether a link was used after the backup nobody knows there, so none is taken; who looked since is on record."""

    def call(*words, home=HOME):
        done = cli(ran, *words, EVENHAND_HOME=home)
        assert done.exit_code == 0, done.stderr + done.stdout
        return done.stdout.strip()

    number = json.loads(call("rights", "ask", WHO, "access", "--json"))["number"]
    old_link, why = (call("portal", "link", WHO, *words) for words in ((), ("--decision", "last")))
    call("backup", "copy", "--keys", "keys")
    assert Browser(person_pages_of(ran / HOME)).post(old_link, data={"lang": "en"}).status_code == 200
    look = Read(datetime(2026, 11, 27, tzinfo=UTC), "staff-ab12", ReadKind.REQUEST, number)
    ReadsInHome(find_home(ran / HOME)).note(look)
    done = cli(ran, "restore", "copy", "--keys", "keys", "--home", "with", "--marks", HOME)
    assert "Links to people's own pages that were sent before open nothing here." in done.stderr
    assert "looked at what about people later, as they were: 1." in done.stderr
    there = Browser(person_pages_of(ran / "with"))
    assert there.post(old_link, data={"lang": "en"}).status_code == 403
    assert there.get(why).status_code == 200
    assert there.post(call("portal", "link", WHO, home="with"), data={"lang": "en"}).status_code == 200
    assert [one.about for one in staff_reads(home=ran / "with")] == [number]
    assert json.loads(call("rights", "verify", "--json", home="with"))["ok"]


def test_marks_of_another_home_are_refused(ran, cli):
    """They are about nobody in the backup, so they would erase nobody."""
    assert cli(ran, "backup", "copy", "--keys", "keys").exit_code == 0
    other = ran / "other"
    other.mkdir()
    (other / "secret.key").write_bytes(secrets.token_bytes(32))
    shutil.copy(ran / "keys" / "subject-keys.sqlite", other)
    refused = cli(ran, "restore", "copy", "--keys", "keys", "--home", "new", "--marks", "other")
    assert refused.exit_code == 2
    assert "has another secret key than the backup" in refused.stderr
    assert not (ran / "new").exists()


def test_a_backup_without_keys_opens_nothing(old):
    """No secret, no random bytes of anybody, no own id in any byte of it; and it is not restored without them."""
    old("backup", "copy")
    old("backup", "whole", "--keys", "keys")
    with sqlite3.connect(old.folder / "keys" / "subject-keys.sqlite") as db:
        seeds = [row[0][:32] for row in db.execute("SELECT seed FROM subject_key")]
    key = (old.folder / "keys" / "secret.key").read_bytes()
    content = b"".join(path.read_bytes() for path in (old.folder / "copy").rglob("*") if path.is_file())
    assert len(seeds) == 400
    assert not any(seed in content for seed in (*seeds, key, b"canary7"))
    assert "has no secret key" in old("restore", "copy", "--home", "new", url="", exits=2).stderr
    assert not (old.folder / "new").exists()


@pytest.mark.parametrize("keys", ["copy", "copy/keys", "./copy/../copy", "."])
def test_keys_are_not_put_where_the_backup_is(ran, cli, keys):
    """In it, around it, or the same folder: whoever got the backup would have both. Nothing is written."""
    done = cli(ran, "backup", "copy", "--keys", keys)
    assert done.exit_code == 2
    assert "lie one in the other" in done.stderr
    assert not (ran / "copy").exists()


def test_a_backup_is_whole_while_runs_go_on(old):
    """Backups while another process records run after run: each verifies, and has whole runs only."""
    words = [*PROGRAM, "decide", "campaign.yaml", *(f"canary{number}@mail.example" for number in range(20, 120))]
    environ = {**os.environ, "EVENHAND_HOME": HOME, "EVENHAND_DATABASE": old.url}
    stop, ended = threading.Event(), []

    def write():
        while not stop.is_set():
            done = subprocess.run([*words, "--at", "2026-03-02"], cwd=old.folder, env=environ, capture_output=True)
            ended.append(done.returncode)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        told = [json.loads(old("backup", f"copy{number}", "--json").stdout) for number in range(4)]
    finally:
        stop.set()
        writer.join()
    assert set(ended) == {0}
    entries = [one["entries"] for one in told]
    assert entries == sorted(entries)
    with_runs = {one["entries"] - told[0]["entries"] for one in told}
    assert all(more % 102 in (0, 1) for more in with_runs), "a run of a hundred people is there whole, or not at all"


def test_what_was_cut_off_is_not_laundered_by_a_backup(ran, cli):
    """A ledger whose end was taken away is refused: no copy gets a fresh seal."""
    with sqlite3.connect(ran / HOME / "ledger.sqlite") as db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f"DROP TRIGGER {name}")
        db.execute("DELETE FROM entry WHERE seq > 300")
        db.execute("DELETE FROM checkpoint")
    done = cli(ran, "backup", "copy")
    assert done.exit_code == 5
    assert "does not verify" in done.stderr
    assert not (ran / "copy" / "backup.json").exists()
    assert cli(ran, "restore", "copy", "--home", "new", "--keys", HOME).exit_code == 2


def test_an_altered_backup_is_not_restored(ran, cli):
    """One byte in a kept body: nothing is made."""
    assert cli(ran, "backup", "copy", "--keys", "keys").exit_code == 0
    with sqlite3.connect(ran / "copy" / "ledger.sqlite") as db:
        db.execute("UPDATE payload SET sealed = zeroblob(200) WHERE seq = 9")
    done = cli(ran, "restore", "copy", "--keys", "keys", "--home", "new")
    assert done.exit_code == 5
    assert not (ran / "new").exists()
    assert not list(ran.glob(".new*"))


def test_nothing_is_written_over(ran, cli):
    """Not a backup by another, not a home by a restore, not a home by a backup."""
    assert cli(ran, "backup", "copy", "--keys", "keys").exit_code == 0
    assert cli(ran, "backup", "copy").exit_code == 2
    assert cli(ran, "backup", HOME).exit_code == 2
    before = _file_names(ran / HOME)
    assert cli(ran, "restore", "copy", "--keys", "keys", "--home", HOME).exit_code == 4
    assert _file_names(ran / HOME) == before
    (ran / "new").mkdir()
    (ran / "new" / "secret.key").write_bytes(bytes(32))
    assert "another secret key" in cli(ran, "restore", "copy", "--keys", "keys", "--home", "new").stderr
    assert (ran / "new" / "secret.key").read_bytes() == bytes(32)


def test_a_backup_that_was_killed_is_none(ran, cli):
    """Killed at any moment before the end, it has no note, and is refused."""
    seen = set()
    for number in range(4):
        process = subprocess.Popen([*PROGRAM, "backup", f"copy{number}", "--keys", f"keys{number}"], cwd=ran)
        try:
            process.wait(0.1 + 0.3 * number)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        is_whole = (ran / f"copy{number}" / "backup.json").exists()
        done = cli(ran, "restore", f"copy{number}", "--keys", f"keys{number}", "--home", f"new{number}")
        assert (done.exit_code == 0) == is_whole, done.stderr
        seen.add(is_whole)
        shutil.rmtree(ran / f"new{number}", ignore_errors=True)
    assert False in seen
