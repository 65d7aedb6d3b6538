"""Two releases on nearly the same people: subtracting them tells nobody's group."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from evenhand.terms import Measure, TableQuestion, ToldGroup, figure_between
from evenhand.vault import Vault, told_again
from patience import tries

SETS = (("sex",), ("age",), ("sex", "age"))


@st.composite
def two_tables(draw):
    """Groups and outcomes of some hundreds of people, and two of them with the same outcome."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(200, 700))
    sex = rng.choice(["f", "m"], n, p=(0.6, 0.4)).tolist()
    age = rng.choice(["a", "b", "c"], n, p=(0.4, 0.3, 0.3)).tolist()
    hit = (rng.random(n) < draw(st.sampled_from([0.3, 0.5]))).astype(np.int64)
    same = np.flatnonzero(hit == hit[0]).tolist()
    return {"sex": sex, "age": age}, hit, draw(st.sampled_from(same)), draw(st.sampled_from(same))


def _released(columns, hit, gone=(), earlier=(), sets=SETS, releases=()):
    rows = np.ones(len(hit), dtype=bool)
    rows[list(gone)] = False
    vault = Vault(columns, rows, told=lambda: [earlier, *releases])
    return vault.release([TableQuestion(names, hit, family="decision") for names in sets], why="test")


def _said(tables):
    return [
        (t.features, t.groups, *(a.tolist() for a in (t.people_least, t.people_most, t.hits_least, t.hits_most)))
        for t in tables
    ]


def _exact(table):
    return all((table.people_least == table.people_most).ravel())


@given(case=two_tables())
@settings(max_examples=tries(20, 400), deadline=None)
def test_of_whom_one_is_gone_does_not_follow_from_what_is_told_before_and_after(case):
    """Whichever of two people with one outcome is left out, the same is told, whatever groups they are in."""
    columns, hit, one, other = case
    before = _released(columns, hit)
    if all(_exact(table) for table in before):
        assert _said(_released(columns, hit, [one], before)) == _said(_released(columns, hit, [other], before))


@given(case=two_tables(), few=st.integers(1, 5), seed=st.integers(0, 99))
@settings(max_examples=tries(20, 400), deadline=None)
def test_beside_several_releases_it_does_not_follow_from_which_of_them_is_told(case, few, seed):
    """A decision that differs by a few people was told as well: whichever of two people is gone the same is told, so
    the choice between the two tells nothing."""
    columns, hit, one, other = case
    others = np.setdiff1d(np.arange(len(hit)), [one, other])
    second = hit.copy()
    second[np.random.default_rng(seed).choice(others, few, replace=False)] ^= 1
    first = _released(columns, hit)
    again = _released(columns, second)
    if all(_exact(table) for table in (*first, *again)):
        told = [_said(_released(columns, hit, [gone], again, releases=[first])) for gone in (one, other)]
        assert told[0] == told[1]


def _figures(tables, kept):
    """Between what each kind of limit lies, by what two reports tell of it."""
    groups = [
        [
            ToldGroup(people, hits, is_judged=people[0] >= 30 or (None if people[1] >= 30 else False))
            for people, hits in zip(
                zip(t.people_least[:, 0].tolist(), t.people_most[:, 0].tolist(), strict=True),
                zip(t.hits_least[:, 0].tolist(), t.hits_most[:, 0].tolist(), strict=True),
                strict=True,
            )
        ]
        for t in tables
    ]
    kinds = [one for one in Measure if not one.is_weighted and not one.is_floor]
    return {kind: figure_between(kind, groups, kept.get(kind)) for kind in kinds}


@given(case=two_tables(), bound=st.sampled_from([0.5, 0.8]))
@settings(max_examples=tries(20, 400), deadline=None)
def test_of_whom_one_is_gone_does_not_follow_from_the_figures_of_limits_before_and_after(case, bound):
    """All that is told before and after, figures of limits included, is the same whichever of two people is gone: so is
    every difference of it."""
    columns, hit, one, other = case
    before = _released(columns, hit)
    if not all(_exact(table) for table in before):
        return
    kept = {Measure.SELECTION_RATE_RATIO: bound}
    told = [_figures(_released(columns, hit, [gone], before), kept) for gone in (one, other)]
    assert told[0] == told[1]


