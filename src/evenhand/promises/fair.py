"""Fair: every declared limit was kept, on whole decisions, and no group column is read (docs/promises/fair.md)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from evenhand.policy import MICRO, Campaign
from evenhand.terms import Role, Standing

from ._columns import Ground, LimitFigures, RecordColumns, Totals, Violation

__all__ = ["check_decisions", "check_limits", "check_run", "check_totals"]

_TOLERANCE = 1e-9


def check_run(ground: Ground) -> tuple[Violation, ...]:
    """No sensitive column, confirmed or not, is a term of the model."""
    columns = ground.campaign.columns
    sensitive = {name for name, column in columns.items() if column.role is Role.SENSITIVE}
    found = [binning.name for binning in ground.model.view.binnings if binning.name in sensitive]
    return tuple(
        _broken(
            "sensitive-feature",
            f"The model reads the sensitive column {name}.",
            "G-9",
            "Learn the model again without it; groups stay behind the wall.",
        )
        for name in found
    )


def check_decisions(columns: RecordColumns, ground: Ground) -> tuple[Violation, ...]:
    """Nobody has an offer, chosen or second, that they are not eligible for; and only declared conditions exclude."""
    m = len(ground.campaign.offers)
    excluded = np.zeros((len(columns), m + 1), dtype=np.bool_)
    width = min(m, columns.excluded.shape[1])
    excluded[:, :width] = columns.excluded[:, :width]
    everyone = np.arange(len(columns))
    given = np.zeros(len(columns), dtype=np.bool_)
    for offer in (columns.offer, columns.runner_up):
        given |= excluded[everyone, np.where((offer >= 0) & (offer < m), offer, m)]
    conditions = np.isin(np.arange(m), list(ground.campaign.conditions))
    undeclared = (excluded[:, :m] & ~conditions).any(axis=1)
    unread = columns.standing == Standing.CONTEXTUAL
    unread &= (excluded[:, :m] != conditions).any(axis=1)
    checks = (
        ("not-eligible", given, "A person has an offer that they are not eligible for.", "Allocate again."),
        ("excluded-undeclared", undeclared, "A person is kept from an offer on which the campaign sets no condition.",
         "Declare the condition under offers: eligible, or decide again without it."),
        ("condition-read", unread, "Of a person without personalisation a condition was read.",
         "Leave people without personalisation out of every offer that has a condition."),
    )  # fmt: skip
    return tuple(
        _broken(code, what, "G-5-2", remedy, np.flatnonzero(mask).tolist()) for code, mask, what, remedy in checks
        if bool(mask.any())
    )  # fmt: skip


def check_limits(
    outcomes: Sequence[LimitFigures], campaign: Campaign, *, by_prices: bool = False
) -> tuple[Violation, ...]:
    """Every limit that the campaign declares has an outcome, as declared, and held.

    With `by_prices` limits on disparity, and minimums, acted through the prices of an earlier run: what came of them is
    told, not demanded.
    """
    out = []
    for id_, declared, least in _declared(campaign):
        mine = [outcome for outcome in outcomes if outcome.id == id_]
        if not mine:
            what = f"The declared limit {id_} has no outcome."
            out.append(_broken("limit-missing", what, "G-5-2", "Allocate again; every limit is accounted for."))
        if any(abs(outcome.declared - declared) > _TOLERANCE * max(1.0, abs(declared)) for outcome in mine):
            what = f"The limit {id_} was applied with another bound than the campaign declares."
            out.append(_broken("limit-changed", what, "G-5-2", "Run again with the campaign file as it is."))
        ceiling = next((limit.ceiling for limit in campaign.limits.disparity if limit.id == id_), None)
        for outcome in mine:
            if by_prices and outcome.kind in ("disparity", "minimum"):
                continue
            if outcome.soft is not None or ceiling is not None:
                out += _soft(outcome, ceiling, least)
            elif not outcome.held or not _within(outcome, outcome.declared, least):
                what = f"The limit {id_} does not hold: {outcome.used} against a bound of {outcome.declared}."
                rule = "F-45" if outcome.kind == "disparity" else "G-5-2"
                out.append(_broken("limit-broken", what, rule, "Run again, or let people in charge change the limit."))
    return tuple(out)


def _soft(outcome: LimitFigures, ceiling: float | None, least: bool) -> list[Violation]:
    """A soft limit was kept as far as its ceiling reaches, and given up only where the rest costs more."""
    soft = outcome.soft
    if soft is None or ceiling is None or soft.ceiling != ceiling:
        what = f"The limit {outcome.id} was applied with another ceiling than the campaign declares."
        return [_broken("limit-changed", what, "G-5-2", "Run again with the campaign file as it is.")]
    most = ceiling * max(soft.without, 0)
    is_whole = soft.bound == outcome.declared
    dear = soft.needed is None or soft.needed > most - 1
    if soft.cost > most + 1 or not (is_whole or dear) or outcome.held != is_whole:
        what = f"The soft limit {outcome.id} costs more than its ceiling, or was given up below it."
        return [_broken("limit-given-up", what, "F-45", "Run again, or let people in charge change the limit.")]
    if not _within(outcome, soft.bound, least):
        what = f"The limit {outcome.id} does not hold: {outcome.used} against a bound of {soft.bound}."
        return [_broken("limit-broken", what, "F-45", "Run again, or let people in charge change the limit.")]
    return []


def check_totals(totals: Totals, campaign: Campaign, *, by_prices: bool = False) -> tuple[Violation, ...]:
    """Capacity, minimum, contacts and budget, recomputed from the decisions themselves.

    With `by_prices` minimums are not demanded; see `check_limits`. Nor are they of a run that decided about nobody.
    """
    out = []
    for offer, given in zip(campaign.offers, totals.offers, strict=True):
        if offer.capacity is not None and given > offer.capacity:
            out.append(_over(f"capacity:{offer.id}", given, offer.capacity))
        if offer.minimum is not None and given < offer.minimum and totals.decisions and not by_prices:
            what = f"The decisions give {given} of {offer.id}, where at least {offer.minimum} are asked for."
            out.append(_broken("limit-missed", what, "G-5-2", "Run again; whole decisions must keep every limit."))
    if campaign.limits.contacts.total is not None and totals.contacts > campaign.limits.contacts.total:
        out.append(_over("contacts", totals.contacts, campaign.limits.contacts.total))
    if totals.further != totals.promised:
        what = (
            f"The first decisions about people tell of {totals.promised} further offers, and {totals.further} follow."
        )
        out.append(_broken("list-incomplete", what, "G-15h", "Record every offer of a person, and none more."))
    spent = sum(offer.cost_micro * given for offer, given in zip(campaign.offers, totals.offers, strict=True))
    if campaign.own_costs:
        spent = totals.own_cost
    if campaign.limits.budget is not None and spent > int(campaign.limits.budget * MICRO):
        out.append(_over("budget", spent, int(campaign.limits.budget * MICRO)))
    return tuple(out)


def _declared(campaign: Campaign) -> Iterator[tuple[str, float, bool]]:
    """Id, bound, and whether the bound is a least rather than a most."""
    if campaign.limits.budget is not None:
        yield "budget", float(int(campaign.limits.budget * MICRO)), False
    if campaign.limits.contacts.total is not None:
        yield "contacts", float(campaign.limits.contacts.total), False
    for offer in campaign.offers:
        if offer.capacity is not None:
            yield f"capacity:{offer.id}", float(offer.capacity), False
        if offer.minimum is not None:
            yield f"minimum:{offer.id}", float(offer.minimum), True
    for limit in campaign.limits.disparity:
        yield limit.id, limit.bound, limit.measure.is_least


def _within(outcome: LimitFigures, bound: float, least: bool) -> bool:
    """Whether the outcome's own figures agree that it held."""
    if least:
        return outcome.used >= bound - _TOLERANCE
    return outcome.used <= bound + _TOLERANCE * max(1.0, abs(bound))


def _over(id_: str, used: int, bound: int) -> Violation:
    what = f"The decisions use {used} of {id_}, where {bound} is the bound."
    return _broken("limit-exceeded", what, "G-5-2", "Run again; whole decisions must keep every limit.")


def _broken(code: str, what: str, rule: str, remedy: str, rows: Iterable[int] = ()) -> Violation:
    return Violation("fair", code, what, rule, remedy, tuple(rows))
