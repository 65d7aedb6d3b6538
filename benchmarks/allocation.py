"""How long the allocation takes, how far from the optimum it can be, and what it needs.

Run: ``python -m benchmarks.allocation [people ...]`` (default 100000 and 1000000), with ``--blind`` for a blind limit,
``--each 2`` for up to two offers per person, ``--offers 900`` for another number of
offers (without capacities where there are more than 64).
Ten offers with capacities, a contact limit, a money budget, and a four-fifths limit over 24 groups (2 x 4 x 3).
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from evenhand.allocation import allocate
from evenhand.policy import Campaign
from evenhand.terms import Asked, Binning, FeatureView, Minimised, Model, Permitted, Scored
from evenhand.vault import Vault

OFFERS = 10


def instance(
    people: int, mode: str, offers: int = OFFERS, each: int = 1, most: int = 64
) -> tuple[Scored, Campaign, Vault]:
    rng = np.random.default_rng(people)
    sex, age, origin = (
        rng.choice(k, people, p=p) for k, p in ((2, [0.48, 0.52]), (4, [0.2, 0.3, 0.3, 0.2]), (3, [0.6, 0.3, 0.1]))
    )
    cell = sex * 12 + age * 3 + origin
    taste = rng.normal(size=(offers, 24)) * 0.5
    value = rng.normal(size=(offers, people)) * 0.6 + rng.normal(size=(offers, 1)) * 0.3
    for offer in range(offers):
        value[offer] += taste[offer][cell]
    micro = (1e6 * np.exp(value) - 8e5).astype(np.int64)
    codes = [
        np.clip(rng.normal(size=people) * 2 + 8 + s, 3, 18).astype(np.uint8)
        for s in (1.5 * sex, age, origin, -sex + age)
    ]
    words = rng.integers(0, 2**63, size=(people, 2), dtype=np.uint64)
    subjects = np.frombuffer(words.tobytes().hex().encode(), dtype="S32")
    limit = {"id": "four-fifths", "groups": ["sex", "age", "origin"], "intersections": mode == "aware", "bound": 0.8}
    campaign = campaign_of(
        [int(0.4 / offers * people) if offers <= most else None] * offers,
        budget=f"{0.06 * people:.2f}",
        contacts={"total": int(0.25 * people), "offers_each": each},
        disparity=[{**limit, "mode": mode, "necessity": "benchmark"}],
    )
    view = FeatureView(
        "PersonalisedAdvertising", tuple(Binning(f"f{t}", "number", tuple(range(16))) for t in range(4)), ""
    )
    model = Model(view, tuple(f"o{j}" for j in range(offers)), np.zeros(offers, np.int64), (), {}, {}, "")
    permitted = Permitted(
        Asked(subjects, datetime(2026, 11, 23, tzinfo=UTC)), np.full(people, 2, np.uint8), np.ones(people, np.uint8)
    )
    nothing = np.zeros((offers, 0), dtype=np.int32)
    scored = Scored(Minimised(permitted, model, tuple(codes)), nothing, nothing, micro)
    groups = {"sex": [str(s) for s in sex], "age": [str(a) for a in age], "origin": [str(o) for o in origin]}
    return scored, campaign, Vault(groups, np.ones(people, dtype=bool))


def campaign_of(places: Sequence[int | None], **limits: object) -> Campaign:
    """A campaign with an offer for each capacity, and these limits."""
    text = {"nl": "tekst", "en": "text"}
    return Campaign.model_validate(
        {
            "evenhand": 1,
            "campaign": "benchmark",
            "controller": {"name": "Shop", "contact": "privacy@shop.example"},
            "purpose": "PersonalisedAdvertising",
            "category": "ordinary",
            "channel": "web",
            "subjects": {"file": "s.csv"},
            "history": {"file": "h.csv"},
            "columns": {},
            "offers": [
                {
                    "id": f"o{j}",
                    "text": text,
                    "value": "5",
                    "cost": f"{0.2 + 0.03 * (j % 10):.2f}",
                    "made_by_ai": False,
                    "capacity": capacity,
                }
                for j, capacity in enumerate(places)
            ],
            "limits": limits,
            "retention": {"decisions": "P1Y", "features": "P1Y"},
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("people", nargs="*", type=int, default=[100_000, 1_000_000])
    parser.add_argument("--blind", action="store_true")
    parser.add_argument("--each", type=int, default=1, metavar="OFFERS")
    parser.add_argument("--offers", type=int, default=OFFERS)
    asked = parser.parse_args()
    for people in asked.people:
        scored, campaign, vault = instance(people, "blind" if asked.blind else "aware", asked.offers, asked.each)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        wall, cpu = time.perf_counter(), time.process_time()
        allocated = allocate(scored, campaign, vault)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        broken = [limit.id for limit in allocated.limits if not limit.held]
        fair = next(limit for limit in allocated.limits if limit.kind == "disparity")
        certificate = allocated.certificate
        print(
            f"{people} x {asked.offers}, {asked.each} each: {wall:.2f} s wall, {cpu:.2f} s CPU, "
            f"gap {certificate.gap:.2e}, "
            f"moved {certificate.moved}, limits broken {len(broken)}, "
            f"ratio {fair.used:.4f}, binding {sum(x.binding for x in allocated.limits)}, "
            f"peak {peak:.0f} MiB (inputs {before:.0f} MiB)",
            flush=True,
        )


if __name__ == "__main__":
    main()
