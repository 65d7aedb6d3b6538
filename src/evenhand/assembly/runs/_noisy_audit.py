"""The outcome per group of a campaign's history with noise: an audit's numbers that can be told outside."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np

from evenhand.adapters.declared.campaign_files import load_campaign
from evenhand.adapters.stores.home import find_home
from evenhand.campaigns import lesson_of
from evenhand.terms import UsageError
from evenhand.vault import discrete_gaussian, discrete_laplace, gaussian_bound, noise_bound

from ..records._vault_end import note_vault_end
from ..records._vault_noise import account_of, loss_of, named_values, told_once
from ..records._vault_store import in_vault, vault_of
from ._frames import Frames
from ._open import open_all

__all__ = ["NoisyRates", "vault_audit"]

_BOTH = 0.975
"""Of each of the two numbers that a rate is made of; so both are within their bounds in 95 of 100 answers."""


@dataclass(frozen=True, slots=True)
class NoisyRates:
    """People per group, and people to whom the outcome happened, with noise.

    Attributes:
        column: the sensitive column.
        people, hits: per value the noisy numbers.
        rates: per value the least and the most that the rate is, by the noise alone (95 %).
        epsilon, delta, noise: what the answer is worth by itself, with which noise.
        spent, budget: what all answers about the column lost together, and what they may.
        again: the same was asked before, and this is the same answer.
    """

    column: str
    people: dict[str, int]
    hits: dict[str, int]
    rates: dict[str, tuple[float, float]]
    epsilon: Fraction
    delta: Fraction
    noise: str
    spent: Fraction
    budget: Fraction
    again: bool


def vault_audit(
    campaign_file: Path,
    column: str,
    values: Sequence[str],
    *,
    epsilon: Fraction,
    noise: str = "laplace",
    home: Path | None = None,
    at: datetime,
    frames: Frames | None = None,
) -> NoisyRates:
    """How often the outcome happened in each group of a campaign's history, differentially private.

    Each person counts once, with their last row that may teach, so one person more or less changes one number by one.

    Args:
        campaign_file: the campaign.
        column: a sensitive column that it keeps in the vault, whose budget pays.
        values: the groups, named by the asker: which ones occur is told by nobody.
        epsilon: what this answer may lose.
        noise: ``laplace`` or ``gaussian``.
        home: the home folder; see `find_home`.
        at: now.
        frames: data frames in place of the campaign's tables.

    Raises:
        UsageError: the column is not in the vault, or the values are not named once each.
        DataError: a table is not what it must be, or the budget is spent.
    """
    wanted = named_values(values)
    loaded = load_campaign(campaign_file, at=at)
    if column not in in_vault(loaded.campaign):
        raise UsageError(
            "noisy-audit-column",
            f"The campaign keeps no sensitive column {column!r} in the vault.",
            rule="what all answers about a column may lose is kept with it, in the vault",
            remedy="evenhand vault put ... --epsilon 2, and declare it with kept_in: vault",
        )
    place = find_home(home, campaign_file=campaign_file)
    folder = campaign_file.resolve().parent
    opened = open_all(loaded, folder=folder, place=place, at=at, frames=frames or Frames())
    lesson = lesson_of(loaded.campaign, opened.history, opened.allowed)
    vault = vault_of(place)
    note_vault_end(place, vault, at)
    loss = loss_of(vault, column, epsilon, noise)

    def noisy() -> list[int]:
        _, last = np.unique(lesson.person[::-1], return_index=True)
        kept = len(lesson.rows) - 1 - last
        codes = np.full(len(opened.history), -1, dtype=np.intp)
        codes[lesson.rows[kept]] = lesson.outcome[kept]
        draw = discrete_gaussian if noise == "gaussian" else discrete_laplace
        counts = opened.history_groups.noisy(
            column, wanted, codes, 2, lambda: draw(loss.size, secrets.randbelow), why="audit: outcome with noise"
        )
        return [int(count) for count in counts.ravel()]

    asked = "\n".join((f"outcome in {loaded.campaign.campaign} {opened.digest}", *wanted))
    told, again = told_once(vault, column, asked, loss, noisy)
    pairs = dict(zip(wanted, np.array(told).reshape(-1, 2).tolist(), strict=True))
    bound = gaussian_bound(loss.size, _BOTH) if noise == "gaussian" else noise_bound(epsilon, _BOTH)
    lost, budget = account_of(vault, column)
    return NoisyRates(
        column=column,
        people={value: none + some for value, (none, some) in pairs.items()},
        hits={value: some for value, (_, some) in pairs.items()},
        rates={value: _rate(none, some, bound) for value, (none, some) in pairs.items()},
        epsilon=epsilon,
        delta=budget.delta,
        noise=noise,
        spent=budget.spent(lost),
        budget=budget.epsilon,
        again=again,
    )


def _rate(none: int, some: int, bound: int) -> tuple[float, float]:
    """The least and the most that the rate can be where each number is no further from the truth than this."""
    fewest, most = max(0, some - bound), max(0, some + bound)
    others_most, others_fewest = max(0, none + bound), max(0, none - bound)
    low = fewest / (fewest + others_most) if fewest + others_most else 0.0
    high = most / (most + others_fewest) if most + others_fewest else 1.0
    return low, high
