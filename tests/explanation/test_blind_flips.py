"""Under a blind limit a bin says something about the price too; a flip that is named holds all the same."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from builders import make_campaign, make_explained, make_model
from evenhand.allocation import allocate
from evenhand.explanation import Counterfactual, decision_counterfactual, explain
from evenhand.ledger import facts_of
from evenhand.policy import Campaign
from evenhand.terms import (
    Explained,
    Scored,
    Standing,
    Target,
    expected_value,
    score_of,
    score_ppm,
    term_contributions,
)
from evenhand.vault import Vault

PEOPLE = 500


def scored(campaign: Campaign, seed: int) -> Scored:
    """A batch with the true link table."""
    batch = make_explained(PEOPLE, campaign, make_model(campaign, seed), seed=seed).allocated.scored
    probability = score_ppm(batch.score, batch.minimised.model.link)
    value = np.stack(
        [expected_value(o.value_micro, o.cost_micro, probability[j]) for j, o in enumerate(campaign.offers)]
    )
    return Scored(batch.minimised, batch.score, probability, value)


def decided(seed: int, *modes: str, target: Target = Target.RESPONSE) -> tuple[Campaign, Explained]:
    """A batch in which the first feature tells the sexes apart, under one limit per mode."""
    necessity = {"necessity": "The first feature alone says little; blind was tried and did not reach the bound."}
    limits = [
        {"id": f"even-{mode}", "groups": [group], "bound": 0.9, "mode": mode} | (necessity if mode == "aware" else {})
        for mode, group in zip(modes, ("sex", "age"), strict=False)
    ]
    columns = {name: column.model_dump() for name, column in make_campaign().columns.items()}
    columns["age"] = columns["sex"]
    limited = {"contacts": {"total": 150}, "disparity": limits}
    campaign = make_campaign(columns=columns, limits=limited, model={"target": target})
    batch = scored(campaign, seed)
    code = batch.minimised.codes[0].astype(int)
    rng = np.random.default_rng(seed)
    groups = {
        "sex": np.where(rng.random(PEOPLE) < code / 10, "woman", "man").tolist(),
        "age": np.where(rng.random(PEOPLE) < code / 12, "old", "young").tolist(),
    }
    personal = batch.minimised.permitted.standing == Standing.PERSONALISED
    allocated = allocate(batch, campaign, Vault(groups, personal))
    return campaign, explain(allocated, campaign)


def leaf_of(recipe: dict, names: list[str], codes: list[np.ndarray]) -> int:
    """The blind cell of one person, by the recipe in words: add up the tables, walk the tree."""
    sums = None
    for column in recipe["columns"]:
        own = codes[names.index(column["term"])]
        code = int(own[max(column["offer"], 0)] if len(own) > 1 else own[0])
        part = [table[code] for table in column["tables"]]
        sums = part if sums is None else [a + b for a, b in zip(sums, part, strict=True)]
    node, inner = 0, len(recipe["dimension"])
    while node < inner:
        node = 2 * node + 1 + (sums[recipe["dimension"][node]] > recipe["threshold"][node])
    return node - inner


def one_decision(campaign: Campaign, explained: Explained, codes: list[np.ndarray]) -> int:
    """What the price rule gives a person with these codes, from nothing but the model and the prices."""
    prices = explained.allocated.prices
    model = explained.allocated.scored.minimised.model
    leaf = leaf_of(prices.cell_tables["blind"], [binning.name for binning in model.view.binnings], codes)
    cell = prices.cell_tables["cells"].index([0, leaf + 1])
    net = []
    for j, offer in enumerate(campaign.offers):
        at = np.array([j])
        own = tuple(code if len(code) == 1 else code[:, None] for code in codes)
        score = score_of(model, term_contributions(model, own, at), at)
        value = expected_value(offer.value_micro, offer.cost_micro, score_ppm(score, model.link))[0]
        net.append(int(value) - int(prices.offer[j]) - int(prices.group[cell, j]))
    best = int(np.argmax(net))
    return best if net[best] > 0 else -1


def codes_of(explained: Explained, row: int) -> list[np.ndarray]:
    """One person's codes, one array per term."""
    return [np.atleast_1d(code[..., row]).copy() for code in explained.allocated.scored.minimised.codes]


