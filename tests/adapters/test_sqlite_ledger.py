"""The ledger in SQLite: whole or not at all, whatever ends the process, and every trouble is said in three parts."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import begin_run, make_explained, model_from_json
from evenhand.adapters.ledgers._sealed_head import sealed_head
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.ledger import (
    GENESIS,
    DecisionRows,
    Head,
    Kind,
    Tail,
    columns,
    facts,
    finish,
    latest,
    open_run,
    record,
    replay,
    runs,
    verify,
)
from evenhand.terms import LedgerError, StoreError
from patience import WITHIN, soon, tries
from store_cases import SECOND_FORMAT

KILLS = int(os.environ.get("EVENHAND_STORM", "4"))
TESTS = Path(__file__).resolve().parent.parent

WRITER = """
import sys
from pathlib import Path
from builders import begin_run, make_explained
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.ledger import finish, record
batches = [make_explained(400, seed=seed) for seed in range(6)]
with SqliteLedger(Path(sys.argv[1]), folds=bool(int(sys.argv[3]))) as store:
    print("ready", flush=True)
    for number in range(int(sys.argv[2]), int(sys.argv[2]) + 10_000):
        with begin_run(store, identity=f"{number:06x}") as run:
            for batch in batches:
                record(batch, run)
            finish(run, {})
        print(run.run_id, flush=True)
"""


def _start(path, number, *, folds=False):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), str(number), str(int(folds))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    if writer.stdout.readline() != "ready\n":
        pytest.fail(writer.communicate(timeout=WITHIN)[1])
    return writer


def _names(folder):
    """Files of the ledger; what SQLite leaves beside for the next reader (-wal, -shm) is not counted."""
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(("-wal", "-shm")))


def _ledger(path, people=30, times=1, first=1):
    explained = make_explained(people)
    with SqliteLedger(path) as store:
        for number in range(first, first + times):
            with begin_run(store, identity=f"{number:06x}") as run:
                record(explained, run)
                finish(run, {})
    return explained, run.run_id


def test_what_was_recorded_is_read_back_by_another_process_of_the_same_file(tmp_path):
    """Closed, opened to read only: runs, facts, columns, replay and verification all work."""
    explained, run_id = _ledger(tmp_path / "new" / "ledger.db")
    with SqliteLedger(tmp_path / "new" / "ledger.db", read_only=True) as store:
        assert [line.run_id for line in runs(store)] == [run_id]
        told = facts(store, f"{run_id}.3")
        assert latest(store, told.subject).decision_id == told.decision_id
        assert sum(len(chunk) for chunk in columns(store, run_id)) == 30
        assert open_run(store, run_id).summary.decisions == 30
        assert replay(store, run_id, explained).ok
        assert verify(store, model_from_json).problems == ()
    assert _names(tmp_path / "new") == ["ledger.db", "ledger.db.head", "ledger.db.key", "ledger.db.lock"]
    assert (tmp_path / "new" / "ledger.db.key").stat().st_mode & 0o077 == 0


def _ended(writer, stop):
    """What it printed, once it ended. NumPy drops an interrupt that lands while it looks an enum over: press again."""
    for _ in range(int(WITHIN)):
        writer.send_signal(stop)
        with suppress(subprocess.TimeoutExpired):
            return writer.communicate(timeout=1)[0]
    writer.kill()
    pytest.fail("it does not end")


def _crash(path, rounds, stop, longest):
    """Interrupt writers at random moments; after each, either the whole run is there or nothing of it. Every other one
    folds its log in beside."""
    draw, printed, seen = random.Random(7), set(), set()
    for number in range(30 + rounds):
        if number >= rounds and "EH-LEDGER-001" in seen:  # on a slow machine the first are killed before they begin
            break
        writer = _start(path, 1 + number * 10_000, folds=number % 2 == 1)
        time.sleep(draw.uniform(0.0, longest))
        out = _ended(writer, stop)
        printed |= set(out.split())
        with SqliteLedger(path) as store:
            found = verify(store, model_from_json)
            assert found.problems == ()
            finished = {line.run_id for line in runs(store) if line.finished}
            assert printed <= finished
            assert found.decisions == 2_400 * len(finished)
            interrupted = [intent.run_id for intent in store.intents()]
            with begin_run(store, identity=f"{0xF00000 + number:06x}") as run:
                record(make_explained(10), run)
            said = [finding.what for finding in run.found if finding.id == "EH-LEDGER-001"]
            assert len(said) == len(interrupted)
            assert all(run_id in text for run_id, text in zip(interrupted, said, strict=True))
            assert not set(interrupted) & finished
            seen |= {finding.id for finding in run.found}
    return seen


@pytest.mark.slow
def test_kill_at_any_moment_leaves_whole_runs_only(tmp_path):
    """`kill -9` while runs are recorded, again and again: whole or nothing, it verifies, the next start says so."""
    assert "EH-LEDGER-001" in _crash(tmp_path / "ledger.db", KILLS, signal.SIGKILL, 0.25)


@pytest.mark.slow
def test_ctrl_c_at_any_moment_leaves_whole_runs_only(tmp_path):
    """SIGINT likewise."""
    assert "EH-LEDGER-001" in _crash(tmp_path / "ledger.db", max(3, KILLS // 3), signal.SIGINT, 0.25)


def test_death_between_commit_and_head_is_put_right(tmp_path):
    """The head that the crash left is brought up to date by the next start, which says so."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    with SqliteLedger(path) as store:
        store.keep_head(Head(Tail(0, GENESIS), pending=store.tail()))
        assert verify(store, model_from_json).ok
        with begin_run(store, identity="000002") as run:
            assert [finding.id for finding in run.found] == ["EH-LEDGER-002"]


