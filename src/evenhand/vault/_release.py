"""All tables of one release, protected together: which of them are linked, and how."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import TableQuestion, UsageError

from ._exchange import Place, protect
from ._linked import Linked, Quantity

__all__ = ["Columns", "released"]

Whole = NDArray[np.int64]
_MOST_CELLS = 20_000_000
_MOST_TRIES = 4
"""Sets of intersections that are tried, beside all and none."""
_MOST_WORK = 100_000
"""Small numbers times cells of the joint table, at most; beyond it the finest views are not told at all, which are too
fine for so few people."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The sensitive columns of everybody, inside the wall.

    Attributes:
        codes: per column intp[n], the place of each person's value.
        sizes: per column, the number of values.
        rows: bool[n], who may be counted.
    """

    codes: Mapping[str, NDArray[np.intp]]
    sizes: Mapping[str, int]
    rows: NDArray[np.bool_]


@dataclass(slots=True, eq=False)
class _Told:
    """What is told of one set of people in one view, whatever table it stands in."""

    features: tuple[str, ...]
    least: Whole
    most: Whole


@dataclass(slots=True, eq=False)
class _Release:
    columns: Columns
    minimum: int
    crossed: frozenset[tuple[str, ...]]
    """The intersections of which anything is told."""
    failed: int = 0
    """Numbers without parts that could not be protected."""
    told: dict[tuple[tuple[str, ...], bytes], _Told] = field(default_factory=dict)


def released(columns: Columns, questions: Sequence[TableQuestion], minimum: int) -> list[tuple[Whole, ...]]:
    """Per question the people and hits, least and most: int64[values of each column ..., parts] each.

    People per group are protected first, over all tables; then each family of tables that share sets of people; then
    tables by part, in which everything of a group is hidden that is not told exactly over all parts.

    Where numbers cannot be protected so, or only by telling nothing of single columns, the finest intersections are not
    told: as few as will do.
    """
    crossed = _by_cells(columns, questions)
    first = _Attempt(columns, questions, minimum, frozenset(crossed))
    if first.cost == (0, 0) or not crossed:
        return first.answers()
    found = _Attempt(columns, questions, minimum, frozenset())
    best = found.cost
    if best >= first.cost:
        return first.answers()
    low, high, tries = 0, len(crossed), 0  # how many of the coarsest are told: `low` costs no more than none do
    while high - low > 1 and tries < _MOST_TRIES:
        middle, tries = (low + high) // 2, tries + 1
        one = _Attempt(columns, questions, minimum, frozenset(crossed[:middle]))
        if one.cost <= best:
            low, best, found = middle, one.cost, one
        else:
            high = middle
    return found.answers()


def _by_cells(columns: Columns, questions: Sequence[TableQuestion]) -> list[tuple[str, ...]]:
    """The intersections that are asked about, coarsest first."""
    asked = {question.features for question in questions if len(question.features) > 1}
    return sorted(asked, key=lambda names: (_cells(columns, names), len(names), names))


def _cells(columns: Columns, names: tuple[str, ...]) -> int:
    return math.prod(columns.sizes[name] for name in names)


class _Attempt:
    """What may be told without parts, where of intersections only `crossed` are told.

    Attributes:
        cost: how many numbers stayed unprotected; and how many of single columns went dark.
    """

    def __init__(
        self, columns: Columns, questions: Sequence[TableQuestion], minimum: int, crossed: frozenset[tuple[str, ...]]
    ) -> None:
        release = _Release(columns, minimum, crossed)
        asked = [_Asked(question, columns) for question in questions]
        everyone = np.zeros(len(columns.rows), dtype=bool)
        for one in asked:
            everyone |= one.people
        plain = [one for one in asked if one.question.parts is None]
        whole = {one.question.features for one in plain if np.array_equal(one.people, everyone)}
        if whole:
            _family(release, [(features, [everyone]) for features in sorted(whole, key=len)], everyone, frozenset())
        fixed = frozenset({_digest(everyone)})
        for name in dict.fromkeys(one.question.family for one in plain):
            family = [one for one in plain if one.question.family == name]
            views = [(one.question.features, [one.people, one.hits]) for one in family]
            moving = [(one.question.features, one.hits) for one in family if one.question.moves]
            _family(release, views, everyone, fixed, moving)
        answers = [one.answer(release) for one in plain if len(one.question.features) == 1]
        dark = sum(int((answer[at + 1] - answer[at] >= 4 * minimum).sum()) for answer in answers for at in (0, 2))
        self.cost = release.failed, dark
        self._release, self._asked, self._everyone = release, asked, everyone

    def answers(self) -> list[tuple[Whole, ...]]:
        """Those to all questions. Parts change nothing that is told without them, so they come last, and once."""
        asked = self._asked
        for column in {id(one.question.parts): one.question.parts for one in asked if one.question.parts is not None}:
            mine = [one for one in asked if id(one.question.parts) == column]
            _by_parts(self._release, mine, self._everyone)
        return [one.answer(self._release) for one in asked]


class _Asked:
    """A question with the sets of people that it is about."""

    def __init__(self, question: TableQuestion, columns: Columns) -> None:
        people = columns.rows & (question.codes >= 0)
        if question.parts is not None:
            people = people & (question.parts >= 0)
        self.question = question
        self.people = people
        self.hits = people & (question.codes > 0)
        self.by_part: tuple[Whole, ...] | None = None

    def answer(self, release: _Release) -> tuple[Whole, ...]:
        if self.by_part is not None:
            return self.by_part
        found = [release.told[self.question.features, _digest(who)] for who in (self.people, self.hits)]
        return tuple(array[..., None] for one in found for array in (one.least, one.most))


def _digest(who: NDArray[np.bool_]) -> bytes:
    return hashlib.sha256(np.packbits(who).tobytes()).digest()


def _family(
    release: _Release,
    views: Sequence[tuple[tuple[str, ...], list[NDArray[np.bool_]]]],
    everyone: NDArray[np.bool_],
    fixed: frozenset[bytes],
    moving: Sequence[tuple[tuple[str, ...], NDArray[np.bool_]]] = (),
) -> None:
    """Protect the numbers of some sets of people in some views, and remember what may be told."""
    untold = [view for view in views if len(view[0]) > 1 and view[0] not in release.crossed]
    if untold:
        _leave_out(release, untold, everyone)
        views = [view for view in views if len(view[0]) <= 1 or view[0] in release.crossed]
        if not views:
            return
    told = [frozenset(names) for names in dict.fromkeys(names for names, _ in views) if len(names) > 1]
    views = [*views, *(view for view in untold if not _is_free(view[0], told))]
    features = tuple(dict.fromkeys(name for names, _ in views for name in names))
    sets = {_digest(who): who for _, several in views for who in several}
    patterns, masks = _patterns(list(sets.values()), everyone)
    places = dict(zip(sets, range(len(sets)), strict=True))
    joint = _joint(release.columns, features, [], patterns, masks.shape[1], everyone)
    quantities: dict[tuple[tuple[str, ...], bytes], Quantity] = {}
    for names, several in views:
        for who in several:
            key = (names, _digest(who))
            if key in quantities:
                continue
            axes = tuple(sorted(features.index(name) for name in names))
            is_told = len(names) <= 1 or names in release.crossed
            one = Quantity(axes, masks[places[key[1]]], key[1] in fixed and is_told, untold=not is_told)
            if key in release.told:
                one.least, one.most = (
                    _spread(array, names, features) for array in (release.told[key].least, release.told[key].most)
                )
            quantities[key] = one
        base = (names, _digest(everyone))  # who is not in a table may be few, too
        if base in release.told and base not in quantities:
            one = Quantity(tuple(sorted(features.index(n) for n in names)), np.ones(masks.shape[1], bool), fixed=True)
            one.least, one.most = (
                _spread(array, names, features) for array in (release.told[base].least, release.told[base].most)
            )
            quantities[base] = one
    _thin(list(quantities.values()), joint, release.minimum)
    apart = [
        (quantities[names, digest].axes, masks[places[digest]])
        for names, digest in dict.fromkeys((names, _digest(who)) for names, who in moving)
        if (names, digest) in quantities
    ]
    release.failed += len(protect(Linked(joint, list(quantities.values()), release.minimum, apart)))
    for (names, digest), one in quantities.items():
        release.told[names, digest] = _Told(
            names, _gather(one.least, names, features), _gather(one.most, names, features)
        )


def _leave_out(
    release: _Release,
    views: Sequence[tuple[tuple[str, ...], list[NDArray[np.bool_]]]],
    everyone: NDArray[np.bool_],
) -> None:
    """Tell nothing of intersections beside their single columns.

    Those that are `_is_free` need no search. What others say may follow from intersections that are told, so their
    small numbers are protected as any other.
    """
    for names, several in views:
        for who in several:
            shape = tuple(release.columns.sizes[name] for name in names)
            least, most = np.zeros(shape, np.int64), np.full(shape, int((who & everyone).sum()), np.int64)
            release.told[names, _digest(who)] = _Told(names, least, most)


def _is_free(names: tuple[str, ...], told: Sequence[frozenset[str]]) -> bool:
    """Whether nothing that is told binds the columns of an intersection to each other, but for intersections that it
    has whole.

    Then a number of it can be anything between what is left of it when the groups of these and of its other columns
    overlap least and most. That is as wide as the smallest of their numbers, or of what these leave of everybody, and
    each of those is none, protected, or large enough.
    """
    own = frozenset(names)
    is_apart = all(not first & second for first, second in combinations(told, 2))
    return is_apart and all(len(own & one) <= 1 or one <= own for one in told)


def _by_parts(release: _Release, asked: Sequence[_Asked], everyone: NDArray[np.bool_]) -> None:
    """Tables by the parts of one column: parts are an axis more, of which one place is for whoever is in none. Views by
    which numbers cannot be protected are left out, but for numbers that are not protected without any view either."""
    for hits in {_digest(one.hits): one for one in asked}.values():
        mine = [one for one in asked if _digest(one.hits) == _digest(hits.hits)]
        parted = _Parted(release, mine, everyone)
        cells = {one.question.features: _cells(release.columns, one.question.features) for one in mine}
        views = sorted(cells, key=lambda names: (cells[names], names))
        failed, pairs = parted.protected(frozenset(views))
        if failed:
            anyway, dark = parted.protected(frozenset())
            if not failed <= anyway:
                told, pairs = frozenset[tuple[str, ...]](), dark
                for view in views:
                    failed, more = parted.protected(told | {view})
                    if failed <= anyway:
                        told, pairs = told | {view}, more
        parted.answer(pairs)


class _Parted:
    """The questions about one set of people by parts."""

    def __init__(self, release: _Release, asked: Sequence[_Asked], everyone: NDArray[np.bool_]) -> None:
        first = asked[0]
        self._release, self._asked = release, asked
        self._features = tuple(dict.fromkeys(name for one in asked for name in one.question.features))
        parts, self._size = first.question.parts, first.question.size
        assert parts is not None
        where = np.where(first.people, parts, self._size).astype(np.intp)
        whole = release.columns.rows & (first.question.codes >= 0)  # whoever is in no part, too
        self._sets = [first.people, first.hits, whole, whole & (first.question.codes > 0), everyone]
        patterns, self._masks = _patterns(self._sets[:-1], everyone)
        sizes = [(where, self._size + 1)]
        self._joint = _joint(release.columns, self._features, sizes, patterns, self._masks.shape[1], everyone)

    def protected(self, told: frozenset[tuple[str, ...]]) -> tuple[frozenset[Place], list[list[Quantity]]]:
        """Which numbers could not be protected where these views are told, and the people and hits of each."""
        every, pairs = len(self._features), []
        for one in self._asked:
            axes, pair = tuple(sorted(self._features.index(name) for name in one.question.features)), []
            for mask in self._masks[:2]:
                quantity = Quantity((*axes, every), mask, untold=one.question.features not in told)
                quantity.least, quantity.most = (quantity.of(self._joint).copy() for _ in range(2))
                outside = slice(0 if quantity.untold else self._size, None)  # of whoever is in no part nothing is told
                quantity.least[..., outside], quantity.most[..., outside] = 0, int(quantity.most.sum())
                pair.append(quantity)
            pairs.append(pair)
        flat = [quantity for pair in pairs for quantity in pair]
        flat += [Quantity((every,), mask, fixed=True) for mask in self._masks]  # of everybody the parts are known
        flat += _over_all_parts(self._release, self._asked, self._features, self._sets, self._masks)
        _thin(flat, self._joint, self._release.minimum)
        return protect(Linked(self._joint, flat, self._release.minimum)), pairs

    def answer(self, pairs: Sequence[Sequence[Quantity]]) -> None:
        """What is told of each question."""
        for one, pair in zip(self._asked, pairs, strict=True):
            names = (*one.question.features, "")
            arrays = (_gather(a, names, (*self._features, "")) for q in pair for a in (q.least, q.most))
            one.by_part = tuple(array[..., : self._size] for array in arrays)


def _over_all_parts(
    release: _Release, asked: Sequence[_Asked], features: tuple[str, ...],
    sets: Sequence[NDArray[np.bool_]], masks: NDArray[np.bool_],
) -> list[Quantity]:  # fmt: skip
    """What is told already of the same people without parts; it stays as it is."""
    found: dict[tuple[tuple[str, ...], bytes], Quantity] = {}
    whole = (*masks, np.ones(masks.shape[1], dtype=bool))
    for names in {one.question.features for one in asked}:
        for who, mask in zip(sets, whole, strict=True):
            key = (names, _digest(who))
            if key in release.told and key not in found:
                one = Quantity(tuple(sorted(features.index(name) for name in names)), mask, fixed=True)
                one.least, one.most = (
                    _spread(array, names, features)[..., None]
                    for array in (release.told[key].least, release.told[key].most)
                )
                found[key] = one
    return list(found.values())


def _thin(quantities: Sequence[Quantity], joint: Whole, minimum: int) -> None:
    """Tell nothing of the finest views, until there are few enough small numbers for the search."""
    free = [one for one in quantities if not (one.fixed or one.untold)]
    small = {id(one): int(((true := one.of(joint)) > 0).sum() - (true >= minimum).sum()) for one in free}
    for one in sorted(free, key=lambda each: -each.of(joint).size):
        if sum(small.values()) * joint.size <= _MOST_WORK:
            return
        if small.pop(id(one)):
            true = one.of(joint)
            one.least, one.most, one.untold = np.zeros_like(true), np.full_like(true, int(true.sum())), True


def _patterns(
    sets: Sequence[NDArray[np.bool_]], everyone: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    """Each person's pattern of sets, and bool[sets, patterns]."""
    pattern = np.zeros(len(everyone), dtype=np.intp)
    masks = np.zeros((0, 1), dtype=bool)
    for who in sets:
        fused = 2 * pattern + who
        seen = np.bincount(fused[everyone], minlength=2 * masks.shape[1]) > 0
        if not seen.any():
            seen[0] = True
        place = np.cumsum(seen) - 1
        before = np.repeat(masks, 2, axis=1)
        masks = np.vstack([before, np.arange(before.shape[1]) % 2 == 1])[:, seen]
        pattern = place[fused]
    return pattern, masks


