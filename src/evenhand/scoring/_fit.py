"""From history codes to a model: one additive fit per offer, or one for all, compiled to integer tables."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import FeatureView, Model, Target

from ._align import align, shared_pairs
from ._compile import MICRO_LOGITS, Compiled, compiled_terms, spent_on
from ._evaluation import evaluate
from ._fit_increments import fit_increments
from ._history import History, check_history, check_training
from ._json import model_digest
from ._score import contributions
from ._source import RowSource
from ._terms import Plan, fit_source

__all__ = ["fit"]

OWN_FIT_ROWS = 100
"""An offer with fewer training rows than this is scored by the fit over all offers."""
OWN_FIT_CLASS = 20
"""Likewise with fewer rows than this of either outcome."""


def fit(
    campaign: Campaign,
    view: FeatureView,
    codes: tuple[NDArray[np.uint8], ...],
    offer: NDArray[np.integer],
    outcome: NDArray[np.uint8],
    held_out: NDArray[np.bool_],
    person: NDArray[np.integer] | None = None,
) -> Model:
    """Fit the glass box from history and compile it to integers.

    With ``model.kind: per_offer`` each offer has its own fit; an offer whose history is too small falls back to the fit
    over all offers, and the evaluation says so. With ``pooled`` there is one fit, in which the offer is a term of its
    own. Rows with a withheld value are left out whole. The order of the rows changes nothing.

    With ``model.target: increment`` what is fitted is what each offer changes; see `fit_increments`.

    Args:
        campaign: offers, and what kind of model.
        view: the bins; one per term.
        codes: per term uint8[k], bin codes of the history rows.
        offer: int[k], index into the campaign's offers; -1 for an offer that is no longer there (it still helps the
            fit over all offers); `CONTROL` where nothing was shown, for increments alone.
        outcome: uint8[k], 1 = responded, 0 = not.
        held_out: bool[k], rows kept out of the fit, for evaluation.
        person: int[k], equal where rows are of the same person; None = nobody has two. Shapes and pairs are held back,
            and intervals are wider, by as much as one person's rows have in common.

    Returns:
        the model. Every table row has weighted mean zero over the rows that it was fitted on and 0 at WITHHELD, so
        ``base[j]`` is the average logit of those rows, and the score of a person whose values are all withheld.

    Raises:
        DataError: shapes or values do not fit, too few rows, or only one outcome in the whole history.
    """
    check_history(campaign, view, codes, offer, outcome, held_out, person)
    history = History.known(codes, offer, outcome, held_out, person)
    withheld = len(outcome) - len(history.outcome)
    if campaign.model.target is Target.INCREMENT:
        return fit_increments(campaign, view, history, withheld=withheld)
    training = history.rows(~history.held_out)
    check_training(training, campaign.model.minimum_bin)
    offers = tuple(item.id for item in campaign.offers)
    own = [j for j in range(len(offers)) if campaign.model.kind == "per_offer" and _has_own_fit(training, j)]
    fits: dict[int, Compiled] = {j: _fit_one(view, training.rows(training.offer == j), campaign) for j in own}
    pooled: Compiled | None = None
    effect = np.zeros(len(offers), np.int64)
    if len(own) < len(offers):
        pooled, effect = _fit_pooled(view, training, campaign)
    every = {**{offers[j]: fits[j] for j in own}, **({"": pooled} if pooled is not None else {})}
    pairs = shared_pairs(list(every.values()))
    aligned = {name: align(compiled, pairs, len(view.binnings)) for name, compiled in every.items()}
    used = [aligned[offers[j]] if j in fits else aligned[""] for j in range(len(offers))]
    base = np.array([one.base + (0 if j in fits else effect[j]) for j, one in enumerate(used)], np.int64)
    tables = tuple(np.stack([one.rows[t] for one in used]) for t in range(len(view.binnings) + len(pairs)))
    shapes = {name: compiled.shapes for name, compiled in aligned.items()}
    model = Model(view, offers, base, tables, shapes, {}, model_digest(view, offers, base, tables, pairs), pairs)
    notes = _notes(training, offers, set(own), campaign.model.kind)
    spent = {name: spent_on(compiled) for name, compiled in every.items()}
    counted = {
        "training": len(training.outcome),
        "held_out": int(history.held_out.sum()),
        "withheld": withheld,
    }
    evaluation = {"rows": counted, **_held_out(model, history.rows(history.held_out), notes), "terms": spent}
    return replace(model, evaluation=evaluation)


def _has_own_fit(training: History, j: int) -> bool:
    mine = training.outcome[training.offer == j]
    positives = int(mine.sum())
    return len(mine) >= OWN_FIT_ROWS and min(positives, len(mine) - positives) >= OWN_FIT_CLASS


def _fit_one(view: FeatureView, rows: History, campaign: Campaign) -> Compiled:
    sizes = tuple(binning.size for binning in view.binnings)
    ordered = tuple(binning.kind == "number" for binning in view.binnings)
    people, person = rows.people()
    plan = Plan(sizes, ordered, pairs=campaign.model.pairs, people=people)
    fitted = fit_source(RowSource(rows.codes, rows.outcome, person=person), plan)
    return compiled_terms(view, fitted, campaign.model.minimum_bin)


def _fit_pooled(view: FeatureView, rows: History, campaign: Campaign) -> tuple[Compiled, NDArray[np.int64]]:
    """One fit for all offers; the offer is one more category, whose effects are given apart, in micro-logits.

    An offer never shown has effect 0: it is taken for an average one.
    """
    offers = len(campaign.offers)
    levels = np.unique(rows.offer)
    if len(levels) == 1:
        return _fit_one(view, rows, campaign), np.zeros(offers, np.int64)
    place = np.searchsorted(levels, rows.offer)
    sizes = (*(binning.size for binning in view.binnings), len(levels) + 1)
    ordered = (*(binning.kind == "number" for binning in view.binnings), False)
    joint = (*(True for _ in view.binnings), False)
    people, person = rows.people()
    plan = Plan(sizes, ordered, pairs=campaign.model.pairs, joint=joint, people=people)
    fitted = fit_source(RowSource((*rows.codes, place + 1), rows.outcome, person=person), plan)
    compiled = compiled_terms(view, fitted, campaign.model.minimum_bin)
    raw = fitted.effects[len(view.binnings)][1:]
    mean = float(np.bincount(place, minlength=len(levels)) @ raw) / len(place)
    effect = np.zeros(offers, np.int64)
    for level, value in zip(levels.tolist(), raw.tolist(), strict=True):
        if level >= 0:
            effect[level] = round((value - mean) * MICRO_LOGITS)
    base = compiled.base + round(mean * MICRO_LOGITS)
    return replace(compiled, base=base), effect


def _notes(training: History, offers: tuple[str, ...], own: set[int], kind: str) -> dict[str, dict[str, object]]:
    """Per offer: which fit scores it, and why."""
    notes: dict[str, dict[str, object]] = {}
    for j, name in enumerate(offers):
        mine = training.outcome[training.offer == j]
        positives = int(mine.sum())
        why = ""
        if not len(mine):
            why = "never-shown"
        elif j not in own and kind == "per_offer":
            why = "one-outcome-only" if positives in (0, len(mine)) else "too-few-rows"
        notes[name] = {
            "fit": "own" if j in own else "pooled",
            "why": why,
            "training_rows": len(mine),
            "training_positives": positives,
        }
    return notes


def _held_out(model: Model, rows: History, notes: dict[str, dict[str, object]]) -> dict[str, object]:
    """Measures on the rows kept apart, over all offers and for each."""
    here = rows.rows(rows.offer >= 0)
    parts = contributions(model, here.codes, here.offer)
    scores = model.base[here.offer] + parts.sum(axis=1, dtype=np.int64)
    offers = {
        name: {**notes[name], "held_out": evaluate(scores[here.offer == j], here.outcome[here.offer == j])}
        for j, name in enumerate(model.offers)
    }
    return {"overall": evaluate(scores, here.outcome), "offers": offers}