def test_a_second_writer_is_refused_at_once(tmp_path):
    """In this process and in another one; readers read on meanwhile."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    with SqliteLedger(path) as one, SqliteLedger(path) as two, SqliteLedger(path, read_only=True) as reader:
        with begin_run(one, identity="000002") as run:
            record(make_explained(5), run)
            with pytest.raises(StoreError, match="Somebody else is writing") as caught:
                begin_run(two, identity="000003")
            assert caught.value.exit_code == 4
            assert len(runs(reader)) == 1
            finish(run, {})
        assert len(runs(reader)) == 2
        with begin_run(two, identity="000003") as run:
            finish(run, {})


def test_entries_cannot_be_changed_through_sql(tmp_path):
    """UPDATE and DELETE are refused by the database itself."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    with sqlite3.connect(path) as database:
        for table, column in (("entry", "seq"), ("decided", "seq"), ("checkpoint", "size")):
            with pytest.raises(sqlite3.DatabaseError, match="append-only"):
                database.execute(f"DELETE FROM {table}")
            with pytest.raises(sqlite3.DatabaseError, match="append-only"):
                database.execute(f"UPDATE {table} SET {column} = {column} + 1")
    database.close()


@pytest.mark.parametrize(
    ("statements", "words"),
    [
        (["UPDATE checkpoint SET size = 3"], "The checkpoint over 3 entries does not carry this ledger's signature"),
        (["DELETE FROM checkpoint"], "a trigger that refuses changes is missing"),
        (["UPDATE entry SET body = CAST(body || ' ' AS BLOB) WHERE seq = 10"], "Entry 10 was altered"),
        (["DELETE FROM entry WHERE seq = 10", "DELETE FROM decided WHERE seq = 10"], "Entry 10 is missing"),
        (["DELETE FROM entry WHERE seq > 20", "DELETE FROM decided WHERE seq > 20"], "Entries 21 to 36 are missing"),
        (["DELETE FROM decided WHERE seq = 10"], "not filed under its subject"),
        (["UPDATE decided SET subject = randomblob(16) WHERE seq = 10"], "filed under another subject"),
        (["UPDATE decided SET part = 9 WHERE seq = 10"], "filed in another part"),
        ([], "a trigger that refuses changes is missing"),
    ],
)
def test_what_is_changed_around_the_triggers_is_found(tmp_path, statements, words):
    """Triggers dropped, rows edited or deleted: verification names the entry."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    database = sqlite3.connect(path)
    names = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
    for name in names:
        database.execute(f"DROP TRIGGER {name}")
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    with SqliteLedger(path, read_only=True) as store:
        assert words in "\n".join(problem.what for problem in verify(store, model_from_json).problems)


def test_a_flipped_byte_anywhere_in_the_entries_is_found(tmp_path):
    """Every 389th byte of the file (in `make storm` every 149th) is flipped: what holds an entry never passes; nothing
    crashes."""
    path = tmp_path / "ledger.db"
    _ledger(path, people=20)
    whole = path.read_bytes()
    broken = path.with_name("broken.db")
    for suffix in (".head", ".key"):
        shutil.copy(path.with_name(path.name + suffix), broken.with_name(broken.name + suffix))
    missed = []
    for at in range(50, len(whole), tries(389, 149)):
        broken.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            with SqliteLedger(broken, read_only=True) as store:
                if verify(store, model_from_json).ok:
                    missed.append((at, list(store.read(1))))
        except (LedgerError, StoreError):
            continue
        finally:
            for suffix in ("-wal", "-shm"):
                broken.with_name(broken.name + suffix).unlink(missing_ok=True)
    with SqliteLedger(path, read_only=True) as store:
        right = list(store.read(1))
    assert all(rows == right for _, rows in missed)  # only unused space can be flipped unseen


def test_the_head_cannot_be_made_without_its_key(tmp_path):
    """A head edited, sealed with another key, or without its key does not pass."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    head, key = path.with_name("ledger.db.head"), path.with_name("ledger.db.key")
    kept, secret = head.read_text(), key.read_bytes()
    for text, secret_now, words in (
        (kept.replace("36", "35", 1), secret, "was altered"),
        ("{", secret, "was altered"),
        ('{"seal": 1}', secret, "was altered"),
        (kept, bytes(32), "another key"),
        (kept, None, "is missing"),
    ):
        head.write_text(text)
        key.unlink(missing_ok=True)
        if secret_now is not None:
            key.write_bytes(secret_now)
        with SqliteLedger(path) as store:
            assert any(words in problem.what for problem in verify(store, model_from_json).problems)
            with pytest.raises(LedgerError, match=words):
                begin_run(store, identity="000002")
    head.unlink()
    key.write_bytes(secret)
    with SqliteLedger(path) as store:
        assert "kept head is missing" in verify(store, model_from_json).problems[0].what


