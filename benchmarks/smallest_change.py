"""How long the smallest change takes on models of real data, for small gaps and large, and for another decision.

Run: ``python -m benchmarks.smallest_change [people] [--times N] [--folder FOLDER]``. A glass box of up to 10 joint
effects, learned from the calls of a bank and from the US census of 1994; the 12 columns with the most bins may change.
Each person is asked alone: for a score that lies 0-4, 4-8 or 8-20 logits above their own, and (five offers, whose
tables are the bank's with noise) for what would have changed the decision. Times are processor time; of so many
questions by each person the least counts, for a busy machine. Real sets are read from a folder that is no part of the
repository; a set that is not there is left out and named.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.adapters.models.estimators import AdditiveClassifier
from evenhand.explanation import Counterfactual, CounterfactualSearch, DecisionSearch, Proof
from evenhand.features import encode
from evenhand.policy import Campaign
from evenhand.terms import (
    DecisionFacts,
    Model,
    Reason,
    Standing,
    expected_value,
    probability_ppm,
    score_of,
    term_contributions,
)

from .machine import describe, load, print_table

_FOLDER = Path(__file__).parents[2] / "shared" / "data"
_SETS = {
    "bank": ("bank_marketing/bank_full.csv.gz", ["duration"], "y", "yes"),
    "adult": ("adult/adult.csv.gz", ["fnlwgt", "split"], "income", ">50K"),
}
"""File, columns left out, outcome and its better value."""
ACTIONABLE, OFFERS, MOST = 12, 5, 3
GAPS = ((0, 4), (4, 8), (8, 20))
Codes = tuple[NDArray[np.uint8], ...]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.smallest_change", description=__doc__)
    parser.add_argument("people", nargs="?", type=int, default=2_000)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    asked = parser.parse_args()
    print(describe())
    rows, decisions = [], []
    for name, (file, left_out, outcome, better) in _SETS.items():
        if not (asked.folder / file).exists():
            print(f"{name} is left out: no {file} in the folder")
            continue
        table = pl.read_csv(asked.folder / file, infer_schema_length=None).drop(left_out)
        model, codes = _learned(table.drop(outcome), (table[outcome] == better).to_numpy(), asked.people)
        rows += [
            [f"{name}, {low} to {high} logits", *_scores(model, codes, low, high, asked.times)] for low, high in GAPS
        ]
        decisions.append([f"{name}, {OFFERS} offers", *_decisions(model, codes, asked.times)])
    header = ["who", "CPU ms median", "p95", "p99", "max", "found / not", "0 to 4 changes", "most bins tried"]
    made_by = f"python -m benchmarks.smallest_change {asked.people} --times {asked.times}"
    print_table("The smallest change that reaches a score, per person", made_by, header, rows)
    print_table("The smallest change of a decision, per person", made_by, header, decisions)
    print(f"load at the end: {load()}")


def _learned(table: pl.DataFrame, outcome: NDArray[np.bool_], people: int) -> tuple[Model, Codes]:
    model = AdditiveClassifier(max_bins=64, minimum_bin=20).fit(table, outcome).model_
    some = table[np.random.default_rng(0).choice(len(table), people, replace=False)]
    codes = []
    for binning in model.view.binnings:
        values = some[binning.name]
        is_number = binning.kind == "number"
        codes.append(encode(binning, values.cast(pl.Float64).to_numpy() if is_number else np.array(values, object)))
    return model, tuple(codes)


def _ready(model: Model) -> list[str]:
    """The names of the columns that may change."""
    binnings = sorted(model.view.binnings, key=lambda binning: -binning.size)
    return [binning.name for binning in binnings[:ACTIONABLE]]


def _scores(model: Model, codes: Codes, low: int, high: int, times: int) -> list[str]:
    people = len(codes[0])
    at = np.zeros(people, dtype=np.intp)
    gap = np.random.default_rng(low).uniform(low, high, people) * 1e6
    target = (score_of(model, term_contributions(model, codes, at), at) + gap.astype(np.int64) + 1).tolist()
    search = CounterfactualSearch(model, actionable=_ready(model))
    search.ready()
    return _timed(lambda i: search.of(tuple(code[i : i + 1] for code in codes), target[i])[0], people, times)


def _decisions(model: Model, codes: Codes, times: int) -> list[str]:
    rng = np.random.default_rng(0)
    names = tuple(f"o{j}" for j in range(OFFERS))
    tables = [
        np.concatenate([table * rng.uniform(0.5, 1.5) + rng.normal(0, 1e5, table.shape) for _ in names])
        for table in model.tables
    ]
    for table in tables:
        table[:, 0] = 0
    whole = tuple(np.rint(table).astype(np.int32) for table in tables)
    model = replace(
        model, offers=names, base=np.repeat(model.base, OFFERS), tables=whole, shapes={"": model.shapes[""]}
    )
    campaign = _campaign(model)
    people = len(codes[0])
    score = np.stack([score_of(model, term_contributions(model, codes, at), at) for at in _each(people)])
    value = np.stack(
        [
            expected_value(o.value_micro, o.cost_micro, probability_ppm(s))
            for o, s in zip(campaign.offers, score, strict=True)
        ]
    )
    price = np.quantile(value, 0.8, axis=1).astype(np.int64)
    order = np.argsort(price[:, None] - value, axis=0, kind="stable")
    prices = {"offer": price.tolist(), "group": [[0] * OFFERS], "cell_tables": {}}

    search = DecisionSearch(campaign, model, most_changes=MOST)

    def ask(i: int) -> Counterfactual | None:
        best, second = int(order[0, i]), int(order[1, i])
        offer, behind = (best, second) if value[best, i] > price[best] else (-1, best)
        facts = DecisionFacts(
            "run.0", "run", "0" * 32, datetime(2026, 11, 24, tzinfo=UTC), Standing.PERSONALISED, Reason.SELECTED,
            Reason.SELECTED, offer, behind, tuple(code[i : i + 1] for code in codes), int(score[best, i]), 0,
            int(value[best, i]), int(value[behind, i]), int(price[offer]) if offer >= 0 else 0, int(price[behind]), 0,
            False, (), (), -1, 0,
        )  # fmt: skip
        return search.of(facts, prices=prices)

    return _timed(ask, people, times)


def _each(people: int) -> list[NDArray[np.intp]]:
    return [np.full(people, j, dtype=np.intp) for j in range(OFFERS)]


def _campaign(model: Model) -> Campaign:
    text, ready = {"nl": "tekst", "en": "text"}, set(_ready(model))
    columns = {
        b.name: {"role": "feature", "meaning": text, "kind": b.kind, "actionable": b.name in ready}
        for b in model.view.binnings
    }
    offers = [{"id": f"o{j}", "text": text, "value": f"{5 + j}", "cost": "0.30", "made_by_ai": False} for j in range(5)]
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
            "columns": columns,
            "offers": offers,
            "retention": {"decisions": "P1Y", "features": "P1Y"},
        }
    )


def _timed(ask: Callable[[int], Counterfactual | None], people: int, times: int) -> list[str]:
    each = np.full(people, np.inf)
    for _ in range(times):
        found = []
        for i in range(people):
            start = time.process_time()
            one = ask(i)
            each[i] = min(each[i], time.process_time() - start)
            if one is not None:
                found.append(one)
    times = [f"{1e3 * value:.2f}" for value in (*np.quantile(each, [0.5, 0.95, 0.99]), each.max())]
    solved = sum(one.proof is Proof.SMALLEST for one in found)
    changes = np.bincount([len(one.changes) for one in found], minlength=5)
    most = max(one.nodes for one in found)
    return [*times, f"{solved} / {len(found) - solved}", "/".join(map(str, changes)), f"{most:,}"]


if __name__ == "__main__":
    main()
