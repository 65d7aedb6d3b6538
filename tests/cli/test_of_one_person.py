"""What one person alone gave stands in no bin, however many rows of history they have."""

from __future__ import annotations

import json

from shop_folder import AT, write_shop

ONE = "canary3@mail.example"
NAME = "KaNaRiEhofje"
SPENT = 31_337_000


def _with_rows_of_one(folder):
    """The shop with a history of its own, in which one person has 40 rows, a district and an amount of their own."""
    file = write_shop(folder)
    head, *rows = (folder / "people.csv").read_text("utf-8").splitlines()
    told = [f"{row},{('north', 'south')[at % 2]},{at % 40}" for at, row in enumerate(rows)]
    own = next(row for row in rows if row.startswith(ONE))
    told += [f"{own[:-1]}{at},{NAME},{SPENT}" for at in range(40)]
    (folder / "past.csv").write_text("\n".join([f"{head},district,spent", *told]) + "\n", encoding="utf-8")
    now = [f"{head},district,spent", *told[: len(rows)]]
    (folder / "people.csv").write_text("\n".join(now) + "\n", encoding="utf-8")
    feature = (
        "{role: feature, origin: given, sensitivity: ordinary, confirmed: true, meaning: {nl: iets, en: something}}"
    )
    text = file.read_text("utf-8").replace("history: {file: people.csv}", "history: {file: past.csv}")
    columns = f"  district: {feature}\n  spent: {feature}\n  sex:"
    file.write_text(text.replace("  sex:", columns), encoding="utf-8")
    return folder


def test_a_value_of_one_person_is_in_no_file_of_the_home(tmp_path, cli):
    """Not in the ledger's bins, not in the report, nor in what a refit leaves: as name and as border."""
    folder = _with_rows_of_one(tmp_path / "shop")
    done = cli(folder, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 0, done.output
    assert cli(folder, "rights", "erase", ONE, "--yes").exit_code == 0
    done = cli(folder, "model", "refit", "--json")
    assert (done.exit_code, len(json.loads(done.stdout)["refitted"])) == (0, 1), done.output
    files = {path: path.read_bytes() for path in (folder / "evenhand-home").rglob("*") if path.is_file()}
    ledger = next(content for path, content in files.items() if path.name == "ledger.sqlite")
    assert b"district" in ledger
    assert b"south" in ledger
    assert not [path for path, content in files.items() if NAME.encode() in content]
    for report in (folder / "evenhand-home" / "runs").glob("*/report.json"):
        borders = [one for one in _borders(json.loads(report.read_text("utf-8"))) if one is not None]
        assert 3 < max(borders) < 400


def _borders(told):
    """The lower border of every bin that a report tells."""
    if isinstance(told, dict):
        own = [told["lower"]] if told.get("kind") == "range" else []
        return own + _borders(list(told.values()))
    return [border for one in told for border in _borders(one)] if isinstance(told, list) else []
