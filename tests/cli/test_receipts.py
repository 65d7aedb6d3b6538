"""Receipts, key and checkpoints from the command line, with every way that they can be asked for wrongly."""

from __future__ import annotations

import json
import shutil

import pytest

from shop_folder import AT, evenhand, write_shop

WHO = "canary2@mail.example"


@pytest.fixture
def kept(ran, cli):
    """A folder where the campaign ran, with a receipt and a checkpoint kept beside it."""
    assert cli(ran, "receipt", "give", WHO, "--out", "r.html", "--quiet").exit_code == 0
    (ran / "kept.txt").write_text(cli(ran, "ledger", "checkpoint").stdout, encoding="utf-8")
    return ran


def test_a_receipt_is_given_and_checked_with_the_published_key(kept, cli):
    """Words on a terminal, one document with --json; exit 0."""
    key = cli(kept, "ledger", "key").stdout.strip()
    said = cli(kept, "receipt", "check", "r.html", "--key", key)
    assert (said.exit_code, "Everything holds." in said.stdout) == (0, True)
    found = json.loads(cli(kept, "receipt", "check", "r.html", "--json").stdout)
    assert (found["ok"], found["facts"]["standing"], len(found["steps"])) == (True, "personalised", 6)
    assert (kept / "r.html").stat().st_mode & 0o077 == 0


def test_another_key_and_a_changed_receipt_end_with_5(kept, cli):
    """And say which step does not hold."""
    key = cli(kept, "ledger", "key").stdout.strip().replace("evenhand-ledger/", "evenhand-ledger/f", 1)
    assert cli(kept, "receipt", "check", "r.html", "--key", key).exit_code == 5
    page = kept / "r.html"
    page.write_text(page.read_text("utf-8").replace('"number": ', '"number": 1', 1), encoding="utf-8")
    said = cli(kept, "receipt", "check", "r.html", "--lang", "nl")
    assert (said.exit_code, "KLOPT NIET" in said.stdout) == (5, True)


@pytest.mark.parametrize(
    ("words", "code", "what"),
    [
        (("give", "nobody@mail.example"), 3, "no decision about this subject"),
        (("give", WHO, "--out", "absent/folder/../../people.csv/r.html"), 4, "cannot"),
        (("check", "people.csv"), 3, "no receipt in this file"),
        (("check", "absent.html"), 4, "cannot be read"),
        (("check", "."), 4, "cannot be read"),
    ],
)
def test_what_cannot_be_given_or_checked_is_said_in_three_parts(kept, cli, words, code, what):
    """No such person, a place that cannot be written, a file that is none."""
    said = cli(kept, "receipt", *words)
    assert said.exit_code == code, said.stderr
    assert what in said.stderr
    assert "canary" not in said.stderr.replace(WHO, "")


def test_what_was_kept_elsewhere_still_holds_and_shows_a_ledger_that_was_made_anew(kept, cli, tmp_path):
    """The receipt and the checkpoint pass with their own ledger, and fail with another of the same key."""
    both = ("--checkpoint", "kept.txt", "--checkpoint", "r.html")
    assert cli(kept, "ledger", "verify", *both).exit_code == 0
    other = write_shop(tmp_path / "other").parent
    (other / "evenhand-home").mkdir()
    for name in ("kept.txt", "r.html", "evenhand-home/secret.key"):
        shutil.copy(kept / name, other / name)
    assert evenhand("run", "campaign.yaml", "--at", AT, cwd=other).returncode == 0
    assert cli(other, "ledger", "verify").exit_code == 0
    said = cli(other, "ledger", "verify", *both)
    assert (said.exit_code, said.stdout.count("tells another history")) == (5, 2)


def test_a_file_without_a_whole_checkpoint_is_wrong_usage(kept, cli):
    """A table, and a note that was cut."""
    assert cli(kept, "ledger", "verify", "--checkpoint", "people.csv").exit_code == 2
    (kept / "cut.txt").write_text((kept / "kept.txt").read_text("utf-8")[:-9], encoding="utf-8")
    said = cli(kept, "ledger", "verify", "--checkpoint", "cut.txt")
    assert (said.exit_code, "not the whole of it" in said.stderr) == (2, True)


def test_signing_without_a_ledger_makes_none(cli, tmp_path):
    """Exit 4, and no file."""
    (tmp_path / "evenhand-home").mkdir()
    for words in (("--sign",), ()):
        said = cli(tmp_path, "ledger", "checkpoint", *words)
        assert said.exit_code == 4
    assert list((tmp_path / "evenhand-home").iterdir()) == []


def test_signing_again_gives_the_same_checkpoint(kept, cli):
    """Nothing was added, so nothing else is signed."""
    assert cli(kept, "ledger", "checkpoint", "--sign").stdout == (kept / "kept.txt").read_text("utf-8")


def test_the_program_that_checks_is_printed_whole(cli, tmp_path):
    """What is printed compiles, and is the file of the package."""
    source = cli(tmp_path, "receipt", "checker").stdout
    compile(source, "check_receipt.py", "exec")
    assert "def is_signed(" in source
