"""Gate 2: read what the view names, for whom it may be read, and keep only the bin codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import WITHHELD, Binning, DataError, Minimised, Model, Permitted, Standing

from ._columns import ColumnSource, Values, hold_numbers
from ._encode import encode

__all__ = ["minimise"]

_YES = frozenset({"1", "true", "yes", "ja"})
_NO = frozenset({"0", "false", "no", "nee"})
_MICRO, _DEAREST = 1_000_000, 1_000_000


def minimise(
    permitted: Permitted,
    model: Model,
    columns: ColumnSource,
    conditions: Mapping[int, str] | None = None,
    costs: Sequence[tuple[str | None, int]] | None = None,
) -> Minimised:
    """Only the columns that the purpose may see, as bin codes (RULES G-5b, G-5c).

    A column outside the model's view is never asked for. Of a column inside it, only the values of people with
    standing PERSONALISED are read who did not switch it off; everybody else has WITHHELD there.

    Args:
        permitted: gate 1's answer.
        model: the glass box; its view names the columns, its offers the ``feature@offer`` columns.
        columns: raw values, aligned with ``permitted.asked.subjects``.
        conditions: the column that must say yes, by index of the offer; of it only yes or no is kept. A missing value
            is no yes.
        costs: of each offer the column of each person's own cost, if any, and the cost where it says nothing, in
            micro-money; None where an offer costs the same with everybody.

    Raises:
        DataError: a column of the view is not there, or its values are not what the view expects; or a condition is
            neither yes nor no, or a cost no amount.
    """
    personal = np.asarray(permitted.standing == Standing.PERSONALISED)
    codes = tuple(
        np.stack([_codes(binning, f"{binning.name}@{offer}", rows, columns) for offer in model.offers])
        if binning.per_offer
        else _codes(binning, binning.name, rows, columns)
        for binning in model.view.binnings
        for rows in [_readable(permitted, personal, binning.name)]
    )
    eligible = _eligible(permitted, len(model.offers), columns, conditions) if conditions else None
    cost = None if costs is None else _costs(permitted, columns, costs)
    return Minimised(permitted=permitted, model=model, codes=codes, eligible=eligible, cost=cost)


def _readable(permitted: Permitted, personal: NDArray[np.bool_], column: str) -> NDArray[np.bool_]:
    """bool[n], whose value of this column may be read: personalised, and not switched off by the person."""
    off = permitted.switched_off.get(column)
    return personal if off is None else personal & ~off


def _costs(permitted: Permitted, columns: ColumnSource, costs: Sequence[tuple[str | None, int]]) -> NDArray[np.int64]:
    """int64[m, n], micro-money: as the column says, else as declared; 0 for the refused, to whom nothing is shown."""
    rows = np.asarray(permitted.standing == Standing.PERSONALISED)
    cost = np.repeat(np.array([[declared] for _, declared in costs], dtype=np.int64), len(rows), axis=1)
    for offer, (column, declared) in enumerate(costs):
        if column is not None and rows.any():
            cost[offer, rows] = _amounts(column, _read(column, rows, columns), declared)
    cost[:, permitted.standing == Standing.REFUSED] = 0
    return cost


def _amounts(column: str, values: Values, declared: int) -> NDArray[np.int64]:
    """Micro-money of each value; a missing one is the declared cost."""
    amount = np.array([_amount(value) for value in values.tolist()])
    missing = np.isnan(amount)
    wrong = int(np.count_nonzero(~missing & ~((amount >= 0) & (amount <= _DEAREST))))
    if wrong:
        raise DataError(
            "data-cost-values",
            f"{wrong} of {len(values)} values of column {column!r} are no amounts of money from 0 to {_DEAREST:,}.",
            rule="what an offer costs is an amount of money, not below zero",
            remedy="write amounts such as 0.35; empty counts as the offer's own cost",
        )
    return np.where(missing, declared, np.rint(np.where(missing, 0, amount) * _MICRO)).astype(np.int64)


def _amount(value: str | float | None) -> float:
    """The amount that a value names; NaN where it is missing, -1 where it names none."""
    try:
        return float("nan") if value in (None, "") else float(value)
    except ValueError:
        return -1.0


def _eligible(
    permitted: Permitted, offers: int, columns: ColumnSource, conditions: Mapping[int, str]
) -> NDArray[np.bool_]:
    """bool[m, n]; everything is open to the refused, of whom nothing is said."""
    eligible = np.ones((offers, len(permitted.standing)), dtype=bool)
    rows = np.asarray(permitted.standing == Standing.PERSONALISED)
    for offer, column in conditions.items():
        eligible[offer] = permitted.standing == Standing.REFUSED
        if rows.any():
            eligible[offer, rows] = _yes(column, _read(column, rows, columns))
    return eligible


def _yes(column: str, values: Values) -> NDArray[np.bool_]:
    """Whether each value says yes; a missing one does not."""
    if hold_numbers(values):
        yes, no = values == 1, (values == 0) | np.isnan(values)
    else:
        words = ["" if value is None else str(value).strip().lower() for value in values.tolist()]
        yes = np.array([word in _YES for word in words], dtype=bool)
        no = np.array([not word or word in _NO for word in words], dtype=bool)
    wrong = int(np.count_nonzero(~(yes | no)))
    if wrong:
        raise DataError(
            "data-eligibility-values",
            f"{wrong} of {len(values)} values of column {column!r} are not one of 1/0, true/false, yes/no, ja/nee.",
            rule="whether somebody may get an offer is yes or no",
            remedy="write 1 where the person may get the offer and 0 where not; empty counts as no",
        )
    return np.asarray(yes)


def _codes(binning: Binning, column: str, rows: NDArray[np.bool_], columns: ColumnSource) -> NDArray[np.uint8]:
    codes = np.full(len(rows), WITHHELD, dtype=np.uint8)
    if rows.any():
        codes[rows] = encode(binning, _read(column, rows, columns))
    return codes


def _read(column: str, rows: NDArray[np.bool_], columns: ColumnSource) -> Values:
    """The values of these people, one each."""
    readable = int(np.count_nonzero(rows))
    values = columns.read(column, rows)
    if len(values) != readable:
        raise DataError(
            "data-misaligned",
            f"Column {column!r} has {len(values)} values for {readable} people.",
            rule="row i of every column is the same person",
            remedy="read subjects and columns from the same unchanged table",
        )
    return values
