"""What a monitor says, as figures for Prometheus: the text exposition format, version 0.0.4.

Only what may be told of a comparison is told: figures of its last showing, which has in each cell nobody or at least
ten people.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

__all__ = ["monitor_metrics"]

_STATES = ("no-evidence", "skewed", "within-again")
_METRICS = (
    ("looked_timestamp_seconds", "gauge", "When the monitor looked last, in seconds since 1970."),
    ("paused", "gauge", "1 while nothing of the campaign is decided."),
    ("fallen_back", "gauge", "1 while later people are decided with earlier prices."),
    ("events", "gauge", "Events of the stream that were counted, in tens."),
    ("alarms_total", "counter", "Alarms in the ledger."),
    ("state", "gauge", "1 for the state of the comparison now."),
    ("people", "gauge", "Events of each side, as of the last showing."),
    ("rate", "gauge", "Rate of each side, as of the last showing."),
    ("gap", "gauge", "Difference between the rates, and its bounds at every look, as of the last showing."),
    ("evidence", "gauge", "The e-value, as of the last showing."),
)
Sample = tuple[str, dict[str, str], float]


def monitor_metrics(monitored: Mapping[str, Any]) -> str:
    """The figures as a text that Prometheus reads, such as by its textfile collector.

    Args:
        monitored: as from `assembly.Monitored.to_dict`; it may have been through JSON.
    """
    samples = list(_samples(monitored))
    lines = []
    for name, kind, meaning in _METRICS:
        full = f"evenhand_monitor_{name}"
        found = [one for one in samples if one[0] == name]
        if found:
            lines += [f"# HELP {full} {meaning}", f"# TYPE {full} {kind}"]
            lines += [f"{full}{{{_labels(labels)}}} {_number(value)}" for _, labels, value in found]
    return "\n".join(lines) + "\n"


def _samples(monitored: Mapping[str, Any]) -> Iterator[Sample]:
    campaign = {"campaign": str(monitored["campaign"])}
    yield "looked_timestamp_seconds", campaign, datetime.fromisoformat(monitored["at"]).timestamp()
    stopped = monitored["paused"]["what"] if monitored["paused"] else ""
    yield "paused", campaign, float(stopped in ("paused", "paused-by"))
    yield "fallen_back", campaign, float(stopped == "fell-back")
    for stream in monitored["streams"]:
        watch = campaign | {"watch": stream["watch"], "kind": stream["kind"]}
        yield "events", watch, stream["events"]
        raised = [one for one in monitored["history"] if one["what"] == "alarm" and one["watch"] == stream["watch"]]
        yield "alarms_total", watch, len(raised)
        for one in stream["comparisons"]:
            yield from _of_comparison(one, watch)


def _of_comparison(one: Mapping[str, Any], watch: dict[str, str]) -> Iterator[Sample]:
    compared = watch | {
        "features": "&".join(one["features"]),
        "group": "&".join(one["group"]),
        "beside": "&".join(one["beside"]),
        "offer": one["offer"],
    }
    for state in _STATES:
        yield "state", compared | {"state": state}, float(one["state"] == state)
    figures = one["figures"]
    if figures is None:
        return
    for side in ("group", "others"):
        yield "people", compared | {"side": side}, figures["people"][side]
        yield "rate", compared | {"side": side}, figures["rate"][side]
    for bound in ("lower", "gap", "upper"):
        yield "gap", compared | {"bound": "estimate" if bound == "gap" else bound}, figures[bound]
    yield "evidence", compared, figures["evidence"]


def _labels(labels: Mapping[str, str]) -> str:
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    """A number as the format writes it; whole ones without a point."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))
