"""`evenhand keys rotate --pseudonyms`: two releases cannot be joined, and inside the home everybody is found."""

from __future__ import annotations

import json

import pytest

from shop_folder import AT

WHO, GONE = "canary2@mail.example", "canary3@mail.example"


@pytest.fixture
def shared(ran, cli):
    """A home in which a person consented, another one was erased, and a request waits."""
    assert cli(ran, "consent", "give", WHO, "PersonalisedAdvertising", "--by", "desk").exit_code == 0
    assert cli(ran, "rights", "ask", WHO, "access").exit_code == 0
    assert cli(ran, "rights", "erase", GONE, "--yes").exit_code == 0
    return ran


def _released(folder, cli):
    """Every pseudonym of the person that leaves the home."""
    package = folder / "access.json"
    assert cli(folder, "rights", "access", WHO, "--out", str(package)).exit_code == 0
    held = json.loads(package.read_text("utf-8"))
    exported = cli(folder, "consent", "export", WHO)
    why = json.loads(cli(folder, "why", WHO, "--json").stdout)
    assert held["pseudonym"] in exported.stdout
    assert {one["subject"] for one in held["decisions"]} == {held["pseudonym"]} == {why["subject"]}
    return held["pseudonym"]


def _report(folder):
    (page,) = (folder / "evenhand-home" / "runs").glob("*/report.json")
    return {one["subject"] for story in json.loads(page.read_text("utf-8"))["stories"] for one in story.values()}


def test_two_releases_cannot_be_joined_and_everybody_is_found(shared, cli):
    """Access, export, reasons and report tell another pseudonym; consents, requests, marks and decisions are there."""
    before, told = _released(shared, cli), _report(shared)
    looked = json.loads(cli(shared, "keys", "rotate", "--pseudonyms", "--dry-run", "--json").stdout)
    assert (looked["version"], looked["done"]) == (1, False)
    done = json.loads(cli(shared, "keys", "rotate", "--pseudonyms", "--yes", "--json").stdout)
    assert (done["version"], done["people"], done["done"]) == (1, 399, True)
    after = _released(shared, cli)
    assert after != before
    assert cli(shared, "report").exit_code == 0
    assert not told & _report(shared)
    assert "pseudonyms: version 1, since " in cli(shared, "keys", "status").stdout
    said = json.loads(cli(shared, "consent", "history", WHO, "--json").stdout)["said"]
    assert [one["status"] for one in said] == ["ConsentGiven"]
    assert len(json.loads(cli(shared, "rights", "list", "--subject", WHO, "--json").stdout)["requests"]) == 1
    for check in (("ledger", "verify"), ("rights", "verify"), ("replay", "last")):
        assert cli(shared, *check).exit_code == 0, check
    assert cli(shared, "run", "campaign.yaml", "--at", AT).exit_code == 0
    assert json.loads(cli(shared, "why", GONE, "--json").stdout)["permission"]["key"] == "erased"
    assert cli(shared, "rights", "erase", WHO, "--yes").exit_code == 0
    assert cli(shared, "rights", "access", WHO).exit_code == 3


def test_nothing_is_renewed_without_a_word_nor_where_nobody_is(ran, cli, tmp_path):
    """Not confirmed: 2, as it was. A home without people: 4."""
    assert cli(ran, "keys", "rotate", "--pseudonyms").exit_code == 2
    assert json.loads(cli(ran, "keys", "status", "--json").stdout)["pseudonyms"] == 0
    empty = cli(ran, "keys", "rotate", "--pseudonyms", "--yes", "--home", str(tmp_path / "empty"))
    assert (empty.exit_code, "no pseudonyms of people yet" in empty.stderr) == (4, True)


def test_a_restore_with_later_marks_keeps_the_renewal(shared, cli, tmp_path):
    """The old version does not come back with a backup, where the home that was renewed since is named."""
    saved, keys, new = (str(tmp_path / name) for name in ("saved", "keys", "new"))
    assert cli(shared, "backup", saved, "--keys", keys).exit_code == 0
    assert cli(shared, "keys", "rotate", "--pseudonyms", "--yes").exit_code == 0
    now = _released(shared, cli)
    home = str(shared / "evenhand-home")
    back = cli(shared, "restore", saved, "--keys", keys, "--marks", home, "--home", new)
    assert back.exit_code == 0, back.output
    assert json.loads(cli(shared, "why", WHO, "--home", new, "--json").stdout)["subject"] == now
