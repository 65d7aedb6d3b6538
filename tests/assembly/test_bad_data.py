"""Bad input to an audit gives a finding or an error in three parts, never silent nonsense."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import evenhand as eh
from evenhand.terms import DataError, Severity, UsageError

ROWS = 1_200


def _frame(**columns: object) -> pl.DataFrame:
    rng = np.random.default_rng(2)
    return pl.DataFrame(
        {
            "sex": rng.choice(np.array(["f", "m"]), ROWS),
            "hired": rng.integers(0, 2, ROWS),
            "skill": rng.normal(0, 1, ROWS),
            **columns,
        }
    )


def _found(frame: pl.DataFrame, **options: object) -> dict[str, list]:
    findings = eh.audit(frame, outcome="hired", sensitive_features=["sex"], **options).findings
    out: dict[str, list] = {}
    for finding in findings:
        assert finding.what
        assert finding.rule
        assert finding.remedy
        out.setdefault(finding.id, []).append(finding)
    return out


def test_ordinary_data_give_no_finding():
    """The frame that the other tests spoil is clean before."""
    assert _found(_frame()) == {}


def test_a_column_that_is_the_same_everywhere_is_named():
    """As number and as text."""
    found = _found(_frame(one=[1.0] * ROWS, word=["yes"] * ROWS))
    assert {finding.subject_matter for finding in found["EH-DATA-015"]} == {"one", "word"}


@pytest.mark.parametrize("kind", ["number", "text"])
def test_a_column_that_separates_the_outcomes_is_an_error(kind):
    """It cannot have been known before the outcome."""
    frame = _frame()
    late = frame["hired"] * 3.5 if kind == "number" else frame["hired"].replace_strict({0: "rejected", 1: "signed"})
    (finding,) = _found(frame.with_columns(late=late))["EH-DATA-005"]
    assert finding.severity is Severity.ERROR
    assert "separates the outcomes completely" in finding.what


def test_a_column_that_nearly_separates_them_is_an_error_too():
    """AUROC above .99, with a few exceptions."""
    frame = _frame()
    late = np.where(np.arange(ROWS) % 300 == 0, 0, frame["hired"].to_numpy())
    (finding,) = _found(frame.with_columns(late=pl.Series(late)))["EH-DATA-005"]
    assert 0.99 < finding.measured["auroc"] < 1.0


def test_columns_of_very_many_values_are_named_and_survived():
    """Ten thousand values look like an identifier; 2,500 that people share are too rare to stand alone."""
    rng = np.random.default_rng(1)
    for values, wanted in ((10_000, "EH-PII-005"), (2_500, "EH-DATA-016")):
        shelf = [f"v{number}" for number in rng.integers(0, values, 20_000)]
        sex, hired = rng.choice(np.array(["f", "m"]), 20_000), rng.integers(0, 2, 20_000)
        (finding,) = _found(pl.DataFrame({"sex": sex, "hired": hired, "shelf": shelf}))[wanted]
        assert finding.subject_matter == "shelf"
        if wanted == "EH-DATA-016":
            assert finding.measured["rare"] > 0.9


def test_three_rows_are_too_few_and_say_so():
    """No comparison, no page that looks as if all were well."""
    frame = pl.DataFrame({"sex": ["f", "m", "f"], "hired": [1, 0, 1], "skill": [1.0, 2.0, 3.0]})
    audit = eh.audit(frame, outcome="hired", sensitive_features=["sex"])
    assert "EH-DATA-017" in {finding.id for finding in audit.findings}
    assert all(rate.rows is None for comparison in audit.outcome for rate in comparison.rates)
    assert "found nothing means nothing" in " ".join(finding.what for finding in audit.findings)
    assert "</html>" in audit.to_html()


def test_infinities_are_counted_and_named():
    """They are binned with the largest, and a person is told."""
    skill = np.random.default_rng(0).normal(0, 1, ROWS)
    skill[:5], skill[5:9] = np.inf, -np.inf
    (finding,) = _found(_frame(skill=skill))["EH-DATA-018"]
    assert finding.measured["infinite"] == 9


@pytest.mark.parametrize("pattern", ["{:02d}-01-2024", "2024-{:02d}-01", "2024/{:02d}/01 12:00", "1.{:d}.24"])
def test_dates_as_text_are_named(pattern):
    """Dutch, ISO and others; a word that holds a number is no date."""
    days = [pattern.format(1 + row % 12) for row in range(ROWS)]
    assert _found(_frame(day=days))["EH-DATA-019"][0].subject_matter == "day"
    assert "EH-DATA-019" not in _found(_frame(day=["week " + day for day in days]))


def test_a_column_of_dates_is_left_out_with_a_note():
    """A typed date is no feature; as the order of the rows it is used instead."""
    days = pl.Series([f"2024-{1 + row // 100:02d}-01" for row in range(ROWS)]).str.to_date()
    assert _found(_frame(day=days))["EH-DATA-020"][0].severity is Severity.NOTE
    ordered = eh.audit(_frame(day=days), outcome="hired", sensitive_features=["sex"], order="day")
    assert ordered.periods[0].period.startswith("2024-01-01")
    assert not [finding for finding in ordered.findings if finding.id == "EH-DATA-020"]


def test_a_group_that_occurs_once_is_not_named_after_its_one_person():
    """The finding counts it; its value stands in no sentence."""
    frame = _frame()
    sex = frame["sex"].to_list()
    sex[7] = "rare value"
    found = _found(frame.with_columns(sex=pl.Series(sex)))
    (finding,) = found["EH-DATA-004"]
    assert "1 group(s)" in finding.what
    assert "rare value" not in json.dumps([finding.what, finding.remedy, dict(finding.measured)])


def test_parts_and_subjects_can_be_named():
    """A site splits the rows without being a feature; a person's rows stay on one side; the id is no feature."""
    frame = _frame(site=["north", "south"] * (ROWS // 2), who=[f"p{row // 2}" for row in range(ROWS)])
    audit = eh.audit(frame, outcome="hired", sensitive_features=["sex"], parts=["site"], subject="who")
    assert {one.column for one in audit.parts} == {"site"}
    assert {proxy.feature for proxy in audit.proxies} == {"skill"}
    assert set(audit.to_frame()["features"]) == {"sex"}
    with pytest.raises(DataError, match="sites"):
        eh.audit(frame, outcome="hired", sensitive_features=["sex"], parts=["sites"])


def test_an_audit_has_no_bin_of_one_person():
    """Bins are of 20 people where it is said whose the rows are: two words of one person each are one bin then."""
    whose = [row // 50 if row < 100 else row for row in range(ROWS)]
    words = ["north" if row % 4 < 2 else "south" for row in range(ROWS)]
    place = [f"word of {one}" if one < 2 else word for one, word in zip(whose, words, strict=True)]
    sex = ["fm"[one] if one < 2 else "fm"[one % 2] for one in whose]
    frame = _frame(sex=sex, place=place, who=[f"p{one}" for one in whose])
    apart, told = (
        eh.audit(table, outcome="hired", sensitive_features=["sex"], subject=subject).proxies
        for table, subject in ((frame.drop("who"), None), (frame, "who"))
    )
    assert [next(one for one in found if one.feature == "place").cramers_v > 0.2 for found in (apart, told)] == [
        True,
        False,
    ]


@pytest.mark.parametrize("option", ["sensitive_features", "parts"])
def test_columns_given_as_one_text_are_not_read_letter_by_letter(option):
    """ "sex" is not the columns s, e and x: it says to write a list."""
    asked = {"sensitive_features": ["sex"], option: "sex"}
    with pytest.raises(UsageError, match="must be a list of column names") as caught:
        eh.audit(_frame(), outcome="hired", **asked)
    assert caught.value.remedy == f"write {option}=['sex']"


@pytest.mark.parametrize("option", ["sensitive_features", "parts"])
def test_an_outcome_is_not_compared_with_itself(option):
    """The outcome as a group or a part would find a difference of one hundred percent."""
    asked = {"sensitive_features": ["sex"], option: ["hired"]}
    with pytest.raises(UsageError, match=f"'hired' stands in {option} too"):
        eh.audit(_frame(), outcome="hired", **asked)


def test_a_missing_column_of_a_frame_speaks_of_no_campaign_file():
    """Whoever brings a frame has no campaign file to correct."""
    with pytest.raises(DataError, match="did you mean 'hired'") as caught:
        eh.audit(_frame(), outcome="hird", sensitive_features=["sex"])
    assert "campaign" not in caught.value.rule + caught.value.remedy


def test_the_frame_that_comes_out_is_of_the_kind_that_went_in():
    """pandas in, pandas out; printed, an audit is one line."""
    audit = eh.audit(_frame().to_pandas(), outcome="hired", sensitive_features=["sex"])
    assert type(audit.to_frame()).__module__.startswith("pandas")
    assert repr(audit) == "DataAudit(1200 rows: 0 errors, 0 warnings, 0 notes)"
    assert json.loads(audit.to_json()) == audit.to_dict()
    assert audit._repr_html_().startswith("<iframe srcdoc=")


def test_no_text_of_a_finding_gives_a_verdict():
    """No string in the code that finds, and none in the catalogues, says compliant, unbiased or debiased."""
    package = Path(eh.__file__).parent
    files = [*(package / "disparity").glob("*.py"), *(package / "assembly").glob("*.py")]
    files += [*package.rglob("catalogue/*.json"), *(package / "reports").rglob("*.*")]
    verdict = re.compile(r"complian|unbiased|debiased|bias.free|onbevooroordeeld", re.IGNORECASE)
    texts = [path for path in files if path.suffix in {".py", ".json", ".html"}]
    assert len(texts) > 30
    assert [path.name for path in texts if verdict.search(path.read_text("utf-8"))] == []


@pytest.mark.parametrize(
    ("name", "said", "do"),
    [
        ("age", "Fewer than 10 values of column 'age' are no numbers, and 1192 are; so its groups are bands", "empty"),
        ("points", "its groups are its 71 different values", "declare `cut: quarters`"),
    ],
)
def test_a_sensitive_column_of_numbers_with_words_among_them_is_named(name, said, do):
    """Two per cent of words: the finding says how many, what the groups are now, and what would make bands of it."""
    texts = [str(20 + row % 70) for row in range(1_192)] + ["onbekend"] * 8
    frame = _frame().with_columns(pl.Series(name, texts))
    found = eh.audit(frame, outcome="hired", sensitive_features=[name])
    (finding,) = [one for one in found.findings if one.id == "EH-DATA-021"]
    assert said in finding.what
    assert do in finding.remedy
    page = found.to_html("nl")
    assert "zijn minder dan 10 waarden geen getal en 1.192 wel" in " ".join(page.split())


def test_intersections_too_fine_to_tell_are_named_and_the_others_stay():
    """Of three crossings only those with a column of forty small groups are lost, and the finding names them."""
    rows = 4_000
    rng = np.random.default_rng(8)
    frame = pl.DataFrame(
        {
            "sex": rng.choice(["f", "m"], rows),
            "band": rng.choice(["young", "middle", "old"], rows),
            "town": [f"t{code:02}" for code in np.minimum(rng.geometric(0.12, rows), 40)],
            "visits": rng.integers(0, 9, rows),
            "hired": (rng.random(rows) < 0.4).astype(int),
        }
    )
    found = eh.audit(frame, outcome="hired", sensitive_features=["sex", "band", "town"])
    told = {comparison.features for comparison in found.outcome if comparison.best is not None}
    assert ("sex", "band") in told
    thin = set(found.too_thin)
    (finding,) = [one for one in found.findings if one.id == "EH-DATA-022"]
    assert finding.measured["intersections"] == len(thin) > 0
    assert all(" & ".join(features) in finding.what for features in thin)
    assert all("town" in features for features in thin)
