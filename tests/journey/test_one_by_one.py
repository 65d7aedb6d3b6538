"""One person is a batch of one: batch and live are the same road."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from evenhand.explanation import explain
from evenhand.features import minimise
from evenhand.journey import propose
from evenhand.permission import ConsentBook, permit
from evenhand.scoring import score
from evenhand.terms import Allocated, Asked, Standing
from small_world import AT, KEY, Road, SpyColumns, World, make_world, open_road

PEOPLE = 60


@pytest.fixture(scope="module")
def world() -> World:
    """Fewer people, so that each can be asked about alone."""
    return make_world(PEOPLE)


@pytest.fixture(scope="module")
def road(world) -> Road:
    """The world, opened."""
    return open_road(world)


@pytest.fixture(scope="module")
def consents(world, road) -> ConsentBook:
    """What the people of the world said."""
    from evenhand.features import pseudonymise

    said = world.said
    return ConsentBook.from_columns(
        subjects=pseudonymise(said["subject"].to_list(), KEY),
        kinds=said["kind"].to_list(),
        purposes=said["purpose"].to_list(),
        statuses=said["status"].to_list(),
        at=said["at"].dt.replace_time_zone(None).to_numpy(),
    )


def test_the_first_three_gates_say_the_same_of_one_as_of_many(world, road, consents):
    """Standing, reason, codes, scores, chances and values of a person asked about alone are those in the batch."""
    model = road.learned(consents)
    permitted = permit(road.asked, road.campaign, consents)
    minimised = minimise(permitted, model, road.columns)
    scored = score(minimised, road.campaign)
    assert len(np.unique(permitted.standing)) == 2
    for row in range(PEOPLE):
        alone = permit(Asked(road.asked.subjects[[row]], AT), road.campaign, consents)
        assert (alone.standing[0], alone.reason[0]) == (permitted.standing[row], permitted.reason[row])
        columns = SpyColumns(world.people[[row]], road.columns.names)
        mine = score(minimise(alone, model, columns), road.campaign)
        for own, all_ in zip(mine.minimised.codes, minimised.codes, strict=True):
            assert (own[..., 0] == all_[..., row]).all()
        for name in ("score", "probability", "value"):
            assert (getattr(mine, name)[:, 0] == getattr(scored, name)[:, row]).all()


def one_of(allocated: Allocated, row: int) -> Allocated:
    """The batch of one that holds this row, at the prices of the whole."""
    pick = np.array([row])
    scored = allocated.scored
    minimised = scored.minimised
    permitted = minimised.permitted
    permitted = replace(
        permitted,
        asked=Asked(permitted.asked.subjects[pick], AT),
        standing=permitted.standing[pick],
        reason=permitted.reason[pick],
    )
    minimised = replace(minimised, permitted=permitted, codes=tuple(code[..., pick] for code in minimised.codes))
    scored = replace(
        scored,
        minimised=minimised,
        score=scored.score[:, pick],
        probability=scored.probability[:, pick],
        value=scored.value[:, pick],
    )
    columns = ("offer", "runner_up", "price", "runner_up_price", "moved", "reason", "unlimited_offer")
    person = np.zeros(1, dtype=np.intp)
    return replace(
        allocated, scored=scored, person=person, **{name: getattr(allocated, name)[pick] for name in columns}
    )


def test_an_explanation_of_one_is_the_row_of_many(road, consents):
    """Reasons, shares, margin and flip do not depend on who else is in the batch."""
    model = road.learned(consents)
    explained = propose(road.asked, road.campaign, model, road.stores(consents))
    for row in range(PEOPLE):
        alone = explain(one_of(explained.allocated, row), road.campaign)
        for name in ("top_terms", "top_contributions", "margin", "flip_term", "flip_code"):
            assert (getattr(alone, name)[0] == getattr(explained, name)[row]).all(), name


def test_a_price_list_decides_about_one_person_as_it_did_about_all(road, consents):
    """Value less price, the best above zero: everybody's decision, the few that were moved aside."""
    model = road.learned(consents)
    allocated = propose(road.asked, road.campaign, model, road.stores(consents)).allocated
    standing = allocated.scored.minimised.permitted.standing
    net = allocated.scored.value - allocated.prices.offer[:, None]
    best = net.argmax(axis=0)
    ruled = np.where((net.max(axis=0) > 0) & (standing != Standing.REFUSED), best, -1)
    ties = (net == net.max(axis=0)).sum(axis=0) > 1
    same = (ruled == allocated.offer) | allocated.moved | ties
    assert same.all()
