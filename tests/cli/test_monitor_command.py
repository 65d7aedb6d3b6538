"""The monitor over recorded runs and a file of what followed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

HOME = "evenhand-home"


def decisions(folder: Path) -> list[dict[str, str]]:
    """The list of decisions of the only run."""
    (path,) = (folder / HOME / "runs").glob("*/decisions.csv")
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_outcomes(folder: Path, *, skewed: bool, last: int = 10_000) -> Path:
    """An outcome for each decision; with `skewed`, yes for one sex and no for the other."""
    with (folder / "people.csv").open(encoding="utf-8") as file:
        sex = {row["person"]: row["sex"] for row in csv.DictReader(file)}
    rows = [
        f"{one['decision']},{int(sex[one['person']] == 'm' if skewed else place % 3 == 0)}"
        for place, one in enumerate(decisions(folder))
    ]
    path = folder / "outcomes.csv"
    path.write_text("\n".join(["decision,outcome", *rows[:last]]) + "\n", encoding="utf-8")
    return path


def test_selections_of_a_recorded_run_are_watched(cli, ran):
    """Everybody with consent is counted once; looked at again nothing is new."""
    said = [json.loads(cli(ran, "monitor", "campaign.yaml", "--json").stdout) for _ in range(2)]
    personal = sum(one["standing"] == "personalised" for one in decisions(ran))
    assert [(one["events"], one["new"]) for one in said] == [(personal, personal), (personal, 0)]
    (compared,) = said[0]["comparisons"]
    assert (compared["features"], compared["group"]) == (["sex"], ["f"])
    assert said[0]["comparisons"] == said[1]["comparisons"]


def test_outcomes_of_one_group_alone_are_skewed(cli, ran):
    """The terminal says so in words, and the exit code is 1."""
    write_outcomes(ran, skewed=True)
    done = cli(ran, "monitor", "campaign.yaml", "--kind", "outcome", "--events", "outcomes.csv")
    assert done.exit_code == 1
    assert "sex f: skewed now" in done.stdout


def test_even_outcomes_are_no_evidence_and_a_correction_is_told(cli, ran):
    """Exit code 0; rows that are taken back have the stream counted again."""
    write_outcomes(ran, skewed=False)
    words = ("monitor", "campaign.yaml", "--kind", "outcome", "--events", "outcomes.csv", "--json")
    first = cli(ran, *words)
    assert first.exit_code == 0
    write_outcomes(ran, skewed=False, last=150)
    again = json.loads(cli(ran, *words).stdout)
    assert again["events"] < json.loads(first.stdout)["events"]
    assert again["corrected_from"] is not None


def test_the_state_is_for_its_owner_only_and_no_id_comes_out(cli, ran):
    """The state tells groups, so it is private; what is printed and kept has nobody's own id."""
    done = cli(ran, "monitor", "campaign.yaml")
    state = ran / HOME / "monitor" / "small-shop.selection.json"
    assert state.stat().st_mode & 0o077 == 0
    assert "canary" not in done.stdout + state.read_text("utf-8")


@pytest.mark.parametrize("words", [("--kind", "outcome"), ("--events", "outcomes.csv")])
def test_a_file_of_events_goes_with_what_follows_a_decision(cli, ran, words):
    """A missing or superfluous file is wrong usage, with what to do."""
    done = cli(ran, "monitor", "campaign.yaml", *words)
    assert done.exit_code == 2
    assert "name --events FILE" in done.stderr


def test_a_broken_state_is_told(cli, ran):
    """It names the file to remove."""
    state = ran / HOME / "monitor" / "small-shop.selection.json"
    state.parent.mkdir()
    state.write_text("{", encoding="utf-8")
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "small-shop.selection.json" in done.stderr


def test_a_campaign_without_a_ledger_cannot_be_watched(cli, shop):
    """There is nothing to watch before a first run."""
    assert cli(shop, "monitor", "campaign.yaml").exit_code == 4