def _record_many(store, batch):
    with begin_run(store, identity="000002") as run:
        for _ in range(40):
            record(batch, run)
        finish(run, {})


def test_a_full_disk_records_nothing_and_says_so(tmp_path):
    """The system refuses to let files grow in mid-run: StoreError, and the ledger is as it was."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    batch = make_explained(8_000)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, old[1]))
    try:
        with SqliteLedger(path) as store, pytest.raises(StoreError, match="disk is full") as caught:
            _record_many(store, batch)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.exit_code == 4
    with SqliteLedger(path) as store:
        assert verify(store, model_from_json).decisions == 30
        with begin_run(store, identity="000003") as run:
            assert "nothing of it was recorded" in run.found[0].what
            finish(run, {})
        assert verify(store, model_from_json).ok


def test_a_head_that_cannot_be_written_stops_the_run(tmp_path):
    """If the head's file cannot be written, nothing is committed."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    with SqliteLedger(path) as store:
        head, aside = path.with_name("ledger.db.head"), path.with_name("aside")
        with begin_run(store, identity="000002") as run:
            record(make_explained(3), run)
            head.rename(aside)
            head.mkdir()
            with pytest.raises(StoreError, match="cannot be opened or written"):
                finish(run, {})
        head.rmdir()
        aside.rename(head)
        assert len(runs(store)) == 1
        assert verify(store, model_from_json).ok


OLDER = f"{SECOND_FORMAT} DROP TABLE tile; DROP TABLE checkpoint; PRAGMA user_version = 1"


def test_a_ledger_of_the_second_format_is_read_as_it_is_and_filed_in_parts_with_the_next_run(tmp_path):
    """Whose decisions are asked for, they are found the same before and after; looking changes nothing."""
    path = tmp_path / "ledger.db"
    _ledger(path, people=300)
    with SqliteLedger(path, read_only=True) as store:
        subjects = [row[2] for rows in store.read(1) for row in rows if row[1] == Kind.DECISION]
        before = [store.about(one) for one in subjects]
    with sqlite3.connect(path) as database:
        database.executescript(SECOND_FORMAT)
    database.close()
    with SqliteLedger(path, read_only=True) as store:
        assert ([store.about(one) for one in subjects], verify(store, model_from_json).ok) == (before, True)
    _ledger(path, people=300, first=7)
    with SqliteLedger(path, read_only=True) as store:
        assert all(set(old) <= set(store.about(one)) for one, old in zip(subjects, before, strict=True))
        assert verify(store, model_from_json).ok


