"""From signals of browsers and apps to records: what a TC string, a GPP string, us_privacy and GPC mean for a campaign.

A TC string is a consent or a refusal of this campaign's purpose; every other signal is an opt-out or nothing, and never
a consent. Strings are read here and go no further: a record holds codes and moments only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, SignalsClause, tcf_covers
from evenhand.signals import (
    TCF_AGE_DAYS,
    GppString,
    TcfQuestion,
    TcfString,
    Unreadable,
    Wish,
    ask_gpp,
    ask_tcf,
    ask_us_privacy,
    read_gpp,
    read_tcf,
    read_us_privacy,
)

from ._weights import ConsentWeight, Kind, SignalWeight

__all__ = ["FOR_EVER", "SAID_ONCE", "Heard", "hear"]

FOR_EVER = int(np.iinfo(np.int64).max)
"""Microseconds since 1970 of a record that does not expire."""

SAID_ONCE = "signal:gpc"
"""Purpose of records of Global Privacy Control. It has one value, so a later one is no new word (11 CCR 7025(c))."""
_DAY = 86_400_000_000
_DECISECOND = 100_000
_TCF_EUROPE = 2
_ON = frozenset({"1", "1.0", "true"})
"""Sec-GPC has one value that counts, 1; a table may hold it as a number or as true."""
_WEIGHTS = {Wish.OPEN: SignalWeight.OPEN, Wish.UNCLEAR: SignalWeight.UNCLEAR, Wish.OPTED_OUT: SignalWeight.OPTED_OUT}


@dataclass(frozen=True, slots=True)
class Heard:
    """Records that signals amount to; row i of each column is one record.

    Attributes:
        rows: which row of the table the signal stood in.
        kinds: `Kind.CONSENT` or `Kind.SIGNAL`.
        purposes: the campaign's purpose for a consent; for an opt-out signal which one it was, such as ``signal:gpc``.
        weights: `ConsentWeight` or `SignalWeight`.
        at: int64, microseconds since 1970 UTC as of which it counts.
        until: int64, likewise, up to which a consent counts.
    """

    rows: NDArray[np.intp]
    kinds: NDArray[np.int8]
    purposes: tuple[str, ...]
    weights: NDArray[np.int8]
    at: NDArray[np.int64]
    until: NDArray[np.int64]

    @property
    def words(self) -> tuple[str, ...]:
        """Of each record the name of its weight, such as ``SIGNAL_REFUSED`` or ``OPTED_OUT``."""
        return tuple(
            (ConsentWeight if kind == Kind.CONSENT else SignalWeight)(weight).name
            for kind, weight in zip(self.kinds.tolist(), self.weights.tolist(), strict=True)
        )


class _Record(NamedTuple):
    row: int
    kind: Kind
    purpose: str
    weight: int
    at: int
    until: int


class _TcfWord(NamedTuple):
    """What a TC string says to this campaign, and when it changed last (microseconds; None where unreadable)."""

    weight: ConsentWeight
    updated: int | None


def hear(
    texts: Mapping[str, Sequence[str | None]],
    at: NDArray[np.datetime64],
    campaign: Campaign,
    undeclared: SignalsClause | None = None,
) -> Heard:
    """Turn columns of signals into records.

    A yes counts from the day on which the string was made, at the earliest; a no up to the end of that day, and neither
    later than it was received. What cannot be used counts from when it was received, and is no yes. An opt-out signal
    counts from then as well.

    Args:
        texts: signals by name (``tcf``, ``gpp``, ``us_privacy``, ``gpc``), one text or None per row of the table.
        at: datetime64[us] per row, UTC: when it was received.
        campaign: purpose and channel, and the signals part of its consents.
        undeclared: how to understand signals that a campaign declares none of: then they are opt-outs or nothing, and
            never a consent. None = they are not heard.

    Example:
        >>> from types import SimpleNamespace
        >>> from evenhand.terms import Channel
        >>> campaign = SimpleNamespace(purpose="PersonalisedAdvertising", channel=Channel.WEB,
        ...                            consents=SimpleNamespace(signals=SignalsClause(gpc="sec_gpc")))
        >>> heard = hear({"gpc": ["1", None]}, np.array(["2026-01-01"] * 2, dtype="datetime64[us]"), campaign)
        >>> heard.rows.tolist(), heard.purposes, SignalWeight(heard.weights[0]).name
        ([0], ('signal:gpc',), 'OPTED_OUT')
    """
    declared = campaign.consents.signals if campaign.consents is not None else None
    clause = declared or undeclared
    records: list[_Record] = []
    if clause is not None:
        received = at.astype("datetime64[us]").astype(np.int64).tolist()
        for name, column in texts.items():
            records += _READERS[name](column, received, campaign, clause)
    if declared is None:
        records = [one for one in records if one.kind is Kind.SIGNAL]
    return Heard(
        rows=np.array([one.row for one in records], dtype=np.intp),
        kinds=np.array([one.kind for one in records], dtype=np.int8),
        purposes=tuple(one.purpose for one in records),
        weights=np.array([one.weight for one in records], dtype=np.int8),
        at=np.array([one.at for one in records], dtype=np.int64),
        until=np.array([one.until for one in records], dtype=np.int64),
    )


_Reader = Callable[[Sequence[str | None], list[int], Campaign, SignalsClause], Iterator[_Record]]


def _stated(column: Sequence[str | None]) -> Iterator[tuple[int, str]]:
    """Row and text where one stands."""
    for row, text in enumerate(column):
        if text is not None and (bare := text.strip()):
            yield row, bare


def _tcf(
    column: Sequence[str | None], received: list[int], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Record]:
    if _counts(campaign):
        question = _question(clause)
        known: dict[str, _TcfWord] = {}
        for row, text in _stated(column):
            word = known.get(text) or known.setdefault(text, _tcf_word(read_tcf(text), question))
            yield _consent(row, word, received[row], campaign)


def _gpp(
    column: Sequence[str | None], received: list[int], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Record]:
    question = _question(clause) if _counts(campaign) else None
    known: dict[str, tuple[Wish, _TcfWord | None]] = {}
    for row, text in _stated(column):
        if text not in known:
            said = read_gpp(text)
            known[text] = (ask_gpp(said, clause.uses), None if question is None else _tcf_part(said, question))
        wish, word = known[text]
        yield from _opt_out(row, "signal:gpp", wish, received[row])
        if word is not None:
            yield _consent(row, word, received[row], campaign)


def _us_privacy(
    column: Sequence[str | None], received: list[int], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Record]:
    del campaign
    for row, text in _stated(column):
        wish = ask_us_privacy(read_us_privacy(text), clause.uses)
        yield from _opt_out(row, "signal:us_privacy", wish, received[row])


def _gpc(
    column: Sequence[str | None], received: list[int], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Record]:
    del campaign
    if clause.uses:
        for row, text in _stated(column):
            if text.lower() in _ON:
                yield from _opt_out(row, SAID_ONCE, Wish.OPTED_OUT, received[row])


_READERS: Mapping[str, _Reader] = {"tcf": _tcf, "gpp": _gpp, "us_privacy": _us_privacy, "gpc": _gpc}


def _counts(campaign: Campaign) -> bool:
    """A TC string is about advertising on a site or in an app; it is no word about what is sent to somebody."""
    return tcf_covers(campaign.purpose) and not campaign.channel.is_direct


def _question(clause: SignalsClause) -> TcfQuestion:
    return TcfQuestion(clause.vendor, cmps=frozenset(clause.cmps))


def _tcf_part(said: GppString | Unreadable, question: TcfQuestion) -> _TcfWord | None:
    """The European section of a GPP string, where it has one."""
    if isinstance(said, Unreadable) or _TCF_EUROPE not in said.section_ids:
        return None
    section = said.section(_TCF_EUROPE)
    if isinstance(section, TcfString):
        return _tcf_word(section, question)
    return _TcfWord(ConsentWeight.SIGNAL_UNUSABLE, None)


def _tcf_word(said: TcfString | Unreadable, question: TcfQuestion) -> _TcfWord:
    if isinstance(said, Unreadable):
        return _TcfWord(ConsentWeight.SIGNAL_UNUSABLE, None)
    answer = ask_tcf(said, question, at=None)  # its age is judged when a decision is made
    if answer.problem is None:
        weight = ConsentWeight.SIGNAL_GIVEN
    else:
        weight = ConsentWeight.SIGNAL_REFUSED if answer.problem.is_refusal else ConsentWeight.SIGNAL_UNUSABLE
    return _TcfWord(weight, said.last_updated_ds * _DECISECOND)


def _consent(row: int, word: _TcfWord, received: int, campaign: Campaign) -> _Record:
    weight, at, until = word.weight, received, FOR_EVER
    if word.updated is not None and weight is not ConsentWeight.SIGNAL_UNUSABLE:
        if word.updated > received + _DAY:
            weight = ConsentWeight.SIGNAL_UNUSABLE
        elif weight is ConsentWeight.SIGNAL_GIVEN:
            at, until = min(word.updated, received), word.updated + TCF_AGE_DAYS * _DAY
        else:
            at = min(word.updated + _DAY, received)
    return _Record(row, Kind.CONSENT, campaign.purpose, weight, at, until)


def _opt_out(row: int, source: str, wish: Wish, received: int) -> Iterator[_Record]:
    if wish is not Wish.SILENT:
        yield _Record(row, Kind.SIGNAL, source, _WEIGHTS[wish], received, FOR_EVER)
