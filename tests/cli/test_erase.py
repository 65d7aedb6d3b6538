"""Erased means erased: no byte of a person is left in the home, and the ledger still verifies (RULES G-17)."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.adapters.stores.home import find_home
from evenhand.features import pseudonymise
from evenhand.receipts import read_receipt
from shop_folder import AT, evenhand, runs_of, same_key, write_shop

WHO = "canary2@mail.example"
MOMENT = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="session")
def _twice(tmp_path_factory):
    folder = same_key(write_shop(tmp_path_factory.mktemp("erase"))).parent
    for _ in range(2):
        assert evenhand("run", "campaign.yaml", "--at", AT, cwd=folder).returncode == 0
    return folder


@pytest.fixture
def twice(_twice, tmp_path):
    """A copy of a folder in which the campaign ran twice."""
    return shutil.copytree(_twice, tmp_path / "twice")


def _bytes(folder):
    """Every file of the home; what SQLite leaves empty beside a file that was read is not counted."""
    files = [
        path for path in (folder / "evenhand-home").rglob("*") if path.is_file() and not path.name.endswith("-shm")
    ]
    return {path: path.read_bytes() for path in files if path.stat().st_size}


def _where(folder, *needles):
    return {path.name for path, content in _bytes(folder).items() if any(needle in content for needle in needles)}


def _marks(twice, cli):
    """Everything by which the person could be found: id, pseudonym, and the kept bodies of their decisions."""
    told = json.loads(cli(twice, "why", WHO, "--json").stdout)
    return WHO.encode(), told["subject"].encode(), bytes.fromhex(told["subject"])


def test_no_byte_of_an_erased_person_is_left(twice, cli):
    """Id, pseudonym as text and as bytes are in the home before, and in no file after; others stay."""
    marks = _marks(twice, cli)
    assert _where(twice, *marks) >= {"decisions.csv", "subject-keys.sqlite"}
    done = cli(twice, "rights", "erase", WHO, "--yes", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["decisions"] == 2
    assert _where(twice, *marks) == set()
    assert _where(twice, b"canary3@mail.example") == {"decisions.csv"}
    assert cli(twice, "why", WHO).exit_code == 3
    assert cli(twice, "why", "canary3@mail.example").exit_code == 0


def test_the_ledger_verifies_and_says_what_it_cannot_read(twice, cli):
    """Two decisions closed, one person erased; the old checkpoint still holds; replay compares the others."""
    (twice / "kept.txt").write_text(cli(twice, "ledger", "checkpoint").stdout, encoding="utf-8")
    cli(twice, "rights", "erase", WHO, "--yes")
    found = json.loads(cli(twice, "ledger", "verify", "--json", "--checkpoint", "kept.txt").stdout)
    assert (found["ok"], found["closed"], found["erased"]) == (True, 2, 1)
    said = cli(twice, "ledger", "verify").stdout
    assert "2 decisions" in said
    again = cli(twice, "replay", "last")
    assert (again.exit_code, "400 decisions identical" in again.stdout) == (0, True), again.stdout


def test_a_receipt_that_was_given_before_still_holds(twice, cli):
    """It is the person's own; the home has nothing to add to it or take from it."""
    assert cli(twice, "receipt", "give", WHO, "--out", "r.json", "--quiet").exit_code == 0
    cli(twice, "rights", "erase", WHO, "--yes")
    assert cli(twice, "receipt", "check", "r.json").exit_code == 0
    assert cli(twice, "ledger", "verify", "--checkpoint", "r.json").exit_code == 0


@pytest.mark.parametrize("name", ["proof.html", "proof.json"])
def test_after_an_erasure_a_receipt_proves_the_record_and_shows_nothing_of_the_person(twice, cli, name):
    """By the decision's id: what the person's page gives too; it verifies by itself and by the program that stands
    alone, without an id, a pseudonym, a value or what was offered. Who got it is noted. By the person's id nothing is
    found, since nobody knows any more what was decided about them."""
    marks, told = _marks(twice, cli), json.loads(cli(twice, "why", WHO, "--json").stdout)
    cli(twice, "rights", "erase", WHO, "--yes")
    given = cli(twice, "receipt", "give", told["decision_id"], "--out", name, "--by", "desk-4", "--json")
    assert given.exit_code == 0, given.stderr
    assert json.loads(given.stdout)["closed"] is True
    text = (twice / name).read_text("utf-8")
    assert not [mark for mark in (*marks, b"Money off tea") if mark in text.encode()]
    assert not {"opened", "salt"} & {member for entry in read_receipt(text)["entries"] for member in entry}
    checked = json.loads(cli(twice, "receipt", "check", name, "--json").stdout)
    assert (checked["ok"], set(checked["facts"]), checked["parts"]) == (True, {"entry"}, [])
    (twice / "check_receipt.py").write_text(cli(twice, "receipt", "checker").stdout, "utf-8")
    words = [sys.executable, "-I", "check_receipt.py", name, "--key", cli(twice, "ledger", "key").stdout.strip()]
    alone = subprocess.run(words, cwd=twice, capture_output=True, text=True, check=False, timeout=60)
    assert (alone.returncode, "Everything holds" in alone.stdout) == (0, True), alone.stdout + alone.stderr
    looks = assembly.staff_reads(home=twice / "evenhand-home", about=told["decision_id"])
    assert [one.who for one in looks][-1] == "desk-4"
    assert cli(twice, "receipt", "give", WHO, "--out", "none.html").exit_code == 3


