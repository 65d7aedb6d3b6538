"""What a monitor is asked, and what it can say of now."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum, unique

from evenhand.terms import UsageError

__all__ = ["MonitorRule", "MonitorState"]


@unique
class MonitorState(StrEnum):
    """What a monitor says of now."""

    NO_EVIDENCE = "no-evidence"
    SKEWED = "skewed"
    WITHIN_AGAIN = "within-again"


@dataclass(frozen=True, slots=True)
class MonitorRule:
    """What a monitor is asked.

    Attributes:
        tolerance: the difference between the two means that is tolerated, in either direction.
        alpha: the chance of ever raising an alarm on evidence while the difference stays within the tolerance.
        changes_every: the detector of changes raises at most one false alarm in so many blocks on average.
        largest: the largest amount of one event: 1, or the largest importance weight.

    Raises:
        UsageError: a value is out of its range.
    """

    tolerance: float = 0.02
    alpha: float = 0.05
    changes_every: int = 100_000
    largest: float = 1.0

    def __post_init__(self) -> None:
        fits = 0 <= self.tolerance < self.largest and 0 < self.alpha < 1 and self.changes_every >= 100
        if not (fits and 1 <= self.largest <= 1000 and math.isfinite(self.largest)):
            raise UsageError(
                "monitor-rule",
                f"The monitor cannot work with tolerance {self.tolerance}, alpha {self.alpha}, "
                f"changes_every {self.changes_every} and largest amount {self.largest}.",
                rule="0 <= tolerance < largest, 0 < alpha < 1, changes_every at least 100, largest from 1 to 1000",
                remedy="correct the value that is out of its range",
            )
