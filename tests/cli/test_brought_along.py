"""What a person brings along from another controller can be read by the command, as JSON and as CSV."""

from __future__ import annotations

import csv
import json

import pytest

from evenhand.rights import Item, Portability
from evenhand.terms import Origin

ITEMS = (
    Item("subjects", "people.csv", 1, "person", "", Origin.GIVEN, "old-7"),
    Item("subjects", "people.csv", 1, "city", "where you live", Origin.GIVEN, 'Den "Haag", 1'),
    Item("history", "past.csv", 1, "visits", "", Origin.OBSERVED, "3"),
    Item("history", "past.csv", 2, "visits", "", Origin.OBSERVED, None),
    Item("history", "past.csv", 2, "subject", "", Origin.OBSERVED, "cheese"),
)
SAID = ({"kind": "consent", "purpose": "DirectMarketing", "status": "ConsentGiven", "at": "2026-01-01T00:00:00+00:00"},)


@pytest.fixture
def packages(tmp_path):
    """One package in both forms."""
    brought = Portability("old-7", "Other Shop", ITEMS, SAID)
    (tmp_path / "portability.json").write_text(json.dumps(brought.to_dict()), "utf-8")
    (tmp_path / "portability.csv").write_text(brought.to_csv(), "utf-8")
    return tmp_path


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_package_becomes_tables_of_the_new_controller(packages, cli, form):
    """A row where there was one, under the person's new id; a column of that name keeps its own; no home is made."""
    done = cli(packages, "rights", "import", f"portability.{form}", "--subject", "2077", "--out", "brought")
    assert done.exit_code == 0, done.output
    texts = {path.name: path.read_text("utf-8") for path in (packages / "brought").iterdir()}
    found = {name: list(csv.DictReader(text.splitlines())) for name, text in texts.items()}
    assert found == {
        "subjects.csv": [{"subject": "2077", "person": "old-7", "city": 'Den "Haag", 1'}],
        "history.csv": [
            {"subject": "2077", "visits": "3", "their subject": ""},
            {"subject": "2077", "visits": "", "their subject": "cheese"},
        ],
    }
    assert not (packages / "evenhand-home").exists()


def test_a_consent_to_somebody_else_is_none_to_you(packages, cli):
    """It is counted and said, and stands in no table."""
    words = ("rights", "import", "portability.json", "--subject", "2077", "--out", "brought")
    assert "1 record of what they said to another controller: not taken over" in cli(packages, *words).stderr
    assert json.loads(cli(packages, *words, "--json").stdout)["consents_left"] == 1
    assert not any("ConsentGiven" in path.read_text("utf-8") for path in (packages / "brought").iterdir())


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", "subject,kind\n1,consent\n", "source,table,row,name,meaning,origin,value\na,b,x,c,d,given,1\n",
     "source,table,row,name,meaning,origin,value\n../up,b,1,c,d,given,1\n"],
)  # fmt: skip
def test_what_is_no_package_is_refused(tmp_path, cli, content):
    """Exit 3, in words; no file is written, and nowhere else than in the folder."""
    (tmp_path / "odd.csv").write_text(content, "utf-8")
    done = cli(tmp_path, "rights", "import", "odd.csv", "--subject", "2077", "--out", "brought")
    assert (done.exit_code, "no portability package" in done.stderr) == (3, True)
    assert not (tmp_path / "brought").exists()
