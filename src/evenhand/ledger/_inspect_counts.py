"""Verification of a run's counts, of which some decisions may stay closed."""

from __future__ import annotations

from evenhand.promises import Totals

from ._body import RunFinished

__all__ = ["adds_up", "counts_said"]


def counts_said(finished: RunFinished, found: Totals, closed: int) -> Totals:
    """The counts that a run's end says. What only decisions tell is as found; a closed first decision is taken to tell
    of the closed further ones."""
    return Totals(
        decisions=finished.decisions,
        refused=finished.refused,
        contextual=finished.contextual,
        personalised=finished.personalised,
        offers=tuple(finished.offers),
        further=finished.further,
        promised=found.promised + (finished.further - found.further if closed else 0),
        own_cost=found.own_cost,
    )


def adds_up(said: Totals, found: Totals, closed: int) -> bool:
    """Whether a run's counts are those of its decisions, of which so many could not be opened."""
    people = (said.refused, said.contextual, said.personalised, said.further)
    opened = (found.refused, found.contextual, found.personalised, found.further)
    return (
        said.decisions == found.decisions + closed
        and sum(people) - sum(opened) == closed
        and all(one >= other for one, other in zip(people, opened, strict=True))
        and len(said.offers) == len(found.offers)
        and all(one >= other for one, other in zip(said.offers, found.offers, strict=True))
        and sum(said.offers) - sum(found.offers) <= closed
    )
