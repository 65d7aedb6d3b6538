"""The history rows that a model is fitted on, and what must hold for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import WITHHELD, DataError, FeatureView, Target

__all__ = ["CONTROL", "History", "check_history", "check_training"]

CONTROL = -2
"""Stands for an offer's index in the rows of people who were shown nothing."""


@dataclass(frozen=True, slots=True)
class History:
    """The rows that may train, and those kept apart for evaluation."""

    codes: tuple[NDArray[np.uint8], ...]
    offer: NDArray[np.intp]
    outcome: NDArray[np.uint8]
    held_out: NDArray[np.bool_]
    person: NDArray[np.intp] | None = None

    @classmethod
    def known(
        cls,
        codes: tuple[NDArray[np.uint8], ...],
        offer: NDArray[np.integer],
        outcome: NDArray[np.uint8],
        held_out: NDArray[np.bool_],
        person: NDArray[np.integer] | None = None,
    ) -> History:
        """The rows in which no value is withheld."""
        whose = None if person is None else np.asarray(person).astype(np.intp)
        known = np.ones(len(outcome), bool)
        for column in codes:
            known &= column != WITHHELD
        return cls(codes, np.asarray(offer).astype(np.intp), outcome, np.asarray(held_out, bool), whose).rows(known)

    def rows(self, mask: NDArray[np.bool_]) -> History:
        person = None if self.person is None else self.person[mask]
        return History(
            tuple(column[mask] for column in self.codes),
            self.offer[mask],
            self.outcome[mask],
            self.held_out[mask],
            person,
        )

    def people(self) -> tuple[int, NDArray[np.intp] | None]:
        """How many people the rows are of, and whose each is; 0 and None where nobody has two."""
        if self.person is None:
            return 0, None
        people, person = np.unique(self.person, return_inverse=True)
        return (len(people), person) if len(people) < len(person) else (0, None)


def check_history(
    campaign: Campaign,
    view: FeatureView,
    codes: tuple[NDArray[np.uint8], ...],
    offer: NDArray[np.integer],
    outcome: NDArray[np.uint8],
    held_out: NDArray[np.bool_],
    person: NDArray[np.integer] | None = None,
) -> None:
    """Raise a DataError unless codes, offers and outcomes belong together."""
    rows = len(outcome)
    problem = ""
    if len(codes) != len(view.binnings):
        problem = f"The view has {len(view.binnings)} features and {len(codes)} columns of codes came."
    elif {len(offer), len(held_out), *(len(column) for column in codes)} - {rows}:
        problem = "Codes, offers, outcomes and held-out marks have different numbers of rows."
    elif person is not None and len(person) != rows:
        problem = "There is not one person per row."
    elif rows and not np.isin(outcome, (0, 1)).all():
        problem = "The outcome has values other than 0 and 1."
    elif rows and (
        np.min(offer) < (CONTROL if campaign.model.target is Target.INCREMENT else -1)
        or np.max(offer) >= len(campaign.offers)
    ):
        problem = "A history row names an offer that the campaign does not have."
    else:
        for binning, column in zip(view.binnings, codes, strict=True):
            if rows and int(column.max()) >= binning.size:
                problem = f"A code of feature '{binning.name}' is not one of its bins."
    if problem:
        raise DataError(
            "fit-shapes", problem, rule="A fit needs one code, offer and outcome per history row.",
            remedy="Encode the history with the same view that is given to the fit.",
        )  # fmt: skip


def check_training(training: History, minimum: int) -> None:
    """Raise a DataError unless there are enough people and both outcomes."""
    rows, positives = len(training.outcome), int(training.outcome.sum())
    people = training.people()[0] or rows
    if people < minimum:
        raise DataError(
            "history-too-small",
            f"Only {rows} history rows, of {people} people, can train a model; {minimum} people are needed.",
            rule="A model from fewer people than one bin may hold would tell about persons (model.minimum_bin).",
            remedy="Add history, or hold out a smaller share.",
        )
    if positives in (0, rows):
        raise DataError(
            "outcome-one-class",
            f"All {rows} training rows have the same outcome, so there is nothing to learn.",
            rule="A response model needs people who responded and people who did not.",
            remedy="Check the outcome column and the hold-out; add history with both outcomes.",
        )
