"""A small world on which the whole road is walked: people, what was shown to them before, what they said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import evenhand as eh
from evenhand import assembly
from evenhand.adapters.demonstration.worlds_files import moment_of, records_table
from evenhand.adapters.stores.home import find_home
from evenhand.campaigns import History, learn, lesson_of, teachable
from evenhand.features import pseudonymise
from evenhand.journey import Stores
from evenhand.ledger import Kind, opened
from evenhand.permission import ConsentBook
from evenhand.policy import Campaign
from evenhand.terms import Asked, Model, Role
from evenhand.vault import Vault
from evenhand.worlds import ConsentShares, consent_records, shoppers

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
KEY = bytes(range(32))
OFFERS = ("offer-00", "offer-01", "offer-02")
AGES = ("18-29", "30-39", "40-49", "50-64", "65+")


def declared(**changes: Any) -> dict[str, Any]:
    """The campaign, with top-level keys changed. It has no disparity limit unless one is asked for."""
    both = {"nl": "iets over u", "en": "something about you"}
    feature = {"role": "feature", "meaning": both}
    return {
        "evenhand": 1,
        "campaign": "small-world",
        "controller": {"name": "Shop", "contact": "privacy@shop.example"},
        "purpose": "PersonalisedAdvertising",
        "category": "ordinary",
        "channel": "web",
        "subjects": {"file": "people.parquet"},
        "history": {"file": "shown.parquet", "offer": "offer"},
        "consents": {"file": "said.parquet"},
        "columns": {
            "person": {"role": "identifier"},
            "responded": {"role": "outcome"},
            "sex": {"role": "sensitive"},
            "age": {"role": "sensitive"},
            **{f"f{k:02d}": feature for k in range(4)},
            "own": feature | {"per_offer": True},
            "postcode": {"role": "forbidden"},
            "full_name": {"role": "forbidden"},
            "hunch": feature | {"confirmed": False},
        },
        "offers": [
            {
                "id": name,
                "text": {"nl": f"Aanbod {name}", "en": name},
                "value": 5 + k,
                "cost": "0.20",
                "made_by_ai": False,
            }
            for k, name in enumerate(OFFERS)
        ],
        "limits": {"contacts": {"total": 60}, "budget": 11},
        "model": {"kind": "pooled", "max_bins": 6, "minimum_bin": 20},
        "retention": {"decisions": "P24M", "features": "P6M"},
        "seed": 5,
        **changes,
    }


@dataclass(frozen=True)
class World:
    """Three tables, and the campaign that reads them."""

    people: pl.DataFrame
    shown: pl.DataFrame
    said: pl.DataFrame
    document: dict[str, Any]

    def but(self, **changes: Any) -> World:
        """The same world with a table or the campaign replaced."""
        return replace(self, **changes)

    def plan(self, **options: Any) -> eh.Decisions:
        """Walk the road without recording."""
        return self._walk(eh.plan, **options)

    def run(self, home: Path, **options: Any) -> eh.Decisions:
        """Walk it and record."""
        return self._walk(eh.run, home=home, **options)

    def _walk(self, verb: Callable[..., eh.Decisions], **options: Any) -> eh.Decisions:
        campaign = eh.load_campaign(self.document, at=AT)
        return verb(campaign, subjects=self.people, history=self.shown, consents=self.said, at=AT, **options)


def make_world(n: int = 240, seed: int = 1, **changes: Any) -> World:
    """Draw a world. The e-mail addresses and names in it are canaries: nobody may ever read them in an output."""
    rng = np.random.default_rng(seed)
    drawn = shoppers(n, len(OFFERS), 4, rng, history=900)
    ids = pl.Series("person", [f"canary{number}@mail.example" for number in range(n)])
    people = pl.DataFrame(
        {
            "person": ids,
            **drawn.features,
            **{f"own@{offer}": rng.poisson(2.0, n).astype(float) for offer in OFFERS},
            "sex": [None if code < 0 else drawn.sex.categories[code] for code in drawn.sex.codes],
            "age": [AGES[code] for code in drawn.age.codes],
            "postcode": [f"{rng.integers(1000, 9999)} XQ-plek" for _ in range(n)],
            "full_name": [f"Canaria van Zang-{number}" for number in range(n)],
            "hunch": rng.random(n),
            "never_named": rng.random(n),
        }
    )
    row = pl.Series("row", drawn.history_person)
    shown = people[row].select("person", *drawn.features, "postcode", "full_name", "hunch")
    shown = shown.with_columns(
        pl.Series("own", rng.poisson(2.0, len(row)).astype(float)),
        pl.Series("offer", [OFFERS[code] for code in drawn.history_offer.codes]),
        pl.Series("responded", drawn.history_response.astype(int)),
    )
    shares = ConsentShares(objected=0.08, opted_out=0.08)
    records = consent_records(n, purpose="PersonalisedAdvertising", at=moment_of(AT), rng=rng, shares=shares)
    if changes.get("legal_basis") == "legitimate_interest":
        changes = {"balancing": {"record": "BT-7", "expires": "2030-01-01"}, **changes}
    return World(people, shown, records_table(ids, records), declared(**changes))


def bodies(home: Path, kind: Kind = Kind.DECISION) -> list[bytes]:
    """The bodies of the ledger's entries of a kind, in order; of decisions what they commit to."""
    with assembly.open_ledger(find_home(home)) as store:
        rows = [row for chunk in store.read(1) for row in chunk if row[1] == kind]
        return [row[4] for row in opened(store, rows).rows if row]


