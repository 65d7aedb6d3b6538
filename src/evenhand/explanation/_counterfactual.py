"""The smallest change of what a person could change by which a score reaches a target: exact, with its proof."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import Model, PolicyError

from ._best import Found
from ._grid import Grid, Person, Side
from ._reach import Reach, Steps, campaign_reaches, declared_reaches
from ._search import push_of, smallest

__all__ = ["MASS", "Change", "Counterfactual", "CounterfactualSearch", "Proof", "counterfactual"]

MASS = 0.002
"""Bins with a smaller share of the training rows are not proposed: nobody is told to become a rarity."""
MOST_NODES = 1_000_000


class Proof(StrEnum):
    """What is certain about a counterfactual, or about the lack of one."""

    ALREADY = "already"
    """The target is reached as it is: nothing has to change."""
    SMALLEST = "smallest"
    """Every smaller change was ruled out."""
    NOTHING_TO_CHANGE = "nothing-to-change"
    """No feature of which a value is known may go to any other bin."""
    OUT_OF_REACH = "out-of-reach"
    """No number of changes within reach suffices."""
    TOO_MANY = "too-many"
    """Not with as many changes as were allowed; with more it was not looked for."""
    UNFINISHED = "unfinished"
    """The search was stopped at its most nodes; changes, if any, suffice and may not be the smallest."""


@dataclass(frozen=True, slots=True)
class Change:
    """One feature that would have to be different.

    Attributes:
        feature: its column.
        term: its place in the model's view.
        was, code: the bin it is in, and the bin it would have to be in.
        cost: share of the training rows that is passed, ppm; a whole million for another category.
    """

    feature: str
    term: int
    was: int
    code: int
    cost: int


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """The smallest change for one person.

    Attributes:
        changes: by feature in the order of the view; empty where there is none.
        cost: sum of their costs, ppm.
        score: score of the offer after the changes, micro-logits; without changes the score as it is.
        proof: what is certain about it.
        nodes: bins that the search tried.
    """

    changes: tuple[Change, ...]
    cost: int
    score: int
    proof: Proof
    nodes: int


def counterfactual(
    model: Model,
    codes: Sequence[NDArray[np.uint8]],
    target: int | NDArray[np.integer],
    *,
    offer: int = 0,
    at_most: bool = False,
    actionable: Iterable[str] | None = None,
    directions: Mapping[str, int] | None = None,
    ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
    mass: float = MASS,
    most_changes: int = 4,
    most_nodes: int = MOST_NODES,
) -> tuple[Counterfactual, ...]:
    """For each person the fewest features, and of those the least cost, by which a score reaches its target.

    The search is exact: subsets of features by size, bins depth first, with bounds on what is still to be gained, in
    integers (see ``docs/explanation/counterfactuals.md``). Ties go to the features that come first and to the lowest
    codes. Only features of which the person's value is known are changed, and only to bins of known values. It says
    what the model would say, not what would happen: a model knows no causes.

    Args:
        model: the tables.
        codes: one array per feature, [n] or [m, n] for a per-offer feature, of which only this offer's value changes.
        target: micro-logits, one for all or int64[n].
        offer: index of the offer whose score it is.
        at_most: the score must be at most the target instead of at least.
        actionable: columns that may change; None = all.
        directions: 1 for a number that may only go up, -1 for one that may only go down.
        ranges: lowest and highest value of a number, either may be None; a bin is within the range where some value
            of it is.
        mass: only bins with at least this share of the training rows are proposed, where the model knows the shares.
        most_changes: at most so many features.
        most_nodes: stop after trying so many bins for one person.

    Raises:
        PolicyError: a feature is unknown, or a direction or range cannot be.

    Example:
        >>> from evenhand.terms import Binning, FeatureView
        >>> view = FeatureView("PersonalisedAdvertising", (Binning("visits", "number", (3.0, 9.0)),), "")
        >>> table = np.array([[0, 0, 0, -400_000, 0, 700_000]], dtype=np.int32)
        >>> box = Model(view, ("tulips",), np.array([-500_000]), (table,), {}, {}, "")
        >>> (found,) = counterfactual(box, (np.array([3], dtype=np.uint8),), 0)
        >>> [(change.feature, change.was, change.code) for change in found.changes], found.score, found.proof.value
        ([('visits', 3, 5)], 200000, 'smallest')
    """
    search = CounterfactualSearch(
        model,
        offer=offer,
        at_most=at_most,
        actionable=actionable,
        directions=directions,
        ranges=ranges,
        mass=mass,
        most_changes=most_changes,
        most_nodes=most_nodes,
    )
    return search.of(codes, target)


class CounterfactualSearch:
    """The same question asked again and again: what is prepared from the model, and learned on the way, is kept.

    Arguments and answers are those of `counterfactual`; what was asked before changes no answer.
    """

    def __init__(
        self,
        model: Model,
        *,
        offer: int = 0,
        at_most: bool = False,
        actionable: Iterable[str] | None = None,
        directions: Mapping[str, int] | None = None,
        ranges: Mapping[str, tuple[float | None, float | None]] | None = None,
        mass: float = MASS,
        most_changes: int = 4,
        most_nodes: int = MOST_NODES,
    ) -> None:
        if most_changes < 1:
            raise PolicyError(
                "change-cannot-be",
                "At most no change at all was asked for.",
                rule="a declared change can be made",
                remedy="Allow at least one change.",
            )
        reaches = declared_reaches(model, actionable, directions or {}, ranges or {})
        self._model, self._offer, self._at_most = model, offer, at_most
        self._grid = Grid(model, steps_of(model, reaches, offer, mass), offer)
        self._most_changes, self._most_nodes = most_changes, most_nodes

    def ready(self) -> None:
        """Lay out now what depends on no person, instead of with the first who asks."""
        board = self._grid.board(Side(self._offer, -1 if self._at_most else 1))
        for size in range(2, self._most_changes + 1):
            board.sets(size)

    def of(self, codes: Sequence[NDArray[np.uint8]], target: int | NDArray[np.integer]) -> tuple[Counterfactual, ...]:
        """The smallest change for each of these people.

        Args:
            codes: one array per feature, [n] or [m, n].
            target: micro-logits, one for all or int64[n].
        """
        grid, offer = self._grid, self._offer
        people = people_of(codes, len(self._model.offers))
        targets = target.tolist() if isinstance(target, np.ndarray) and target.ndim else [int(target)] * len(people)
        side = Side(offer, -1 if self._at_most else 1)
        out = []
        for person, wanted in zip(people, targets, strict=True):
            score = grid.score(offer, [code[offer] for code in person])
            need = score - wanted if self._at_most else wanted - score
            found = Found((), 0, 0, finished=True, could=True)
            if need > 0:
                goals = (push_of(side, need),)
                found = smallest(grid, person, goals, most_changes=self._most_changes, most_nodes=self._most_nodes)
            out.append(result(self._model, grid, person, found))
        return tuple(out)


def steps_of(model: Model, reaches: Sequence[Reach | None], offer: int, mass: float) -> tuple[Steps, ...]:
    """The steps within reach of each feature, by the training rows of this offer (else of all together)."""
    shapes = model.shapes.get(model.offers[offer]) or model.shapes.get("") or ()
    out = []
    for t, (binning, reach) in enumerate(zip(model.view.binnings, reaches, strict=True)):
        counts = shapes[t].count if t < len(shapes) and shapes[t].count.sum() else None
        out.append(Steps(binning, reach, counts, mass))
    return tuple(out)


def campaign_grid(model: Model, campaign: Campaign, offer: int) -> Grid:
    """The grid of what the campaign says that people could change."""
    return Grid(model, steps_of(model, campaign_reaches(model, campaign), offer, MASS), offer)


def people_of(codes: Sequence[NDArray[np.uint8]], offers: int) -> list[Person]:
    """Each person's codes, by feature and offer."""
    columns = [
        [[code] * offers for code in column.tolist()] if column.ndim == 1 else column.T.tolist() for column in codes
    ]
    return list(zip(*columns, strict=True))


