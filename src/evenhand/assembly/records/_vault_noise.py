"""Noisy counts of a column in the vault, for somebody outside: paid for from the column's budget, and told once."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from pathlib import Path

from evenhand.adapters.stores.home import find_home
from evenhand.adapters.stores.vault_tables import VaultTables
from evenhand.terms import DataError, UsageError, microseconds_of
from evenhand.vault import Budget, Loss, discrete_gaussian, discrete_laplace, gaussian_bound, noise_bound

from ._vault_end import note_vault_end
from ._vault_store import vault_of, who_asks

__all__ = ["NoisyCounts", "account_of", "loss_of", "named_values", "told_once", "vault_count"]


@dataclass(frozen=True, slots=True)
class NoisyCounts:
    """Counts of a column with noise, to be told outside.

    Attributes:
        column: the column.
        counts: per value the noisy count, and the least and the most that the true one is (95 %).
        epsilon: what the answer is worth by itself.
        spent, budget: what all answers so far lost together, and what they may; both as an epsilon.
        again: the same was asked before, and this is the same answer: nothing more was lost.
        noise: ``laplace`` or ``gaussian``.
        delta: of the budget.
    """

    column: str
    counts: dict[str, tuple[int, int, int]]
    epsilon: Fraction
    spent: Fraction
    budget: Fraction
    again: bool
    noise: str = "laplace"
    delta: Fraction = Fraction(0)


def vault_count(
    column: str, values: Sequence[str], *, epsilon: Fraction, home: str | Path | None = None, at: datetime,
    purpose: str = "", who: str | None = None, noise: str = "laplace",
) -> NoisyCounts:  # fmt: skip
    """How many people have each of these values, differentially private: one person more or less changes the chance of
    any answer by a factor of at most ``exp(epsilon)``, with Gaussian noise but for a chance of the budget's delta.

    Args:
        column: a column in the vault.
        values: the values to count, named by the asker: which values occur is told by nobody.
        epsilon: what this answer may lose.
        home: the home folder; see `find_home`.
        at: now.
        purpose: why, for the log.
        who: who asks.
        noise: ``laplace``, or ``gaussian``, of which many answers together lose less.

    Raises:
        UsageError: no value, one twice, or an epsilon out of bounds.
        DataError: there is no such column, its time is up, or its budget is spent.
    """
    wanted = named_values(values)
    place, moment = find_home(home), microseconds_of(at)
    vault = vault_of(place)
    words = vault.words(column, purpose=purpose or "noisy counts", at=moment, who=who_asks(who))
    note_vault_end(place, vault, at)
    true = [words[value] for value in wanted]
    loss = loss_of(vault, column, epsilon, noise)
    bound = gaussian_bound(loss.size) if noise == "gaussian" else noise_bound(epsilon)
    draw = discrete_gaussian if noise == "gaussian" else discrete_laplace

    def noisy() -> list[int]:
        return [count + draw(loss.size, secrets.randbelow) for count in true]

    counts, again = told_once(vault, column, "\n".join(wanted), loss, noisy)
    lost, budget = account_of(vault, column)
    told = {value: (n, max(0, n - bound), max(0, n + bound)) for value, n in zip(wanted, counts, strict=True)}
    return NoisyCounts(column, told, epsilon, budget.spent(lost), budget.epsilon, again, noise, budget.delta)


def named_values(values: Sequence[str]) -> list[str]:
    """The values that were named, in order; each once.

    Raises:
        UsageError: none, or one twice.
    """
    wanted = sorted(set(values))
    if not wanted or len(wanted) != len(values):
        raise UsageError(
            "vault-count-values",
            "No value was named, or one twice.",
            rule="whoever asks names the values, since which ones occur would tell about people",
            remedy="name them with commas between: --values f,m",
        )
    return wanted


def account_of(vault: VaultTables, column: str) -> tuple[list[Loss], Budget]:
    """What each answer about a column lost, and the column's budget."""
    lost, budget = vault.spent(column)
    return [Loss.of(one) for one in lost], Budget.of(budget)


def loss_of(vault: VaultTables, column: str, epsilon: Fraction, noise: str) -> Loss:
    """What an answer with this noise loses of a column's budget."""
    return account_of(vault, column)[1].gaussian(epsilon) if noise == "gaussian" else Loss("laplace", epsilon)


def told_once(
    vault: VaultTables, column: str, asked: str, loss: Loss, make: Callable[[], list[int]]
) -> tuple[list[int], bool]:
    """The answer to a question, paid for from the column's budget; see `VaultTables.told_once`.

    Raises:
        DataError: the budget does not allow it.
    """

    def check(before: list[str], kept: str) -> None:
        lost, budget = [Loss.of(one) for one in before], Budget.of(kept)
        if not budget.allows([*lost, loss]):
            raise DataError(
                "vault-budget-spent",
                f"Of the privacy budget of column {column!r}, {float(budget.spent(lost)):.4g} of "
                f"{float(budget.epsilon):g} is spent; with this answer it would be "
                f"{float(budget.spent([*lost, loss])):.4g}.",
                rule="what all answers about a column lose together is bounded",
                remedy="ask an earlier question again, ask with a smaller --epsilon, or decide on a larger budget: "
                "evenhand vault put ... --epsilon",
            )

    return vault.told_once(column, asked, str(loss), make, check)
