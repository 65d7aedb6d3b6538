"""On a bank's real calls the smallest change is the one that an integer programme finds."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import lil_matrix

from builders import make_campaign
from evenhand.explanation import Proof, counterfactual
from evenhand.scoring import fit
from evenhand.terms import OTHER, Binning, FeatureView, Model, score_of, term_contributions

BANK = Path(__file__).parents[3] / "shared" / "data" / "bank_marketing" / "bank_full.csv.gz"
NUMBERS = {"age", "balance", "day", "campaign", "pdays", "previous"}
FIXED = {"age", "marital", "pdays"}
WAYS = {"previous": 1, "balance": 1}
MOST = 4

pytestmark = pytest.mark.skipif(not BANK.exists(), reason="the bank marketing data is not on this machine")


@pytest.fixture(scope="module")
def bank() -> tuple[Model, tuple[np.ndarray, ...]]:
    """A glass box with joint effects, fitted on 45,211 calls without `duration`; and the codes of all rows."""
    with gzip.open(BANK, "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    binnings, codes = [], []
    for name in (name for name in rows[0] if name not in {"duration", "y"}):
        values = [row[name] for row in rows]
        if name in NUMBERS:
            numbers = np.array(values, dtype=float)
            cuts = tuple(sorted(set(np.quantile(numbers, np.linspace(0, 1, 33)[1:-1]).tolist())))
            binnings.append(Binning(name, "number", cuts))
            codes.append((3 + np.searchsorted(cuts, numbers, "right")).astype(np.uint8))
        else:
            words = tuple(sorted(set(values)))
            binnings.append(Binning(name, "category", categories=words))
            codes.append(np.array([3 + words.index(value) for value in values], np.uint8))
    outcome = np.array([row["y"] == "yes" for row in rows], dtype=np.uint8)
    view = FeatureView("PersonalisedAdvertising", tuple(binnings), "0" * 64)
    held = np.arange(len(rows)) % 4 == 0
    campaign = make_campaign(1, 1, model={"pairs": 4})
    model = fit(campaign, view, tuple(codes), np.zeros(len(rows), np.intp), outcome, held)
    assert len(model.pairs) > 0
    return model, tuple(codes)


def programme(model: Model, own: list[int], target: int) -> tuple[int, int] | None:
    """Fewest changes and then least cost, by HiGHS: one binary per bin, one share per joint band."""
    shapes = model.shapes.get(model.offers[0]) or model.shapes[""]
    place, weight, cost = {}, [], []
    for t, binning in enumerate(model.view.binnings):
        count = shapes[t].count
        for code in range(OTHER + 1, binning.size):
            way = WAYS.get(binning.name, 0)
            far = binning.name not in FIXED and count[code] >= 0.002 * count.sum() and way * (code - own[t]) >= 0
            if code != own[t] and not far:
                continue
            passed = count[own[t] + 1 : code + 1] if code > own[t] else count[code : own[t]]
            price = 1_000_000 if binning.kind == "category" else max(int(passed.sum()) * 1_000_000 // count.sum(), 1)
            place[t, code] = len(weight)
            weight.append(int(model.tables[t][0, code]))
            cost.append(0 if code == own[t] else int(price))
    binaries = len(weight)
    rows: list[tuple[dict[int, float], float]] = []
    for t in range(len(own)):
        rows.append(({at: 1.0 for (u, _), at in place.items() if u == t}, 1.0))
    for p, pair in enumerate(model.pairs):
        table = model.tables[len(own) + p][0]
        ends = [
            {band: [at for (u, code), at in place.items() if u == t and bands[code] == band] for band in set(bands)}
            for t, bands in ((pair.first, pair.first_bands), (pair.second, pair.second_bands))
        ]
        shares = {}
        for a in ends[0]:
            for b in ends[1]:
                shares[a, b] = len(weight)
                weight.append(int(table[1 + a * pair.width + b]))
                cost.append(0)
        for end, bins in enumerate(ends):
            for band, ats in bins.items():
                row = {at: 1.0 for key, at in shares.items() if key[end] == band} | dict.fromkeys(ats, -1.0)
                rows.append((row, 0.0))
    matrix = lil_matrix((len(rows), len(weight)))
    for i, (row, _) in enumerate(rows):
        for at, factor in row.items():
            matrix[i, at] = factor
    sides = np.array([side for _, side in rows])
    integral = np.r_[np.ones(binaries), np.zeros(len(weight) - binaries)]
    changed = np.array([1.0 if c else 0.0 for c in cost])
    limits = [
        LinearConstraint(matrix.tocsr(), sides, sides),
        LinearConstraint(np.array(weight) / 1e6, (target - int(model.base[0]) - 0.5) / 1e6),
    ]
    bounds = (np.zeros(len(weight)), np.ones(len(weight)))
    fewest = milp(changed, constraints=limits, integrality=integral, bounds=bounds, options={"mip_rel_gap": 0})
    if fewest.status == 2:
        return None
    number = round(fewest.fun)
    limits.append(LinearConstraint(changed, -np.inf, number))
    least = milp(
        np.array(cost) / 1e6, constraints=limits, integrality=integral, bounds=bounds, options={"mip_rel_gap": 0}
    )
    return number, round(sum(cost[i] for i in np.flatnonzero(least.x[:binaries] > 0.5)))


def test_number_and_cost_of_changes_are_those_of_an_integer_programme(bank):
    """Rows of the test part, small and large gaps: the same optimum each time, or out of reach for both."""
    model, codes = bank
    rows = np.arange(0, len(codes[0]), 4)[np.random.default_rng(0).choice(11_000, 18, replace=False)]
    mine = tuple(code[rows] for code in codes)
    at = np.zeros(len(rows), dtype=np.intp)
    target = score_of(model, term_contributions(model, mine, at), at) + np.resize([300_000, 1_500_000, 2_600_000], 18)
    ready = [binning.name for binning in model.view.binnings if binning.name not in FIXED]
    found = counterfactual(model, mine, target, actionable=ready, directions=WAYS, most_changes=MOST)
    sizes = set()
    for i, one in enumerate(found):
        best = programme(model, [int(code[i]) for code in mine], int(target[i]))
        if one.proof is Proof.SMALLEST:
            assert best == (len(one.changes), one.cost)
            assert one.score >= target[i]
            sizes.add(len(one.changes))
        else:
            assert best is None or best[0] > MOST
    assert {1, 2} <= sizes
