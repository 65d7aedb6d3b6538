"""What a look of the monitor found, as values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evenhand.disparity import MonitorState
from evenhand.terms import EvenhandError, in_tens

__all__ = ["Monitored", "Watched"]


@dataclass(frozen=True, slots=True)
class Watched:
    """What the monitors of one stream say now.

    Attributes:
        watch: id of the clause; "" where none asked for it.
        kind: what is watched.
        on_alarm: what an alarm leads to; "" where none asked for it.
        tolerance, alpha: of every comparison, and of all together.
        events: events counted so far.
        new: how many of them were not there the last time.
        corrected_from: from which event on everything was counted again, because one was corrected; -1 for none.
        unmatched: rows of the events' table whose decision the ledger does not have.
        not_compared: sets of columns without two groups that are large enough.
        comparisons: one set of plain values per comparison.
    """

    watch: str
    kind: str
    on_alarm: str
    tolerance: float
    alpha: float
    events: int
    new: int
    corrected_from: int
    unmatched: int
    not_compared: tuple[tuple[str, ...], ...]
    comparisons: tuple[dict[str, Any], ...] = field(repr=False)

    @property
    def skewed(self) -> bool:
        """Whether any comparison is skewed now."""
        return any(one["state"] == MonitorState.SKEWED.value for one in self.comparisons)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; what is counted is told in tens: look by look, and beside a report, it would else tell of
        a few people. Rows that belong to no decision are nobody's."""
        return {
            "watch": self.watch,
            "kind": self.kind,
            "on_alarm": self.on_alarm,
            "tolerance": self.tolerance,
            "alpha": self.alpha,
            "events": in_tens(self.events),
            "new": in_tens(self.new),
            "corrected_from": None if self.corrected_from < 0 else self.corrected_from,
            "unmatched": self.unmatched,
            "not_compared": [list(features) for features in self.not_compared],
            "comparisons": list(self.comparisons),
        }


@dataclass(frozen=True, slots=True)
class Monitored:
    """How a campaign stands.

    Attributes:
        campaign: its id.
        at: the moment of looking, ISO 8601.
        streams: one for each clause, or one that was asked for.
        paused: the ledger's entry that paused it or had it fall back, as plain values; None where neither holds.
        recorded: what this look added to the ledger.
        history: every alarm, pause and resumption, oldest first.
        page: where the page was written in the home; None where no clause asked for one, or where there is trouble.
        trouble: why clauses could not be looked at, where others could.
    """

    campaign: str
    at: str
    streams: tuple[Watched, ...]
    paused: dict[str, Any] | None
    recorded: tuple[dict[str, Any], ...]
    history: tuple[dict[str, Any], ...]
    page: Path | None = None
    trouble: tuple[EvenhandError, ...] = ()

    @property
    def skewed(self) -> bool:
        """Whether any comparison is skewed now."""
        return any(stream.skewed for stream in self.streams)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "campaign": self.campaign,
            "at": self.at,
            "paused": self.paused,
            "recorded": list(self.recorded),
            "history": list(self.history),
            "streams": [stream.to_dict() for stream in self.streams],
        }
