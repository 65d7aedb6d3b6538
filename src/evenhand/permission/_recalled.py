"""What the people asked about said up to the moment of the decision: looked up once, for every purpose asked about."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Asked, UsageError, microseconds_of

from ._book import FACTOR, ConsentBook
from ._weights import AgeWeight, ConsentWeight, Kind, OptOutWeight, SignalWeight

__all__ = ["MARKS", "SAYINGS", "WEIGHTS", "Latest", "Recalled"]

_OLDEST = -(2**56)
WEIGHTS = 16
"""Weights that a record can have."""
MARKS = 4
"""Ways in which marks can stand beside a weight."""
SAYINGS = WEIGHTS * MARKS
"""What a record can say: its weight times `MARKS`, and the marks that it lacks; the heavier counts on a tie, and of two
alike the one with fewer marks, which permits less."""

_ALL = tuple(ConsentWeight)
_MAY_END = np.array([weight in (ConsentWeight.GIVEN, ConsentWeight.RENEWED) for weight in _ALL])


class Latest(NamedTuple):
    """The latest word of everybody who said something.

    Attributes:
        who: intp[k], rows of those asked about, each once.
        saying: intp[k], what each said, one of `SAYINGS`.
    """

    who: NDArray[np.intp]
    saying: NDArray[np.intp]


class _Records(NamedTuple):
    """Records of one kind, person by person.

    Attributes:
        who: intp[k], row of the person among those asked about.
        what: intp[k], purpose and weight: `WEIGHTS` times the one, and the other.
        order: int64[k], `SAYINGS` times the moment, and what it says: of several records the highest counts.
    """

    who: NDArray[np.intp]
    what: NDArray[np.intp]
    order: NDArray[np.int64]

    def at(self, rows: NDArray[np.intp]) -> _Records:
        """Some of them, in order."""
        return _Records(self.who[rows], self.what[rows], self.order[rows])

    def those(self, wanted: NDArray[np.bool_]) -> _Records:
        """Those of a purpose and weight that is wanted, bool[purposes, `WEIGHTS`]."""
        kept = wanted.ravel()[self.what]
        return self if kept.all() else self.at(np.flatnonzero(kept))

    def said(self, weight: int) -> NDArray[np.intp]:
        """Whom the records of this weight are about."""
        who: NDArray[np.intp] = self.who[self.what % WEIGHTS == weight]
        return who

    def latest(self) -> Latest:
        """The latest word of each person, whatever its purpose."""
        other = self.who[1:] != self.who[:-1]
        if other.all():
            return Latest(self.who, self.order & (SAYINGS - 1))
        first = np.append(0, np.flatnonzero(other) + 1)
        return Latest(self.who[first], np.maximum.reduceat(self.order, first) & (SAYINGS - 1))

    def last_of_each(self) -> _Records:
        """The latest of each person and purpose, the heaviest on a tie."""
        again = self.who[1:] == self.who[:-1]
        if not again.any():
            return self
        several = np.append(again, False) | np.insert(again, 0, False)
        mine = np.flatnonzero(several)
        mine = mine[np.lexsort((self.order[mine], self.what[mine] // WEIGHTS, self.who[mine]))]
        who, purpose = self.who[mine], self.what[mine] // WEIGHTS
        last = np.append((who[1:] != who[:-1]) | (purpose[1:] != purpose[:-1]), True)
        return self.at(np.sort(np.append(np.flatnonzero(~several), mine[last])))

    def first_of_each(self) -> _Records:
        """The first of each person."""
        order = np.lexsort((self.order, self.who))
        return self.at(np.sort(order[np.diff(self.who[order], prepend=-1) != 0]))


_NONE = _Records(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64))
_SILENCE = Latest(_NONE.who, _NONE.what)


class Recalled:
    """The records of the people asked about, up to the moment of the decision. Made by `recall`.

    Attributes:
        asked: the people and the moment.
    """

    __slots__ = ("_of", "asked")

    def __init__(self, asked: Asked, book: ConsentBook) -> None:
        self.asked = asked
        who, which = book.records_of(asked.subjects)
        now = _microseconds(asked.at)
        at = book.at[which]
        if (later := at > now).any():
            kept = np.flatnonzero(~later)
            who, which, at = who[kept], which[kept], at[kept]
        weights = book.weights[which]
        past = np.flatnonzero(book.until[which] < now)
        by_notice = _MAY_END[weights[past]]
        weights[past] = np.where(by_notice, ConsentWeight.NOTICE_ENDED, ConsentWeight.EXPIRED)
        what = book.purposes[which].astype(np.intp)
        what *= WEIGHTS
        what += weights
        order = np.maximum(at, _OLDEST)
        order *= WEIGHTS
        order += weights
        order *= MARKS
        order += (MARKS - 1) - book.marks[which]
        records = _Records(who, what, order)
        kinds = book.kinds[which]
        present = np.flatnonzero(np.bincount(kinds)).tolist()
        self._of = {Kind(kind): records.at(np.flatnonzero(kinds == kind)) for kind in present}

    def standing(self, kind: Kind, relevant: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Who has a standing no of this kind: for any relevant purpose, the latest record says so."""
        if kind not in self._of:
            return _NONE.who
        return self._of[kind].those(_of_purposes(relevant)).last_of_each().said(OptOutWeight.STANDS)

    def signalled(
        self, personal: NDArray[np.bool_], once: NDArray[np.bool_]
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Who opted out by a signal, and of whom a signal leaves it unclear: the latest of each signal counts, and the
        first of one that can say but one thing, as long as the person took no opt-out back after it.
        """
        if Kind.SIGNAL not in self._of:
            return _NONE.who, _NONE.who
        signals = self._of[Kind.SIGNAL]
        back = self._of.get(Kind.OPT_OUT, _NONE).those(_of_purposes(personal, OptOutWeight.TAKEN_BACK))
        taken_back = np.full(len(self.asked), np.iinfo(np.int64).min)
        np.maximum.at(taken_back, back.who, back.order // SAYINGS)
        heard = (signals.those(_of_purposes(once)).first_of_each(), signals.those(_of_purposes(~once)).last_of_each())
        counts = [one.at(np.flatnonzero(one.order // SAYINGS >= taken_back[one.who])) for one in heard]
        opted_out, unclear = (
            np.concatenate([one.said(weight) for one in counts])
            for weight in (SignalWeight.OPTED_OUT, SignalWeight.UNCLEAR)
        )
        return opted_out, unclear

    def switched_off(self, named: tuple[str, ...]) -> dict[str, NDArray[np.bool_]]:
        """By the name of a factor, bool[people]: whose latest word about it is that it may not count."""
        if Kind.FACTOR not in self._of:
            return {}
        factors = self._of[Kind.FACTOR].last_of_each()
        who, purposes = factors.said(OptOutWeight.STANDS), factors.what[factors.what % WEIGHTS == OptOutWeight.STANDS]
        out: dict[str, NDArray[np.bool_]] = {}
        for one in np.unique(purposes // WEIGHTS).tolist():
            mark = out[named[one].removeprefix(FACTOR)] = np.zeros(len(self.asked), dtype=np.bool_)
            mark[who[purposes // WEIGHTS == one]] = True
        return out

    def ages(self) -> Latest:
        """What is known of each person's age; ``unknown`` says nothing, and a purpose does not matter."""
        if Kind.MINOR not in self._of:
            return _SILENCE
        minors = self._of[Kind.MINOR]
        return minors.at(np.flatnonzero(minors.what % WEIGHTS != AgeWeight.UNKNOWN)).latest()

    def latest(self, kind: Kind) -> Latest:
        """Each person's latest record of a kind, whatever its purpose."""
        return self._of[kind].latest() if kind in self._of else _SILENCE

    def consents(self, wanted: NDArray[np.bool_], decisive: NDArray[np.bool_]) -> tuple[Latest, Latest]:
        """The latest consent of each person: of all, and of the decisive ones alone.

        Args:
            wanted: bool[purposes, `WEIGHTS`], those that count.
            decisive: bool[`WEIGHTS`], which of these.
        """
        if Kind.CONSENT not in self._of:
            return _SILENCE, _SILENCE
        records = self._of[Kind.CONSENT].those(wanted)
        latest, some = records.latest(), records.those(wanted & decisive)
        return latest, latest if some is records else some.latest()

    def erased(self, given: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Who was erased and gave no consent for the purpose since: what they said before is void.

        Args:
            given: bool[purposes, `WEIGHTS`], consents for it.
        """
        if Kind.ERASURE not in self._of:
            return _NONE.who
        erased = self._of[Kind.ERASURE]
        since = self._of.get(Kind.CONSENT, _NONE).those(given)
        last = np.full((2, len(self.asked)), np.iinfo(np.int64).min)
        for times, records in zip(last, (erased, since), strict=True):
            np.maximum.at(times, records.who, records.order // SAYINGS)
        void: NDArray[np.intp] = erased.who[last[1][erased.who] <= last[0][erased.who]]
        return void


def _of_purposes(relevant: NDArray[np.bool_], weight: int | None = None) -> NDArray[np.bool_]:
    """bool[purposes, `WEIGHTS`]: these purposes, whatever the weight or with this one."""
    weights = np.ones(WEIGHTS, dtype=np.bool_) if weight is None else np.arange(WEIGHTS) == weight
    return relevant[:, np.newaxis] & weights


def _microseconds(at: datetime) -> int:
    if at.tzinfo is None:
        raise UsageError(
            "asked-without-zone",
            "The moment of the decision has no time zone.",
            rule="every rule is applied as of one moment, in UTC",
            remedy="pass a time-zone aware datetime, e.g. datetime.now(timezone.utc)",
        )
    return microseconds_of(at)
