"""Gate 5: the reasons are the true ones, the sums are exact, and every flip really flips."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.explanation import REASONS, explain
from evenhand.policy import Campaign, Span
from evenhand.terms import (
    OTHER,
    Explained,
    PolicyError,
    Reason,
    Standing,
    Target,
    expected_value,
    score_of,
    score_ppm,
    term_contributions,
)

SEEDS = st.integers(0, 10_000)
TARGETS = st.sampled_from(Target)


def decision_of(campaign: Campaign, explained: Explained, row: int, term: int, code: int) -> int:
    """What the price rule gives one person whose `term` is at `code`, prices as they were; worked out from scratch."""
    scored = explained.allocated.scored
    model = scored.minimised.model
    net = []
    focus = explained.allocated.offer[row]
    focus = focus if focus >= 0 else explained.allocated.runner_up[row]
    for j, offer in enumerate(campaign.offers):
        codes = []
        for t, column in enumerate(scored.minimised.codes):
            own = column[row : row + 1] if column.ndim == 1 else column[:, row : row + 1]
            own = own.copy()
            if t == term and column.ndim == 2:
                own[focus] = code  # a per-offer feature of the offer explained
            elif t == term:
                own[...] = code
            codes.append(own)
        at = np.array([j])
        score = score_of(model, term_contributions(model, tuple(codes), at), at)
        value = expected_value(offer.value_micro, offer.cost_micro, score_ppm(score, model.link))[0]
        net.append(int(value) - int(explained.allocated.prices.offer[j]))
    best = int(np.argmax(net))
    return best if net[best] > 0 else -1


def focus_of(explained: Explained) -> np.ndarray:
    """The offer explained, per person."""
    return np.where(explained.allocated.offer >= 0, explained.allocated.offer, explained.allocated.runner_up)


@given(seed=SEEDS, target=TARGETS)
def test_every_flip_changes_the_decision_by_the_price_rule(decided, seed, target):
    """With the named term at the named bin and all else equal, the price rule decides differently."""
    campaign, explained = decided(seed=seed, target=target, people=25)
    for row in np.flatnonzero(explained.flip_term >= 0):
        now = int(explained.allocated.offer[row])
        then = decision_of(campaign, explained, row, int(explained.flip_term[row]), int(explained.flip_code[row]))
        assert then != now, f"person {row} keeps offer {now}"


@given(seed=SEEDS, target=TARGETS)
def test_with_one_offer_a_flip_is_found_whenever_there_is_one(decided, seed, target):
    """Without a runner-up the search is complete: every other bin of every feature is tried here by hand."""
    campaign, explained = decided(seed=seed, target=target, people=12, offers=1, terms=3)
    permitted = explained.allocated.scored.minimised.permitted
    model = explained.allocated.scored.minimised.model
    codes = explained.allocated.scored.minimised.codes
    for row in np.flatnonzero(permitted.standing == Standing.PERSONALISED):
        now = int(explained.allocated.offer[row])
        mine = tuple(code[..., row : row + 1] for code in codes)

        def score_with(t: int, code: int, mine: tuple[np.ndarray, ...] = mine) -> int:
            own = tuple(np.full_like(c, code) if k == t else c for k, c in enumerate(mine))
            return int(term_contributions(model, own, np.array([0])).sum())

        moves = [
            (abs(score_with(t, code) - score_with(t, own)), t)
            for t, binning in enumerate(model.view.binnings)
            if (own := int(codes[t][..., row].ravel()[0])) > OTHER
            for code in range(OTHER + 1, binning.size)
            if decision_of(campaign, explained, row, t, code) != now
        ]
        if not moves:
            assert explained.flip_term[row] == -1
            continue
        t = int(explained.flip_term[row])
        assert t >= 0
        own = int(codes[t][..., row].ravel()[0])
        assert abs(score_with(t, int(explained.flip_code[row])) - score_with(t, own)) == min(moves)[0]


@given(seed=SEEDS, terms=st.integers(1, 6))
def test_top_terms_are_the_largest_contributions(decided, seed, terms):
    """They come largest first, ties by term order, with their exact shares; a share of zero is no reason."""
    _, explained = decided(seed=seed, terms=terms, people=30)
    minimised = explained.allocated.scored.minimised
    focus = focus_of(explained)
    for row in range(len(focus)):
        listed = explained.top_terms[row][explained.top_terms[row] >= 0].tolist()
        if focus[row] < 0:
            assert listed == []
            continue
        codes = tuple(code[..., row : row + 1] for code in minimised.codes)
        share = term_contributions(minimised.model, codes, focus[row : row + 1])[0].tolist()
        order = sorted(range(len(share)), key=lambda t: (-abs(share[t]), t))
        assert listed == [t for t in order[:REASONS] if share[t]]
        assert explained.top_contributions[row][: len(listed)].tolist() == [share[t] for t in listed]


@given(seed=SEEDS, target=TARGETS)
def test_the_margin_is_exact(decided, seed, target):
    """Value less price, less the same of the runner-up; of the best offer against nothing where none was chosen."""
    _, explained = decided(seed=seed, target=target)
    a = explained.allocated
    for row in range(len(a.offer)):
        net = [int(v) - int(p) for v, p in zip(a.scored.value[:, row], a.prices.offer, strict=True)]
        if a.offer[row] >= 0:
            assert explained.margin[row] == net[a.offer[row]] - net[a.runner_up[row]]
        elif a.runner_up[row] >= 0:
            assert explained.margin[row] == net[a.runner_up[row]] <= 0
        else:
            assert explained.margin[row] == 0


@given(seed=SEEDS, data=st.data())
def test_the_order_of_the_rows_does_not_matter(decided, seed, data):
    """Explaining a shuffled batch gives the same for everybody."""
    campaign, explained = decided(seed=seed, people=20)
    a = explained.allocated
    order = np.array(data.draw(st.permutations(range(20))))
    minimised, permitted = a.scored.minimised, a.scored.minimised.permitted
    moved = replace(
        permitted,
        asked=replace(permitted.asked, subjects=permitted.asked.subjects[order]),
        standing=permitted.standing[order],
        reason=permitted.reason[order],
    )
    scored = replace(
        a.scored,
        minimised=replace(minimised, permitted=moved, codes=tuple(code[..., order] for code in minimised.codes)),
        **{name: getattr(a.scored, name)[:, order] for name in ("score", "probability", "value")},
    )
    columns = ("offer", "runner_up", "price", "runner_up_price", "moved", "reason", "unlimited_offer")
    again = explain(replace(a, scored=scored, **{name: getattr(a, name)[order] for name in columns}), campaign)
    for name in ("top_terms", "top_contributions", "margin", "flip_term", "flip_code"):
        np.testing.assert_array_equal(getattr(again, name), getattr(explained, name)[order])


def test_only_actionable_features_are_named_in_a_flip(decided):
    """A feature that a person cannot change is never what would have changed the decision."""
    campaign, before = decided(people=300)
    fixed = {**campaign.columns, "f0": campaign.columns["f0"].model_copy(update={"actionable": False})}
    after = explain(before.allocated, campaign.model_copy(update={"columns": fixed}))
    assert (before.flip_term == 0).any()
    assert not (after.flip_term == 0).any()


@given(seed=SEEDS, only=st.sampled_from(["up", "down", None]), low=st.integers(-1, 3), width=st.integers(0, 3))
def test_a_flip_goes_no_way_and_no_further_than_declared(decided, seed, only, low, width):
    """With one offer: a flip is named exactly where some bin within reach flips, and it is within reach."""
    campaign, before = decided(seed=seed, people=12, offers=1, terms=2)
    declared = {"change_only": only, "change_within": Span(at_least=low, at_most=low + width)}
    columns = {
        name: column.model_copy(update=declared if name.startswith("f") else {})
        for name, column in campaign.columns.items()
    }
    campaign = campaign.model_copy(update={"columns": columns})
    explained = explain(before.allocated, campaign)
    minimised = explained.allocated.scored.minimised
    for row in np.flatnonzero(minimised.permitted.standing == Standing.PERSONALISED):
        now = int(explained.allocated.offer[row])
        flips = set()
        for t, binning in enumerate(minimised.model.view.binnings):
            own = int(minimised.codes[t][..., row].ravel()[0])
            for code in range(OTHER + 1, binning.size if own > OTHER else 0):
                lower = -np.inf if code == OTHER + 1 else binning.cuts[code - OTHER - 2]
                upper = np.inf if code + 1 == binning.size else binning.cuts[code - OTHER - 1]
                if upper <= low or lower > low + width or (only and (code > own) != (only == "up")) or code == own:
                    continue
                if decision_of(campaign, explained, row, t, code) != now:
                    flips.add((t, code))
        named = (int(explained.flip_term[row]), int(explained.flip_code[row]))
        assert (named in flips) if flips else (named == (-1, 0))


def test_a_way_declared_for_what_turns_out_a_category_is_refused(decided):
    """A guess of the data's kind cannot quietly undo what was declared."""
    campaign, explained = decided(people=5)
    model = explained.allocated.scored.minimised.model
    words = replace(model.view.binnings[0], kind="category", categories=("a", "b", "c", "d", "e"), cuts=())
    view = replace(model.view, binnings=(words, *model.view.binnings[1:]))
    scored = explained.allocated.scored
    minimised = replace(scored.minimised, model=replace(model, view=view))
    allocated = replace(explained.allocated, scored=replace(scored, minimised=minimised))
    columns = {**campaign.columns, "f0": campaign.columns["f0"].model_copy(update={"change_only": "up"})}
    with pytest.raises(PolicyError, match="category without an order"):
        explain(allocated, campaign.model_copy(update={"columns": columns}))