def test_who_was_decided_about_long_ago_and_lately_is_found_whole(tmp_path):
    """Filed in parts of 65,536 entries; what stands in several of them comes in order, nobody else's."""
    one, other = bytes(16), bytes(15) + b"o"
    with SqliteLedger(tmp_path / "ledger.db") as store:
        store.claim()
        store.begin()
        rows = [
            (seq, int(Kind.DECISION), whose, bytes(32), b"{}")
            for seq, whose in ((7, one), (8, other), (65_536, one), (200_000, one), (200_001, other))
        ]
        store.append(rows)
        store.commit(())
        assert [row[0] for row in store.about(one)] == [7, 65_536, 200_000]
        assert store.about(bytes(15) + b"x") == []
        assert store.damage() == []


def test_a_ledger_of_the_first_format_is_read_as_it_is_and_grows_its_tree_with_the_next_run(tmp_path):
    """Looking changes nothing; the next writer adds the tree and a checkpoint over everything before."""
    path = tmp_path / "ledger.db"
    _ledger(path, people=300)
    database = sqlite3.connect(path)
    database.executescript(OLDER)
    database.close()
    with SqliteLedger(path, read_only=True) as store:
        found = verify(store, model_from_json)
        assert (found.ok, found.checkpoints, list(store.tiles(1, 0, 9)), list(store.checkpoints())) == (True, 0, [], [])
    _ledger(path, people=300, first=7)
    with SqliteLedger(path, read_only=True) as store:
        found = verify(store, model_from_json)
        assert (found.ok, found.checkpoints, len(store.tiles(1, 0, 9))) == (True, 1, 2)


def test_files_that_are_no_ledger_are_told_apart(tmp_path):
    """Missing, another database, no database, a folder, a newer format: each has its own words."""
    with pytest.raises(StoreError, match="no ledger at"):
        SqliteLedger(tmp_path / "none.db", read_only=True)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as database:
        database.execute("CREATE TABLE t (x)")
    database.close()
    with pytest.raises(LedgerError, match="not a ledger"):
        SqliteLedger(other)
    (tmp_path / "text.db").write_text("not a database, and longer than a header of one hundred bytes" * 3)
    with pytest.raises(LedgerError, match="damaged"):
        SqliteLedger(tmp_path / "text.db")
    (tmp_path / "folder.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteLedger(tmp_path / "folder.db")
    _ledger(tmp_path / "newer.db")
    with sqlite3.connect(tmp_path / "newer.db") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    with pytest.raises(StoreError, match="format 99"):
        SqliteLedger(tmp_path / "newer.db")


READER = """
import os
import sys
from pathlib import Path
from builders import begin_run, model_from_json
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from evenhand.ledger import verify
from evenhand.terms import EvenhandError
path, warm = Path(sys.argv[1]), Path(sys.argv[2])
with SqliteLedger(warm) as store:  # loads what is loaded late, while the interpreter's own files can be read
    begin_run(store, identity="000001").store.release()
    verify(store, model_from_json)
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    with SqliteLedger(path, read_only=True) as store:
        print(verify(store, model_from_json).ok)
except EvenhandError as error:
    print(error.code)
try:
    with SqliteLedger(path) as store:
        begin_run(store, identity="000002")
except EvenhandError as error:
    print(error.code, error.exit_code)
"""


@pytest.mark.skipif(os.name == "nt", reason="permissions of Unix")
def test_a_folder_without_permission_is_said_to_be_so(tmp_path):
    """Who may read but not write can read; recording is refused, and so is reading without permission."""
    folder = Path(tempfile.mkdtemp())
    try:
        _ledger(folder / "ledger.db")
        (folder / "ledger.db.key").chmod(0o444)
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
        command = [sys.executable, "-c", READER, str(folder / "ledger.db")]
        told = subprocess.run(
            [*command, str(tmp_path / "one.db")], capture_output=True, text=True, env=environment, check=False
        )
        assert told.stdout.splitlines() == ["True", "store-denied 4"], told.stderr
        (folder / "ledger.db").chmod(0o000)
        told = subprocess.run(
            [*command, str(tmp_path / "two.db")], capture_output=True, text=True, env=environment, check=False
        )
        assert told.stdout.splitlines() == ["store-denied", "store-denied 4"], told.stderr
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_cut_file_is_found(tmp_path):
    """Half of the file is gone."""
    path = tmp_path / "ledger.db"
    _ledger(path, people=200)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LedgerError, match="damaged"):
        SqliteLedger(path)


