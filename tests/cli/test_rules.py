"""Rules from the command line, and a campaign under them: run, told, verified, replayed, whatever changed since."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from shop_folder import evenhand, write_shop

AT = "2026-11-27"
LAW = """\
law:
  jurisdictions: [NL, DE, US-CA]
  column: country
  packs: [own.yaml]
  recipients: [mailer]
"""
OWN = """\
evenhand_rules: 1
pack: our-house
version: v1
title: {nl: Huisregels, en: House rules}
recipients:
  - {id: mailer, name: Mailer, role: processor, country: NL, contract: DPA-1}
rules:
  - id: our-house/germany
    article: Board decision
    known_from: house
    stage: own
    applies: {people: [DE]}
    effect: contextual
    reason: own-rule
    says: {nl: Wij personaliseren niet in Duitsland., en: We do not personalise in Germany.}
    remedy: {nl: Vraag het bestuur., en: Ask the board.}
    cases:
      - {at: 2026-11-27, place: DE, applies: true}
      - {at: 2026-11-27, place: NL, applies: false}
"""
COUNTRIES = ("NL", "DE", "US-CA", "")


def write_law_shop(folder: Path) -> Path:
    """The small shop, with countries, evidence of consents, and a pack of its own."""
    campaign = write_shop(folder, people=400)
    with (folder / "people.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with (folder / "people.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(
            [[*row, "country" if number == 0 else COUNTRIES[number % 4]] for number, row in enumerate(rows)]
        )
    with (folder / "said.csv").open(encoding="utf-8") as file:
        said = list(csv.reader(file))
    evidence = [[*said[0], "notice", "language", "method", "actor"]]
    evidence += [
        [*row, "v1", "nl", "pre_ticked" if number % 50 == 3 else "ticked_box", "subject"]
        for number, row in enumerate(said[1:])
    ]
    with (folder / "said.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(evidence)
    text = campaign.read_text("utf-8")
    text = text.replace("role: feature,", "role: feature, sensitivity: ordinary,")
    text = text.replace("  sex: {role: sensitive}", "  sex: {role: sensitive}\n  country: {role: permission}")
    text = text.replace(
        "consents: {file: said.csv}",
        "consents: {file: said.csv, evidence: {notice: notice, language: language, method: method, actor: actor}}",
    )
    campaign.write_text(text + LAW, encoding="utf-8")
    (folder / "own.yaml").write_text(OWN, encoding="utf-8")
    return campaign


@pytest.fixture(scope="module")
def lawful(tmp_path_factory) -> Path:
    """A run of the shop under law."""
    folder = tmp_path_factory.mktemp("law")
    write_law_shop(folder)
    done = evenhand("run", "campaign.yaml", "--at", AT, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def _decisions(folder: Path) -> dict[str, dict[str, str]]:
    path = next((folder / "evenhand-home").rglob("decisions.csv"))
    with path.open(encoding="utf-8") as file:
        return {row["person"]: row for row in csv.DictReader(file)}


def _why(cli, folder: Path, person: str, *more: str) -> str:
    done = cli(folder, "why", person, "--home", "evenhand-home", *more)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_each_person_got_the_law_of_their_place(lawful):
    """Germany by the organisation's own rule, nowhere by the strict default (consent is enough), the pre-ticked not."""
    rows = _decisions(lawful)
    reasons = {row["permission"] for row in rows.values()}
    assert {"own-rule", "consent-valid", "consent-withdrawn", "consent-not-active"} <= reasons
    for number, row in enumerate(rows.values(), 1):
        if COUNTRIES[number % 4] == "DE":
            assert row["permission"] != "consent-valid"
            assert row["standing"] == "contextual"


def test_why_cites_the_rule_in_force(lawful, cli):
    """Its id, article, pack and version; of an own rule its words, because no catalogue has them."""
    rows = _decisions(lawful)
    german = next(person for person, row in rows.items() if row["permission"] == "own-rule")
    told = _why(cli, lawful, german)
    assert "our-house/germany (Board decision), of the rules for: our-house, version v1" in told
    assert "Ask the board." in told
    dutch = _why(cli, lawful, german, "--lang", "nl")
    assert "Wij personaliseren niet in Duitsland." in dutch
    plain = json.loads(_why(cli, lawful, german, "--json"))
    assert plain["permission"]["cited"]["id"] == "our-house/germany"


