"""From signals of browsers and apps to records: what a TC string, a GPP string, us_privacy and GPC mean for a campaign.

A TC string is a consent or a refusal of this campaign's purpose; every other signal is an opt-out or nothing, and never
a consent. Strings are read here and go no further: a record holds codes and moments only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign, SignalsClause, tcf_covers
from evenhand.signals import (
    TCF_AGE_DAYS,
    Alike,
    GppString,
    TcfQuestion,
    TcfString,
    Unreadable,
    Wish,
    alike_gpp,
    alike_tcf,
    ask_gpp,
    ask_tcf,
    ask_us_privacy,
    read_gpp,
    read_tcf,
    read_us_privacy,
)

from ._repeats import stated, without_repeats
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
_WEIGHTS = np.array([SignalWeight[(wish if wish else Wish.OPEN).name] for wish in Wish], dtype=np.int64)
"""By `Wish`; of a silent one there is no record."""
_NONE = np.empty(0, dtype=np.int64)
_UNREAD = _NO_WORD = -1
_AT_ONCE = 8_192
"""So many different texts are read in one go: enough to be fast, and few enough to take little memory."""
_MANY = 64
"""From so many on, it is faster to look for those that are alike."""


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


class _Records(NamedTuple):
    """Records of one kind and purpose, by row."""

    rows: NDArray[np.intp]
    kind: Kind
    purpose: str
    weights: NDArray[np.int64]
    at: NDArray[np.int64]
    until: NDArray[np.int64]


def hear(
    texts: Mapping[str, Sequence[str | None]],
    at: NDArray[np.datetime64],
    campaign: Campaign,
    undeclared: SignalsClause | None = None,
    subjects: NDArray[np.bytes_] | None = None,
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
        subjects: S32 per row, whom each is about; then a string that is said again counts from when it was heard first
            (`without_repeats`). None = each row by itself.

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
    records: list[_Records] = []
    if clause is not None:
        received = at.astype("datetime64[us]").astype(np.int64)
        texts = texts if subjects is None else without_repeats(texts, subjects, at)
        for name, column in texts.items():
            records += _READERS[name](column, received, campaign, clause)
    if declared is None:
        records = [one for one in records if one.kind is Kind.SIGNAL]
    return _together(records)


def _together(records: list[_Records]) -> Heard:
    sizes = [len(one.rows) for one in records]
    every = zip(records, sizes, strict=True)
    none = _Records(_NONE, Kind.SIGNAL, "", _NONE, _NONE, _NONE)
    rows, kinds, _, weights, at, until = zip(none, *records, strict=True)
    return Heard(
        rows=np.concatenate(rows, dtype=np.intp),
        kinds=np.repeat(np.array(kinds, dtype=np.int8), [0, *sizes]),
        purposes=tuple(chain.from_iterable(repeat(one.purpose, size) for one, size in every)),
        weights=np.concatenate(weights, dtype=np.int8, casting="same_kind"),
        at=np.concatenate(at),
        until=np.concatenate(until),
    )


_Reader = Callable[[Sequence[str | None], NDArray[np.int64], Campaign, SignalsClause], Iterator[_Records]]


def _answers(
    texts: Sequence[str], alike: Callable[[Sequence[str]], Alike], answer: Callable[[str], tuple[int, ...]]
) -> NDArray[np.int64]:
    """What each text says, one row of numbers for each, the first of them when it was updated. One of those that are
    alike is asked, and they differ in that first number only."""
    if len(texts) < _MANY:
        return np.array([answer(text) for text in texts], dtype=np.int64)
    found = []
    for start in range(0, len(texts), _AT_ONCE):
        some = texts[start : start + _AT_ONCE]
        groups = alike(some)
        said = np.array([answer(some[one]) for one in groups.first.tolist()], dtype=np.int64)[groups.group]
        said[:, 0] = np.where(groups.updated_ds >= 0, groups.updated_ds, said[:, 0])
        found.append(said)
    return np.concatenate(found)


def _tcf(
    column: Sequence[str | None], received: NDArray[np.int64], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Records]:
    rows, texts, which = stated(column)
    if texts and _counts(campaign):
        question = _question(clause)
        said = _answers(texts, partial(alike_tcf, question=question), lambda text: _tcf_word(read_tcf(text), question))
        updated, weight = said[which].T
        yield _consents(rows, weight, updated, received[rows], campaign)


def _gpp(
    column: Sequence[str | None], received: NDArray[np.int64], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Records]:
    rows, texts, which = stated(column)
    if texts:
        question = _question(clause) if _counts(campaign) else None

        def answer(text: str) -> tuple[int, int, int]:
            said = read_gpp(text)
            return *_tcf_part(said, question), ask_gpp(said, clause.uses)

        said = _answers(texts, partial(alike_gpp, uses=clause.uses, question=question), answer)
        updated, weight, wish = said[which].T
        yield _opt_outs(rows, "signal:gpp", wish, received)
        has = weight != _NO_WORD
        yield _consents(rows[has], weight[has], updated[has], received[rows[has]], campaign)


def _us_privacy(
    column: Sequence[str | None], received: NDArray[np.int64], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Records]:
    del campaign
    rows, texts, which = stated(column)
    wishes = np.array([ask_us_privacy(read_us_privacy(text), clause.uses) for text in texts], dtype=np.int64)
    yield _opt_outs(rows, "signal:us_privacy", wishes[which], received)


def _gpc(
    column: Sequence[str | None], received: NDArray[np.int64], campaign: Campaign, clause: SignalsClause
) -> Iterator[_Records]:
    del campaign
    if clause.uses:
        rows, texts, which = stated(column)
        wishes = np.array([Wish.OPTED_OUT if text.lower() in _ON else Wish.SILENT for text in texts], dtype=np.int64)
        yield _opt_outs(rows, SAID_ONCE, wishes[which], received)


_READERS: Mapping[str, _Reader] = {"tcf": _tcf, "gpp": _gpp, "us_privacy": _us_privacy, "gpc": _gpc}


def _counts(campaign: Campaign) -> bool:
    """A TC string is about advertising on a site or in an app; it is no word about what is sent to somebody."""
    return tcf_covers(campaign.purpose) and not campaign.channel.is_direct


def _question(clause: SignalsClause) -> TcfQuestion:
    return TcfQuestion(clause.vendor, cmps=frozenset(clause.cmps))


def _tcf_part(said: GppString | Unreadable, question: TcfQuestion | None) -> tuple[int, int]:
    """The European section of a GPP string, where it has one and somebody asks."""
    if question is None or isinstance(said, Unreadable) or _TCF_EUROPE not in said.section_ids:
        return _UNREAD, _NO_WORD
    section = said.section(_TCF_EUROPE)
    return _tcf_word(section, question) if isinstance(section, TcfString) else (_UNREAD, ConsentWeight.SIGNAL_UNUSABLE)


def _tcf_word(said: TcfString | Unreadable, question: TcfQuestion) -> tuple[int, int]:
    """When a TC string changed last, and what it says to this campaign."""
    if isinstance(said, Unreadable):
        return _UNREAD, ConsentWeight.SIGNAL_UNUSABLE
    answer = ask_tcf(said, question, at=None)  # its age is judged when a decision is made
    if answer.problem is None:
        return said.last_updated_ds, ConsentWeight.SIGNAL_GIVEN
    is_refusal = answer.problem.is_refusal
    return said.last_updated_ds, ConsentWeight.SIGNAL_REFUSED if is_refusal else ConsentWeight.SIGNAL_UNUSABLE


def _consents(
    rows: NDArray[np.intp],
    weights: NDArray[np.int64],
    updated_ds: NDArray[np.int64],
    received: NDArray[np.int64],
    campaign: Campaign,
) -> _Records:
    updated = updated_ds * _DECISECOND
    weights = np.where(updated > received + _DAY, ConsentWeight.SIGNAL_UNUSABLE, weights)
    given, refused = weights == ConsentWeight.SIGNAL_GIVEN, weights == ConsentWeight.SIGNAL_REFUSED
    since = np.where(refused, updated + _DAY, np.where(given, updated, received))
    until = np.where(given, updated + TCF_AGE_DAYS * _DAY, FOR_EVER)
    return _Records(rows, Kind.CONSENT, campaign.purpose, weights, np.minimum(since, received), until)


def _opt_outs(rows: NDArray[np.intp], source: str, wishes: NDArray[np.int64], received: NDArray[np.int64]) -> _Records:
    said = wishes != Wish.SILENT
    rows = rows[said]
    return _Records(rows, Kind.SIGNAL, source, _WEIGHTS[wishes[said]], received[rows], np.full(len(rows), FOR_EVER))
