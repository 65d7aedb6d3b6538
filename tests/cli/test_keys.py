"""Wrapping keys: a copy of the files without them opens nothing, and they change while everything stays what it is."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sqlite3
import subprocess
import sys

import pytest

from shop_folder import AT, PROGRAM

WHO = "canary7@mail.example"
HOME = "evenhand-home"
OLD, NEW = "11" * 32, "22" * 32


@pytest.fixture
def told(ran, cli):
    """A folder in which a campaign ran without wrapping keys; calls a command with these keys named."""

    def call(*words, keys="", exits=0, **more):
        done = cli(ran, *words, EVENHAND_HOME=HOME, EVENHAND_WRAPPING_KEY=keys, **more)
        assert done.exit_code == exits, done.stderr
        return done

    call.home = ran / HOME
    return call


def _state(told, keys):
    return json.loads(told("keys", "status", "--json", keys=keys).stdout)


def test_keys_change_and_everything_stays_what_it_is(told):
    """In the clear, under the old key, under both, under the new: the same pseudonyms, answers and verified ledger."""
    before = told("why", WHO).stdout
    head = told("ledger", "verify").stdout
    plain = (told.home / "secret.key").read_bytes()
    assert _state(told, OLD)["people"] == {"": 400}
    old = json.loads(told("keys", "rotate", "--json", keys=OLD).stdout)
    assert (old["done"], old["changed"], list(old["people"].values())) == (True, 400, [400])
    assert plain not in (told.home / "secret.key").read_bytes()
    assert told("why", WHO, keys=OLD).stdout == before
    both = _state(told, f"{NEW},{OLD}")
    assert not both["done"]
    told("decide", "campaign.yaml", WHO, "--at", "2026-03-02", keys=f"{NEW},{OLD}")
    new = json.loads(told("keys", "rotate", "--json", keys=f"{NEW},{OLD}").stdout)
    assert (new["done"], new["people"]) == (True, {new["wrapping"][0]: 400})
    assert json.loads(told("keys", "rotate", "--json", keys=f"{NEW},{OLD}").stdout)["changed"] == 0
    told("rights", "erase", WHO, "--yes", keys=NEW)
    told("why", WHO, keys=NEW, exits=3)
    assert "promises kept" in told("ledger", "verify", keys=NEW).stdout
    assert told("receipt", "give", "canary8@mail.example", keys=NEW)
    assert head.split(";")[0].startswith("ok: 406")
    gone = told("why", "canary8@mail.example", keys=OLD, exits=4)
    assert "wrapping key" in gone.stderr
    assert NEW not in gone.stderr + gone.stdout


def test_an_old_copy_opens_nothing_once_its_wrapping_key_is_gone(told, tmp_path):
    """Erased after the copy was made: with the new key alone, copy and current secret key together do not open it."""
    told("keys", "rotate", keys=OLD)
    shutil.copytree(told.home, tmp_path / "copy")
    told("keys", "rotate", keys=f"{NEW},{OLD}")
    told("rights", "erase", WHO, "--yes", keys=NEW)
    for name in ("subject-keys.sqlite", "ledger.sqlite", "ledger.sqlite.head"):
        shutil.copy(tmp_path / "copy" / name, told.home / name)
    for beside in told.home.glob("ledger.sqlite-*"):
        beside.unlink()
    assert "wrapping key" in told("why", WHO, keys=NEW, exits=4).stderr


def test_a_rotation_that_is_killed_is_finished_by_asking_again(told):
    """Killed at any moment, some people are under the old key and some under the new: both open all along."""
    told("keys", "rotate", keys=OLD)
    with sqlite3.connect(told.home / "subject-keys.sqlite") as db:
        rows = db.execute("SELECT pseudonym, seed FROM subject_key ORDER BY pseudonym").fetchall()
    told("keys", "rotate", keys=f"{NEW},{OLD}")
    with sqlite3.connect(told.home / "subject-keys.sqlite") as db:  # half of them as they were: what a kill leaves
        db.executemany("UPDATE subject_key SET seed = ?2 WHERE pseudonym = ?1", rows[::2])
    assert sorted(_state(told, f"{NEW},{OLD}")["people"].values()) == [200, 200]
    assert "promises kept" in told("ledger", "verify", keys=f"{OLD},{NEW}").stdout
    assert json.loads(told("keys", "rotate", "--json", keys=f"{NEW},{OLD}").stdout)["changed"] == 200
    assert "promises kept" in told("ledger", "verify", keys=NEW).stdout


def test_a_rotation_really_killed_leaves_a_home_that_works(told):
    """`kill -9` while it wraps, five times; then it is finished."""
    told("keys", "rotate", keys=OLD)
    for number in range(5):
        first, second = (NEW, OLD) if number % 2 == 0 else (OLD, NEW)
        environ = {**os.environ, "EVENHAND_HOME": HOME, "EVENHAND_WRAPPING_KEY": f"{first},{second}"}
        process = subprocess.Popen([*PROGRAM, "keys", "rotate"], cwd=told.home.parent, env=environ)
        try:
            process.wait(0.35 + 0.05 * number)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        assert "promises kept" in told("ledger", "verify", keys=f"{OLD},{NEW}").stdout
    assert json.loads(told("keys", "rotate", "--json", keys=f"{NEW},{OLD}").stdout)["done"]


def test_a_new_home_is_wrapped_from_the_start(shop, cli):
    """Its secret key and its people's random bytes are never on disk in the clear."""
    done = cli(shop, "run", "campaign.yaml", "--at", AT, EVENHAND_WRAPPING_KEY=OLD)
    assert done.exit_code == 0, done.stderr
    state = json.loads(cli(shop, "keys", "status", "--json", EVENHAND_WRAPPING_KEY=OLD).stdout)
    assert (state["done"], list(state["people"].values())) == (True, [400])
    assert (shop / HOME / "secret.key").read_bytes().startswith(b"evenhand wrapped key 1\n")
    missing = cli(shop, "run", "campaign.yaml", "--at", AT)
    assert missing.exit_code == 4
    assert "wrapping key" in missing.stderr


