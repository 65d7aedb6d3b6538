"""The home folder: found by rule, its key made once, files whole or absent."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evenhand.adapters.stores.home import HOME_NAME, Home, find_home, write_atomically
from evenhand.terms import StoreError, UsageError


def test_the_flag_wins_then_the_environment_then_the_campaign(tmp_path, monkeypatch):
    """Configuration goes flag, environment, file; a path may be text."""
    campaign = tmp_path / "campaign.yaml"
    monkeypatch.setenv("EVENHAND_HOME", str(tmp_path / "named"))
    assert find_home(str(tmp_path / "flag"), campaign_file=campaign).folder == tmp_path / "flag"
    assert find_home(None, campaign_file=campaign).folder == tmp_path / "named"
    monkeypatch.delenv("EVENHAND_HOME")
    assert find_home(None, campaign_file=campaign).folder == tmp_path / HOME_NAME


def test_without_a_campaign_the_only_home_around_is_found(tmp_path, monkeypatch):
    """One home below the current folder is taken; none or several are a question for the person."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENHAND_HOME", raising=False)
    with pytest.raises(UsageError, match="no home folder here"):
        find_home(None)
    (tmp_path / "spring" / HOME_NAME).mkdir(parents=True)
    assert find_home(None).folder == tmp_path / "spring" / HOME_NAME
    (tmp_path / "autumn" / HOME_NAME).mkdir(parents=True)
    with pytest.raises(UsageError, match="There are 2 home folders"):
        find_home(None)


def test_a_new_key_is_secret_and_stays(tmp_path):
    """32 bytes for its owner's eyes only; the next start reads the same."""
    home = Home(tmp_path / "home")
    key = home.key(make=True)
    assert len(key) == 32
    assert stat.S_IMODE(home.key_file.stat().st_mode) == 0o600
    assert home.key(make=True) == home.key(make=False) == key


def test_two_first_starts_share_one_key(tmp_path):
    """Whoever comes second takes the key of the first; nobody works on with a key that is not in the file."""
    for attempt in range(20):
        home = Home(tmp_path / f"home{attempt}")
        with ThreadPoolExecutor(8) as pool:
            keys = set(pool.map(lambda _, home=home: home.key(make=True), range(8)))
        assert keys == {home.key_file.read_bytes()}
        assert [path.name for path in home.folder.iterdir()] == ["secret.key"]


def test_a_plan_needs_no_key_and_makes_none(tmp_path):
    """Without a home a plan is the same each time, and leaves nothing behind."""
    home = Home(tmp_path / "home")
    assert home.key(make=False) == home.key(make=False) == bytes(32)
    assert not home.folder.exists()


@pytest.mark.parametrize("make", [True, False])
def test_a_ledger_without_its_key_is_not_given_a_new_one(tmp_path, make):
    """A new key would hide every recorded subject: the start is refused, and so is a question."""
    home = Home(tmp_path)
    home.ledger.write_bytes(b"")
    with pytest.raises(StoreError, match=r"has a ledger but no key file.*backup"):
        home.key(make=make)


def test_a_cut_off_key_is_told(tmp_path):
    """A key of another length is not used."""
    home = Home(tmp_path)
    home.key_file.write_bytes(b"short")
    with pytest.raises(StoreError, match="has 5 bytes instead of 32"):
        home.key(make=True)


def test_a_home_below_a_file_is_told(tmp_path):
    """A place that can never be a folder gives a StoreError, not a fault."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="cannot be read or written"):
        Home(tmp_path / "file" / "home").key(make=True)


def test_a_file_that_cannot_be_placed_leaves_the_old_one_and_no_neighbour(tmp_path):
    """What fails leaves nothing half: here the name is taken by a folder."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(StoreError, match="cannot be read or written"):
        write_atomically(tmp_path / "report.html", "new")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_only_new_leaves_what_is_there(tmp_path):
    """`only_new` never replaces."""
    write_atomically(tmp_path / "a", "first", only_new=True)
    write_atomically(tmp_path / "a", "second", only_new=True)
    assert (tmp_path / "a").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def _draft(home: Home, run_id: str, text: str = "list") -> None:
    write_atomically(home.draft_folder(run_id) / "decisions.csv", text, private=True)


def test_a_list_waits_apart_and_is_published_whole(tmp_path):
    """A run folder exists only for what is recorded; publishing twice changes nothing."""
    home = Home(tmp_path)
    _draft(home, "one")
    assert list(home.drafts()) == ["one"]
    assert not home.run_folder("one").exists()
    home.publish("one")
    home.publish("one")
    assert not home.drafts()
    assert (home.run_folder("one") / "decisions.csv").read_text() == "list"


def test_a_list_joins_a_report_that_is_already_there(tmp_path):
    """A folder with a report takes the list in."""
    home = Home(tmp_path)
    _draft(home, "one")
    write_atomically(home.run_folder("one") / "report.html", "page")
    home.publish("one")
    assert sorted(path.name for path in Path(home.run_folder("one")).iterdir()) == ["decisions.csv", "report.html"]
    assert not home.drafts()


def test_an_unrecorded_list_is_removed(tmp_path):
    """Discarding removes the draft alone, and is harmless without one."""
    home = Home(tmp_path)
    _draft(home, "one")
    _draft(home, "two")
    home.discard("one")
    home.discard("one")
    assert list(home.drafts()) == ["two"]
