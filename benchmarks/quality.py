"""How good is the glass box, beside a boosted glass box (InterpretML's EBM) and a black box (LightGBM)?

Run: ``python -m benchmarks.quality [--data NAME ...] [--folds N] [--ebm-folds N]``. Every learner gets the same rows in
the same folds and as many threads; LightGBM and the EBM have their default settings (150 trees of 31 leaves are named
so that a later default changes nothing). All sets pass the first fold, then the second, and so on; each fit is printed
as it ends. Processor time is that of this process and of every worker that it started. In the groceries a household has
many rows: all of them are in the same part, and the glass box (alone able to) is told whose they are. What is not
installed is left out of the table: ``pip install interpret-core lightgbm scikit-learn pandas pyarrow psutil``. Real
sets are read from a folder (``--folder``) that is no part of the repository; a set that is not there is left out and
named.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
from numpy.typing import NDArray

from .machine import describe, print_table

_FOLDER = Path(__file__).parents[2] / "shared" / "data"


@dataclass(frozen=True)
class Fold:
    """One learner on one fold of one set."""

    auroc: float
    log_loss: float
    seconds: float
    processor: float


def bank(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """45,211 calls of a bank, without the duration of the call, which is known only afterwards."""
    table = pd.read_csv(folder / "bank_marketing" / "bank_full.csv.gz")
    return table.drop(columns=["duration", "y"]), (table["y"] == "yes").to_numpy(np.int64)


def adult(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """48,842 people of the US census of 1994, without the census weight."""
    table = pd.read_csv(folder / "adult" / "adult.csv.gz")
    return table.drop(columns=["fnlwgt", "split", "income"]), (table["income"] == ">50K").to_numpy(np.int64)


def hillstrom(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """64,000 customers of a randomised e-mail experiment: who visited the shop."""
    table = pd.read_csv(folder / "hillstrom" / "hillstrom.csv.gz")
    return table.drop(columns=["visit", "conversion", "spend"]), table["visit"].to_numpy(np.int64)


def grocer(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The demonstration's history: which household redeemed a coupon of which theme; the index is the household."""
    from evenhand.adapters.demonstration.complete_journey import history, read_tables

    table = history(read_tables())
    plain = {name: table[name].to_numpy() for name in table.columns}
    plain["theme"] = table["theme"].to_list()
    frame = pd.DataFrame(plain).set_index("household")
    return frame.drop(columns=["campaign", "campaign_start", "redeemed"]), plain["redeemed"].astype(np.int64)


