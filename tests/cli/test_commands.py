"""Each command on a small campaign, as a person or a program would use it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from evenhand.cli._audit_lines import audit_lines
from shop_folder import AT, app, evenhand, make_aware

COMMANDS = ("demo", "init", "check", "plan", "frontier", "run", "why", "replay", "report", "schema")


def _listing(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


@pytest.mark.parametrize("command", [*COMMANDS, "ledger verify", "ledger runs"])
def test_help_has_two_examples(command):
    """Every command's help ends with two examples that start with `evenhand`."""
    shown = CliRunner().invoke(app, [*command.split(), "--help"])
    assert shown.exit_code == 0
    examples = shown.output[shown.output.index("Examples:") :]
    assert examples.count(f"evenhand {command}") == 2


def test_check_exits_by_fail_on(shop):
    """Warnings pass by default, and fail where --fail-on says so; nothing is written either way."""
    before = _listing(shop)
    assert evenhand("check", "campaign.yaml", "--at", AT, cwd=shop).returncode == 0
    assert evenhand("check", "campaign.yaml", "--at", AT, "--fail-on", "note", cwd=shop).returncode == 1
    assert _listing(shop) == before


def test_check_tells_rates_and_what_the_features_tell(shop):
    """Text has a line per sensitive column and one on all features together; JSON has the whole audit."""
    said = evenhand("check", "campaign.yaml", "--at", AT, cwd=shop).stdout
    assert "outcome by sex: " in said
    assert "how well all 2 features together tell sex (0.5: not at all): AUROC 0." in said
    audit = json.loads(evenhand("check", "campaign.yaml", "--at", AT, "--json", cwd=shop).stdout)["audit"]
    assert {"whole_view", "pairs", "parts", "periods", "drift", "too_thin"} <= audit.keys()
    assert audit["whole_view"][0]["groups"]


def test_check_speaks_sarif(shop):
    """SARIF 2.1.0: every result names a rule of the driver and a level that the format knows."""
    done = evenhand("check", "campaign.yaml", "--at", AT, "--format", "sarif", cwd=shop)
    run = json.loads(done.stdout)["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert run["results"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in {"note", "warning", "error"}
        assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].endswith("campaign.yaml")


def test_plan_writes_nothing_and_tells_the_funnel(shop):
    """The funnel and the limits go to stdout; not one file is made."""
    before = _listing(shop)
    done = evenhand("plan", "campaign.yaml", "--at", AT, cwd=shop)
    assert done.returncode == 0, done.stderr
    assert "known" in done.stdout
    assert "sex-reach" in done.stdout
    assert "Nothing was decided or recorded" in done.stderr
    assert _listing(shop) == before


def test_a_limit_that_compared_nothing_does_not_look_kept(shop):
    """Where every group is smaller than the minimum, plan says so in place of a ratio of 1."""
    file = shop / "campaign.yaml"
    told = file.read_text("utf-8")
    file.write_text(told.replace("bound: 0.8}", "bound: 0.8, minimum_size: 100000}"), encoding="utf-8")
    try:
        plan = evenhand("plan", "campaign.yaml", "--at", AT, cwd=shop).stdout
        limit = json.loads(evenhand("plan", "campaign.yaml", "--at", AT, "--json", cwd=shop).stdout)["limits"][-1]
    finally:
        file.write_text(told, encoding="utf-8")
    (line,) = (line for line in plan.splitlines() if "sex-reach" in line)
    assert "no two groups large enough to compare (at least 0.800)" in line
    assert "1.000" not in line
    assert limit["note"] == "nothing-to-compare"


def test_an_audit_line_of_one_feature_does_not_speak_of_all_together():
    """One feature is one feature; the line says what an AUROC of a half means."""
    group = {"group": "f", "auroc": 0.5, "lower": 0.46, "upper": 0.54}
    (line,) = audit_lines({"whole_view": [{"features": 1, "sensitive": "sex", "groups": [group]}]})
    assert line == "how well the one feature tells sex (0.5: not at all): AUROC 0.50 (0.46 to 0.54) for 'f'"


def test_an_audit_line_tells_ranges_and_does_not_call_large_groups_small():
    """A rate that is told as a range stands there as one; of what cannot be told nothing is said."""
    wide = {"group": ["f"], "rate": None, "lower": 0.1, "upper": 0.25, "note": ""}
    dark = {"group": ["m"], "rate": None, "lower": 0.0, "upper": 1.0, "note": ""}
    ranged, nothing = audit_lines(
        {"outcome": [{"features": ["sex"], "rates": [wide, dark]}, {"features": ["age"], "rates": [dark]}]}
    )
    assert ranged == "outcome by sex: f 10.0% to 25.0%, 1 more"
    assert nothing == "outcome by age: no group is large enough, or can be told, 1 more"


