"""Consent, objection and opt-out records of a generated population."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import ConsentStatus

__all__ = ["ConsentRecords", "ConsentShares", "consent_records"]

_MINUTES_BACK = 2 * 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class ConsentShares:
    """Which share of a population ends in which state. What is left over was never asked: no record at all.

    Attributes:
        given: said yes, and nothing since.
        renewed: said yes, it ran out, said yes again.
        withdrawn: said yes, and took it back.
        refused: said no.
        expired: said yes, it ran out, nothing since.
        requested: was asked, has not answered.
        objected: objects to direct marketing (independent of the consent state).
        objection_withdrawn: objected once, and took the objection back.
        opted_out: no personalisation, please (independent of the consent state).
        opt_out_withdrawn: opted out once, and in again.
        minors: known to be under age.
    """

    given: float = 0.70
    renewed: float = 0.08
    withdrawn: float = 0.06
    refused: float = 0.05
    expired: float = 0.04
    requested: float = 0.02
    objected: float = 0.03
    objection_withdrawn: float = 0.01
    opted_out: float = 0.04
    opt_out_withdrawn: float = 0.01
    minors: float = 0.0


@dataclass(frozen=True, slots=True)
class ConsentRecords:
    """Records, oldest first. Every array has one entry per record.

    Attributes:
        subject: intp, position of the person in the population.
        kind: str, consent, objection, opt_out or minor.
        purpose: str, the DPV purpose that it is about.
        status: str, e.g. ConsentGiven or OptedOut.
        at: datetime64[us] in UTC, always before the `at` that was asked for.
    """

    subject: NDArray[np.intp]
    kind: NDArray[np.str_]
    purpose: NDArray[np.str_]
    status: NDArray[np.str_]
    at: NDArray[np.datetime64]


def consent_records(
    n: int,
    *,
    purpose: str,
    at: np.datetime64,
    rng: np.random.Generator,
    shares: ConsentShares | None = None,
    objection_purpose: str = "DirectMarketing",
) -> ConsentRecords:
    """Draw the records of `n` people, independent of everything else about them, from the two years before `at`.

    Args:
        n: number of people.
        purpose: DPV purpose that consents and opt-outs are about.
        at: moment that all records precede.
        rng: where the draws come from.
        shares: how common each state is.
        objection_purpose: DPV purpose that objections are about.

    >>> rng = np.random.default_rng(1)
    >>> records = consent_records(1000, purpose="PersonalisedAdvertising", at=np.datetime64("2026-01-01"), rng=rng)
    >>> bool((records.at < np.datetime64("2026-01-01")).all())
    True
    """
    wanted = shares or ConsentShares()
    paths: list[tuple[float, tuple[ConsentStatus, ...]]] = [
        (wanted.given, (ConsentStatus.GIVEN,)),
        (wanted.renewed, (ConsentStatus.GIVEN, ConsentStatus.EXPIRED, ConsentStatus.RENEWED)),
        (wanted.withdrawn, (ConsentStatus.GIVEN, ConsentStatus.WITHDRAWN)),
        (wanted.refused, (ConsentStatus.REFUSED,)),
        (wanted.expired, (ConsentStatus.GIVEN, ConsentStatus.EXPIRED)),
        (wanted.requested, (ConsentStatus.REQUESTED,)),
    ]
    path = np.searchsorted(np.cumsum([share for share, _ in paths]), rng.random(n), side="right")
    parts: list[tuple[NDArray[np.intp], str, str, str, NDArray[np.int64]]] = []
    for index, (_, states) in enumerate(paths):
        people = np.flatnonzero(path == index)
        # Every state of a path falls in a stretch of its own, so that records keep their order in time.
        stretch = _MINUTES_BACK // len(states)
        for step, state in enumerate(states):
            back = (len(states) - step - 1) * stretch + rng.integers(1, stretch, len(people))
            parts.append((people, "consent", purpose, state.value, back))
    for kind, about, first, share_first, then, share_then in (
        ("objection", objection_purpose, "Objected", wanted.objected, "ObjectionWithdrawn", wanted.objection_withdrawn),
        ("opt_out", purpose, "OptedOut", wanted.opted_out, "OptOutWithdrawn", wanted.opt_out_withdrawn),
    ):
        draw = rng.random(n)
        people = np.flatnonzero(draw < share_first + share_then)
        back = rng.integers(_MINUTES_BACK // 2, _MINUTES_BACK, len(people))
        parts.append((people, kind, about, first, back))
        undone = draw[people] < share_then
        parts.append((people[undone], kind, about, then, rng.integers(1, _MINUTES_BACK // 2, int(undone.sum()))))
    minors = np.flatnonzero(rng.random(n) < wanted.minors)
    parts.append((minors, "minor", objection_purpose, "yes", rng.integers(1, _MINUTES_BACK, len(minors))))
    return _in_time_order(parts, at)


def _in_time_order(
    parts: list[tuple[NDArray[np.intp], str, str, str, NDArray[np.int64]]], at: np.datetime64
) -> ConsentRecords:
    """Join the parts and sort them by time, then person, so that the same draw gives the same table."""
    subject = np.concatenate([part[0] for part in parts])
    back = np.concatenate([part[4] for part in parts])
    which = np.repeat(np.arange(len(parts)), [len(part[0]) for part in parts])
    order = np.lexsort((which, subject, -back))
    kinds, purposes, statuses = (np.array([part[place] for part in parts]) for place in (1, 2, 3))
    which = which[order]
    moments = at.astype("datetime64[us]") - back[order].astype("timedelta64[m]")
    return ConsentRecords(subject[order], kinds[which], purposes[which], statuses[which], moments)
