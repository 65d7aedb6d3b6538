"""The vault where it has to last: in backups, on a server, and with a log whose end nobody cuts off unseen."""

from __future__ import annotations

import json
import secrets
import shutil
import sqlite3

import psycopg
import pytest

from kept_homes import KeptHome
from shop_folder import AT, evenhand, write_shop

HOME, WHO, ALONE = "evenhand-home", "canary3@mail.example", "canary-vault-only@mail.example"
PUT = ("vault", "put", "groups.csv", "--id", "person", "--columns", "sex", "--purpose", "limit", "--as", "ada")
UNTIL = ("--until", "2126-03-01")


@pytest.fixture(scope="module")
def _in_files(tmp_path_factory):
    folder = write_shop(tmp_path_factory.mktemp("vault") / "shop").parent
    _keep_groups(lambda *words: evenhand(*words, cwd=folder, EVENHAND_HOME=HOME).check_returncode(), folder)
    return folder


@pytest.fixture(scope="module")
def _there(_upgraded_there, tmp_path_factory):
    kept = _upgraded_there.copy(tmp_path_factory.mktemp("vault-there") / "shop")
    _keep_groups(kept, kept.folder)
    return kept


@pytest.fixture(params=["files", pytest.param("server", marks=pytest.mark.postgres)])
def house(request, tmp_path, cli):
    """A home of each kind with the groups in its vault, one person in it whom no table knows, and a run."""
    kept = request.getfixturevalue("_there").copy(tmp_path / "shop") if request.param == "server" else None
    shop = kept.folder if kept else shutil.copytree(request.getfixturevalue("_in_files"), tmp_path / "shop")

    def call(*words, home=HOME, exits=0, url=kept.url if kept else ""):
        done = cli(shop, *words, EVENHAND_HOME=str(home), EVENHAND_DATABASE=url)
        assert done.exit_code == exits, done.stderr + done.stdout
        return done

    call.folder, call.url, call.schema = shop, kept.url if kept else "", KeptHome.schema
    yield call
    if kept:
        kept.drop()


def _keep_groups(call, shop):
    lines = [line.split(",") for line in (shop / "people.csv").read_text().splitlines()]
    at = lines[0].index("sex")
    rows = [f"{line[0]},{line[at]}" for line in lines]
    (shop / "groups.csv").write_text("\n".join([*rows, f"{ALONE},f"]) + "\n")
    (shop / "people.csv").write_text("".join(",".join([*line[:at], *line[at + 1 :]]) + "\n" for line in lines))
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("{role: sensitive}", "{role: sensitive, kept_in: vault}"))
    call(*PUT, *UNTIL)
    call("run", "campaign.yaml", "--at", AT)


def _changed(house, statement, home=HOME):
    """Somebody who can write the tables, and has no key."""
    if house.url:
        with psycopg.connect(house.url) as db:
            db.execute(f"SET search_path TO {house.schema}_vault")
            db.execute(statement)
    else:
        with sqlite3.connect(house.folder / home / "vault.sqlite") as db:
            db.execute(statement)


def test_a_vault_stands_where_its_home_lives_and_names_nobody_there(house):
    """On a server in a schema of its own, else in a file; replayed and verified; no id and no key in any byte."""
    assert (house.folder / HOME / "vault.sqlite").exists() == (not house.url)
    assert "identical" in house("replay", "last").stdout
    assert "promises kept" in house("ledger", "verify").stdout
    if house.url:
        with (
            psycopg.connect(house.url) as db,
            db.cursor().copy(f"COPY {house.schema}_vault.cell TO STDOUT (FORMAT binary)") as copy,
        ):
            content = b"".join(bytes(part) for part in copy)
    else:
        content = (house.folder / HOME / "vault.sqlite").read_bytes()
    assert len(content) > 20_000
    assert b"canary" not in content
    assert (house.folder / HOME / "vault.key").read_bytes() not in content


def test_an_access_answer_finds_whoever_stands_in_the_vault_alone(house):
    """No decision, no word, one value in the vault: it is shown, on the page too; nobody else is found."""
    told = json.loads(house("rights", "access", ALONE, "--json").stdout)
    assert (told["decisions"], told["in_vault"]) == ([], {"sex": "f"})
    assert 'in the vault: sex = "f"' in house("rights", "access", ALONE).stdout
    house("rights", "access", ALONE, "--html", "page.html")
    assert "kept apart, only to count groups" in (house.folder / "page.html").read_text("utf-8")
    assert "holds nothing" in house("rights", "access", "canary-nobody@mail.example", exits=3).stderr
    assert "1 value was taken out of the vault" in house("rights", "erase", ALONE, "--yes").stdout
    house("rights", "access", ALONE, exits=3)


