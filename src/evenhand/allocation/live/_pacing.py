"""People who come one after the other, with limits on all of them together: prices are found again on the way.

Static prices from a small sample keep neither a budget nor a limit on groups (docs/explanation/one-person-at-a-time).
So at some moments of the stream the prices are found again on those who came last, for what is left of every limit. In
between each person is decided about by themselves, in microseconds. Caps are hard throughout.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import DataError, GroupCounts, Measure, UsageError, estimated

from ..solver import comparisons_of
from ._astray import Astray
from ._one_decision import OneDecision, choose
from ._pace_prices import GroupTally, Past, prices_for_the_rest, shares_of
from ._room import Room

__all__ = ["PacedPolicy", "tallies_of_cells", "tallies_of_wall"]

_MOMENTS = (0.005, 0.01, 0.02, 0.035, 0.05, 0.075, *(k / 20 for k in range(2, 20)))
"""At which shares of the stream prices are found again."""
_PER_CELL = 10
"""People per cell, on average, before what the cells tell of groups is worth a price."""
WINDOW = 60_000


class PacedPolicy:
    """Decides about a stream of people of an expected number.

    Where `is_due`, call `find_prices` with the counts of groups so far; else every call decides about one person. The
    same people in the same order get the same decisions, also after `saved_pace` and `restored_pace`.

    Args:
        campaign: limits, offers, seed.
        price: int64[S, m], prices to start with, per cell and offer: those of a run's policy, say.
        expected: how many people will come. Should more come, the last prices stay and caps are kept.
        room: what may be used of the limits, such as one worker's part; None = all that is declared.
        margin: by how much limits on groups are tightened, in units of their bounds.
        window: how many of the last people stand for those to come.

    Raises:
        UsageError: prices that do not fit, nobody expected, or a window without people; or ``pace-limits``, the
            campaign has a kind of limit that is not paced.

    Attributes:
        seen: how many came so far.
        expected: how many were expected.
        price: per cell, the prices now.
        room: what is left of the limits.
        given: per cell, how many got each offer.
        people: per cell, how many came.
    """

    __slots__ = (
        "_astray",
        "_cell",
        "_dual",
        "_due",
        "_offers",
        "_seed",
        "_value",
        "campaign",
        "expected",
        "given",
        "margin",
        "people",
        "price",
        "room",
        "seen",
        "turns",
        "window",
    )  # fmt: skip

    def __init__(
        self,
        campaign: Campaign,
        price: NDArray[np.int64],
        expected: int,
        *,
        room: Mapping[str, int] | None = None,
        margin: float = 0.005,
        window: int = WINDOW,
    ) -> None:
        self._offers = len(campaign.offers)
        if price.ndim != 2 or price.shape[1] != self._offers or not len(price) or expected < 1 or window < 1:
            raise UsageError(
                "pace-shape",
                "The prices to start with do not fit the offers, or nobody is expected.",
                rule="one price per cell and offer, at least one person expected, and a window of at least one",
                remedy="start from the prices of a run, and say how many people will come",
            )
        _refuse_what_is_not_paced(campaign)
        self.campaign, self.expected, self.margin, self.window = campaign, expected, margin, window
        self._seed = campaign.seed
        self.price = [tuple(map(int, row)) for row in price.tolist()]
        self.room = Room(campaign, room)
        self.seen, self.turns = 0, 0
        self.people = [0] * len(price)
        self.given = [[0] * self._offers for _ in self.people]
        self._value = array("q", bytes(8 * self._offers * window))
        self._cell = array("H", bytes(2 * window))
        self._astray = Astray()
        self._dual: NDArray[np.float64] | None = None
        self._due = self._next()

    def _next(self) -> int:
        """The number of people at which prices are found again."""
        if self.turns == len(_MOMENTS):
            return 2**63
        return max(_PER_CELL * len(self.people), int(_MOMENTS[self.turns] * self.expected))

    @property
    def is_due(self) -> bool:
        """Whether prices should be found again before the next person."""
        return self.seen >= self._due

    def __call__(self, cell: int, value: Sequence[int], subject: bytes) -> OneDecision:
        """Decide about the next person.

        Args:
            cell: the person's cell: 0 without personal data, else a blind leaf + 1, or a true cell behind the wall.
            value: expected micro-money per offer.
            subject: pseudonym, 32 hex digits; draws between equals.
        """
        decided = choose(self.price[cell], value, self._seed, subject, self.room)
        place = self.seen % self.window
        self._cell[place] = cell
        place *= self._offers
        self._value[place : place + self._offers] = array("q", value)
        self.seen += 1
        self.people[cell] += 1
        if decided[0] >= 0:
            self.given[cell][decided[0]] += 1
        return decided

    def find_prices(self, tallies: Sequence[GroupTally]) -> None:
        """Find prices for those still to come.

        Args:
            tallies: what the wall counts of every comparison of every limit on groups, over all who came so far.

        Raises:
            DataError: a limit was not counted, or other people were.
        """
        self._check(tallies)
        self._learn_astray(tallies)
        if self.seen and self.seen < self.expected:
            price, self._dual = prices_for_the_rest(self.campaign, self.past(), tallies, self.margin, self._dual)
            self.price = [tuple(map(int, row)) for row in price.tolist()]
        while self.is_due:
            self.turns += 1
            self._due = self._next()

    def _learn_astray(self, tallies: Sequence[GroupTally]) -> None:
        """Compare what groups got since the last time with what their cells would tell; what is long ago fades."""
        people = np.array(self.people, dtype=np.int64)
        given = np.array(self.given, dtype=np.int64).sum(axis=1)
        self._astray.resize(len(tallies))
        for number, tally in enumerate(tallies):
            expected = shares_of(tally, people).T @ given
            more = dict(zip(tally.groups, (tally.selected - expected).tolist(), strict=True))
            self._astray.learn(number, self.seen, more)

    def _check(self, tallies: Sequence[GroupTally]) -> None:
        wanted = [
            (limit.id, features) for limit in self.campaign.limits.disparity for features in comparisons_of(limit)
        ]
        most = 1.05 * self.seen + 10 * len(self.people)  # hidden counts are estimates
        counted = all(float(tally.arrived.sum()) <= most for tally in tallies)
        shaped = all(len(tally.arrived) == len(self.people) for tally in tallies)
        if [(tally.limit, tally.features) for tally in tallies] != wanted or not counted or not shaped:
            raise DataError(
                "pace-tallies",
                "The groups that were counted are not those of the campaign's limits, cell by cell.",
                rule="every limit on groups is counted over everybody who came so far",
                remedy="count them with `tallies_of_wall` or `tallies_of_cells`",
            )

    def refill(self, left: Mapping[str, int]) -> None:
        """Set what may still be used of the limits, such as after a further lease.

        Raises:
            DataError: it does not fit the campaign's limits.
        """
        self.room = Room(self.campaign, left)

    def state(self) -> dict[str, Any]:
        """What decides about the next people, the last people aside, as plain values; see `saved_pace`."""
        return {
            "expected": self.expected,
            "margin": self.margin,
            "window": self.window,
            "seen": self.seen,
            "turns": self.turns,
            "price": [list(row) for row in self.price],
            "room": self.room.left,
            "people": list(self.people),
            "given": [list(row) for row in self.given],
            "dual": None if self._dual is None else self._dual.tolist(),
            "astray": self._astray.to_list(),
        }

    def last(self, kept: int) -> tuple[array[int], array[int]]:
        """Cells and values of the last people, in the places where they are kept."""
        return self._cell[:kept], self._value[: kept * self._offers]

    def take_up(self, state: Mapping[str, Any], cell: array[int], value: array[int], astray: Astray) -> None:
        """Go on where a stream was; see `restored_pace`."""
        self.seen, self.turns = state["seen"], state["turns"]
        self.people = list(state["people"])
        self.given = [list(row) for row in state["given"]]
        self._dual = None if state["dual"] is None else np.array(state["dual"], dtype=np.float64)
        self._cell[: len(cell)] = cell
        self._value[: len(value)] = value
        self._astray = astray
        self._due = self._next()

    def past(self) -> Past:
        """Those who came so far."""
        kept = min(self.seen, self.window)
        value = np.frombuffer(self._value, dtype=np.int64).reshape(-1, self._offers)[:kept]
        return Past(
            value=np.ascontiguousarray(value.T),
            cell=np.frombuffer(self._cell, dtype=np.uint16)[:kept].astype(np.intp),
            people=np.array(self.people, dtype=np.int64),
            given=np.array(self.given, dtype=np.int64),
            expected=self.expected,
            left=self.room.left,
            astray=self._astray.rates(),
        )


def _refuse_what_is_not_paced(campaign: Campaign) -> None:
    """Raise for a limit that `prices_for_the_rest` would not keep, rather than keep another one silently."""
    paced = (Measure.SELECTION_RATE_RATIO, Measure.SELECTION_RATE_DIFFERENCE)
    names = [
        limit.id
        for limit in campaign.limits.disparity
        if limit.measure not in paced or limit.per != "campaign" or limit.offers or limit.ceiling is not None
    ]
    names += [f"minimum:{offer.id}" for offer in campaign.offers if offer.minimum]
    if names:
        raise UsageError(
            "pace-limits",
            f"These limits cannot be paced over a stream: {', '.join(names)}.",
            rule="a stream keeps budget, contacts, capacities, and hard ratios or differences of getting any offer",
            remedy="decide about these people in a run, or declare the limit for the campaign as a whole",
        )


def tallies_of_cells(
    paced: PacedPolicy, features: tuple[str, ...], groups: Sequence[tuple[str, ...] | None]
) -> list[GroupTally]:
    """Counts of groups where every cell *is* one (aware limits; this runs behind the wall).

    Args:
        paced: the stream.
        features: sensitive columns that make the cells.
        groups: values of each cell; None for cell 0, nobody's group.
    """
    people = np.array(paced.people, dtype=np.float64)
    given = np.array(paced.given, dtype=np.int64).sum(axis=1)
    out = []
    for limit in paced.campaign.limits.disparity:
        for compared in comparisons_of(limit):
            at = [features.index(name) for name in compared]
            own = [None if group is None else tuple(group[k] for k in at) for group in groups]
            names = tuple(sorted({group for group in own if group is not None}))
            belongs = np.array([[float(group == name) for name in names] for group in own])
            selected = np.rint(given @ belongs).astype(np.int64)
            out.append(GroupTally(limit.id, compared, names, people[:, None] * belongs, selected))
    return out


def tallies_of_wall(
    wall: GroupCounts, campaign: Campaign, cell: NDArray[np.intp], cells: int, chosen: NDArray[np.bool_]
) -> list[GroupTally]:
    """Counts of groups across the wall (blind limits): no decision sees a group, and small counts are hidden.

    Args:
        wall: the groups of everybody who came so far, in the order in which they came.
        campaign: its limits say what is compared.
        cell: intp[n], everybody's cell.
        cells: S.
        chosen: bool[n], who got an offer.
    """
    out = []
    for limit in campaign.limits.disparity:
        for compared in comparisons_of(limit):
            why = f"pacing of limit {limit.id}"
            groups, arrived = _per_cell(wall, compared, cell, cells, why)
            selected = _per_cell(wall, compared, np.where(chosen, 0, -1), 1, why)[1][:, 0]
            out.append(GroupTally(limit.id, compared, groups, arrived.T, np.rint(selected).astype(np.int64)))
    return out


def _per_cell(
    wall: GroupCounts, features: tuple[str, ...], code: NDArray[np.intp], size: int, why: str
) -> tuple[tuple[tuple[str, ...], ...], NDArray[np.float64]]:
    """float64[G, size], people per group and code; hidden counts shared out as everybody's are."""
    table = wall.count(features, code, size, why=why)
    weight = np.bincount(code[code >= 0], minlength=size).astype(np.float64)
    return table.groups, estimated(table, weight)
