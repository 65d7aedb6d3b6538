"""Group limits kept on people not seen, without looking: against the aware optimum, and beside other toolkits.

Run: ``python -m benchmarks.fair_blind [--data FOLDER] [--toolkits]``. Data: adult (official split) and bank marketing
(a drawn third held out, without ``duration``); sensitive columns are no features. Nothing but the held-out part is
reported. "Aware" is the best that per-group thresholds can do on the held-out part itself, by linear programming.
"Loss / aware's" compares at the target, "at this ratio" at the ratio that the blind rule reached (a margin aims higher
than the target). "Boosted" is a blind rule whose chance of each group is a boosted-tree model instead of a sum over
bins: about as much as the columns can tell. "Chance" is the worst ratio that would be seen if all rates were equal in
truth.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evenhand.allocation import GroupLimit, UnreachableLimitError, assess_blind, fit_blind
from evenhand.features import encode, learn_binning
from evenhand.scoring import fit_terms
from evenhand.terms import probability_ppm
from evenhand.vault import Vault

from .fair_toolkits import beside
from .machine import describe, print_table

DATA = Path(__file__).parents[2] / "shared" / "data"
SMALLEST = 0.025
"""Groups below this share of the people are shown by evenhand and not judged; here they are left out."""


@dataclass(frozen=True)
class Case:
    """One data set, coded, scored, and split before anything was tuned."""

    name: str
    codes: tuple[NDArray[np.uint8], ...]
    sizes: tuple[int, ...]
    score: NDArray[np.int64]
    outcome: NDArray[np.uint8]
    groups: dict[str, list[str]]
    train: NDArray[np.intp]
    test: NDArray[np.intp]

    @property
    def sets(self) -> tuple[tuple[tuple[str, ...], ...], ...]:
        """Each sensitive column alone, and both with their intersections."""
        one, two = self.groups
        return ((one,),), ((two,),), ((one,), (two,), (one, two))

    def wall(self, rows: NDArray[np.intp]) -> Vault:
        """The groups of some of the people."""
        values = {name: [column[row] for row in rows.tolist()] for name, column in self.groups.items()}
        return Vault(values, np.ones(len(rows), dtype=bool))

    def named(self, features: tuple[str, ...], rows: NDArray[np.intp]) -> list[tuple[str, ...]]:
        """Group of each of these people."""
        return [tuple(self.groups[name][row] for name in features) for row in rows.tolist()]


def load(name: str, folder: Path) -> Case:
    if name == "adult":
        table = pd.read_csv(folder / "adult" / "adult.csv.gz")
        outcome, test = table.income == ">50K", (table.split == "test").to_numpy()
        groups = {"sex": table.sex.tolist(), "race": table.race.tolist()}
        table = table.drop(columns=["split", "income", "sex", "race", "fnlwgt"])
    else:
        table = pd.read_csv(folder / "bank_marketing" / "bank_full.csv.gz")
        outcome, test = table.y == "yes", np.random.default_rng(1).permutation(len(table)) % 3 == 0
        age = np.select([table.age < 30, table.age < 60], ["below 30", "30-59"], "60 and over")
        groups = {"age": age.tolist(), "marital": table.marital.tolist()}
        table = table.drop(columns=["y", "duration", "age", "marital"])
    raw = [
        column.to_numpy(float)
        if column.dtype.kind in "if"
        else np.array([None if pd.isna(value) else str(value) for value in column], dtype=object)
        for _, column in table.items()
    ]
    binnings = [learn_binning(str(n), v[~test]) for n, v in zip(table, raw, strict=True)]
    codes = tuple(encode(binning, values) for binning, values in zip(binnings, raw, strict=True))
    sizes = tuple(binning.size for binning in binnings)
    hits = outcome.to_numpy().astype(np.uint8)
    ordered = tuple(binning.kind == "number" for binning in binnings)
    fitted = fit_terms(tuple(code[~test] for code in codes), sizes, ordered, hits[~test])
    score = np.full(len(hits), round(fitted.intercept * 1e6), dtype=np.int64)
    for effect, code in zip(fitted.effects, codes, strict=True):
        score += np.rint(effect * 1e6).astype(np.int64)[code]
    return Case(name, codes, sizes, score, hits, groups, np.flatnonzero(~test), np.flatnonzero(test))


def ratio_of(case: Case, sets: Sequence[tuple[str, ...]], judged: dict[Any, list[Any]], chosen: NDArray[np.bool_]) -> (
    float
):  # fmt: skip
    """Worst selection ratio over the sets, among the judged groups of the held-out part."""
    worst = 1.0
    for features in sets:
        table = pd.Series(chosen).groupby(pd.Series(case.named(features, case.test))).mean()
        rates = [float(table[group]) for group in judged[features]]
        worst = min(worst, min(rates) / max(rates)) if rates and max(rates) > 0 else worst
    return worst


def judged_of(case: Case, sets: Sequence[tuple[str, ...]]) -> dict[Any, list[Any]]:
    least = SMALLEST * len(case.train)
    found = {}
    for features in sets:
        people = pd.Series(case.named(features, case.train)).value_counts()
        found[features] = sorted(people[people >= least].index)
    return found


def aware(case: Case, sets: Sequence[tuple[str, ...]], judged: dict[Any, list[Any]], budget: float, target: float) -> (
    float
):  # fmt: skip
    """Share of the outcomes captured by the best per-group thresholds, chosen on the held-out part itself."""
    from scipy.optimize import linprog
    from scipy.sparse import lil_matrix

    test = case.test
    cells = pd.factorize(pd.Series(case.named(tuple(case.groups), test)))[0]
    chance = probability_ppm(case.score[test]) / 1e6
    pieces: list[tuple[int, NDArray[np.intp]]] = []
    for cell in range(cells.max() + 1):
        mine = np.flatnonzero(cells == cell)
        mine = mine[np.argsort(-case.score[test][mine], kind="stable")]
        pieces += [(cell, part) for part in np.array_split(mine, min(len(mine), 400)) if len(part)]
    width = np.array([len(part) for _, part in pieces])
    rows: list[tuple[NDArray[np.float64], int, float]] = []
    for number, features in enumerate(sets):
        named = pd.Series(case.named(features, test))
        for group in judged[features]:
            inside = (named == group).to_numpy()
            share = np.array([inside[part].sum() for _, part in pieces]) / inside.sum()
            rows += [(share, number, -1.0), (-share, number, target)]
    matrix = lil_matrix((len(rows) + 1, len(pieces) + len(sets)))
    for place, (share, number, level) in enumerate(rows):
        matrix[place, : len(pieces)] = share
        matrix[place, len(pieces) + number] = level
    matrix[len(rows), : len(pieces)] = width
    most = np.append(np.zeros(len(rows)), int(budget * len(test)))
    worth = np.append([-chance[part].sum() for _, part in pieces], np.zeros(len(sets)))
    solved = linprog(worth, A_ub=matrix.tocsr(), b_ub=most, bounds=(0, 1), method="highs")
    hits = np.array([case.outcome[test][part].sum() for _, part in pieces])
    return float(hits @ solved.x[: len(pieces)]) / float(case.outcome[test].sum())


def boosted(case: Case, sets: Any, judged: dict[Any, list[Any]], budget: float, target: float) -> tuple[float, float]:
    """Ratio and captured share of a blind rule on boosted-tree chances of each group."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    half = np.random.default_rng(0).permutation(case.train)
    learn, tune = half[: len(half) // 2], np.sort(half[len(half) // 2 :])
    table = np.stack(case.codes, axis=1)
    columns = []
    for features in sets:
        for group in judged[features]:
            member = np.array([name == group for name in case.named(features, learn)])
            trees = HistGradientBoostingClassifier(max_iter=80, random_state=0).fit(table[learn], member)
            chance = trees.predict_proba(table)[:, 1]
            cuts = np.unique(np.quantile(chance[tune], np.linspace(0, 1, 65)[1:-1]))
            columns.append((3 + np.searchsorted(cuts, chance, side="right")).astype(np.uint8))
    try:
        limit = GroupLimit("bound", sets, target, minimum_size=int(SMALLEST * len(tune)))
        rule = fit_blind(
            tuple(column[tune] for column in columns), (70,) * len(columns), case.score[tune], case.wall(tune),
            (limit,), budget, new_people=len(case.test),
        )  # fmt: skip
    except UnreachableLimitError:
        return float("nan"), float("nan")
    chosen = rule.policy.decide(tuple(c[case.test] for c in columns), case.score[case.test], within=budget)
    return ratio_of(case, sets, judged, chosen), captured(case, chosen)


def captured(case: Case, chosen: NDArray[np.bool_]) -> float:
    return float(case.outcome[case.test][chosen].sum()) / float(case.outcome[case.test].sum())


def by_chance(case: Case, sets: Any, judged: dict[Any, list[Any]], budget: float) -> float:
    """Median worst ratio in draws in which everybody has the same chance."""
    rng, seen = np.random.default_rng(0), []
    sizes = []
    for features in sets:
        people = pd.Series(case.named(features, case.test)).value_counts()
        sizes.append(np.array([people[group] for group in judged[features]]))
    for _ in range(500):
        rates = [rng.binomial(size, budget) / size for size in sizes]
        seen.append(min(float(rate.min() / rate.max()) for rate in rates))
    return float(np.median(seen))


def ours(case: Case, sets: Any, budget: float, target: float, margin: float) -> tuple[NDArray[np.bool_], float, Any]:
    """Who is selected of the held-out part, seconds to fit, and the fit."""
    limit = GroupLimit("limit", sets, target, minimum_size=int(SMALLEST * len(case.train)))
    wall = case.wall(case.train)
    codes = tuple(code[case.train] for code in case.codes)
    start = time.perf_counter()
    fit = fit_blind(
        codes, case.sizes, case.score[case.train], wall, (limit,), budget, outcome=case.outcome[case.train],
        margin=margin, new_people=len(case.test),
    )  # fmt: skip
    spent = time.perf_counter() - start
    held_out = tuple(code[case.test] for code in case.codes)
    return fit.policy.decide(held_out, case.score[case.test], within=budget), spent, fit


def row_of(case: Case, sets: Any, budget: float, target: float, margin: float, trees: bool) -> list[str]:
    judged = judged_of(case, sets)
    free = case.score[case.test] >= np.sort(case.score[case.test])[-int(budget * len(case.test))]
    before, best = captured(case, free), aware(case, sets, judged, budget, target)
    label = [case.name, " + ".join("x".join(part) for part in sets), f"{budget:.0%}", f"{target:g}"]
    start = [f"{ratio_of(case, sets, judged, free):.3f}", f"{before:.4f}", f"{best:.4f}"]
    try:
        chosen, spent, fit = ours(case, sets, budget, target, margin)
    except UnreachableLimitError as error:
        near = error.relaxations[0].reachable
        return [*label, *start, f"out of reach (nearest {near})", "-", "-", "-", "-", "-", "-"]
    after = captured(case, chosen)
    limit = GroupLimit("limit", sets, target, minimum_size=int(SMALLEST * len(case.test) * 0.9))
    held_out = tuple(code[case.test] for code in case.codes)
    told = assess_blind(
        fit.policy, held_out, case.score[case.test], case.wall(case.test), (limit,), within=budget
    ).limits[0]  # fmt: skip
    ends = f" ({told.interval[0]:.2f}-{told.interval[1]:.2f})" if told.interval else ""
    same = aware(case, sets, judged, budget, ratio_of(case, sets, judged, chosen))
    times = [f"{(before - after) / (before - one):.2f}" if before > one else "-" for one in (best, same)]
    tree = boosted(case, sets, judged, budget, target) if trees else (float("nan"),) * 2
    return [
        *label, *start, f"{ratio_of(case, sets, judged, chosen):.3f}{ends}", f"{after:.4f}", *times,
        f"{tree[1]:.4f} @ {tree[0]:.3f}", f"{by_chance(case, sets, judged, budget):.3f}", f"{spent:.2f}",
    ]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fair_blind", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with adult/ and bank_marketing/")
    parser.add_argument("--margin", type=float, default=1.0, help="standard errors (default 1)")
    parser.add_argument("--toolkits", action="store_true", help="also run the other toolkits that are installed")
    parser.add_argument("--no-trees", action="store_true", help="leave out the boosted-tree bound")
    asked = parser.parse_args()
    print(describe())
    if not (asked.data / "adult").exists():
        print(f"no data in {asked.data}: name a folder with adult/adult.csv.gz and bank_marketing/bank_full.csv.gz")
        return
    cases = [load(name, asked.data) for name in ("adult", "bank")]
    rows = [
        row_of(case, sets, budget, target, asked.margin, not asked.no_trees)
        for case in cases
        for sets in case.sets
        for budget in (0.1, 0.2)
        for target in (0.8, 0.9)
    ]
    header = ["data", "groups", "budget", "target", "ratio before", "captured before", "aware", "ratio (95 %)",
              "captured", "loss / aware's", "at this ratio", "boosted", "chance", "s"]  # fmt: skip
    print_table("Held-out people", f"python -m benchmarks.fair_blind --margin {asked.margin:g}", header, rows)
    if asked.toolkits:
        for case in cases:
            beside(case)


if __name__ == "__main__":
    main()