@pytest.mark.parametrize(
    "cut",
    [
        "DELETE FROM question WHERE number = (SELECT max(number) FROM question)",
        "DELETE FROM question",
        "UPDATE question SET who = 'eve' WHERE number = (SELECT max(number) FROM question)",
        "UPDATE log_end SET number = number - 1",
    ],
)
def test_a_log_whose_end_was_cut_off_is_found(house, cut):
    """By the mark of its end, and by the ledger, in which the run noted how far the log went."""
    _changed(house, cut)
    assert "vault's log" in house("ledger", "verify", exits=5).stdout
    house("vault", "log", exits=5)


def test_a_vault_that_was_put_back_whole_is_found_by_the_ledger(shop, cli):
    """Whoever holds its key makes a log that verifies; yet the run noted a line that is not there. Also without key."""
    house = {"EVENHAND_HOME": HOME}
    (shop / "groups.csv").write_text((shop / "people.csv").read_text())
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("{role: sensitive}", "{role: sensitive, kept_in: vault}"))
    assert cli(shop, *PUT, *UNTIL, **house).exit_code == 0
    shutil.copy(shop / HOME / "vault.sqlite", shop / "old.sqlite")
    assert cli(shop, "run", "campaign.yaml", "--at", AT, **house).exit_code == 0
    shutil.copy(shop / "old.sqlite", shop / HOME / "vault.sqlite")
    assert cli(shop, "vault", "log", **house).exit_code == 0
    for _ in range(2):
        done = cli(shop, "ledger", "verify", **house)
        assert done.exit_code == 5
        assert "cut off before line 2, which the run" in done.stdout
        (shop / HOME / "vault.key").unlink(missing_ok=True)
    (shop / HOME / "vault.sqlite").unlink()
    assert cli(shop, "ledger", "verify", **house).exit_code == 5


def test_a_vault_is_backed_up_apart_from_its_key_and_comes_back_without_whom_was_erased(house):
    """From the old home as it is now; from the backup where only later keys are left; never without the vault's key."""
    house("backup", "copy", "--keys", "keys")
    assert (house.folder / "copy" / "vault.sqlite").exists()
    assert not (house.folder / "copy" / "vault.key").exists()
    for who in (WHO, ALONE):  # one whom the ledger knows, and one who stands in the vault alone
        house("rights", "erase", who, "--yes")
    house("backup", "later", "--keys", "later-keys")
    schema = ("--schema", f"t{secrets.token_hex(6)}") if house.url else ()
    done = house("restore", "copy", "--keys", "keys", "--home", "new", "--marks", HOME, *schema)
    assert "as it is now in the old home" in done.stderr
    assert house("vault", "log", home="new").stdout == house("vault", "log").stdout
    assert "ok" in house("ledger", "verify", home="new").stdout
    url = {"url": ""}
    done = house("restore", "copy", "--keys", "keys", "--home", "lost", "--marks", "later-keys", "--json", **url)
    assert json.loads(done.stdout)["vault"] == "backup"
    lines = json.loads(house("vault", "log", "--json", home="lost", **url).stdout)["log"]
    assert (lines[-1]["did"], lines[-1]["who"]) == ("erased", "evenhand restore")
    assert json.loads(house("vault", "list", "--json", home="lost", **url).stdout)["columns"][0]["people"] == 399
    house("ledger", "verify", home="lost", **url)
    (house.folder / "keys" / "vault.key").unlink()
    done = house("restore", "copy", "--keys", "keys", "--home", "bare", **url)
    assert "LEFT OUT" in done.stderr
    assert not (house.folder / "bare" / "vault.sqlite").exists()


def test_what_had_its_time_since_the_backup_does_not_come_back(shop, cli):
    """A column whose end came is deleted from the restored home, with a line in the log."""
    house = {"EVENHAND_HOME": HOME}
    (shop / "groups.csv").write_text((shop / "people.csv").read_text())
    assert cli(shop, *PUT, *UNTIL, **house).exit_code == 0
    assert cli(shop, "run", "campaign.yaml", "--at", AT, **house).exit_code == 0
    assert cli(shop, "backup", "copy", "--keys", "keys", **house).exit_code == 0
    with sqlite3.connect(shop / "copy" / "vault.sqlite") as db:
        db.execute("UPDATE kept SET until = 1")
    assert cli(shop, "restore", "copy", "--keys", "keys", "--home", "new").exit_code == 0
    told = json.loads(cli(shop, "vault", "log", "--json", EVENHAND_HOME="new").stdout)["log"]
    assert told[-1]["did"] == "purged"
    assert json.loads(cli(shop, "vault", "list", "--json", EVENHAND_HOME="new").stdout)["columns"] == []


