"""Raw value to bin code: exact at every border."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.features import Words, encode
from evenhand.terms import MISSING, OTHER, WITHHELD, Binning, DataError

floats = st.floats(allow_nan=True, allow_infinity=True, width=64)


def _texts(*values):
    return np.array(values, dtype=object)


@given(
    cuts=st.sets(st.floats(allow_nan=False, allow_infinity=False), max_size=60), values=st.lists(floats, max_size=60)
)
def test_a_number_has_the_code_that_its_definition_gives(cuts, values):
    """Code = 3 + (number of cuts at or below the value), for ties, infinities and any spread of cuts."""
    cuts = tuple(sorted(cuts))
    values = [*values, *cuts, *(math.nextafter(cut, -math.inf) for cut in cuts)]
    expected = [MISSING if math.isnan(v) else 3 + sum(cut <= v for cut in cuts) for v in values]
    binning = Binning("x", "number", cuts=cuts)
    assert encode(binning, np.array(values)).tolist() == expected
    many = 1_000 // max(len(values), 1) + 1  # a long column takes the quick way
    assert encode(binning, np.array(values * many)).tolist() == expected * many


def test_a_value_on_a_border_is_in_the_upper_bin():
    """The border belongs to the bin that it opens."""
    codes = encode(Binning("x", "number", cuts=(1.0, 2.0)), np.array([np.nextafter(1, 0), 1, np.nextafter(2, 0), 2]))
    assert codes.tolist() == [3, 4, 4, 5]


def test_infinities_are_values_and_nan_is_missing():
    """+-inf fall in the outer bins; only NaN is missing."""
    codes = encode(Binning("x", "number", cuts=(0.0,)), np.array([-np.inf, np.inf, np.nan, -0.0]))
    assert codes.tolist() == [3, 4, MISSING, 4]


def test_a_column_without_cuts_has_one_bin():
    """A constant column is one bin and the missing."""
    assert encode(Binning("x", "number"), np.array([7.0, -1e300, np.nan])).tolist() == [3, 3, MISSING]


def test_many_rows_are_encoded_as_few_are():
    """Blocks are an inner matter: a long column has the codes of its parts, and order does not matter."""
    rng = np.random.default_rng(1)
    values = np.where(rng.random(50_001) < 0.1, np.nan, rng.lognormal(0, 4, 50_001))
    binning = Binning("x", "number", cuts=tuple(np.sort(rng.lognormal(0, 4, 199)).tolist()))
    codes = encode(binning, values)
    shuffled = rng.permutation(len(values))
    assert np.array_equal(codes[shuffled], encode(binning, values[shuffled]))
    expected = np.searchsorted(np.array(binning.cuts), values, side="right") + 3
    assert np.array_equal(codes, np.where(np.isnan(values), MISSING, expected))


def test_categories_are_found_by_their_one_text():
    """1, 1.0 and "1" are one category; True is "true"; None, NaN and "" are missing; unseen is other."""
    binning = Binning("x", "category", categories=("1", "2.5", "true"))
    values = _texts("1", 1, 1.0, np.float64(1), 2.5, "2.5", True, "true", None, "", float("nan"), "moon", 0, False)
    assert encode(binning, values).tolist() == [3, 3, 3, 3, 4, 4, 5, 5, MISSING, MISSING, MISSING, OTHER, OTHER, OTHER]


def test_true_is_not_one():
    """In a category column, True and 1 are different texts, whatever comes first."""
    binning = Binning("x", "category", categories=("1",))
    assert encode(binning, _texts(True, 1, True, 1.0)).tolist() == [OTHER, 3, OTHER, 3]


def test_numbers_in_a_category_column_become_text():
    """A category column that came as float64 matches the categories' text."""
    binning = Binning("pc", "category", categories=("1011", "inf"))
    assert encode(binning, np.array([1011.0, np.nan, np.inf, 7.0])).tolist() == [3, MISSING, 4, OTHER]


def test_text_in_a_number_column_is_read_where_it_is_a_number():
    """Numbers and booleans that came as text count as numbers."""
    binning = Binning("x", "number", cuts=(1.0,))
    assert encode(binning, _texts("0.5", "1e3", "true", "false", None, "")).tolist() == [3, 4, 4, 3, MISSING, MISSING]


@pytest.mark.parametrize("wrong", ["2026-01-01", "12 euro", "1_000", "1,5"])
def test_a_date_or_word_in_a_number_column_is_an_error(wrong):
    """The message counts what is wrong and shows no value."""
    with pytest.raises(DataError, match="1 of 2 values are not numbers") as caught:
        encode(Binning("x", "number", cuts=(1.0,)), _texts("3", wrong))
    assert wrong not in str(caught.value)


@given(
    values=st.lists(st.one_of(st.none(), st.text(max_size=3), st.integers(-3, 3), st.booleans(), floats), max_size=40)
)
def test_no_value_is_ever_withheld_or_out_of_range(values):
    """Encoding never gives code 0, never a code beyond the binning, and one text has one code."""
    binning = Binning("x", "category", categories=("", "1", "a", "true"))
    codes = encode(binning, _texts(*values))
    assert not (codes == WITHHELD).any()
    assert (codes < binning.size).all()


@given(
    texts=st.lists(st.one_of(st.none(), st.text(max_size=2)), max_size=8, unique=True),
    picked=st.lists(st.integers(0, 7), max_size=40),
)
def test_words_that_rows_share_are_encoded_as_each_row_by_itself(texts, picked):
    """Each different text once, or one object per row: the same codes, of categories and of numbers in text."""
    texts = [*texts, None]
    words = Words(_texts(*texts), np.array([place % len(texts) for place in picked], dtype=np.intp))
    rows = np.array([*words.tolist(), None], dtype=object)[:-1]
    binning = Binning("x", "category", categories=("", "1", "a", "b"))
    assert encode(binning, words).tolist() == encode(binning, rows).tolist()
    assert words[::2].tolist() == rows[::2].tolist()
    half = Words(_texts("0.5", "2", None), np.array([1, 1, 0, 2]))
    assert encode(Binning("x", "number", cuts=(1.0,)), half).tolist() == [4, 4, 3, MISSING]
