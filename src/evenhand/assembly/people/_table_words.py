"""What stands about one person in the organisation's own tables of consents, for the pages that the person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Protocol

import numpy as np

from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.stores.home import Home
from evenhand.features import Register
from evenhand.policy import Campaign, purpose_term
from evenhand.portal import Word
from evenhand.terms import EvenhandError

from ..live._live_people import SaidTable
from ..records._ledger import keys_of
from ..records._records import data_folder
from ..runs._consents import open_consents
from ..runs._frames import Frames
from ._declared import campaigns_of
from ._person_signals import first_gpc
from ._signal_means import GPC, Means, means_of

__all__ = ["LiveTables", "ReadTables", "TableWords", "gpc_in_table", "without_void"]

_FRESH = timedelta(minutes=1)
_SHOWN = frozenset({"consent", "objection", "opt_out", "factor", "sale", "restriction"})
_ON = frozenset({"1", "1.0", "true"})


class TableWords(Protocol):
    """Knows what stands about somebody in tables."""

    def of(self, who: str) -> Sequence[Word]:
        """What a person (an id of the organisation's own) said, as tables have it, oldest first."""
        ...


def gpc_in_table(tables: TableWords, who: str) -> datetime | None:
    """Since when Global Privacy Control stands in the organisation's own tables about a person; None where it does
    not."""
    first = first_gpc(tables.of(who))
    return None if first is None else first.at


class _Served(Protocol):
    """A campaign that is served."""

    @property
    def campaign(self) -> Campaign:
        """As declared."""
        ...

    @property
    def people(self) -> _People:
        """Its people."""
        ...


class _People(Protocol):
    """Everybody in a campaign's tables. `assembly.Profiles` is."""

    def said_by(self, who: str) -> ConsentColumns | None:
        """What the consents table says that one person said."""
        ...


class LiveTables:
    """The tables of a service, as it read them. Implements `TableWords`.

    Args:
        served: its campaigns.
    """

    def __init__(self, served: Iterable[_Served]) -> None:
        self._served = tuple(served)

    def of(self, who: str) -> Sequence[Word]:
        """See `TableWords.of`."""
        return _together((one.campaign, one.people.said_by(who)) for one in self._served)


class ReadTables:
    """The tables of the campaigns that ran in a home, read again where a minute passed. Implements `TableWords`.

    A table that cannot be read says nothing here; a decision by it would fail.

    Args:
        place: the home.
        clock: now.
    """

    def __init__(self, place: Home, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._place, self._clock, self._lock = place, clock, Lock()
        self._read_at: datetime | None = None
        self._tables: tuple[tuple[Campaign, SaidTable], ...] = ()

    def of(self, who: str) -> Sequence[Word]:
        """See `TableWords.of`."""
        register = Register([who], self._place.key(make=False))
        return _together((campaign, said.of(register.pseudonyms)) for campaign, said in self._fresh())

    def _fresh(self) -> tuple[tuple[Campaign, SaidTable], ...]:
        now = self._clock()
        with self._lock:
            if self._read_at is None or not timedelta() <= now - self._read_at < _FRESH:
                self._tables, self._read_at = tuple(self._read()), now
            return self._tables

    def _read(self) -> Iterable[tuple[Campaign, SaidTable]]:
        nobody = Register([], self._place.key(make=False))
        for declared in campaigns_of(self._place):
            campaign = declared.campaign
            try:
                opened = open_consents(campaign, Frames(), data_folder(declared.last, self._place), nobody)
            except EvenhandError:
                continue
            if opened is not None:
                yield campaign, SaidTable(opened[1])


def without_void(place: Home, subject: str, words: Sequence[Word]) -> list[Word]:
    """Without consents of before an erasure, which are void; an objection stays one.

    Args:
        place: the home.
        subject: the person's pseudonym.
        words: what the person said.
    """
    if not words:
        return []
    gone = keys_of(place).suppressed(np.array([subject], dtype="S32")).get(bytes.fromhex(subject))
    if gone is None:
        return list(words)
    until = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=gone)
    return [one for one in words if one.kind == "objection" or one.at > until]


def _together(found: Iterable[tuple[Campaign, ConsentColumns | None]]) -> list[Word]:
    """Each word once, also where several campaigns read one table; oldest first."""
    words: dict[Word, None] = {}
    for campaign, said in found:
        if said is not None:
            words.update(dict.fromkeys(_words(campaign, said)))
    return sorted(words, key=lambda one: one.at)


def _words(campaign: Campaign, said: ConsentColumns) -> Iterable[Word]:
    for row, moment in enumerate(said.at.astype("datetime64[us]").tolist()):
        at, kind = moment.replace(tzinfo=UTC), said.kinds[row].strip().lower()
        if kind in _SHOWN:
            about = said.purposes[row].strip() if kind == "factor" else purpose_term(said.purposes[row])
            yield Word(kind, about, purpose_term(said.statuses[row]), at, "table")
        yield from _signals(campaign, {name: column[row] for name, column in said.signals.items()}, at)


def _signals(campaign: Campaign, signals: Mapping[str, str | None], at: datetime) -> Iterable[Word]:
    for name, text in signals.items():
        signal = (text or "").strip()
        if signal and (name != GPC or signal.lower() in _ON):
            means = means_of(name, signal, campaign, at)
            says_no = means in (Means.OPTS_OUT, Means.REFUSES, Means.UNCLEAR)
            yield Word("signal", name, "SignalledNo" if says_no else "Signalled", at, "browser", signal)
