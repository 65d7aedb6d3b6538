"""`evenhand ledger forget-groups`: asked for twice, done once, and told by `verify`, `why` and `replay`."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from shop_folder import AT, make_aware, write_shop

RUN = ("run", "campaign.yaml", "--at", AT)


@pytest.fixture
def aware(tmp_path, cli) -> Path:
    """A campaign folder with an aware limit, in which the campaign ran once."""
    folder = make_aware(write_shop(tmp_path / "shop")).parent
    done = cli(folder, *RUN)
    assert done.exit_code == 0, done.output
    return folder


def _keys(folder: Path) -> list[Path]:
    return sorted((folder / "evenhand-home" / "run-keys").glob("*"))


def test_without_a_yes_nothing_is_destroyed(aware, cli):
    """There is nobody to ask: exit 2, what to do is said, and the key stays."""
    done = cli(aware, "ledger", "forget-groups", "last")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert len(_keys(aware)) == 1


def test_the_key_is_destroyed_and_the_ledger_still_verifies(aware, cli):
    """Exit 0 both times; verification is ok and says what it could not open."""
    first = cli(aware, "ledger", "forget-groups", "last", "--yes")
    assert (first.exit_code, _keys(aware)) == (0, [])
    assert "the key is destroyed" in first.stdout
    again = json.loads(cli(aware, "ledger", "forget-groups", "last", "--yes", "--json").stdout)
    assert (again["forgotten"], again["was_there"]) == (True, False)
    told = cli(aware, "ledger", "verify")
    assert told.exit_code == 0
    assert "was not opened" in told.stdout
    verified = json.loads(cli(aware, "ledger", "verify", "--json").stdout)
    assert (verified["ok"], verified["forgotten"]) == (True, 1)
    assert verified["unopened"] > 100
    replayed = cli(aware, "replay", "last")
    assert replayed.exit_code == 0
    assert "was not compared" in replayed.stdout


def test_a_run_without_an_aware_limit_has_nothing_to_forget(ran, cli):
    """Exit 3, in three parts."""
    done = cli(ran, "ledger", "forget-groups", "last", "--yes")
    assert done.exit_code == 3
    assert "has nothing sealed" in done.stderr
    assert "to do:" in done.stderr


def test_an_unknown_run_and_a_home_without_a_ledger(aware, tmp_path, cli):
    """Exit 3 for the one, 4 for the other."""
    assert cli(aware, "ledger", "forget-groups", "20200101T000000Z-000000", "--yes").exit_code == 3
    assert cli(tmp_path, "ledger", "forget-groups", "last", "--yes", "--home", tmp_path / "empty").exit_code == 4


def test_another_key_is_named_by_verify(aware, cli):
    """A key of another run in its place: exit 5, and the message says which run and what to do."""
    (key,) = _keys(aware)
    key.write_bytes(bytes(32))
    done = cli(aware, "ledger", "verify")
    assert done.exit_code == 5
    assert f"The key that is kept for run {key.stem} is not the one that sealed it." in done.stdout
    assert "A-4a" in done.stdout


def test_why_tells_the_rest_in_both_languages(aware, cli):
    """With the folder of keys away the explanation still comes, and says what is sealed."""
    shutil.rmtree(aware / "evenhand-home" / "run-keys")
    for lang, words in (("nl", "is verzegeld"), ("en", "is sealed")):
        done = cli(aware, "why", "canary2@mail.example", "--lang", lang)
        assert done.exit_code == 0, done.output
        assert words in done.stdout
