"""The command that looks at a table with a row per person before it leaves."""

from __future__ import annotations

import hashlib
import json

import polars as pl

from shop_folder import AT, write_shop


def test_a_file_leaves_with_a_note_by_the_roles_of_a_campaign(tmp_path, cli):
    """The command writes the table and what was done to it; it looks only without --out, and never writes over it."""
    write_shop(tmp_path)
    asked = ("release", "people.csv", "--campaign", "campaign.yaml", "--columns", "person,visits,sex,responded",
             "--levels", "visits=5,10,*")  # fmt: skip
    looked = cli(tmp_path, *asked)
    assert looked.exit_code == 0, looked.stderr
    assert "Nothing was written" in looked.stderr
    made = cli(tmp_path, *asked, "--out", "out.csv", "--json")
    told = json.loads(made.stdout)
    frame = pl.read_csv(tmp_path / "out.csv")
    assert frame.columns == ["visits", "sex", "responded"]
    assert frame.group_by("visits", "sex").len()["len"].min() == told["after"]["smallest_class"] >= 10
    note = json.loads((tmp_path / "out.csv.json").read_text("utf-8"))
    assert note["sha256"] == hashlib.sha256((tmp_path / "out.csv").read_bytes()).hexdigest()
    assert note["levels"] == told["levels"] == {"visits": "bands of 5", "sex": "as it is"}
    again = cli(tmp_path, *asked, "--out", "out.csv")
    assert again.exit_code == 2
    assert "There is a file out.csv already" in again.stderr


def test_a_refused_file_is_not_written(tmp_path, cli):
    """Exit 1, the finding on standard output, and no file; personal values are in neither."""
    write_shop(tmp_path)
    told = cli(tmp_path, "release", "people.csv", "--id", "person", "--out", "out.parquet")
    assert told.exit_code == 1
    assert "EH-DATA-023" in told.stdout
    assert "canary" not in told.stdout + told.stderr
    assert not (tmp_path / "out.parquet").exists()
    twice = cli(tmp_path, "release", "people.csv", "--levels", "days=5", "--levels", "days=10")
    assert (twice.exit_code, "names the column days twice" in twice.output) == (2, True)
    wrong = cli(tmp_path, "release", "people.csv", "--levels", "days=week")
    assert wrong.exit_code == 2
    assert AT not in wrong.stderr


def test_a_table_is_never_written_over_by_what_is_made_of_it(tmp_path, cli):
    """Not even with --force, and not by its note: the table may be the only one there is."""
    write_shop(tmp_path)
    before = (tmp_path / "people.csv").read_bytes()
    told = cli(tmp_path, "release", "people.csv", "--columns", "sex", "--out", "./people.csv", "--force")
    assert told.exit_code == 2
    assert "the table itself" in told.stderr
    assert (tmp_path / "people.csv").read_bytes() == before
