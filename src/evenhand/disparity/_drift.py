"""Do features, outcome and groups stay the same from period to period? From counts per period and bin."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import chi_square_tail, wilson

from ._strata import Parts

__all__ = ["Drift", "PeriodRate", "drift_of", "period_rates", "periods_of"]

_ROWS_PER_PERIOD = 300
_MOST_PERIODS = 8


@dataclass(frozen=True, slots=True)
class Drift:
    """How much one thing changed from period to period.

    Attributes:
        kind: ``feature``, ``outcome`` or ``group`` (how many people of each group there are).
        subject: name of the feature or sensitive column; "" for the outcome.
        divergence: generalised Jensen-Shannon divergence of the periods, in bits, 0 (alike) and up.
        noise: the divergence that chance alone gives on average with so many rows.
        stability: population stability index of the period that differs most from all others, less what chance
            gives on average; 0 where it does not differ more than that.
        period: that period.
        chance: chance of so large a divergence where nothing changes (G test).
    """

    kind: Literal["feature", "outcome", "group"]
    subject: str
    divergence: float
    noise: float
    stability: float
    period: str
    chance: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kind": self.kind,
            "subject": self.subject,
            "divergence": self.divergence,
            "noise": self.noise,
            "stability": self.stability,
            "period": self.period,
            "chance": self.chance,
        }


@dataclass(frozen=True, slots=True)
class PeriodRate:
    """Outcome rate of one period.

    Attributes:
        period: its name.
        rows, hits: rows, and rows with the outcome.
        lower, upper: 95 % interval of the rate (Wilson).
    """

    period: str
    rows: int
    hits: int
    lower: float
    upper: float

    @property
    def rate(self) -> float:
        """Share of the rows with the outcome."""
        return self.hits / self.rows

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "period": self.period,
            "rows": self.rows,
            "hits": self.hits,
            "rate": self.rate,
            "lower": self.lower,
            "upper": self.upper,
        }


def periods_of(order: NDArray[np.float64], name_of: Callable[[float], str] | None = None) -> Parts | None:
    """Split rows into up to eight periods of about equally many rows, by what they are ordered by.

    Rows with one and the same value stay together.

    Args:
        order: float64[k], a number or days since 1970 per row.
        name_of: how to write such a value; the number itself by default.

    Returns:
        None where there are too few rows, or too few different values, for two periods.

    Example:
        >>> periods_of(np.arange(900.0)).names
        ('0 to 299', '300 to 599', '600 to 899')
    """
    count = min(_MOST_PERIODS, len(order) // _ROWS_PER_PERIOD)
    if count < 2:
        return None
    say = name_of or (lambda value: f"{value:g}")
    starts = np.unique(np.quantile(order, np.arange(1, count) / count, method="higher"))
    later = order[order > order.min()]
    starts = np.unique(np.maximum(starts, later.min())) if len(later) else starts
    raw = np.searchsorted(starts, order, side="right")
    tally = np.bincount(raw, minlength=len(starts) + 1)
    if np.count_nonzero(tally) < 2:
        return None
    codes = (np.cumsum(tally > 0) - 1)[raw]
    inside = [order[codes == period] for period in range(int(codes.max()) + 1)]
    ends = [(say(float(part.min())), say(float(part.max()))) for part in inside]
    names = tuple(low if low == high else f"{low} to {high}" for low, high in ends)
    if len(set(names)) < len(names):
        names = tuple(f"{place + 1}: {name}" for place, name in enumerate(names))
    return Parts("period", codes, names)


def drift_of(
    kind: Literal["feature", "outcome", "group"], subject: str, counts: NDArray[np.number], names: tuple[str, ...]
) -> Drift:
    """How unlike the periods are, measured against what chance gives.

    Twice the rows times the divergence (in nats) is the G statistic, so chance alone gives
    ``(periods - 1) (bins - 1)`` degrees of freedom; one period beside the others gives a stability index of
    ``(bins - 1) (1/rows + 1/other rows)`` by chance (Yurdakul 2018).

    Args:
        kind, subject: what changes.
        counts: [periods, bins], rows per period and bin.
        names: of the periods.
    """
    used = np.asarray(counts, np.float64)
    kept = used.sum(axis=1) > 0
    used = used[kept][:, used.sum(axis=0) > 0]
    own = [name for name, keep in zip(names, kept.tolist(), strict=True) if keep]
    periods, bins = used.shape
    total = float(used.sum())
    if periods < 2 or bins < 2:
        return Drift(kind, subject, 0.0, 0.0, 0.0, own[0] if own else "", 1.0)
    expected = used.sum(axis=1, keepdims=True) * used.sum(axis=0, keepdims=True) / total
    with np.errstate(divide="ignore", invalid="ignore"):
        nats = float(np.where(used > 0, used * np.log(used / expected), 0.0).sum()) / total
    freedom = (periods - 1) * (bins - 1)
    stable = [_stability(row, used.sum(axis=0) - row) for row in used]
    most = int(np.argmax(stable))
    return Drift(
        kind=kind,
        subject=subject,
        divergence=max(0.0, nats) / math.log(2),
        noise=freedom / (2 * total * math.log(2)),
        stability=max(0.0, stable[most]),
        period=own[most],
        chance=chi_square_tail(2 * total * nats, freedom),
    )


def _stability(here: NDArray[np.float64], elsewhere: NDArray[np.float64]) -> float:
    """Population stability index of one period, less the part that chance gives on average."""
    bins = len(here)
    share = (here + 0.5) / (here.sum() + 0.5 * bins)
    other = (elsewhere + 0.5) / (elsewhere.sum() + 0.5 * bins)
    index = float(((share - other) * np.log(share / other)).sum())
    return float(index - (bins - 1) * (1 / max(1.0, here.sum()) + 1 / max(1.0, elsewhere.sum())))


def period_rates(periods: Parts, outcome: NDArray[np.uint8]) -> tuple[PeriodRate, ...]:
    """Outcome rate of every period."""
    codes = periods.codes.astype(np.intp)
    rows = np.bincount(codes, minlength=len(periods.names))
    hits = np.bincount(codes[outcome == 1], minlength=len(periods.names))
    return tuple(
        PeriodRate(name, n, k, *wilson(k, n))
        for name, n, k in zip(periods.names, rows.tolist(), hits.tolist(), strict=True)
    )
