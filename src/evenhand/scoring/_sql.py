"""The model as one SELECT over a table of raw values: the same bits as the batch, where the data already is."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from evenhand.terms import MISSING, OTHER, SCORE_BOUND, Binning, Model, Pair, UsageError, canonical_text

from ._dialects import Dialect, DialectName, dialect_of
from ._one import offer_position

__all__ = ["model_sql"]

_FIRST = 3


def model_sql(
    model: Model,
    dialect: DialectName,
    table: str | Sequence[str],
    offer: str | None = None,
    *,
    keep: Sequence[str] = (),
    contributions: bool = False,
    numeric_categories: Collection[str] = (),
) -> str:
    """One SELECT that scores every row of a table for one offer.

    NULL and NaN are MISSING, so is an empty text; a category that the model does not know is OTHER; a number goes by
    its cuts. The same rows give the same integers as `score` and `one_scorer`. It passes no gate: select only people
    whose data may be used for the model's purpose.

    Args:
        model: the glass box.
        dialect: ``duckdb``, ``postgresql`` or ``spark``.
        table: its name, or its parts (schema, table).
        offer: whose tables to use; may be left out where the model has one offer.
        keep: columns to hand through, first in the result: the keys, as a query promises no order.
        contributions: also each term's exact share, as ``term_1``, ``term_2`` ... in the order of ``model.terms``.
        numeric_categories: features that are categories for the model and floating-point columns in the table, where
            ``1.0`` is the category ``1``. Whole numbers, truth values and texts need no naming.

    Returns:
        SQL text. ``score`` is a whole number of the model's units.

    Raises:
        UsageError: no such dialect or offer, names that the database could not tell apart, or a kept column with the
            name of a result.

    Example:
        >>> import numpy as np
        >>> from evenhand.terms import Binning, FeatureView
        >>> view = FeatureView("Marketing", (Binning("region", "category", categories=("east",)),), "")
        >>> model = Model(view, ("tulips",), np.array([7]), (np.array([[0, -1, 2, 5]], np.int32),), {}, {}, "")
        >>> print(model_sql(model, "postgresql", "people").splitlines()[1].removeprefix('FROM (SELECT '))
        ('{-1,2,5}'::int4[])[code_1] AS term_1
    """
    write = dialect_of(dialect)
    position = offer_position(model, offer)
    columns = [
        f"{binning.name}@{model.offers[position]}" if binning.per_offer else binning.name
        for binning in model.view.binnings
    ]
    results = ["score", *(f"term_{t}" for t in range(1, len(model.tables) + 1) if contributions)]
    _check_names(write, columns, keep, results)
    kept = [f"kept_{k}" for k in range(1, len(keep) + 1)]
    raw = [f"raw_{f}" for f in range(1, len(columns) + 1)]
    codes = [f"code_{f}" for f in range(1, len(columns) + 1)]
    terms = [f"term_{t}" for t in range(1, len(model.tables) + 1)]
    place = ".".join(map(write.name, [table] if isinstance(table, str) else table))

    read = [f"{write.name(name)} AS {alias}" for name, alias in zip(keep, kept, strict=True)]
    coded, shares = list(kept), list(kept)
    for binning, column, alias, code in zip(model.view.binnings, columns, raw, codes, strict=True):
        as_number = binning.kind == "number" or binning.name in numeric_categories
        kind = write.double if as_number else write.string
        read.append(f"CAST({write.name(column)} AS {kind}) AS {alias}")
        coded.append(f"{_code(binning, alias, write, as_number=as_number)} AS {code}")
    for term, entries, at in zip(terms, model.tables, _places(model, codes, write), strict=True):
        shares.append(f"{write.entry(entries[position].tolist()[1:], at)} AS {term}")
    total = " + ".join([f"CAST({int(model.base[position])} AS BIGINT)", *terms])
    shown = [f"{alias} AS {write.name(name)}" for name, alias in zip(keep, kept, strict=True)]
    shown.append(f"CAST(GREATEST(-{SCORE_BOUND}, LEAST({SCORE_BOUND}, {total})) AS BIGINT) AS score")
    shown += terms if contributions else []
    return "\n".join(
        (
            f"SELECT {', '.join(shown)}",
            f"FROM (SELECT {_listed(shares)}",
            f"FROM (SELECT {_listed(coded)}",
            f"FROM (SELECT {_listed(read)}",
            f"FROM {place}{write.fence}) AS raw{write.fence}) AS coded{write.fence}) AS parts",
        )
    )


def _listed(columns: list[str]) -> str:
    return ",\n  ".join(columns) or "1 AS nothing"


def _check_names(write: Dialect, columns: list[str], keep: Sequence[str], results: list[str]) -> None:
    """Names that the database takes for one name would silently be the wrong column."""

    def fold(name: str) -> str:
        return name.lower() if write.folds_case else name

    clashing = len({fold(name) for name in columns}) < len(columns)
    clashing |= len({fold(name) for name in (*keep, *results)}) < len(keep) + len(results)
    if clashing:
        raise UsageError(
            "sql-same-names",
            "Two columns of the query would have the same name in this database.",
            rule="every feature, kept column and result has a name of its own; DuckDB and Spark ignore case",
            remedy="rename a column in a view over the table",
        )


def _code(binning: Binning, raw: str, write: Dialect, *, as_number: bool) -> str:
    """Bin code of a raw value, from its alias."""
    if binning.kind == "number":
        below = write.below(raw, binning.cuts) if binning.cuts else "0"
        return f"CASE WHEN {write.absent(raw)} THEN {MISSING} ELSE {_FIRST} + {below} END"
    if as_number:
        known = [
            f"WHEN {raw} = CAST('{float(text)!r}' AS {write.double}) THEN {_FIRST + position}"
            for position, text in enumerate(binning.categories)
            if _is_number(text)
        ]
        return f"CASE WHEN {write.absent(raw)} THEN {MISSING} {' '.join(known)} ELSE {OTHER} END"
    known = [
        f"WHEN {literal} THEN {_FIRST + position}"
        for position, text in enumerate(binning.categories)
        if text and (literal := write.text(text)) is not None
    ]
    text = f"CASE {raw}{write.exactly} WHEN '' THEN {MISSING} {' '.join(known)} ELSE {OTHER} END"
    return f"CASE WHEN {raw} IS NULL THEN {MISSING} ELSE {text} END"


def _is_number(text: str) -> bool:
    """Whether some floating-point number has this canonical text."""
    try:
        return canonical_text(float(text)) == text
    except ValueError:
        return False


def _places(model: Model, codes: list[str], write: Dialect) -> list[str]:
    """Where each term's entry stands, counted from 1; nothing is WITHHELD here, so its column is left out."""
    return [*codes, *(_joint(pair, codes, write) for pair in model.pairs)]


def _joint(pair: Pair, codes: list[str], write: Dialect) -> str:
    upper = [1 + band * pair.width for band in pair.first_bands[1:]]
    return f"{write.entry(upper, codes[pair.first])} + {write.entry(pair.second_bands[1:], codes[pair.second])}"
