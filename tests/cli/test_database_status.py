"""`evenhand db status` tells the format of the ledger, and whether the next writer changes it."""

from __future__ import annotations

import json
import sqlite3

from store_cases import SECOND_FORMAT

HOME = ("--home", "evenhand-home")


def test_the_format_of_a_ledger_in_files_is_told_and_that_the_next_writer_files_it_anew(ran, cli):
    """In text and in JSON: this evenhand's own, an older one, and the same after it was written; looking changes
    nothing. A home without a ledger has none."""
    ledger = ran / "evenhand-home" / "ledger.sqlite"

    def told():
        return json.loads(cli(ran, "db", "status", *HOME, "--json").stdout)["ledger"]

    newest = told()
    assert newest == {"format": newest["writes"], "writes": newest["writes"], "filed_anew": False}
    assert f"ledger: format {newest['writes']}, ready" in cli(ran, "db", "status", *HOME).stdout
    with sqlite3.connect(ledger) as database:
        database.executescript(SECOND_FORMAT)
    database.close()
    for _ in range(2):
        assert told() == {"format": "2", "writes": newest["writes"], "filed_anew": True}
    older = cli(ran, "db", "status", *HOME)
    assert f"format 2; this evenhand files it anew in format {newest['writes']}" in older.stdout
    assert cli(ran, "decide", "campaign.yaml", "canary3@mail.example", *HOME).exit_code == 0
    assert told() == newest
    assert json.loads(cli(ran, "db", "status", "--home", "nothing", "--json").stdout)["ledger"] == {
        "format": "",
        "writes": newest["writes"],
        "filed_anew": False,
    }


def test_a_ledger_of_a_newer_evenhand_is_refused(ran, cli):
    """As by every other command."""
    with sqlite3.connect(ran / "evenhand-home" / "ledger.sqlite") as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    told = cli(ran, "db", "status", *HOME)
    assert (told.exit_code, "format 99" in told.stderr) == (4, True)
