"""Consent records out of any table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from evenhand.adapters.data.consent_table import CONSENT_COLUMNS, consent_columns, read_consents
from evenhand.adapters.data.tables import open_frame, open_table
from evenhand.features import Register, pseudonymise
from evenhand.policy import ConsentSource, SignalsClause, Table
from evenhand.terms import DataError

KEY = bytes(32)


def _records(at, **more):
    count = len(at)
    columns = {
        "subject": ["007"] * count,
        "kind": ["consent"] * count,
        "purpose": ["Marketing"] * count,
        "status": ["ConsentGiven"] * count,
        "at": at,
    }
    return columns | more


def _moments(*texts):
    return np.array(texts, dtype="datetime64[us]")


def test_moments_are_utc():
    """With a zone they are turned to UTC, without one they are UTC; a date is the start of that day."""
    at = [
        "2026-03-01",
        "2026-03-01T09:30:00",
        "2026-03-01T09:30:00+01:00",
        "2026-03-01 09:30:00Z",
        "2026-03-01T09:30:00.5Z",
    ]
    expected = _moments(
        "2026-03-01", "2026-03-01T09:30", "2026-03-01T08:30", "2026-03-01T09:30", "2026-03-01T09:30:00.500000"
    )
    assert np.array_equal(read_consents(open_frame(pl.DataFrame(_records(at))), Register([], KEY)).at, expected)


@pytest.mark.parametrize(
    "at",
    [
        pd.to_datetime(["2026-03-01T00:00", "2026-03-01T09:30"]),
        pd.to_datetime(["2026-03-01T01:00+01:00", "2026-03-01T10:30+01:00"]),
        pd.to_datetime(["2026-03-01T00:00", "2026-03-01T09:30"]).as_unit("ns"),
    ],
)
def test_typed_moments_are_utc_too(at):
    """Datetimes of a frame, with a zone and without, of any precision."""
    read = read_consents(open_frame(pd.DataFrame(_records(list(at)) | {"at": at})), Register([], KEY))
    assert np.array_equal(read.at, _moments("2026-03-01", "2026-03-01T09:30"))


def test_typed_dates_are_the_start_of_the_day():
    """A column of dates."""
    frame = pl.DataFrame(_records(["2026-03-01"])).with_columns(pl.col("at").str.to_date())
    assert np.array_equal(read_consents(open_frame(frame), Register([], KEY)).at, _moments("2026-03-01"))


def test_a_csv_file_of_records(tmp_path):
    """Subjects become the pseudonyms that decisions use; an absent purpose is no text."""
    (tmp_path / "c.csv").write_text("at,status,purpose,kind,subject\n2026-03-01,Objected,,objection,007\n")
    table = open_table(Table(file="c.csv", sql=None, table=None), tmp_path, columns=CONSENT_COLUMNS)
    read = read_consents(table, Register([], KEY))
    assert np.array_equal(read.subjects, pseudonymise(["007"], KEY))
    assert (read.kinds, read.purposes, read.statuses) == (["objection"], [""], ["Objected"])


def test_bad_moments_are_named_by_row():
    """The rows, not the values; the first few and how many more."""
    at = ["2026-03-01", "yesterday", None, "2026-13-01", "01-03-2026", "x", "y", "z"]
    with pytest.raises(DataError, match=r"row 2, 3, 4, 5, 6 and 2 more") as caught:
        read_consents(open_frame(pl.DataFrame(_records(at))), Register([], KEY))
    assert "yesterday" not in str(caught.value)


def test_a_record_of_nobody_is_refused():
    """Every record names its subject."""
    with pytest.raises(DataError, match="1 of 2 rows of the data frame have no id in column 'subject'"):
        read_consents(open_frame(pl.DataFrame(_records(["2026-03-01"] * 2, subject=["a", None]))), Register([], KEY))


def test_a_missing_column_is_named():
    """All five columns are needed."""
    with pytest.raises(DataError, match="lacks columns: 'status'"):
        open_frame(pl.DataFrame(_records(["2026-03-01"])).drop("status"), columns=CONSENT_COLUMNS)


def test_signals_are_read_from_the_columns_that_are_declared():
    """As text, None where nothing stands; a number or a boolean is the text of it."""
    source = ConsentSource(file="said.csv", signals=SignalsClause(gpp="gpp", gpc="sec_gpc"))
    frame = pl.DataFrame(_records(["2026-03-01"] * 2, gpp=["DBAA", None], sec_gpc=[1, None], tcf=["CP", "CP"]))
    table = open_frame(frame, columns=consent_columns(source))
    assert read_consents(table, Register([], KEY), source).signals == {"gpp": ["DBAA", None], "gpc": ["1", None]}
    table = open_frame(frame.with_columns(sec_gpc=pl.Series([True, False])), columns=consent_columns(source))
    assert [text.lower() for text in read_consents(table, Register([], KEY), source).signals["gpc"]] == [
        "true",
        "false",
    ]
    assert read_consents(table, Register([], KEY)).signals == {}


def test_a_declared_signal_that_is_not_there_is_an_error():
    """A misspelt column is not an absent opt-out."""
    source = ConsentSource(file="said.csv", signals=SignalsClause(gpc="gcp"))
    with pytest.raises(DataError, match="did you mean 'gpc'"):
        open_frame(pl.DataFrame(_records(["2026-03-01"], gpc=["1"])), columns=consent_columns(source))
