"""The vault: group cells per person inside, count tables outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, CountTable, TableQuestion, ToldTable, UsageError

from ._beside import Counted, told_beside
from ._release import Columns, released

__all__ = ["Question", "Vault"]

T = TypeVar("T")

_UNKNOWN = "unknown"
_MOST_CELLS = 50_000_000
_REMEMBERED = 8

Groups = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question that was put to the vault.

    Attributes:
        kind: ``count``, ``release`` for tables that are told together, ``noisy`` for numbers with noise, or ``inside``
            for work done behind the wall.
        features: the sensitive columns asked about.
        why: the asker's purpose.
    """

    kind: Literal["count", "release", "noisy", "inside"]
    features: tuple[str, ...]
    why: str


class Vault:
    """Sensitive columns of a batch, behind a wall. Implements `terms.GroupCounts` and `allocation.Wall`.

    It shows nothing of anybody when printed, and cannot be copied or pickled.

    Args:
        features: text of each sensitive column, one value per person; None or "" becomes the group ``unknown``.
        rows: bool[n], the people who may be counted; the others are withheld: left out of every count.
        minimum_cell: the smallest count above zero that is shown.
        told: gives what was told of nearly the same people before, release by release, each as tables that `told_again`
            makes; asked with every release.

    Raises:
        UsageError: columns of different length, or a minimum below 1.

    Example:
        >>> vault = Vault({"sex": ["f"] * 12 + ["m"] * 30}, np.ones(42, dtype=bool))
        >>> table = vault.count(("sex",), np.array([1] * 11 + [0] * 31), 2, why="example")
        >>> table.groups, table.counts.tolist(), table.totals.tolist()
        ((('f',), ('m',)), [[-1, 11], [30, 0]], [12, 30])
    """

    __slots__ = ("__cells", "__codes", "__log", "__minimum_cell", "__people", "__rows", "__told", "__values")

    def __init__(
        self,
        features: Mapping[str, Sequence[str | None]],
        rows: NDArray[np.bool_],
        minimum_cell: int = 10,
        told: Callable[[], Sequence[Sequence[ToldTable]]] = tuple,
    ) -> None:
        self.__told = told
        self.__rows = np.array(rows, dtype=bool)
        self.__people = len(self.__rows)
        lengths = {name: len(values) for name, values in features.items() if len(values) != self.__people}
        if lengths or minimum_cell < 1:
            raise UsageError(
                "vault-shape",
                f"The vault got {self.__people} rows, minimum cell {minimum_cell}, "
                f"and columns of another length: {lengths}.",
                rule="row i of every sensitive column is the same person; minimum_cell is 1 or more",
                remedy="hand in columns of one table, unfiltered",
            )
        self.__minimum_cell = minimum_cell
        self.__values: dict[str, tuple[str, ...]] = {}
        self.__codes: dict[str, NDArray[np.intp]] = {}
        for name, values in features.items():
            self.__values[name], self.__codes[name] = _coded(values)
        self.__cells: dict[tuple[str, ...], tuple[NDArray[np.intp], Groups]] = {}
        self.__log: list[Question] = []

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the sensitive columns behind the wall."""
        return tuple(self.__values)

    @property
    def minimum_cell(self) -> int:
        """The smallest count above zero that is shown."""
        return self.__minimum_cell

    @property
    def log(self) -> tuple[Question, ...]:
        """Every question so far, in order."""
        return tuple(self.__log)

    def count(self, features: tuple[str, ...], codes: NDArray[np.integer], size: int, *, why: str) -> CountTable:
        """Count people per group of `features` and per code; see `terms.GroupCounts.count`.

        Groups are those that occur among the people who may be counted, in alphabetical order with ``unknown``
        last; a group that has nobody among the codes asked about has zeros.

        Args:
            features: sensitive columns whose intersection makes the groups; empty = everybody together.
            codes: int[n], one per person in the vault's row order; negative = leave this person out.
            size: number of different codes; every code is below it.
            why: purpose of the question, kept in `log`.

        Raises:
            UsageError: an unknown column, no reason, or codes that do not fit.
        """
        cells, groups = self.__grouped(features, "count", why)
        if codes.shape != (self.__people,) or size < 1 or (len(codes) and int(codes.max()) >= size):
            raise UsageError(
                "vault-codes",
                f"The codes for {why!r} do not fit: one code below {size} for each of {self.__people} people.",
                rule="codes stand in the vault's row order and are below `size`",
                remedy="bring one code per person, negative to leave somebody out",
            )
        if len(groups) * size > _MOST_CELLS:
            raise UsageError(
                "vault-too-many-cells",
                f"{len(groups)} groups x {size} codes are too many cells to count.",
                rule=f"at most {_MOST_CELLS} cells in one question",
                remedy="compare fewer columns at once, or merge values into broader groups",
            )
        codes = codes.astype(np.intp, copy=False)
        left_out = len(groups) * size  # one more cell for whoever is withheld or left out
        fused = np.where((cells < 0) | (codes < 0), left_out, cells * size + codes)
        counts = np.bincount(fused, minlength=left_out + 1)[:left_out].reshape(len(groups), size).astype(np.int64)
        totals = counts.sum(axis=1)
        return CountTable(features, groups, self.__shown(counts), self.__shown(totals), self.__minimum_cell)

    def release(self, questions: Sequence[TableQuestion], *, why: str) -> tuple[ToldTable, ...]:
        """Tables that may be told together; see `terms.Releases.release`.

        A number below the minimum cell size is told as a range, and so are others by which it could be worked out from
        totals, other columns, intersections or other tables of the release. Everybody's totals may be known. A table
        that differs by fewer people from one that was told before is told as that one, give or take so many.

        Args:
            questions: every table of the release.
            why: purpose of the questions, kept in `log`.

        Raises:
            UsageError: an unknown column, no reason, or codes that do not fit.
        """
        groups = [self.__grouped(question.features, "release", why)[1] for question in questions]
        for question in questions:
            parts = question.codes if question.parts is None else question.parts
            if not (question.codes.shape == parts.shape == (self.__people,)) or question.size < 1:
                raise UsageError(
                    "vault-codes",
                    f"The codes for {why!r} do not fit: one code and one part for each of {self.__people} people.",
                    rule="codes stand in the vault's row order and are below `size`",
                    remedy="bring one code per person, negative to leave somebody out",
                )
        sizes = {name: len(values) for name, values in self.__values.items()}
        answers = released(Columns(self.__codes, sizes, self.__rows), questions, self.__minimum_cell)
        tables = []
        for question, names, each in zip(questions, groups, answers, strict=True):
            people_least, people_most, hits_least, hits_most = (
                self.__of_groups(question.features, names, array) for array in each
            )
            tables.append(ToldTable(question.features, names, people_least, people_most, hits_least, hits_most))
        before = self.__told()
        if any(before) and all(question.parts is None for question in questions):
            counted = [self.__counted(question) for question in questions]
            tables = told_beside(tables, counted, before, self.__minimum_cell)
        return tuple(tables)

    def __counted(self, question: TableQuestion) -> Counted:
        cells, groups = self.__cells_of(question.features)
        people = self.__rows & (question.codes >= 0)
        hits = people & (question.codes > 0)
        (here, are), (did, did_are) = (
            (
                dict(zip(groups, np.bincount(cells[who], minlength=len(groups)).tolist(), strict=True)),
                hashlib.sha256(np.packbits(who).tobytes()).digest(),
            )
            for who in (people, hits)
        )
        return Counted(here, did, are, did_are)

    def __of_groups(self, features: tuple[str, ...], groups: Groups, array: NDArray[np.int64]) -> NDArray[np.int64]:
        """From an axis per column to one row per group that occurs."""
        places = [{value: at for at, value in enumerate(self.__values[name])} for name in features]
        rows = [tuple(place[value] for place, value in zip(places, group, strict=True)) for group in groups]
        return np.array([array[row] for row in rows], np.int64).reshape(len(groups), array.shape[-1])

    def noisy(
        self,
        feature: str,
        values: Sequence[str],
        codes: NDArray[np.integer],
        size: int,
        draw: Callable[[], int],
        *,
        why: str,
    ) -> NDArray[np.int64]:
        """People per named value of a column and per code, each number with noise of its own; small ones too.

        Values that nobody has are answered like any other, so the answer does not tell which ones occur.

        Args:
            feature: a sensitive column.
            values: the groups to count, named by the asker.
            codes: int[n], one per person in the vault's row order, each person once; negative = leave out.
            size: number of different codes.
            draw: gives the noise of one number, as large as the asker's budget says.
            why: purpose of the question, kept in `log`.

        Returns:
            int64[values, size].

        Raises:
            UsageError: an unknown column, no reason, or codes that do not fit.
        """
        cells, groups = self.__grouped((feature,), "noisy", why)
        if codes.shape != (self.__people,) or size < 1 or (len(codes) and int(codes.max()) >= size):
            raise UsageError(
                "vault-codes",
                f"The codes for {why!r} do not fit: one code below {size} for each of {self.__people} people.",
                rule="codes stand in the vault's row order and are below `size`",
                remedy="bring one code per person, negative to leave somebody out",
            )
        place = {group[0]: at for at, group in enumerate(groups)}
        out = np.zeros((len(values), size), dtype=np.int64)
        for row, value in enumerate(values):
            if value in place:
                mine = codes[(cells == place[value]) & (codes >= 0)]
                out[row] = np.bincount(mine, minlength=size)
        return out + np.array([[draw() for _ in range(size)] for _ in values], dtype=np.int64)

    def inside(self, features: tuple[str, ...], work: Callable[[NDArray[np.int32], Groups], T], *, why: str) -> T:
        """Run `work` behind the wall, with the true group of each person; for allocation's solver and the
        monitor only.

        Args:
            features: sensitive columns whose intersection makes the groups.
            work: called with cells int32[n] (index into the groups, -1 = withheld) and the groups. It answers for
                letting no row out.
            why: purpose, kept in `log`.
        """
        cells, groups = self.__grouped(features, "inside", why)
        return work(cells.astype(np.int32), groups)

    def __grouped(
        self, features: tuple[str, ...], kind: Literal["count", "release", "noisy", "inside"], why: str
    ) -> tuple[NDArray[np.intp], Groups]:
        unknown = [name for name in features if name not in self.__values]
        if unknown or not why.strip() or len(set(features)) != len(features):
            raise UsageError(
                "vault-question",
                f"The vault was asked about {features} for {why!r}; it has {self.features}.",
                rule="a question names sensitive columns of the campaign, each once, and its purpose",
                remedy="name columns with the role sensitive, and say why",
            )
        self.__log.append(Question(kind, features, why))
        return self.__cells_of(features)

    def __cells_of(self, features: tuple[str, ...]) -> tuple[NDArray[np.intp], Groups]:
        if features not in self.__cells:
            while len(self.__cells) >= _REMEMBERED:
                self.__cells.pop(next(iter(self.__cells)))
            self.__cells[features] = self.__intersect(features)
        return self.__cells[features]

    def __intersect(self, features: tuple[str, ...]) -> tuple[NDArray[np.intp], Groups]:
        cells = np.zeros(self.__people, dtype=np.intp)
        groups: Groups = ((),)
        for name in features:
            values = self.__values[name]
            groups = tuple((*group, value) for group in groups for value in values)
            cells = cells * len(values) + self.__codes[name]
            groups, cells = _occurring(groups, cells, self.__rows)
        cells = np.where(self.__rows, cells, -1)
        cells.flags.writeable = False
        return cells, groups

    def __shown(self, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        return np.where((counts > 0) & (counts < self.__minimum_cell), SUPPRESSED, counts)

    def __repr__(self) -> str:
        return f"Vault(features={self.features}, minimum_cell={self.__minimum_cell})"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError(
            "A vault cannot be copied or pickled. Rule: only counts leave it. To do: ask it for counts where it is."
        )


def _coded(values: Sequence[str | None]) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The distinct values, alphabetical with ``unknown`` last, and each person's index among them."""
    known = sorted({str(value) for value in set(values) if value} - {_UNKNOWN})
    texts = (*known, _UNKNOWN)
    position: dict[str | None, int] = {text: index for index, text in enumerate(texts)}
    position[None] = position[""] = len(known)
    codes = np.array(list(map(position.__getitem__, values)), dtype=np.intp)
    return texts, codes


def _occurring(groups: Groups, cells: NDArray[np.intp], rows: NDArray[np.bool_]) -> tuple[Groups, NDArray[np.intp]]:
    """Keep only the groups that somebody who may be counted is in; the cells of others lose their meaning."""
    occurs = np.bincount(cells[rows], minlength=len(groups)) > 0
    if not occurs.any():
        return (), np.zeros_like(cells)
    renumbered = np.maximum(np.cumsum(occurs) - 1, 0).astype(np.intp)
    return tuple(group for group, kept in zip(groups, occurs.tolist(), strict=True) if kept), renumbered[cells]
