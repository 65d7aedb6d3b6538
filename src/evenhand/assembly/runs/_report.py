"""Everything that a run's report needs, gathered; and the results written beside the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand import __version__
from evenhand.adapters.stores.home import Home, json_bytes, write_atomically
from evenhand.allocation import PricePolicy, ResponseRates, response_rates
from evenhand.campaigns import Lesson
from evenhand.disparity import Audit, Comparison, compare, told_rates
from evenhand.ledger import facts_of
from evenhand.policy import Campaign, DisparityLimit
from evenhand.reports import ConditionChapter, GroupChapter, Provenance, build
from evenhand.terms import Allocated, Explained, Reason, Standing, TableQuestion, ToldTable

from ._open import Opened
from ._policy import write_policy

__all__ = ["decision_columns", "keep_decisions", "report_of", "story_rows", "write_results"]

_FOUR_FIFTHS = Fraction(4, 5)


def report_of(
    opened: Opened, lesson: Lesson, explained: Explained, audit: Audit, *, run_id: str, tells: bool = True
) -> dict[str, Any]:
    """The report of a batch as plain values; see `reports.build`. Under an aware limit its stories are told as whoever
    has no key of the run can tell them: what would tell a group stands in no file of results. Without `tells` it has
    none: nobody was decided about."""
    aware = bool(opened.campaign.aware_limits)
    groups, conditions, beside = _chapters(opened, explained)
    report = build(
        explained,
        opened.campaign,
        provenance=Provenance(
            run_id=run_id,
            at=opened.asked.at,
            version=__version__,
            campaign_digest=opened.loaded.digest,
            data_digest=opened.digest,
            history_rows=len(opened.history),
            not_permitted=lesson.not_permitted,
            other_offers=lesson.other_offers,
            trained=int((~lesson.held_out).sum()),
            held_out=int(lesson.held_out.sum()),
        ),
        groups=groups,
        conditions=conditions,
        audit=audit,
        earlier=opened.before.report if beside == 0 else None,
        rulebook=None if opened.stores.law is None else opened.stores.law.rulebook,
        stories=[
            facts_of(explained, row, run_id or "plan", sealed=aware)
            for row in (story_rows(explained, opened.campaign) if tells else [])
        ],
    )
    whose = opened.before.audit_named(report["audit"])
    report["audit"] = opened.before.audit_for(report["audit"])
    return report | (whose if beside is None else opened.before.named(beside))


def story_rows(explained: Explained, campaign: Campaign) -> list[int]:
    """Rows of up to three decisions worth telling whole: one chosen, one beyond the limits, one without personal data.

    Of the chosen ones the one with the middle margin, so that it is neither the easiest nor the closest call; under an
    aware limit the margin by public prices, so that the choice tells nothing of what is sealed.
    """
    allocated = explained.allocated
    margin = _public_margin(explained) if campaign.aware_limits else explained.margin
    standing = allocated.scored.minimised.permitted.standing[allocated.person]
    personal = standing == Standing.PERSONALISED
    picks = (
        personal & (allocated.reason == Reason.SELECTED) & (~allocated.moved | bool(campaign.aware_limits)),
        personal & (allocated.reason == Reason.BEYOND_LIMITS),
        ~personal,
    )
    rows = []
    for pick in picks:
        who = np.flatnonzero(pick)
        if len(who):
            order = np.argsort(margin[who], kind="stable")
            rows.append(int(who[order[len(who) // 2]]))
    return rows


def _public_margin(explained: Explained) -> NDArray[np.int64]:
    """int64[n], value of the offer explained less its public price."""
    allocated = explained.allocated
    focus = np.maximum(np.where(allocated.offer >= 0, allocated.offer, allocated.runner_up), 0)
    value = allocated.scored.value[focus, allocated.person]
    return np.asarray(value - allocated.prices.offer[focus], dtype=np.int64)


def keep_decisions(place: Home, run_id: str, decisions: bytes) -> None:
    """Write decisions.csv of a run that is about to be recorded; it waits apart until `write_results`.

    The ledger knows people by pseudonym only, so this list could not be made again from it.
    """
    write_atomically(place.draft_folder(run_id) / "decisions.csv", decisions, private=True)


def write_results(place: Home, run_id: str, report: dict[str, Any], prices: PricePolicy | None = None) -> Path:
    """Put a recorded run's list in its place and write its prices, report.json and report.html; each whole or not at
    all. The page comes last: where it stands, everything does."""
    from evenhand.reports import render

    place.publish(run_id)
    folder = place.run_folder(run_id)
    if prices is not None:
        write_policy(place, prices)
    write_atomically(folder / "report.json", json_bytes(report), private=True)
    write_atomically(folder / "report.html", render(report), private=True)
    return folder


def decision_columns(opened: Opened, explained: Explained, run_id: str) -> dict[str, list[Any]]:
    """One row per decision: own id, decision id, offer or none, standing and reason. For the controller's own use.

    Where a person may get several offers each has a row, and ``place`` says which it is, best first.
    """
    allocated = explained.allocated
    permitted = allocated.scored.minimised.permitted
    offers: list[str | None] = [*(offer.id for offer in opened.campaign.offers), None]
    names = {int(reason): reason.key for reason in Reason}
    standing = {int(value): value.name.lower() for value in Standing}
    prefix = run_id or "plan"
    person = allocated.person.tolist()
    columns: dict[str, list[Any]] = {
        opened.campaign.identifier: [opened.ids[row] for row in person],
        "decision": [f"{prefix}.{row + 1}" for row in range(len(person))],
        "offer": [offers[j] for j in allocated.offer.tolist()],
        "standing": [standing[code] for code in permitted.standing[allocated.person].tolist()],
        "reason": [names[code] for code in allocated.reason.tolist()],
        "permission": [names[code] for code in permitted.reason[allocated.person].tolist()],
    }
    if opened.campaign.offers_each > 1:
        columns["place"] = _places(allocated)
    return columns


def _places(allocated: Allocated) -> list[int]:
    """Which of the person's offers each decision is about, from 1."""
    first = np.flatnonzero(allocated.leads)
    number = np.diff(np.append(first, len(allocated.person)))
    places: list[int] = (np.arange(len(allocated.person)) - np.repeat(first, number) + 1).tolist()
    return places


