"""The data audit of a campaign's history, and of any data frame that a Python user brings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.frames import frame_like
from evenhand.adapters.data.tables import DataTable, open_frame
from evenhand.campaigns import Lesson
from evenhand.disparity import Audit, Parts, periods_of
from evenhand.disparity import audit as audit_counts
from evenhand.features import encode, learn_binning, scan_personal_data, view_of
from evenhand.scoring import CONTROL
from evenhand.terms import Finding, UsageError
from evenhand.vault import Vault

from ._groups import LessonGroups
from ._intake import date_left_out, mixed_groups, odd_values
from ._open import Opened

__all__ = ["DataAudit", "audit", "campaign_audit"]

_PAIRS_OF_A_CHECK, _PAIRS_OF_A_RUN = 300, 100
_ROWS_OF_A_RUN = 10_000_000
"""A run asks about pairs of features as long as questions times rows stay below this."""

_MOST_PARTS = 200


@dataclass(frozen=True, slots=True, repr=False)
class DataAudit(Audit):
    """An audit of a data frame, for notebooks: everything that `evenhand.disparity.Audit` has, and a page.

    Attributes:
        sample: the first row of no column of the frame, so that `to_frame` knows its kind.
    """

    sample: Any = field(default=None, compare=False)

    def to_frame(self) -> Any:
        """The rates of every group as the kind of data frame that came in; see `Audit.to_columns`."""
        return frame_like(self.sample, self.to_columns())

    def to_html(self, lang: str = "en") -> str:
        """One self-contained page, in Dutch and English; `lang` is in view first."""
        from evenhand.reports import render_audit

        return render_audit(self.to_dict(), lang=lang)

    def _repr_html_(self) -> str:
        from html import escape

        return f'<iframe srcdoc="{escape(self.to_html())}" width="100%" height="700" title="evenhand audit"></iframe>'


def audit(
    frame: Any,
    *,
    outcome: str,
    sensitive_features: list[str] | tuple[str, ...],
    order: str | None = None,
    parts: list[str] | tuple[str, ...] = (),
    subject: str | None = None,
) -> DataAudit:
    """Look at data before anything is learned: skewed outcomes, proxies, hidden parts, drift, leaks, gaps.

    Groups go behind a wall and only counts come out, as on the road itself. Columns that identify people are left
    out and found; every other column is taken as a feature.

    Args:
        frame: any data frame, one row per person or per decision.
        outcome: the column to predict: 1/0, true/false or yes/no.
        sensitive_features: columns whose groups are compared, singly and together.
        order: column with a date or number that rows are ordered by; without it nothing is said about time.
        parts: columns that split the rows into parts (site, company) without being features.
        subject: column with the person's id, where people have several rows.

    Raises:
        DataError: a column is missing or is not what it is said to be.
        UsageError: columns are given as one text, or the outcome is also a group or a part.

    Example:
        >>> import polars as pl
        >>> frame = pl.DataFrame({"sex": ["f", "m"] * 200, "hired": [0, 1, 1, 1] * 100})
        >>> found = audit(frame, outcome="hired", sensitive_features=["sex"])
        >>> found
        DataAudit(400 rows: 0 errors, 1 warning, 0 notes)
        >>> found.to_frame()["rate"].to_list()
        [0.5, 1.0]
    """
    _check_asked(outcome, sensitive_features, parts)
    table = open_frame(frame)
    label = table.outcome(outcome)
    everyone = np.ones(len(table), dtype=bool)
    groups = Vault({name: table.groups(name) for name in sensitive_features}, everyone)
    apart = {outcome, *sensitive_features, *parts, *(name for name in (order, subject) if name)}
    names = [name for name in table.names if name not in apart]
    source = table.columns(names)
    odd: list[Finding] = [date_left_out(name) for name in names if table.kind(name) == "date"]
    values = {name: source.read(name, everyone) for name in names if table.kind(name) != "date"}
    personal = [finding for name in values for finding in scan_personal_data(name, values[name])]
    scanned = {finding.subject_matter for finding in personal}
    used = {name: column for name, column in values.items() if name not in scanned}
    odd += [mixed_groups(name, mixed) for name in sensitive_features if (mixed := table.mixed(name)) is not None]
    odd += [finding for name, column in used.items() for finding in odd_values(name, column)]
    whose = np.array(table.ids(subject, unique=False), dtype=str) if subject else None
    person = None if whose is None else np.unique(whose, return_inverse=True)[1]
    binnings = tuple(learn_binning(name, column, person=person) for name, column in used.items())
    found = audit_counts(
        groups,
        view_of("", binnings),
        tuple(encode(binning, used[binning.name]) for binning in binnings),
        label,
        parts=[_parts_of(table, name) for name in parts],
        periods=_periods(table.order(order), dates=table.kind(order) != "number") if order else None,
        learn_from=None if whose is None else _halves(whose),
    )
    ordered = sorted([*personal, *found.findings, *odd], key=lambda finding: -finding.severity.rank)
    kept = {one.name: getattr(found, one.name) for one in fields(Audit)}
    return DataAudit(**{**kept, "findings": tuple(ordered)}, sample=frame_like(frame, {}))


def campaign_audit(opened: Opened, lesson: Lesson, *, thorough: bool) -> Audit:
    """The audit of a campaign's history, over the rows that may teach; offers and periods are parts, too.

    A `thorough` one asks about as many pairs of features as a check has time for, another about a few.
    """
    limits = opened.campaign.limits.disparity
    offers = tuple(offer.id for offer in opened.campaign.offers)
    control = len(offers)  # people who were shown nothing are a part of their own
    shown = np.where(lesson.offer == CONTROL, control, lesson.offer)
    named = (*offers, opened.campaign.history.control or "")
    order = opened.history.order
    return audit_counts(
        LessonGroups(opened.history_groups, lesson.rows, len(opened.history)),
        lesson.view,
        lesson.codes,
        lesson.outcome,
        intersections=tuple(limit.groups for limit in limits if limit.intersections and len(limit.groups) > 1),
        parts=[Parts("offer", shown, named if control in shown else offers)] if len(np.unique(shown)) > 1 else [],
        periods=None if order is None else _periods(order[lesson.rows], dates=opened.order_is_date),
        learn_from=_halves(opened.history.subjects[lesson.rows]),
        pair_questions=_PAIRS_OF_A_CHECK if thorough else min(_PAIRS_OF_A_RUN, _ROWS_OF_A_RUN // len(lesson.rows)),
    )


def _check_asked(outcome: str, sensitive: Sequence[str], parts: Sequence[str]) -> None:
    for option, names in (("sensitive_features", sensitive), ("parts", parts)):
        if isinstance(names, str):
            raise UsageError(
                "audit-columns-as-text",
                f"{option} is one text; it must be a list of column names.",
                rule="each column is named by itself",
                remedy=f"write {option}=[{names!r}]",
            )
        if outcome in names:
            raise UsageError(
                "audit-outcome-twice",
                f"The outcome {outcome!r} stands in {option} too.",
                rule="an outcome compared with itself tells nothing",
                remedy=f"take it out of {option}",
            )


def _parts_of(table: DataTable, name: str) -> Parts:
    """A column's values as parts, the commonest ones by themselves; rows of the others have no part."""
    texts = ["" if text is None else text for text in table.texts(name)]
    values, codes, tally = np.unique(np.array(texts, dtype=str), return_inverse=True, return_counts=True)
    kept = np.sort(np.argsort(-tally, kind="stable")[:_MOST_PARTS])
    place = np.full(len(values), -1, dtype=np.intp)
    place[kept] = np.arange(len(kept))
    return Parts(name, place[codes], tuple(str(values[at]) or "(missing)" for at in kept.tolist()))


def _periods(order: NDArray[np.float64], *, dates: bool) -> Parts | None:
    return periods_of(order, _day if dates else None)


def _day(days: float) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=days)).date().isoformat()


def _halves(people: NDArray[Any]) -> NDArray[np.bool_]:
    """Half of the people, drawn by their first appearance, so that it does not depend on the key of pseudonyms."""
    _, first, inverse = np.unique(people, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.intp)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    return np.asarray((np.random.default_rng(0).random(len(first)) < 0.5)[rank[inverse]])
