"""The best change so far, what a search came to, and when it gives up."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Best", "EnoughError", "Found"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to.

    Attributes:
        changes: (feature, code), by feature; None where nothing was found.
        cost: their cost.
        nodes: bins that were tried.
        finished: False where it stopped at the most nodes allowed.
        could: whether more changes than were allowed might still reach it.
    """

    changes: tuple[tuple[int, int], ...] | None
    cost: int
    nodes: int
    finished: bool
    could: bool


class EnoughError(Exception):
    """The most nodes were tried."""


class Best:
    """The best so far, and how many bins were tried."""

    __slots__ = ("changes", "cost", "left", "nodes", "terms")

    def __init__(self, most_nodes: int) -> None:
        self.changes: tuple[tuple[int, int], ...] | None = None
        self.terms: tuple[int, ...] = ()
        self.cost = 0
        self.nodes = 0
        self.left = most_nodes

    def beats(self, cost: int, terms: tuple[int, ...]) -> bool:
        """Whether it is certain that nothing of these features, from this cost on, is better."""
        return self.changes is not None and (self.cost, self.terms) < (cost, terms)

    def offer(self, cost: int, changes: tuple[tuple[int, int], ...]) -> None:
        """Take these if they are better."""
        terms = tuple(term for term, _ in changes)
        if self.changes is None or (cost, terms, changes) < (self.cost, self.terms, self.changes):
            self.changes, self.cost, self.terms = changes, cost, terms

    def tried(self, bins: int = 1) -> None:
        """So many more bins."""
        self.nodes += bins
        if self.nodes > self.left:
            raise EnoughError
