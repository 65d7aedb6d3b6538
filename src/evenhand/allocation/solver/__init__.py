"""Which prices make people keep the limits by themselves, and what does everybody then get?

The idea: people are columns of values by cell (`Crowd`), limits are rows over counts (`Rows`); Newton's method on the
smoothed dual, ever narrower and on ever fewer people (`Nest`), finds the prices (`solve`); whole decisions follow and
are repaired (`repair`); the dual bound proves how good they are. Source: ALGORITHMS 2. It knows no wall and no person,
and of groups only rows.
"""

from ._bound import at_most, bound_of, tightened
from ._choices import Choice, as_lists, count_of, differ, has_any, lists_of, whole_worth
from ._comparisons import UNKNOWN, Comparison, Kind, comparisons_of, exact, judge, levels_for, offer_sets, rates_near
from ._crowd import CLOSED, Crowd, canonical, draw_for, is_open, lay_out, lot
from ._dual import Hard, decide
from ._elastic import Classes, least_excess
from ._limits import Rows, at_level, build_rows, relaxed
from ._nest import Nest
from ._pools import Pooled, pooled
from ._quadratic import settle_step
from ._rounding import repair, tolerance_of
from ._solve import Solved, scale_of, solve
from ._trim import trim

__all__ = [
    "CLOSED",
    "UNKNOWN",
    "Choice",
    "Classes",
    "Comparison",
    "Crowd",
    "Hard",
    "Kind",
    "Nest",
    "Pooled",
    "Rows",
    "Solved",
    "as_lists",
    "at_level",
    "at_most",
    "bound_of",
    "build_rows",
    "canonical",
    "comparisons_of",
    "count_of",
    "decide",
    "differ",
    "draw_for",
    "exact",
    "has_any",
    "is_open",
    "judge",
    "lay_out",
    "least_excess",
    "levels_for",
    "lists_of",
    "lot",
    "offer_sets",
    "pooled",
    "rates_near",
    "relaxed",
    "repair",
    "scale_of",
    "settle_step",
    "solve",
    "tightened",
    "tolerance_of",
    "trim",
    "whole_worth",
]