def test_a_vault_of_an_older_evenhand_is_read_erased_and_goes_on(shop, cli):
    """Its columns stand under own ids, its log has no end: both are read as they are, and what is put anew is not."""
    from evenhand.adapters.stores._vault_cells import Logged, seal_of
    from evenhand.adapters.stores._vault_rows import sealer
    from evenhand.adapters.stores.vault_tables import VaultTables

    house, home = {"EVENHAND_HOME": HOME}, shop / HOME
    (shop / "groups.csv").write_text((shop / "people.csv").read_text())
    assert cli(shop, *PUT, *UNTIL, **house).exit_code == 0
    key = (home / "vault.key").read_bytes()
    (mark,) = VaultTables._marks(key, "sex", [WHO])
    line = Logged(5, "ada", "put", ("sex",), "limit", 1)
    with sqlite3.connect(home / "vault.sqlite") as db:
        db.executescript("DROP TABLE log_end; DROP TABLE version_vault; ALTER TABLE kept DROP COLUMN form;")
        db.execute("DELETE FROM cell")
        db.execute("INSERT INTO cell VALUES ('sex', ?, ?)", (mark, sealer(key, key)("sex", mark, "m", "00" * 16)))
        db.execute("DELETE FROM question")
        seal = seal_of(key, b"", 1, line, use=b"log")
        db.execute("INSERT INTO question VALUES (1, 5, 'ada', 'put', 'sex', 'limit', 1, ?)", (seal,))
    done = cli(shop, "vault", "log", **house)
    assert len(done.stdout.splitlines()) == 1, done.stderr
    assert json.loads(cli(shop, "rights", "access", WHO, "--json", **house).stdout)["in_vault"] == {"sex": "m"}
    assert "1 value was taken out" in cli(shop, "rights", "erase", WHO, "--yes", **house).stdout
    assert len(cli(shop, "vault", "log", **house).stdout.splitlines()) >= 3
    with sqlite3.connect(home / "vault.sqlite") as db:
        db.execute("DELETE FROM question WHERE number > 1")
    assert cli(shop, "vault", "log", **house).exit_code == 5


def test_a_vault_that_was_put_back_between_two_runs_is_found_by_the_ledger(shop, cli):
    """Commands note how far the log went. A log that was cut off and has grown past that since is found, too."""
    house = {"EVENHAND_HOME": HOME}
    (shop / "groups.csv").write_text((shop / "people.csv").read_text())
    campaign = shop / "campaign.yaml"
    campaign.write_text(campaign.read_text().replace("{role: sensitive}", "{role: sensitive, kept_in: vault}"))
    assert cli(shop, *PUT, *UNTIL, "--epsilon", "2", **house).exit_code == 0
    assert cli(shop, "run", "campaign.yaml", "--at", AT, **house).exit_code == 0
    shutil.copy(shop / HOME / "vault.sqlite", shop / "old.sqlite")
    assert cli(shop, "rights", "erase", "canary3@mail.example", "--yes", **house).exit_code == 0
    assert cli(shop, "ledger", "verify", **house).exit_code == 0
    shutil.copy(shop / HOME / "vault.sqlite", shop / "erased.sqlite")
    shutil.copy(shop / "old.sqlite", shop / HOME / "vault.sqlite")
    assert "of the ledger notes" in cli(shop, "ledger", "verify", **house).stdout
    shutil.copy(shop / "erased.sqlite", shop / HOME / "vault.sqlite")
    count = ("vault", "count", "sex", "--values", "f,m", "--epsilon")
    assert cli(shop, *count, "0.5", **house).exit_code == 0
    assert cli(shop, "ledger", "verify", **house).exit_code == 0
    shutil.copy(shop / "erased.sqlite", shop / HOME / "vault.sqlite")
    done = cli(shop, "ledger", "verify", **house)
    assert (done.exit_code, "of the ledger notes" in done.stdout) == (5, True)
    for epsilon in ("0.4", "0.3"):
        assert cli(shop, *count, epsilon, **house).exit_code == 0
    assert cli(shop, "vault", "log", **house).exit_code == 0
    done = cli(shop, "ledger", "verify", **house)
    assert (done.exit_code, "rewritten at line" in done.stdout) == (5, True)
