"""A model out of effects from elsewhere says what they say, but for rounding."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import random_pairs
from evenhand.scoring import assemble
from evenhand.terms import Binning, DataError, FeatureView, score_of, term_contributions

VIEW = FeatureView(
    "Marketing",
    (
        Binning("a", "number", (0.0, 1.0)),
        Binning("b", "category", categories=("x", "y")),
        Binning("c", "number", (5.0,)),
    ),
    "0" * 64,
)


@given(st.integers(0, 2**32 - 1), st.integers(0, 30), st.sampled_from(["logit", "identity", "log"]))
def test_every_score_is_the_sum_of_the_effects(seed, rows, link):
    """For every combination of codes, whether it was among the rows or not; half a unit for each term at most."""
    rng = np.random.default_rng(seed)
    pairs = random_pairs(rng, VIEW.binnings, 3)
    scale = 10.0 ** rng.integers(-2, 2 if link != "identity" else 12)
    effects = [scale * rng.normal(size=part.size) for part in (*VIEW.binnings, *pairs)]
    codes = tuple(rng.integers(1, item.size, rows).astype(np.uint8) for item in VIEW.binnings)
    model = assemble(VIEW, "o", scale, effects, pairs, codes, link=link)
    every = np.array(list(itertools.product(*(range(1, item.size) for item in VIEW.binnings))), np.uint8).T
    offer = np.zeros(every.shape[1], np.intp)
    got = score_of(model, term_contributions(model, tuple(every), offer), offer)
    expected = np.full(every.shape[1], scale)
    for effect, code in zip(effects, model.term_codes(tuple(every)), strict=True):
        expected += effect[code]
    assert np.abs(got * model.unit - expected).max() <= model.unit * (len(effects) + 1) / 2 + 1e-9 * scale
    assert all(not table[0, 0] for table in model.tables)


@given(st.integers(0, 2**32 - 1))
def test_every_term_averages_to_nothing_over_the_rows(seed):
    """So that a value which may not be used, with an entry of zero, counts as an average one."""
    rng = np.random.default_rng(seed)
    pairs = random_pairs(rng, VIEW.binnings, 3)
    effects = [rng.normal(size=part.size) for part in (*VIEW.binnings, *pairs)]
    codes = tuple(rng.integers(1, item.size, 50).astype(np.uint8) for item in VIEW.binnings)
    model = assemble(VIEW, "o", 0.0, effects, pairs, codes)
    parts = term_contributions(model, codes, np.zeros(50, np.intp))
    assert np.abs(parts.mean(axis=0)).max() <= 1


def test_effects_beyond_two_thousand_logits_are_refused():
    """They would not fit a score; amounts get a larger unit instead."""
    effects = [np.full(item.size, 3_000.0) for item in VIEW.binnings]
    codes = tuple(np.array([], np.uint8) for _ in VIEW.binnings)
    with pytest.raises(DataError, match="too large for a score"):
        assemble(VIEW, "o", 0.0, effects, (), codes)
    assert assemble(VIEW, "o", 0.0, effects, (), codes, link="identity").unit == pytest.approx(1e-5)
