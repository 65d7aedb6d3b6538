"""What pairs of features, and all features together, tell about a group: from pair counts and counts per group."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import SUPPRESSED, Z95, FeatureView, GroupCounts, pair_counts, ridge_from_counts

from ._association import Proxy, bins_auroc
from ._blocks import Blocks, merge
from ._hidden import estimated, known
from ._rates import UNKNOWN

__all__ = ["GroupTold", "PairProxy", "WholeView", "pair_proxies", "whole_view"]

_ROWS = 200_000
"""At most so many rows teach what the whole view tells, and so many others judge it."""
_MOST_GROUPS = 12
_RIDGE = 10.0
_PEOPLE_PER_CELL = 20
"""Blocks are made so large that a group would have so many people in each, if it were spread alike."""


@dataclass(frozen=True, slots=True)
class PairProxy:
    """How well two features together tell the groups of one sensitive column, where they tell more than either.

    Attributes:
        features: the two features.
        sensitive: the sensitive column.
        group: the group that they tell best.
        auroc: of both together; 0.5 tells nothing, 1 tells all.
        single: of the better one alone.
        error: standard error that an AUROC of so many people has by chance.
    """

    features: tuple[str, str]
    sensitive: str
    group: str
    auroc: float
    single: float
    error: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "features": list(self.features),
            "sensitive": self.sensitive,
            "group": self.group,
            "auroc": self.auroc,
            "single": self.single,
        }


@dataclass(frozen=True, slots=True)
class GroupTold:
    """How well the whole view ranks one group's people above others, on rows that it was not learned from.

    Attributes:
        group: the group.
        auroc, lower, upper: with its 95 % interval.
        rows: the group's people among those rows.
    """

    group: str
    auroc: float
    lower: float
    upper: float
    rows: int


@dataclass(frozen=True, slots=True)
class WholeView:
    """How well all features together tell the groups of one sensitive column.

    Attributes:
        sensitive: the sensitive column.
        features: how many features took part.
        learned, judged: rows that the weights were learned from, and other rows that they were judged on.
        groups: one per group that is large enough.
        hidden_cells: cells that the wall did not show; they were estimated.
    """

    sensitive: str
    features: int
    learned: int
    judged: int
    groups: tuple[GroupTold, ...]
    hidden_cells: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "sensitive": self.sensitive,
            "features": self.features,
            "learned": self.learned,
            "judged": self.judged,
            "groups": [
                {"group": one.group, "auroc": one.auroc, "lower": one.lower, "upper": one.upper, "rows": one.rows}
                for one in self.groups
            ],
            "hidden_cells": self.hidden_cells,
        }


def pair_proxies(
    groups: GroupCounts,
    view: FeatureView,
    codes: Sequence[NDArray[np.uint8]],
    singles: Sequence[Proxy],
    *,
    minimum_size: int,
    questions: int,
    why: str,
) -> tuple[tuple[PairProxy, ...], int]:
    """Every pair of features, as joint blocks, against every sensitive column; each compared pair of people left out.

    Args:
        groups: the wall.
        view, codes: the features, as bins.
        singles: what each feature tells alone.
        minimum_size: smaller groups are left out, as are groups of few people per joint block.
        questions: at most so many questions are put to the wall; features that tell most alone come first.
        why: purpose of the questions.

    Returns:
        The pairs that tell more than the better of the two alone, most first; and how many pairs were left out.
    """
    found, left_out = [], 0
    if len(codes) < 2 or questions < 1:
        return (), len(codes) * (len(codes) - 1) // 2 * len(groups.features)
    for sensitive in groups.features:
        alone = {one.feature: dict(one.auroc) for one in singles if one.sensitive == sensitive}
        sizes = _group_sizes(groups, sensitive, len(codes[0]), minimum_size, why)
        if len(sizes) < 2:
            continue
        middle = sorted(sizes.values())[len(sizes) // 2]
        most = max(2, min(12, math.isqrt(middle // _PEOPLE_PER_CELL)))
        blocks = merge(view.binnings, codes, most)
        blocks.sort(key=lambda one: -max(alone.get(one.name, {}).values(), default=0.5))
        pairs = sorted(combinations(range(len(blocks)), 2), key=sum)
        chosen = pairs[: questions // max(1, len(groups.features))]
        left_out += len(pairs) - len(chosen)
        place = {binning.name: at for at, binning in enumerate(view.binnings)}
        for pair in chosen:
            i, j = sorted(pair, key=lambda at: place[blocks[at].name])
            one = _pair(groups, sensitive, blocks[i], blocks[j], alone, sizes, why)
            if one.auroc > one.single:
                found.append(one)
    found.sort(key=lambda one: (one.single - one.auroc, one.features))
    return tuple(found), left_out


def _group_sizes(groups: GroupCounts, sensitive: str, rows: int, minimum_size: int, why: str) -> dict[str, int]:
    table = groups.count((sensitive,), np.zeros(rows, np.intp), 1, why=why)
    sizes = {table.groups[row][0]: int(table.totals[row]) for row in known(table, minimum_size)}
    return {name: size for name, size in sizes.items() if name != UNKNOWN}


def _pair(
    groups: GroupCounts,
    sensitive: str,
    first: Blocks,
    second: Blocks,
    alone: dict[str, dict[str, float]],
    sizes: dict[str, int],
    why: str,
) -> PairProxy:
    joint = first.codes * np.uint8(second.size) + second.codes
    size = first.size * second.size
    table = groups.count((sensitive,), joint, size, why=why)
    counts = estimated(table, np.bincount(joint, minlength=size))
    everybody = counts.sum(axis=0)
    people = sum(sizes.values())
    best: PairProxy | None = None
    for row, group in enumerate(table.groups):
        inside = sizes.get(group[0], 0)
        if inside < _PEOPLE_PER_CELL * size or inside == people:
            continue
        auroc = bins_auroc(counts[row], everybody - counts[row])
        single = max(alone.get(one.name, {}).get(group[0], 0.5) for one in (first, second))
        error = math.sqrt((people + 1) / (12.0 * inside * (people - inside)))
        one = PairProxy((first.name, second.name), sensitive, group[0], auroc, single, error)
        if best is None or one.auroc - one.single > best.auroc - best.single:
            best = one
    return best or PairProxy((first.name, second.name), sensitive, "", 0.5, 0.5, 0.5)


def whole_view(
    groups: GroupCounts,
    view: FeatureView,
    codes: Sequence[NDArray[np.uint8]],
    learn_from: NDArray[np.bool_],
    *,
    minimum_size: int,
    why: str,
) -> tuple[WholeView, ...]:
    """What all features together tell: a sum of weights per block, learned from counts and judged on other rows.

    The weights are those of ridge regression of membership on blocks (a linear discriminant). It needs people per
    pair of blocks, which the codes give without any group, and people per group and block, which the wall gives. On
    the other rows the wall is asked for counts per group and score; the AUROC is that of these counts.

    Args:
        groups: the wall.
        view, codes: the features, as bins.
        learn_from: bool[k], rows to learn the weights from; the others judge them. A person's rows belong on one side.
        minimum_size: smaller groups are left out.
        why: purpose of the questions.
    """
    if not codes:
        return ()
    learned, judged = np.flatnonzero(learn_from)[:_ROWS], np.flatnonzero(~learn_from)[:_ROWS]
    if not len(learned) or not len(judged):
        return ()
    used_codes = [column[np.concatenate((learned, judged))] for column in codes]
    told = []
    for sensitive in groups.features:
        asked = np.full(len(learn_from), -1, dtype=np.intp)
        asked[judged] = 0
        table = groups.count((sensitive,), asked, 1, why=why)
        sizes = {table.groups[row][0]: int(table.totals[row]) for row in known(table, minimum_size)}
        names = sorted((name for name in sizes if name != UNKNOWN), key=lambda name: (-sizes[name], name))
        names = sorted(names[:_MOST_GROUPS])
        if len(names) < 2:
            continue
        results, hidden, used = [], 0, 0
        fineness = {name: max(2, min(16, sizes[name] // _PEOPLE_PER_CELL)) for name in names}
        for most in sorted(set(fineness.values())):
            blocks = merge(view.binnings, used_codes, most)
            alike = [name for name in names if fineness[name] == most]
            if not blocks:
                continue
            used = max(used, len(blocks))
            weights, unseen = _weights(groups, sensitive, alike, blocks, learned, len(learn_from), why)
            hidden += unseen
            for column, name in enumerate(alike):
                score = np.zeros(len(judged))
                for block, part in zip(blocks, weights, strict=True):
                    score += part[:, column][block.codes[len(learned) :]]
                one, unseen = _judge(groups, sensitive, name, score, judged, (len(learn_from), sizes[name]), why)
                hidden += unseen
                results += [one] if one is not None else []
        told.append(WholeView(sensitive, used, len(learned), len(judged), tuple(results), hidden))
    return tuple(told)


def _weights(
    groups: GroupCounts,
    sensitive: str,
    names: list[str],
    blocks: list[Blocks],
    rows: NDArray[np.intp],
    everybody: int,
    why: str,
) -> tuple[list[NDArray[np.float64]], int]:
    """Per feature float64[blocks, groups], and how many cells were hidden; `blocks` begin with these rows."""
    starts = np.concatenate(([0], np.cumsum([block.size for block in blocks]))).tolist()
    learned = len(rows)
    gram = pair_counts([block.codes[:learned] for block in blocks], [block.size for block in blocks])
    mass = np.diag(gram).copy()
    cross = np.zeros((starts[-1], len(names)))
    hidden = 0
    for a, block in enumerate(blocks):
        code = np.full(everybody, -1, dtype=np.intp)
        code[rows] = block.codes[:learned]
        table = groups.count((sensitive,), code, block.size, why=why)
        counts = estimated(table, mass[starts[a] : starts[a + 1]])
        place = {group[0]: row for row, group in enumerate(table.groups)}
        own_rows = [place[name] for name in names]
        cross[starts[a] : starts[a + 1]] = counts[own_rows].T
        hidden += int((table.counts[own_rows] == SUPPRESSED).sum())
        share = cross[: starts[1]].sum(axis=0) / len(rows)
    slope = ridge_from_counts(gram, cross, share, learned, _RIDGE)
    return [slope[starts[a] : starts[a + 1]] for a in range(len(blocks))], hidden


def _judge(
    groups: GroupCounts,
    sensitive: str,
    name: str,
    score: NDArray[np.float64],
    judged: NDArray[np.intp],
    sizes: tuple[int, int],
    why: str,
) -> tuple[GroupTold | None, int]:
    """AUROC of the score for one group, from the wall's counts per score bin of the judged rows."""
    everybody_there, size_of_group = sizes
    bins = max(2, min(64, size_of_group // _PEOPLE_PER_CELL))
    edges = np.unique(np.quantile(score, np.arange(1, bins) / bins))
    binned = np.searchsorted(edges, score, side="right")
    code = np.full(everybody_there, -1, dtype=np.intp)
    code[judged] = binned
    size = len(edges) + 1
    table = groups.count((sensitive,), code, size, why=why)
    everybody = np.bincount(binned, minlength=size).astype(np.float64)
    counts = estimated(table, everybody)
    row = next(row for row, group in enumerate(table.groups) if group[0] == name)
    inside = np.minimum(counts[row], everybody)
    outside = everybody - inside
    hidden = int((table.counts[row] == SUPPRESSED).sum())
    if inside.sum() < 1 or outside.sum() < 1:
        return None, hidden
    auroc, error = _ranked(inside, outside)
    lower, upper = max(0.0, auroc - Z95 * error), min(1.0, auroc + Z95 * error)
    return GroupTold(name, auroc, lower, upper, int(table.totals[row])), hidden


def _ranked(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> tuple[float, float]:
    """AUROC of ordered bins and its standard error (DeLong's, from the same counts)."""
    below_out = (np.cumsum(outside) - outside / 2) / outside.sum()
    below_in = (np.cumsum(inside) - inside / 2) / inside.sum()
    auroc = float(inside @ below_out / inside.sum())
    spread_in = float(inside @ np.square(below_out - auroc) / inside.sum() / max(1.0, inside.sum() - 1))
    spread_out = float(outside @ np.square(1 - below_in - auroc) / outside.sum() / max(1.0, outside.sum() - 1))
    return auroc, math.sqrt(spread_in + spread_out)
