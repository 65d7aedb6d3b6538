"""The smallest change that reaches a score: equal to trying everything, and to an independent solver."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.explanation import CounterfactualSearch, Proof, counterfactual
from evenhand.terms import Binning, FeatureView, Model, PolicyError
from explanation.counterfactual_cases import FIRST, cost_of, people, score_with, small_model

SEEDS = st.integers(0, 10_000)


def by_hand(model, codes, offer, target, *, at_most, may, mass, most):
    """Every subset and every bin, tried one by one: (cost, terms, changes) of the best, or None."""
    own = [int(code[offer, 0] if code.ndim == 2 else code[0]) for code in codes]
    options = []
    for t, binning in enumerate(model.view.binnings):
        count = model.shapes[model.offers[offer]][t].count
        options.append(
            [
                code
                for code in range(FIRST, binning.size)
                if own[t] >= FIRST and code != own[t] and count[code] >= mass * count.sum() and may(t, own[t], code)
            ]
        )
    for size in range(1, most + 1):
        found = []
        for terms in combinations(range(len(own)), size):
            for bins in product(*(options[t] for t in terms)):
                score = score_with(model, codes, offer, dict(zip(terms, bins, strict=True)))
                if score <= target if at_most else score >= target:
                    cost = sum(cost_of(model, offer, t, own[t], b) for t, b in zip(terms, bins, strict=True))
                    found.append((cost, terms, bins))
        if found:
            return min(found)
    return None


@given(seed=SEEDS, at_most=st.booleans(), gap=st.integers(1, 4_000_000), most=st.integers(1, 4), data=st.data())
def test_the_smallest_change_is_the_one_that_trying_everything_finds(seed, at_most, gap, most, data):
    """Number, cost, features and bins are equal to those of a search by hand over all subsets and bins."""
    model = small_model(seed)
    codes = people(model, 1, seed + 1, lowest=data.draw(st.sampled_from([0, 3])))
    offer = seed % 2
    target = score_with(model, codes, offer, {}) + (-gap if at_most else gap)
    ways = {b.name: data.draw(st.sampled_from([-1, 0, 1])) for b in model.view.binnings[1:]}
    names = [b.name for b in model.view.binnings]
    actionable = data.draw(st.sets(st.sampled_from(names)))

    def may(t: int, was: int, code: int) -> bool:
        way = ways.get(names[t], 0)
        return names[t] in actionable and (way == 0 or way * (code - was) > 0)

    mass = data.draw(st.sampled_from([0.0, 0.02]))
    best = by_hand(model, codes, offer, target, at_most=at_most, may=may, mass=mass, most=most)
    (found,) = counterfactual(
        model,
        codes,
        target,
        offer=offer,
        at_most=at_most,
        actionable=actionable,
        directions=ways,
        mass=mass,
        most_changes=most,
    )
    if best is None:
        assert found.changes == ()
        assert found.proof in (Proof.NOTHING_TO_CHANGE, Proof.OUT_OF_REACH, Proof.TOO_MANY)
        return
    changes = {change.term: change.code for change in found.changes}
    assert (found.cost, tuple(changes), tuple(changes.values())) == best
    assert found.proof is Proof.SMALLEST
    assert found.score == score_with(model, codes, offer, changes)
    assert sum(change.cost for change in found.changes) == found.cost


@given(seed=SEEDS, data=st.data())
def test_a_batch_says_of_each_person_what_one_says_alone(seed, data):
    """Neither the company nor the order of the rows changes anything, and targets may differ by person."""
    model = small_model(seed)
    codes = people(model, 12, seed)
    order = np.array(data.draw(st.permutations(range(12))))
    target = np.random.default_rng(seed).integers(-1_000_000, 2_000_000, 12)
    whole = counterfactual(model, codes, target)
    moved = counterfactual(model, tuple(code[..., order] for code in codes), target[order])
    assert moved == tuple(whole[i] for i in order)
    search = CounterfactualSearch(model)
    for i in range(12):
        mine = tuple(code[..., i : i + 1] for code in codes)
        assert counterfactual(model, mine, int(target[i])) == search.of(mine, int(target[i])) == (whole[i],)


@given(seed=SEEDS)
def test_nothing_changes_where_the_score_is_there_already(seed):
    """A target that is reached needs no change, and none is proposed."""
    model = small_model(seed)
    codes = people(model, 5, seed)
    for one in counterfactual(model, codes, -(10**9)):
        assert (one.changes, one.cost, one.proof, one.nodes) == ((), 0, Proof.ALREADY, 0)


def test_what_was_withheld_is_not_proposed_to_change():
    """Of a person without a known value nothing can be said."""
    model = small_model(3)
    codes = tuple(np.zeros_like(code) for code in people(model, 2, 3))
    assert {one.proof for one in counterfactual(model, codes, 10**9)} == {Proof.NOTHING_TO_CHANGE}


def test_a_target_beyond_everything_is_proved_out_of_reach():
    """All largest pushes together fall short, so no bin is tried."""
    model = small_model(1)
    found = counterfactual(model, people(model, 6, 1, lowest=3), 10**9)
    assert {(one.changes, one.proof, one.nodes) for one in found} == {((), Proof.OUT_OF_REACH, 0)}


def test_a_limit_on_the_nodes_ends_the_search_and_says_so():
    """Whoever allows one node gets no proof."""
    model = small_model(4)
    codes = people(model, 30, 4, lowest=3)
    found = counterfactual(model, codes, 1_500_000, most_nodes=1)
    assert Proof.UNFINISHED in {one.proof for one in found}


@pytest.fixture
def ladder() -> tuple[Model, tuple[np.ndarray, ...]]:
    """One number with four bins (below 10, 20, 40, above) that count for more and more; a person at each end."""
    view = FeatureView("PersonalisedAdvertising", (Binning("visits", "number", (10.0, 20.0, 40.0)),), "")
    table = np.array([[0, 0, 0, 0, 100, 200, 300]], dtype=np.int32)
    model = Model(view, ("tulips",), np.array([0]), (table,), {}, {}, "")
    return model, (np.array([3, 6], dtype=np.uint8),)


def test_a_feature_at_its_edge_goes_no_further(ladder):
    """Only up from the highest bin, or only down from the lowest, leads nowhere."""
    model, codes = ladder
    up = counterfactual(model, codes, np.array([100, 350]), directions={"visits": 1})
    assert [one.proof for one in up] == [Proof.SMALLEST, Proof.NOTHING_TO_CHANGE]
    down = counterfactual(model, codes, np.array([-50, 200]), at_most=True, directions={"visits": -1})
    assert [one.proof for one in down] == [Proof.NOTHING_TO_CHANGE, Proof.SMALLEST]


@pytest.mark.parametrize(
    ("span", "bins"),
    [((None, 9.0), set()), ((None, 10.0), {4}), ((10.0, 39.5), {4, 5}), ((20.0, None), {5, 6}), ((50.0, 50.0), {6})],
)
def test_a_range_admits_the_bins_that_have_a_value_in_it(ladder, span, bins):
    """From the lowest bin, each target is reached exactly where its bin is within the range."""
    model, codes = ladder
    first = (codes[0][:1],)
    reached = set()
    for target in (100, 200, 300):
        (found,) = counterfactual(model, first, target, ranges={"visits": span})
        reached |= {change.code for change in found.changes}
    assert reached == {min((b for b in bins if b >= 3 + k), default=0) for k in (1, 2, 3)} - {0}


@pytest.mark.parametrize(
    ("declared", "says"),
    [
        ({"ranges": {"f1": (3.0, 2.0)}}, "no value lies in"),
        ({"ranges": {"f0": (1.0, 2.0)}}, "category without an order"),
        ({"directions": {"f0": 1}}, "category without an order"),
        ({"directions": {"f1": 2}}, "direction for f1 that is not one"),
        ({"directions": {"nobody": 1}}, "does not have"),
        ({"actionable": ["nobody"]}, "does not have"),
        ({"most_changes": 0}, "no change at all"),
    ],
)
def test_what_cannot_be_declared_is_refused(declared, says):
    """Contradictions are errors of policy, not empty answers."""
    model = small_model(0)
    with pytest.raises(PolicyError, match=says):
        counterfactual(model, people(model, 1, 0), 0, **declared)
