"""Limits over time through the command line: two runs in a row, later people, an erasure, verification and replay."""

from __future__ import annotations

import csv
import json
from pathlib import Path

HOME = ("--home", "evenhand-home")


def _limited(shop: Path) -> None:
    text = (shop / "campaign.yaml").read_text("utf-8")
    each = "limits:\n  contacts: {each: [{offers: 1, within: P1D}]}\n"
    (shop / "campaign.yaml").write_text(text.replace("limits:\n", each), "utf-8")


def _run(cli, shop: Path, at: str) -> tuple[Path, dict[str, dict[str, str]]]:
    """The folder of a run, and its decisions by person."""
    done = cli(shop, "run", "campaign.yaml", "--at", at, "--json")
    assert done.exit_code == 0, done.output
    folder = shop / "evenhand-home" / "runs" / json.loads(done.stdout)["run_id"]
    with (folder / "decisions.csv").open(encoding="utf-8") as file:
        return folder, {row["person"]: row for row in csv.DictReader(file)}


def test_nobody_gets_a_second_offer_within_a_day(shop, cli):
    """Whoever got one is left alone by the next run, and told so; a day later they can get one again."""
    _limited(shop)
    _, first = _run(cli, shop, "2026-03-01T10:00:00Z")
    got = {person for person, row in first.items() if row["offer"]}
    planned = cli(shop, "plan", "campaign.yaml", "--at", "2026-03-01T18:00:00Z")
    told = next(line for line in planned.stdout.splitlines() if "left alone for now" in line)
    assert told.split()[-1] == str(len(got))
    folder, second = _run(cli, shop, "2026-03-01T18:00:00Z")
    assert {person for person, row in second.items() if row["reason"] == "enough-offers"} == got
    assert not got & {person for person, row in second.items() if row["offer"]}
    report = json.loads((folder / "report.json").read_text("utf-8"))
    (drop,) = (drop for drop in report["drops"] if drop["key"] == "enough-offers")
    assert drop["people"] == len(got)
    told = cli(shop, "why", min(got), *HOME)
    assert "You already got as many offers lately" in told.stdout
    told = cli(shop, "why", min(got), *HOME, "--lang", "nl")
    assert "U kreeg de laatste tijd al zoveel aanbiedingen" in told.stdout
    _, third = _run(cli, shop, "2026-03-02T10:00:00Z")
    assert {person for person, row in third.items() if row["reason"] == "enough-offers"} == {
        person for person, row in second.items() if row["offer"]
    }
    assert cli(shop, "ledger", "verify", *HOME).exit_code == 0
    for folder in (shop / "evenhand-home" / "runs").iterdir():
        replayed = cli(shop, "replay", folder.name, *HOME)
        assert replayed.exit_code == 0, replayed.output


def test_later_people_and_runs_as_of_an_earlier_moment_are_counted_too(shop, cli):
    """One person gets one offer a day, whichever command gives it, in whichever order; of an erased person
    nothing is known any more."""
    _limited(shop)
    _, first = _run(cli, shop, "2026-03-01T10:00:00Z")
    person = next(person for person, row in first.items() if row["offer"])
    later = cli(shop, "decide", "campaign.yaml", person, "--at", "2026-03-01T20:00:00Z", "--json")
    assert json.loads(later.stdout)["decisions"]["reason"] == ["enough-offers"]
    _, early = _run(cli, shop, "2026-03-01T01:00:00Z")
    assert early[person]["reason"] == "enough-offers"
    assert cli(shop, "rights", "erase", person, *HOME, "--yes").exit_code == 0
    _, after = _run(cli, shop, "2026-03-01T11:00:00Z")
    assert after[person]["permission"] == "erased"
    assert cli(shop, "ledger", "verify", *HOME).exit_code == 0
