"""The examples: their commands run as shown, and their figures are what comes out."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from patience import tries
from shop_folder import evenhand, runs_of

AT = "2026-01-06T09:00:00Z"
EMAIL = Path(__file__).parents[3] / "shared" / "data" / "hillstrom" / "hillstrom.csv.gz"
BANK = Path(__file__).parents[3] / "shared" / "data" / "bank_marketing" / "bank_full.csv.gz"


def walk(page: Any, root: Path, folder: Path, *rows: str, **files: str) -> dict[tuple[str, str], str]:
    """Run the commands of an example's page on a copy of its folder, a comparison with these rows alone; what each
    said, by command and campaign file."""
    here = page.path.parent.relative_to(root).as_posix() + "/"
    said = {}
    for _, shown in page.commands():
        words = [files.get(word, word.removeprefix(here)) for word in shlex.split(shown)]
        if words[0] == "python":
            command = [sys.executable, str(page.path.parent / words[1]), *words[2:]]
            command += [str(folder)] if words[1].endswith("prepare.py") else list(rows)
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=900)
        else:
            at = ["--at", AT] if words[1] in ("plan", "run") else []
            done = evenhand(*words[1:], *at, *(["--json"] if words[1] != "plan" else []), cwd=folder)
        assert done.returncode == 0, f"{shown} exited {done.returncode}:\n{done.stdout}\n{done.stderr}"
        said[words[1], words[-1]] = done.stdout
    return said


def reports(folder: Path) -> list[dict[str, Any]]:
    """The reports of the runs, oldest first."""
    return [json.loads((run / "report.json").read_text("utf-8")) for run in runs_of(folder)]


def rates(report: dict[str, Any], feature: str, when: str) -> dict[str, float]:
    """How many per cent of each group got the offer."""
    one = next(chapter for chapter in report["groups"] if chapter["features"] == [feature])
    return {rate["group"][0]: 100 * rate["rate"] for rate in one[when]["rates"]}


def lowest_over_highest(report: dict[str, Any], feature: str, when: str) -> float:
    """The impact ratio of the judged groups."""
    one = next(chapter for chapter in report["groups"] if chapter["features"] == [feature])
    return min(gap["ratio"] for gap in one[when]["gaps"])


def row(page: Any, begins: str) -> list[float]:
    """The numbers of the table row that begins so."""
    line = next(line for line in page.text.splitlines() if line.startswith(f"| {begins}"))
    cells = [re.search(r"[\d,]+(?:\.\d+)?", cell.partition("(")[0]) for cell in line.split("|")[2:-1]]
    return [float(found[0].replace(",", "")) for found in cells if found]


def findings(checked: str) -> set[tuple[str, str]]:
    """Id and column of everything that a check warned about."""
    found = json.loads(checked)["findings"]
    return {(one["id"], one["subject_matter"]) for one in found if one["severity"] == "warning"}


@pytest.mark.slow
def test_the_recruitment_story_is_what_comes_out(pages, root, tmp_path):
    """The audit finds the planted skew and proxies, and no more; the table's figures come out again."""
    from evenhand.worlds import hiring

    page = next(page for page in pages if page.where == "examples/recruitment/README.md")
    said = walk(page, root, tmp_path)
    skew = {("EH-DATA-001", "gender")}
    proxies = {("EH-DATA-002", name) for name in ("weekly_hours", "career_break", "club")}
    together = {("EH-DATA-009", "career_break"), ("EH-DATA-010", "gender")}
    assert findings(said["check", "before.yaml"]) == skew | proxies | together
    assert findings(said["check", "after.yaml"]) == skew
    before, after = reports(tmp_path)
    assert [before["campaign"]["id"], after["campaign"]["id"]] == ["engineer-vacancy-before", "engineer-vacancy-after"]
    told = ((before, "after"), (after, "before"), (after, "after"))
    women, men = row(page, "women reached"), row(page, "men reached")
    assert women == pytest.approx([rates(report, "gender", when)["woman"] for report, when in told], abs=0.3)
    assert men == pytest.approx([rates(report, "gender", when)["man"] for report, when in told], abs=0.3)
    ratios = [lowest_over_highest(report, "gender", when) for report, when in told]
    assert row(page, "ratio of the two") == pytest.approx(ratios, abs=0.015)
    assert ratios[2] >= 0.95
    learned = [report["model"]["evaluation"]["offers"]["engineer"]["held_out"]["auroc"][0] for report, _ in told]
    assert row(page, "AUROC") == pytest.approx(learned, abs=0.01)
    suitable = _suitable(hiring, tmp_path)
    assert row(page, "truly suitable") == pytest.approx([share for share, _ in suitable], abs=1)
    assert row(page, "suitable women") == pytest.approx([count for _, count in suitable], abs=6)


