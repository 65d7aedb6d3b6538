"""What would another policy have brought? Estimated from decisions that were drawn by lot, with the chances on record.

With w the chance that the policy in question does what was done, over the chance with which it was drawn, and r the
reward, the policy's value per decision is the mean of ``w r`` (inverse propensity score, IPS); of that over the mean of
w (self-normalised, SNIPS); or of ``q(policy) + w (r - q(done))`` with q a predicted reward (doubly robust, DR). Normal
intervals trust that no few rows carry the sum, which heavy weights break; so there is one more interval, by betting,
that holds at every size and for every weight: ``w r`` is never negative and its mean is what is asked, so money put on
it grows only where the mean is larger than claimed. From above, the same for ``w (highest - r)``, and, where the least
chance that any action had is known, also for ``w r`` below its largest. Sources: Horvitz and Thompson 1952;
Swaminathan and Joachims 2015; Dudik, Langford and Li 2011; betting after Waudby-Smith and Ramdas 2024.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Z95, DataError, Finding, Severity

from ._guaranteed import guaranteed_mean

__all__ = ["Estimate", "Logged", "PolicyValue", "policy_value"]

_LARGEST = 2.0**90
"""Rewards beyond this cannot be added up and told apart."""

FEW = 100.0
"""Fewer effective rows than this: the figures say little, whatever their normal interval says."""


@dataclass(frozen=True, slots=True)
class Logged:
    """Decisions that were drawn by lot, and what came of them. One row is one decision.

    Attributes:
        action: int[n], what was done: an offer's index, or any other number that stands for one action.
        reward: float64[n], what came of it: a click (0 or 1), money.
        propensity: float64[n], the chance with which exactly this was drawn for this person, above 0, at most 1.
        person: [n], whose decision it was, or None where every row is somebody else.
    """

    action: NDArray[np.integer]
    reward: NDArray[np.number]
    propensity: NDArray[np.floating]
    person: NDArray[np.generic] | None = None

    def __len__(self) -> int:
        """Number of decisions."""
        return len(self.action)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval."""

    value: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True)
class PolicyValue:
    """What a policy would have brought per decision, as each method sees it.

    Attributes:
        rows: decisions that were looked at.
        effective_rows: as many equally weighted rows would say as much (Kish): ``(sum w)**2 / sum w**2``.
        logged: what was in fact brought, per decision.
        weight: mean of w; 1 where the recorded chances are right and everything the policy does could be drawn.
        ips: by inverse propensity scores.
        snips: the same, self-normalised; None where nothing that the policy does was drawn.
        doubly_robust: None where no predicted rewards were given.
        gain: the policy less what was in fact brought, or less the policy `against` (IPS), row by row, so that what
            both share cancels.
        guaranteed: the interval by betting; None where rewards have no declared range or persons have several rows.
        findings: what makes the figures doubtful.
    """

    rows: int
    effective_rows: float
    logged: Estimate
    weight: Estimate
    ips: Estimate
    snips: Estimate | None
    doubly_robust: Estimate | None
    gain: Estimate
    guaranteed: tuple[float, float] | None
    findings: tuple[Finding, ...]


def policy_value(
    logged: Logged,
    policy: NDArray[np.number],
    *,
    against: NDArray[np.number] | None = None,
    predicted: NDArray[np.floating] | None = None,
    reward_range: tuple[float, float] | None = None,
    least_chance: float | None = None,
) -> PolicyValue:
    """Estimate what a policy would have brought, had it decided instead.

    Args:
        logged: what was done and came of it.
        policy: int[n], what the policy does with each row (numbers as in ``logged.action``); or float64[n], its chance
            of doing what was done; or float64[n, m], its chance of each action 0 to m - 1, rows adding up to 1.
        against: another policy, given likewise, that the gain is over; None = what was in fact done.
        predicted: float64[n, m], expected reward of each action for each row, from a model that did not learn from that
            row (cross-fitted), or from nothing but other data. Needs `policy` as int[n] or float64[n, m].
        reward_range: least and highest possible reward, for the interval that holds at every size.
        least_chance: the least chance with which anything that the policy does could be drawn, as the lots were set up
            (not the least that happened to occur); makes that interval narrower.

    Returns:
        The estimates. Means and intervals do not depend on the order of the rows.

    Raises:
        DataError: shapes that do not fit, a chance outside (0, 1], a reward outside its range, or fewer than 2 rows.

    Example:
        >>> logged = Logged(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 1]), np.full(4, 0.5))
        >>> policy_value(logged, np.array([0, 0, 0, 0])).ips.value
        1.0
    """
    logged, policy = _columns(logged), np.asarray(policy)
    predicted = None if predicted is None else _numbers(predicted, "lots-predicted", "A predicted reward")
    _check(logged, policy)
    _check_rewards(logged, policy, predicted, reward_range)
    _check_least(logged, least_chance)
    reward = np.asarray(logged.reward, np.float64)
    weight = _weight(logged, policy)
    person = None if logged.person is None else np.unique(logged.person, return_inverse=True)[1]
    if person is not None and person.max() + 1 == len(person):
        person = None
    weighted = weight * reward
    rival = reward if against is None else _weight_of(logged, np.asarray(against)) * reward
    mean_weight, ips = _mean(weight), _mean(weighted)
    snips = None
    if mean_weight > 0.0:
        ratio = ips / mean_weight
        snips = _around(ratio, weight * (reward - ratio) / mean_weight, person)
    robust = None
    if predicted is not None:
        own = np.take_along_axis(predicted, logged.action.astype(np.intp)[:, None], axis=1)[:, 0]
        robust = _estimate(_under(policy, predicted) + weight * (reward - own), person)
    value = PolicyValue(
        rows=len(logged),
        effective_rows=float(_total(weight) ** 2 / _total(weight**2)) if mean_weight > 0 else 0.0,
        logged=_estimate(reward, person),
        weight=_estimate(weight, person),
        ips=_estimate(weighted, person),
        snips=snips,
        doubly_robust=robust,
        gain=_estimate(weighted - rival, person),
        guaranteed=(
            None
            if reward_range is None or person is not None
            else guaranteed_mean(weight, reward, reward_range, least_chance)
        ),
        findings=(),
    )
    return _judged(value)


