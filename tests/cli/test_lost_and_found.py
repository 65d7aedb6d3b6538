"""What a crash, a full disk or a clumsy hand leaves behind: the next start says what it found and goes on."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from patience import tries
from shop_folder import AT, PROGRAM, evenhand, write_shop

RUN = ("run", "campaign.yaml", "--at", AT)


def _runs(folder: Path) -> list[Path]:
    return sorted((folder / "evenhand-home" / "runs").iterdir())


def _recorded(cli, folder: Path) -> list[str]:
    done = cli(folder, "ledger", "runs", "--json", "--home", "evenhand-home")
    if done.exit_code == 4:  # no ledger yet, or a blank one
        return []
    return [run["run_id"] for run in json.loads(done.stdout)["runs"] if run["state"] == "recorded"]


def _killed_after_the_commit(folder: Path) -> Path:
    """The state between the commit and the report: the list waits apart, and there is no report."""
    (run,) = _runs(folder)
    for name in ("prices.json", "report.json", "report.html"):
        (run / name).unlink()
    run.rename(run.with_name(f".{run.name}"))
    return run


@pytest.mark.parametrize("words", [RUN, ("report", "last")], ids=["the next run", "report last"])
def test_a_recorded_run_gets_its_report_and_its_list(ran, cli, words):
    """Killed between the record and the report: the next start (or `report`) finishes it; nobody's decision is lost."""
    run = _killed_after_the_commit(ran)
    done = cli(ran, *words)
    assert done.exit_code == 0, done.output
    if words == RUN:
        assert f"The report of run {run.name} was missing; it was written again" in done.stderr
    assert {path.name for path in run.iterdir()} == {"decisions.csv", "prices.json", "report.html", "report.json"}
    with (run / "decisions.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == 400
    assert not list((ran / "evenhand-home" / "runs").glob(".*"))


def test_a_list_of_a_run_that_was_not_recorded_is_removed(ran, cli):
    """Killed before the commit: the list is of decisions that were never taken, so it goes."""
    left = ran / "evenhand-home" / "runs" / ".20260101T000000Z-abcdef"
    left.mkdir()
    (left / "decisions.csv").write_text("person\ncanary1@mail.example\n")
    done = cli(ran, *RUN)
    assert done.exit_code == 0
    assert "run 20260101T000000Z-abcdef left behind was removed" in done.stderr
    assert not left.exists()


def test_notices_are_in_the_json_too(ran, cli):
    """A program reads the same notices."""
    run = _killed_after_the_commit(ran)
    assert any(run.name in notice for notice in json.loads(cli(ran, *RUN, "--json").stdout)["notices"])


def test_results_that_cannot_be_kept_undo_the_run(shop, cli):
    """If the list of decisions cannot be written, nothing is recorded; the start after that goes on."""
    home = shop / "evenhand-home"
    home.mkdir()
    (home / "runs").write_text("a file where a folder should be")
    done = cli(shop, *RUN)
    assert done.exit_code == 4
    assert _recorded(cli, shop) == []
    (home / "runs").unlink()
    again = cli(shop, *RUN)
    assert again.exit_code == 0
    assert "was interrupted (home-not-writable); nothing of it was recorded" in again.stderr
    assert cli(shop, "ledger", "verify").exit_code == 0


@pytest.mark.slow
@pytest.mark.parametrize("kib", [0, 20, 100, 160, 250, 3, 64, 130, 200][: tries(5, 9)])
def test_a_disk_that_fills_at_any_moment_leaves_nothing_half(tmp_path, cli, kib):
    """Files may grow to so many KiB: the run is whole or absent, the message says which, and the next start goes on."""
    shop = write_shop(tmp_path / "shop", people=150).parent
    done = subprocess.run(
        [*PROGRAM, *RUN], cwd=shop, capture_output=True, text=True, timeout=120, check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (kib * 1024, kib * 1024)),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    assert done.returncode in {0, 4}, done.stderr
    assert done.returncode == 0 or "to do: " in done.stderr
    assert len(_recorded(cli, shop)) == (done.returncode == 0 or "is recorded whole, but its report" in done.stderr)
    again = cli(shop, *RUN)
    assert again.exit_code == 0, again.output
    recorded = _recorded(cli, shop)
    assert [path.name for path in _runs(shop)] == sorted(
        recorded
    )  # two runs of one second are listed as they were recorded
    for run in _runs(shop):
        assert {path.name for path in run.iterdir()} == {"decisions.csv", "prices.json", "report.html", "report.json"}
    assert cli(shop, "ledger", "verify").exit_code == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[int], Path]]:
    """A real disk of so many KiB, or of another size when it is asked for again; only root may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def sized(kib: int) -> Path:
        nonlocal mounted
        options = f"{'remount,' if mounted else ''}size={kib}k"
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", place], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("this user may not mount a small disk")
        mounted = True
        return place

    yield sized
    if mounted:
        subprocess.run(["umount", place], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(("kib", "recorded"), [(260, False), (400, True)])
def test_a_real_disk_that_is_full_is_told_truly(tmp_path, cli, small_disk, kib, recorded):
    """Full before the commit: nothing is recorded. Full after it: recorded, and `report` writes what is missing."""
    shop = write_shop(tmp_path / "shop", people=150).parent
    home = small_disk(kib) / "home"
    done = evenhand(*RUN, "--home", home, cwd=shop)
    assert done.returncode == 4, done.stderr
    assert ("is recorded whole, but its report could not be written" in done.stderr) == recorded
    assert cli(shop, "ledger", "verify", "--home", home).exit_code == 0
    small_disk(8192)
    assert cli(shop, "report", "--home", home).exit_code == (0 if recorded else 3)
    again = cli(shop, *RUN, "--home", home)
    assert again.exit_code == 0
    assert ("nothing of it was recorded" in again.stderr) != recorded
    assert len(list(home.glob("runs/*/decisions.csv"))) == len(list(home.glob("runs/*/report.html"))) == 1 + recorded


@pytest.mark.slow
def test_two_first_runs_at_once_are_one_after_the_other_or_one_refused(tmp_path, cli):
    """Started together on a new home: each is recorded whole or refused with exit 4, and all share one key."""
    shop = write_shop(tmp_path / "shop").parent
    both = [
        subprocess.Popen([*PROGRAM, *RUN], cwd=shop, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(2)
    ]
    codes = [process.wait(120) for process in both]
    assert set(codes) <= {0, 4}
    assert codes.count(0) == len(_recorded(cli, shop)) >= 1
    assert cli(shop, "ledger", "verify").exit_code == 0
    assert cli(shop, "why", "canary7@mail.example").exit_code == 0


def _alter(folder: Path, where: str) -> None:
    """Change one byte of one entry, as somebody would who knows the file."""
    store = sqlite3.connect(folder / "evenhand-home" / "ledger.sqlite")
    for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        store.execute(f"DROP TRIGGER {name}")
    (seq, body), *_ = store.execute(f"SELECT seq, body FROM entry WHERE {where} ORDER BY seq").fetchall()
    middle = len(body) // 2
    altered = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    store.execute("UPDATE entry SET body = ? WHERE seq = ?", (altered, seq))
    store.commit()
    store.close()


@pytest.mark.parametrize("where", ["kind = 0", "kind = 1", "kind = 2", "kind = 4", "seq > 200"])
def test_an_altered_ledger_is_not_written_on(ran, cli, where):
    """One bit of any entry: verify exits 5, and so does the next run, which adds nothing."""
    _alter(ran, where)
    before = (ran / "evenhand-home" / "ledger.sqlite").read_bytes()
    assert cli(ran, "ledger", "verify").exit_code == 5
    done = cli(ran, *RUN)
    assert done.exit_code == 5
    assert "The ledger was altered at entry" in done.stderr
    assert (ran / "evenhand-home" / "ledger.sqlite").read_bytes() == before
    assert len(_runs(ran)) == 1


def test_a_cut_off_file_is_damage_and_no_fault(ran, cli):
    """Half a database: exit 5 for every command that reads it, in three parts."""
    ledger = ran / "evenhand-home" / "ledger.sqlite"
    ledger.write_bytes(ledger.read_bytes()[: ledger.stat().st_size // 2])
    for words in (("ledger", "verify"), RUN):
        done = cli(ran, *words)
        assert done.exit_code == 5, (words, done.output)
        assert "rule: " in done.output


def test_another_key_is_told(ran, cli):
    """With a key of another home the head's seal does not fit: verify and run exit 5."""
    (ran / "evenhand-home" / "secret.key").write_bytes(bytes(32))
    assert cli(ran, "ledger", "verify").exit_code == 5
    assert cli(ran, *RUN).exit_code == 5


