"""Which differences between groups are in the data and in the decisions? Rates, ratios, proxies - from counts only.

The idea: counts of people per group and code, as the wall gives them, are enough for every rate, exact impact ratio,
interval and proxy measure here; no row is ever seen. A ratio is compared in integers, since exactly four fifths is not
below four fifths. Groups too small, and numbers that the wall hides, are said to be so. Sources: 6 RCNY 5-300 ff.
(impact ratios), 29 CFR 1607.4(D) (four fifths), Wilson 1927, Newcombe 1998, Donner and Zou 2012, Bergsma 2013.

The monitor looks all the time: it bets on a stream of events, so that its alarm holds however often somebody looks. It
takes the groups of people, so it works behind the wall, and only what it may show comes out.

It measures differences. It does not say whether one is justified or lawful, it removes none, and it proves no cause.
"""

from evenhand.terms import wilson

from ._association import Proxy, bins_auroc, cramers_v, proxy_table
from ._audit import Audit, audit
from ._behind_the_wall import GroupsWatched, Stream, Wall, watch_stream
from ._catch_up import Caught, Mark, catch_up
from ._cells import GroupAudit, GroupView, MeasureTable, count_cells, group_audit
from ._drift import Drift, PeriodRate, periods_of
from ._gap import gap_estimate, gap_interval, until_shown
from ._impact import NOT_INDEPENDENT, ImpactRow, ImpactTable, above_median, impact_table
from ._intervals import below_bound, difference_interval, impact_ratio, ratio_interval
from ._monitor import Monitor
from ._monitor_rule import MonitorRule, MonitorState
from ._rates import UNKNOWN, Comparison, GroupGap, GroupRate, compare, group_rates, told_rates
from ._strata import PartGap, Parts, Stratified, stratify
from ._together import GroupTold, PairProxy, WholeView
from ._watch import LOOK, Compared, Point, Stretch, Watch, compared_groups, e_bh

__all__ = [
    "LOOK",
    "NOT_INDEPENDENT",
    "UNKNOWN",
    "Audit",
    "Caught",
    "Compared",
    "Comparison",
    "Drift",
    "GroupAudit",
    "GroupGap",
    "GroupRate",
    "GroupTold",
    "GroupView",
    "GroupsWatched",
    "ImpactRow",
    "ImpactTable",
    "Mark",
    "MeasureTable",
    "Monitor",
    "MonitorRule",
    "MonitorState",
    "PairProxy",
    "PartGap",
    "Parts",
    "PeriodRate",
    "Point",
    "Proxy",
    "Stratified",
    "Stream",
    "Stretch",
    "Wall",
    "Watch",
    "WholeView",
    "above_median",
    "audit",
    "below_bound",
    "bins_auroc",
    "catch_up",
    "compare",
    "compared_groups",
    "count_cells",
    "cramers_v",
    "difference_interval",
    "e_bh",
    "gap_estimate",
    "gap_interval",
    "group_audit",
    "group_rates",
    "impact_ratio",
    "impact_table",
    "periods_of",
    "proxy_table",
    "ratio_interval",
    "stratify",
    "told_rates",
    "until_shown",
    "watch_stream",
    "wilson",
]
