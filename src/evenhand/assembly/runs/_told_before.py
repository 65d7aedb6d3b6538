"""What the last run of a campaign told of groups.

Who has its report and the next one can subtract them. So where only a few people differ, the next one tells these
numbers again, give or take a few (see `vault.told_again`), and the same audit.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.ledger import open_run
from evenhand.terms import SMALLEST_SHOWN, DataError, Finding, Severity, ToldTable
from evenhand.vault import told_again

from ..records._ledger import has_ledger

__all__ = ["ToldBefore", "findings_of"]

_BESIDE = "beside"


class ToldBefore:
    """The report of a campaign's last run over a whole table, or the earlier one that it was told beside.

    Args:
        place: the home.
        campaign: id of the campaign.
    """

    def __init__(self, place: Home, campaign: str) -> None:
        self._place, self._campaign = place, campaign

    @cached_property
    def report(self) -> Mapping[str, Any]:
        """As recorded; {} where nothing was."""
        from ..records._records import open_ledger, resolve_run

        if not has_ledger(self._place):
            return {}
        with open_ledger(self._place) as store:
            try:
                last = open_run(store, resolve_run(store, "last", whole=True, prices=True, campaign=self._campaign))
                first = last.report.get(_BESIDE)
                return (last if first is None else open_run(store, first)).report
            except DataError:
                return {}

    @property
    def run(self) -> str:
        """Its id; "" where nothing was told."""
        return str(self.report["run"]["run_id"]) if self.report else ""

    @cached_property
    def tables(self) -> tuple[ToldTable, ...]:
        """Every table of groups in it."""
        chapters = self.report.get("groups", ())
        sides = [chapter[side] for chapter in chapters for side in ("before", "after")]
        sides += [one["met"] for one in self.report.get("conditions", ())]
        return tuple(told_again(side["features"], side["rates"]) for side in sides)

    def audit_for(self, audit: Mapping[str, Any]) -> Mapping[str, Any]:
        """The audit to tell: the earlier one, where only a few rows of the history differ; else this one.

        Audits of other features, or of other columns beside them, are never told for each other.
        """
        earlier = self.report.get("audit")
        if earlier is None or _shape(earlier) != _shape(audit):
            return audit
        apart = [
            max(_apart(was["rates"], now["rates"], name) for name in ("rows", "hits"))
            for was, now in zip(earlier["outcome"], audit["outcome"], strict=True)
        ]
        return earlier if any(0 < one < SMALLEST_SHOWN for one in apart) else audit


def findings_of(audit: Mapping[str, Any]) -> tuple[Finding, ...]:
    """The findings of an audit that was kept as plain values."""
    return tuple(Finding(**{**one, "severity": Severity(one["severity"])}) for one in audit["findings"])


def _shape(audit: Mapping[str, Any]) -> tuple[Any, ...]:
    """What an audit is about."""
    return (
        [one["features"] for one in audit["outcome"]],
        sorted(audit.get("outcome_auroc", ())),  # what an older report lacks is of another shape
        sorted({part["column"] for part in audit.get("parts", ())}),
    )


def _apart(was: list[Mapping[str, Any]], now: list[Mapping[str, Any]], name: str) -> int:
    """By how many people two tables differ, as far as both tell them."""
    ends = [{tuple(rate["group"]): _between(rate, name) for rate in rates} for rates in (was, now)]
    apart = 0
    for group in ends[0].keys() | ends[1].keys():
        (least, most), (fewest, largest) = (each.get(group, (0, 0)) for each in ends)
        apart += max(least - largest, fewest - most, 0)
    return apart


def _between(rate: Mapping[str, Any], name: str) -> tuple[int, int]:
    if rate[name] is not None:
        return int(rate[name]), int(rate[name])
    least, most = rate.get(f"{name}_between", (0, 1 << 40))
    return int(least), int(most)
