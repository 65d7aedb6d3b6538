"""Make the tables of this example: ``python examples/email/prepare.py hillstrom.csv [FOLDER]``.

Reads Hillstrom's e-mail experiment (MineThatData, 2008): 64,000 customers of whom chance decided who was sent the men's
e-mail, the women's e-mail or none; plain or gzipped. Half of the people, drawn by lot, are the history; the other half
are decided about. Consents are generated. Without FOLDER the tables are written beside this file; with FOLDER the
campaign file is copied there too.
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
from evenhand.worlds import ConsentShares, consent_records

HERE = Path(__file__).parent
AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
ARMS = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": "none"}
AFTERWARDS = ("visit", "conversion", "spend")
WANTED = ("recency", "history", "mens", "womens", "newbie", "channel", "zip_code", "segment", *AFTERWARDS)


def read(path: Path) -> pl.DataFrame:
    """The published rows, each with an id, and in which half it is."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(
            "email-file-missing",
            f"The e-mail file cannot be read ({error.strerror}).",
            rule="this example is for those who have the file",
            remedy="get Hillstrom's e-mail data (MineThatData, 2008) as CSV and give its path",
        ) from error
    table = pl.read_csv(gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw)
    missing = [name for name in WANTED if name not in table.columns]
    if missing or set(table["segment"]) != set(ARMS):
        raise DataError(
            "email-file-other",
            f"The file is not Hillstrom's: missing columns {missing}.",
            rule="this example is written for the file with 64,000 rows and three segments",
            remedy="give the path of hillstrom.csv",
        )
    table = table.with_row_index("row").with_columns(pl.col("segment").replace_strict(ARMS).alias("sent"))
    half = np.random.default_rng(2008).permutation(table.height) % 2
    return table.with_columns(pl.format("customer-{}", pl.col("row")).alias("customer"), pl.Series("half", half)).drop(
        "row", "segment"
    )


def consents(table: pl.DataFrame, shares: ConsentShares | None = None) -> pl.DataFrame:
    """Generated records of what each customer said."""
    rng = np.random.default_rng(2008)
    records = consent_records(table.height, purpose="PersonalisedAdvertising", at=moment_of(AT), rng=rng, shares=shares)
    return records_table(table["customer"], records)


def main(source: Path, folder: Path = HERE) -> None:
    """Write subjects, history and consents."""
    table = read(source)
    past, now = (table.filter(pl.col("half") == half).drop("half") for half in (0, 1))
    write_tables(
        folder,
        {"history": past, "subjects": now.drop("sent", *AFTERWARDS), "consents": consents(table)},
    )
    if folder.resolve() != HERE.resolve():
        shutil.copyfile(HERE / "campaign.yaml", folder / "campaign.yaml")
    print(f"Written: {folder / 'data'}. Next: evenhand check {folder / 'campaign.yaml'}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit("Usage: python examples/email/prepare.py hillstrom.csv [FOLDER]")
    try:
        main(*(Path(argument) for argument in sys.argv[1:]))
    except EvenhandError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
