"""What would have changed a decision: equal to trying everything by the price rule, told in both languages."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.explanation import LANGUAGES, DecisionSearch, Proof, decision_counterfactual, tell
from evenhand.ledger import facts_of
from evenhand.policy import Campaign, Span
from evenhand.terms import (
    OTHER,
    Explained,
    Standing,
    Target,
    expected_value,
    score_of,
    score_ppm,
    term_contributions,
)

SEEDS = st.integers(0, 10_000)
TARGETS = st.sampled_from(Target)


def prices_of(explained: Explained) -> dict:
    """The price table as the ledger keeps it."""
    prices = explained.allocated.prices
    return {"offer": prices.offer.tolist(), "group": prices.group.tolist(), "cell_tables": prices.cell_tables}


def rule(campaign: Campaign, explained: Explained, row: int, changes: dict[int, int]) -> tuple[list[int], int]:
    """Value less price of every offer with these changes, and the offer explained; worked out from scratch."""
    a = explained.allocated
    model = a.scored.minimised.model
    focus = int(a.offer[row] if a.offer[row] >= 0 else a.runner_up[row])
    codes = [code[..., row : row + 1].copy() for code in a.scored.minimised.codes]
    for t, code in changes.items():
        codes[t][focus if codes[t].ndim == 2 else slice(None)] = code
    net = []
    for j, offer in enumerate(campaign.offers):
        at = np.array([j])
        score = score_of(model, term_contributions(model, tuple(codes), at), at)
        value = expected_value(offer.value_micro, offer.cost_micro, score_ppm(score, model.link))[0]
        net.append(int(value) - int(a.prices.offer[j]))
    return net, focus


def differs(net: list[int], own: int) -> bool:
    """Whether the rule takes another offer than this one (-1: none); a tie leaves things as they are."""
    return max(net) > 0 if own < 0 else net[own] <= 0 or net[own] < max(net)


def by_hand(campaign: Campaign, explained: Explained, row: int, most: int) -> tuple | None:
    """Cost, features and bins of the smallest change, by trying everything; every bin weighs the same here."""
    minimised = explained.allocated.scored.minimised
    own_offer = int(explained.allocated.offer[row])
    _, focus = rule(campaign, explained, row, {})
    options, cost = [], []
    for binning, code in zip(minimised.model.view.binnings, minimised.codes, strict=True):
        own = int(code[focus, row] if code.ndim == 2 else code[row])
        column = campaign.columns[binning.name]
        known = binning.size - OTHER - 1
        bins = [b for b in range(OTHER + 1, binning.size if own > OTHER else 0) if b != own]
        bins = [b for b in bins if column.actionable and (column.change_only != "up" or b > own)]
        options.append(bins)
        cost.append({b: abs(b - own) * 1_000_000 // known for b in bins})
    for size in range(1, most + 1):
        found = []
        for terms in combinations(range(len(options)), size):
            for bins in product(*(options[t] for t in terms)):
                net, _ = rule(campaign, explained, row, dict(zip(terms, bins, strict=True)))
                if differs(net, own_offer):
                    found.append((sum(cost[t][b] for t, b in zip(terms, bins, strict=True)), terms, bins))
        if found:
            return min(found)
    return None


def asked(campaign: Campaign, explained: Explained, row: int, **options: object):
    """The counterfactual of one row."""
    model = explained.allocated.scored.minimised.model
    return decision_counterfactual(
        facts_of(explained, row, "run"), campaign, model, prices=prices_of(explained), **options
    )


@given(seed=SEEDS, up=st.booleans(), offers=st.integers(1, 3), target=TARGETS)
def test_the_smallest_change_of_a_decision_is_the_one_that_trying_everything_finds(decided, seed, up, offers, target):
    """Rivals that move too, values per offer, joint effects: number, cost, features and bins are all equal."""
    campaign, explained = decided(seed=seed, people=6, offers=offers, terms=3, target=target)
    if up:
        columns = {**campaign.columns, "f0": campaign.columns["f0"].model_copy(update={"change_only": "up"})}
        campaign = campaign.model_copy(update={"columns": columns})
    permitted = explained.allocated.scored.minimised.permitted
    for row in np.flatnonzero(permitted.standing == Standing.PERSONALISED):
        found = asked(campaign, explained, int(row), most_changes=2)
        best = by_hand(campaign, explained, int(row), 2)
        if best is None:
            assert not found.changes
            assert found.proof in (Proof.TOO_MANY, Proof.OUT_OF_REACH, Proof.NOTHING_TO_CHANGE)
        else:
            terms = tuple(change.term for change in found.changes)
            bins = tuple(change.code for change in found.changes)
            assert (found.cost, terms, bins, found.proof) == (*best, Proof.SMALLEST)


@given(seed=SEEDS, target=TARGETS)
def test_without_the_price_table_what_is_found_still_changes_the_decision(decided, seed, target):
    """Only the offer and the runner-up are looked at then: never wrong, and never smaller than with the table."""
    campaign, explained = decided(seed=seed, people=10, target=target)
    model = explained.allocated.scored.minimised.model
    for row in np.flatnonzero(explained.allocated.scored.minimised.permitted.standing == Standing.PERSONALISED):
        found = decision_counterfactual(facts_of(explained, int(row), "run"), campaign, model)
        whole = asked(campaign, explained, int(row))
        if found.changes:
            net, _ = rule(campaign, explained, int(row), {c.term: c.code for c in found.changes})
            assert differs(net, int(explained.allocated.offer[row]))
            assert (len(whole.changes), whole.cost) <= (len(found.changes), found.cost)


def test_a_search_that_is_kept_says_of_each_decision_what_one_made_anew_says(decided):
    """Neither the decisions asked about before nor their order change an answer."""
    campaign, explained = decided(people=40)
    search = DecisionSearch(campaign, explained.allocated.scored.minimised.model)
    prices = prices_of(explained)
    for row in [*range(40), *range(40)]:
        assert search.of(facts_of(explained, row, "run"), prices=prices) == asked(campaign, explained, row)


def test_nothing_is_looked_for_where_no_personal_data_decided(decided):
    """Refused and contextual people get no counterfactual; nor does a decision whose blind cells are not known."""
    campaign, explained = decided(people=60)
    model = explained.allocated.scored.minimised.model
    standing = explained.allocated.scored.minimised.permitted.standing
    assert all(
        asked(campaign, explained, int(row)) is None for row in np.flatnonzero(standing != Standing.PERSONALISED)
    )
    row = int(np.flatnonzero(standing == Standing.PERSONALISED)[0])
    limit = {"id": "even", "groups": ["sex"], "bound": 0.8}
    limited, _ = decided(people=1, limits={"disparity": [limit]})
    assert decision_counterfactual(facts_of(explained, row, "run"), limited, model) is None


def frozen(campaign: Campaign, **changes: object) -> Campaign:
    """The campaign with these declarations for every feature."""
    columns = {n: c.model_copy(update=changes if n.startswith("f") else {}) for n, c in campaign.columns.items()}
    return campaign.model_copy(update={"columns": columns})


def test_a_range_that_admits_nothing_new_leaves_nothing_to_change(decided):
    """Where no bin may be entered, none is, whatever the decision."""
    campaign, explained = decided(people=60)
    beyond = frozen(campaign, change_only="up", change_within=Span(at_most=-1.0))
    standing = explained.allocated.scored.minimised.permitted.standing
    for row in np.flatnonzero(standing == Standing.PERSONALISED):
        assert asked(beyond, explained, int(row)).proof is Proof.NOTHING_TO_CHANGE


@pytest.mark.parametrize("lang", LANGUAGES)
def test_several_changes_are_told_with_each_bin_as_it_is_and_would_be(decided, lang):
    """The sentence names every change; where there is none within three, it says that it was looked for."""
    told = set()
    for seed in range(12):
        campaign, explained = decided(seed=seed, people=60)
        model = explained.allocated.scored.minimised.model
        for row in np.flatnonzero(explained.flip_term < 0):
            facts = facts_of(explained, int(row), "run")
            story = tell(facts, campaign, model, lang, prices=prices_of(explained))
            said = [line.text for line in story.lines if line.key == "change"]
            if story.instead is None:
                assert said == []
                continue
            told.add(len(story.instead.changes))
            (sentence,) = said
            values = {factor.name: factor.value for factor in story.factors}
            for change in story.instead.changes:
                assert values[change.feature] in sentence
            assert story.to_dict()["instead"]["proof"] == story.instead.proof
            if not story.instead.changes:
                assert "3" in sentence
    assert {0, 2} <= told


def test_a_recorded_single_change_is_told_as_it_was_recorded(decided):
    """Nothing is searched again where the record names a change."""
    campaign, explained = decided(people=60)
    row = int(np.flatnonzero(explained.flip_term >= 0)[0])
    model = explained.allocated.scored.minimised.model
    story = tell(facts_of(explained, row, "run"), campaign, model, "en", prices=prices_of(explained))
    assert story.instead is None
    assert any(line.key == "change" and "One change" in line.text for line in story.lines)
