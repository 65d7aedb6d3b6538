"""Numbers told together: nothing hidden can be worked out, not even with linear programming."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from evenhand.terms import TableQuestion, UsageError
from evenhand.vault import Vault
from patience import tries

MINIMUM = 10
VALUES = {"place": ("n", "s"), "sex": ("f", "m", "unknown"), "age": ("a", "b", "c"), "part": ("0", "1", "2", "-")}


@st.composite
def people(draw):
    """Sex and age of some hundreds of people, of whom few are of some groups, with outcomes and a part."""
    n = draw(st.integers(150, 900))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    rare = draw(st.sampled_from([0.004, 0.01, 0.03]))
    sex = [VALUES["sex"][i] for i in rng.choice(3, n, p=(0.55 - rare, 0.45, rare))]
    age = [VALUES["age"][i] for i in rng.choice(3, n, p=(0.5, 0.4, 0.1))]
    rate = draw(st.sampled_from([0.05, 0.2, 0.5, 0.9]))
    before = (rng.random(n) < rate).astype(np.int64)
    after = np.where(rng.random(n) < 0.05, 1 - before, before)
    eligible = rng.random(n) < draw(st.sampled_from([0.5, 0.95, 0.99]))
    return {"sex": sex, "age": age}, before, after, eligible, rng.integers(-1, 3, n)


def _widths(columns, sets, told, hidden):
    """How far each hidden number can still move within everything that is told, by HiGHS.

    Whoever works it out knows besides how many of everybody have which pattern of sets.
    """
    names, keys = list(columns), list(sets)
    atoms = list(product(*(VALUES[name] for name in names), *[(False, True)] * len(keys)))
    place = {name: at for at, name in enumerate([*names, *keys])}

    def row(where):
        return np.array([all(atom[place[key]] == value for key, value in where.items()) for atom in atoms], float)

    base = [name for name in names if name == "part"]
    fixed, known = [], []
    for pattern in product(*(VALUES[name] for name in base), *[(False, True)] * len(keys)):
        where = dict(zip([*base, *keys], pattern, strict=True))
        fixed.append(row(where))
        known.append(_truth(columns, sets, where))
    upper, ends = [], []
    for where, least, most in told:
        if least == most:
            fixed.append(row(where))
            known.append(least)
        else:
            upper += [row(where), -row(where)]
            ends += [most, -least]
    limits = {"A_ub": np.array(upper), "b_ub": np.array(ends)} if upper else {}
    for where in hidden:
        found = [
            linprog(sign * row(where), A_eq=np.array(fixed), b_eq=np.array(known), bounds=(0, None), **limits)
            for sign in (1, -1)
        ]
        assert all(one.status == 0 for one in found)
        yield where, -found[1].fun - found[0].fun


def _truth(columns, sets, where):
    known = {**{name: np.array(values) for name, values in columns.items()}, **sets}
    return int(np.all([known[key] == value for key, value in where.items()], axis=0).sum() if where else 0)


def _facts(table, people_where, hits_where, part=0):
    """What a table tells, and which of it is hidden or a small rest."""
    told, hidden = [], []
    for at, group in enumerate(table.groups):
        where = dict(zip(table.features, group, strict=True))
        rows = (int(table.people_least[at, part]), int(table.people_most[at, part]))
        hits = (int(table.hits_least[at, part]), int(table.hits_most[at, part]))
        for kind, (least, most) in ((people_where, rows), (hits_where, hits)):
            told.append(({**where, **kind}, least, most))
            hidden += [{**where, **kind}] if least != most else []
    return told, hidden


def _check(columns, sets, told, hidden):
    for where, least, most in told:
        true = _truth(columns, sets, where)
        assert least <= true <= most
        assert least != most or not 0 < true < MINIMUM, where
    hidden = [where for where in hidden if _truth(columns, sets, where)]  # that there is nobody may always be told
    untold = {tuple(where.items()) for where, least, most in told if (least, most) == (0, _all(columns, sets, where))}
    hidden = [  # of a view that is left out, a number may follow that is large enough to be told
        where for where in hidden if _truth(columns, sets, where) < MINIMUM or tuple(where.items()) not in untold
    ]
    for where, width in _widths(columns, sets, told, hidden):
        assert width >= MINIMUM - 1e-6 or _bounded_by_everybody(columns, sets, where), (where, width)


def _all(columns, sets, where):
    """How many of everybody have the outcome, or the part, that a number is about."""
    return (
        _truth(columns, sets, {key: value for key, value in where.items() if key in sets or key == "part"})
        if set(where) & {*sets, "part"}
        else len(next(iter(columns.values())))
    )


def _bounded_by_everybody(columns, sets, where):
    """Whether so few of everybody have the outcome, or lack it, that their total alone tells the number."""
    kind = {key: value for key, value in where.items() if key in sets or key == "part"}
    all_of = {key: value for key, value in kind.items() if key == "part"}
    size = _truth(columns, sets, all_of) if all_of else len(next(iter(columns.values())))
    total = _truth(columns, sets, kind)
    return bool(kind) and min(total, size - total) < 3 * MINIMUM


@pytest.mark.slow
@settings(max_examples=tries(6, 40), deadline=None)
@given(world=people())
def test_no_hidden_number_of_linked_views_follows_from_all_that_is_told(world):
    """Two columns and their intersection, before and after: each hidden number can still be ten people apart."""
    columns, before, after, _, _ = world
    sets = {"before": before > 0, "after": after > 0}
    views = [("sex",), ("age",), ("sex", "age")]
    questions = [TableQuestion(view, codes, family="decision") for codes in (before, after) for view in views]
    tables = Vault(columns, np.ones(len(before), bool), MINIMUM).release(questions, why="test")
    told, hidden = [], []
    for table, name in zip(tables, ["before"] * 3 + ["after"] * 3, strict=True):
        one, other = _facts(table, {}, {name: True})
        told += one
        hidden += other
    _check(columns, sets, told, hidden)


@pytest.mark.slow
@settings(max_examples=tries(8, 100), deadline=None)
@given(world=people(), seed=st.integers(0, 2**32))
def test_where_only_the_finest_views_are_left_out_nothing_follows_from_the_others(world, seed):
    """Three columns and their four intersections: what is told of some gives away nothing of those that are not."""
    columns, before, _, _, _ = world
    rng = np.random.default_rng(seed)
    columns = {**columns, "place": [VALUES["place"][i] for i in rng.choice(2, len(before), p=(0.6, 0.4))]}
    names = ("sex", "age", "place")
    views = [view for width in (1, 2, 3) for view in combinations(names, width)]
    questions = [TableQuestion(view, before, family="outcome") for view in views]
    tables = Vault(columns, np.ones(len(before), bool), MINIMUM).release(questions, why="test")
    told, hidden = [], []
    for table in tables:
        one, other = _facts(table, {}, {"hit": True})
        told += one
        hidden += other
    _check(columns, {"hit": before > 0}, told, hidden)


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(world=people(), flipped=st.sampled_from([0.005, 0.02]))
def test_who_moves_between_two_bounds_does_not_follow_from_what_is_told_of_both(world, flipped):
    """The few of a group who get the offer only with a limit, or only without, can be ten more or fewer within all that
    is told; as long as of everybody enough moved for them to hide in."""
    columns, before, _, _, _ = world
    rng = np.random.default_rng(int(before.sum()))
    more = (rng.random(len(before)) < flipped) | (np.array(columns["sex"]) == "m") & (rng.random(len(before)) < 0.3)
    after = np.where(more, 1, np.where(rng.random(len(before)) < 0.01, 0, before))
    sets = {"before": before > 0, "after": after > 0}
    questions = [TableQuestion(("sex",), codes, family="bounds", moves=True) for codes in (before, after)]
    tables = Vault(columns, np.ones(len(before), bool), MINIMUM).release(questions, why="test")
    told, hidden = [], []
    for table, name in zip(tables, sets, strict=True):
        one, other = _facts(table, {}, {name: True})
        told += one
        hidden += other
    moved = [
        {"sex": value, "before": was, "after": not was}
        for value in VALUES["sex"]
        for was in (False, True)
        if 0 < _truth(columns, sets, {"sex": value, "before": was, "after": not was}) < MINIMUM
    ]
    _check({"sex": columns["sex"]}, sets, told, [*hidden, *moved])


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(world=people())
def test_who_is_left_out_of_a_table_follows_from_no_other_table(world):
    """Where one table is about everybody and another about those who may get the offer, the rest stays hidden too."""
    columns, before, _, eligible, _ = world
    sets = {"eligible": eligible, "hit": (before > 0) & eligible}
    met, got = eligible.astype(np.int64), np.where(eligible, before, -1)
    questions = [TableQuestion((name,), codes, family="decision") for codes in (met, got) for name in ("sex", "age")]
    tables = Vault(columns, np.ones(len(before), bool), MINIMUM).release(questions, why="test")
    told, hidden = [], []
    for table, kinds in zip(tables, [({}, {"eligible": True})] * 2 + [({"eligible": True}, {"hit": True})] * 2,
                            strict=True):  # fmt: skip
        one, other = _facts(table, *kinds)
        told += one
        hidden += other
    rests = [
        {name: value, "eligible": False}
        for name in ("sex", "age")
        for value in VALUES[name]
        if 0 < _truth(columns, sets, {name: value, "eligible": False}) < MINIMUM
    ]
    _check(columns, sets, told, [*hidden, *rests])


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(world=people())
def test_parts_do_not_give_away_what_the_whole_hides(world):
    """Per group and part, with the outcome over all parts told as well, and everybody's numbers per part known."""
    columns, before, _, _, part = world
    sex = columns["sex"]
    questions = [TableQuestion(("sex",), before, family="outcome"), TableQuestion(("sex",), before, part, 3, "outcome")]
    whole, parted = Vault({"sex": sex}, np.ones(len(before), bool), MINIMUM).release(questions, why="test")
    named = {"sex": sex, "part": ["-" if one < 0 else str(one) for one in part.tolist()]}
    told, hidden = _facts(whole, {}, {"hit": True})
    for place in range(3):
        one, other = _facts(parted, {"part": str(place)}, {"part": str(place), "hit": True}, place)
        told += one
        hidden += other
    _check(named, {"hit": before > 0}, told, hidden)


