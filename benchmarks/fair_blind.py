"""Group limits kept on people not seen, without looking: over many splits, beside aware rules and other toolkits.

Run: ``python -m benchmarks.fair_blind [--data FOLDER] [--splits 10] [--toolkits]``. Adult and bank marketing (without
``duration``) with a drawn third held out, split after split; bank with its last third in time held out; generated
applicants, a new world for every draw. Sensitive columns are no features, and only the held-out part is reported.

- ratio: worst selection ratio over the judged groups, mean and standard deviation over splits.
- ok: share of splits that end no more than 0.02 below the target. By chance: the same where everybody has the same
  chance in truth, which is the most that any rule can promise for one batch of this size.
- aware: thresholds per group, worked out on the people to tune on and used on those held out, without a margin.
- loss: share of the outcomes captured without a limit, less that with it. Over aware's: of the means over splits.
- best: thresholds per group worked out on the held-out people themselves, at the target: nobody can know these.
- trees: our method with the chance of each group from boosted trees instead of a sum over bins: about as much as the
  columns can tell, on the first splits.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evenhand.allocation import BlindFit, GroupLimit, UnreachableLimitError, fit_blind
from evenhand.terms import probability_ppm

from .fair_cases import SMALLEST, Case, Sets, best, case_of, splits_of
from .fair_toolkits import beside
from .machine import describe, print_table

DATA = Path(__file__).parents[2] / "shared" / "data"
TREES = 2
"""Splits on which boosted trees are fitted too."""


@dataclass(frozen=True)
class Row:
    """One limit on one split; NaN where there is no such figure."""

    before: float
    ratio: float
    tuned: float
    loss: float
    aware: float
    aware_loss: float
    best_loss: float
    trees: float
    trees_loss: float
    chance: float
    seconds: float


def ours(case: Case, sets: Sets, budget: float, target: float, margin: float) -> (
    tuple[NDArray[np.bool_], float, BlindFit]
):  # fmt: skip
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


def aware(case: Case, sets: Sets, budget: float, target: float, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Whom the best thresholds per group select of the held-out part, worked out on `rows` by linear programming."""
    from scipy.optimize import linprog
    from scipy.sparse import lil_matrix

    whole = case.cells(tuple(case.groups))
    cell, score = whole[rows], case.score[rows]
    chance = probability_ppm(score) / 1e6
    owner, pieces = [], []
    for group in range(whole.max() + 1):
        mine = np.flatnonzero(cell == group)
        mine = mine[np.argsort(-score[mine], kind="stable")]
        parts = [part for part in np.array_split(mine, min(len(mine), 150)) if len(part)]
        pieces += parts
        owner += [group] * len(parts)
    width = np.array([len(part) for part in pieces])
    lines: list[tuple[NDArray[np.float64], int, float]] = []
    for number, features in enumerate(sets):
        of = case.cells(features)[rows]
        for group in case.judged(features).tolist():
            inside = of == group
            share = np.array([inside[part].sum() for part in pieces]) / inside.sum()
            lines += [(share, number, -1.0), (-share, number, target)]
    matrix = lil_matrix((len(lines) + 1, len(pieces) + len(sets)))
    for place, (share, number, level) in enumerate(lines):
        matrix[place, : len(pieces)] = share
        matrix[place, len(pieces) + number] = level
    matrix[len(lines), : len(pieces)] = width
    most = np.append(np.zeros(len(lines)), int(budget * len(rows)))
    worth = np.append([-chance[part].sum() for part in pieces], np.zeros(len(sets)))
    solved = linprog(worth, A_ub=matrix.tocsr(), b_ub=most, bounds=(0, 1), method="highs").x[: len(pieces)]
    owners, cut = np.array(owner), np.zeros(whole.max() + 1)
    for group in range(len(cut)):
        mine = cell == group
        taken = round(float(solved[owners == group] @ width[owners == group]))
        ordered = -np.sort(-score[mine])
        cut[group] = np.inf if not taken else ordered[taken] if taken < len(ordered) else -np.inf
    above = case.score[case.test] - cut[whole[case.test]]
    jitter = np.random.default_rng(0).random(len(above))  # whoever stands exactly at a threshold is drawn
    return best(np.nan_to_num(above, posinf=1e12, neginf=-1e12) + jitter, budget)


