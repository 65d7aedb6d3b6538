"""One person's decision does not depend on who stands where in the table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patience import tries
from small_world import World, make_world, same_key

NECESSITY = "A test of the order of rows; blind would do."
LIMITS = {
    "none": [],
    "blind": [{"id": "sex-reach", "groups": ["sex"], "bound": 0.8, "minimum_size": 10}],
    "aware": [
        {
            "id": "age-reach",
            "groups": ["age"],
            "bound": 0.9,
            "mode": "aware",
            "minimum_size": 10,
            "necessity": NECESSITY,
        }
    ],
}


@pytest.fixture(scope="module", params=sorted(LIMITS))
def limited(request, tmp_path_factory) -> tuple[World, pl.DataFrame, Path]:
    """A world under one kind of limit, and a home whose key every order of it uses."""
    world = make_world(limits={"contacts": {"total": 50}, "budget": 11, "disparity": LIMITS[request.param]})
    home = tmp_path_factory.mktemp(request.param) / "home"
    return world, world.run(home).decisions, home


def by_person(decisions: pl.DataFrame) -> dict[str, tuple[str | None, ...]]:
    """What was decided about each person."""
    columns = ("offer", "standing", "reason", "permission")
    return dict(zip(decisions["person"], decisions.select(columns).iter_rows(), strict=True))


@settings(max_examples=tries(3, 10))
@given(seed=st.integers(0, 999))
def test_the_order_of_subjects_history_and_consents_changes_nobody(limited, tmp_path_factory, seed):
    """All three tables shuffled: the same decision for everybody, under no, a blind and an aware limit."""
    world, before, home = limited
    rng = np.random.default_rng(seed)
    people, shown, said = (table[rng.permutation(len(table))] for table in (world.people, world.shown, world.said))
    other = same_key(home, tmp_path_factory.mktemp("again") / "home")
    after = world.but(people=people, shown=shown, said=said).run(other)
    assert by_person(after.decisions) == by_person(before)
