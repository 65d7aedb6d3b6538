"""No output of a command about many people holds a number of a few of them (ADR 0022)."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import evenhand as eh
from evenhand.cli import app
from evenhand.terms import SMALLEST_SHOWN
from shop_folder import AT, same_key, write_shop

NO_PEOPLE = {
    "schema_version", "seed", "line", "column", "startLine", "startColumn",  # places and versions
    "upper", "lower", "chance", "rate", "ratio", "ratio_upper", "ratio_lower", "value_kept", "auroc",
    "used_between", "reached_between", "unlimited_between",  # shares that are whole
    "hidden_cells", "groups", "features", "decimals",  # numbers of groups and of columns
}  # fmt: skip
"""Whole numbers below ten under these names are no numbers of people."""

SAID = (
    r"\d+ (error|warning|note)s?", r"all \d+ features", r"\d+ more", r"\d+ group\(s\)", r"crossed: \d+",
    r"compared: \d+", r"compare: \d+", r"campaign\.yaml:\d+:\d+", r"EH-[A-Z]+-\d+", r"\(0\.5: not at all\)",
    r"\S*Z-\w+",
)  # fmt: skip
"""What a line may say with a small number in it: none of these is about people."""


def _small(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, float]]:
    """Every whole number from 1 to 9 of a document, with the way to it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _small(inner, (*path, str(name)))
    elif isinstance(value, list):
        for inner in value:
            yield from _small(inner, path)
    elif isinstance(value, bool) or not isinstance(value, (int, float)) or path[-1] in NO_PEOPLE:
        return
    elif 0 < abs(value) < SMALLEST_SHOWN and float(value).is_integer():
        yield ".".join(path), value


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    """Seven people of one sex, five of none, nine old ones, four who objected, eight who get no offer."""
    campaign = same_key(write_shop(tmp_path_factory.mktemp("few")))
    folder = campaign.parent
    head, *rows = (folder / "people.csv").read_text("utf-8").splitlines()
    people = [head + ",age"]
    for number, row in enumerate(rows):
        cells = row.split(",")
        cells[3] = "x" if number < 7 else "" if number < 12 else cells[3]
        age = "old" if number % 45 == 3 else "young" if number % 2 else "middle"
        people.append(",".join([*cells, age]))
    (folder / "people.csv").write_text("\n".join(people) + "\n", "utf-8")
    said = [line for line in (folder / "said.csv").read_text("utf-8").splitlines() if "Objected" not in line]
    said += [f"canary{n}@mail.example,objection,DirectMarketing,Objected,2026-02-01" for n in range(21, 25)]
    (folder / "said.csv").write_text("\n".join(said) + "\n", "utf-8")
    text = campaign.read_text("utf-8")
    for old, new in (
        ("  sex: {role: sensitive}\n", "  sex: {role: sensitive}\n  age: {role: sensitive}\n"),
        ("capacity: 60", "capacity: 392"),
        ("budget: 5\n", "budget: 500\n  contacts: {total: 396}\n"),
        ("bound: 0.8}", "bound: 0.8, include_unknown: true, minimum_size: 10}"),
        ("retention:", "    - {id: both, groups: [sex, age], intersections: true, bound: 0.5}\nretention:"),
    ):
        assert old in text
        text = text.replace(old, new)
    campaign.write_text(text, "utf-8")
    return folder


COMMANDS = [
    ("plan", "campaign.yaml"),
    ("frontier", "campaign.yaml", "--limit", "sex-reach", "--bounds", "0.5,0.8,0.95"),
    ("frontier", "campaign.yaml", "--limit", "both", "--bounds", "0.5"),
    ("check", "campaign.yaml"),
    ("run", "campaign.yaml"),
]

LATER = [
    ("certify", "last"),
    ("monitor", "campaign.yaml", "--prometheus", "figures.prom"),
    ("ledger", "runs"),
    ("replay", "last"),
    ("vault", "list"),
    ("rights", "list"),
]
"""What is told of a run that was recorded; these name their moment themselves, or none."""


