"""The people that a blind policy is fitted on, and a draw that depends on what they look like, not on their order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import UsageError, mixed

__all__ = ["Batch", "batch_of", "drawn"]

_LARGEST = 2**52


@dataclass(frozen=True, slots=True)
class Batch:
    """People as bin codes and whole numbers; nothing of their groups.

    Attributes:
        codes: per term uint8[n].
        sizes: codes of each term, the three special ones included.
        value: int64[n], what selecting the person is worth, micro-units (a score in micro-logits, or money).
        outcome: bool[n], or None where it is not known.
        benefit: int64[n], what the person gains by being selected, micro-units; never negative.
    """

    codes: tuple[NDArray[np.uint8], ...]
    sizes: tuple[int, ...]
    value: NDArray[np.int64]
    outcome: NDArray[np.bool_] | None
    benefit: NDArray[np.int64] | None

    def __len__(self) -> int:
        return len(self.value)


def batch_of(
    codes: tuple[NDArray[np.integer], ...],
    sizes: tuple[int, ...],
    value: NDArray[np.integer],
    outcome: NDArray[np.integer | np.bool_] | None = None,
    benefit: NDArray[np.integer] | None = None,
) -> Batch:
    """Check the shapes.

    Raises:
        UsageError: columns of different length, codes outside their sizes, or values that are not whole numbers within
            plus or minus 2**52.
    """
    people = len(value)
    columns = [*codes, *(column for column in (outcome, benefit) if column is not None)]
    whole = np.issubdtype(value.dtype, np.integer) and (benefit is None or np.issubdtype(benefit.dtype, np.integer))
    sound = (
        len(codes) == len(sizes)
        and whole
        and all(column.shape == (people,) for column in columns)
        and all(np.issubdtype(column.dtype, np.integer) and 3 <= size <= 256 for column, size in
                zip(codes, sizes, strict=True))
        and all(people == 0 or (column.min() >= 0 and column.max() < size) for column, size in
                zip(codes, sizes, strict=True))
        and (people == 0 or int(np.abs(value).max()) < _LARGEST)
        and (benefit is None or people == 0 or (int(benefit.min()) >= 0 and int(benefit.max()) < _LARGEST))
        and (outcome is None or bool(np.isin(outcome, (0, 1)).all()))
    )  # fmt: skip
    if not sound:
        raise UsageError(
            "batch-shape",
            f"The columns of {people} people do not fit together.",
            rule="one whole number per person: codes below the size of their term, value within 2**52, outcome 0 or 1, "
            "benefit not negative",
            remedy="hand in bin codes as made by features.encode, and values in micro-units",
        )
    return Batch(
        tuple(column.astype(np.uint8) for column in codes),
        tuple(sizes),
        value.astype(np.int64),
        None if outcome is None else outcome.astype(bool),
        None if benefit is None else benefit.astype(np.int64),
    )


def drawn(batch: Batch, seed: int) -> NDArray[np.uint64]:
    """uint64[n], a draw for each person from what they look like; people who look alike have the same draw.

    So the order of the rows changes nothing, and no row is in two parts under two names.
    """
    draw = np.full(len(batch), np.uint64(seed % 2**64))
    columns: list[NDArray[np.integer | np.bool_]] = [*batch.codes, batch.value]
    columns += [column for column in (batch.outcome, batch.benefit) if column is not None]
    for column in columns:
        draw = mixed(draw ^ column.astype(np.int64).view(np.uint64))
    return mixed(draw)
