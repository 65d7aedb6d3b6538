"""The link table: integers in, parts per million out, the same everywhere."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.scoring import link_nodes, probability_ppm
from evenhand.terms import one_score_ppm, score_ppm


def test_the_link_table_is_monotone_and_within_one_ppm_of_the_logistic_function_over_its_whole_range():
    """Every 5th micro-logit from -17 to 17 logits, and every single one around nodes."""
    last = -1
    for start in range(-17_000_000, 17_000_000, 2_000_000):
        score = np.arange(start, start + 2_000_000, 5)
        ppm = probability_ppm(score)
        exact = 1e6 / (1.0 + np.exp(-score / 1e6))
        assert np.abs(ppm - exact).max() <= 1.0
        assert (np.diff(ppm) >= 0).all()
        assert ppm[0] >= last
        last = int(ppm[-1])
    around = np.concatenate([np.arange(node - 3, node + 4) for node in range(-16_384_000, 16_384_001, 20_480)])
    assert (np.diff(probability_ppm(around)) >= 0).all()


@given(st.integers(-(2**31) + 1, 2**31 - 1))
def test_a_score_and_its_negative_share_one_million(score):
    """The table is symmetric: p(-x) = 1 - p(x), exactly."""
    both = probability_ppm(np.array([score, -score], np.int64))
    assert int(both.sum()) == 1_000_000


@given(st.integers(-(2**31) + 1, 2**31 - 2))
def test_one_micro_logit_more_never_lowers_the_probability(score):
    """Monotone between any two neighbours of the whole int32 range."""
    lower, higher = probability_ppm(np.array([score, score + 1], np.int64)).tolist()
    assert lower <= higher


def test_the_nodes_are_the_same_on_every_machine():
    """Known integers at the start, in the middle and at the end (made without floating point)."""
    nodes = link_nodes()
    assert len(nodes) == 7814
    assert nodes[[0, 1, 2]].tolist() == [512_000_000, 512_524_288, 513_048_575]
    assert int(nodes[-1]) == 1_023_999_885
    assert (np.diff(nodes) >= 0).all()


def test_the_extremes_are_nothing_and_certainty():
    """Scores at the clip give 0 and 1,000,000."""
    assert probability_ppm(np.array([-2_000_000_000, 2_000_000_000], np.int32)).tolist() == [0, 1_000_000]


@given(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=1, max_size=20), st.sampled_from(["logit", "identity"]))
def test_parts_per_million_follow_the_link_and_never_fall_with_the_score(scores, link):
    """One by one or in a batch, the same bits; a change is the score itself, cut off where no chance changes more."""
    ordered = sorted(scores)
    ppm = score_ppm(np.array(ordered), link).tolist()
    assert ppm == [one_score_ppm(score, link) for score in ordered] == sorted(ppm)
    if link == "identity":
        assert ppm == [min(max(score, -1_000_000), 1_000_000) for score in ordered]
    else:
        assert ppm == probability_ppm(np.array(ordered)).tolist()


@pytest.mark.parametrize("ask", [lambda: score_ppm(np.array([0]), "log"), lambda: one_score_ppm(0, "log")])
def test_a_count_says_nothing_of_a_probability(ask):
    """A model of counts cannot take the place of one of responses by mistake."""
    with pytest.raises(ValueError, match="says nothing of a probability"):
        ask()