def test_a_report_that_told_their_story_tells_it_no_more(twice, cli):
    """The person in the report's example: written again without them."""
    folder = runs_of(twice)[-1]
    stories = json.loads((folder / "report.json").read_text("utf-8"))["stories"]
    who, _ = _told_as_example(folder)
    assert cli(twice, "rights", "erase", who, "--yes").exit_code == 0
    left = json.loads((folder / "report.json").read_text("utf-8"))["stories"]
    assert [story["en"]["decision_id"] for story in left] == [story["en"]["decision_id"] for story in stories[1:]]


def test_nothing_is_erased_without_a_word_and_twice_is_once(twice, cli):
    """Not confirmed: exit 2, nothing changes. Somebody of whom nothing is held is kept out of what comes later."""
    before = _bytes(twice)
    assert cli(twice, "rights", "erase", WHO).exit_code == 2
    assert _bytes(twice) == before
    for who, decisions in (("nobody@mail.example", 0), (WHO, 2), (WHO, 0)):
        done = cli(twice, "rights", "erase", who, "--yes", "--json")
        assert (done.exit_code, json.loads(done.stdout)["decisions"]) == (0, decisions)
    assert json.loads(cli(twice, "ledger", "verify", "--json").stdout)["erased"] == 1


def test_without_the_keys_nobody_is_erased(twice, cli):
    """It could not be recorded, and the key may come back: exit 4, and nothing is touched."""
    (twice / "evenhand-home" / "subject-keys.sqlite").unlink()
    before = _bytes(twice)
    done = cli(twice, "rights", "erase", WHO, "--yes")
    assert (done.exit_code, "restore subject-keys.sqlite" in done.stderr) == (4, True)
    assert _bytes(twice) == before


def _told_as_example(folder):
    """Id of the person in a run's first example, and the id of their decision."""
    told = json.loads((folder / "report.json").read_text("utf-8"))["stories"][0]["en"]["decision_id"]
    listed = (folder / "decisions.csv").read_text("utf-8").splitlines()
    return next(line.split(",")[0] for line in listed if f",{told}," in line), told


