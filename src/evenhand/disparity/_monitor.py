"""Does a stream of events treat a group and the others differently? An answer that holds at every moment.

A bet is placed on each block of events: that the group has more than the others, or less, by more than is tolerated.
Where the true difference stays within the tolerance no bet can be expected to win, so what the bets have won (the
*evidence*) exceeds 1/alpha at any time at all with a chance of at most alpha, however often somebody looks (Ville 1939;
Chugg et al. 2023, "Auditing Fairness by Betting"; Waudby-Smith and Ramdas 2024). Beside it runs a Shiryaev-Roberts
e-detector (Shin, Ramdas and Rinaldo 2024), which finds a change after a long fair time sooner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import PPM, DataError, UsageError

from ._bets import BETS, BOTH, MOST_BLOCKS, Bank, Sums, cleared, factors_of
from ._monitor_rule import MonitorRule, MonitorState
from ._stream_blocks import OpenBlock, cut

__all__ = ["Monitor"]

_FORMAT = 1
_SMALL_BATCH = 24
_NOTHING = OpenBlock(0, 0, 0, 0)
_EVEN = 1.0 + 1e-9

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Now:
    """How things stand after the blocks that were settled."""

    evidence: float
    peak: float
    change: float
    whole: Sums
    recent: Sums


class Monitor:
    """Watches one group beside the others in one stream. It takes sides of people, so it works behind the wall.

    Batches and single events give the same state to the last bit, however the stream is split.

    Args:
        rule: what is asked.
        family: how many such monitors are watched together; the thresholds are multiplied by it.

    Attributes:
        events, blocks: events taken, and blocks that they closed.
        people, yes, hits: of the others and of the group: events, events with an amount, sum of the amounts (ppm).
        state, direction, since: what it says of now; 1 (the group has more), -1 or 0; since which event.
        alarm_at, alarm_kind: event of the last alarm, and what raised it, ``evidence`` or ``change``; 0 and "".
        lifted_at: event at which the last alarm was found to hold no more; 0.

    Example:
        >>> watch = Monitor(MonitorRule(tolerance=0.0))
        >>> watch.update(np.array([0, 1] * 50), np.array([0, 1] * 50))
        >>> watch.state.value, watch.alarm_at, watch.direction
        ('skewed', 34, 1)
    """

    __slots__ = (
        *("_at_most", "_bound", "_detector", "_evidence", "_open", "_now", "_waiting", "alarm_at", "alarm_kind"),
        *("blocks", "direction", "events", "family", "hits", "lifted_at", "people", "rule", "since", "state"),
        "yes",
    )

    def __init__(self, rule: MonitorRule, *, family: int = 1) -> None:
        self.rule = rule
        self.family = family
        self.events = 0
        self.blocks = 0
        self.people = [0, 0]
        self.yes = [0, 0]
        self.hits = [0, 0]
        self.state = MonitorState.NO_EVIDENCE
        self.direction = 0
        self.since = 0
        self.alarm_at = 0
        self.alarm_kind = ""
        self.lifted_at = 0
        self._bound = rule.largest + rule.tolerance
        self._open = _NOTHING
        self._now = _Now(1.0, 1.0, 0.0, (0.0,) * 5, (0.0,) * 5)
        self._at_most = (1.0, 0.0)
        self._waiting: list[tuple[int, int, int, int, int]] = []
        self._evidence = Bank.wealth(BOTH)
        self._detector = Bank.detector(BOTH)

    def update(self, sides: NDArray[np.integer[Any]], amounts: NDArray[np.integer[Any]], *, unit: int = 1) -> None:
        """Take the next events.

        Args:
            sides: [n], 1 for the group, 0 for the others, negative for an event of neither.
            amounts: [n] whole numbers from 0: 1 or 0, or amounts in parts of `unit`.
            unit: 1, or 1,000,000 where amounts are in ppm.

        Raises:
            UsageError: other shapes or values.
        """
        sides, amounts = np.asarray(sides), np.asarray(amounts)
        scale = PPM // unit if unit in (1, PPM) else 0
        if (
            sides.shape != amounts.shape
            or sides.ndim != 1
            or not scale
            or not (sides.dtype.kind in "iu" and amounts.dtype.kind in "iub")
            or (len(sides) and (int(sides.max()) > 1 or not self._fits(amounts, scale)))
        ):
            raise UsageError(
                "monitor-events",
                "The events do not fit: a side (1, 0 or negative) and an amount for each.",
                rule=f"amounts are whole numbers from 0 to {self.rule.largest:g} times the unit, 1 or 1,000,000",
                remedy="bring two arrays of one length; an importance weight in ppm, with unit=1_000_000",
            )
        keep = sides >= 0
        sides, ppm = sides[keep], amounts[keep].astype(np.int64) * scale
        if len(sides) < _SMALL_BATCH:
            for side, amount in zip(sides.tolist(), ppm.tolist(), strict=True):
                self.observe(side, amount)
        else:
            self._take(sides, ppm)

    def observe(self, side: int, ppm: int) -> None:
        """Take one event: 1 for the group or 0 for the others, and its amount in ppm (a yes is 1,000,000).

        The fast way in for one event: what does not fit is not looked for. The block that it closes waits until
        somebody asks, or until the blocks that wait could have reached a threshold: so an alarm is never late.
        """
        self.events += 1
        self.people[side] += 1
        self.yes[side] += ppm > 0
        self.hits[side] += ppm
        others, group, others_sum, group_sum = self._open
        if side:
            group += 1
            group_sum += ppm
        else:
            others += 1
            others_sum += ppm
        if not (others and group):
            self._open = OpenBlock(others, group, others_sum, group_sum)
            return
        self._open = _NOTHING
        self.blocks += 1
        self._waiting.append((others, group, others_sum, group_sum, self.events))
        if others_sum or group_sum:
            gap = abs(group_sum / (group * PPM) - others_sum / (others * PPM)) + self._slack()
            growth = _EVEN + BETS[-1] * gap * min(1.0, others * group / (others + group)) / self._bound
        else:
            growth = _EVEN + self._slack()
        evidence, change = self._at_most
        self._at_most = evidence, change = evidence * growth, (1.0 + change) * growth
        if len(self._waiting) >= MOST_BLOCKS or self._crosses(evidence, change):
            self._settle()

    def _slack(self) -> float:
        """What the tolerance can add to a bet on the way out of a skew."""
        return self.rule.tolerance if self.state is MonitorState.SKEWED else 0.0

    def raise_alarm(self) -> bool:
        """Say that the evidence counts, though it is below this monitor's own threshold (`e_bh` found so).

        Returns:
            Whether that is new.
        """
        self._settle()
        if self.state is not MonitorState.NO_EVIDENCE:
            return False
        high, low = self._evidence.levels()
        self.alarm_at, self.alarm_kind = self.events, "evidence"
        self._begin(MonitorState.SKEWED, 1 if high >= low else -1, self.events)
        return True

    @property
    def evidence(self) -> float:
        """What the bets have won on average: the e-value now. It starts with 1."""
        return self._settle().evidence

    @property
    def peak(self) -> float:
        """The most that `evidence` has been."""
        return self._settle().peak

    @property
    def change(self) -> float:
        """What the detector holds, that looks for the way into a skew or, in one, for the way out."""
        return self._settle().change

    @property
    def whole(self) -> Sums:
        """Sums over all blocks, for `gap_interval`."""
        return self._settle().whole

    @property
    def recent(self) -> Sums:
        """The same over the blocks since the state began."""
        return self._settle().recent

    @property
    def threshold(self) -> float:
        """The evidence at which this monitor raises an alarm by itself."""
        return self.family / self.rule.alpha

    @property
    def chance(self) -> float:
        """An upper bound, true at every look, of the chance of so much evidence within the tolerance (anytime p)."""
        return min(1.0, 1 / self.peak)

    def bets(self) -> tuple[list[float], list[float]]:
        """What each bet has won so far, on *more* and on *less*, from the smallest bet to the largest."""
        self._settle()
        won = self._evidence.values()
        return won[: len(BETS)], won[len(BETS) :]

    def _fits(self, amounts: NDArray[np.integer[Any]], scale: int) -> bool:
        return int(amounts.min()) >= 0 and int(amounts.max()) * scale <= self.rule.largest * PPM

    def _crosses(self, evidence: float, change: float) -> bool:
        first = self.state is MonitorState.NO_EVIDENCE and evidence >= self.threshold
        return first or change >= self.rule.changes_every * self.family

    def _begin(self, state: MonitorState, direction: int, at: int) -> None:
        """From here on the detector looks for the way out of `state`."""
        self.state, self.direction, self.since = state, direction, at
        self._now = replace(self._now, change=0.0, recent=(0.0,) * 5)
        self._detector = Bank.detector(len(BETS) if state is MonitorState.SKEWED else BOTH)
        self._at_most = self._now.evidence, 0.0

    def _take(self, sides: NDArray[np.integer[Any]], ppm: NDArray[np.int64]) -> None:
        self._settle()
        before = self.events
        self.events += len(sides)
        in_group = int(np.count_nonzero(sides))
        of_group = ppm[sides == 1]
        hits = int(of_group.sum())
        yes, in_both = int(np.count_nonzero(of_group)), int(np.count_nonzero(ppm))
        self.yes = [self.yes[0] + in_both - yes, self.yes[1] + yes]
        self.people = [self.people[0] + len(sides) - in_group, self.people[1] + in_group]
        self.hits = [self.hits[0] + int(ppm.sum()) - hits, self.hits[1] + hits]
        blocks = cut(self._open, sides, ppm)
        self._open = blocks.rest
        self.blocks += len(blocks.last)
        self._close(blocks.others, blocks.group, blocks.others_sum, blocks.group_sum, before + blocks.last + 1)

    def _settle(self) -> _Now:
        """Settle the bets on the blocks that wait; how things stand then."""
        if self._waiting:
            waiting = np.array(self._waiting, dtype=np.int64).T
            self._waiting = []
            self._close(*waiting)
        return self._now

    def _close(
        self,
        others: NDArray[np.int64],
        group: NDArray[np.int64],
        others_sum: NDArray[np.int64],
        group_sum: NDArray[np.int64],
        at: NDArray[np.int64],
    ) -> None:
        """Settle the bets on closed blocks, piece by piece up to the end of a bank's chapter or a change of state."""
        gap = group_sum / (group * PPM) - others_sum / (others * PPM)
        weight = np.minimum(1.0, others * group / (others + group))
        start = 0
        while start < len(gap):
            stop = start + min(self._evidence.room, self._detector.room, len(gap) - start)
            start += self._piece(gap[start:stop], weight[start:stop], at[start:stop])
        self._at_most = self._now.evidence, self._now.change

    def _piece(self, gap: Numbers, weight: Numbers, at: NDArray[np.int64]) -> int:
        """Settle these blocks, or fewer if the state changes among them; how many."""
        up = weight * (gap - self.rule.tolerance) / self._bound
        down = weight * (-gap - self.rule.tolerance) / self._bound
        factors = factors_of(up, down)
        won = self._evidence.ahead(factors)
        if self.state is MonitorState.SKEWED:
            factors = factors_of(-up if self.direction > 0 else -down)
        turned = self._detector.ahead(factors)
        evidence = (won.high + won.low) / BOTH
        change = (turned.high + turned.low) / self._detector.rows
        crossed = change >= self.rule.changes_every * self.family
        if self.state is MonitorState.NO_EVIDENCE:
            crossed |= evidence >= self.threshold
        count = int(np.argmax(crossed)) + 1
        is_crossed = bool(crossed[count - 1])
        count = count if is_crossed else len(gap)
        last = count - 1
        self._now = _Now(
            float(evidence[last]),
            max(self._now.peak, float(evidence[:count].max())),
            float(change[last]),
            *_added((self._now.whole, self._now.recent), gap[:count], weight[:count]),
        )
        self._evidence.accept(won, count)
        self._detector.accept(turned, count)
        if is_crossed:
            tilt, change_tilt = (float(bank.high[last] - bank.low[last]) for bank in (won, turned))
            self._cross(tilt, change_tilt, int(at[last]))
        return count

    def _cross(self, tilt: float, change_tilt: float, at: int) -> None:
        """A threshold was reached by the block that closed at event `at`."""
        if self.state is MonitorState.SKEWED:
            self.lifted_at = at
            self._begin(MonitorState.WITHIN_AGAIN, 0, at)
            return
        by_evidence = self.state is MonitorState.NO_EVIDENCE and self._now.evidence >= self.threshold
        lean = tilt if by_evidence else change_tilt
        self.alarm_at, self.alarm_kind = at, "evidence" if by_evidence else "change"
        self._begin(MonitorState.SKEWED, 1 if lean >= 0 else -1, at)

    def to_dict(self) -> dict[str, Any]:
        """The whole state as JSON values; every float comes back to the last bit."""
        now = self._settle()
        return {
            "format": _FORMAT,
            "family": self.family,
            "events": self.events,
            "blocks": self.blocks,
            "people": list(self.people),
            "yes": list(self.yes),
            "hits": list(self.hits),
            "open": list(self._open),
            "state": self.state.value,
            "direction": self.direction,
            "since": self.since,
            "alarm_at": self.alarm_at,
            "alarm_kind": self.alarm_kind,
            "lifted_at": self.lifted_at,
            "evidence": now.evidence,
            "peak": now.peak,
            "change": now.change,
            "whole": list(now.whole),
            "recent": list(now.recent),
            "wealth": self._evidence.to_dict(),
            "detector": self._detector.to_dict(),
        }

    @staticmethod
    def from_dict(saved: Mapping[str, Any], rule: MonitorRule) -> Monitor:
        """The monitor back from `to_dict`.

        Raises:
            DataError: it is not such a state, or of another format.
        """
        try:
            if saved["format"] != _FORMAT:
                raise ValueError
            back = Monitor(rule, family=int(saved["family"]))
            for name in ("events", "blocks", "direction", "since", "alarm_at", "lifted_at"):
                setattr(back, name, int(saved[name]))
            back.alarm_kind = str(saved["alarm_kind"])
            for name in ("people", "yes", "hits"):
                first, second = saved[name]
                setattr(back, name, [int(first), int(second)])
            back._open = OpenBlock(*(int(one) for one in saved["open"]))
            back.state = MonitorState(saved["state"])
            evidence, peak, change = (cleared(saved[name]) for name in ("evidence", "peak", "change"))
            whole, recent = (tuple(cleared(one) for one in saved[name]) for name in ("whole", "recent"))
            back._now = _Now(evidence, peak, change, whole, recent)
            back._at_most = back._now.evidence, back._now.change
            back._evidence = Bank.from_dict(saved["wealth"], BOTH)
            back._detector = Bank.from_dict(saved["detector"], len(BETS) if back.state is MonitorState.SKEWED else BOTH)
            if len(whole) != 5 or len(recent) != 5:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError):
            raise DataError(
                "monitor-state",
                "The saved state of a monitor cannot be read.",
                rule=f"a state is what to_dict made, format {_FORMAT}",
                remedy="remove the state and let the monitor count the stream again from its start",
            ) from None
        return back


def _added(sums: tuple[Sums, Sums], gap: Numbers, weight: Numbers) -> tuple[Sums, Sums]:
    """The five sums with some more blocks, added one after the other; see `gap_interval`."""
    terms = np.empty((10, len(gap)))
    terms[0] = weight
    np.multiply(weight, gap, out=terms[1])
    np.multiply(weight, weight, out=terms[2])
    np.multiply(weight, terms[1], out=terms[3])
    np.multiply(terms[1], terms[1], out=terms[4])
    terms[5:] = terms[:5]
    terms[:, 0] += sums[0] + sums[1]
    added = np.add.accumulate(terms, axis=1)[:, -1].tolist()
    return tuple(added[:5]), tuple(added[5:])
