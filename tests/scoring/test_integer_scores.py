"""Scores, values and contributions are whole numbers that add up."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.scoring import contributions, probability_ppm, score
from evenhand.terms import DataError

SEEDS = st.integers(0, 2**32 - 1)


@given(SEEDS)
def test_base_and_contributions_add_up_to_the_score_with_nothing_left_over(
    random_model, random_codes, minimised_of, campaign_of, seed
):
    """For every offer and person, whatever the codes: missing, other and withheld included."""
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    codes = random_codes(rng, model, 9)
    scored = score(minimised_of(model, codes, 9), campaign_of(3))
    for j in range(3):
        parts = contributions(model, codes, np.full(9, j, np.int16))
        assert (model.base[j] + parts.sum(axis=1, dtype=np.int64) == scored.score[j]).all()


@given(SEEDS)
def test_a_batch_of_one_has_the_bits_of_its_row_in_a_batch(random_model, random_codes, minimised_of, campaign_of, seed):
    """Batch and live are the same road."""
    rng = np.random.default_rng(seed)
    model = random_model(rng)
    codes = random_codes(rng, model, 7)
    whole = score(minimised_of(model, codes, 7), campaign_of(3))
    for i in range(7):
        alone = score(minimised_of(model, tuple(column[..., i : i + 1] for column in codes), 1), campaign_of(3))
        assert (alone.score[:, 0] == whole.score[:, i]).all()
        assert (alone.probability[:, 0] == whole.probability[:, i]).all()
        assert (alone.value[:, 0] == whole.value[:, i]).all()


def test_a_batch_larger_than_a_block_is_the_sum_of_its_tables(random_model, random_codes, minimised_of, campaign_of):
    """40,000 people, checked against plain indexing."""
    rng = np.random.default_rng(5)
    model = random_model(rng, terms=5)
    codes = random_codes(rng, model, 40_000)
    scored = score(minimised_of(model, codes, 40_000), campaign_of(3))
    for j in range(3):
        expected = np.full(40_000, model.base[j])
        for table, column in zip(model.tables, model.term_codes(codes), strict=True):
            expected = expected + table[j][column[j] if column.ndim == 2 else column]
        assert (scored.score[j] == expected).all()
        assert (scored.probability[j] == probability_ppm(expected)).all()


def test_a_person_whose_values_are_all_withheld_scores_the_base(random_model, minimised_of, campaign_of):
    """The contextual decision has no personal column in it."""
    model = random_model(np.random.default_rng(1))
    codes = tuple(np.zeros((3, 2) if item.per_offer else 2, np.uint8) for item in model.view.binnings)
    scored = score(minimised_of(model, codes, 2), campaign_of(3))
    assert (scored.score == model.base[:, None]).all()


def test_a_score_beyond_two_thousand_logits_is_clipped(random_model, random_codes, minimised_of, campaign_of):
    """Tables whose sum leaves int32 are added in int64 and clipped to plus and minus 2e9."""
    rng = np.random.default_rng(2)
    model = random_model(rng, terms=6, spread=1_900_000_000)
    codes = random_codes(rng, model, 500)
    scored = score(minimised_of(model, codes, 500), campaign_of(3))
    parts = contributions(model, codes, np.zeros(500, np.int16))
    exact = model.base[0] + parts.sum(axis=1, dtype=np.int64)
    assert (np.abs(exact) > 2_000_000_000).any()
    assert (scored.score[0] == np.clip(exact, -2_000_000_000, 2_000_000_000)).all()


@given(st.decimals(0, 1_000_000, places=6), st.decimals(0, 1_000, places=6))
def test_a_value_is_floored_exactly_for_any_amount_of_money(
    random_model, random_codes, minimised_of, campaign_of, value, cost
):
    """Checked against exact fractions, up to the largest amount that a campaign file may hold."""
    rng = np.random.default_rng(3)
    model = random_model(rng, offers=1)
    campaign = campaign_of(1, value=str(value), cost=str(cost))
    scored = score(minimised_of(model, random_codes(rng, model, 20), 20), campaign)
    offer = campaign.offers[0]
    for ppm, reached in zip(scored.probability[0].tolist(), scored.value[0].tolist(), strict=True):
        assert reached == Fraction(offer.value_micro * ppm, 1_000_000).__floor__() - offer.cost_micro


def test_no_offer_has_no_contributions(random_model, random_codes):
    """An offer of -1 gives a row of zeros."""
    rng = np.random.default_rng(4)
    model = random_model(rng)
    parts = contributions(model, random_codes(rng, model, 3), np.array([-1, 2, -1], np.int16))
    assert not parts[[0, 2]].any()


def test_a_model_for_other_offers_is_refused(random_model, random_codes, minimised_of, campaign_of):
    """Offers must be those of the fit, in the same order."""
    rng = np.random.default_rng(4)
    model = random_model(rng)
    with pytest.raises(DataError, match="fitted for other offers"):
        score(minimised_of(model, random_codes(rng, model, 3), 3), campaign_of(2))