def test_an_old_run_keeps_its_rules_whatever_is_written_since(lawful, cli):
    """The pack is rewritten: the run verifies, replays to the bit and is told by the rules that it recorded."""
    (lawful / "own.yaml").write_text(
        OWN.replace("people: [DE]", "people: [NL]").replace("version: v1", "version: v2"), "utf-8"
    )
    try:
        assert cli(lawful, "ledger", "verify", "--home", "evenhand-home").exit_code == 0
        replayed = cli(lawful, "replay", "last", "--home", "evenhand-home")
        assert replayed.exit_code == 0, replayed.output
        assert "identical to the bit" in replayed.output
        listed = cli(lawful, "rules", "list", "--run", "last", "--home", "evenhand-home", "--country", "DE", "--json")
        rules = json.loads(listed.stdout)
        assert rules["packs"]["our-house"] == "v1"
        assert "our-house/germany" in {rule["id"] for rule in rules["rules"]}
        compared = cli(
            lawful,
            "rules",
            "diff",
            "--run",
            "last",
            "--home",
            "evenhand-home",
            "--pack",
            "own.yaml",
            "--to",
            AT,
            "--json",
        )
        found = json.loads(compared.stdout)["changes"]
        assert [(one["rule"], one["kind"], one["fields"]) for one in found] == [
            ("our-house/germany", "changed", ["applies"])
        ]
    finally:
        (lawful / "own.yaml").write_text(OWN, "utf-8")


def test_a_later_person_is_decided_by_the_rules_of_now(lawful, cli):
    """One German, later: the same gate, and the rules that hold then are recorded with them."""
    rows = _decisions(lawful)
    german = next(person for person, row in rows.items() if row["permission"] == "own-rule")
    done = cli(lawful, "decide", "campaign.yaml", german, "--at", AT, "--json")
    assert done.exit_code == 0, done.output
    assert "own-rule" in done.stdout
    again = cli(lawful, "replay", json.loads(done.stdout)["run_id"], "--home", "evenhand-home")
    assert again.exit_code == 0, again.output


def test_the_report_counts_those_whom_a_rule_kept_out(lawful):
    """The funnel names each reason with its rule."""
    report = json.loads(next((lawful / "evenhand-home").rglob("report.json")).read_text("utf-8"))
    drops = {drop["key"]: drop["people"] for drop in report["drops"]}
    assert drops["own-rule"] > 50


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("packs: [own.yaml]", "packs: [none.yaml]", "EH-POL-131"),
        ("recipients: [mailer]", "recipients: [nobody]", "EH-POL-130"),
        ("jurisdictions: [NL, DE, US-CA]", "jurisdictions: [NL, BR]", "EH-POL-128"),
        (
            "visits: {role: feature, sensitivity: ordinary",
            "visits: {role: feature, sensitivity: criminal",
            "EH-POL-130",
        ),
        ("feature, sensitivity: ordinary", "feature, sensitivity: special", "EH-POL-130"),
        ("visits: {role: feature, sensitivity: ordinary", "visits: {role: feature", "EH-POL-122"),
    ],
)
def test_what_the_rules_forbid_is_found_before_anybody_is_asked_about(tmp_path, cli, old, new, finding):
    """A check names the rule, the line and the remedy."""
    path = write_law_shop(tmp_path)
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    done = cli(tmp_path, "check", "campaign.yaml", "--at", AT)
    assert re.search(rf"campaign\.yaml:\d+:\d+: (error|warning) {finding}", done.stdout), done.output


def test_an_own_pack_that_allows_stops_the_run(tmp_path, cli):
    """Nothing is decided; the message says that own rules only tighten."""
    write_law_shop(tmp_path)
    own = OWN.replace("effect: contextual", "effect: allow").replace("reason: own-rule", "reason: consent-valid")
    (tmp_path / "own.yaml").write_text(own, "utf-8")
    done = cli(tmp_path, "run", "campaign.yaml", "--at", AT)
    assert done.exit_code == 3
    assert "allow something" in done.stderr
    assert not (tmp_path / "evenhand-home" / "ledger.sqlite").exists()


