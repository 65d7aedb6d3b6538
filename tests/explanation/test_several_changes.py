"""Where three or four features must change at once: equal to trying everything, whatever has joint effects."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evenhand.explanation import CounterfactualSearch, Proof, counterfactual
from evenhand.terms import Binning, FeatureView, Model, Pair, TermShape, score_of, term_contributions
from explanation.counterfactual_cases import FIRST, cost_of

SEEDS = st.integers(0, 2**32 - 1)
EDGES = list(combinations(range(5), 2))


def joint_model(seed: int, sizes: list[int], pairs: list[tuple[int, int]], words: int = 0) -> Model:
    """Random effects of which any may be joint with any other, in either order and more than once."""
    rng = np.random.default_rng(seed)
    binnings = tuple(
        Binning(f"f{t}", "category", categories=tuple("abcdefgh"[:size]))
        if t < words
        else Binning(f"f{t}", "number", tuple(map(float, range(1, size))))
        for t, size in enumerate(sizes)
    )
    joint = []
    for first, second in pairs:
        bands = [(0, *rng.integers(0, 3, binnings[t].size - 1).tolist()) for t in (first, second)]
        joint.append(Pair(first, second, *bands))
    tables = []
    for part in (*binnings, *joint):
        table = rng.integers(-6, 7, (1, part.size)).astype(np.int32) * 100_000  # few values, so that ties occur
        table[:, 0] = 0
        tables.append(table)
    view = FeatureView("PersonalisedAdvertising", binnings, "")
    zero = np.zeros(0)
    shapes = tuple(TermShape(b.name, zero, zero, zero, rng.choice([0, 10, 10, 70], b.size)) for b in binnings)
    for shape in shapes:
        shape.count[FIRST] += 1
    return Model(view, ("one",), np.array([0]), tuple(tables), {"": shapes, "one": shapes}, {}, "", tuple(joint))


def all_together(model: Model, own: list[int], target: int, most: int) -> tuple | None:
    """Every set of features and bins at once: size, cost, features and bins of the best; None where none suffices."""
    options = [[code for code in range(FIRST, b.size) if code != own[t]] for t, b in enumerate(model.view.binnings)]
    for size in range(1, most + 1):
        found = []
        for terms in combinations(range(len(own)), size):
            bins = np.array(list(product(*(options[t] for t in terms))), dtype=np.uint8).reshape(-1, size)
            codes = [np.full(len(bins), code, dtype=np.uint8) for code in own]
            for place, t in enumerate(terms):
                codes[t] = bins[:, place]
            at = np.zeros(len(bins), dtype=np.intp)
            score = score_of(model, term_contributions(model, tuple(codes), at), at)
            for one in bins[score >= target].tolist():
                cost = sum(cost_of(model, 0, t, own[t], code) for t, code in zip(terms, one, strict=True))
                found.append((cost, terms, tuple(one)))
        if found:
            return min(found)
    return None


def one_person(model: Model, seed: int) -> tuple[np.ndarray, ...]:
    """Known codes of one person."""
    rng = np.random.default_rng(seed)
    return tuple(rng.integers(FIRST, b.size, 1).astype(np.uint8) for b in model.view.binnings)


def check_against_everything(seed: int, sizes: list[int], pairs: list[tuple[int, int]], words: int, share: float):
    """What is found for one person is what trying everything finds: number, cost, features and bins."""
    model = joint_model(seed, sizes, pairs, words)
    codes = one_person(model, seed)
    own = [int(code[0]) for code in codes]
    at = np.zeros(1, dtype=np.intp)
    now = int(score_of(model, term_contributions(model, codes, at), at)[0])
    target = now + 1 + int(share * sum(int(table.max()) for table in model.tables))
    (found,) = counterfactual(model, codes, target, mass=0.0)
    best = all_together(model, own, target, 4)
    if best is None:
        assert found.changes == ()
        assert found.proof in (Proof.OUT_OF_REACH, Proof.TOO_MANY)
        return
    assert (found.cost, *zip(*((one.term, one.code) for one in found.changes), strict=True)) == best
    assert found.proof is Proof.SMALLEST
    assert found.score >= target


@given(
    seed=SEEDS,
    pairs=st.lists(st.sampled_from([*EDGES, *((b, a) for a, b in EDGES)]), max_size=12),
    words=st.integers(0, 5),
    share=st.floats(0.3, 1.0),
)
@example(seed=0, pairs=[(0, 1), (0, 1), (0, 4), (0, 4), (1, 0)], words=0, share=0.375)
def test_several_changes_are_the_ones_that_trying_everything_finds(seed, pairs, words, share):
    """Chains, stars, rings and cliques of joint effects, ties in cost and push."""
    check_against_everything(seed, [3, 4, 3, 4, 3], pairs, words, share)


@given(
    seed=SEEDS,
    pairs=st.lists(st.sampled_from(list(combinations(range(7), 2))), max_size=12),
    words=st.integers(0, 7),
    share=st.floats(0.1, 0.7),
)
@example(seed=1, pairs=list(combinations(range(4), 2)), words=2, share=0.3)
@settings(max_examples=30)
def test_many_sets_within_reach_are_weighed_as_exactly(seed, pairs, words, share):
    """Of seven features there are 35 sets of three and of four: so many that pushes are weighed against costs."""
    check_against_everything(seed, [3, 2, 3, 2, 3, 2, 2], pairs, words, share)


@given(seed=SEEDS, size=st.integers(2, 4))
@settings(max_examples=10)
def test_more_sets_of_features_than_can_be_listed_are_searched_as_exactly(seed, size):
    """Of 26 features of two bins there are 14,950 sets of four: what is found is what turning each set over finds."""
    model = joint_model(seed, [2] * 26, [(0, 1), (1, 2), (5, 9)])
    codes = one_person(model, seed)
    own = np.array([int(code[0]) for code in codes])
    pushes = sorted((int(t[0, 7 - c] - t[0, c]) for t, c in zip(model.tables, own, strict=False)), reverse=True)
    at = np.zeros(1, dtype=np.intp)
    target = int(score_of(model, term_contributions(model, codes, at), at)[0]) + sum(pushes[:size]) - 100_000
    (found,) = counterfactual(model, codes, target, mass=0.0)
    terms = tuple(change.term for change in found.changes)
    for few in range(1, (len(terms) or 4) + 1):
        sets = np.array(list(combinations(range(26), few)))
        turned = np.tile(own, (len(sets), 1))
        np.put_along_axis(turned, sets, 7 - own[sets], axis=1)
        at = np.zeros(len(sets), dtype=np.intp)
        score = score_of(model, term_contributions(model, tuple(turned.T.astype(np.uint8)), at), at)
        enough = sets[score >= target].tolist()
        assert bool(enough) == (few == len(terms))
    cost = [cost_of(model, 0, t, own[t], 7 - own[t]) for t in range(26)]
    assert not terms or (found.cost, terms) == min((sum(cost[t] for t in one), tuple(one)) for one in enough)


def test_what_is_laid_out_beforehand_changes_no_answer():
    """A search that is made ready finds the same in the same number of steps."""
    model = joint_model(1, [3, 4, 3, 4, 3], [(0, 1), (1, 2)])
    codes = tuple(np.repeat(code, 3) for code in one_person(model, 1))
    target = np.array([200_000, 900_000, 1_500_000])
    search = CounterfactualSearch(model)
    search.ready()
    assert search.of(codes, target) == counterfactual(model, codes, target)
