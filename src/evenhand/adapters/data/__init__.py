"""How does a table come in, and go out the same kind? Read column by column or in batches, and checked as declared.

Files (CSV, Parquet), databases and data frames, by Polars and narwhals. What it does not do: it guesses nothing; what a
column means is declared in a campaign file."""

__all__: list[str] = []