@pytest.mark.slow
def test_a_few_in_no_part_give_away_nothing_of_two_columns_by_parts():
    """The columns go together, parts are uneven, a few people are in none: what is told over all parts, with whoever is
    in none, gives away no number by part, nor the one view by part the other."""
    for seed in range(tries(5, 150)):
        _check(*_by_parts_of_two(np.random.default_rng(seed)))


def _by_parts_of_two(rng):
    """Some hundreds of people with sex and age over all and by parts: what is told, and the numbers that are not."""
    n, rare = int(rng.integers(150, 900)), rng.choice([0.004, 0.01, 0.03])
    sex = [VALUES["sex"][i] for i in rng.choice(3, n, p=(0.55 - rare, 0.45, rare))]
    drawn, alike, own = (
        rng.choice(3, n, p=(0.5, 0.4, 0.1)),
        rng.random(n) < rng.choice([0, 0.7]),
        dict(zip("fmu", "abc", strict=True)),
    )
    age = [own[one[0]] if same else VALUES["age"][at] for one, same, at in zip(sex, alike, drawn, strict=True)]
    hits = (rng.random(n) < rng.choice([0.05, 0.2, 0.5, 0.9])).astype(np.int64)
    uneven = rng.choice([True, False])
    part = np.where(rng.random(n) < 0.05, -1, rng.choice(3, n, p=(0.8, 0.15, 0.05) if uneven else None))
    columns = {"sex": sex, "age": age}
    questions = [TableQuestion(view, hits, family="outcome") for view in (("sex",), ("age",), ("sex", "age"))]
    questions += [TableQuestion((name,), hits, part, 3, "outcome") for name in columns]
    tables = Vault(columns, np.ones(n, bool), MINIMUM).release(questions, why="test")
    named = {**columns, "part": ["-" if one < 0 else str(one) for one in part.tolist()]}
    sets, told, hidden = {"hit": hits > 0}, [], []
    for number, table in enumerate(tables):
        for place in range(table.people_least.shape[1]):
            where = {"part": str(place)} if number > 2 else {}
            facts, ranges = _facts(table, where, {**where, "hit": True}, place)
            for most, kind in ((table.people_most, False), (table.hits_most, True)):
                mine = [fact for fact in facts if ("hit" in fact[0]) is kind]
                dark = all((low, high) == (0, int(most.max())) for _, low, high in mine)  # of it nothing is told
                told += [] if dark else mine
                some = [one for one in ranges if ("hit" in one) is kind]
                hidden += [one for one in some if not dark or _truth(named, sets, one) < MINIMUM]
    return named, sets, told, hidden