def changed(
    codes: Sequence[NDArray[np.uint8]], found: Sequence[Found], offer: NDArray[np.intp]
) -> tuple[NDArray[np.uint8], ...]:
    """The codes with each person's changes made; of a per-offer feature only this offer's value."""
    out = tuple(column.copy() for column in codes)
    for row, one in enumerate(found):
        for term, code in one.changes or ():
            if out[term].ndim == 1:
                out[term][row] = code
            else:
                out[term][offer[row], row] = code
    return out


def result(model: Model, grid: Grid, person: Person, found: Found) -> Counterfactual:
    """What was found as a value, with the score of the grid's offer worked out again from the codes."""
    own = [code[grid.focus] for code in person]
    after = list(own)
    changes = []
    for term, code in found.changes or ():
        after[term] = code
        cost = next(cost for cost, to in grid.steps[term][own[term]] if to == code)
        changes.append(Change(model.view.binnings[term].name, term, own[term], code, cost))
    score = grid.score(grid.focus, after)
    is_stuck = not changes and not any(grid.steps[term][code] for term, code in enumerate(own))
    return Counterfactual(tuple(changes), found.cost, score, _proof(found, is_stuck=is_stuck), found.nodes)


def _proof(found: Found, *, is_stuck: bool) -> Proof:
    if not found.finished:
        return Proof.UNFINISHED
    if found.changes is not None:
        return Proof.SMALLEST if found.changes else Proof.ALREADY
    if is_stuck:
        return Proof.NOTHING_TO_CHANGE
    return Proof.TOO_MANY if found.could else Proof.OUT_OF_REACH
