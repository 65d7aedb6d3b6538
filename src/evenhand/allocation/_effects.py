"""What each limit costs, in money and in people: the problem is solved again without that limit alone.

Without a limit between groups everybody is decided about anew (`allocate` does that: guesses are made anew too, as
`campaign_frontier` makes them). For the other limits small batches are settled to whole decisions again; larger ones
compare the two dual values and the choices that the two price tables lead to, beyond 200,000 people on a random sample
of 100,000 (the note then says so). Where groups are guessed, the other limits are held there as the guesses were made
for all of them together, so what would come back may be more or less; the note says that too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ._settle import Settled, settle
from .solver import Comparison, Crowd, Hard, Nest, Rows, Solved, bound_of, decide, differ, solve

__all__ = ["SAME_GUESSES", "SAME_GUESSES_SAMPLED", "SAMPLED", "effects"]

SAMPLED = "estimated-on-sample"
SAME_GUESSES, SAME_GUESSES_SAMPLED = "same-guesses", "same-guesses-on-sample"
_WHOLE = 20_000
_FULL, _SAMPLE = 200_000, 100_000


def effects(
    nest: Nest, rows: Rows, comparisons: list[Comparison], scale: float, settled: Settled, binding: tuple[str, ...]
) -> tuple[dict[str, tuple[int, int]], str]:
    """Value and people that each binding limit costs.

    Args:
        nest: everybody.
        rows: the rows as solved, levels free.
        comparisons: the judged comparisons.
        scale: see `scale_of`.
        settled: the outcome with all limits.
        binding: ids of the limits to leave out, one at a time.

    Returns:
        ``(micro-money, people)`` by limit id, and the note on the method.
    """
    size = len(settled.choice)
    is_guessed = any(comparison.is_guessed for comparison in comparisons)
    found: dict[str, tuple[int, int]] = {}
    if size <= _WHOLE:
        for owner in binding:
            kept = rows.without({owner})
            other = settle(nest, rows.keep(kept), comparisons, scale, _part(settled.free, kept), is_near=False)
            found[owner] = (
                max(0, other.value - settled.value),
                int(np.count_nonzero(differ(other.choice, settled.choice))),
            )
        return found, SAME_GUESSES if is_guessed else ""
    part = nest if size <= _FULL else nest.sample(_SAMPLE)
    base = solve(part, rows, scale, settled.free, floor=1e-3 * scale) if binding else settled.free
    with_all = decide(part.whole, rows.price(base.dual))
    value = bound_of(with_all, rows, base)
    for owner in binding:
        kept = rows.without({owner})
        less = rows.keep(kept)
        solved = solve(part, less, scale, _part(base, kept), floor=1e-3 * scale)
        hard = decide(part.whole, less.price(solved.dual))
        gain = bound_of(hard, less, solved) - value
        found[owner] = (max(0, round(gain)), _changed(part.whole, with_all, hard))
    if size > _FULL and binding:
        return found, SAME_GUESSES_SAMPLED if is_guessed else SAMPLED
    return found, SAME_GUESSES if is_guessed else ""


def _part(solved: Solved, kept: NDArray[np.bool_]) -> Solved:
    return Solved(solved.dual[kept], solved.level, solved.beta)


def _changed(crowd: Crowd, one: Hard, other: Hard) -> int:
    """People whose choice differs, each row counting for as many as it stands for."""
    return round(float(crowd.weight[crowd.cell_of_row[differ(one.choice, other.choice)]].sum()))
