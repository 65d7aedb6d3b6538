"""Decide by response and by increment, and measure both on people whom neither learned from.

``python examples/email/compare.py hillstrom.csv`` cuts Hillstrom's 64,000 people in halves, learns from either and
decides about the other, three in ten of whom may be mailed; and so five times, with other halves. Everybody's consent
is taken as given here, so that all can be counted. Chance decided what each was really sent, each with the same chance:
whoever was by chance sent what a rule decides counts three times (inverse propensity). Printed is a table, averaged
over the five: visits beyond those of mailing nobody, with 95 % intervals; and the lowest and highest difference of all.
Names of rows behind the file leave out the others: ``... hillstrom.csv "the men's alone"``.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from prepare import AFTERWARDS, HERE, read
from ruamel.yaml import YAML

import evenhand as eh
from evenhand.terms import EvenhandError

AT = datetime(2026, 1, 6, 9, tzinfo=UTC)
REACH = 0.3
ARMS = 3
SPLITS = range(1, 6)
CHOICES = {"both e-mails": ("mens", "womens"), "the women's alone": ("womens",), "the men's alone": ("mens",)}


def cut(table: pl.DataFrame, split: int) -> pl.DataFrame:
    """The people in other halves."""
    half = np.random.default_rng(split).permutation(table.height) % 2
    return table.with_columns(pl.Series("half", half))


def decided(campaign: dict[str, Any], table: pl.DataFrame, offers: tuple[str, ...], target: str) -> NDArray[Any]:
    """What each of the 64,000 would be sent by a model that has not seen them: ``mens``, ``womens`` or ``none``."""
    said = pl.DataFrame(
        {
            "subject": table["customer"],
            "kind": "consent",
            "purpose": "PersonalisedAdvertising",
            "status": "ConsentGiven",
            "at": "2025-01-01",
        }
    )
    out = np.full(table.height, "none", dtype=object)
    for half in (0, 1):
        now, past = table.filter(pl.col("half") == half), table.filter(pl.col("half") != half)
        document = campaign | {
            "offers": [one for one in campaign["offers"] if one["id"] in offers],
            "limits": {"contacts": {"total": round(REACH * now.height)}},
            "model": campaign["model"] | {"target": target},
        }
        planned = eh.plan(
            eh.load_campaign(document, at=AT),
            subjects=now.drop("sent", "half", *AFTERWARDS),
            history=past.drop("half"),
            consents=said,
            at=AT,
            home=HERE / "no-home",  # without a key, so that ties are broken alike wherever this runs
        )
        out[(table["half"] == half).to_numpy()] = planned.decisions["offer"].fill_null("none").to_list()
    return out


def worth(table: pl.DataFrame, choice: NDArray[Any]) -> NDArray[np.float64]:
    """Each person's part in the visits beyond those of mailing nobody: its sum estimates them without bias."""
    sent, visit = table["sent"].to_numpy(), table["visit"].to_numpy().astype(np.float64)
    return ARMS * visit * ((sent == choice).astype(np.float64) - (sent == "none"))


def interval(parts: NDArray[np.float64]) -> str:
    """The sum with half of its 95 % interval."""
    half = 1.96 * float(parts.std()) * math.sqrt(len(parts))
    return f"{parts.sum():,.0f} ± {half:,.0f}"


def main(source: Path, rows: Sequence[str]) -> None:
    """Print the rows of the table that are named."""
    campaign = YAML(typ="safe").load(HERE / "campaign.yaml")
    table = read(source)
    print("| may be sent | drawn by lot | by response | by increment | increment less response | in each of five |")
    print("|---|---|---|---|---|---|")
    for name in rows:
        offers = CHOICES[name]
        found = np.array(
            [
                [worth(halves, decided(campaign, halves, offers, target)) for target in ("response", "increment")]
                for halves in (cut(table, split) for split in SPLITS)
            ]
        )
        by_response, by_increment = found.mean(axis=0)
        each = (found[:, 1] - found[:, 0]).sum(axis=1)
        lot = sum(REACH / len(offers) * worth(table, np.full(table.height, offer)) for offer in offers)
        four = (lot, by_response, by_increment, by_increment - by_response)
        cells = [name, *map(interval, four), f"{each.min():,.0f} to {each.max():,.0f}"]
        print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not CHOICES.keys() >= set(sys.argv[2:]):
        sys.exit(f"Usage: python examples/email/compare.py hillstrom.csv [{' | '.join(CHOICES)}]")
    try:
        main(Path(sys.argv[1]), sys.argv[2:] or list(CHOICES))
    except EvenhandError as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