def test_a_question_without_the_key_is_told(ran, cli):
    """Asked by a person's own id or by a decision's, the lost key is named instead of "nothing known"."""
    decision = f"{_recorded(cli, ran)[0]}.8"
    (ran / "evenhand-home" / "secret.key").unlink()
    done = cli(ran, "why", "canary7@mail.example")
    assert done.exit_code == 4
    assert "no key file" in done.stderr
    assert cli(ran, "why", decision).exit_code == 4


def test_a_home_may_move_with_its_campaign(ran, cli, tmp_path):
    """Folder and home moved together: replay, why and report find everything."""
    moved = Path(shutil.move(ran, tmp_path / "elsewhere"))
    assert cli(moved, "replay", "last").exit_code == 0
    assert cli(moved, "why", "canary7@mail.example").exit_code == 0
    assert cli(moved, "report").exit_code == 0


def test_replay_compares_with_the_data_and_not_with_the_campaign_file(ran, cli):
    """Data that changed is refused (3); another campaign file does not matter, for the recorded one is replayed."""
    campaign = ran / "campaign.yaml"
    campaign.write_text(campaign.read_text("utf-8").replace("budget: 5", "budget: 1").replace("value: 4", "value: 9"))
    assert cli(ran, "replay", "last").exit_code == 0
    people = ran / "people.csv"
    text = people.read_text("utf-8")
    first = text.splitlines()[1].split(",")
    people.write_text(
        text.replace(",".join(first), ",".join([first[0], "19" if first[1] != "19" else "18", *first[2:]]))
    )
    done = cli(ran, "replay", "last")
    assert done.exit_code == 3
    assert "digest differs" in done.stderr
    people.write_text(text, "utf-8")
    assert cli(ran, "replay", "last").exit_code == 0


