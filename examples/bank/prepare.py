"""Make the tables of this example: ``python examples/bank/prepare.py bank-full.csv [FOLDER]``.

Reads the Bank Marketing file of UCI (222): 45,211 calls in date order, plain or gzipped, with commas or the original
semicolons. The last 9,000 people are decided about; the 36,211 before them are the history. Consents are generated.
Without FOLDER the tables are written beside this file; with FOLDER the campaign file is copied there too.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from evenhand.adapters.demonstration.worlds_files import moment_of, records_table, write_tables
from evenhand.terms import DataError, EvenhandError
from evenhand.worlds import consent_records

HERE = Path(__file__).parent
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
DECIDED = 9_000
WANTED = ("age", "job", "marital", "balance", "duration", "pdays", "poutcome", "y")


def read(path: Path) -> pl.DataFrame:
    """The published rows, oldest first, whichever of the two common forms the file has."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            "bank-file-missing",
            f"The bank file cannot be read ({error.strerror}).",
            rule="this example is for those who have the file",
            remedy="get bank-full.csv from the UCI repository (Bank Marketing, 222) and give its path",
        ) from error
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    separator = ";" if b";" in raw.partition(b"\n")[0] else ","
    table = pl.read_csv(raw, separator=separator)
    missing = [name for name in WANTED if name not in table.columns]
    if missing or table.height <= DECIDED:
        raise DataError(
            "bank-file-other",
            f"The file is not bank-full: {table.height} rows, missing columns {missing}.",
            rule="this example is written for bank-full.csv with 45,211 rows",
            remedy="give the path of bank-full.csv, not of bank.csv or bank-additional-full.csv",
        )
    return table


def _band(age: pl.Expr) -> pl.Expr:
    """Ages as the bands that groups are compared by."""
    young = pl.when(age < 30).then(pl.lit("18-29")).when(age < 40).then(pl.lit("30-39"))
    return young.when(age < 50).then(pl.lit("40-49")).when(age < 60).then(pl.lit("50-59")).otherwise(pl.lit("60+"))


def main(source: Path, folder: Path = HERE) -> None:
    """Write subjects, history and consents."""
    rows = (
        read(source)
        .with_row_index("row")
        .with_columns(
            pl.format("client-{}", pl.col("row")).alias("client"),
            _band(pl.col("age")).alias("age_band"),
            pl.when(pl.col("pdays") >= 0).then(pl.col("pdays")).alias("pdays"),
        )
        .drop("age")
    )
    history, people = rows.head(rows.height - DECIDED), rows.tail(DECIDED)
    records = consent_records(
        rows.height, purpose="PersonalisedAdvertising", at=moment_of(AT), rng=np.random.default_rng(222)
    )
    write_tables(
        folder,
        {
            "history": history,
            "subjects": people.drop("y", "duration"),
            "consents": records_table(rows["client"], records),
        },
    )
    if folder.resolve() != HERE.resolve():
        shutil.copyfile(HERE / "campaign.yaml", folder / "campaign.yaml")
    print(f"Written: {folder / 'data'}. Next: evenhand check {folder / 'campaign.yaml'}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Usage: python examples/bank/prepare.py bank-full.csv [FOLDER]")
    try:
        main(*(Path(argument) for argument in sys.argv[1:]))
    except EvenhandError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
