"""Which rule selects a share of people without looking at their group, and keeps its limits for people not seen?

The idea: additive price shapes per bin, tuned on true counts, folded into integer tables. Source: ALGORITHMS 2,
attribute-blind variant. It is not used where everybody of a batch is decided about at once; that is gate 4 itself.
"""

from ._assessment import Assessment, GroupReach, LimitReach
from ._blind_fit import BlindFit, assess_blind, fit_blind
from ._blind_policy import BlindPolicy, PriceShape
from ._frontier import Frontier, FrontierPoint, blind_frontier
from ._group_limits import GroupComparison, GroupLimit, GroupMeasure
from ._relaxations import Relaxation, UnreachableLimitError

__all__ = [
    "Assessment",
    "BlindFit",
    "BlindPolicy",
    "Frontier",
    "FrontierPoint",
    "GroupComparison",
    "GroupLimit",
    "GroupMeasure",
    "GroupReach",
    "LimitReach",
    "PriceShape",
    "Relaxation",
    "UnreachableLimitError",
    "assess_blind",
    "blind_frontier",
    "fit_blind",
]
