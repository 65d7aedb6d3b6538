"""Generated worlds as files: the tables that a campaign file points to, in Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl

from evenhand.terms import StoreError
from evenhand.worlds import Coded, ConsentRecords, ConsentShares, HiringBias, consent_records, hiring, shoppers

__all__ = ["moment_of", "records_table", "write_hiring", "write_shoppers", "write_tables"]


def moment_of(at: datetime) -> np.datetime64:
    """`at` in UTC, as NumPy counts time; without a time zone it is taken to be UTC."""
    return np.datetime64(at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at, "us")


def records_table(ids: pl.Series, records: ConsentRecords) -> pl.DataFrame:
    """The records as a campaign's consent table: subject, kind, purpose, status, at.

    Args:
        ids: identifier of each person of the population.
        records: whose ``subject`` are positions in `ids`.
    """
    return pl.DataFrame(
        {
            "subject": ids.gather(records.subject),
            "kind": records.kind,
            "purpose": records.purpose,
            "status": records.status,
            "at": pl.Series(records.at).dt.replace_time_zone("UTC"),
        }
    )


def write_tables(folder: Path, tables: dict[str, pl.DataFrame], campaign: str | None = None) -> None:
    """Write ``data/NAME.parquet`` for each table, and ``campaign.yaml`` if there is one; older ones are replaced.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        (folder / "data").mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            table.write_parquet(folder / "data" / f"{name}.parquet")
        if campaign is not None:
            (folder / "campaign.yaml").write_text(campaign, encoding="utf-8")
    except OSError as error:
        raise StoreError(
            "campaign-not-written",
            f"The campaign folder could not be written ({error.strerror or type(error).__name__}).",
            rule="a campaign folder is written whole",
            remedy="choose a folder that you may write to, with enough free space",
        ) from error


def write_hiring(
    folder: Path, *, seed: int, at: datetime, past: int = 12_000, now: int = 6_000, bias: HiringBias | None = None
) -> None:
    """Write ``data/`` for a recruitment campaign: `past` applicants with outcome, `now` job seekers without, consents.

    Args:
        folder: of the campaign files.
        seed: of all draws; the same seed and `at` give the same files.
        at: moment of the decision that the consents precede.
        past: people whose hiring is history.
        now: people to decide about; none of them is in the history.
        bias: what is planted.

    Raises:
        StoreError: the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    before, today = hiring(past, rng, bias), hiring(now, rng, bias, first=past)
    history, people = (
        pl.DataFrame(dict(world.columns)).with_columns(
            pl.when(pl.col("gender") != "").then(pl.col("gender")), pl.col("hired").cast(pl.Int8)
        )
        for world in (before, today)
    )
    ids = pl.concat([history["applicant"], people["applicant"]])
    records = consent_records(len(ids), purpose="RecruitmentTargetedAdvertising", at=moment_of(at), rng=rng)
    write_tables(
        folder,
        {"history": history, "subjects": people.drop("hired"), "consents": records_table(ids, records)},
    )


def write_shoppers(
    folder: Path, n: int, offers: int, features: int, *, seed: int, at: datetime, history: int | None = None
) -> Path:
    """Write a whole campaign folder of `n` generated shoppers, for benchmarks.

    Args:
        folder: where it stands afterwards.
        n: people to decide about.
        offers: number of offers.
        features: number of features.
        seed: of all draws.
        at: moment of the decision that the consents precede.
        history: number of history rows; a fifth of `n`, at least 1,000, if left out.

    Returns:
        Path of the campaign file.

    Raises:
        StoreError: the folder cannot be written.
    """
    rng = np.random.default_rng(seed)
    world = shoppers(n, offers, features, rng, history=history)
    ids = pl.int_range(n, eager=True).cast(pl.String).rename("shopper")
    people = pl.DataFrame([ids, *(pl.Series(name, values) for name, values in world.features.items())]).with_columns(
        sex=_texts(world.sex), age_band=_texts(world.age)
    )
    past = pl.DataFrame(
        {"row": world.history_person, "offer": _texts(world.history_offer), "responded": world.history_response}
    )
    past = pl.concat([past.drop("row"), people.drop("sex", "age_band")[world.history_person]], how="horizontal")
    records = consent_records(
        n, purpose="PersonalisedAdvertising", at=moment_of(at), rng=rng, shares=ConsentShares(minors=0.005)
    )
    write_tables(
        folder,
        {"subjects": people, "history": past, "consents": records_table(ids, records)},
        _shoppers_campaign(n, world.offers, tuple(world.features)),
    )
    return folder / "campaign.yaml"


def _texts(coded: Coded) -> pl.Series:
    """The texts behind the codes; -1 becomes null."""
    known = pl.Series(coded.categories)
    return known.gather(pl.Series(coded.codes).replace(-1, None).cast(pl.UInt32))


def _shoppers_campaign(n: int, offers: tuple[str, ...], features: tuple[str, ...]) -> str:
    """A campaign file for them: a fifth of the people can be reached, each offer has room for a fair part of them."""
    reach = max(1, n // 5)
    room = max(1, 3 * reach // (2 * len(offers)))
    columns = "".join(
        f"  {name}:\n    role: feature\n    meaning: {{nl: kenmerk {name}, en: feature {name}}}\n" for name in features
    )
    shown = "".join(
        f"  - {{id: {offer}, text: {{nl: Aanbieding {place}, en: Offer {place}}}, value: {4 + place % 4}, "
        f"cost: 0.25, capacity: {room}, made_by_ai: false}}\n"
        for place, offer in enumerate(offers)
    )
    return f"""# A generated population of {n:,} shoppers, for benchmarks.
evenhand: 1
campaign: shoppers
controller: {{name: Generated Shop, contact: privacy@shop.example, country: NL}}
purpose: PersonalisedAdvertising
category: ordinary
channel: app
legal_basis: consent
subjects: {{file: data/subjects.parquet}}
history: {{file: data/history.parquet, offer: offer}}
consents: {{file: data/consents.parquet}}
columns:
  shopper: {{role: identifier, origin: given}}
  responded: {{role: outcome}}
  sex: {{role: sensitive, origin: given}}
  age_band: {{role: sensitive, origin: given}}
{columns}offers:
{shown}limits:
  budget: {reach * 0.22:.2f}
  contacts: {{total: {reach}}}
  disparity:
    - {{id: sex-reach, groups: [sex], bound: 0.9}}
    - {{id: age-reach, groups: [age_band], bound: 0.8}}
model: {{kind: per_offer}}
retention: {{decisions: P24M, features: P6M}}
seed: 1
"""
