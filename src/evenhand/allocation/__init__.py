"""Who gets what? The allocation that is worth most within budget, capacity, contact and disparity limits.

The idea: every limit acts through a price. Newton's method on the smoothed dual finds the prices; everybody takes the
offer that is worth most above its price; a handful of people are moved so that whole numbers keep every limit; the dual
bound proves how far from the best that can be. With the prices of a run (`PricePolicy`) one person's decision needs no
other person.
Blind limits (the default) price people by what their bin codes say about groups, fitted from counts; aware ones use
the groups behind the wall. A rule that selects a share of people can be fitted blind to keep its limits for people who
were not seen (`fit_blind`): price shapes per bin, tuned on counts, folded into integer tables. Sources: smoothed dual
and multi-scale Newton after ALGORITHMS 2; interior point after Mehrotra (1992); four-fifths rule: RULES F-45.

It does not score, does not judge whether a limit is the right one, and never reads a person's group outside the wall.
"""

from ._by_prices import GivenPrices, PriceTables
from ._campaign_frontier import CampaignFrontier, CampaignPoint, GroupShare, campaign_frontier
from ._reachable import LimitsContradictError
from ._response_rates import ResponseRates, response_rates
from ._soft import allocate
from ._wall import Wall
from .live import (
    GroupTally,
    LeanColumn,
    Lease,
    LeaseStore,
    OneDecider,
    OneDecision,
    PacedPolicy,
    PricePolicy,
    Room,
    check_policy,
    one_decider,
    policy_from_dict,
    policy_of,
    price_policy_schema,
    restored_pace,
    saved_pace,
    tallies_of_cells,
    tallies_of_wall,
)
from .rule import (
    Assessment,
    BlindFit,
    BlindPolicy,
    Frontier,
    FrontierPoint,
    GroupComparison,
    GroupLimit,
    GroupMeasure,
    GroupReach,
    LimitReach,
    PriceShape,
    Relaxation,
    UnreachableLimitError,
    assess_blind,
    blind_frontier,
    fit_blind,
)
from .solver import CLOSED

__all__ = [
    "CLOSED",
    "Assessment",
    "BlindFit",
    "BlindPolicy",
    "CampaignFrontier",
    "CampaignPoint",
    "Frontier",
    "FrontierPoint",
    "GivenPrices",
    "GroupComparison",
    "GroupLimit",
    "GroupMeasure",
    "GroupReach",
    "GroupShare",
    "GroupTally",
    "LeanColumn",
    "Lease",
    "LeaseStore",
    "LimitReach",
    "LimitsContradictError",
    "OneDecider",
    "OneDecision",
    "PacedPolicy",
    "PricePolicy",
    "PriceShape",
    "PriceTables",
    "Relaxation",
    "ResponseRates",
    "Room",
    "UnreachableLimitError",
    "Wall",
    "allocate",
    "assess_blind",
    "blind_frontier",
    "campaign_frontier",
    "check_policy",
    "fit_blind",
    "one_decider",
    "policy_from_dict",
    "policy_of",
    "price_policy_schema",
    "response_rates",
    "restored_pace",
    "saved_pace",
    "tallies_of_cells",
    "tallies_of_wall",
]
