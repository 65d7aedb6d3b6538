"""The monitor over recorded runs and a file of what followed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from evenhand.adapters.ledgers.monitor_state import MonitorStates
from evenhand.adapters.stores.home import Home
from shop_folder import AT, write_shop

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


def look(cli, folder, *words):
    """One look as plain values."""
    done = cli(folder, "monitor", "campaign.yaml", *words, "--json")
    assert done.exit_code in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_selections_of_a_recorded_run_are_watched(cli, ran):
    """Everybody with consent is counted once; looked at again nothing is new."""
    said = [look(cli, ran)["streams"][0] for _ in range(2)]
    personal = sum(one["standing"] == "personalised" for one in decisions(ran)) // 10 * 10
    assert [(one["events"], one["new"]) for one in said] == [(personal, personal), (personal, 0)]
    (compared,) = said[0]["comparisons"]
    assert (compared["features"], compared["group"]) == (["sex"], ["f"])
    assert said[0]["comparisons"] == said[1]["comparisons"]


def test_outcomes_of_one_group_alone_are_skewed(cli, ran):
    """The terminal says so in words, and the exit code is 1; a look of one's own records nothing."""
    write_outcomes(ran, skewed=True)
    done = cli(ran, "monitor", "campaign.yaml", "--kind", "outcome", "--events", "outcomes.csv")
    assert done.exit_code == 1
    assert "sex f: skewed now: the group gets less" in done.stdout
    found = look(cli, ran, "--kind", "outcome", "--events", "outcomes.csv")
    assert (found["recorded"], found["history"], found["paused"]) == ([], [], None)


def test_the_terminal_speaks_dutch(cli, ran):
    """With --language, --lang, or the environment."""
    words = ("monitor", "campaign.yaml", "--alpha", "0.01")
    told = {
        cli(ran, *words, "--language", "nl").stdout,
        cli(ran, *words, "--lang", "nl").stdout,
        cli(ran, *words, EVENHAND_LANG="nl").stdout,
    }
    assert len({one.split(":")[0] for one in told}) == 1
    assert all("Wie iets aangeboden kreeg" in one and "nog geen bewijs" in one for one in told)


def test_two_looks_around_an_erasure_tell_the_same_of_a_showing(cli, ran):
    """The monitor counts again without the person; figures and course stay as told until the next showing."""
    (before,) = look(cli, ran)["streams"]
    assert before["comparisons"][0]["figures"]
    for one in ("canary2@mail.example", "canary3@mail.example"):
        assert cli(ran, "rights", "erase", one, "--yes").exit_code == 0
        (after,) = look(cli, ran)["streams"]
        assert after["corrected_from"] is not None
        assert after["comparisons"] == before["comparisons"]


def test_even_outcomes_are_no_evidence_and_a_correction_is_told(cli, ran):
    """Exit code 0; rows that are taken back have the stream counted again."""
    write_outcomes(ran, skewed=False)
    words = ("--kind", "outcome", "--events", "outcomes.csv")
    first = look(cli, ran, *words)["streams"][0]
    assert first["comparisons"][0]["state"] == "no-evidence"
    write_outcomes(ran, skewed=False, last=150)
    again = look(cli, ran, *words)["streams"][0]
    assert again["events"] < first["events"]
    assert again["corrected_from"] is not None


def test_the_state_is_sealed_and_no_id_comes_out(cli, ran):
    """The state tells groups, so it is private and unreadable without the key; what is printed has nobody's own id."""
    done = cli(ran, "monitor", "campaign.yaml")
    state = ran / HOME / "monitor" / "small-shop.selection.sealed"
    assert state.stat().st_mode & 0o077 == 0
    content = state.read_bytes()
    assert not any(word in content for word in (b"canary", b"sex", b"people", b"taken"))
    assert "canary" not in done.stdout


@pytest.mark.parametrize("words", [("--kind", "outcome"), ("--events", "outcomes.csv")])
def test_a_file_of_events_goes_with_what_follows_a_decision(cli, ran, words):
    """A missing or superfluous file is wrong usage, with what to do."""
    done = cli(ran, "monitor", "campaign.yaml", *words)
    assert done.exit_code == 2
    assert "name --events FILE" in done.stderr


@pytest.mark.parametrize("how", ["cut off", "one bit", "another name", "another key"])
def test_a_state_that_does_not_open_is_told(cli, ran, how):
    """Damaged, moved, or sealed with another home's key: it names the file to remove."""
    cli(ran, "monitor", "campaign.yaml")
    cli(ran, "monitor", "campaign.yaml", "--kind", "outcome", "--events", write_outcomes(ran, skewed=False))
    folder = ran / HOME / "monitor"
    state = folder / "small-shop.selection.sealed"
    content = bytearray(state.read_bytes())
    if how == "cut off":
        state.write_bytes(content[:-3])
    elif how == "one bit":
        content[-1] ^= 1
        state.write_bytes(content)
    elif how == "another name":
        (folder / "small-shop.outcome.sealed").replace(state)
    else:
        write_shop(ran / "other")
        cli(ran / "other", "run", "campaign.yaml", "--at", AT)
        cli(ran / "other", "monitor", "campaign.yaml")
        state.write_bytes((ran / "other" / HOME / "monitor" / state.name).read_bytes())
    done = cli(ran, "monitor", "campaign.yaml")
    assert done.exit_code == 3
    assert "small-shop.selection.sealed" in done.stderr


def test_a_state_of_an_older_version_is_read_once_and_sealed(cli, ran):
    """What stood there in the clear goes on without counting anything twice, and is gone afterwards."""
    before = look(cli, ran)["streams"][0]
    folder = ran / HOME / "monitor"
    states = MonitorStates(Home(ran / HOME))
    marks = states.read("small-shop.selection").marks
    for mark in marks:
        mark["state"]["format"] = 1
        for compared in mark["state"]["compared"]:
            del compared["points"], compared["raised"]
    (folder / "small-shop.selection.sealed").unlink()
    (folder / "small-shop.selection.json").write_text(json.dumps(marks), encoding="utf-8")
    after = look(cli, ran)["streams"][0]
    assert (after["events"], after["new"], after["corrected_from"]) == (before["events"], 0, None)
    assert after["comparisons"][0]["figures"] == before["comparisons"][0]["figures"]
    assert [path.name for path in folder.iterdir()] == ["small-shop.selection.sealed"]


def test_a_campaign_without_a_ledger_cannot_be_watched(cli, shop):
    """There is nothing to watch before a first run, and nothing to resume."""
    assert cli(shop, "monitor", "campaign.yaml").exit_code == 4
    assert cli(shop, "monitor", "resume", "campaign.yaml", "--by", "Noor", "--reason", "why").exit_code == 4
