"""Bad input, nothing lost: a clear message in three parts, the right exit code, and nothing half-written."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from shop_folder import AT, PROGRAM, evenhand, write_shop


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def _people(folder: Path, change) -> None:
    path = folder / "people.csv"
    header, *rows = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([header, *change(rows)]) + "\n", "utf-8")


def _campaign(old: str, new: str):
    return lambda folder: _edit(folder / "campaign.yaml", old, new)


CASES = {
    "a table that is not there": (lambda f: (f / "people.csv").unlink(), 3),
    "a table of another type": (_campaign("subjects: {file: people.csv}", "subjects: {file: campaign.yaml}"), 3),
    "a column that is not there": (_campaign("  visits:", "  vists:"), 3),
    "ids that stand there twice": (lambda f: _people(f, lambda rows: [*rows, rows[0]]), 3),
    "an empty table": (lambda f: _people(f, lambda _: []), 3),
    "an outcome that never varies": (lambda f: _edit(f / "people.csv", ",1,secret", ",0,secret"), 3),
    "a table that is not UTF-8": (lambda f: (f / "people.csv").write_bytes(b"person,visits\n\xff\xfe\xfa,1\n"), 3),
    "text among numbers": (lambda f: _people(f, lambda rows: [rows[0].replace(",", ",many,", 1), *rows[1:]]), 3),
    "a category that nobody answered": (_campaign("category: ordinary\n", ""), 3),
    "a sensitive column as a feature": (_campaign("sex: {role: sensitive}", "sex: {role: feature}"), 3),
    "a limit over a column that has no such role": (_campaign("groups: [sex]", "groups: [days]"), 3),
    "a consent in a state that does not exist": (lambda f: _edit(f / "said.csv", "ConsentWithdrawn", "Maybe"), 3),
    "a moment that is no moment": (lambda f: _edit(f / "said.csv", "2026-02-01", "soon"), 3),
    "YAML that is not YAML": (_campaign("columns:", "columns: ]["), 3),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.replace(" ", "-"))
def test_bad_input_is_told_in_three_parts(shop, case):
    """Message with rule and remedy on stderr or stdout, the exit code, no personal value, no ledger, no report."""
    spoil, code = CASES[case]
    spoil(shop)
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=shop)
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "rule: " in said
    assert "to do: " in said
    assert "canary" not in said
    assert "secret" not in said
    assert "Traceback" not in said
    assert not list(shop.glob("evenhand-home/ledger.sqlite")) or _entries(shop) == 0
    assert not list(shop.glob("evenhand-home/runs/*"))


def test_a_missing_campaign_file_is_wrong_usage(shop):
    """Exit 2, and a near name is suggested."""
    done = evenhand("run", "campain.yaml", cwd=shop)
    assert done.returncode == 2
    assert "campaign.yaml" in done.stderr


def test_a_group_of_three_is_shown_but_not_judged(shop):
    """Three people of a third group neither stop the run nor have a count of theirs shown."""
    _people(
        shop, lambda rows: [r.replace(",f,", ",x,").replace(",m,", ",x,") if i < 3 else r for i, r in enumerate(rows)]
    )
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=shop)
    assert done.returncode == 0, done.stderr
    assert evenhand("ledger", "verify", cwd=shop).returncode == 0


def test_everybody_refused_is_a_run_too(shop):
    """Where everybody objected on a direct channel, the refusals are recorded; learning is refused with its reason."""
    said = (shop / "said.csv").read_text("utf-8").replace("ConsentGiven", "ConsentRefused")
    (shop / "said.csv").write_text(said, "utf-8")
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=shop)
    assert done.returncode == 3
    assert "history-not-permitted" in done.stderr
    assert "rule: G-7.refused" in done.stderr


def _entries(folder: Path) -> int:
    db = sqlite3.connect(folder / "evenhand-home" / "ledger.sqlite")
    try:
        return int(db.execute("SELECT count(*) FROM entry").fetchone()[0])
    finally:
        db.close()


def _flip_a_byte(folder: Path) -> None:
    db = sqlite3.connect(folder / "evenhand-home" / "ledger.sqlite")
    db.execute("DROP TRIGGER entry_no_update")
    seq, body = db.execute("SELECT seq, body FROM entry WHERE kind = 0 LIMIT 1 OFFSET 40").fetchone()
    db.execute("UPDATE entry SET body = ? WHERE seq = ?", (body[:-3] + b"9" + body[-2:], seq))
    db.commit()
    db.close()


def test_an_altered_ledger_is_found_and_nothing_is_added_to_it(ran):
    """verify exits 5 and names the entry."""
    _flip_a_byte(ran)
    before = _entries(ran)
    done = evenhand("ledger", "verify", cwd=ran)
    assert done.returncode == 5
    assert "entry " in done.stdout
    assert _entries(ran) == before


def test_a_lost_key_is_told(ran):
    """Without its key the ledger is not written on; the remedy is the backup."""
    (ran / "evenhand-home" / "secret.key").unlink()
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=ran)
    assert done.returncode == 4
    assert "backup" in done.stderr


def test_no_ledger_is_a_store_that_cannot_be_reached(shop):
    """Exit 2 where no home is found, 4 where the home has no ledger."""
    assert evenhand("ledger", "verify", cwd=shop).returncode == 2
    (shop / "evenhand-home").mkdir()
    assert evenhand("ledger", "verify", cwd=shop).returncode == 4


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300 * 1024, 300 * 1024))


def test_a_full_disk_leaves_nothing_half(tmp_path):
    """Where files cannot grow, the run is not recorded, the message says so, and the next start goes on."""
    shop = write_shop(tmp_path / "shop", people=2000).parent
    done = subprocess.run(
        [*PROGRAM, "run", "campaign.yaml", "--at", AT], cwd=shop, capture_output=True, text=True,
        preexec_fn=_small_files, timeout=120, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=False,
    )  # fmt: skip
    assert done.returncode == 4, done.stderr
    assert "to do: " in done.stderr
    assert not list(shop.glob("evenhand-home/runs/*"))
    again = evenhand("run", "campaign.yaml", "--at", AT, cwd=shop)
    assert again.returncode == 0, again.stderr
    assert "Found at the start" in again.stderr
    assert evenhand("ledger", "verify", cwd=shop).returncode == 0


def test_the_interpreter_is_this_one():
    """The processes that these tests start run the code under test."""
    assert PROGRAM[0] == sys.executable


def test_a_column_of_addresses_is_no_feature(shop):
    """UAVG-46, G-32: a confirmed feature full of e-mail addresses is an error in check, and run refuses."""
    _edit(shop / "people.csv", "secret ", "mail")
    text = (shop / "people.csv").read_text("utf-8")
    rows = [line if i == 0 else f"{line}@canary.example" for i, line in enumerate(text.splitlines())]
    (shop / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    _edit(shop / "campaign.yaml", "  sex:", "  notes: {role: feature, meaning: {nl: notitie, en: note}}\n  sex:")
    checked = evenhand("check", "campaign.yaml", "--at", AT, cwd=shop)
    assert checked.returncode == 1
    assert "EH-PII-003" in checked.stdout
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=shop)
    assert done.returncode == 3
    assert "canary" not in done.stdout + done.stderr + checked.stdout


def test_minors_in_an_age_column_are_pointed_out(shop):
    """D-28: a sensitive age column with people of 17 and no minor records is a warning of check."""
    text = (shop / "people.csv").read_text("utf-8").replace(",sex,", ",age,").replace(",f,", ",17,")
    numbers = iter(range(10_000))
    rows = [line.replace(",m,", f",{18 + next(numbers) % 60},") for line in text.splitlines()]
    (shop / "people.csv").write_text("\n".join(rows) + "\n", "utf-8")
    _edit(shop / "campaign.yaml", "  sex: {role", "  age: {role")
    _edit(shop / "campaign.yaml", "groups: [sex]", "groups: [age]")
    assert "EH-DATA-007" in evenhand("check", "campaign.yaml", "--at", AT, cwd=shop).stdout


def test_a_head_kept_elsewhere_is_looked_for(ran):
    """--head: one that stands in the chain passes, another is named, and half a head is wrong usage."""
    head = next(ran.glob("evenhand-home/runs/*/report.json")).read_text("utf-8").split('"head": "')[1][:64]
    assert evenhand("ledger", "verify", "--head", head, cwd=ran).returncode == 0
    assert evenhand("ledger", "verify", "--head", "0" * 64, cwd=ran).returncode == 5
    assert evenhand("ledger", "verify", "--head", head[:16], cwd=ran).returncode == 2