def test_a_table_of_large_groups_is_told_whole():
    """Nothing is hidden where nothing is small."""
    sex = ["f"] * 500 + ["m"] * 500
    hits = np.array(([1] * 100 + [0] * 400) * 2)
    (table,) = Vault({"sex": sex}, np.ones(1000, bool)).release([TableQuestion(("sex",), hits)], why="test")
    assert not table.hidden.any()
    assert (table.people_least[:, 0].tolist(), table.hits_least[:, 0].tolist()) == ([500, 500], [100, 100])


def test_the_one_small_number_beside_a_total_does_not_follow_by_subtraction():
    """Three of 200 in one group, 100 of 600 in the other: both are told as ranges, and as few people as can be."""
    sex = ["f"] * 200 + ["m"] * 600 + ["x"] * 400
    hits = np.array([1] * 3 + [0] * 197 + [1] * 100 + [0] * 500 + [1] * 50 + [0] * 350)
    (table,) = Vault({"sex": sex}, np.ones(1200, bool)).release([TableQuestion(("sex",), hits)], why="test")
    ranges = list(zip(table.hits_least[:, 0].tolist(), table.hits_most[:, 0].tolist(), strict=True))
    assert ranges[0] == (0, 19)
    assert sum(least != most for least, most in ranges) == 2
    assert (table.people_least == table.people_most).all()


