"""What the last run of a campaign, and plans of it, told of groups.

Who has such a report and the next one can subtract them. So where only a few people differ, the next one tells these
numbers again, give or take a few (see `vault.told_again`), and the same audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.ledger import open_run
from evenhand.terms import SMALLEST_SHOWN, DataError, Finding, Severity, ToldTable
from evenhand.vault import told_again

from ..records._ledger import has_ledger
from ._plans_told import PlansTold, sides_of

__all__ = ["ToldBefore", "findings_of"]

_BESIDE = "beside"


class ToldBefore:
    """The report of a campaign's last run over a whole table, or the earlier one that it was told beside; and plans.

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
    def plans(self) -> PlansTold:
        """What plans told."""
        return PlansTold(self._place, self._campaign)

    @cached_property
    def _planned(self) -> list[dict[str, Any]]:
        return self.plans.read()

    @cached_property
    def releases(self) -> tuple[tuple[ToldTable, ...], ...]:
        """Every table of groups in the run's report, and then in each plan, the last one first."""
        sides = [sides_of(self.report), *(one["sides"] for one in self._planned)]
        return tuple(tuple(told_again(side["features"], side["rates"]) for side in each) for each in sides)

    def named(self, release: int) -> dict[str, str]:
        """How a report says which of `releases` it is told beside: a run by its id, a plan by its moment."""
        if release == 0:
            return {"beside": self.run}
        return {"beside": "", "beside_plan": self._planned[release - 1]["at"]}

    def audit_for(self, audit: Mapping[str, Any]) -> Mapping[str, Any]:
        """The audit to tell: the earlier one, where only a few rows of the history differ; else this one."""
        return next((earlier for earlier, _ in self._audits_near(audit)), audit)

    def audit_named(self, audit: Mapping[str, Any]) -> dict[str, str]:
        """How a report says whose audit it tells; {} where it is its own. See `named`."""
        return next((self.named(release) for _, release in self._audits_near(audit)), {})

    def _audits_near(self, audit: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], int]]:
        """Earlier audits from which a few rows differ, and of which release each is.

        Audits of other features, or of other columns beside them, are never told for each other.
        """
        for release, told in enumerate([self.report, *self._planned]):
            earlier = told.get("audit")
            if earlier is None or _shape(earlier) != _shape(audit):
                continue
            apart = [
                max(_apart(was["rates"], now["rates"], name) for name in ("rows", "hits"))
                for was, now in zip(earlier["outcome"], audit["outcome"], strict=True)
            ]
            if any(0 < one < SMALLEST_SHOWN for one in apart):
                yield earlier, release


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
