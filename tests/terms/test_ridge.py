"""Regression from counts is the regression that rows would give."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.terms import pair_counts, ridge_from_counts


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32), people=st.integers(2, 200), ridge=st.floats(0.5, 50))
def test_counts_give_what_rows_give(seed, people, ridge):
    """Slopes from pair counts and members per bin equal those of ridge regression on the centred one-hot rows."""
    rng = np.random.default_rng(seed)
    sizes = [3, 5]
    codes = [rng.integers(0, size, people) for size in sizes]
    member = rng.random(people) < 0.3
    hot = np.concatenate([np.eye(size)[code] for size, code in zip(sizes, codes, strict=True)], axis=1)
    found = ridge_from_counts(
        pair_counts(codes, sizes), hot.T @ member[:, None], np.array([member.mean()]), people, ridge
    )
    centred = hot - hot.mean(axis=0)
    wanted = np.linalg.solve(centred.T @ centred + ridge * np.eye(8), centred.T @ (member - member.mean()))
    np.testing.assert_allclose(found[:, 0], wanted, atol=1e-8)


@given(seed=st.integers(0, 2**32), people=st.integers(0, 100))
def test_pair_counts_are_symmetric_and_hold_everybody_once(seed, people):
    """The block of two columns adds up to the people, and mirrors that of the same two the other way round."""
    rng = np.random.default_rng(seed)
    pairs = pair_counts([rng.integers(0, 4, people).astype(np.uint8), rng.integers(0, 200, people)], [4, 200])
    assert pairs[:4, 4:].sum() == people
    assert (pairs == pairs.T).all()