def test_a_plan_writes_nothing_even_where_nothing_can_be_written(shop):
    """With no right to write one byte anywhere, check and plan work."""
    for command in ("check", "plan"):
        done = subprocess.run(
            [*PROGRAM, command, "campaign.yaml", "--at", AT], cwd=shop, capture_output=True, text=True, timeout=120,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)), check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in shop.iterdir()) == ["campaign.yaml", "people.csv", "said.csv"]


def test_a_plan_comes_out_the_same_each_time(shop, cli):
    """Before there is a home, too."""
    first, second = (cli(shop, "plan", "campaign.yaml", "--at", AT, "--json").stdout for _ in range(2))
    assert first == second


def test_a_failed_first_run_can_be_started_again(shop):
    """What the first start left (a key) does not stand in the way of the second."""
    campaign = shop / "campaign.yaml"
    good = campaign.read_text("utf-8")
    campaign.write_text(good.replace("said.csv", "sad.csv"), "utf-8")
    assert evenhand(*RUN, cwd=shop).returncode == 3
    campaign.write_text(good, "utf-8")
    assert evenhand(*RUN, cwd=shop).returncode == 0


def test_stolen_files_without_the_secret_tell_nothing_about_anybody(ran):
    """Every database of a home, byte by byte: no own id, no word of a row, no offer of anybody, not the secret key."""
    home = ran / "evenhand-home"
    stolen = b"".join(path.read_bytes() for path in home.glob("*.sqlite*"))
    assert len(stolen) > 100_000
    assert b"canary" not in stolen
    assert b"mail.example" not in stolen
    assert b'"o":' not in stolen
    assert (home / "secret.key").read_bytes() not in stolen
