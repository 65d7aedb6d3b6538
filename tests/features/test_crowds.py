"""A bin and a named category are of many people, however many rows one of them has."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evenhand.features import Words, encode, learn_binning, learn_view
from evenhand.terms import OTHER

ROWS_OF_ONE = 40


def _people_and_one(usual, odd, people=300):
    """Everybody has a row with a usual value; one person has many rows with an odd one."""
    values = np.array([*usual, *[odd] * ROWS_OF_ONE], dtype=type(odd) if isinstance(odd, float) else object)
    return values, np.concatenate([np.arange(people), np.full(ROWS_OF_ONE, people)])


def _people_in(binning, values, person):
    codes = encode(binning, values)
    return {int(code): len(set(person[codes == code].tolist())) for code in np.unique(codes) if code > OTHER}


def test_a_name_that_one_person_gave_in_many_rows_is_no_category():
    """34 rows of one person are one person: the name stays out of the bins, the model, the ledger and the report."""
    values, person = _people_and_one(["north", "south", "east"] * 100, "kanarie")
    assert "kanarie" in learn_binning("district", values).categories
    assert learn_binning("district", values, person=person).categories == ("east", "north", "south")
    words = Words(
        *(part.astype(kind) for part, kind in zip(np.unique(values, return_inverse=True), (object, int), strict=True))
    )
    assert learn_binning("district", words, person=person).categories == ("east", "north", "south")


def test_a_number_that_one_person_has_in_many_rows_is_no_bin():
    """An income of five million in forty rows of one person has no border of its own."""
    values, person = _people_and_one(np.tile(np.arange(30.0), 10), 5e6)
    assert learn_binning("income", values).cuts[-1] > 29.0
    binning = learn_binning("income", values, person=person)
    assert binning.cuts[-1] <= 29.0
    assert min(_people_in(binning, values, person).values()) >= 20


@given(
    rows=st.lists(st.tuples(st.integers(0, 60), st.integers(-4, 4)), min_size=1, max_size=400),
    fewest=st.integers(2, 12),
    weighted=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_every_bin_and_name_has_its_people(rows, fewest, weighted, seed):
    """In any history, in any order, every bin of a number but a lone one and every name is of `minimum_bin` people."""
    shuffled = np.random.default_rng(seed).permutation(len(rows))
    person, number = np.array(rows).T
    values = number.astype(np.float64) ** 3
    names = np.array([f"n{one}" for one in number], dtype=object)
    weight = None if not weighted else 1.0 + person % 3
    asked = {"minimum_bin": fewest, "max_bins": 5}
    for column in (values, names):
        binning = learn_binning("x", column, weight=weight, person=person, **asked)
        crowds = _people_in(binning, column, person)
        assert min(crowds.values(), default=fewest) >= fewest or binning.size == 4
        assert len(crowds) <= 5 or binning.kind == "category"
        again = learn_binning(
            "x", column[shuffled], weight=None if weight is None else weight[shuffled], person=person[shuffled], **asked
        )
        assert again == binning
    kept = {f"n{one}" for one in set(number.tolist()) if len(set(person[number == one].tolist())) >= fewest}
    assert set(binning.categories) == kept


@given(values=st.lists(st.integers(-50, 50), min_size=1, max_size=300), fewest=st.integers(1, 30))
def test_where_everybody_has_one_row_people_change_nothing(values, fewest):
    """Rows are people there: the bins are the same to the bit, with ids and without."""
    person = np.random.default_rng(0).permutation(len(values))
    for column in (np.array(values, float), np.array([f"n{one}" for one in values], dtype=object)):
        assert learn_binning("x", column, minimum_bin=fewest, person=person) == learn_binning(
            "x", column, minimum_bin=fewest
        )


def test_a_view_counts_people(make_campaign):
    """`model.minimum_bin` says people, and people it is for every feature of a campaign."""
    district, person = _people_and_one(["north", "south", "east"] * 100, "kanarie")
    income, _ = _people_and_one(np.tile(np.arange(30.0), 10), 5e6)
    campaign = make_campaign({"district": {}, "income": {"kind": "number"}}, minimum_bin=20)
    view = learn_view(campaign, {"district": district, "income": income}, person)
    assert [
        min(_people_in(one, column, person).values()) >= 20
        for one, column in zip(view.binnings, (district, income), strict=True)
    ] == [True, True]