@given(case=two_tables(), few=st.integers(1, 9), seed=st.integers(0, 99))
@settings(max_examples=tries(20, 400), deadline=None)
def test_what_is_told_of_nearly_the_same_people_is_true(case, few, seed):
    """Every number lies within what is told of it, and none that is exact is a few people from the earlier one."""
    columns, hit, *_ = case
    gone = np.random.default_rng(seed).choice(len(hit), few, replace=False).tolist()
    before = _released(columns, hit)
    after = _released(columns, hit, gone, before)
    left = np.ones(len(hit), dtype=bool)
    left[gone] = False
    for was, table in zip(before, after, strict=True):
        old = dict(zip(was.groups, was.people_least[:, 0].tolist(), strict=True))
        for at, group in enumerate(table.groups):
            mine = left & np.all(
                [np.array(columns[name]) == value for name, value in zip(table.features, group, strict=True)], axis=0
            )
            least, most = table.people_least[at, 0], table.people_most[at, 0]
            assert least <= mine.sum() <= most
            assert table.hits_least[at, 0] <= (mine & (hit > 0)).sum() <= table.hits_most[at, 0]
            if least == most and _exact(was):
                assert not 0 < abs(least - old[group]) < 10


def test_the_same_people_are_told_the_same_and_many_others_are_told_anew():
    """Nothing changed: the same numbers, exactly. Ten people left: the new ones, exactly."""
    columns, hit = {"sex": ["f"] * 60 + ["m"] * 50}, np.array([1, 0] * 55)
    before = _released(columns, hit, sets=SETS[:1])
    assert _said(_released(columns, hit, (), before, SETS[:1])) == _said(before)
    (after,) = _released(columns, hit, range(10), before, SETS[:1])
    assert (after.people_least[:, 0].tolist(), after.people_most[:, 0].tolist()) == ([50, 50], [50, 50])
    (after,) = _released(columns, hit, range(9), before, SETS[:1])
    assert (after.people_least[:, 0].tolist(), after.people_most[:, 0].tolist()) == ([51, 41], [69, 59])
    assert after.beside == 0


def test_an_intersection_that_was_not_told_before_is_not_told_of_nearly_the_same_people():
    """Its sums would be the single columns' numbers."""
    columns = {"sex": ["f", "m"] * 100, "age": ["a", "a", "b", "b"] * 50}
    hit = np.array([1, 1, 1, 0, 0] * 40)
    before = _released(columns, hit, sets=SETS[:2])
    *_, crossed = _released(columns, hit, [0], before)
    assert set(crossed.people_least[:, 0].tolist()) == {0}
    assert set(crossed.people_most[:, 0].tolist()) == {199}


def test_a_group_that_is_new_among_a_few_is_not_named():
    """Of nearly the same people the groups are those that were told."""
    columns = {"sex": ["f"] * 60 + ["m"] * 50 + ["x"]}
    hit = np.array([1, 0, 0] * 37)
    before = _released(columns, hit, [110], sets=SETS[:1])
    (after,) = _released(columns, hit, (), before, SETS[:1])
    assert after.groups == (("f",), ("m",))


def test_what_a_report_told_is_read_back():
    """A number, a range, and of an older report a number of which nothing is told."""
    table = told_again(
        ["sex"],
        [
            {"group": ["f"], "rows": None, "rows_between": [40, 79], "hits": 12},
            {"group": ["m"], "rows": 30, "hits": None},
        ],
    )
    assert (table.people_least[:, 0].tolist(), table.people_most[:, 0].tolist()) == ([40, 30], [79, 30])
    assert table.hits_least[:, 0].tolist() == [12, 0]
    assert table.hits_most[1, 0] > 10**9
