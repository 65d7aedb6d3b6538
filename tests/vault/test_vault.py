"""Counts come out of the vault, and nothing else."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.terms import SUPPRESSED, UsageError
from evenhand.vault import LateVault, Vault

SEXES = ("f", "m", None)
AGES = ("18-34", "35+", "", None)


@st.composite
def populations(draw):
    """Sensitive columns, who may be counted, codes, and a minimum cell."""
    n = draw(st.integers(0, 120))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    columns = {
        "sex": [SEXES[i] for i in rng.choice(3, n, p=(0.6, 0.35, 0.05))],
        "age": [AGES[i] for i in rng.choice(4, n, p=(0.5, 0.4, 0.05, 0.05))],
    }
    rows = rng.random(n) < 0.8
    codes = rng.integers(-1, 3, n).astype(draw(st.sampled_from([np.int8, np.int64, np.intp])))
    return columns, rows, codes, draw(st.integers(1, 20))


def _true_counts(columns, features, rows, codes, groups):
    counts = np.zeros((len(groups), 3), dtype=np.int64)
    for i in np.flatnonzero(rows & (codes >= 0)):
        group = tuple(columns[name][i] or "unknown" for name in features)
        counts[groups.index(group), codes[i]] += 1
    return counts


@given(population=populations(), features=st.sampled_from([(), ("sex",), ("age",), ("sex", "age"), ("age", "sex")]))
def test_every_count_is_true_or_suppressed(population, features):
    """Only people who may be counted are, sums are right where shown, and no small cell is ever shown."""
    columns, rows, codes, minimum = population
    table = Vault(columns, rows, minimum).count(features, codes, 3, why="test")
    true = _true_counts(columns, features, rows, codes, table.groups)
    small = (true > 0) & (true < minimum)
    assert np.array_equal(table.counts, np.where(small, SUPPRESSED, true))
    totals = true.sum(axis=1)
    assert np.array_equal(table.totals, np.where((totals > 0) & (totals < minimum), SUPPRESSED, totals))
    for shown in (table.counts, table.totals):
        assert not ((shown > 0) & (shown < minimum)).any()


@given(population=populations())
def test_groups_are_those_that_occur_with_unknown_last(population):
    """A missing value is the group unknown and stays visible; groups that nobody counted is in do not appear."""
    columns, rows, codes, minimum = population
    groups = Vault(columns, rows, minimum).count(("sex",), codes, 3, why="test").groups
    present = {columns["sex"][i] or "unknown" for i in np.flatnonzero(rows)}
    assert groups == tuple((value,) for value in ("f", "m", "unknown") if value in present)


@given(population=populations())
def test_the_solver_behind_the_wall_sees_each_group_once(population):
    """inside() lends cells in the vault's row order, -1 for whoever is withheld, and returns what the work returns."""
    columns, rows, _, minimum = population

    def work(cells, groups):
        assert cells.dtype == np.int32
        assert ((cells == -1) == ~rows).all()
        for i in np.flatnonzero(rows):
            assert groups[cells[i]] == tuple(columns[name][i] or "unknown" for name in ("sex", "age"))
        return "done"

    assert Vault(columns, rows, minimum).inside(("sex", "age"), work, why="test") == "done"


def test_a_group_of_three_people_is_hidden_whole():
    """Its cells and its total are suppressed, and the group stays named."""
    vault = Vault({"sex": ["f"] * 40 + ["m"] * 40 + ["x"] * 3}, np.ones(83, dtype=bool))
    table = vault.count(("sex",), np.arange(83) % 2, 2, why="test")
    assert table.groups == (("f",), ("m",), ("x",))
    assert table.totals.tolist() == [40, 40, SUPPRESSED]
    assert (table.counts[2] == SUPPRESSED).all()


def test_every_question_is_logged_with_its_reason():
    """Who asked is not known here; what and why is."""
    vault = Vault({"sex": ["f"] * 20}, np.ones(20, dtype=bool))
    vault.count(("sex",), np.zeros(20, dtype=int), 1, why="outcome by sex")
    vault.inside(("sex",), lambda *_: None, why="solve")
    assert [(question.kind, question.features, question.why) for question in vault.log] == [
        ("count", ("sex",), "outcome by sex"),
        ("inside", ("sex",), "solve"),
    ]


