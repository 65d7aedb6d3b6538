"""What a monitor found, as plain values: real monitors over a drawn stream, of five groups and two offers."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from evenhand.disparity import Compared, MonitorRule, Stretch, Watch, gap_interval

GROUPS = (("18-24",), ("25-34",), ("35-49",), ("50-64",), ("<b>65 & more",))
OFFERS = ("coffee", "fruit")
AGE = ("age_band",)
AT = "2026-11-26T19:02:20+00:00"


def _comparison(watch: Watch, one: Compared) -> dict[str, Any]:
    monitor, shown = watch.monitor(one), watch.shown(one)
    assert shown is not None
    lower, upper = gap_interval(shown.whole, watch.rule)
    return {
        **one.to_dict(),
        "state": monitor.state.value,
        "direction": monitor.direction,
        "alarm": monitor.alarm_kind,
        "raised": watch.raised(one),
        "figures": {
            "events": shown.events,
            "people": {"group": shown.people[1], "others": shown.people[0]},
            "rate": {"group": shown.hits[1] / 1e6 / shown.people[1], "others": shown.hits[0] / 1e6 / shown.people[0]},
            "gap": shown.whole[1] / shown.whole[0],
            "lower": lower,
            "upper": upper,
            "evidence": shown.evidence,
            "chance": shown.chance,
            "until": {"gap": 0.05, "events": 1234},
        },
        "course": [dataclasses.asdict(point) for point in watch.course(one)],
    }


def monitored(*, groups: tuple[tuple[str, ...], ...] = GROUPS, events: int = 12_000) -> dict[str, Any]:
    """A paused campaign: one group gets more; a second stream of which nothing may be shown yet."""
    rng = np.random.default_rng(5)
    cells, offer = rng.integers(0, len(groups), events), rng.integers(0, 2, events)
    yes = rng.random(events) < np.where(cells == 0, 0.25, 0.12)
    watch = Watch(MonitorRule(), [Compared(AGE, group, offer) for group in groups for offer in ("", *OFFERS)])
    watch.take(0, Stretch({AGE: (cells, groups)}, yes.astype(np.int64) * 1_000_000, offer, OFFERS, True))
    comparisons = [_comparison(watch, one) for one in watch.compared]
    stream = {"watch": "responded", "kind": "outcome", "on_alarm": "pause", "tolerance": 0.02, "alpha": 0.05,
              "events": events, "new": 250, "corrected_from": 4_000, "unmatched": 3, "not_compared": [["region"]],
              "comparisons": comparisons}  # fmt: skip
    hidden = [{**one, "figures": None, "course": [], "state": "no-evidence"} for one in comparisons[:2]]
    other = {**stream, "watch": "offered", "kind": "selection", "on_alarm": "notify", "corrected_from": None,
             "unmatched": 0, "not_compared": [], "comparisons": hidden}  # fmt: skip
    named = ("features", "group", "offer", "beside", "direction", "figures")
    alarm = {"entry": 41, "at": AT, "what": "alarm", "watch": "responded", "clause": {"id": "responded"},
             "then": "pause", "kind": "evidence", "event": 1_250, "events": 2_000,
             **{name: comparisons[0][name] for name in named}}  # fmt: skip
    pause = {"entry": 42, "at": AT, "what": "paused", "alarm": 41}
    before = {"entry": 30, "at": AT, "what": "resumed", "pause": 22, "by": "Noor de Wit", "reason": "<i>ticket 17"}
    return {"campaign": "spring", "at": AT, "paused": pause, "recorded": [], "history": [before, alarm, pause],
            "streams": [stream, other]}  # fmt: skip
