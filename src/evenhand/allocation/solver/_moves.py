"""One move takes one person from what they have to something else; moves that change limits alike are of one type."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Moves", "by_type"]


@dataclass(slots=True)
class Moves:
    """Moves by type. Heads point at the best person of each type who has not moved yet.

    Attributes:
        person: intp[M], row of each move.
        target: intp[M], what the person has after it: an offer, or a place in a list of choices.
        loss: float64[M], value lost by it.
        first: intp[types + 1], where each type begins; its moves stand by loss.
        head: intp[types].
        change: float64[types, K], what a move adds to the use of each row.
        charge: float64[types], the same in money, at the prices: what a move saves.
        free: bool[R], who has not moved yet.
    """

    person: NDArray[np.intp]
    target: NDArray[np.intp]
    loss: NDArray[np.float64]
    first: NDArray[np.intp]
    head: NDArray[np.intp]
    change: NDArray[np.float64]
    charge: NDArray[np.float64]
    free: NDArray[np.bool_]

    def head_loss(self) -> NDArray[np.float64]:
        """float64[types], value lost by the best move of each type (inf where none is left)."""
        open_ = self.head < self.first[1:]
        return np.where(open_, self.loss[np.minimum(self.head, len(self.loss) - 1)], np.inf)

    def take(self, kind: int) -> tuple[int, int]:
        """Make the best move of a type: (person, target); the person does not move again."""
        move = int(self.head[kind])
        person = int(self.person[move])
        self.free[person] = False
        while True:
            open_ = np.flatnonzero(self.head < self.first[1:])
            stuck = open_[~self.free[self.person[self.head[open_]]]]
            if not len(stuck):
                return person, int(self.target[move])
            self.head[stuck] += 1


def by_type(
    kind: NDArray[np.integer],
    person: NDArray[np.intp],
    target: NDArray[np.intp],
    loss: NDArray[np.float64],
    people: int,
    *,
    each: bool = False,
) -> tuple[Moves, NDArray[np.integer], NDArray[np.intp]]:
    """Moves sorted by type and loss; `change` and `charge` are to be filled in. With `each` every move is a type.

    Returns:
        The moves, the kinds that occur, and a move (in the order given) of each.
    """
    order = np.lexsort((loss, kind))
    kinds, first = (kind[order], np.arange(len(kind))) if each else np.unique(kind[order], return_index=True)
    moves = Moves(
        person=person[order],
        target=target[order],
        loss=loss[order],
        first=np.append(first, len(kind)),
        head=first.copy(),
        change=np.zeros((len(kinds), 0)),
        charge=np.zeros(len(kinds)),
        free=np.ones(people, dtype=bool),
    )
    return moves, kinds, order[first]