def test_what_stopped_half_way_is_done_when_asked_again(twice, cli):
    """A report that cannot be written: exit 4, the person is out all the same; asked again it tells them no more."""
    folder = runs_of(twice)[-1]
    who, told = _told_as_example(folder)
    page = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    (folder / "report.html").mkdir()
    (folder / "report.html" / "x").touch()
    assert cli(twice, "rights", "erase", who, "--yes").exit_code == 4
    assert _where(twice, who.encode()) == set()
    (folder / "report.html" / "x").unlink()
    (folder / "report.html").rmdir()
    (folder / "report.html").write_bytes(page)
    assert cli(twice, "rights", "erase", who, "--yes").exit_code == 0
    assert told not in (folder / "report.html").read_text("utf-8")
    assert cli(twice, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert json.loads(cli(twice, "why", who, "--json").stdout)["permission"]["key"] == "erased"


def test_reports_that_tell_nobody_erased_are_left_as_they_are(twice, cli):
    """However many runs there are, only what must change is written again."""
    folder = runs_of(twice)[-1]
    before = (folder / "report.html").stat().st_mtime_ns
    assert _told_as_example(folder)[0] != WHO
    assert cli(twice, "rights", "erase", WHO, "--yes").exit_code == 0
    assert (folder / "report.html").stat().st_mtime_ns == before


def test_a_file_that_somebody_is_reading_is_named(twice, cli):
    """What was removed may stand in its log until they are done; afterwards `db scrub` folds it in."""
    file = twice / "evenhand-home" / "people.sqlite"
    cli(twice, "consent", "give", WHO, "DirectMarketing", "--method", "kanariehof")
    with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as reads:
        reads.execute("BEGIN")
        reads.execute("SELECT count(*) FROM trail").fetchone()
        done = cli(twice, "rights", "erase", WHO, "--yes", "--json")
        assert json.loads(done.stdout)["still_held"] == ["people.sqlite"]
        assert json.loads(cli(twice, "db", "scrub", "--json").stdout)["still_held"] == ["people.sqlite"]
    assert cli(twice, "db", "scrub").exit_code == 0
    assert b"kanariehof" not in b"".join(path.read_bytes() for path in file.parent.glob("people.sqlite*"))


def test_whoever_spoke_before_any_run_can_be_erased(tmp_path, cli):
    """What they said goes with their key, and the mark keeps them out; nobody is told to record a run first."""
    home = ("--home", str(tmp_path / "home"))
    assert cli(tmp_path, "consent", "object", "canary1@mail.example", *home).exit_code == 0
    done = cli(tmp_path, "rights", "erase", "canary1@mail.example", "--yes", *home)
    assert done.exit_code == 0, done.stderr
    assert "1 record of what they said was taken out" in done.stdout
    told = cli(tmp_path, "consent", "history", "canary1@mail.example", *home)
    assert not told.stdout.strip()
    assert cli(tmp_path, "rights", "verify", *home).exit_code == 0


def test_an_id_with_a_line_end_leaves_the_list_too(tmp_path, cli):
    """Whatever stands in an id, its rows go and no other is changed."""
    folder = write_shop(tmp_path / "shop").parent
    for name in ("people.csv", "said.csv"):
        text = (folder / name).read_text("utf-8").replace("canary2@mail.example", '"line\r\nend"')
        (folder / name).write_bytes(text.replace("canary3@mail.example", '"other\r\nline"').encode())
    assert cli(folder, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert cli(folder, "rights", "erase", "line\r\nend", "--yes").exit_code == 0
    assert _where(folder, b"line\r\nend") == set()
    assert _where(folder, b"other\r\nline") == {"decisions.csv"}


def test_whoever_is_erased_while_a_run_is_prepared_is_not_decided_about(twice):
    """The run had read the marks before; it records nothing of what it prepared, and prepares again without them."""
    home = twice / "evenhand-home"
    steps = []

    def meanwhile(step):
        steps.append(step)
        if steps.count("learning from the past") == 1 == steps.count(step):
            assembly.erase(WHO, home=home, at=datetime.now(UTC))

    assembly.run_campaign(twice / "campaign.yaml", at=MOMENT, step=meanwhile)
    assert steps.count("learning from the past") == 2
    assert [run["campaign"] for run in assembly.list_runs(home=home)].count("small-shop") == 3
    assert assembly.why(WHO, home=home).facts.permission.key == "erased"


def test_a_copy_of_the_ledger_without_the_keys_tells_nothing_of_anybody(twice, cli):
    """A stolen ledger: no id, no pseudonym; it verifies as a chain, and opens nothing."""
    (twice / "evenhand-home" / "subject-keys.sqlite").unlink()
    marks = _marks_of_everybody(twice)
    ledger = (twice / "evenhand-home" / "ledger.sqlite").read_bytes()
    assert not any(mark in ledger for mark in marks)
    said = cli(twice, "ledger", "verify")
    assert (said.exit_code, "keys of 400 people are missing" in said.stdout) == (5, True), said.stdout


def _marks_of_everybody(twice):
    key = (twice / "evenhand-home" / "secret.key").read_bytes()
    ids = [f"canary{number}@mail.example" for number in range(400)]
    pseudonyms = pseudonymise(ids, key).tolist()
    return [mark for p, i in zip(pseudonyms, ids, strict=True) for mark in (p, bytes.fromhex(p.decode()), i.encode())]


FLAGS = ("--at", "2026-05-01")


def test_an_erased_person_stays_out_though_the_tables_still_name_them(twice, cli):
    """Imported again: refused, with its own reason; not in the training set; nobody else is touched."""
    assert cli(twice, "rights", "erase", WHO, "--yes").exit_code == 0
    before = _taught(twice)
    assert cli(twice, "run", "campaign.yaml", *FLAGS).exit_code == 0
    assert before - _taught(twice) == 1
    told = json.loads(cli(twice, "why", WHO, "--json").stdout)
    assert (told["permission"]["key"], told["permission"]["rule"], told["standing"]) == ("erased", "G-17", "contextual")
    assert cli(twice, "ledger", "verify").exit_code == 0


def _taught(folder):
    """Rows that the last run learned from and was checked on."""
    rows = json.loads((runs_of(folder)[-1] / "report.json").read_text("utf-8"))["model"]["evaluation"]["rows"]
    return rows["training"] + rows["held_out"]


def test_a_new_consent_after_the_erasure_lets_them_in_again(twice, cli):
    """What was said before is void; what is said afterwards counts."""
    assembly.erase(WHO, home=twice / "evenhand-home", at=datetime(2026, 4, 1, tzinfo=UTC))
    said = twice / "said.csv"
    said.write_text(
        said.read_text("utf-8") + f"{WHO},consent,PersonalisedAdvertising,ConsentGiven,2026-04-20\n", encoding="utf-8"
    )
    assert cli(twice, "run", "campaign.yaml", *FLAGS).exit_code == 0
    assert json.loads(cli(twice, "why", WHO, "--json").stdout)["permission"]["key"] == "consent-valid"


def test_the_mark_of_an_erased_person_leads_to_nobody(twice, cli):
    """It is in one file, and neither the id nor the pseudonym is."""
    marks = _marks(twice, cli)
    assembly.erase(WHO, home=twice / "evenhand-home", at=datetime(2026, 4, 1, tzinfo=UTC))
    with sqlite3.connect(twice / "evenhand-home" / "subject-keys.sqlite") as database:
        ((mark, at),) = database.execute("SELECT mark, at FROM suppressed").fetchall()
    database.close()
    assert (len(mark), at) == (16, 1_775_001_600_000_000)
    assert mark not in marks
    assert _where(twice, mark) == {"subject-keys.sqlite"}


def test_a_person_sees_every_decision_about_them_and_nobody_elses(twice, cli):
    """Both runs, with values and scores, in Dutch; nothing is left to see after an erasure."""
    held = json.loads(cli(twice, "rights", "access", WHO, "--json", "--lang", "nl").stdout)
    assert (held["subject"], len(held["decisions"]), held["own_tables"]) == (WHO, 2, ["people.csv", "said.csv"])
    assert {one["subject"] for one in held["decisions"]} == {held["pseudonym"]}
    assert all(one["factors"] and one["score"] for one in held["decisions"])
    done = cli(twice, "rights", "access", WHO, "--out", "held.json")
    assert (done.exit_code, json.loads((twice / "held.json").read_text("utf-8"))["lang"]) == (0, "en")
    assert (twice / "held.json").stat().st_mode & 0o077 == 0
    assert "days ago" in cli(twice, "rights", "access", WHO).stdout
    cli(twice, "rights", "erase", WHO, "--yes")
    assert cli(twice, "rights", "access", WHO).exit_code == 3


def test_an_access_answer_is_written_in_each_form_that_was_asked_for(twice, cli):
    """A page and a file named together are both there; with --json the document alone is printed."""
    done = cli(twice, "rights", "access", WHO, "--html", "held.html", "--out", "held.json")
    assert (done.exit_code, done.stdout.split()) == (0, ["held.html", "held.json"])
    written = json.loads((twice / "held.json").read_text("utf-8"))
    assert WHO in (twice / "held.html").read_text("utf-8")
    (twice / "held.html").unlink()
    shown = cli(twice, "rights", "access", WHO, "--html", "held.html", "--out", "held.json", "--json").stdout
    assert len(json.loads(shown)["decisions"]) == len(written["decisions"]) == 2
    assert (twice / "held.html").exists()


def test_in_a_mistyped_home_nobody_is_erased_and_it_says_so(tmp_path, cli):
    """Not a word that it was done, and no home is made."""
    done = cli(tmp_path, "rights", "erase", "somebody@mail.example", "--yes", "--home", "evenhand-hom")
    assert done.exit_code == 2
    assert "home-not-found" in done.stderr
    assert not (tmp_path / "evenhand-hom").exists()


def _rows(path):
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [line for line in database.iterdump() if "belonging" not in line]  # noted when it is first looked into


def test_while_somebody_else_writes_for_long_nothing_of_an_erasure_is_done(twice, cli):
    """Refused before its first step: no mark, what they said stands, their key is there; asked again it is done."""
    said = cli(twice, "consent", "withdraw", WHO, "PersonalisedAdvertising")
    assert said.exit_code == 0, said.output
    place = find_home(twice / "evenhand-home")
    files = (place.subject_keys, place.people)
    before = [_rows(path) for path in files]
    with SqliteLedger(place.ledger, key=place.key_file) as other:
        other.claim()
        told = cli(twice, "rights", "erase", WHO, "--yes")
        assert (told.exit_code, "Nothing was erased or marked" in told.stderr) == (4, True)
    assert [_rows(path) for path in files] == before
    done = json.loads(cli(twice, "rights", "erase", WHO, "--yes", "--json").stdout)
    assert (done["decisions"], done["said"]) == (2, 1)
