"""Gate 1: how long it takes to say for many people, and three purposes, who may be addressed, and by which rule.

``python -m benchmarks.permission 10000000`` asks about ten million people, each with a record, of five countries.
"""

from __future__ import annotations

import argparse
import resource
import time
from datetime import UTC, datetime

import numpy as np

from evenhand.permission import ConsentBook, permit, recall
from evenhand.policy import Campaign
from evenhand.rules import Law, shipped
from evenhand.terms import Asked, Standing

from .machine import describe, load, print_table

AT = datetime(2026, 11, 27, tzinfo=UTC)
PURPOSES = ("PersonalisedAdvertising", "DirectMarketing", "SocialMediaMarketing")
PLACES = ("NL", "DE", "FR", "US-CA", None)
KINDS = np.array(["consent", "objection", "opt_out", "minor", "restriction"], dtype=object)
STATUSES = np.array(["ConsentGiven", "Objected", "OptedOut", "15", "Restricted"], dtype=object)


def campaign(purpose: str) -> Campaign:
    """A campaign that tells people apart by country."""
    text = {"nl": "tekst", "en": "text"}
    return Campaign.model_validate(
        {
            "evenhand": 1,
            "campaign": "benchmark",
            "controller": {"name": "Shop", "contact": "privacy@shop.example"},
            "purpose": purpose,
            "category": "ordinary",
            "channel": "email",
            "law": {"jurisdictions": ["NL", "DE", "FR", "US-CA"], "column": "country"},
            "subjects": {"file": "people.csv"},
            "history": {"file": "shown.csv"},
            "consents": {"file": "consents.csv"},
            "columns": {
                "person": {"role": "identifier"},
                "bought": {"role": "outcome"},
                "country": {"role": "permission"},
                "visits": {"role": "feature", "sensitivity": "ordinary", "meaning": text},
            },
            "offers": [{"id": "shoes", "text": text, "value": 5, "made_by_ai": False}],
            "retention": {"decisions": "P24M", "features": "P6M"},
        }
    )


def main() -> None:
    """Ask, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", type=int, nargs="?", default=1_000_000)
    people = parser.parse_args().people
    print(describe())
    rng = np.random.default_rng(1)
    text = rng.bytes(16 * people).hex().encode()
    subjects = np.frombuffer(text, dtype="S32")
    kind = rng.choice(len(KINDS), people, p=[0.9, 0.04, 0.02, 0.02, 0.02])
    started = time.perf_counter()
    book = ConsentBook.from_columns(
        subjects=subjects,
        kinds=KINDS[kind],
        purposes=np.array(PURPOSES, dtype=object)[rng.integers(0, len(PURPOSES), people)],
        statuses=STATUSES[kind],
        at=np.full(people, np.datetime64("2026-01-01", "us")),
    )
    built = time.perf_counter() - started
    asked = Asked(subjects, AT)
    places = np.array(PLACES, dtype=object)[rng.integers(0, len(PLACES), people)].tolist()
    started = time.perf_counter()
    law = Law.of_people(campaign(PURPOSES[0]), {"country": places}, people)
    told = time.perf_counter() - started
    del places, kind, text
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    began, busy = time.perf_counter(), time.process_time()
    recalled = recall(asked, book)
    took = time.perf_counter() - began
    rows = [("(looked up once)", f"{took:.2f} s", f"{people / took / 1e6:.1f} M/s", "")]
    total = took
    for purpose in PURPOSES:
        started = time.perf_counter()
        permitted = permit(asked, campaign(purpose), book, law, recalled)
        took = time.perf_counter() - started
        total += took
        share = float((permitted.standing == Standing.PERSONALISED).mean())
        rows.append((purpose, f"{took:.2f} s", f"{people / took / 1e6:.1f} M/s", f"{share:.1%}"))
    busy = time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    made_by = f"python -m benchmarks.permission {people}"
    print_table("Gate 1, by rules", made_by, ("purpose", "took", "people", "personalised"), rows)
    asked_about = f"{people:,} people x {len(PURPOSES)} purposes, {len(shipped().rules)} rules"
    print(f"{asked_about}: {total:.2f} s in all, {busy:.2f} s of them on a core")
    print(f"before that: the book of what they said {built:.1f} s, their places {told:.1f} s")
    print(f"most memory {peak:.2f} GiB, of which {before:.2f} GiB before the first was asked about; load now {load()}")


if __name__ == "__main__":
    main()