def test_all_but_a_few_is_as_small_a_number_as_a_few():
    """Where 397 of 400 got the offer, it is told of nobody exactly that three did not."""
    hits = np.array([1] * 397 + [0] * 3 + [1] * 200 + [0] * 200)
    (table,) = Vault({"sex": ["f"] * 400 + ["m"] * 400}, np.ones(800, bool)).release(
        [TableQuestion(("sex",), hits)], why="test"
    )
    assert table.hidden[:, 0].tolist() == [True, True]


def test_six_who_got_the_offer_by_a_limit_do_not_follow_from_the_numbers_with_and_without_it():
    """300 and 305 of a group: with the three people of everybody who lost the offer known, five to eight came by it.
    So one of the two is told as a range, where `moves` asks for it; a number of 60 who moved stays as it is."""

    def bounds(came: int, went: int) -> tuple[list[int], list[int]]:
        rest = 700 - came
        return [1] * 300 + [0] * (came + rest), [0] * went + [1] * (300 - went + came) + [0] * rest

    (f_was, f_is), (m_was, m_is) = bounds(6, 1), bounds(60, 2)
    columns, codes = {"sex": ["f"] * 1000 + ["m"] * 1000}, (np.array(f_was + m_was), np.array(f_is + m_is))
    sets = {"before": codes[0] > 0, "after": codes[1] > 0}
    came = {"sex": "f", "before": False, "after": True}
    widths = []
    for moves in (False, True):
        questions = [TableQuestion(("sex",), one, family="bounds", moves=moves) for one in codes]
        tables = Vault(columns, np.ones(2000, bool), MINIMUM).release(questions, why="test")
        told = [fact for table, name in zip(tables, sets, strict=True) for fact in _facts(table, {}, {name: True})[0]]
        ((_, width),) = _widths(columns, sets, told, [came])
        widths.append(width)
    assert widths[0] == pytest.approx(3)
    assert widths[1] >= MINIMUM


def test_codes_that_do_not_fit_are_refused():
    """A release is asked in the vault's row order."""
    vault = Vault({"sex": ["f"] * 20}, np.ones(20, bool))
    with pytest.raises(UsageError, match="one code and one part for each of 20 people"):
        vault.release([TableQuestion(("sex",), np.zeros(3, np.int64))], why="test")


def test_single_columns_are_told_where_their_intersections_are_too_fine():
    """Intersections of a rare group cannot be protected: nothing is told of them, and single columns keep theirs."""
    rng = np.random.default_rng(7)
    n = 4_800
    sizes = {"sex": (0.47, 0.485, 0.03, 0.015), "age": (0.1,) * 8 + (0.2,), "income": (0.19,) * 5 + (0.05,)}
    columns = {name: [f"{name}{i}" for i in rng.choice(len(p), n, p=p)] for name, p in sizes.items()}
    outcome = (rng.random(n) < 0.12).astype(np.int64)
    views = [("sex",), ("age",), ("income",), ("sex", "age"), ("age", "income"), ("sex", "age", "income")]
    tables = Vault(columns, np.ones(n, bool), MINIMUM).release(
        [TableQuestion(view, outcome, family="outcome") for view in views], why="test"
    )
    everybody, hits = n, int(outcome.sum())
    for table in tables[:3]:
        wide = table.hits_most[:, 0] - table.hits_least[:, 0]
        assert (wide < 4 * MINIMUM).all()
        assert (table.people_most[:, 0] - table.people_least[:, 0] < 4 * MINIMUM).all()
    for table in tables[3:]:
        assert (table.hits_least == 0).all()
        assert (table.hits_most == hits).all()
        assert (table.people_most == everybody).all()
    assert [
        (int(least), int(most))
        for table in tables
        for least, most in zip(table.hits_least[:, 0], table.hits_most[:, 0], strict=True)
        if least == most and 0 < least < MINIMUM
    ] == []


def test_a_small_group_of_a_part_does_not_follow_from_everybodys_number_of_that_part():
    """How many of everybody are in a part is known: where a group has five there, another is told as a range too."""
    rng = np.random.default_rng(3)
    sex = np.array(["f"] * 460 + ["m"] * 388 + ["unknown"] * 13)
    hits = (rng.random(861) < 0.05).astype(np.int64)
    part = rng.integers(-1, 3, 861)
    questions = [TableQuestion(("sex",), hits, family="outcome"), TableQuestion(("sex",), hits, part, 3, "outcome")]
    _, parted = Vault({"sex": sex.tolist()}, np.ones(861, bool), MINIMUM).release(questions, why="test")
    small = np.array([(part[sex == "unknown"] == place).sum() for place in range(3)])
    assert small.max() > 0
    told_as_ranges = (parted.people_least != parted.people_most).sum(axis=0)
    assert (told_as_ranges[(small > 0) & (small < MINIMUM)] >= 2).all()
