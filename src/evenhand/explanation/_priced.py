"""The exact search for one score: sets of features by size, then in the order of what they must cost at least."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import ceil

import numpy as np

from ._best import Best
from ._board import FAR, Board, Standing
from ._bounds import SLACK
from ._dive import Dive, TwoHeads
from ._look import Look, Weighed

__all__ = ["Priced"]


class Priced:
    """The search for one person: `look` tries all sets of one size, smaller sizes first."""

    def __init__(self, board: Board, person: Sequence[Sequence[int]], need: int) -> None:
        self.board, self.need = board, need
        if board.terms:
            self._standing = Standing(board, person)
            self._weighed = Weighed(board, self._standing, need)

    @cached_property
    def _could(self) -> bool:
        return bool(self.board.terms) and self._standing.farthest() >= self.need

    def may_with_more(self, changes: int) -> bool:
        """Whether more changes than so many might reach the score."""
        return self._could and changes < self._standing.helpful()

    def look(self, size: int, best: Best) -> bool:
        """Try all sets of so many features; False where they are too many to list."""
        if size > len(self.board.terms):
            return True
        if size == 1:
            self._one(best)
            return True
        if not self._could:
            return True
        sets = self.board.sets(size)
        if sets is None:
            return False
        look = Look(self._weighed, sets)
        for asked in look.order():
            if best.changes is not None and asked.bound - SLACK > best.cost:
                break
            terms = tuple(self.board.terms[place] for place in sets.places[asked.at])
            if not best.beats(ceil(asked.bound - SLACK), terms):
                (TwoHeads if asked.heads else Dive)(look, asked, terms, best).go()
        return True

    def _one(self, best: Best) -> None:
        """One feature: the cheapest bin that pushes far enough; ties to the first feature, then the lowest code."""
        cost = np.where(self._standing.push >= self.need, self._standing.cost, FAR)
        place, code = divmod(int(cost.argmin()), self.board.width)
        if cost[place, code] < FAR:
            best.tried()
            best.offer(int(cost[place, code]), ((self.board.terms[place], code),))