def test_the_secret_key_may_stand_in_the_environment(shop, cli):
    """Then no file is made; another key is refused, and so is one that differs from the file."""
    key = secrets.token_hex(32)
    done = cli(shop, "run", "campaign.yaml", "--at", AT, EVENHAND_SECRET_KEY=key)
    assert done.exit_code == 0, done.stderr
    assert not (shop / HOME / "secret.key").exists()
    assert cli(shop, "ledger", "verify", EVENHAND_SECRET_KEY=key).exit_code == 0
    assert cli(shop, "ledger", "verify", EVENHAND_SECRET_KEY="33" * 32).exit_code == 5
    assert cli(shop, "why", WHO).exit_code == 4
    (shop / HOME / "secret.key").write_bytes(bytes(32))
    assert "different keys" in cli(shop, "why", WHO, EVENHAND_SECRET_KEY=key).stderr


@pytest.mark.parametrize("keys", ["hunter2", "11" * 31, f"{OLD},", "keyring:evenhand/none"])
def test_what_is_no_wrapping_key_is_refused_and_not_shown(told, keys):
    """In three parts, with the variable and never what stands in it."""
    gone = told("why", WHO, keys=keys, exits=4)
    assert "EVENHAND_WRAPPING_KEY" in gone.stderr
    assert keys not in gone.stderr


def test_keys_may_stand_in_a_file_or_a_keyring(told, tmp_path):
    """A file with one key a line; an entry of the keyring, here a stand-in with the one function that is called."""
    (tmp_path / "keys").write_text(f"{NEW}\n{OLD}\n")
    file = {"EVENHAND_WRAPPING_KEY_FILE": str(tmp_path / "keys")}
    assert len(json.loads(told("keys", "status", "--json", **file).stdout)["wrapping"]) == 2
    assert "is empty" in _emptied(told, tmp_path / "keys", file).stderr
    (tmp_path / "keyring.py").write_text(
        f"def get_password(service, name):\n    return {OLD!r} if (service, name) == ('shop', 'evenhand') else None\n"
    )
    environ = {
        **os.environ,
        "EVENHAND_HOME": HOME,
        "EVENHAND_WRAPPING_KEY": "keyring:shop/evenhand",
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path]),
    }
    done = subprocess.run(
        [*PROGRAM, "keys", "rotate", "--json"], cwd=told.home.parent, env=environ, capture_output=True, text=True
    )
    assert json.loads(done.stdout)["done"], done.stderr
    assert told("why", WHO, keys=OLD).stdout


def _emptied(told, path, file):
    path.write_text("")
    return told("keys", "status", exits=4, **file)


def test_rotating_without_a_wrapping_key_is_wrong_usage(told):
    """There is nothing to keep the keys under; `keys new` makes one, and every one is another."""
    assert "evenhand keys new" in told("keys", "rotate", exits=2).stderr
    made = {told("keys", "new").stdout.strip() for _ in range(3)}
    assert len(made) == 3
    assert {len(bytes.fromhex(one)) for one in made} == {32}