@pytest.mark.parametrize("target", Target)
@pytest.mark.parametrize("seed", [1, 3, 5])
def test_a_flip_under_a_blind_limit_holds_with_the_price_of_the_changed_bin(seed, target):
    """The rule, worked out from scratch, gives the recorded decision as it is and another one after the change."""
    campaign, explained = decided(seed, "blind", target=target)
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    assert np.ptp(allocated.prices.group) > 0, "the blind limit does not bind; this test shows nothing"
    personal = (permitted.standing == Standing.PERSONALISED) & ~allocated.moved
    for row in np.flatnonzero(personal)[:60]:
        assert one_decision(campaign, explained, codes_of(explained, row)) == allocated.offer[row]
    flipped = np.flatnonzero(explained.flip_term >= 0)
    assert len(flipped) > 20
    for row in flipped:
        codes = codes_of(explained, row)
        now = allocated.offer[row]
        own = codes[explained.flip_term[row]]
        own[0 if len(own) == 1 else (now if now >= 0 else allocated.runner_up[row])] = explained.flip_code[row]
        assert one_decision(campaign, explained, codes) != now


def test_beside_an_aware_limit_no_flip_leaves_its_blind_cell():
    """The other half of the price is behind the wall, so only changes that leave the price alone are named."""
    _, explained = decided(1, "blind", "aware")
    model = explained.allocated.scored.minimised.model
    names = [binning.name for binning in model.view.binnings]
    recipe = explained.allocated.prices.cell_tables["blind"]
    flipped = np.flatnonzero(explained.flip_term >= 0)
    assert len(flipped)
    for row in flipped:
        now, then = codes_of(explained, row), codes_of(explained, row)
        chosen = explained.allocated.offer[row]
        own = then[explained.flip_term[row]]
        focus = chosen if chosen >= 0 else explained.allocated.runner_up[row]
        own[0 if len(own) == 1 else focus] = explained.flip_code[row]
        assert leaf_of(recipe, names, now) == leaf_of(recipe, names, then)


def counterfactuals(campaign: Campaign, explained: Explained) -> Iterator[tuple[int, Counterfactual]]:
    """What would have changed each decision for which no single change is recorded."""
    prices = explained.allocated.prices
    table = {"offer": prices.offer.tolist(), "group": prices.group.tolist(), "cell_tables": prices.cell_tables}
    for row in np.flatnonzero(explained.flip_term < 0):
        facts = facts_of(explained, int(row), "run")
        found = decision_counterfactual(facts, campaign, explained.allocated.scored.minimised.model, prices=table)
        if found is not None and found.changes:
            yield int(row), found


def with_changes(explained: Explained, row: int, found: Counterfactual) -> list[np.ndarray]:
    """One person's codes after the changes."""
    codes, chosen = codes_of(explained, row), explained.allocated.offer[row]
    focus = int(chosen if chosen >= 0 else explained.allocated.runner_up[row])
    for change in found.changes:
        codes[change.term][0 if len(codes[change.term]) == 1 else focus] = change.code
    return codes


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_several_changes_hold_with_the_prices_of_the_cell_that_they_lead_to(seed):
    """The rule from scratch, at the prices of the new cell, decides differently; some changes do lead to another."""
    campaign, explained = decided(seed, "blind")
    recipe = explained.allocated.prices.cell_tables["blind"]
    names = [binning.name for binning in explained.allocated.scored.minimised.model.view.binnings]
    moved = several = 0
    for row, found in counterfactuals(campaign, explained):
        codes = with_changes(explained, row, found)
        assert one_decision(campaign, explained, codes) != explained.allocated.offer[row]
        moved += leaf_of(recipe, names, codes) != leaf_of(recipe, names, codes_of(explained, row))
        several += len(found.changes) > 1
    assert moved > 0
    assert several > 0


def test_beside_an_aware_limit_several_changes_leave_the_blind_cell_too():
    """What the wall hides is not guessed at."""
    campaign, explained = decided(1, "blind", "aware")
    recipe = explained.allocated.prices.cell_tables["blind"]
    names = [binning.name for binning in explained.allocated.scored.minimised.model.view.binnings]
    seen = 0
    for row, found in counterfactuals(campaign, explained):
        codes = with_changes(explained, row, found)
        assert leaf_of(recipe, names, codes) == leaf_of(recipe, names, codes_of(explained, row))
        seen += 1
    assert seen > 0
