"""A run with blind limits and its prices; and random price policies that no solver would find."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from allocation.cases import PlainWall, campaign_with, scored_with
from evenhand.allocation import LeanColumn, PricePolicy, Room, allocate, policy_of
from evenhand.policy import Campaign
from evenhand.terms import Allocated, Prices, Scored, Standing

DIGEST = "c" * 64
LIMIT = {"id": "d", "groups": ["g"], "bound": 0.8}


@dataclass(frozen=True)
class Ran:
    """A batch, decided, and the prices that it leaves."""

    scored: Scored
    campaign: Campaign
    wall: PlainWall
    allocated: Allocated
    policy: PricePolicy


def plain(prices: Prices) -> dict[str, Any]:
    """Prices as the ledger keeps them."""
    return {
        "offer": prices.offer.tolist(),
        "group": prices.group.tolist(),
        "by_limit": dict(prices.by_limit),
        "cell_tables": prices.cell_tables,
    }


def problem(people: int, *, groups: int = 2, seed: int = 0, mode: str = "blind") -> tuple[Scored, Campaign, PlainWall]:
    """People whose codes say something of their group, under every kind of limit."""
    rng = np.random.default_rng(seed)
    names = np.array(["a", "b", "c", "e"][:groups])
    group = rng.choice(names, people)
    shift = np.searchsorted(names, group)
    codes = [np.clip(rng.normal(size=people) * 2 + 8 + shift * (t < 2), 0, 18).astype(np.uint8) for t in range(4)]
    codes.append(np.clip(rng.normal(size=(3, people)) * 2 + 8 + (shift == 1), 0, 18).astype(np.uint8))
    value = (rng.normal(size=(3, people)) * 1e6 + 6e5 * (shift == 0)).astype(np.int64)
    standing = rng.choice(3, people, p=[0.1, 0.1, 0.8]).astype(np.uint8)
    for code in codes:
        code[..., standing != Standing.PERSONALISED] = 0
    campaign = campaign_with(
        costs=[300_000, 200_000, 0],
        capacities=[people // 8, people // 10, None],
        budget=people * 53_000,
        contacts=people * 3 // 10,
        disparity=[{**LIMIT, "mode": mode}],
        seed=seed,
    )
    scored = scored_with(value, codes=codes, standing=standing)
    return scored, campaign, PlainWall({"g": group.tolist()}, standing == Standing.PERSONALISED)


def ran(people: int = 3000, *, groups: int = 2, seed: int = 0, mode: str = "blind", run: str = "run") -> Ran:
    """Such people, decided."""
    scored, campaign, wall = problem(people, groups=groups, seed=seed, mode=mode)
    allocated = allocate(scored, campaign, wall)
    policy = policy_of(plain(allocated.prices), campaign, model="a" * 64, campaign_digest=DIGEST, run=run)
    return Ran(scored, campaign, wall, allocated, policy)


def boundless(campaign: Campaign) -> dict[str, int]:
    """So much left of every limit that nobody is kept from anything."""
    return dict.fromkeys(Room.declared(campaign), 2**52)


def random_policy(rng: np.random.Generator, offers: int, directions: int, depth: int, seed: int) -> PricePolicy:
    """Tables and a tree of small numbers, so that ties and equal sums are common; half the thresholds out of order."""
    columns = tuple(
        LeanColumn(term, offer, tuple(tuple(rng.integers(-3, 4, 19).tolist()) for _ in range(directions)))
        for term, offer in (("f0", -1), ("f2", offers - 1), ("f1", -1))
    )
    inner = 2**depth - 1
    return PricePolicy(
        run="r",
        campaign=DIGEST,
        model="a" * 64,
        offers=tuple(f"o{j}" for j in range(offers)),
        seed=seed,
        offer_price=tuple(rng.integers(-2, 3, offers).tolist()),
        limit_price={},
        columns=columns,
        split_on=tuple(rng.integers(0, directions, inner).tolist()),
        split_at=tuple(rng.integers(-4, 5, inner).tolist()),
        leaf_price=tuple(tuple(rng.integers(-2, 3, offers).tolist()) for _ in range(inner + 1)),
    )


def flat(codes: tuple[NDArray[np.uint8], ...], row: int) -> list[int]:
    """One person's codes, end to end."""
    return [int(one) for code in codes for one in np.atleast_2d(code)[:, row]]