def test_the_rules_of_a_day_can_be_listed_shown_and_compared(tmp_path, cli):
    """The first of July 2026 in the Netherlands."""
    before = cli(tmp_path, "rules", "list", "--at", "2026-06-30", "--country", "NL").stdout
    after = cli(tmp_path, "rules", "list", "--at", "2026-07-01", "--country", "nl", "--lang", "nl").stdout
    assert "E-phone.nl.2021" in before
    assert "E-phone.nl.2021" not in after
    assert "ook bij eigen klanten" in after
    told = cli(tmp_path, "rules", "diff", "--at", "2026-06-30", "--to", "2026-07-01", "--country", "NL").stdout
    assert re.findall(r"^([+-]) (\S+):", told, re.MULTILINE) == [("+", "E-phone.nl"), ("-", "E-phone.nl.2021")]
    shown = cli(tmp_path, "rules", "show", "D-26-3").stdout
    assert "DSA 26(3)" in shown
    assert json.loads(cli(tmp_path, "rules", "show", "G-9", "--json").stdout)["rule"]["waivable"] is True
    assert "C-121" in cli(tmp_path, "rules", "list", "--country", "unknown").stdout
    assert "C-121" not in cli(tmp_path, "rules", "list", "--country", "NL").stdout


def test_the_tests_of_a_pack_can_be_run(tmp_path, cli):
    """They pass, fail with the rule and the case (exit 1), or the pack cannot be used (exit 3)."""
    assert cli(tmp_path, "rules", "test").exit_code == 0
    own = tmp_path / "own.yaml"
    own.write_text(OWN, "utf-8")
    good = json.loads(cli(tmp_path, "rules", "test", "own.yaml", "--json").stdout)
    assert (good["ok"], good["rules"], good["cases"]) == (True, 1, 2)
    own.write_text(OWN.replace("place: DE, applies: true", "place: FR, applies: true"), "utf-8")
    bad = cli(tmp_path, "rules", "test", "own.yaml")
    assert bad.exit_code == 1
    assert "our-house/germany, case 1" in bad.stdout
    own.write_text(OWN.split("    cases:")[0], "utf-8")
    assert "no case that the rule applies to" in cli(tmp_path, "rules", "test", "own.yaml").stdout
    own.write_text(OWN.replace("effect: contextual", "effect: forbid"), "utf-8")
    broken = cli(tmp_path, "rules", "test", "own.yaml")
    assert broken.exit_code == 3
    assert "own.yaml, line 13" in broken.stderr


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("show", "E-fone"), "E-phone"),
        (("diff",), "--at"),
        (("list", "--country", "XX"), "unknown"),
        (("list", "--at", "soon"), "2026"),
    ],
)
def test_a_question_about_rules_that_makes_no_sense_is_exit_2(tmp_path, cli, words, meant):
    """The remedy says how to ask."""
    done = cli(tmp_path, "rules", *words)
    assert done.exit_code == 2
    assert meant in done.stderr
    assert done.stdout == ""


INTEREST = "legal_basis: legitimate_interest\nbalancing: {record: LIA-1, expires: 2027-06-30, file: lia.yaml}\n"


def test_a_legitimate_interest_needs_its_signed_record_at_the_moment_of_the_run(tmp_path, cli):
    """G-6f. Signed and unchanged: it runs; the text altered: nobody is addressed with personal data, by that rule."""
    path = write_law_shop(tmp_path)
    path.write_text(path.read_text("utf-8") + INTEREST, "utf-8")
    (tmp_path / "own.yaml").write_text(OWN.replace("[DE]", "[FR]").replace("place: DE", "place: FR"), "utf-8")
    (tmp_path / "lia.md").write_text("Interest, necessity, balance.\n", "utf-8")
    words = ("rules", "balancing", "lia.md", "--id", "LIA-1", "--by", "J. de Vries, DPO", "--expires", "2027-06-30")
    assert cli(tmp_path, *words, "--at", AT).exit_code == 0
    assert cli(tmp_path, *words, "--at", AT).exit_code == 2  # it is not written over
    plan = json.loads(cli(tmp_path, "plan", "campaign.yaml", "--at", AT, "--json").stdout)
    assert plan["reasons"]["basis-legitimate-interest"] > 100
    (tmp_path / "lia.md").write_text("Interest, necessity, balance, and more.\n", "utf-8")
    for command in ("plan", "check"):
        done = cli(tmp_path, command, "campaign.yaml", "--at", AT)
        said = done.stdout + done.stderr
        assert "none may be used" in said
        assert "rule: G-6f" in said
        assert "The sender has the balancing test done and signed again." in said
        assert "name the same subjects" not in said
    assert cli(tmp_path, "run", "campaign.yaml", "--at", AT).exit_code == 3