def _suitable(hiring: Any, folder: Path) -> list[tuple[float, int]]:
    """Per run: how many per cent of those reached are truly suitable, and how many suitable women; by the world."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(7)
    hiring(12_000, rng)
    now = hiring(6_000, rng, first=12_000)
    truth = pl.DataFrame(
        {
            "applicant": now.columns["applicant"],
            "woman": now.columns["gender"] == "woman",
            "suitable": now.truth.suitable,
        }
    )
    out = []
    for run in runs_of(folder):
        reached = pl.read_csv(run / "decisions.csv").filter(pl.col("offer").is_not_null()).join(truth, on="applicant")
        assert len(reached) == 900
        assert set(reached["standing"]) == {"personalised"}, "the page says that nobody without consent is reached"
        women = reached.filter(pl.col("woman") & pl.col("suitable")).height
        out.append((100 * float(reached["suitable"].mean() or 0), women))
    return out


@pytest.mark.slow
@pytest.mark.skipif(not BANK.exists(), reason="the bank marketing file is not beside the repository (UCI 222)")
def test_the_bank_story_is_what_comes_out(pages, root, tmp_path):
    """The leak is not used; the check warns as told; the table comes out again, but for how a new key breaks ties."""
    page = next(page for page in pages if page.where == "examples/bank/README.md")
    said = walk(page, root, tmp_path, **{"bank-full.csv": str(BANK)})
    assert findings(said["check", "campaign.yaml"]) == {
        ("EH-DATA-001", "age_band"),
        ("EH-DATA-001", "marital"),
        ("EH-DATA-003", "pdays"),
        ("EH-DATA-010", "age_band"),
        ("EH-DATA-013", "outcome"),
        ("EH-DATA-014", "age_band"),
        *(("EH-DATA-011", name) for name in ("housing", "pdays", "previous", "poutcome")),
    }
    (report,) = reports(tmp_path)
    assert "duration" not in json.dumps(report["model"])
    for group in ("18-29", "30-39", "40-49", "50-59", "60+"):
        found = [rates(report, "age_band", when)[group] for when in ("before", "after")]
        assert row(page, f"called, {group}") == pytest.approx(found, abs=0.6), group
    ratios = [lowest_over_highest(report, "age_band", when) for when in ("before", "after")]
    assert row(page, "lowest over highest") == pytest.approx(ratios, abs=0.015)
    held_out = report["model"]["evaluation"]["offers"]["deposit"]["held_out"]
    assert [round(value, 2) for value in held_out["auroc"]] == [0.68, 0.66, 0.70]
    assert held_out["base_rate"][0] == pytest.approx(0.139, abs=0.001)
    losses = held_out["log_loss"], held_out["log_loss_of_base_rate"]
    assert losses == pytest.approx((0.459, 0.403), abs=0.001)
    limit = next(one for one in report["limits"] if one["id"] == "age-reach")
    worth = report["certificate"]["value"] / 1e6
    assert row(page, "expected value") == pytest.approx([worth + limit["money"] / 1e6, worth], abs=15)


@pytest.mark.slow
@pytest.mark.skipif(
    not EMAIL.exists(), reason="Hillstrom's e-mail data are not beside the repository (MineThatData 2008)"
)
def test_the_email_story_is_what_comes_out(pages, root, tmp_path):
    """What was measured of either e-mail, and the comparison with going by response, to the last figure."""
    page = next(page for page in pages if page.where == "examples/email/README.md")
    rows = ("the women's alone", "the men's alone", "both e-mails")[: tries(1, 3)]  # half a minute each
    said = walk(page, root, tmp_path, *rows, **{"hillstrom.csv": str(EMAIL)})
    assert findings(said["check", "campaign.yaml"]) == {("EH-DATA-001", "zip_code")}
    (report,) = reports(tmp_path)
    assert report["certificate"]["value"] / 1e6 == pytest.approx(569.4, abs=0.5)
    assert [offer["selected"] for offer in report["offers"]] == [9_000, 0]
    measured = [report["model"]["evaluation"]["offers"][offer]["held_out"] for offer in ("mens", "womens")]
    for begins, key, scale, digits in (
        ("changes visits by", "increment", 100, 2),
        ("order by change", "coefficient", 1, 3),
        ("order by response", "by_response", 1, 3),
    ):
        cells = next(line for line in page.text.splitlines() if line.startswith(f"| {begins}")).split("|")[2:-1]
        for cell, found in zip(cells, measured, strict=True):
            value, lower, upper = (f"{scale * part:.{digits}f}" for part in found[key])
            assert cell.strip() == f"{value} ({lower} to {upper})", begins
    table = said["compare.py", str(EMAIL)].strip().splitlines()
    assert len(table) == 2 + len(rows)
    assert all(line in page.text.splitlines() for line in table)
