"""Consent, objection, opt-out and minor records out of a table, as columns for `permission.ConsentBook`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.features import Register
from evenhand.policy import ConsentSource
from evenhand.terms import DataError

from .columns import kind_of, texts_of
from .tables import DataTable

__all__ = ["CONSENT_COLUMNS", "ConsentColumns", "consent_columns", "read_consents"]

CONSENT_COLUMNS = ("subject", "kind", "purpose", "status", "at")
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ConsentColumns:
    """What ``ConsentBook.from_columns`` takes; row i of each is one record.

    Attributes:
        subjects: bytes ``S32`` [k], pseudonyms.
        kinds, purposes, statuses: text as written; "" where absent.
        at: datetime64[us] [k], UTC; a date without a time is the start of that day.
        signals: for each signal that has a column, its text as written, None where absent.
        evidence: likewise for each piece of evidence of how a consent was given.
    """

    subjects: NDArray[np.bytes_]
    kinds: list[str]
    purposes: list[str]
    statuses: list[str]
    at: NDArray[np.datetime64]
    signals: Mapping[str, list[str | None]] = field(default_factory=dict, repr=False)
    evidence: Mapping[str, list[str | None]] = field(default_factory=dict, repr=False)


def consent_columns(source: ConsentSource | None) -> tuple[str, ...]:
    """The columns to open a consents table with: `CONSENT_COLUMNS`, and those of signals and evidence declared."""
    return (*CONSENT_COLUMNS, *_signals(source).values(), *_evidence(source).values())


def read_consents(table: DataTable, people: Register, source: ConsentSource | None = None) -> ConsentColumns:
    """Read the five columns `CONSENT_COLUMNS`, signals and evidence; all of them are judged in `permission`.

    Args:
        table: opened with ``columns=consent_columns(source)``.
        people: gives the pseudonyms; most records are of people whom it knows.
        source: what the campaign declares about consents; None = no signals.

    Raises:
        DataError: a subject is missing, or a moment is missing or is not ISO 8601; with row numbers.
    """
    kinds, purposes, statuses = ([text or "" for text in table.texts(name)] for name in ("kind", "purpose", "status"))
    return ConsentColumns(
        subjects=people.pseudonyms_of(table.ids("subject", unique=False)),
        kinds=kinds,
        purposes=purposes,
        statuses=statuses,
        at=_moments(table.where, table.series("at")),
        signals={name: table.texts(column) for name, column in _signals(source).items()},
        evidence={name: table.texts(column) for name, column in _evidence(source).items()},
    )


def _signals(source: ConsentSource | None) -> Mapping[str, str]:
    return {} if source is None or source.signals is None else source.signals.columns


def _evidence(source: ConsentSource | None) -> Mapping[str, str]:
    return {} if source is None or source.evidence is None else source.evidence.columns


def _moments(where: str, series: pl.Series) -> NDArray[np.datetime64]:
    if kind_of(series) == "date" and series.dtype != pl.Time:
        utc = series
        if isinstance(series.dtype, pl.Datetime) and series.dtype.time_zone:
            utc = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        moments = utc.cast(pl.Datetime("us")).to_numpy().astype("datetime64[us]")
    else:
        texts = texts_of(series).tolist()
        seen = {text: _moment(text) for text in set(texts)}
        moments = np.array([seen[text] for text in texts], dtype="datetime64[us]")
    wrong = np.flatnonzero(np.isnat(moments))
    if len(wrong):
        rows = ", ".join(str(row + 1) for row in wrong[:_SHOWN].tolist())
        more = f" and {len(wrong) - _SHOWN} more" if len(wrong) > _SHOWN else ""
        raise DataError(
            "consent-moment",
            f"In {where}, column 'at' is missing or not a moment in row {rows}{more} (the first row of data is 1).",
            rule="G-7: a consent record says when; ISO 8601, such as 2026-03-01 or 2026-03-01T09:30:00+01:00",
            remedy="write these moments in ISO 8601; without a zone they are UTC",
        )
    return np.asarray(moments)


def _moment(text: str | None) -> np.datetime64:
    try:
        moment = datetime.fromisoformat((text or "").strip())
        return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment, "us")
    except (ValueError, OverflowError):
        return np.datetime64("NaT", "us")
