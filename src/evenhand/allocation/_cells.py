"""Who stands in which cell: true groups (aware), blind cells, or both at once; cell 0 has no group price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ._membership import BlindCells
from .solver import Comparison

__all__ = ["Cells", "fuse"]


@dataclass(frozen=True, slots=True)
class Cells:
    """The cells of one problem.

    Attributes:
        cell: intp[n], 0 for people outside every disparity limit.
        size: S, number of cells with cell 0.
        share: per comparison float64[S, G], share of the cell's people in each judged group.
        tables: JSON-able recipe of the cells.
    """

    cell: NDArray[np.intp]
    size: int
    share: list[NDArray[np.float64]]
    tables: Mapping[str, object]


def fuse(
    comparisons: list[Comparison],
    counted: NDArray[np.bool_],
    blind: BlindCells | None,
    features: tuple[str, ...] = (),
    true_cell: NDArray[np.int32] | None = None,
    groups: tuple[tuple[str, ...], ...] = (),
) -> Cells:
    """Make the cells that tell apart whatever some limit tells apart.

    Args:
        comparisons: all comparisons, in the order of the rows.
        counted: bool[n], people with personal data.
        blind: blind cells, if some limit is blind.
        features: sensitive columns of the true cells.
        true_cell: int32[n] behind the wall, -1 = withheld, if some limit is aware.
        groups: values of each true cell.
    """
    nobody = np.zeros(len(counted), dtype=np.intp)
    rank = sorted(range(len(groups)), key=lambda index: groups[index])
    place = np.zeros(len(groups) + 1, dtype=np.intp)
    place[rank] = np.arange(1, len(groups) + 1)
    aware = nobody if true_cell is None else np.where(counted, place[true_cell], 0)
    proxy = nobody if blind is None else blind.cell
    width = 1 if blind is None else blind.size + 1
    code = aware * width + proxy
    used = np.flatnonzero(np.bincount(code, minlength=1))
    used = used[used > 0]
    dense = np.zeros((len(groups) + 1) * width, dtype=np.intp)
    dense[used] = np.arange(1, len(used) + 1)
    of_group, of_proxy = np.divmod(np.concatenate(([0], used)), width)
    ordered = [groups[index] for index in rank]
    blind_shares = iter(blind.share if blind is not None else [])
    share = []
    for comparison in comparisons:
        if comparison.is_void or (comparison.limit.mode == "blind" and blind is None):
            share.append(np.zeros((len(used) + 1, len(comparison.judged_size))))
        elif comparison.limit.mode == "blind":
            share.append(next(blind_shares)[of_proxy])
        else:
            share.append(
                np.vstack([np.zeros(int(comparison.judged.sum())), _belongs(comparison, features, ordered)])[of_group]
            )
    tables: dict[str, object] = {}
    if blind is not None:
        tables["blind"] = blind.tables
    if true_cell is not None:
        tables["aware"] = {"features": list(features)}  # the names of the groups stay behind the wall
    if tables:
        tables["cells"] = [[int(a), int(b)] for a, b in zip(of_group, of_proxy, strict=True)]
    return Cells(dense[code], len(used) + 1, share, tables)


def _belongs(comparison: Comparison, features: tuple[str, ...], groups: list[tuple[str, ...]]) -> NDArray[np.float64]:
    """float64[true cells, G], 1 where the cell is part of the judged group."""
    at = [features.index(name) for name in comparison.features]
    judged = comparison.judged_groups
    return np.array(
        [[float(tuple(values[k] for k in at) == group) for group in judged] for values in groups], dtype=np.float64
    ).reshape(len(groups), len(judged))
