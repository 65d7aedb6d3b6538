"""Offers with a condition and a minimum, through the command line: decided, recorded, told, verified."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from evenhand import assembly, ledger
from evenhand.adapters.stores.home import find_home
from shop_folder import AT, evenhand, write_shop

OFFERS = """\
offers:
  - {id: tea, text: {nl: Korting op thee, en: Money off tea}, value: 4, cost: 0.10, capacity: 60, made_by_ai: true}
"""
CONDITIONED = """\
offers:
  - id: tea
    text: {nl: Korting op thee, en: Money off tea}
    value: 4
    cost: 0.10
    capacity: 60
    minimum: 25
    eligible: member
    made_by_ai: true
"""
COLUMN = "  member: {role: eligibility, meaning: {nl: of u lid bent, en: whether you are a member}}\n  sex:"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop of which every third customer is a member, run once."""
    campaign = write_shop(tmp_path_factory.mktemp("shop") / "shop")
    text = campaign.read_text("utf-8")
    assert OFFERS in text
    campaign.write_text(text.replace(OFFERS, CONDITIONED).replace("  sex:", COLUMN), encoding="utf-8")
    table = campaign.parent / "people.csv"
    header, *rows = table.read_text("utf-8").splitlines()
    member = [f"{row},{('yes', 'no', '')[number % 3]}" for number, row in enumerate(rows)]
    table.write_text("\n".join([f"{header},member", *member]) + "\n", encoding="utf-8")
    ran = evenhand("run", campaign, "--home", "home", "--at", AT, "--json", cwd=campaign.parent)
    assert ran.returncode == 0, ran.stderr
    (campaign.parent / "ran.json").write_text(ran.stdout, encoding="utf-8")
    return campaign.parent


def decisions(shop: Path) -> list[dict[str, str]]:
    """The list of decisions, in the order of the people."""
    (path,) = shop.glob("home/**/decisions.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_only_members_get_the_offer_and_the_others_are_told_apart_from_the_refused(shop: Path) -> None:
    """Whoever is not a member has a reason of their own; a refusal stays a refusal."""
    rows = decisions(shop)
    assert sum(row["offer"] == "tea" for row in rows) >= 25
    for number, row in enumerate(rows):
        if row["standing"] == "personalised":
            assert (row["reason"] == "not-eligible") == (number % 3 != 0)
        elif row["standing"] == "refused":
            assert row["reason"] == row["permission"]
        if row["offer"]:
            assert number % 3 == 0


def test_the_record_says_which_offers_were_closed_and_verifies_and_replays(shop: Path) -> None:
    """The mark stands in the ledger for exactly those people; promises hold; the same decisions come out again."""
    run = json.loads((shop / "ran.json").read_text("utf-8"))["run_id"]
    with assembly.open_ledger(find_home(shop / "home")) as store:
        closed = [one.excluded for one in ledger.decisions(store, run)]
    rows = decisions(shop)
    assert closed == [
        () if row["standing"] == "refused" or (number % 3 == 0 and row["standing"] == "personalised") else (0,)
        for number, row in enumerate(rows)
    ]
    verified = evenhand("ledger", "verify", "--home", "home", cwd=shop)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    replayed = evenhand("replay", run, "--home", "home", cwd=shop)
    assert replayed.returncode == 0, replayed.stdout + replayed.stderr


@pytest.mark.parametrize(
    ("lang", "said"), [("en", "whether you are a member"), ("nl", "u voldoet aan geen daarvan: of u lid bent")]
)
def test_a_person_is_told_about_the_condition(shop: Path, lang: str, said: str) -> None:
    """`why` names the condition that was not met, in plain words."""
    closed = [row for row in decisions(shop) if row["reason"] == "not-eligible"]
    mine = next(row for row in closed if row["standing"] == "personalised")
    told = evenhand("why", mine["decision"], "--home", "home", "--lang", lang, cwd=shop)
    assert told.returncode == 0, told.stderr
    assert said in told.stdout


def test_the_report_shows_who_meets_the_condition_and_the_minimum(shop: Path) -> None:
    """People left by the condition stand in the funnel, each group's share that meets it beside the groups."""
    (path,) = shop.glob("home/**/report.json")
    report = json.loads(path.read_text("utf-8"))
    (drop,) = (drop for drop in report["drops"] if drop["key"] == "not-eligible")
    assert drop["people"] == sum(row["reason"] == "not-eligible" for row in decisions(shop))
    assert report["conditions"][0]["offer"] == "tea"
    assert {limit["id"] for limit in report["limits"]} >= {"minimum:tea", "capacity:tea"}
    page = path.with_name("report.html").read_text("utf-8")
    assert "Who meets the conditions of the offers" in page
    assert "Wie aan de voorwaarden van de aanbiedingen voldoet" in page
    assert "Mensen die Korting op thee in elk geval krijgen" in page


def test_a_condition_that_is_neither_yes_nor_no_stops_the_run(shop: Path, tmp_path: Path) -> None:
    """The message counts and names the column; it repeats no value."""
    for name in ("people.csv", "said.csv", "campaign.yaml"):
        text = (shop / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace(",yes\n", ",perhaps\n"), encoding="utf-8")
    ran = evenhand("plan", "campaign.yaml", "--at", AT, cwd=tmp_path)
    assert ran.returncode != 0
    assert "'member' are not one of 1/0" in " ".join(ran.stderr.split())
    assert "perhaps" not in ran.stderr


def test_a_soft_limit_given_up_is_recorded_told_and_verified(tmp_path: Path) -> None:
    """With a ceiling of a twentieth of a percent the run stands, says what was needed, and verifies."""
    campaign = write_shop(tmp_path / "soft", seed=5)
    text = campaign.read_text("utf-8")
    assert "bound: 0.8}" in text
    campaign.write_text(text.replace("bound: 0.8}", "bound: 1.0, ceiling: 0.0005}"), encoding="utf-8")
    ran = evenhand("run", campaign, "--home", "home", "--at", AT, cwd=campaign.parent)
    assert ran.returncode == 0, ran.stderr
    (path,) = campaign.parent.glob("home/**/report.json")
    limit = next(one for one in json.loads(path.read_text("utf-8"))["limits"] if one["id"] == "sex-reach")
    soft = limit["soft"]
    assert not limit["held"]
    assert limit["used"] >= soft["bound"]
    assert soft["cost"] <= 0.0005 * soft["without"] + 1
    assert soft["needed"] is None or soft["needed"] > 0.0005 * soft["without"]
    assert "soft, given up at" in ran.stdout
    page = path.with_name("report.html").read_text("utf-8")
    assert "given up at its ceiling" in page
    assert "losgelaten bij het plafond" in page
    verified = evenhand("ledger", "verify", "--home", "home", cwd=campaign.parent)
    assert verified.returncode == 0, verified.stdout + verified.stderr
