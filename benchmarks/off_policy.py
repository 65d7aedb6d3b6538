"""How often do intervals for another policy's value hold the truth? Generated logs, light and heavy weights; real logs.

Run: ``python -m benchmarks.off_policy [LOGS] [--rows N] [--folder DIR]``. Five actions, drawn with chances that are the
more uneven the larger the first column is; the policy in question does what is best for each row, and its true value is
known. Predicted rewards for the doubly robust estimate are off by a fifth. The real logs are the small Open Bandit Data
Set, read from a folder that is no part of the repository: what drawing items evenly brings is estimated from the log of
a bandit, beside the click rate that was seen when items were drawn evenly.
"""

from __future__ import annotations

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from evenhand.campaigns import Logged, policy_value

from .machine import describe, print_table

_FOLDER = Path(__file__).parents[2] / "shared" / "data" / "open_bandit"
_NAMES = ("ips", "snips", "doubly_robust", "guaranteed")


def world(
    rows: int, heavy: float, rng: np.random.Generator
) -> tuple[Logged, NDArray[np.int64], NDArray[np.float64], float]:
    """A log, what is best for each row, the expected reward of each action, and the least chance of any."""
    x = rng.random(rows)[:, None]
    expected = 0.02 + 0.08 * np.abs(np.sin(3 * x + np.arange(5)))
    chance = np.exp(heavy * np.cos(5 * x + 2 * np.arange(5)))
    chance /= chance.sum(axis=1, keepdims=True)
    action = (chance.cumsum(axis=1) < rng.random((rows, 1))).sum(axis=1).clip(0, 4)
    own = np.arange(rows), action
    reward = (rng.random(rows) < expected[own]).astype(np.int64)
    return Logged(action, reward, chance[own]), expected.argmax(axis=1), expected, float(chance.min())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.off_policy", description=__doc__)
    parser.add_argument("logs", nargs="?", type=int, default=500)
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--folder", type=Path, default=_FOLDER)
    asked = parser.parse_args()
    print(describe())
    command = f"python -m benchmarks.off_policy {asked.logs} --rows {asked.rows}"
    rows = [_covered(heavy, asked.logs, asked.rows) for heavy in (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)]
    header = [
        "unevenness",
        "effective rows",
        *(f"{name} holds" for name in _NAMES),
        *(f"{name} wide" for name in _NAMES),
    ]
    print_table("How often a 95 % interval holds the truth, and how wide it is", command, header, rows)
    _real(asked.folder, command)
    logged, policy, _, least = world(1_000_000, 0.5, np.random.default_rng(0))
    start = time.process_time()
    policy_value(logged, policy, reward_range=(0, 1), least_chance=least)
    print(f"\n1,000,000 decisions: {time.process_time() - start:.2f} s of processor time, every interval included")


def _covered(heavy: float, logs: int, rows: int) -> list[str]:
    truth = float(world(1_000_000, heavy, np.random.default_rng(99))[2].max(axis=1).mean())
    rng = np.random.default_rng(1)
    held, wide, effective = np.zeros(4), np.zeros(4), 0.0
    for _ in range(logs):
        logged, policy, expected, least = world(rows, heavy, rng)
        found = policy_value(logged, policy, predicted=0.8 * expected, reward_range=(0, 1), least_chance=least)
        effective += found.effective_rows / logs
        for place, name in enumerate(_NAMES):
            one = getattr(found, name)
            if one is None:
                continue
            lower, upper = one if name == "guaranteed" else dataclasses.astuple(one)[1:]
            held[place] += (lower <= truth <= upper) / logs
            wide[place] += (upper - lower) / logs
    return [f"{heavy:g}", f"{effective:,.0f}", *(f"{100 * one:.1f} %" for one in held), *(f"{one:.3f}" for one in wide)]


def _real(folder: Path, command: str) -> None:
    if not folder.is_dir():
        print("\nThe Open Bandit Data Set is not there, and is left out.")
        return
    rows = []
    for campaign, items in (("all", 80), ("men", 34), ("women", 46)):
        drawn, bandit = (pl.read_csv(folder / f"{name}_{campaign}.csv.gz") for name in ("random", "bts"))
        even = np.full(bandit.height, 1 / items)
        found = policy_value(_log(bandit), even, reward_range=(0, 1))
        assert found.snips is not None
        assert found.guaranteed is not None
        rows.append(
            [
                campaign,
                f"{100 * float(drawn['click'].to_numpy().mean()):.2f} %",
                *(f"{100 * one.value:.2f} % ({100 * one.lower:.2f} to {100 * one.upper:.2f})"
                  for one in (found.ips, found.snips)),
                f"{100 * found.guaranteed[0]:.2f} to {100 * found.guaranteed[1]:.2f} %",
                f"{found.effective_rows:,.0f} of {found.rows:,}",
            ]
        )  # fmt: skip
    header = ["campaign", "seen when drawn evenly", "IPS", "SNIPS", "guaranteed", "effective rows"]
    print_table("Clicks per impression with items drawn evenly, told from a bandit's log", command, header, rows)


def _log(table: pl.DataFrame) -> Logged:
    chance = table["propensity_score"].to_numpy().astype(np.float64)
    return Logged(table["item_id"].to_numpy(), table["click"].to_numpy(), chance)


if __name__ == "__main__":
    main()
