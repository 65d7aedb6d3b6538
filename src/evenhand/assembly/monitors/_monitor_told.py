"""What may be told of a comparison: its state now, and its figures as of the last showing."""

from __future__ import annotations

import dataclasses
from typing import Any

from evenhand.disparity import Compared, Watch, gap_estimate, gap_interval, until_shown
from evenhand.terms import PPM

__all__ = ["told_of"]

_POINTS = 0.05
"""The difference that the forecast is about, where the tolerance leaves room for it."""


def told_of(watch: Watch, one: Compared, *, course: bool = False) -> dict[str, Any]:
    """One comparison as plain values.

    Args:
        watch: the monitors.
        one: the comparison.
        course: also how it came to be so, showing by showing.
    """
    now, shown = watch.monitor(one), watch.shown(one)
    told: dict[str, Any] = {
        **one.to_dict(),
        "state": now.state.value,
        "direction": now.direction,
        "alarm": now.alarm_kind,
        "raised": watch.raised(one),
        "figures": None,
    }
    if shown is not None:
        lower, upper = gap_interval(shown.whole, watch.rule)
        gap = _POINTS if watch.rule.tolerance < 0.8 * _POINTS else watch.rule.tolerance + _POINTS
        told["figures"] = {
            "events": shown.events,
            "people": {"group": shown.people[1], "others": shown.people[0]},
            "rate": {side: shown.hits[at] / PPM / shown.people[at] for side, at in (("group", 1), ("others", 0))},
            "gap": gap_estimate(shown.whole),
            "lower": lower,
            "upper": upper,
            "evidence": shown.evidence,
            "chance": shown.chance,
            "until": {"gap": gap, "events": until_shown(shown, gap)},
        }
    if course:
        told["course"] = [dataclasses.asdict(point) for point in watch.course(one)]
    return told