NEARLY_ALL = re.compile(r"(?<![\w.,:-])39[1-9](?![\w.,:%])")
"""All but a few of the 400 people: what is left of them would follow by subtraction."""


@pytest.fixture(scope="module")
def few_recorded(few) -> Path:
    """The same, with nobody but the four who objected decided about without personal data, and recorded."""
    folder = few.parent / "recorded"
    shutil.copytree(few, folder, ignore=shutil.ignore_patterns("evenhand-home"))  # others ran it there, or not yet
    same_key(folder / "campaign.yaml")
    said = (folder / "said.csv").read_text("utf-8").replace("ConsentWithdrawn", "ConsentGiven")
    (folder / "said.csv").write_text(said, "utf-8")
    done = CliRunner().invoke(app, ["run", str(folder / "campaign.yaml"), "--at", AT])
    assert done.exit_code == 0, done.output
    return folder


@pytest.mark.parametrize("words", LATER, ids=" ".join)
def test_nothing_that_is_told_of_a_recorded_run_holds_a_few_or_all_but_a_few(few_recorded, cli, words):
    """Certificate, monitor, its figures for Prometheus, runs: nothing from 1 to 9, and not 400 less so many."""
    told = cli(few_recorded, *words, "--json")
    assert told.exit_code in (0, 1), told.stderr
    assert [name for name, _ in _small(json.loads(told.stdout))] in ([], ["certificate"])  # its form, which is 1
    lines = cli(few_recorded, *words, "--quiet").stdout
    figures = few_recorded / "figures.prom"
    for text in (told.stdout, lines, figures.read_text("utf-8") if figures.exists() else ""):
        assert not NEARLY_ALL.findall(text), text
    for pattern in (*SAID, r"\d+ (columns?|rounds?)"):
        lines = re.sub(pattern, "", lines)
    assert not re.findall(r"(?<![\w.,:-])[1-9](?![\w.,:%])", lines), lines


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_document_and_no_line_holds_a_number_of_a_few_people(few, cli, words):
    """With --json and without: no whole number from 1 to 9 that counts people."""
    told = cli(few, *words, "--at", AT, "--json")
    assert told.exit_code == 0, told.stderr
    assert not list(_small(json.loads(told.stdout)))
    lines = cli(few, *words, "--at", AT, "--quiet")
    plain = lines.stdout
    for pattern in SAID:
        plain = re.sub(pattern, "", plain)
    assert not re.findall(r"(?<![\w.,:-])[1-9](?![\w.,:%])", plain), lines.stdout


def test_findings_for_a_forge_and_the_report_hold_none_either(few, cli):
    """SARIF, and report.json with everything that its page shows."""
    told = cli(few, "check", "campaign.yaml", "--at", AT, "--format", "sarif")
    assert not list(_small(json.loads(told.stdout)))
    ran = cli(few, "run", "campaign.yaml", "--at", AT, "--json")
    report = json.loads(Path(json.loads(ran.stdout)["report"]).with_suffix(".json").read_text("utf-8"))
    people = {name: value for name, value in report.items() if name not in {"stories", "model", "campaign"}}
    assert not list(_small(people))
    counts = [one["count"] for term in report["model"]["terms"] for shape in term["shapes"].values() for one in shape]
    assert all(count is None or count == 0 or count >= SMALLEST_SHOWN for count in counts)


def test_what_is_told_of_a_step_does_not_tell_the_few_who_left_it(few, cli):
    """392 of 400 get an offer: of the eight others no number, sum or amount of money speaks."""
    told = cli(few, "plan", "campaign.yaml", "--at", AT, "--json").stdout
    plan = json.loads(told)
    steps = {step["label"].strip(): step["people"] for step in plan["funnel"]}
    assert steps["known"] == 400
    assert steps["selected, within every limit"] is None
    assert plan["offers"] == {"tea": None}
    limits = {limit["id"]: limit["used"] for limit in plan["limits"]}
    assert limits == dict.fromkeys(("budget", "contacts", "capacity:tea", "sex-reach")) | {"both": limits["both"]}
    assert told.count("392") == 2  # what the campaign declares of the capacity, as a number and in words
    swept = cli(few, "frontier", "campaign.yaml", "--limit", "both", "--bounds", "0.5", "--at", AT, "--json").stdout
    assert "392" not in swept