def test_only_the_owner_can_read_a_new_ledger(tmp_path):
    """The database and its key are made with mode 0600: decisions are personal data (G-32)."""
    with SqliteLedger(tmp_path / "ledger.sqlite"):
        assert (tmp_path / "ledger.sqlite").stat().st_mode & 0o077 == 0


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=12), st.integers(0, 11), st.data())
def test_rows_are_kept_as_they_came(bodies, gap, data):
    """Decisions go in many at a time, whatever else one by one: what is read back is what was appended, to the byte."""
    kinds = data.draw(st.lists(st.sampled_from([0, 0, 0, 4]), min_size=len(bodies), max_size=len(bodies)))
    rows = [
        (1 + i + (i > gap), kind, bytes([i]) * (16 if kind == 0 else 32), bytes([i + 1]) * 32, body)
        for i, (kind, body) in enumerate(zip(kinds, bodies, strict=True))
    ]
    with tempfile.TemporaryDirectory() as folder, SqliteLedger(Path(folder) / "ledger.db") as store:
        store.begin()
        together = rows[: gap + 1] if all(row[1] == 0 for row in rows[: gap + 1]) else []
        if together:
            abouts, hashes, texts = zip(*(row[2:] for row in together), strict=True)
            store.append(DecisionRows(1, abouts, hashes, texts))
        store.append(rows[len(together) :])
        store.commit([])
        assert [row for chunk in store.read(1) for row in chunk] == rows


def test_a_log_is_folded_in_beside_the_commits(tmp_path):
    """What was committed is soon in the file itself, without its log, while the ledger stays open; and all of it is
    there, whoever reads."""
    path = tmp_path / "ledger.db"
    with SqliteLedger(path, folds=True) as store:
        for number in range(3):
            with begin_run(store, identity=f"{number:06x}") as run:
                record(make_explained(20, seed=number), run)
                finish(run, {})
        written = store.tail().entries
        assert soon(lambda: _in_the_file(path) >= written)
        assert _in_the_file(path) == written
        assert verify(store, model_from_json).problems == ()


def _in_the_file(path):
    """Entries in the file, whatever stands in its log."""
    database = sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)
    try:
        return database.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()[0]
    except sqlite3.DatabaseError:  # the tables are in the log still, or it is being folded in just now
        return 0
    finally:
        database.close()


def test_a_head_of_which_half_a_block_was_written_is_the_one_before(tmp_path):
    """The machine stopped while a head was written over the older one: the other place has the head before, and what
    the ledger's own key signed after it is accepted. Where both say the same, at rest, losing either loses nothing."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    head = path.with_name("ledger.db.head")
    whole = head.read_bytes()
    assert len(whole) == 8_192
    for torn in (whole[:100] + bytes(3_996) + whole[4_096:], whole[:4_196] + bytes(3_996)):
        head.write_bytes(torn)
        with SqliteLedger(path) as store:
            assert store.head() == Head(store.tail())
            assert verify(store, model_from_json).ok
    with SqliteLedger(path) as store:
        before = store.tail()
        store.claim()
        store.keep_head(Head(before, pending=Tail(before.entries + 9, bytes(32))))  # of a commit that never came
        newer = head.read_bytes()
        at = 0 if newer[:4_096] != whole[:4_096] else 4_096
        head.write_bytes(newer[: at + 60] + bytes(4_036) + newer[at + 4_096 :])
        assert store.head() == Head(before)
    _ledger(path, first=7)
    with SqliteLedger(path) as store:
        assert verify(store, model_from_json).ok


def test_a_head_that_stands_alone_in_its_file_is_read_and_gets_two_places(tmp_path):
    """As an older evenhand wrote it."""
    path = tmp_path / "ledger.db"
    _ledger(path)
    head = path.with_name("ledger.db.head")
    with SqliteLedger(path) as store:
        kept = store.head()
    head.write_text(sealed_head(kept, path.with_name("ledger.db.key").read_bytes()))
    with SqliteLedger(path) as store:
        assert store.head() == kept
    _ledger(path, first=7)
    assert len(head.read_bytes()) == 8_192
    with SqliteLedger(path) as store:
        assert verify(store, model_from_json).ok