def _columns(logged: Logged) -> Logged:
    """The same as arrays: lists and the columns of any data frame are read, too."""
    person = None if logged.person is None else np.asarray(logged.person)
    if person is not None and any(one is None or one != one for one in person.ravel().tolist()):
        raise _wrong("lots-person", "Some ids of persons are missing.")
    if person is not None and person.dtype == object:
        person = person.astype(str)
    return Logged(
        np.asarray(logged.action),
        _numbers(logged.reward, "lots-reward", "A reward"),
        _numbers(logged.propensity, "lots-propensity", "A recorded chance"),
        person,
    )


def _numbers(values: Any, code: str, what: str) -> NDArray[np.float64]:
    try:
        return np.asarray(values).astype(np.float64)
    except (TypeError, ValueError):
        raise _wrong(code, f"{what} is not a number.") from None


def _weight_of(logged: Logged, policy: NDArray[np.number]) -> NDArray[np.float64]:
    """float64[n] of a policy that was not looked at yet."""
    _check(logged, policy)
    return _weight(logged, policy)


def _weight(logged: Logged, policy: NDArray[np.number]) -> NDArray[np.float64]:
    return _chance(logged.action, policy) / logged.propensity


def _chance(action: NDArray[np.integer], policy: NDArray[np.number]) -> NDArray[np.float64]:
    """float64[n], the policy's chance of doing what was done."""
    if policy.ndim == 2:
        return np.asarray(np.take_along_axis(policy, action.astype(np.intp)[:, None], axis=1)[:, 0], np.float64)
    if _is_chosen(policy):
        return np.asarray(policy == action, np.float64)
    return np.asarray(policy, np.float64)


def _under(policy: NDArray[np.number], predicted: NDArray[np.floating]) -> NDArray[np.float64]:
    """float64[n], the reward that is predicted under the policy."""
    if policy.ndim == 2:
        return np.asarray((policy * predicted).sum(axis=1), np.float64)
    return np.asarray(np.take_along_axis(predicted, policy.astype(np.intp)[:, None], axis=1)[:, 0], np.float64)


def _total(amounts: NDArray[np.float64]) -> float:
    """A sum that does not depend on the order."""
    return float(np.sort(amounts).sum())


def _mean(amounts: NDArray[np.float64]) -> float:
    return _total(amounts) / len(amounts)


def _estimate(amounts: NDArray[np.float64], person: NDArray[np.intp] | None) -> Estimate:
    """Mean of the rows; rows of one person count as one when it comes to chance."""
    value = _mean(amounts)
    return _around(value, amounts - value, person)


def _around(value: float, influence: NDArray[np.float64], person: NDArray[np.intp] | None) -> Estimate:
    """A normal interval from each row's influence on the value."""
    rows = len(influence)
    if person is not None:
        influence = np.asarray(np.bincount(person, weights=influence), np.float64)
    many = len(influence)
    reach = Z95 * math.sqrt(_total(influence**2) * many / (many - 1)) / rows if many > 1 else math.inf
    return Estimate(value, value - reach, value + reach)


