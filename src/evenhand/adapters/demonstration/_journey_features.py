"""What a grocer knew about a household on the day before a campaign: purchases, earlier mailings, redemptions.

Money is summed in whole cents, so that the same lines give the same features in whatever order they come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import polars as pl

from ._journey_themes import THEMES, theme_of_category, theme_of_department

__all__ = ["FIRST_DAY", "HOUSEHOLD_FEATURES", "THEME_FEATURES", "Purchases", "coupons_per_theme"]

FIRST_DAY = date(2017, 1, 1)
"""Day of the first purchase line."""

_WINDOW = timedelta(days=84)  # purchases that count: twelve weeks
_MEMORY = timedelta(days=182)  # campaigns and redemptions that count: half a year

HOUSEHOLD_FEATURES: tuple[str, ...] = (
    "spend_per_week",
    "baskets_per_week",
    "spend_per_basket",
    "days_since_visit",
    "weeks_active",
    "discount_share",
    "coupon_share",
    "own_brand_share",
    "variety",
    "earlier_campaigns",
    "earlier_redemptions",
)
"""One value per household and day."""

THEME_FEATURES: tuple[str, ...] = (
    "own_spend",
    "own_share",
    "own_recency",
    "own_earlier_redemptions",
    "coupons_in_offer",
)
"""One value per household, day and theme; the last is about the leaflet and the same for every household."""


class Published(Protocol):
    """The published tables (`complete_journey.Tables`)."""

    @property
    def transactions(self) -> pl.DataFrame: ...
    @property
    def products(self) -> pl.DataFrame: ...
    @property
    def coupons(self) -> pl.DataFrame: ...
    @property
    def campaigns(self) -> pl.DataFrame: ...
    @property
    def descriptions(self) -> pl.DataFrame: ...
    @property
    def redemptions(self) -> pl.DataFrame: ...


@dataclass(frozen=True, slots=True)
class Purchases:
    """Purchase lines added up once per household and day, so that every campaign's window is a small sum.

    Attributes:
        households: household_id, every household there is.
        days: household_id, day, theme (null = none), money in cents.
        visits: household_id, day, number of baskets.
        variety: household_id, day, product_category: what was bought that day.
        mailings: household_id, day: start of each campaign that the household was sent.
        redemptions: household_id, day, theme (null = none).
        coupon_themes: campaign_id, coupon_upc, theme.
    """

    households: pl.DataFrame
    days: pl.DataFrame
    visits: pl.DataFrame
    variety: pl.DataFrame
    mailings: pl.DataFrame
    redemptions: pl.DataFrame
    coupon_themes: pl.DataFrame

    @classmethod
    def of(cls, tables: Published) -> Purchases:
        """Add up the published tables; fuel does not count as groceries."""
        products = tables.products.select(
            "product_id", "department", "product_category", "brand", _theme().alias("theme")
        )
        lines = (
            tables.transactions.lazy()
            .join(products.lazy(), on="product_id", how="left")
            .filter(pl.col("department").is_null() | (pl.col("department") != "FUEL"))
            .with_columns(pl.col("transaction_timestamp").dt.date().alias("day"))
        )
        days = lines.group_by("household_id", "day", "theme").agg(
            _cents(pl.col("sales_value")).alias("spend"),
            _cents(pl.col("sales_value") + pl.col("retail_disc") + pl.col("coupon_match_disc")).alias("gross"),
            _cents(pl.col("retail_disc")).alias("discount"),
            _cents(pl.col("coupon_disc") + pl.col("coupon_match_disc")).alias("coupons"),
            _cents(pl.when(pl.col("brand") == "Private").then(pl.col("sales_value")).otherwise(0.0)).alias("own_brand"),
        )
        visits = lines.group_by("household_id", "day").agg(pl.col("basket_id").n_unique().alias("baskets"))
        variety = lines.select("household_id", "day", "product_category").drop_nulls().unique()
        added, visited, varied = pl.collect_all([days, visits, variety])
        themed = _coupon_themes(tables, products)
        return cls(
            households=pl.concat([tables.transactions.select("household_id"), tables.campaigns.select("household_id")])
            .unique()
            .sort("household_id"),
            days=added,
            visits=visited,
            variety=varied,
            mailings=tables.campaigns.join(tables.descriptions, on="campaign_id").select(
                "household_id", pl.col("start_date").dt.date().alias("day")
            ),
            redemptions=tables.redemptions.join(themed, on=["campaign_id", "coupon_upc"], how="left").select(
                "household_id", pl.col("redemption_date").dt.date().alias("day"), "theme"
            ),
            coupon_themes=themed,
        )

    def per_household(self, start: date) -> pl.DataFrame:
        """`HOUSEHOLD_FEATURES` of every household from what happened before `start`."""
        weeks, blocks = _weeks(start)
        bought = (
            _before(self.days, start, _WINDOW)
            .group_by("household_id")
            .agg(pl.sum("spend", "gross", "discount", "coupons", "own_brand"))
        )
        came = (
            _before(self.visits, start, _WINDOW)
            .group_by("household_id")
            .agg(
                pl.sum("baskets"),
                (pl.lit(start) - pl.max("day")).dt.total_days().alias("days_since_visit"),
                ((pl.lit(start) - pl.col("day")).dt.total_days() - 1).floordiv(7).n_unique().alias("visited"),
            )
        )
        varied = (
            _before(self.variety, start, _WINDOW)
            .group_by("household_id")
            .agg(pl.n_unique("product_category").alias("variety"))
        )
        sent = _before(self.mailings, start, _MEMORY).group_by("household_id").len("earlier_campaigns")
        redeemed = _before(self.redemptions, start, _MEMORY).group_by("household_id").len("earlier_redemptions")
        table = self.households
        for part in (bought, came, varied, sent, redeemed):
            table = table.join(part, on="household_id", how="left")
        counts = ("spend", "baskets", "visited", "variety", "earlier_campaigns", "earlier_redemptions")
        return table.with_columns(pl.col(counts).fill_null(0)).select(
            "household_id",
            _rounded(pl.col("spend") / 100 / weeks).alias("spend_per_week"),
            _rounded(pl.col("baskets") / weeks).alias("baskets_per_week"),
            _rounded(_share(pl.col("spend") / 100, pl.col("baskets"))).alias("spend_per_basket"),
            pl.col("days_since_visit").cast(pl.Float64),
            _rounded(pl.col("visited") / blocks).alias("weeks_active"),
            _rounded(_share(pl.col("discount"), pl.col("gross"))).alias("discount_share"),
            _rounded(_share(pl.col("coupons"), pl.col("gross"))).alias("coupon_share"),
            _rounded(_share(pl.col("own_brand"), pl.col("spend"))).alias("own_brand_share"),
            pl.col("variety", "earlier_campaigns", "earlier_redemptions").cast(pl.Float64),
        )

    def per_theme(self, start: date) -> pl.DataFrame:
        """The household's own part of `THEME_FEATURES`, for every household and theme, from before `start`."""
        weeks, _ = _weeks(start)
        within = _before(self.days, start, _WINDOW)
        bought = (
            within.filter(pl.col("theme").is_not_null())
            .group_by("household_id", "theme")
            .agg(
                pl.sum("spend"),
                (pl.lit(start) - pl.col("day").filter(pl.col("spend") > 0).max()).dt.total_days().alias("own_recency"),
            )
        )
        total = within.group_by("household_id").agg(pl.sum("spend").alias("total"))
        redeemed = _before(self.redemptions, start, _MEMORY).group_by("household_id", "theme").len("redeemed")
        return (
            self.households.join(pl.DataFrame({"theme": THEMES}), how="cross")
            .join(bought, on=["household_id", "theme"], how="left")
            .join(redeemed, on=["household_id", "theme"], how="left")
            .join(total, on="household_id", how="left")
            .with_columns(pl.col("spend", "redeemed").fill_null(0))
            .select(
                "household_id",
                "theme",
                _rounded(pl.col("spend") / 100 / weeks).alias("own_spend"),
                _rounded(_share(pl.col("spend"), pl.col("total"))).alias("own_share"),
                pl.col("own_recency").cast(pl.Float64),
                pl.col("redeemed").cast(pl.Float64).alias("own_earlier_redemptions"),
            )
        )


