"""The table of 6 RCNY 5-301: exact ratios, small categories with their reason, and no claim to be independent."""

from __future__ import annotations

import csv
import io
import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.disparity import NOT_INDEPENDENT, GroupRate, above_median, group_rates, impact_table

VECTORS = Path(__file__).parents[3] / "shared" / "vectors"


def _rate(name: str, rows: int, hits: int) -> GroupRate:
    return GroupRate((name,), rows, hits, hits, hits, 0.0, 1.0, "")


@pytest.mark.parametrize(
    ("example", "key"), [("selection_example", "selected"), ("scoring_example", "above_median_inferred")]
)
def test_the_printed_tables_of_the_rule_come_out_row_by_row(example, key):
    """Ratios, the share of each category and which may be left out, for sex, race and their intersection."""
    path = VECTORS / "ll144.json"
    if not path.exists():
        pytest.skip("ll144.json is not on this machine")
    for name, rows in json.loads(path.read_text("utf-8"))[example]["tables"].items():
        rates = [_rate(row["category"], row["applicants"], row[key]) for row in rows]
        for row, made in zip(rows, impact_table((name,), rates, least_share=Fraction(0)).rows, strict=True):
            assert made.ratio == Fraction(row["exact_impact_ratio"])
            assert (made.applicants, made.chosen, made.left_out) == (row["applicants"], row[key], "")
        for row, made in zip(rows, impact_table((name,), rates).rows, strict=True):
            assert (made.left_out == "under-2-percent") is row["may_be_excluded_under_2_percent_rule"]


def test_a_category_under_two_percent_keeps_its_numbers_and_its_reason():
    """15 of 1,015 have no ratio, and their higher rate is not what the others are measured by; 20 of 1,000 stay in."""
    table = impact_table(("sex",), [_rate("f", 500, 200), _rate("m", 500, 250), _rate("x", 15, 15)])
    assert [row.ratio for row in table.rows] == [Fraction(4, 5), 1, None]
    small = table.rows[2]
    assert (small.left_out, small.applicants, small.chosen, small.rate) == ("under-2-percent", 15, 15, 1)
    exactly = impact_table(("sex",), [_rate("f", 490, 200), _rate("m", 490, 250), _rate("x", 20, 10)])
    assert exactly.rows[2].left_out == ""


def test_people_of_unknown_category_are_counted_and_in_no_ratio(table_of):
    """Also where one of two columns is unknown; so few that the wall hides them are not told."""
    table = impact_table(("sex",), group_rates(table_of(female=(40, 100), male=(50, 100), unknown=(30, 60))))
    assert table.unknown == 60
    assert [row.category for row in table.rows] == ["female", "male"]
    assert impact_table(("sex",), group_rates(table_of(male=(50, 100), unknown=(1, 5)))).unknown is None


def test_what_the_wall_hides_has_no_rate(table_of):
    """Three selected of 100 are not shown, nor is a ratio made of them."""
    table = impact_table(("sex",), group_rates(table_of(female=(3, 100), male=(50, 100))))
    assert [(row.left_out, row.ratio) for row in table.rows] == [("hidden", None), ("", Fraction(1))]
    assert "fewer than shown" in table.to_csv()


def test_the_export_has_the_shape_of_the_rule_and_says_what_it_is_not():
    """Statement first, five columns of the rule, unknown last; rounding is from the exact number."""
    table = impact_table(("sex",), [_rate("Male", 1390, 667), _rate("Female", 1181, 555), _rate("=cmd", 400, 100)])
    lines = list(csv.reader(io.StringIO(table.to_csv())))
    assert lines[0] == [NOT_INDEPENDENT]
    assert lines[1][1:5] == ["# of Applicants", "# Selected", "Selection Rate", "Impact Ratio"]
    assert lines[2][:5] == ["Male", "1390", "667", "48.0%", "1.000"]
    assert lines[3][3:5] == ["47.0%", "0.979"]
    assert lines[4][0] == "'=cmd"
    assert "unknown: 0" in lines[-1][0]


def test_nothing_makes_it_an_independent_audit():
    """Text and JSON say that it is none, for either kind; the statement has no switch."""
    for kind in ("selection", "scoring"):
        table = impact_table(("sex",), [_rate("f", 10, 5)], kind=kind)
        assert table.to_dict()["independent_audit"] is False
        assert "not an independent audit" in table.to_dict()["statement"]
        assert table.to_csv().startswith(('"Calculated by the organisation itself', "Calculated by the organisation"))
    assert "Scoring Rate" in table.to_csv()


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60))
def test_above_the_median_is_above_the_median(scores):
    """By the definition: twice the score against the sum of the two middle ones, in whole numbers."""
    ordered = sorted(scores)
    middle = ordered[(len(scores) - 1) // 2] + ordered[len(scores) // 2]
    assert above_median(np.array(scores)).tolist() == [int(2 * score > middle) for score in scores]


@pytest.mark.parametrize("scores", [[], [1.0, float("nan")], [float("inf"), 1.0]])
def test_a_sample_with_a_missing_score_has_no_median(scores):
    """The full sample means everybody."""
    with pytest.raises(ValueError, match="finite score of everybody"):
        above_median(np.array(scores, dtype=np.float64))


def test_an_audit_gives_the_tables_of_all_its_views():
    """One per set of sensitive columns, from the same counts as its rates."""
    from planted_histories import null_story

    audit = null_story(1, 3_000).audit()
    tables = audit.impact_tables()
    assert [table.features for table in tables] == [one.features for one in audit.outcome]
    assert all(row.ratio is None or 0 <= row.ratio <= 1 for table in tables for row in table.rows)
