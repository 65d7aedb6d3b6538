"""A pooled rate is set beside the rates within parts: sites, offers, periods."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.disparity import Parts, stratify
from evenhand.terms import Binning, Severity
from evenhand.vault import Vault
from planted_histories import SITES, Story, recruitment


def _findings(story: Story, **options: object) -> list:
    return [item for item in story.audit(**options).findings if item.id == "EH-DATA-008"]


def _stratified(story: Story):
    parts = Parts("site", story.codes[0].astype(int) - 3, SITES)
    found = stratify(story.vault(), "sex", parts, story.outcome, minimum_size=30, why="test")
    return {one.group: one for one in found}["woman"]


def test_a_recruitment_history_that_looks_even_is_seen_through():
    """Pooled .9 or more, .6 in every site: the finding names group, column and the lowest part."""
    story = recruitment()
    assert not [item for item in story.audit().findings if item.id == "EH-DATA-001"]
    (finding,) = _findings(story)
    assert finding.severity is Severity.WARNING
    assert finding.measured["kind"] in ("hidden", "reversed")
    assert (finding.measured["group"], finding.measured["column"]) == ("woman", "site")
    assert finding.measured["pooled"] > 0.9
    assert finding.measured["within"] == pytest.approx(0.6, abs=0.05)
    assert finding.measured["part"] in SITES


def test_the_common_ratio_is_that_of_the_textbook():
    """Mantel and Haenszel, Greenland and Robins, Cochran: computed here row by row from the same history."""
    story = recruitment(within=0.9)
    one = _stratified(story)
    woman, site = story.groups["sex"] == "woman", story.codes[0] - 3
    top = bottom = spread = surplus = variance = 0.0
    for part in range(4):
        here = site == part
        a, n1 = story.outcome[here & woman].sum(), (here & woman).sum()
        c, n0 = story.outcome[here & ~woman].sum(), (here & ~woman).sum()
        n, m = n1 + n0, a + c
        top, bottom = top + a * n0 / n, bottom + c * n1 / n
        spread += (m * n1 * n0 - a * c * n) / n**2
        surplus += a - m * n1 / n
        variance += n1 * n0 * m * (n - m) / (n**2 * (n - 1))
    assert one.hidden_cells == 0
    assert one.ratio == pytest.approx(top / bottom, rel=1e-12)
    error = np.sqrt(spread / (top * bottom))
    assert (one.lower, one.upper) == pytest.approx(
        (one.ratio * np.exp(-1.959964 * error), one.ratio * np.exp(1.959964 * error)), rel=1e-6
    )
    assert one.z == pytest.approx(surplus / np.sqrt(variance), rel=1e-12)
    assert one.unlike > 1e-6


def test_a_single_part_with_a_skew_of_its_own_is_named():
    """Even in three sites, .4 in one: pooled within the bound, and the part is found."""
    rng = np.random.default_rng(8)
    woman, site = rng.random(8_000) < 0.5, rng.integers(0, 4, 8_000)
    rate = np.where(woman & (site == 2), 0.12, np.where(woman, 0.32, 0.3))
    outcome = (rng.random(8_000) < rate).astype(np.uint8)
    story = Story(
        {"sex": np.where(woman, "woman", "man")},
        [Binning("site", "category", categories=SITES)],
        [(3 + site).astype(np.uint8)],
        outcome,
    )
    (finding,) = _findings(story)
    assert finding.measured["kind"] == "uneven"
    assert finding.measured["part"] == "south"
    assert finding.measured["part_ratio"] == pytest.approx(0.4, abs=0.1)


def test_a_gap_that_lies_between_parts_is_a_note():
    """Women apply where few are hired, and are hired alike within each site: named, and lighter."""
    story = recruitment(within=1.0)
    story.groups["sex"] = np.where(story.groups["sex"] == "woman", "man", "woman")
    (finding,) = _findings(story)
    assert finding.measured["kind"] == "between"
    assert finding.severity is Severity.NOTE
    assert finding.measured["pooled"] < 0.8 < finding.measured["within"]


def test_a_column_of_parts_can_be_declared():
    """The sites need not be a feature; codes below zero are left out."""
    story = recruitment()
    site = story.codes[0].astype(int) - 3
    site[:50] = -1
    story.binnings, story.codes = [], []
    (finding,) = _findings(story, parts=[Parts("plant", site, SITES)])
    assert finding.measured["column"] == "plant"


def test_small_parts_are_summed_but_not_named():
    """A part with 12 women counts in the common ratio and is not judged by itself; nothing hidden is shown."""
    story = recruitment(rows=1_200)
    one = _stratified(story)
    assert all(part.rows >= 20 and part.other_rows >= 20 for part in one.parts)
    assert one.ratio is not None


@given(
    st.lists(
        st.tuples(st.integers(10, 80), st.integers(10, 80), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=5
    )
)
def test_any_table_of_parts_gives_finite_numbers(cells):
    """Empty hits, full hits, one part: nothing divides by zero, and one part alone gives the pooled ratio."""
    sex, codes, outcome = [], [], []
    for part, (women, men, rate, other) in enumerate(cells):
        for group, people, share in (("woman", women, rate), ("man", men, other)):
            hits = round(people * share)
            sex += [group] * people
            codes += [part] * people
            outcome += [1] * hits + [0] * (people - hits)
    vault = Vault({"sex": sex}, np.ones(len(sex), dtype=bool), minimum_cell=1)
    parts = Parts("site", np.array(codes), tuple(f"p{i}" for i in range(len(cells))))
    for one in stratify(vault, "sex", parts, np.array(outcome, np.uint8), minimum_size=10, why="test"):
        assert np.isfinite([one.pooled_difference, one.pooled_z, one.difference, one.z, one.unlike]).all()
        assert 0.0 <= one.unlike <= 1.0
        if len(cells) == 1 and one.ratio is not None and one.pooled_ratio is not None:
            assert one.ratio == pytest.approx(one.pooled_ratio)