def hiring(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """A generated population of 20,000 applicants, with sharp and smooth effects."""
    from evenhand.worlds import hiring as draw

    people = draw(20_000, np.random.default_rng(7))
    table = pd.DataFrame(
        {name: values for name, values in people.columns.items() if name not in {"applicant", "hired"}}
    )
    return table, np.asarray(people.columns["hired"], np.int64)


def shoppers(folder: Path) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """A generated population of 30,000 offers shown, whose features work differently for each offer."""
    from evenhand.worlds import shoppers as draw

    world = draw(30_000, 4, 12, np.random.default_rng(1), history=30_000)
    table = pd.DataFrame({name: values[world.history_person] for name, values in world.features.items()})
    table["offer"] = np.array(world.history_offer.categories)[world.history_offer.codes]
    return table, world.history_response.astype(np.int64)


SETS: dict[str, Callable[[Path], tuple[pd.DataFrame, NDArray[np.int64]]]] = {
    one.__name__: one for one in (bank, adult, hillstrom, grocer, hiring, shoppers)
}


def glass_box(threads: int) -> Any:
    from evenhand.adapters.models.estimators import AdditiveClassifier

    return AdditiveClassifier()


def ebm(threads: int) -> Any:
    from interpret.glassbox import ExplainableBoostingClassifier

    return ExplainableBoostingClassifier(n_jobs=threads, random_state=0)


def lightgbm(threads: int) -> Any:
    from lightgbm import LGBMClassifier

    return LGBMClassifier(n_estimators=150, num_leaves=31, n_jobs=threads, random_state=0, verbose=-1)


LEARNERS: dict[str, tuple[Callable[[int], Any], str]] = {
    "glass box": (glass_box, "evenhand"),
    "EBM": (ebm, "interpret"),
    "LightGBM": (lightgbm, "lightgbm"),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    parser.add_argument("--data", nargs="*", choices=SETS, default=list(SETS))
    parser.add_argument("--folds", type=int, default=5, help="how many of the five folds are tested")
    parser.add_argument("--ebm-folds", type=int, default=1, help="likewise for the EBM, which takes minutes for one")
    parser.add_argument("--first-fold", type=int, default=0, help="go on with a table that was broken off")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    asked = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = str(asked.threads)
    learners = {name: make for name, (make, module) in LEARNERS.items() if importlib.util.find_spec(module)}
    print(describe())
    print("numpy, scikit-learn, interpret-core, lightgbm:", ", ".join(_version(name) for name in _COMPARED))
    tables = {}
    for name in asked.data:
        try:
            tables[name] = SETS[name](asked.folder)
        except OSError as error:
            print(f"{name} is left out: {type(error).__name__}")
    got: dict[tuple[str, str], list[Fold]] = {}
    for fold in range(asked.first_fold, max(asked.folds, asked.ebm_folds)):
        for name, (table, outcome) in tables.items():
            for learner, make in learners.items():
                if fold < (asked.ebm_folds if learner == "EBM" else asked.folds):
                    one = measure(make(asked.threads), learner, table, outcome, fold)
                    got.setdefault((name, learner), []).append(one)
                    print(name, "fold", fold, learner, *_cells([one]), flush=True)
    rows = [[name, learner, *_cells(got[name, learner])] for name in tables for learner in learners]
    header = ["set", "learner", "AUROC", "log loss", "fit s", "CPU s", "folds"]
    print_table("Quality on rows not seen", "python -m benchmarks.quality", header, rows)
    if "EBM" in learners and asked.ebm_folds:
        _against_ebm(got, list(tables))


_COMPARED = ("numpy", "scikit-learn", "interpret-core", "lightgbm")


def measure(model: Any, learner: str, table: pd.DataFrame, outcome: NDArray[np.int64], fold: int) -> Fold:
    """Fit on four of five parts, predict the fifth, compare."""
    from sklearn.metrics import log_loss, roc_auc_score

    person = np.unique(table.index, return_inverse=True)[1]
    part = (np.random.default_rng(0).permutation(person.max() + 1) % 5)[person]
    words = [name for name in table.columns if not pd.api.types.is_numeric_dtype(table[name])]
    if learner == "LightGBM":
        table = table.astype(dict.fromkeys(words, "category"))
    train, test = part != fold, part == fold
    wall, cpu = time.perf_counter(), _processor()
    several = {"person": person[train]} if learner == "glass box" and person.max() + 1 < len(person) else {}
    model.fit(table[train], outcome[train], **several)
    seconds, processor = time.perf_counter() - wall, _processor() - cpu
    chance = model.predict_proba(table[test])[:, 1]
    sure = np.clip(chance, 1e-6, 1 - 1e-6)
    return Fold(roc_auc_score(outcome[test], chance), log_loss(outcome[test], sure), seconds, processor)


def _processor() -> float:
    """Seconds of this process, of the workers that ended, and of those still waiting for work."""
    times = os.times()
    alive = 0.0
    for worker in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent = worker.cpu_times()
            alive += spent.user + spent.system
    return times.user + times.system + times.children_user + times.children_system + alive


def _against_ebm(got: dict[tuple[str, str], list[Fold]], names: list[str]) -> None:
    """The glass box minus the EBM on the same folds, and how many times less time it took."""
    rows, gaps = [], []
    for name in names:
        theirs = got[name, "EBM"]
        ours = got[name, "glass box"][: len(theirs)]
        gaps.append(float(np.mean([a.auroc - b.auroc for a, b in zip(ours, theirs, strict=False)])))
        loss = np.mean([a.log_loss - b.log_loss for a, b in zip(ours, theirs, strict=False)])
        faster = [
            sum(getattr(one, what) for one in theirs) / sum(getattr(one, what) for one in ours)
            for what in ("seconds", "processor")
        ]
        rows.append([name, f"{gaps[-1]:+.4f}", f"{loss:+.4f}", *(f"{one:.0f}x" for one in faster), str(len(ours))])
    rows.append(["mean", f"{np.mean(gaps):+.4f}", "", "", "", ""])
    header = ["set", "AUROC", "log loss", "less time", "less CPU", "folds"]
    print_table("The glass box minus the EBM", "python -m benchmarks.quality", header, rows)


def _cells(got: list[Fold]) -> list[str]:
    auroc, loss, seconds, processor = (
        float(np.mean([getattr(one, what) for one in got])) for what in ("auroc", "log_loss", "seconds", "processor")
    )
    return [f"{auroc:.4f}", f"{loss:.4f}", f"{seconds:.1f}", f"{processor:.1f}", str(len(got))]


def _version(name: str) -> str:
    return (
        version(name) if importlib.util.find_spec(name.replace("-core", "").replace("scikit-learn", "sklearn")) else "-"
    )


if __name__ == "__main__":
    main()