def coupons_per_theme(coupon_themes: pl.DataFrame) -> pl.DataFrame:
    """How many different coupons each campaign has per theme: campaign_id, theme, coupons_in_offer."""
    return coupon_themes.group_by("campaign_id", "theme").agg(
        pl.n_unique("coupon_upc").cast(pl.Float64).alias("coupons_in_offer")
    )


def _theme() -> pl.Expr:
    divided = pl.when(pl.col("department").is_in(["GROCERY", "DRUG GM"])).then(pl.col("product_category"))
    return pl.coalesce(
        pl.col("department").replace_strict(theme_of_department, default=None),
        divided.replace_strict(theme_of_category, default=None),
    )


def _coupon_themes(tables: Published, products: pl.DataFrame) -> pl.DataFrame:
    """A coupon belongs to the theme that most of its products belong to; the earliest in `THEMES` if tied."""
    rank = {theme: place for place, theme in enumerate(THEMES)}
    return (
        tables.coupons.unique()
        .join(products, on="product_id")
        .filter(pl.col("theme").is_not_null())
        .group_by("campaign_id", "coupon_upc", "theme")
        .len("products")
        .with_columns(pl.col("theme").replace_strict(rank).alias("rank"))
        .sort(["campaign_id", "coupon_upc", "products", "rank"], descending=[False, False, True, False])
        .unique(["campaign_id", "coupon_upc"], keep="first", maintain_order=True)
        .select("campaign_id", "coupon_upc", "theme")
    )


def _before(table: pl.DataFrame, start: date, length: timedelta) -> pl.DataFrame:
    """Rows of the `length` days before `start`; the day of `start` itself does not count."""
    return table.filter(pl.col("day") < start, pl.col("day") >= start - length)


def _weeks(start: date) -> tuple[float, int]:
    """How many weeks of purchases there are in the window before `start`, exactly and as begun seven-day blocks."""
    days = min(_WINDOW, start - FIRST_DAY).days
    return days / 7, -(-days // 7)


def _cents(money: pl.Expr) -> pl.Expr:
    return (money * 100).round().cast(pl.Int64).sum()


def _share(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """`part` of `whole`, null where there is no whole."""
    return pl.when(whole > 0).then(part / whole)


def _rounded(value: pl.Expr) -> pl.Expr:
    return value.round(4)