def same_key(home: Path, other: Path) -> Path:
    """A new home with the key of another, so that pseudonyms and draws are the same."""
    made = find_home(other)
    made.make()
    made.key_file.write_bytes(find_home(home).key_file.read_bytes())
    made.key_file.chmod(0o600)
    return other


class SpyColumns:
    """Raw columns in memory that remember who was read. Implements `features.ColumnSource`."""

    def __init__(self, table: pl.DataFrame, names: Iterable[str]) -> None:
        self.table = table
        self.names = frozenset(names)
        self.read_rows = np.zeros(len(table), dtype=bool)
        self.read_names: set[str] = set()

    def read(self, name: str, rows: np.ndarray) -> np.ndarray:
        """Values where `rows` is true."""
        assert name in self.names, f"{name} is outside the view"
        self.read_names.add(name)
        self.read_rows |= rows
        return self.table[name].cast(pl.Float64).to_numpy()[rows]


@dataclass(frozen=True)
class Road:
    """A world in memory, opened for the gates: what `evenhand.journey` needs, without files."""

    campaign: Campaign
    asked: Asked
    columns: SpyColumns
    history: History
    past: SpyColumns
    wall: Vault

    def stores(self, consents: ConsentBook) -> Stores:
        """What the gates look things up in."""
        return Stores(consents, self.columns, self.wall)

    def learned(self, consents: ConsentBook) -> Model:
        """The model that people with these consents teach."""
        allowed = teachable(self.campaign, self.history.subjects, consents, self.asked)
        return learn(self.campaign, lesson_of(self.campaign, self.history, allowed))


def open_road(world: World) -> Road:
    """Put each column where its role says."""
    campaign = Campaign.model_validate(world.document)
    people, shown = world.people, world.shown
    features = campaign.names(Role.FEATURE)
    own = [f"own@{offer.id}" for offer in campaign.offers]
    past = SpyColumns(shown, features)
    subjects = pseudonymise(people["person"].to_list(), KEY)
    groups = {name: people[name].to_list() for name in campaign.names(Role.SENSITIVE)}
    return Road(
        campaign=campaign,
        asked=Asked(subjects, AT),
        columns=SpyColumns(people, [*(name for name in features if name != "own"), *own, *campaign.own_costs.values()]),
        history=History(
            subjects=pseudonymise(shown["person"].to_list(), KEY),
            columns=past,
            outcome=shown["responded"].to_numpy().astype(np.uint8),
            offer=np.array(shown["offer"].to_list(), dtype=object),
            order=None,
        ),
        past=past,
        wall=Vault(groups, np.ones(len(people), dtype=bool)),
    )