def test_nothing_personal_shows_when_it_is_printed():
    """Not a value, not a code, not a number of people; in its attributes neither."""
    vault = Vault({"sex": ["secret-value"] * 20}, np.ones(20, dtype=bool))
    assert repr(vault) == str(vault) == "Vault(features=('sex',), minimum_cell=10)"
    assert not hasattr(vault, "__dict__")
    assert {name for name in dir(vault) if not name.startswith("_")} == {
        "count",
        "features",
        "inside",
        "log",
        "minimum_cell",
        "noisy",
        "release",
    }


def test_it_cannot_be_copied_or_pickled():
    """What is behind the wall stays in this process."""
    vault = Vault({"sex": ["f"]}, np.ones(1, dtype=bool))
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            take(vault)


def test_what_is_handed_in_can_change_without_harm():
    """The vault keeps its own copy of who may be counted."""
    rows = np.ones(20, dtype=bool)
    vault = Vault({"sex": ["f"] * 20}, rows)
    rows[:] = False
    assert vault.count(("sex",), np.zeros(20, dtype=int), 1, why="test").totals.tolist() == [20]


def test_the_lent_cells_cannot_be_written():
    """What the solver does to its cells does not reach the next question."""
    vault = Vault({"sex": ["f"] * 20}, np.ones(20, dtype=bool))
    vault.inside(("sex",), lambda cells, _: cells.fill(-1), why="spoil")
    assert vault.count(("sex",), np.zeros(20, dtype=int), 1, why="test").totals.tolist() == [20]


@pytest.mark.parametrize(
    ("features", "codes", "size", "why", "match"),
    [
        (("religion",), [0] * 20, 1, "test", "it has \\('sex',\\)"),
        (("sex", "sex"), [0] * 20, 1, "test", "asked about \\('sex', 'sex'\\)"),
        (("sex",), [0] * 20, 1, " ", "for ' '"),
        (("sex",), [0] * 19, 1, "test", "do not fit"),
        (("sex",), [1] * 20, 1, "test", "do not fit"),
        (("sex",), [0] * 20, 0, "test", "do not fit"),
        (("sex",), [0] * 20, 10**8, "test", "too many cells"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(features, codes, size, why, match):
    """Unknown columns, no reason, codes that do not fit."""
    vault = Vault({"sex": ["f"] * 20}, np.ones(20, dtype=bool))
    with pytest.raises(UsageError, match=match):
        vault.count(features, np.array(codes), size, why=why)


def test_columns_of_another_length_are_refused():
    """Every sensitive column has a value per row."""
    with pytest.raises(UsageError, match=r"columns of another length: \{'sex': 2\}"):
        Vault({"sex": ["f", "m"]}, np.ones(3, dtype=bool))


def test_numbers_with_noise_are_asked_for_by_name_and_small_ones_too():
    """Whoever is withheld or left out is in none; a value that nobody has is answered; the question is in the log."""
    vault = Vault({"sex": ["f"] * 3 + ["m"] * 40 + [None] * 7}, np.array([True] * 49 + [False]))
    codes = np.array([1, 0, 1] + [1] * 10 + [0] * 30 + [-1] * 7)
    told = vault.noisy("sex", ["m", "x", "f"], codes, 2, lambda: 100, why="test")
    assert told.tolist() == [[130, 110], [100, 100], [101, 102]]
    assert vault.log[-1].kind == "noisy"
    with pytest.raises(UsageError, match="do not fit"):
        vault.noisy("sex", ["f"], codes[1:], 2, lambda: 0, why="test")


def test_a_late_vault_is_filled_by_the_first_question_and_once():
    """Nobody's group is looked at before; then it answers as the vault does."""
    filled = []

    def fill():
        filled.append(1)
        return Vault({"sex": ["f"] * 20 + ["m"] * 15}, np.ones(35, dtype=bool))

    late = LateVault(("sex",), fill)
    assert (late.features, filled) == (("sex",), [])
    codes = np.zeros(35, dtype=int)
    assert late.count(("sex",), codes, 1, why="test").totals.tolist() == [20, 15]
    assert late.inside(("sex",), lambda cells, groups: (len(cells), groups), why="test") == (35, (("f",), ("m",)))
    assert filled == [1]


def test_a_late_vault_shows_nothing_either():
    """Printed it says its columns; it cannot be copied or pickled."""
    late = LateVault(("sex",), lambda: Vault({"sex": ["secret-value"]}, np.ones(1, dtype=bool)))
    assert repr(late) == "LateVault(features=('sex',))"
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be copied or pickled"):
            take(late)
