"""How far decisions can be told: a level that follows from what a campaign declares."""

from __future__ import annotations

import pytest

from builders import aware_campaign, make_campaign
from evenhand.policy import Campaign, transparency_of


def _with(campaign, **changes):
    return Campaign.model_validate(campaign.model_dump(mode="json") | changes)


@pytest.mark.parametrize(
    ("campaign", "level", "because"),
    [
        (make_campaign(), 5, ()),
        (_with(make_campaign(), model={"pairs": 2}), 4, ("pairs",)),
        (_with(make_campaign(), limits={"contacts": {"offers_each": 2}}), 4, ("several",)),
        (aware_campaign(), 3, ("aware",)),
        (_with(aware_campaign(), model={"pairs": 1}), 3, ("pairs", "aware")),
    ],
)
def test_a_level_follows_from_what_is_declared(campaign, level, because):
    """Nobody types it in: joint effects, several offers, and sealed prices of groups lower it."""
    found = transparency_of(campaign)
    assert (found.level, found.because) == (level, because)
