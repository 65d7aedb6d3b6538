"""How people review decisions: how long they take, and how often they change one (GDPR 22(3))."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median
from typing import Any

from ._requests import Request
from ._words import RequestKind, State, Step

__all__ = ["ReviewFigures", "review_figures"]

_ENOUGH = 20
_QUICK = 60.0


@dataclass(frozen=True, slots=True)
class ReviewFigures:
    """Figures of all reviews that were answered.

    Attributes:
        reviews: how many.
        changed: how many changed the decision.
        median_seconds: between start and answer, of those that were started; None where none was.
        looks_rubber_stamped: at least twenty, none changed, and half of them in under a minute. A figure that asks for
            a look, and no verdict.
    """

    reviews: int
    changed: int
    median_seconds: float | None
    looks_rubber_stamped: bool

    @property
    def override_rate(self) -> float | None:
        """Share of reviews that changed the decision; None where there was none."""
        return self.changed / self.reviews if self.reviews else None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "reviews": self.reviews,
            "changed": self.changed,
            "override_rate": self.override_rate,
            "median_seconds": self.median_seconds,
            "looks_rubber_stamped": self.looks_rubber_stamped,
        }


def review_figures(requests: Iterable[Request]) -> ReviewFigures:
    """Figures of the human reviews among these requests.

    Example:
        >>> review_figures([]).override_rate is None
        True
    """
    done = [one for one in requests if one.kind is RequestKind.HUMAN_REVIEW and one.state is State.ANSWERED]
    changed = sum(_answer(one) == "change" for one in done)
    seconds = [spent for one in done if (spent := seconds_spent(one)) is not None]
    middle = median(seconds) if seconds else None
    stamped = len(done) >= _ENOUGH and not changed and middle is not None and middle < _QUICK
    return ReviewFigures(len(done), changed, middle, stamped)


def seconds_spent(request: Request) -> float | None:
    """Seconds between the start of a review and its answer; None where nobody started it."""
    starts = [one.at for one in request.trail if one.step is Step.START]
    ends = [one.at for one in request.trail if one.step is Step.ANSWER]
    return (ends[-1] - starts[-1]).total_seconds() if starts and ends else None


def _answer(request: Request) -> str:
    return next(str(one.details.get("outcome", "")) for one in reversed(request.trail) if one.step is Step.ANSWER)