def _judged(value: PolicyValue) -> PolicyValue:
    """The same with what makes it doubtful."""
    found = []
    weight = value.weight
    spread = (weight.upper - weight.lower) / (2.0 * Z95)
    if abs(weight.value - 1.0) > 4.0 * spread + 1e-9:
        found.append(
            Finding(
                "EH-LOT-001",
                Severity.ERROR,
                f"The weights are {weight.value:.3f} on average, and would be 1 if the recorded chances were right.",
                "a policy is weighed by the chances with which decisions were drawn",
                "check the chances, and that everything the policy does had a chance of being drawn",
                measured={"mean_weight": weight.value, "standard_error": spread},
            )
        )
    if value.effective_rows < FEW:
        found.append(
            Finding(
                "EH-LOT-002",
                Severity.WARNING,
                f"The {value.rows} rows say as much as {value.effective_rows:.0f} rows of equal weight.",
                f"below {FEW:.0f} effective rows a normal interval is not to be trusted",
                "go by the guaranteed interval, or record more decisions by lot",
                measured={"effective_rows": value.effective_rows},
            )
        )
    return PolicyValue(
        value.rows, value.effective_rows, value.logged, value.weight, value.ips, value.snips, value.doubly_robust,
        value.gain, value.guaranteed, tuple(found),
    )  # fmt: skip


def _check(logged: Logged, policy: NDArray[np.number]) -> None:
    rows = logged.action.size
    columns = [logged.action, logged.reward, logged.propensity, *([] if logged.person is None else [logged.person])]
    fits = all(column.shape == (rows,) for column in columns) and policy.ndim in (1, 2) and len(policy) == rows
    if rows < 2 or not fits:
        raise _wrong("lots-shape", "Actions, rewards, chances and policy are not of the same two or more decisions.")
    if not np.issubdtype(logged.action.dtype, np.integer):
        raise _wrong("lots-action", "The actions are not whole numbers.")
    chances = logged.propensity
    if not bool(((chances > 0.0) & (chances <= 1.0)).all()):
        raise _wrong("lots-propensity", "A recorded chance is not above 0 and at most 1: what was done could be drawn.")
    if _is_chosen(policy):
        return
    if not (np.issubdtype(policy.dtype, np.floating) or policy.dtype.kind in "biu"):
        raise _wrong("lots-policy", "The policy is neither whole numbers nor chances.")
    if not bool(((policy >= 0.0) & (policy <= 1.0)).all()):
        raise _wrong("lots-policy", "A chance of the policy is not between 0 and 1.")
    if policy.ndim == 2 and not bool(np.isclose(policy.sum(axis=1), 1.0, atol=1e-6).all()):
        raise _wrong("lots-policy", "The policy's chances of a row do not add up to 1; doing nothing is an action too.")
    if policy.ndim == 2:
        _check_columns(policy.shape[1], logged.action)


def _check_rewards(
    logged: Logged,
    policy: NDArray[np.number],
    predicted: NDArray[np.floating] | None,
    reward_range: tuple[float, float] | None,
) -> None:
    if not bool((np.abs(logged.reward) <= _LARGEST).all()):
        raise _wrong("lots-reward", "A reward is not a finite number, or beyond 10**27.")
    if reward_range is not None:
        least, highest = reward_range
        if not (math.isfinite(highest - least) and least < highest) or not bool(
            ((logged.reward >= least) & (logged.reward <= highest)).all()
        ):
            raise _wrong("lots-reward", "The range of rewards is empty or without end, or a reward is outside it.")
    if predicted is None:
        return
    shape = policy.shape if policy.ndim == 2 else (len(logged), predicted.shape[-1])
    if predicted.shape != shape or not (policy.ndim == 2 or _is_chosen(policy)):
        raise _wrong("lots-predicted", "Predicted rewards are per row and action, and need what the policy does.")
    if not bool(np.isfinite(predicted).all()):
        raise _wrong("lots-predicted", "A predicted reward is not a finite number.")
    _check_columns(predicted.shape[1], logged.action, *([policy] if _is_chosen(policy) else []))


def _check_least(logged: Logged, least_chance: float | None) -> None:
    if least_chance is not None and not 0.0 < least_chance <= float(logged.propensity.min()) * (1.0 + 1e-9):
        raise _wrong("lots-propensity", "A recorded chance is below the declared least chance, or that is not above 0.")


def _check_columns(wide: int, *done: NDArray[np.number]) -> None:
    if not all(bool(((one >= 0) & (one < wide)).all()) for one in done):
        raise _wrong("lots-action", "An action has no column among the chances or the predicted rewards.")


def _is_chosen(policy: NDArray[np.number]) -> bool:
    """Whether the policy is given as what it does, not as chances."""
    return policy.ndim == 1 and bool(np.issubdtype(policy.dtype, np.integer))


def _wrong(code: str, what: str) -> DataError:
    return DataError(
        code,
        what,
        rule="a policy is weighed by the chances with which decisions were drawn",
        remedy="compare the columns with the help of evenhand.campaigns.policy_value",
    )
