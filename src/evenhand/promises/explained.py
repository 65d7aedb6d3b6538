"""Explained: the recorded reasons are the true ones, recomputed to the last unit (docs/promises/explained.md)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.terms import PPM, Reason, Standing, expected_value, lots_for, score_of, score_ppm, term_contributions

from ._columns import Ground, RecordColumns, Violation

__all__ = ["check_decisions", "check_run"]

_KNOWN = np.isin(np.arange(256), [int(reason) for reason in Reason])
_PERMITTING = np.arange(256) < Reason.DIRECT_MARKETING_OBJECTION
_BY_LOT = np.isin(np.arange(256), [reason for reason in Reason if reason.is_by_lot])
_ANSWERS = _BY_LOT | np.isin(
    np.arange(256), [Reason.SELECTED, Reason.BEYOND_LIMITS, Reason.NO_WORTHWHILE_OFFER, Reason.NOT_ELIGIBLE]
)
_OFFERING = np.isin(np.arange(256), [Reason.SELECTED, Reason.DRAWN_OFFER])


def check_run(ground: Ground) -> tuple[Violation, ...]:
    """The model speaks of the campaign's offers, in order, and of what it decides by; every table fits its bins."""
    model = ground.model
    declared = tuple(offer.id for offer in ground.campaign.offers)
    sizes = [*(binning.size for binning in model.view.binnings), *(pair.size for pair in model.pairs)]
    fits = [table.shape for table in model.tables] == [(len(model.offers), size) for size in sizes]
    fits &= (model.link, model.unit) == (ground.campaign.model.target.link, 1 / PPM)
    if model.offers == declared and len(model.base) == len(declared) and fits:
        return ()
    what = "The model's offers or tables are not those of the campaign and the view."
    return (Violation("explained", "model-shape", what, "G-15h", "Learn the model again for this campaign."),)


def check_decisions(columns: RecordColumns, ground: Ground) -> tuple[Violation, ...]:
    """Reasons fit the outcome; score, value, margin and top terms are recomputed from codes and tables."""
    malformed = _malformed(columns, ground)
    if malformed.any():
        what = "A recorded decision names an offer, a code, a term or a reason that does not exist."
        return (_broken("unknown-index", what, malformed),)
    checks = [
        (
            "reason",
            _reason_wrong(columns, len(ground.campaign.offers)),
            "The recorded reason does not fit the outcome.",
        ),
        (
            "list",
            _list_wrong(columns, ground.campaign.offers_each),
            "A person's list of offers is not what the decisions about them say.",
        ),
        ("cost", _cost_wrong(columns, ground.campaign), "A recorded cost is not the one that the campaign declares."),
        ("lot", _lot_wrong(columns, ground), "A decision by lot is not what the lot says, or hides that it is one."),
        *_amounts(columns, ground),
    ]
    return tuple(_broken(code, what, mask) for code, mask, what in checks if bool(mask.any()))


def _malformed(columns: RecordColumns, ground: Ground) -> NDArray[np.bool_]:
    m, terms = len(ground.campaign.offers), len(ground.model.tables)
    bad: NDArray[np.bool_] = columns.standing > max(Standing)
    bad |= ~_KNOWN[columns.permission] | ~_KNOWN[columns.outcome]
    features = len(ground.model.view.binnings)
    for index, size in ((columns.offer, m), (columns.runner_up, m), (columns.flip_term, features)):
        bad |= (index < -1) | (index >= size)
    bad |= ((columns.top_terms < -1) | (columns.top_terms >= terms)).any(axis=1)
    bad |= (columns.offer >= 0) & (columns.offer == columns.runner_up)
    bad |= ((columns.listed < -1) | (columns.listed >= m)).any(axis=1)
    if columns.excluded.shape[1] > m:
        bad |= columns.excluded[:, m:].any(axis=1)
    if len(columns.codes) != features:
        bad[:] = True
    for code, table in zip(columns.codes, ground.model.tables, strict=False):  # the pairs follow from these
        over = code >= table.shape[1]
        bad |= over if over.ndim == 1 else over.any(axis=0)
    return bad


def _reason_wrong(columns: RecordColumns, offers: int) -> NDArray[np.bool_]:
    refused = columns.standing == Standing.REFUSED
    personalised = columns.standing == Standing.PERSONALISED
    wrong: NDArray[np.bool_] = personalised != _PERMITTING[columns.permission]
    wrong |= refused & (columns.outcome != columns.permission)
    wrong |= ~refused & ~_ANSWERS[columns.outcome]
    wrong |= (columns.offer >= 0) != _OFFERING[columns.outcome]
    wrong |= (columns.flip_term >= 0) & (~personalised | _BY_LOT[columns.outcome])
    wrong |= ~refused & ((columns.outcome == Reason.NOT_ELIGIBLE) != (columns.excluded.sum(axis=1) == offers))
    return wrong


def _list_wrong(columns: RecordColumns, most: int) -> NDArray[np.bool_]:
    """A list has two to as many different offers as may be, without gaps, the decision's own among them; the decisions
    about a person follow each other, in the order of the list, and the runner-up is none of the list."""
    listed = columns.listed
    if not listed.shape[1]:
        return np.zeros(len(columns), dtype=np.bool_)
    has = listed[:, 0] >= 0
    number = (listed >= 0).sum(axis=1)
    ordered = np.sort(listed, axis=1)
    twice = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any(axis=1)
    own = listed == columns.offer[:, None]
    wrong = (listed >= 0) != (np.arange(listed.shape[1]) < number[:, None])
    bad: NDArray[np.bool_] = wrong.any(axis=1) | twice | (number == 1) | (number > most)
    bad |= has & ((columns.offer < 0) | ~own.any(axis=1))
    bad |= has & (columns.runner_up >= 0) & (listed == columns.runner_up[:, None]).any(axis=1)
    place = own.argmax(axis=1)
    follows = columns.subject[1:] == columns.subject[:-1]
    follows &= (listed[1:] == listed[:-1]).all(axis=1) & (place[1:] == place[:-1] + 1)
    bad[1:] |= has[1:] & (place[1:] > 0) & ~follows
    bad[:-1] |= has[:-1] & (place[:-1] < number[:-1] - 1) & ~follows
    return bad