def trees(case: Case, sets: Sets, budget: float, target: float, margin: float) -> NDArray[np.bool_] | None:
    """Whom a blind rule on boosted-tree chances of each group selects; half learn the trees, half tune."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    half = np.random.default_rng(0).permutation(case.train)
    learn, tune = half[: len(half) // 2], np.sort(half[len(half) // 2 :])
    table = np.stack(case.codes, axis=1)
    columns = []
    for features in sets:
        cells = case.cells(features)
        for group in case.judged(features).tolist():
            model = HistGradientBoostingClassifier(max_iter=80, random_state=0)
            chance = model.fit(table[learn], cells[learn] == group).predict_proba(table)[:, 1]
            cuts = np.unique(np.quantile(chance[tune], np.linspace(0, 1, 65)[1:-1]))
            columns.append((3 + np.searchsorted(cuts, chance, side="right")).astype(np.uint8))
    limit = GroupLimit("bound", sets, target, minimum_size=int(SMALLEST * len(tune)))
    try:
        rule = fit_blind(
            tuple(column[tune] for column in columns), (70,) * len(columns), case.score[tune], case.wall(tune),
            (limit,), budget, margin=margin, new_people=len(case.test),
        )  # fmt: skip
    except UnreachableLimitError:
        return None
    return rule.policy.decide(tuple(c[case.test] for c in columns), case.score[case.test], within=budget)


def by_chance(case: Case, sets: Sets, budget: float) -> NDArray[np.float64]:
    """Worst ratios in draws in which everybody has the same chance."""
    rng, worst = np.random.default_rng(0), np.ones(400)
    for features in sets:
        size = np.bincount(case.cells(features)[case.test])[case.judged(features)]
        rate = rng.binomial(size, budget, size=(400, len(size))) / size
        worst = np.minimum(worst, rate.min(axis=1) / rate.max(axis=1))
    return worst


def row_of(case: Case, sets: Sets, budget: float, target: float, margin: float, with_trees: bool) -> Row:
    """One limit on one split."""
    free = case.unlimited(budget)
    before, nothing = case.captured(free), float("nan")
    learned = aware(case, sets, budget, target, case.train)
    known = aware(case, sets, budget, target, case.test)
    boosted = trees(case, sets, budget, target, margin) if with_trees else None
    try:
        chosen, spent, fit = ours(case, sets, budget, target, margin)
        ratio, loss = case.ratio(sets, chosen), before - case.captured(chosen)
        tuned = fit.assessment.limits[0].after
    except UnreachableLimitError:
        ratio, loss, tuned, spent = 0.0, nothing, nothing, nothing
    return Row(
        before=case.ratio(sets, free),
        ratio=ratio,
        tuned=tuned,
        loss=loss,
        aware=case.ratio(sets, learned),
        aware_loss=before - case.captured(learned),
        best_loss=before - case.captured(known),
        trees=case.ratio(sets, boosted) if boosted is not None else nothing,
        trees_loss=before - case.captured(boosted) if boosted is not None else nothing,
        chance=float((by_chance(case, sets, budget) >= target - 0.02).mean()),
        seconds=spent,
    )


def summary(rows: list[Row], target: float) -> list[str]:
    """The figures of one limit over its splits."""
    of = {field.name: np.array([getattr(row, field.name) for row in rows]) for field in fields(Row)}
    mean = {
        name: float(np.nanmean(values)) if not np.isnan(values).all() else float("nan") for name, values in of.items()
    }

    def over(other: str) -> str:
        """Loss over another rule's, on the splits that have both."""
        both = ~np.isnan(of["loss"]) & ~np.isnan(of[other])
        whole = float(of[other][both].mean()) if both.any() else 0.0
        return f"{float(of['loss'][both].mean()) / whole:.2f}" if whole > 0.002 else "-"

    return [
        f"{mean['before']:.3f}",
        f"{mean['ratio']:.3f} ± {float(of['ratio'].std(ddof=1)) if len(rows) > 1 else 0.0:.3f}",
        f"{float((of['ratio'] >= target - 0.02).mean()):.0%}",
        f"{mean['chance']:.0%}",
        f"{mean['aware']:.3f}, {float((of['aware'] >= target - 0.02).mean()):.0%}",
        f"{mean['loss']:.4f}",
        over("aware_loss"),
        over("best_loss"),
        f"{mean['trees']:.3f}, {mean['trees_loss']:.4f}",
        over("trees_loss"),
        f"{mean['seconds']:.2f}",
    ]


def table_of(name: str, cases: Iterable[Case], margin: float, tree_splits: int, command: str) -> None:
    """Print the rows of one data set, split after split."""
    found: dict[tuple[str, float, float], list[Row]] = {}
    start, splits = time.perf_counter(), 0
    for splits, case in enumerate(cases, 1):
        for sets in case.sets:
            for budget in (0.1, 0.2):
                for target in (0.8, 0.9):
                    label = " + ".join("x".join(part) for part in sets), budget, target
                    row = row_of(case, sets, budget, target, margin, splits <= tree_splits)
                    found.setdefault(label, []).append(row)
    header = ["groups", "budget", "target", "before", "ratio", "ok", "by chance", "aware: ratio, ok", "loss",
              "/ aware", "/ best", "trees: ratio, loss", "/ trees", "s"]  # fmt: skip
    lines = [
        [groups, f"{budget:.0%}", f"{target:g}", *summary(rows, target)]
        for (groups, budget, target), rows in found.items()
    ]
    spent = time.perf_counter() - start
    print_table(f"{name}: {splits} split{'s' if splits > 1 else ''}, {spent:.0f} s in all", command, header, lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fair_blind", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="folder with adult/ and bank_marketing/")
    parser.add_argument("--margin", type=float, default=1.0, help="standard errors (default 1)")
    parser.add_argument("--splits", type=int, default=10, help="drawn splits of each data set (default 10)")
    parser.add_argument("--trees", type=int, default=TREES, help=f"splits with boosted trees (default {TREES})")
    parser.add_argument("--toolkits", action="store_true", help="also run the other toolkits that are installed")
    asked = parser.parse_args()
    print(describe())
    command = f"python -m benchmarks.fair_blind --splits {asked.splits} --margin {asked.margin:g}"
    if (asked.data / "adult").exists():
        for name in ("adult", "bank"):
            cases = splits_of(name, asked.data, asked.splits)
            table_of(f"{name}, drawn thirds held out", cases, asked.margin, asked.trees, command)
        last = (case_of("bank", asked.data, "time") for _ in range(1))
        table_of("bank, last third in time held out", last, asked.margin, 0, command)
    else:
        print(f"no data in {asked.data}: name a folder with adult/adult.csv.gz and bank_marketing/bank_full.csv.gz")
    worlds = splits_of("hiring", asked.data, max(1, asked.splits // 2))
    table_of("generated applicants, a world each", worlds, asked.margin, 0, command)
    if asked.toolkits and (asked.data / "adult").exists():
        for name in ("adult", "bank"):
            beside(case_of(name, asked.data, "official"))


if __name__ == "__main__":
    main()
