"""Ever smaller parts of a crowd, for prices that move ever less: whoever cannot change their choice is counted once.

A person whose best offer is worth more than `width` above the next best makes the same choice while no price moves by
more than half of it. So a layer made at some prices with some width holds everybody who matters at prices nearby, and a
narrower layer can be made from it instead of from everybody. The largest problems pass over everybody a few times only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._choices import has_any, used_by, worth_of
from ._crowd import Crowd, sample
from ._dual import Hard, decide

__all__ = ["Nest"]

_ROOMY = 3.0
_RESERVE, _WORTH_IT = 8.0, 4
"""A layer so many times as wide is kept between, where it is at most this part of what it is made from: prices that
move further than a layer was made for then cost a look at the wider one, not at everybody."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """Everybody of the crowd whose best and second best are within `width` of each other at `price`."""

    crowd: Crowd
    price: NDArray[np.float64]
    width: float

    def reach(self, price: NDArray[np.float64]) -> float:
        """The widest gap at these prices of which it is certain that nobody with it was left out."""
        return self.width - 2 * self.crowd.stretch(price - self.price)


class Nest:
    """A crowd with its layers and its samples.

    Attributes:
        whole: everybody.
    """

    def __init__(self, crowd: Crowd) -> None:
        self.whole = crowd
        self._layers: list[_Layer] = []
        self._samples: dict[int, Nest] = {}

    @property
    def people(self) -> int:
        """Rows of the whole crowd."""
        return int(self.whole.starts[-1])

    def sample(self, size: int) -> Nest:
        """About `size` people at random, weighted to stand for all; the same ones each time."""
        if size not in self._samples:
            self._samples[size] = Nest(sample(self.whole, size))
        return self._samples[size]

    def near(self, price: NDArray[np.float64], width: float, least: float) -> tuple[Crowd, float]:
        """Everybody whose gap at these prices is at most `least`, and preferably those up to `width`.

        Args:
            price: float64[S, m], micro-money.
            width: how wide a layer is made where one has to be made.
            least: how wide it has to be.

        Returns:
            The people, and how far any price may move before somebody left out may matter: half the width to spare.
        """
        while self._layers and self._layers[-1].reach(price) < least:
            self._layers.pop()
        if self._layers:
            last = self._layers[-1]
            reach = last.reach(price)
            if reach <= _ROOMY * width:
                return last.crowd, reach
            width = min(width, reach)
        base = self._layers[-1].crowd if self._layers else self.whole
        widest = self._layers[-1].reach(price) if self._layers else np.inf
        hard, wide = decide(base, price), _RESERVE * width
        if wide < widest and np.count_nonzero(hard.gap <= wide) * _WORTH_IT <= len(hard.gap):
            base = _screen(base, hard, wide)
            self._layers.append(_Layer(base, price, wide))
            hard = decide(base, price)
        self._layers.append(_Layer(_screen(base, hard, width), price, width))
        return self._layers[-1].crowd, width


def _screen(crowd: Crowd, hard: Hard, width: float) -> Crowd:
    """Keep the people whose gap is at most `width`; the others are fixed at their choice. Lots are added."""
    near = hard.gap <= width
    kept = np.flatnonzero(near)
    fixed, worth = crowd.fixed.copy(), crowd.fixed_value
    for cell, (begin, end) in enumerate(zip(crowd.starts[:-1], crowd.starts[1:], strict=True)):
        far = np.flatnonzero(~near[begin:end] & has_any(hard.choice[begin:end])) + begin
        taken = hard.choice[far]
        fixed[cell] += crowd.weight[cell] * used_by(crowd, far, taken)
        worth += crowd.weight[cell] * worth_of(crowd, far, taken)
    value = crowd.value[:, kept]
    return Crowd(
        value=value if crowd.is_lotted else crowd.lotted(value, kept),
        starts=np.searchsorted(kept, crowd.starts).astype(np.intp),
        draw=crowd.draw[kept],
        weight=crowd.weight,
        fixed=fixed,
        fixed_value=worth,
        is_lotted=True,
        chance=None if crowd.chance is None else crowd.chance[:, kept],
        most=crowd.most,
        cost=None if crowd.cost is None else crowd.cost[:, kept],
        origin=None if crowd.origin is None else crowd.origin[:, kept],
    )
