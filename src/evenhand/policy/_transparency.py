"""How far a campaign's decisions can be told, as a level from 1 to 5 that follows from what it declares.

Evenhand decides by additive tables of integers only, so whatever counted can be shown and adds up; levels 1 and 2 are
for models of which that is not so, and none is run. What lowers the level: parts that are joint effects of two columns,
people who get several offers or have costs of their own (what would have changed it is then not worked out), and
prices of groups, which are sealed (RULES A-4a).
"""

from __future__ import annotations

from dataclasses import dataclass

from ._campaign import Campaign

__all__ = ["Transparency", "transparency_of"]


@dataclass(frozen=True, slots=True)
class Transparency:
    """A level, and what it follows from.

    Attributes:
        level: 5 each part is one column, and what would have changed the decision is exact; 4 the parts add up, but
            some are joint effects, or what would have changed it is not worked out; 3 a part of the price is sealed.
        because: words for what lowers it: ``pairs``, ``several``, ``own-costs``, ``aware``.
    """

    level: int
    because: tuple[str, ...]


def transparency_of(campaign: Campaign) -> Transparency:
    """The level of a campaign, from its declaration alone."""
    facts = (
        ("pairs", 4, campaign.model.pairs > 0),
        ("several", 4, campaign.offers_each > 1),
        ("own-costs", 4, bool(campaign.own_costs)),
        ("aware", 3, bool(campaign.aware_limits)),
    )
    found = [(name, level) for name, level, holds in facts if holds]
    return Transparency(min((level for _, level in found), default=5), tuple(name for name, _ in found))