def _groups_told(folder: Path, cli, *words: str) -> list[Any]:
    """People and hits of every group that a run's report or an audit tells, as least and most."""
    told = json.loads(cli(folder, *words, "campaign.yaml", "--at", AT, "--json").stdout)
    if "report" in told:
        report = json.loads(Path(told["report"]).with_suffix(".json").read_text("utf-8"))
        sides = [*(chapter[side] for chapter in report["groups"] for side in ("before", "after"))]
        sides += report["audit"]["outcome"]
    else:
        sides = told["audit"]["outcome"]
    return [
        (tuple(rate["group"]), *rate.get(f"{name}_between", (rate[name], rate[name])))
        for side in sides
        for rate in side["rates"]
        for name in ("rows", "hits")
    ]


@pytest.mark.parametrize(
    "one_less",
    [
        ("rights", "erase", "canary3@mail.example", "--yes"),
        ("consent", "withdraw", "canary3@mail.example", "PersonalisedAdvertising"),
    ],
    ids=["erased", "withdrew"],
)
def test_two_reports_around_one_person_cannot_be_subtracted(ran, cli, one_less):
    """The next run, and a check: no number is a few people from the one before; the page says from which run it is."""
    first = _groups_told(ran, cli, "run")
    checked = _groups_told(ran, cli, "check")
    assert cli(ran, *one_less).exit_code == 0
    for earlier, now in ((first, _groups_told(ran, cli, "run")), (checked, _groups_told(ran, cli, "check"))):
        apart = [abs(was[1] - one[1]) for was, one in zip(earlier, now, strict=True) if one[1] == one[2]]
        assert not [few for few in apart if 0 < few < SMALLEST_SHOWN]
    assert any(least != most for _, least, most in _groups_told(ran, cli, "run"))
    _, before, *_, last = json.loads(cli(ran, "ledger", "runs", "--json").stdout)["runs"]
    page = (ran / "evenhand-home" / "runs" / last["run_id"] / "report.html").read_text("utf-8")
    assert f"differ from what run {before['run_id']} told" in page


def _limit_told(folder: Path, cli) -> dict[str, Any]:
    """What a run tells of the limit between groups: in its summary, its report, its lines and its page."""
    ran = json.loads(cli(folder, "run", "campaign.yaml", "--at", AT, "--json").stdout)
    report = Path(ran["report"])
    told = {
        "summary": ran["limits"][-1],
        "report": json.loads(report.with_suffix(".json").read_text("utf-8"))["limits"],
    }
    told["lines"] = cli(folder, "plan", "campaign.yaml", "--at", AT, "--quiet").stdout
    told["page"] = report.read_text("utf-8")
    swept = cli(folder, "frontier", "campaign.yaml", "--bounds", "0.8", "--at", AT, "--json").stdout
    told["swept"] = json.loads(swept)
    return told


def _erased(folder: Path, cli, ran: Path, sex: str) -> Path:
    """A copy of a home in which the campaign ran, with one person of a sex erased who was not offered anything."""
    given = (next(iter(ran.glob("evenhand-home/runs/*/decisions.csv")))).read_text("utf-8").splitlines()[1:]
    nothing = {line.split(",")[0] for line in given if line.split(",")[3:5] == ["personalised", "beyond-limits"]}
    rows = (line.split(",") for line in (ran / "people.csv").read_text("utf-8").splitlines()[1:])
    who = next(row[0] for row in rows if row[3] == sex and row[0] in nothing)
    shutil.copytree(ran, folder)
    assert cli(folder, "rights", "erase", who, "--yes").exit_code == 0
    return folder