def _cost_wrong(columns: RecordColumns, campaign: Campaign) -> NDArray[np.bool_]:
    """Without a column of costs none is recorded; with one, an offer without it, and whoever was not read, has the
    declared cost."""
    wrong: NDArray[np.bool_] = (columns.cost < 0) | (columns.runner_up_cost < 0)
    pairs = ((columns.reference, columns.cost), (columns.runner_up, columns.runner_up_cost))
    if not campaign.own_costs:
        return np.asarray(wrong | (columns.cost != 0) | (columns.runner_up_cost != 0))
    for index, cost in pairs:
        wrong |= (index < 0) & (cost != 0)
        for place, offer in enumerate(campaign.offers):
            declared = index == place
            if offer.cost_column is not None:
                declared &= columns.standing != Standing.PERSONALISED
            wrong |= declared & (cost != offer.cost_micro)
    return wrong


def _lot_wrong(columns: RecordColumns, ground: Ground) -> NDArray[np.bool_]:
    """The lots are drawn again: who is decided about by lot, and what they got, is what fell."""
    campaign = ground.campaign
    told = _BY_LOT[columns.outcome]
    if campaign.exploration is None or ground.priced_by:
        return np.asarray(told)
    lots = lots_for(
        columns.subject,
        share=campaign.exploration.share,
        offers=len(campaign.offers),
        campaign=campaign.campaign,
        seed=campaign.seed,
        at=ground.at,
    )
    drawn = lots.is_drawn & (columns.standing == Standing.PERSONALISED) & ~columns.excluded.any(axis=1)
    return np.asarray((drawn != told) | (drawn & (lots.offer != columns.offer)))


def _amounts(columns: RecordColumns, ground: Ground) -> list[tuple[str, NDArray[np.bool_], str]]:
    """Score, value, probability, margin and top terms of everybody who has a reference offer."""
    reference = columns.reference
    has = reference >= 0
    ref = np.where(has, reference, 0)
    shares = term_contributions(ground.model, columns.codes, ref)
    score = np.where(has, score_of(ground.model, shares, ref), 0)
    shares[~has] = 0
    value = np.zeros(len(columns), dtype=np.int64)
    other = columns.runner_up_value
    worth = np.array([(offer.value_micro, offer.cost_micro) for offer in ground.campaign.offers], dtype=np.int64)
    own, of = np.flatnonzero(has), reference[has].astype(np.intp)
    cost = columns.cost[own] if ground.campaign.own_costs else worth[of, 1]
    value[own] = expected_value(worth[of, 0], cost, columns.probability[own])
    net = columns.value - np.where(columns.offer >= 0, columns.price, columns.runner_up_price)
    rival = np.where((columns.offer >= 0) & (columns.runner_up >= 0), other - columns.runner_up_price, 0)
    if ground.model.link == "identity":  # a change is the score itself, so it is worked out again
        unlikely = columns.probability != score_ppm(columns.score, "identity")
        improbable = "The recorded change in probability is not the recorded score."
    else:
        unlikely = (columns.probability < 0) | (columns.probability > PPM)
        improbable = "The recorded probability is not between 0 and 1,000,000 ppm."
    stray = (columns.runner_up < 0) & ((other != 0) | (columns.runner_up_price != 0))
    stray |= (columns.offer < 0) & ((columns.price != 0) | ((other != columns.value) & has))
    return [
        ("score", score != columns.score, "Base and contributions do not add up to the recorded score."),
        ("probability", unlikely, improbable),
        ("value", value != columns.value, "The recorded value is not the offer's value x probability - cost."),
        (
            "margin",
            (columns.margin != net - rival) & has & ~columns.sealed,
            "The recorded margin is not what values and prices give.",
        ),
        ("amounts", stray, "A decision records an amount for an offer that it does not have."),
        ("top-terms", _top_wrong(columns, shares), "The recorded reasons are not the largest contributions."),
    ]


def _top_wrong(columns: RecordColumns, shares: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Each listed term has its true share, the list is in order, and nothing left out weighs more than what is in."""
    n, width = columns.top_terms.shape
    rows = np.arange(n)
    rest = np.abs(shares.astype(np.int64))
    wrong = np.zeros(n, dtype=np.bool_)
    if rest.shape[1] == 0:
        return np.asarray((columns.top_terms != -1).any(axis=1) | (columns.top_contributions != 0).any(axis=1))
    before = np.full(n, np.iinfo(np.int64).max)
    for r in range(width):
        term = columns.top_terms[:, r]
        listed = term >= 0
        at = np.where(listed, term, 0)
        largest = rest.argmax(axis=1)
        weight = np.where(listed, rest[rows, at], 0)
        wrong |= listed & ((largest != at) | (before < 0))
        wrong |= ~listed & (rest[rows, largest] > 0)
        wrong |= columns.top_contributions[:, r] != np.where(listed, shares[rows, at], 0)
        before = np.where(listed, weight, -1)
        rest[rows[listed], at[listed]] = -1
    return wrong


def _broken(code: str, what: str, mask: NDArray[np.bool_]) -> Violation:
    remedy = "Do not use these decisions; run again, and compare the ledger with its copy."
    return Violation("explained", code, what, "G-15h", remedy, tuple(np.flatnonzero(mask).tolist()))
