"""Blind cells: people sorted by what their bin codes say about groups, worked out from counts alone.

The best blind rule under a disparity limit prices people by the chance that someone with their codes belongs to the
group (ALGORITHMS 2). That chance is modelled as a sum over bins, fitted by ridge regression from two kinds of counts:
people per bin pair (from the codes) and people per group and bin (across the wall). Scores are integers, and a tree of
median splits turns them into cells, so that anybody can work a cell out again from the codes. No person's group is
ever read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Minimised, estimated, pair_counts, ridge_from_counts

from ._wall import Wall
from .solver import Comparison

__all__ = ["BlindCells", "learn_cells"]

_SAMPLE = 200_000
_PAIRED = 200_000_000
_COLUMNS = 800
_CELLS = 256
_DIMENSIONS = 6
_RIDGE = 10.0
_MICRO = 1e6


@dataclass(frozen=True, slots=True)
class BlindCells:
    """Cells made from bin codes.

    Attributes:
        cell: intp[n], 1..size, 0 for people without personal data.
        size: number of cells, cell 0 aside.
        share: per comparison of `also` float64[size + 1, G]: expected share of the cell's people in each judged group.
        tables: how a cell is worked out from codes, JSON-able.
    """

    cell: NDArray[np.intp]
    size: int
    share: list[NDArray[np.float64]]
    tables: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class _Column:
    """One categorical column of the design: codes of a term (for one offer), merged into blocks."""

    term: str
    offer: int
    codes: NDArray[np.uint8]
    block: NDArray[np.intp]
    size: int
    bins: int


def learn_cells(
    minimised: Minimised,
    wall: Wall,
    comparisons: list[Comparison],
    counted: NDArray[np.bool_],
    order: NDArray[np.intp],
    also: list[Comparison],
) -> BlindCells:
    """Make the cells that tell the groups of these comparisons apart as far as codes can.

    Args:
        minimised: the bin codes.
        wall: the groups, asked for counts only.
        comparisons: whose groups are guessed, each set of groups once.
        counted: bool[n], people with personal data.
        order: people who take part, in canonical (random) order.
        also: whose groups' shares in the cells are told; nothing else depends on them.
    """
    people = order[counted[order]]
    smallest = min(int(comparison.judged_size.min()) for comparison in comparisons)
    columns = _columns(minimised, people[:_SAMPLE], max(2, min(16, smallest // 20)))
    pairs = max(1, len(columns) * (len(columns) + 1) // 2)
    few = people[: max(20_000, min(_SAMPLE, _PAIRED // pairs))]
    tables, spread = _fit(columns, wall, comparisons, few, len(counted))
    score = np.zeros((tables[0].shape[0] if tables else 0, len(people)), dtype=np.int64)
    for column, table in zip(columns, tables, strict=True):
        score += table[:, column.codes[people]]
    dimension, threshold = _tree(score[:, : min(len(people), 50_000)], max(0, int(np.log2(max(1, len(people) // 8)))))
    leaf = _leaf(score, dimension, threshold)
    size = len(dimension) + 1
    cell = np.zeros(len(counted), dtype=np.intp)
    cell[people] = leaf + 1
    share = _shares(wall, comparisons, also, cell, size, score, leaf, spread)
    return BlindCells(cell, size, share, _as_json(columns, tables, dimension, threshold))


def _columns(minimised: Minimised, people: NDArray[np.intp], blocks: int) -> list[_Column]:
    """Merge neighbouring codes of every term into at most `blocks` blocks of similar size."""
    columns: list[_Column] = []
    total = 0
    for binning, codes in zip(minimised.model.view.binnings, minimised.codes, strict=True):
        for offer, row in enumerate(codes) if codes.ndim == 2 else [(-1, codes)]:
            tally = np.bincount(row[people].astype(np.intp), minlength=256)
            middle = np.cumsum(tally) - tally / 2
            raw = np.minimum((middle * blocks / max(1, len(people))).astype(np.intp), blocks - 1)
            used = np.unique(raw[tally > 0])
            if len(used) < 2 or total + len(used) > _COLUMNS:
                continue
            block = np.minimum(np.searchsorted(used, raw), len(used) - 1)
            columns.append(_Column(binning.name, offer, row, block, len(used), binning.size))
            total += len(used)
    return columns


def _fit(
    columns: list[_Column], wall: Wall, comparisons: list[Comparison], people: NDArray[np.intp], everybody: int
) -> tuple[list[NDArray[np.int64]], NDArray[np.float64]]:
    """Ridge regression of group membership on blocks, from counts.

    Returns:
        For each column an int64[dimensions, 256] table of micro-shares by code, for the few directions in which groups
        differ most; and float64[dimensions, all groups], how the chance of each group follows from them.
    """
    groups = sum(len(comparison.judged_size) for comparison in comparisons)
    if not columns:
        return [], np.zeros((0, groups))
    blocks = [column.block[column.codes[people]] for column in columns]
    starts = np.concatenate(([0], np.cumsum([column.size for column in columns])))
    gram = pair_counts(blocks, [column.size for column in columns])
    mass = np.diag(gram).copy()
    cross = np.zeros((starts[-1], groups))
    for a, column in enumerate(columns):
        code = np.full(everybody, -1, dtype=np.intp)
        code[people] = blocks[a]
        at = 0
        for comparison in comparisons:
            width = len(comparison.judged_size)
            weight = mass[starts[a] : starts[a + 1], None].repeat(width, axis=1)
            why = f"bins of {column.term} for blind limit {comparison.limit.id}"
            cross[starts[a] : starts[a + 1], at : at + width] = _counts(wall, comparison, code, weight, why)
            at += width
    rate = cross[: starts[1]].sum(axis=0) / max(1, len(people))
    centred = gram - np.outer(mass, mass) / max(1, len(people))
    slope = ridge_from_counts(gram, cross, rate, len(people), _RIDGE)
    weight = 1 / np.maximum(rate, 1e-9)
    spread, direction = np.linalg.eigh((slope * weight).T @ centred @ (slope * weight))
    top = np.argsort(-spread, kind="stable")[:_DIMENSIONS]
    top = top[spread[top] > 1e-6 * max(float(spread.max()), 1e-300)]
    turned = np.rint((slope * weight) @ direction[:, top] * _MICRO).astype(np.int64)
    tables = [turned[starts[a] : starts[a + 1]].T[:, column.block] for a, column in enumerate(columns)]
    return tables, direction[:, top].T / weight / _MICRO


def _counts(
    wall: Wall, comparison: Comparison, code: NDArray[np.intp], weight: NDArray[np.float64], why: str
) -> NDArray[np.float64]:
    """float64[codes, G]: people per code and judged group; where a count is suppressed, the rest by `weight`."""
    table = wall.count(comparison.features, code, len(weight), why=why)
    index = {group: row for row, group in enumerate(table.groups)}
    spread = np.zeros(table.counts.shape)
    here = [(index[group], column) for column, group in enumerate(comparison.judged_groups) if group in index]
    for row, column in here:
        spread[row] = weight[:, column]
    found = estimated(table, spread)
    counts = np.zeros(weight.shape)
    for row, column in here:
        counts[:, column] = found[row]
    return counts


def _tree(score: NDArray[np.int64], depth: int) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """Split at the median along the direction that varies most, node by node, level by level (a full binary tree)."""
    depth = min(depth, int(np.log2(_CELLS))) if len(score) else 0
    nodes = 2**depth - 1
    dimension = np.zeros(nodes, dtype=np.intp)
    threshold = np.zeros(nodes, dtype=np.int64)
    members = {0: np.arange(score.shape[1])}
    for node in range(nodes):
        inside = score[:, members[node]]
        if inside.shape[1]:
            dimension[node] = int(np.argmax(inside.astype(np.float64).var(axis=1)))
            along = inside[dimension[node]]
            threshold[node] = int(np.sort(along)[(len(along) - 1) // 2])
        right = score[dimension[node], members[node]] > threshold[node]
        members[2 * node + 1], members[2 * node + 2] = members[node][~right], members[node][right]
        del members[node]
    return dimension, threshold


def _leaf(score: NDArray[np.int64], dimension: NDArray[np.intp], threshold: NDArray[np.int64]) -> NDArray[np.intp]:
    """intp[n], the leaf of each column of `score`."""
    node = np.zeros(score.shape[1], dtype=np.intp)
    column = np.arange(score.shape[1])
    for _ in range(int(np.log2(len(dimension) + 1))):
        node = 2 * node + 1 + (score[dimension[node], column] > threshold[node])
    return node - len(dimension)


def _shares(
    wall: Wall,
    comparisons: list[Comparison],
    also: list[Comparison],
    cell: NDArray[np.intp],
    size: int,
    score: NDArray[np.int64],
    leaf: NDArray[np.intp],
    spread: NDArray[np.float64],
) -> list[NDArray[np.float64]]:
    """Expected share of each judged group in each cell: counted, or where the count is suppressed modelled, for groups
    that are guessed, else as everywhere."""
    people = np.bincount(leaf, minlength=size).astype(np.float64)
    total = np.stack([np.bincount(leaf, weights=row, minlength=size) for row in score]) if len(score) else None
    starts = np.cumsum([0] + [len(comparison.judged_size) for comparison in comparisons]).tolist()
    place = {comparison.kind: at for comparison, at in zip(comparisons, starts, strict=False)}
    known: dict[object, NDArray[np.float64]] = {}
    for comparison in also:
        if comparison.kind in known:
            continue
        width, at = len(comparison.judged_size), place.get(comparison.kind)
        first = comparison if at is None else comparisons[starts.index(at)]
        expected = people[:, None] * (first.judged_size / max(1.0, people.sum()))
        if total is not None and at is not None:
            mean = score.mean(axis=1) if score.shape[1] else np.zeros(len(score))
            lean = (total - people * mean[:, None]).T @ spread[:, at : at + width]
            expected = np.maximum(expected + lean, 0.02 * expected)
        counts = _counts(wall, comparison, cell - 1, expected, f"cells of blind limit {comparison.limit.id}")
        share = np.zeros((size + 1, width))
        share[1:] = np.minimum(counts / np.maximum(people, 1)[:, None], 1)
        known[comparison.kind] = share
    return [known[comparison.kind] for comparison in also]


def _as_json(
    columns: list[_Column],
    tables: list[NDArray[np.int64]],
    dimension: NDArray[np.intp],
    threshold: NDArray[np.int64],
) -> dict[str, object]:
    """The cells' recipe: add up the tables, then walk the tree (left child 2k + 1 where score <= threshold)."""
    return {
        "columns": [
            {"term": column.term, "offer": column.offer, "tables": table[:, : column.bins].tolist()}
            for column, table in zip(columns, tables, strict=True)
        ],
        "dimension": dimension.tolist(),
        "threshold": threshold.tolist(),
    }