def test_people_without_personal_data_have_no_flip_and_no_reason(decided):
    """Refused and contextual people: nothing personal is named, because nothing personal was used."""
    _, explained = decided(people=300)
    bare = explained.allocated.scored.minimised.permitted.standing != Standing.PERSONALISED
    assert bare.any()
    assert (explained.flip_term[bare] == -1).all()
    assert (explained.top_terms[bare] == -1).all()


def test_a_decision_moved_off_the_price_rule_has_no_flip(decided):
    """Where whole numbers changed a decision, no feature is said to have made it."""
    campaign, explained = decided(people=100)
    moved = replace(explained.allocated, moved=np.ones(100, dtype=bool))
    assert (explain(moved, campaign).flip_term == -1).all()


@pytest.mark.parametrize("people", [0, 1])
def test_a_batch_of_nobody_or_one_is_explained(decided, people):
    """One person is a batch of one, and an empty batch is no error."""
    _, explained = decided(people=people)
    assert len(explained.margin) == people
    assert explained.top_terms.shape == (people, REASONS)


def test_every_outcome_is_covered_by_these_batches(decided):
    """The batches above hold chosen, not chosen, contextual and refused people."""
    _, explained = decided(people=300)
    assert set(explained.allocated.reason.tolist()) >= {Reason.SELECTED, Reason.NO_WORTHWHILE_OFFER}
    assert (explained.flip_term >= 0).any()