def _joint(
    columns: Columns,
    features: tuple[str, ...],
    more: Sequence[tuple[NDArray[np.intp], int]],
    patterns: NDArray[np.intp],
    count: int,
    everyone: NDArray[np.bool_],
) -> Whole:
    shape = [*(columns.sizes[name] for name in features), *(size for _, size in more), count]
    cells = int(np.prod(shape, dtype=np.float64))
    if cells > _MOST_CELLS:
        raise UsageError(
            "vault-too-many-cells",
            f"{cells} cells of groups are too many to protect together.",
            rule=f"at most {_MOST_CELLS} cells in one release",
            remedy="compare fewer columns at once, or merge values into broader groups",
        )
    fused = np.zeros(len(everyone), dtype=np.intp)
    for name in features:
        fused = fused * columns.sizes[name] + columns.codes[name]
    for codes, size in more:
        fused = fused * size + codes
    fused = fused * count + patterns
    return np.bincount(fused[everyone], minlength=cells).reshape(shape).astype(np.int64)


def _spread(array: Whole, names: tuple[str, ...], features: tuple[str, ...]) -> Whole:
    """From the order of `names` to one axis for each of `features`, of one place where it is not named."""
    order = sorted(range(len(names)), key=lambda axis: features.index(names[axis]))
    shape = [array.shape[names.index(name)] if name in names else 1 for name in features]
    return array.transpose(order).reshape(shape).copy()


def _gather(array: Whole, names: tuple[str, ...], features: tuple[str, ...]) -> Whole:
    """The reverse of `_spread`."""
    kept = [name for name in features if name in names]
    flat = array.reshape([array.shape[features.index(name)] for name in kept])
    return flat.transpose([kept.index(name) for name in names]).copy()