def _chapters(opened: Opened, explained: Explained) -> tuple[list[GroupChapter], list[ConditionChapter], int | None]:
    """Selection rates per declared comparison before and after the limits, then every other sensitive column; and who
    meets the conditions of offers, by group: a condition too can leave a group out. All are told together; which
    earlier release some of it is told beside, if any, comes with them."""
    allocated = explained.allocated
    personal = allocated.scored.minimised.permitted.standing == Standing.PERSONALISED
    sides = (partial(_given, allocated.unlimited_offer), allocated.gets)
    ids = [offer.id for offer in opened.campaign.offers]
    eligible = allocated.scored.minimised.eligible
    tables, told = _Tables(opened), set()
    chapters: list[tuple[DisparityLimit | None, tuple[str, ...], list[int], ResponseRates | None]] = []
    by_response = {
        (one.limit, one.features, one.offers): one
        for one in response_rates(allocated, opened.campaign, opened.stores.wall)
    }
    for limit in opened.campaign.limits.disparity:
        sets = [limit.groups] if limit.intersections else [(name,) for name in limit.groups]
        for features in sets:
            if not limit.offers and limit.per == "campaign":
                told.add(features)
            for offers in _offer_sets(limit, ids):
                places = [ids.index(name) for name in offers] or list(range(len(ids)))
                open_ = personal if eligible is None else personal & eligible[places].any(axis=0)
                pair = [tables.ask(features, np.where(open_, gets(places).astype(np.intp), -1)) for gets in sides]
                chapters.append((limit, offers, pair, by_response.get((limit.id, features, offers))))
    for name in opened.stores.wall.features:
        if (name,) not in told:
            pair = [tables.ask((name,), np.where(personal, gets().astype(np.intp), -1)) for gets in sides]
            chapters.append((None, (), pair, None))
    conditions = []
    if eligible is not None:
        for offer in opened.campaign.conditions:
            for name in opened.stores.wall.features:
                met = np.where(personal, eligible[offer].astype(np.intp), -1)
                conditions.append((ids[offer], tables.ask((name,), met)))
    return (
        [
            _chapter(limit, offers, [tables.compared(number, limit) for number in pair], rates)
            for limit, offers, pair, rates in chapters
        ],
        [ConditionChapter(offer, tables.compared(number, None)) for offer, number in conditions],
        tables.beside,
    )


def _chapter(
    limit: DisparityLimit | None,
    offers: tuple[str, ...],
    pair: list[Comparison],
    rates: ResponseRates | None,
) -> GroupChapter:
    if limit is None:
        return GroupChapter("", "", 0.0, "", pair[0], pair[1])
    return GroupChapter(limit.id, limit.measure.value, limit.bound, limit.mode, pair[0], pair[1], offers, rates)


class _Tables:
    """Every table of a report: asked one by one, told together, so that no hidden number follows from several."""

    def __init__(self, opened: Opened) -> None:
        self._opened = opened
        self._asked: list[TableQuestion] = []
        self._told: tuple[ToldTable, ...] = ()

    def ask(self, features: tuple[str, ...], codes: NDArray[np.intp]) -> int:
        """One table more; its number."""
        self._asked.append(TableQuestion(features, codes, family="decision"))
        return len(self._asked) - 1

    @property
    def beside(self) -> int | None:
        """Which earlier release tables are told as in, since only a few people differ; None: they are told anew."""
        return next((table.beside for table in self._told if table.beside is not None), None)

    def compared(self, number: int, limit: DisparityLimit | None) -> Comparison:
        """The groups of a table side by side."""
        if not self._told:
            self._told = self._opened.stores.wall.release(self._asked, why="report: selection rate per group")
        table = self._told[number]
        ratio = limit is not None and limit.measure.is_least
        bound = Fraction(str(limit.bound)) if limit is not None and ratio else _FOUR_FIFTHS
        rates = told_rates(
            table,
            minimum_size=limit.minimum_size if limit else 30,
            include_unknown=limit.include_unknown if limit else False,
        )
        return compare(table.features, rates, bound)


def _given(choice: NDArray[np.int16], offers: Sequence[int] = ()) -> NDArray[np.bool_]:
    """bool[n], who gets any of these offers, by a choice of one or of several; none named: any offer at all."""
    has = np.isin(choice, offers) if len(offers) else choice >= 0
    return np.asarray(has if has.ndim == 1 else has.any(axis=1))


def _offer_sets(limit: DisparityLimit, ids: list[str]) -> list[tuple[str, ...]]:
    """The sets of offers that a limit compares; () for any offer at all."""
    return [(name,) for name in limit.offers or ids] if limit.per == "offer" else [limit.offers]
