"""The exact search for one score: sets of features by size, then in the order of what they must cost at least."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

import numpy as np

from ._best import Best
from ._board import FAR, Board, Standing
from ._bounds import SLACK, Look, Weighed
from ._dive import Dive, TwoHeads

__all__ = ["Priced"]


class Priced:
    """The search for one person: `look` tries all sets of one size, smaller sizes first."""

    def __init__(self, board: Board, person: Sequence[Sequence[int]], need: int) -> None:
        self.board, self.need = board, need
        self.could, self.helpful = False, 0
        if board.terms:
            self.standing = Standing(board, person)
            self._weighed = Weighed(board, self.standing, need)
            self.could = self.standing.farthest() >= need
            self.helpful = self.standing.helpful()

    def look(self, size: int, best: Best) -> bool:
        """Try all sets of so many features; False where they are too many to list."""
        if not self.could or size > len(self.board.terms):
            return True
        if size == 1:
            self._one(best)
            return True
        sets = self.board.sets(size)
        if sets is None:
            return False
        look = Look(self._weighed, sets)
        for at, bound, rate, room in look.order():
            if best.changes is not None and bound - SLACK > best.cost:
                break
            terms = tuple(self.board.terms[place] for place in sets.places[at])
            if not best.beats(ceil(bound - SLACK), terms):
                heads = sets.heads.get(at)
                if heads is None:
                    Dive(look, at, rate, bound, terms, best).go(0, 0.0, room, 0)
                else:
                    TwoHeads(look, heads, at, rate, terms, best).go_all()
        return True

    def _one(self, best: Best) -> None:
        """One feature: the cheapest bin that pushes far enough; ties to the first feature, then the lowest code."""
        cost = np.where(self.standing.push >= self.need, self.standing.cost, FAR)
        place, code = divmod(int(cost.argmin()), self.board.width)
        if cost[place, code] < FAR:
            best.tried()
            best.offer(int(cost[place, code]), ((self.board.terms[place], code),))
