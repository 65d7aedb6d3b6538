"""What each offer of a campaign changes: one fit per offer against the people who were shown nothing.

Of an offer the rows that showed it and the rows of the control are an experiment, if chance decided between the two.
Whether it did is looked at in the columns, over all rows of the two sides; where they tell who was shown the offer,
what would come out is no increment, and nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import PPM, DataError, FeatureView, Model

from ._align import align, shared_pairs
from ._assignment import Assignment, assignment
from ._compile import Compiled, compiled_terms, model_of, spent_on
from ._history import CONTROL, History
from ._increment import Experiment, fit_increment
from ._json import model_digest
from ._qini import evaluate_increment, qini
from ._score import contributions
from ._source import RowSource
from ._terms import Plan, fit_source

__all__ = ["drawn", "fit_increments"]

SIDE_ROWS = 100
"""Training rows that an increment needs at least with the offer, and as many of the control."""
SIDE_CLASS = 20
"""Rows that both sides together need at least of either outcome."""
ALARM = 1e-4
"""An assignment that chance alone makes in fewer of the experiments, over all offers, is refused."""
_TENTHS = 10


def fit_increments(campaign: Campaign, view: FeatureView, history: History, *, withheld: int) -> Model:
    """Fit the increment of every offer and compile it to integers.

    Args:
        campaign: its offers.
        view: the bins.
        history: rows without a withheld value; `CONTROL` as the offer where nothing was shown.
        withheld: rows left out because of one.

    Returns:
        the model, of link ``identity`` in parts per million: ``base[j]`` is what offer j changes on average over the
        rows that its fit saw, and the score of a person whose values are all withheld.

    Raises:
        DataError: see `drawn`.
    """
    training = history.rows(~history.held_out)
    offers = tuple(offer.id for offer in campaign.offers)
    found = drawn(campaign, [binning.name for binning in view.binnings], history)
    fits = {name: _fit_one(campaign, view, _sides(_rows_of(training, j), j)) for j, name in enumerate(offers)}
    pairs = shared_pairs(list(fits.values()))
    aligned = {name: align(compiled, pairs, len(view.binnings)) for name, compiled in fits.items()}
    base = np.array([one.base for one in aligned.values()], np.int64)
    tables = tuple(np.stack([one.rows[t] for one in aligned.values()]) for t in range(len(view.binnings) + len(pairs)))
    shapes = {name: compiled.shapes for name, compiled in aligned.items()}
    digest = model_digest(view, offers, base, tables, pairs, "identity", 1 / PPM)
    model = Model(view, offers, base, tables, shapes, {}, digest, pairs, "identity", 1 / PPM)
    held_out = history.rows(history.held_out)
    evaluation = {
        "target": campaign.model.target.value,
        "rows": {
            "training": len(training.outcome),
            "held_out": len(held_out.outcome),
            "withheld": withheld,
            "control": int((training.offer == CONTROL).sum()),
        },
        "offers": {
            name: {
                **_counted(training, j),
                "assignment": _told(found[name]),
                "held_out": _measured(model, training, held_out, campaign, j),
            }
            for j, name in enumerate(offers)
        },
        "terms": {name: spent_on(compiled) for name, compiled in fits.items()},
    }
    return replace(model, evaluation=evaluation)


def drawn(campaign: Campaign, names: Sequence[str], history: History) -> dict[str, Assignment]:
    """Per offer, how far the columns tell who was shown it and who was shown nothing.

    Args:
        campaign: its offers.
        names: of the columns of codes.
        history: rows without a withheld value; its codes may hold more than features, such as the time of each row.

    Raises:
        DataError: a side has too few rows, the outcome hardly varies, or the columns tell it of some offer, so chance
            did not decide.
    """
    training = history.rows(~history.held_out)
    for j, offer in enumerate(campaign.offers):
        _check_sides(training, j, offer.id)
    found = {}
    for j, offer in enumerate(campaign.offers):
        rows = _rows_of(history, j)
        found[offer.id] = assignment(_sides(rows, j, _one_each(rows)), names)
    worst = min(found, key=lambda name: found[name].chance)
    told = found[worst]
    if not told.looks_random(ALARM / len(found)):
        raise DataError(
            "history-not-randomised",
            f"Chance did not decide who was shown the offer {worst!r}: by the column {told.feature!r} from "
            f"{told.lowest:.2f} to {told.highest:.2f} times as many were shown it as a draw would have it. Chance "
            f"alone differs so much in {told.chance:.1g} of histories.",
            rule="what an offer changes is known only where chance decided who was shown it (history.randomised)",
            remedy="keep only the rows in which people were drawn by lot, or decide by model.target: response",
        )
    return found


def _rows_of(history: History, j: int) -> History:
    """The rows that showed the offer, and those of the control."""
    return history.rows((history.offer == j) | (history.offer == CONTROL))


def _sides(rows: History, j: int, weight: NDArray[np.float64] | None = None) -> Experiment:
    """These rows as an experiment in which everybody had the same chance."""
    shown = (rows.offer == j).astype(np.uint8)
    return Experiment.with_one_chance(rows.codes, shown, rows.outcome, weight, rows.people()[1])


def _one_each(rows: History) -> NDArray[np.float64] | None:
    """Weights by which every person counts once, since it may be people who were drawn, not rows; None = all one."""
    _, person = rows.people()
    return None if person is None else np.asarray(1.0 / np.bincount(person)[person])


def _fit_one(campaign: Campaign, view: FeatureView, sides: Experiment) -> Compiled:
    fitted = fit_increment(sides, _plan(view, campaign))
    return compiled_terms(view, fitted, campaign.model.minimum_bin, 1 / PPM)


def _plan(view: FeatureView, campaign: Campaign) -> Plan:
    sizes = tuple(binning.size for binning in view.binnings)
    return Plan(sizes, tuple(binning.kind == "number" for binning in view.binnings), pairs=campaign.model.pairs)


def _check_sides(training: History, j: int, name: str) -> None:
    shown, control = training.outcome[training.offer == j], training.outcome[training.offer == CONTROL]
    fewest = min(len(shown), len(control))
    if fewest < SIDE_ROWS:
        side = "rows of people who were shown nothing" if len(control) < SIDE_ROWS else f"rows that show {name!r}"
        raise DataError(
            "history-too-few-control" if len(control) < SIDE_ROWS else "history-too-few-shown",
            f"Only {fewest} {side} can teach what the offer {name!r} changes; {SIDE_ROWS} are needed.",
            rule=f"an increment needs at least {SIDE_ROWS} training rows with the offer and {SIDE_ROWS} without",
            remedy="add history, hold out a smaller share, take the offer out, or decide by model.target: response",
        )
    positives = int(shown.sum() + control.sum())
    rarest = min(positives, len(shown) + len(control) - positives)
    if rarest < SIDE_CLASS:
        raise DataError(
            "history-rare-outcome",
            f"Only {rarest} of the training rows of the offer {name!r} and its control have the rarer outcome; "
            f"{SIDE_CLASS} are needed.",
            rule="a change in responses is measured from people who responded and people who did not",
            remedy="check the outcome column, or add history",
        )


def _counted(training: History, j: int) -> dict[str, object]:
    shown, control = training.outcome[training.offer == j], training.outcome[training.offer == CONTROL]
    return {
        "fit": "own",
        "why": "",
        "training_rows": len(shown),
        "training_positives": int(shown.sum()),
        "control_rows": len(control),
        "control_positives": int(control.sum()),
    }


def _told(found: Assignment) -> dict[str, object]:
    return {
        "chance": round(found.chance, 6),
        "feature": found.feature,
        "lowest": round(found.lowest, 6),
        "highest": round(found.highest, 6),
    }


def _measured(model: Model, training: History, held_out: History, campaign: Campaign, j: int) -> dict[str, object]:
    """Qini and tenths of one offer on the rows kept apart; beside it the Qini of the order by response."""
    rows = _rows_of(held_out, j)
    shown = rows.offer == j
    scores = _scores(model, rows.codes, j)
    measured = evaluate_increment(scores, rows.outcome, shown, unit=model.unit, bins=_TENTHS)
    if measured["enough"] and "coefficient" in measured:
        response = _response(model.view, training.rows(training.offer == j), campaign)
        if response is not None:
            instead = qini(_scores(response, rows.codes, 0), rows.outcome, shown)
            measured["by_response"] = instead["coefficient"]
    return measured


def _response(view: FeatureView, shown: History, campaign: Campaign) -> Model | None:
    """How people respond to the offer: the order that a decision by response would go by; None where few differ."""
    positives = int(shown.outcome.sum())
    if min(positives, len(shown.outcome) - positives) < SIDE_CLASS:
        return None
    people, person = shown.people()
    plan = replace(_plan(view, campaign), people=people)
    fitted = fit_source(RowSource(shown.codes, shown.outcome, person=person), plan)
    return model_of(view, fitted, link="logit", minimum=campaign.model.minimum_bin)


def _scores(model: Model, codes: tuple[NDArray[np.uint8], ...], j: int) -> NDArray[np.int64]:
    parts = contributions(model, codes, np.full(len(codes[0]), j))
    return np.asarray(model.base[j] + parts.sum(axis=1, dtype=np.int64), np.int64)
