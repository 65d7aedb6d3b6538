"""A campaign on the mailing of which it is known what it changes, walked in memory."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import evenhand as eh
from evenhand.worlds import Mailing, mailing

AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
REACH = 600


def declared(target: str = "increment", **changes: Any) -> dict[str, Any]:
    """The campaign, with top-level keys changed."""
    return {
        "evenhand": 1,
        "campaign": "tea-mailing",
        "controller": {"name": "Shop", "contact": "privacy@shop.example"},
        "purpose": "PersonalisedAdvertising",
        "category": "ordinary",
        "channel": "web",
        "subjects": {"file": "people.parquet"},
        "history": {"file": "sent.parquet", "offer": "shown", "control": "none", "randomised": True},
        "consents": {"file": "said.parquet"},
        "columns": {
            "shopper": {"role": "identifier"},
            "bought": {"role": "outcome"},
            "sex": {"role": "sensitive"},
            "visits": {"role": "feature", "meaning": {"nl": "hoe vaak u kwam", "en": "how often you came"}},
            "weeks_away": {
                "role": "feature",
                "meaning": {"nl": "hoeveel weken u wegbleef", "en": "how many weeks you stayed away"},
            },
            "complained": {
                "role": "feature",
                "kind": "category",
                "meaning": {"nl": "of u een klacht had", "en": "whether you had a complaint"},
            },
        },
        "offers": [
            {"id": "tea", "text": {"nl": "thee", "en": "tea"}, "value": 10, "cost": "0.20", "made_by_ai": False}
        ],
        "limits": {"contacts": {"total": REACH}},
        "model": {"target": target},
        "retention": {"decisions": "P24M", "features": "P6M"},
        "seed": 5,
        **changes,
    }


class Walk:
    """Past and present of a mailing, and the road over them."""

    def __init__(self, past: Mailing, now: Mailing, *, objecting: int = 100) -> None:
        self.past, self.now = past, now
        self.history = pl.DataFrame(past.columns)
        self.people = pl.DataFrame(now.columns).drop("shown", "bought")
        everybody = pl.concat([self.history["shopper"], self.people["shopper"]])
        self.said = pl.DataFrame(
            {
                "subject": everybody,
                "kind": "consent",
                "purpose": "PersonalisedAdvertising",
                "status": "ConsentGiven",
                "at": "2026-01-01",
            }
        )
        opted = self.people["shopper"].head(objecting)
        out = pl.DataFrame(
            {
                "subject": opted,
                "kind": "opt_out",
                "purpose": "PersonalisedAdvertising",
                "status": "OptedOut",
                "at": "2026-02-01",
            }
        )
        self.said = pl.concat([self.said, out])

    def load(self, document: dict[str, Any]) -> Any:
        """The campaign, read and checked."""
        return eh.load_campaign(document, at=AT)

    def plan(self, document: dict[str, Any], **tables: Any) -> eh.Decisions:
        """Walk the road without recording."""
        return eh.plan(self.load(document), at=AT, **self._tables(tables))

    def run(self, document: dict[str, Any], home: Path, **tables: Any) -> eh.Decisions:
        """Walk it and record."""
        return eh.run(self.load(document), at=AT, home=home, **self._tables(tables))

    def _tables(self, changed: dict[str, Any]) -> dict[str, Any]:
        return {"subjects": self.people, "history": self.history, "consents": self.said, **changed}

    def extra(self, decisions: eh.Decisions) -> float:
        """True expected number of extra buyers among those who got the offer."""
        return float(self.now.increment[self.reached(decisions)].sum())

    def reached(self, decisions: eh.Decisions) -> np.ndarray:
        """bool[n], who got the offer."""
        return decisions.decisions["offer"].is_not_null().to_numpy()


def walk(past: int = 8_000, now: int = 3_000, seed: int = 1, *, objecting: int = 100, **changes: Any) -> Walk:
    """A walk over a drawn world; `changes` are those of `worlds.mailing`, of the past alone."""
    rng = np.random.default_rng(seed)
    return Walk(mailing(past, rng, **changes), mailing(now, rng, first=past), objecting=objecting)
