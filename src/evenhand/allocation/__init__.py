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

from ._assessment import Assessment, GroupReach, LimitReach
from ._blind_fit import BlindFit, assess_blind, fit_blind
from ._blind_policy import BlindPolicy, PriceShape
from ._by_prices import GivenPrices, PriceTables
from ._campaign_frontier import CampaignFrontier, CampaignPoint, GroupShare, campaign_frontier
from ._crowd import CLOSED
from ._frontier import Frontier, FrontierPoint, blind_frontier
from ._group_limits import GroupComparison, GroupLimit, GroupMeasure
from ._lease import Lease, LeaseStore
from ._one_decision import OneDecider, OneDecision, one_decider
from ._pace_prices import GroupTally
from ._pace_state import restored_pace, saved_pace
from ._pacing import PacedPolicy, tallies_of_cells, tallies_of_wall
from ._policy_reading import policy_from_dict, price_policy_schema
from ._price_policy import LeanColumn, PricePolicy, check_policy, policy_of
from ._reachable import LimitsContradictError
from ._relaxations import Relaxation, UnreachableLimitError
from ._response_rates import ResponseRates, response_rates
from ._room import Room
from ._soft import allocate
from ._wall import Wall

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