def test_the_figure_of_a_limit_says_the_same_whoever_is_gone(ran, cli, tmp_path):
    """After one erasure it stands between two figures, everywhere the same ones, whether a man or a woman was erased;
    they hold the figure that was told before, and whether it is kept is said in words too."""
    before = json.loads(cli(ran, "plan", "campaign.yaml", "--at", AT, "--json").stdout)["limits"][-1]
    assert before["used"] is not None
    assert "used_between" not in before
    told = [_limit_told(_erased(tmp_path / sex, cli, ran, sex), cli) for sex in ("f", "m")]
    least, most = told[0]["summary"]["used_between"]
    assert told[0]["summary"]["used"] is None
    assert 0.8 <= least <= before["used"] <= most
    said = f"kept, between {least:.3f} and {most:.3f}"
    for one in told:
        figures = {name: one["summary"][name] for name in ("used", "used_between", "held", "used_text")}
        assert figures == {"used": None, "used_between": [least, most], "held": True, "used_text": said}
        assert one["report"][-1]["used_between"] == [least, most]
        assert said in one["lines"]
        (point,) = one["swept"]["points"]
        assert (point["reached"], one["swept"]["unlimited"]) == (None, None)
        assert point["reached_between"] == [least, most]
        assert f"between {least:.3f} and {most:g}" in one["page"].replace("1.000", "1")
    assert told[0]["swept"]["points"][0]["groups"] == told[1]["swept"]["points"][0]["groups"]


def _withdrawn(folder: Path, who: str) -> None:
    """Somebody withdraws their consent, in the organisation's own table."""
    with (folder / "said.csv").open("a", encoding="utf-8") as said:
        said.write(f"{who},consent,PersonalisedAdvertising,ConsentWithdrawn,2026-02-20\n")


def _planned(folder: Path) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """What a plan tells of groups, of limits and in its audit."""
    report = eh.plan(folder / "campaign.yaml", at=datetime.fromisoformat(AT)).report
    sides = [chapter[side]["rates"] for chapter in report["groups"] for side in ("before", "after")]
    limits = [{name: one[name] for name in one if name.startswith("used")} for one in report["limits"][1:]]
    return sides, [one for one in limits if "used_between" in one or one["used"] is not None], report


@pytest.mark.parametrize("between", [False, True], ids=["", "other-bound-between"])
def test_two_plans_of_a_campaign_that_never_ran_cannot_be_subtracted(tmp_path, between):
    """Whether a man or a woman is gone between them, the second tells the same of groups and their limit;
    also where a plan with another bound came between."""
    told = []
    for sex in ("f", "m"):
        folder = same_key(write_shop(tmp_path / sex)).parent
        first, *_ = _planned(folder)
        assert all("rows_between" not in rate for side in first for rate in side)
        if between:
            text = (folder / "campaign.yaml").read_text("utf-8")
            (folder / "campaign.yaml").write_text(text.replace("bound: 0.8", "bound: 0.7"), "utf-8")
            _planned(folder)
            (folder / "campaign.yaml").write_text(text, "utf-8")
        people = (line.split(",") for line in (folder / "people.csv").read_text("utf-8").splitlines()[1:])
        number, who = next((at, row[0]) for at, row in enumerate(people) if row[3] == sex and row[1] == "0" and at % 10)
        assert number % 25 != 1
        _withdrawn(folder, who)
        second, limits, report = _planned(folder)
        assert report["beside_plan"].startswith(AT)
        assert all("rows_between" in rate for side in second for rate in side)
        told.append((second, limits))
    assert told[0] == told[1]


def test_a_first_run_is_laid_beside_the_plan_before_it_and_the_next_run_too(cli, tmp_path):
    """Its report says so; and a plan leaves nothing behind where there is no home."""
    _planned(write_shop(tmp_path / "bare").parent)
    assert not (tmp_path / "bare" / "evenhand-home").exists()
    folder = same_key(write_shop(tmp_path / "shop")).parent
    _planned(folder)
    for who in ("canary3@mail.example", "canary4@mail.example"):
        _withdrawn(folder, who)
        ran = json.loads(cli(folder, "run", "campaign.yaml", "--at", AT, "--json").stdout)
        report = json.loads(Path(ran["report"]).with_suffix(".json").read_text("utf-8"))
        rates = [rate for chapter in report["groups"] for rate in chapter["after"]["rates"]]
        assert all("rows_between" in rate for rate in rates)
        assert "people differ from what the plan of" in Path(ran["report"]).read_text("utf-8")
