"""Gate 2 reads what the view names, for whom it may be read, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.features import minimise
from evenhand.terms import WITHHELD, Binning, DataError, Standing

AGE = Binning("visits", "number", cuts=(2.0, 10.0))
REGION = Binning("region", "category", categories=("east", "west"))
BOUGHT = Binning("bought", "number", cuts=(1.0,), per_offer=True)


def _columns(n, seed=0):
    rng = np.random.default_rng(seed)
    return {
        "visits": rng.normal(5, 6, n),
        "region": rng.choice(np.array(["east", "west", None], dtype=object), n),
        "bought@a": rng.integers(0, 3, n).astype(float),
        "bought@b": rng.integers(0, 3, n).astype(float),
    }


def _same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.codes, other.codes, strict=True))


def test_nobody_else_is_read(spy, make_model, permitted):
    """Values are asked for only of people with standing personalised (G-5b, G-21b)."""
    standing = np.array([Standing.PERSONALISED, Standing.REFUSED, Standing.CONTEXTUAL, Standing.PERSONALISED])
    columns = spy(_columns(4))
    minimise(permitted(standing), make_model(AGE, REGION, BOUGHT), columns)
    assert {rows for _, rows in columns.reads} == {(0, 3)}


def test_nothing_is_read_when_nobody_may_be(spy, make_model, permitted):
    """A batch of refused and contextual people causes no read at all."""
    columns = spy({})
    made = minimise(permitted(np.array([Standing.REFUSED, Standing.CONTEXTUAL])), make_model(AGE, BOUGHT), columns)
    assert columns.reads == []
    assert all((codes == WITHHELD).all() for codes in made.codes)


def test_only_the_columns_of_the_view_are_asked_for(spy, make_model, permitted):
    """A column outside the view is never asked for, and a per-offer feature is asked for once per offer."""
    columns = spy(_columns(3) | {"diagnosis": np.zeros(3)})
    minimise(permitted(np.full(3, Standing.PERSONALISED)), make_model(AGE, BOUGHT), columns)
    assert [name for name, _ in columns.reads] == ["visits", "bought@a", "bought@b"]


def test_people_who_may_not_be_read_are_withheld_in_every_term(spy, make_model, permitted):
    """Whoever is refused or contextual has code 0; whoever is personalised never has."""
    standing = np.array([Standing.PERSONALISED, Standing.CONTEXTUAL, Standing.REFUSED])
    made = minimise(permitted(standing), make_model(AGE, REGION, BOUGHT), spy(_columns(3)))
    for codes in made.codes:
        assert (codes[..., 1:] == WITHHELD).all()
        assert (codes[..., 0] != WITHHELD).all()


def test_codes_have_the_shape_that_the_model_expects(spy, make_model, permitted):
    """One uint8 array per term: [n], or [offers, n] for a per-offer feature."""
    made = minimise(permitted(np.full(5, Standing.PERSONALISED)), make_model(AGE, BOUGHT), spy(_columns(5)))
    assert [(codes.shape, codes.dtype) for codes in made.codes] == [((5,), np.uint8), ((2, 5), np.uint8)]


def test_an_empty_batch_is_a_batch(spy, make_model, permitted):
    """Nobody asked about means no codes, and no error."""
    made = minimise(permitted(np.array([])), make_model(AGE, BOUGHT), spy(_columns(0)))
    assert [codes.shape for codes in made.codes] == [(0,), (2, 0)]


def test_a_missing_per_offer_column_is_named(spy, make_model, permitted):
    """Each offer needs its own column of a per-offer feature."""
    columns = _columns(2)
    del columns["bought@b"]
    with pytest.raises(DataError, match="no column 'bought@b'"):
        minimise(permitted(np.full(2, Standing.PERSONALISED)), make_model(BOUGHT), spy(columns))


def test_a_source_of_another_length_is_refused(make_model, permitted):
    """Values that do not line up with the people asked about are an error, never shifted silently."""

    class Short:
        def read(self, name, rows):
            return np.zeros(int(rows.sum()) - 1)

    with pytest.raises(DataError, match="has 2 values for 3 people"):
        minimise(permitted(np.full(3, Standing.PERSONALISED)), make_model(AGE), Short())


@given(seed=st.integers(0, 2**32), outside=st.dictionaries(st.text(max_size=8), st.integers(0, 9), max_size=4))
def test_columns_outside_the_view_move_nothing(spy, make_model, permitted, seed, outside):
    """Change every column outside the view at random, or delete them: not one bit moves (G-5b, G-5c)."""
    rng = np.random.default_rng(seed)
    standing = permitted(rng.integers(0, 3, 40))
    model = make_model(AGE, REGION, BOUGHT)
    inside = _columns(40, seed)
    others = {name: rng.normal(size=40) * scale for name, scale in outside.items() if name not in inside}
    changed = {name: rng.permutation(values) for name, values in others.items()}
    made = minimise(standing, model, spy(inside | others))
    assert _same(made, minimise(standing, model, spy(inside | changed)))
    assert _same(made, minimise(standing, model, spy(inside)))


@given(seed=st.integers(0, 2**32))
def test_values_of_withheld_people_move_nothing(spy, make_model, permitted, seed):
    """What a refused person's columns hold changes no bit of anybody's codes."""
    rng = np.random.default_rng(seed)
    standing = rng.integers(0, 3, 40)
    inside = _columns(40, seed)
    hidden = standing != Standing.PERSONALISED
    changed = {name: values.copy() for name, values in inside.items()}
    for values in changed.values():
        values[hidden] = rng.permutation(values[hidden])
    model = make_model(AGE, REGION, BOUGHT)
    assert _same(minimise(permitted(standing), model, spy(inside)), minimise(permitted(standing), model, spy(changed)))


@given(seed=st.integers(0, 2**32))
def test_one_person_at_a_time_gives_the_same_codes(spy, make_model, permitted, seed):
    """A batch of one is the same road as a batch of many."""
    model = make_model(AGE, REGION, BOUGHT)
    inside = _columns(6, seed)
    standing = np.random.default_rng(seed).integers(0, 3, 6)
    together = minimise(permitted(standing), model, spy(inside))
    for i in range(6):
        alone = minimise(
            permitted(standing[i : i + 1]), model, spy({name: values[i : i + 1] for name, values in inside.items()})
        )
        for many, one in zip(together.codes, alone.codes, strict=True):
            assert np.array_equal(many[..., i : i + 1], one)