def test_run_records_and_can_be_asked(ran):
    """After a run: the ledger verifies, the run replays bit for bit, why answers in Dutch by subject and in JSON."""
    runs = json.loads(evenhand("ledger", "runs", "--json", cwd=ran).stdout)["runs"]
    assert [run["decisions"] for run in runs] == [400]
    verified = evenhand("ledger", "verify", "--json", cwd=ran)
    assert verified.returncode == 0
    assert json.loads(verified.stdout)["ok"] is True
    replayed = evenhand("replay", "last", "--json", cwd=ran)
    assert replayed.returncode == 0, replayed.stderr
    assert json.loads(replayed.stdout) | {"run_id": "", "schema_version": 1} == {
        "run_id": "", "schema_version": 1, "same": True, "model_same": True, "decisions": 400, "different": [],
        "erased_since": 0,
        "unopened": 0,
    }  # fmt: skip
    told = evenhand("why", "canary7@mail.example", "--lang", "nl", cwd=ran)
    assert told.returncode == 0
    assert "toestemming" in told.stdout
    asked = json.loads(evenhand("why", f"{runs[0]['run_id']}.8", "--json", cwd=ran).stdout)
    assert asked["decision_id"] == f"{runs[0]['run_id']}.8"


def test_a_report_can_be_written_again_from_the_ledger(ran):
    """`report last` writes the same report.json as the run did, from the ledger alone."""
    report = next((ran / "evenhand-home" / "runs").glob("*/report.json"))
    before = json.loads(report.read_text("utf-8"))
    report.unlink()
    assert evenhand("report", "last", cwd=ran).returncode == 0
    assert json.loads(report.read_text("utf-8")) == before


def test_init_drafts_a_file_that_uses_nothing_yet(shop):
    """Every column is drafted unconfirmed, an existing file is never written over, and the draft cannot run."""
    assert evenhand("init", "people.csv", "--out", "draft.yaml", cwd=shop).returncode == 0
    text = (shop / "draft.yaml").read_text("utf-8")
    assert all(f"  {name}:" in text for name in ("person", "visits", "days", "sex", "responded", "notes"))
    assert not any("confirmed: true" in line.partition("#")[0] for line in text.splitlines())
    again = evenhand("init", "people.csv", "--out", "draft.yaml", cwd=shop)
    assert again.returncode == 2
    checked = evenhand("check", "draft.yaml", cwd=shop)
    assert checked.returncode == 3
    for asked in ("NAME OF YOUR", "privacy@example.org", "Write your offer", "FILL IN: visits"):
        line = next(place for place, shown in enumerate(text.splitlines(), 1) if asked in shown)
        assert f"draft.yaml:{line}:" in checked.stdout, asked


def test_nothing_runs_while_a_placeholder_is_left(shop):
    """A campaign that runs is refused, exit 3, once its offer's text is the draft's again; nothing is recorded."""
    campaign = shop / "campaign.yaml"
    text = campaign.read_text("utf-8")
    campaign.write_text(text.replace("en: Money off tea", "en: Write your offer here"), "utf-8")
    ran = evenhand("run", "campaign.yaml", cwd=shop)
    assert ran.returncode == 3
    assert "still the draft's" in ran.stderr
    assert not (shop / "evenhand-home").exists()


def test_json_is_one_document_on_stdout(shop):
    """--json: one document with a schema_version, no talk."""
    for command in ("check", "plan", "run"):
        done = evenhand(command, "campaign.yaml", "--at", AT, "--json", cwd=shop)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["schema_version"] == 1
        assert done.stderr == ""


def test_schema_is_the_published_one():
    """`evenhand schema` prints valid JSON with the campaign's title fields."""
    shown = CliRunner().invoke(app, ["schema"])
    assert "category" in json.loads(shown.output)["properties"]


def test_version_and_unknown_words():
    """--version answers; an unknown option is wrong usage (2)."""
    assert CliRunner().invoke(app, ["--version"]).output.startswith("evenhand 0.")
    assert CliRunner().invoke(app, ["run", "--no-such-option"]).exit_code == 2


def test_the_certificate_says_among_what_it_is_the_best(shop, cli):
    """Under a blind limit: among rules that guess groups alike. Under an aware one, among all choices."""
    said = "of all rules that guess groups as this one does"
    assert said in cli(shop, "plan", "campaign.yaml", "--at", AT).stdout
    make_aware(shop / "campaign.yaml")
    aware = cli(shop, "plan", "campaign.yaml", "--at", AT).stdout
    assert "below the best within limits" in aware
    assert said not in aware
