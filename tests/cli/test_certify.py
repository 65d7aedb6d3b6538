"""What may not count changes nothing, and the trial says so of a run and of a campaign."""

from __future__ import annotations

import hashlib
import json

import pytest
from typer.testing import CliRunner

from shop_folder import app, write_shop


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The small campaign, with one recorded run and columns that no decision may use."""
    campaign = write_shop(tmp_path_factory.mktemp("shop"))
    people = campaign.parent / "people.csv"
    lines = people.read_text().splitlines()
    people.write_text("\n".join([f"{lines[0]},shoe,street", *(f"{line},{40 + k % 7},s{k}" for k, line in
                                                              enumerate(lines[1:]))]) + "\n")  # fmt: skip
    done = CliRunner().invoke(app, ["run", str(campaign)])
    assert done.exit_code == 0, done.output
    return campaign


def _told(*words):
    done = CliRunner().invoke(app, ["certify", *words, "--json", "--quiet"])
    return done.exit_code, json.loads(done.stdout)


@pytest.mark.slow
def test_nothing_withheld_changes_a_decision_of_a_run(shop):
    """Unnamed columns, and all of people without personalisation: none changes; the features do."""
    code, found = _told("last", "--home", str(shop.parent / "evenhand-home"))
    assert code == 0
    assert [trial["changed"] for trial in found["trials"]] == [0, 0, 0]
    assert {"shoe", "street"} <= set(found["trials"][0]["columns"])
    assert found["trials"][0]["rounds"] * found["people"] >= 10_000
    assert found["control"]["changed"] > 0
    assert found["tables"]["small_numbers"] == []


@pytest.mark.slow
def test_a_campaign_can_be_tried_before_it_runs(shop):
    """The file that is written has the digest that it names, and the limit's groups are said to stay."""
    easy = shop.with_name("easy.yaml")  # a limit that holds by itself: nothing is searched for, round after round
    easy.write_text(shop.read_text().replace("bound: 0.8", "bound: 0.01"))
    code, found = _told(str(easy))
    assert code == 0
    assert "limits act through counts" in found["groups_stay"]
    with open(found["file"], encoding="utf-8") as file:
        kept = json.load(file)
    digest = kept.pop("sha256")
    assert hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest() == digest


@pytest.mark.slow
def test_costs_of_each_persons_own_stay_amounts(tmp_path):
    """The trial leaves a column of costs as it is: shaken amounts would be no costs, and no certificate would come."""
    campaign = write_shop(tmp_path)
    people = tmp_path / "people.csv"
    first, *rest = people.read_text().splitlines()
    costs = ("0", "0.35", "")
    people.write_text(
        "\n".join([f"{first},postage", *(f"{line},{costs[k % 3]}" for k, line in enumerate(rest))]) + "\n"
    )
    text = campaign.read_text().replace("cost: 0.10,", "cost: 0.10, cost_column: postage,")
    text = text.replace("bound: 0.8", "bound: 0.01")
    meaning = "  postage: {role: cost, meaning: {nl: wat verzenden kost, en: what sending costs}}\n"
    campaign.write_text(text.replace("offers:\n", f"{meaning}offers:\n"))
    code, found = _told(str(campaign))
    assert code == 0
    assert found["control"]["changed"] > 0
    assert not any("postage" in trial["columns"] for trial in found["trials"][:2])


def test_other_data_than_the_run_had_is_refused(shop, tmp_path):
    """A certificate of a run stands on the very tables that it was made from."""
    people = shop.parent / "people.csv"
    before = people.read_bytes()
    people.write_bytes(before.replace(b",s1\n", b",s2\n", 1))
    try:
        done = CliRunner().invoke(app, ["certify", "last", "--home", str(shop.parent / "evenhand-home")])
    finally:
        people.write_bytes(before)
    assert done.exit_code == 3
    assert "its digest differs" in done.output
