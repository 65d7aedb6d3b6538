"""Where the marks of each chart stand: plain geometry, from the report's values alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = [
    "WIDTH",
    "axis_top",
    "changes",
    "flat",
    "gain_curve",
    "reach",
    "reliability",
    "shape_marks",
    "to_percent",
]

WIDTH, HEIGHT = 200, 80
_SIDE = 14
"""Width of a bar that stands beside the steps (a value not known)."""
_NICE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)

Marks = dict[str, Any]


def axis_top(values: Sequence[float | None]) -> float:
    """The end of an axis from zero: a round share that holds every value.

    >>> axis_top([0.07, None, 0.181])
    0.2
    """
    highest = max((value for value in values if value is not None), default=0.0)
    return next((top for top in _NICE if highest <= top), 1.0)


def to_percent(value: float, top: float) -> float:
    """Place on a track, in percent of its width; a little room is left at both ends for the marks.

    >>> to_percent(0.5, 1.0)
    50.0
    """
    return round(1.5 + 97 * min(max(value / top, 0.0), 1.0), 2)


def reach(shapes: Sequence[Sequence[Mapping[str, Any]]], least: float = 0.05) -> float:
    """Half of a scale that fits all effects, and intervals up to one and a half times the largest effect, in logits (or
    the unit of the effects); at least `least`."""
    effects = [abs(one["effect"]) for shape in shapes for one in shape]
    edges = [max(abs(one["lower"]), abs(one["upper"])) for shape in shapes for one in shape]
    return max(min(max(edges, default=0.0), 1.5 * max(effects, default=0.0)), least)


def flat(shape: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every value counts the same, to a hundredth of a point."""
    return all(abs(one["effect"]) < 5e-5 for one in shape)


def shape_marks(shape: Sequence[Mapping[str, Any]], half: float) -> Marks:
    """Marks of one term's shape on a field of 200 x 80: steps and band for ranges, bars for all other bins.

    Args:
        shape: bins in order, with label, effect, lower and upper (logits).
        half: logits from the middle to the edge of the field.
    """

    def y(logits: float) -> float:
        return round(HEIGHT / 2 * (1 - min(max(logits / half, -1.0), 1.0)) * 0.94 + HEIGHT * 0.03, 1)

    steps = [one for one in shape if one["label"]["kind"] == "range"]
    others = [one for one in shape if one["label"]["kind"] != "range"]
    beside = len(others) * _SIDE if steps else 0
    width = WIDTH - beside - (6 if beside else 0)
    line, upper, lower = "", "", ""
    for i, one in enumerate(steps):
        left, right = round(width * i / len(steps), 1), round(width * (i + 1) / len(steps), 1)
        line += f"{'M0 ' if not i else 'V'}{y(one['effect']):g}H{right:g}"
        upper += f"{'M0 ' if not i else 'V'}{y(one['upper']):g}H{right:g}"
        lower = f"V{y(one['lower']):g}H{left:g}" + lower
    bars = []
    slot = _SIDE if steps else WIDTH / max(len(others), 1)
    start = WIDTH - beside if steps else 0
    for i, one in enumerate(others):
        top, bottom = sorted((y(0.0), y(one["effect"])))
        bars.append(
            {
                "x": round(start + slot * (i + 0.18), 1),
                "width": round(slot * 0.64, 1),
                "y": top,
                "height": round(max(bottom - top, 0.6), 1),
                "middle": round(start + slot * (i + 0.5), 1),
                "upper": y(one["upper"]),
                "lower": y(one["lower"]),
            }
        )
    return {"line": line, "band": f"{upper}{lower}Z" if steps else "", "bars": bars, "zero": y(0.0)}


def reliability(table: Sequence[Mapping[str, float]]) -> Marks:
    """Marks of a reliability chart on a square of 100, both axes from zero to the same round share."""
    top = axis_top([value for row in table for value in (row["predicted"], row["upper"])])

    def place(share: float) -> float:
        return round(100 * min(max(share / top, 0.0), 1.0), 2)

    dots = [
        {
            "x": place(row["predicted"]),
            "y": round(100 - place(row["rate"]), 2),
            "high": round(100 - place(row["upper"]), 2),
            "low": round(100 - place(row["lower"]), 2),
        }
        for row in table
    ]
    return {"top": top, "dots": dots}


def changes(table: Sequence[Mapping[str, float]]) -> Marks:
    """Marks of predicted changes beside measured ones on a square of 100; both axes have the same ends and hold zero.

    Args:
        table: per bin ``predicted``, ``increment``, ``lower`` and ``upper``.
    """
    every = [0.0, *(row[key] for row in table for key in ("predicted", "increment", "lower", "upper"))]
    low, high = _widened(min(every), max(every))

    def place(change: float) -> float:
        return round(100 * (change - low) / (high - low), 2)

    dots = [
        {
            "x": place(row["predicted"]),
            "y": round(100 - place(row["increment"]), 2),
            "high": round(100 - place(row["upper"]), 2),
            "low": round(100 - place(row["lower"]), 2),
        }
        for row in table
    ]
    return {"low": low, "high": high, "zero": place(0.0), "dots": dots}


def gain_curve(curve: Sequence[Sequence[float]]) -> Marks:
    """A Qini curve as a path on a field of 100 x 60, and the straight line to its end.

    Args:
        curve: points [share of people, gain per person], from 0 to 1.
    """
    low, high = _widened(min(0.0, *(gain for _, gain in curve)), max(0.0, *(gain for _, gain in curve)))

    def y(gain: float) -> float:
        return round(60 * (high - gain) / (high - low), 2)

    path = "M" + "L".join(f"{round(100 * share, 2):g} {y(gain):g}" for share, gain in curve)
    return {"path": path, "start": y(0.0), "end": y(curve[-1][1]), "high": high, "low": low}


def _widened(low: float, high: float) -> tuple[float, float]:
    """These ends with a little room beyond them, and never the same."""
    room = 0.05 * (high - low) or 1e-6
    return low - room, high + room
