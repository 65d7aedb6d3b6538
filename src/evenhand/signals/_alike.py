"""Which strings of a column get the same answer, because they agree in all that the answer depends on.

Every string of the column is checked from its first bit to its last, as `read_tcf` and `read_gpp` do it, a field of all
of them at a time (`_column`). Then those that agree in everything that a question looks at are one group, and one of
each group is read whole and asked: what the law says stands in `ask_tcf` and `ask_gpp` alone. A string that is not
surely well formed, or has what is not expected here, is a group by itself. So the answer is always that of the readers
of one string; this only tells how few of them need be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Use

from ._ask_tcf import TURNS, TcfQuestion, cmp_problem
from ._ask_us import fields_asked
from ._column import Bits, Numbers, Truths, closed, restrictions, vendor_set
from ._gpp import TCF_EUROPE, header_ids
from ._tcf import TcfString
from ._tcf_codec import ALLOWED_SEGMENT, DISCLOSED_SEGMENT, PUBLISHER_SEGMENT
from ._us import UsPrivacyString
from ._us_layouts import LAYOUTS, US_SECTIONS, core_width, places

__all__ = ["Alike", "alike_gpp", "alike_tcf"]

_MOST_SECTIONS = 8
_LETTERS = 26
_CMPS = 1 << 12
_PURPOSES = 24


@dataclass(frozen=True, slots=True)
class Alike:
    """Strings of a column that get the same answer; row i of `group` and `updated_ds` is string i.

    Attributes:
        first: of each group, one string of it, to be read and asked for all of them.
        group: of each string, the number of its group.
        updated_ds: of each string LastUpdated of its TC string, in tenths of a second since 1970; -1 where it was not
            read here: it has none, or is a group by itself.
    """

    first: NDArray[np.intp]
    group: NDArray[np.intp]
    updated_ds: Numbers

    @classmethod
    def apart(cls, count: int) -> Alike:
        """Every string by itself."""
        each = np.arange(count)
        return cls(each, each, np.full(count, -1))


def alike_tcf(texts: Sequence[str], question: TcfQuestion) -> Alike:
    """TC strings that get the same answer to a question, their age aside.

    Example:
        >>> from evenhand.signals import IdSet, TcfString, write_tcf
        >>> yes, no = IdSet.of([1, 3, 4]), IdSet.of([1, 2])
        >>> made = [TcfString(1, 1, 10, consent_language="NL", purposes_consent=yes),
        ...         TcfString(1, 1, 11, consent_language="DE", purposes_consent=yes),
        ...         TcfString(1, 1, 11, consent_language="DE", purposes_consent=no)]
        >>> alike = alike_tcf([*map(write_tcf, made), "no string"], TcfQuestion(vendor=755))
        >>> [np.flatnonzero(alike.group == one).tolist() for one in alike.group.tolist()]
        [[0, 1], [0, 1], [2], [3]]
    """
    if not texts or not _rests_on_consent(question):
        return Alike.apart(len(texts))
    bits = Bits(texts)
    sure, facts, updated = _tcf(bits, bits.start, bits.end, question)
    return _grouped(sure, facts, updated)


def alike_gpp(texts: Sequence[str], uses: Iterable[Use], question: TcfQuestion | None) -> Alike:
    """GPP strings that say the same about these uses, and whose European section gets the same answer to a question,
    its age aside (None = it is not looked at).

    Example:
        >>> texts = ["DBABLA~CVVVkkkkkpFY.YA", "DBABLA~CVVVkkkkkpFY.QA", "DBABTA~1YNN", "DBABTA~1YNN"]
        >>> alike = alike_gpp(texts, [Use.SALE], None)
        >>> [np.flatnonzero(alike.group == one).tolist() for one in alike.group.tolist()]
        [[0], [1], [2, 3], [2, 3]]
    """
    if not texts or not (question is None or _rests_on_consent(question)):
        return Alike.apart(len(texts))
    fields = fields_asked(uses)
    bits = Bits(texts)
    parts = bits.cut(bits.start, bits.end, "~")
    heads, ids = _headers(texts, parts.more)
    sure, updated = (heads >= 0) & (bits.end > bits.start), np.full(len(texts), -1)
    kept = np.flatnonzero(sure[parts.owner])
    owner, place, start, end = (one[kept] for one in (parts.owner, parts.place, parts.first, parts.last))
    number = ids[heads[owner], place]
    facts = np.zeros((len(texts), _MOST_SECTIONS), dtype=np.int64)
    for section in np.unique(number).tolist():
        rows = np.flatnonzero(number == section)
        whose, first, last = owner[rows], start[rows], end[rows]
        if section == TCF_EUROPE and question is not None:
            good, found, updated[whose] = _tcf(bits, first, last, question)
        elif section == TCF_EUROPE:
            good, found = first <= last, first & 0  # nobody asks: it says nothing, readable or not
        elif section == UsPrivacyString.section_id:
            good, found = bits.clean(first, last) & (last - first == 24), bits.take(first, 24)  # the whole text
        elif section in US_SECTIONS:
            good, found = _us(bits, first, last, section, fields)
        else:
            good, found = first > last, first & 0
        facts[whose, place[rows]] = found
        sure[whose[~good]] = False
    group = heads
    for column in facts.T[: parts.more.max()]:
        group = np.unique(group * len(texts) + np.unique(column, return_inverse=True)[1], return_inverse=True)[1]
    return _grouped(sure, group, updated)


def _rests_on_consent(question: TcfQuestion) -> bool:
    """What rests on a legitimate interest is not looked at here."""
    return bool(question.consent) and not question.legitimate_interest


def _grouped(sure: Truths, facts: Numbers, updated: Numbers) -> Alike:
    """Equal facts are a group; whoever is not sure is one by itself."""
    key = np.where(sure, facts, -1 - np.arange(len(facts)))
    _, first, group = np.unique(key, return_index=True, return_inverse=True)
    return Alike(first, group, np.where(sure, updated, -1))


def _packed(*fields: tuple[Numbers | Truths, int]) -> Numbers:
    """Numbers of so many bits each, as one."""
    packed = np.zeros(len(fields[0][0]), dtype=np.int64)
    for value, width in fields:
        packed = packed << width | value
    return packed


def _tcf(bits: Bits, start: Numbers, end: Numbers, question: TcfQuestion) -> tuple[Truths, Numbers, Numbers]:
    """Of TC strings: whether they are surely well formed, all that an answer depends on, and LastUpdated."""
    vendor = question.vendor or 0
    vendor = vendor if 1 <= vendor <= 65_535 else 0
    needed = sum(1 << _PURPOSES - one for one in set(question.consent) if 1 <= one <= _PURPOSES)
    parts = bits.cut(start, end, ".")
    sure = bits.clean(start, end, beside=".") & (bits.take(start, 6) == TcfString.version)
    created, updated = bits.take(start + 6, 36), bits.take(start + 42, 36)
    language, treated = bits.take(start + 108, 12), bits.take(start + 200, 13)
    for letter in (language >> 6, language & 63, treated >> 6 & 63, treated & 63):
        sure &= letter < _LETTERS
    at, consents = vendor_set(bits, start + 213, vendor)
    at, _ = vendor_set(bits, at, 0)
    at, named = restrictions(bits, at, vendor)
    sure &= closed(bits, at, parts.end)
    policy = bits.take(start + 132, 7)  # and whether it is for this service
    purposes = bits.take(start + 152, _PURPOSES) & needed

    good, shown, own = _segments(bits, parts.owner, parts.first, parts.last, vendor, len(start))
    sure &= good
    facts = _packed(
        (purposes if question.vendor is not None else own & (1 << _PURPOSES | needed), 25),
        (policy, 7),
        (treated >> 12, 1),
        (np.searchsorted(TURNS, np.maximum(created, updated), side="right"), 2),
        (_cmps(question.cmps)[bits.take(start + 78, 12)], 2),
        (shown, 2),
        (consents, 1),
        (named, 18),
    )
    return sure, facts, updated


def _segments(
    bits: Bits, owner: Numbers, at: Numbers, end: Numbers, vendor: int, count: int
) -> tuple[Truths, Numbers, Numbers]:
    """What follows the cores of so many strings: whether it is well formed; vendors that were shown (0 = it does not
    say, 1 = not this one, 2 = this one); and the publisher's part (0, or a 1 and its consents)."""
    sure, shown, own = np.ones(count, dtype=bool), np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    kind = bits.take(at, 3)
    after = end + 1  # of another kind: it is read too far, and never closed
    for one in (DISCLOSED_SEGMENT, ALLOWED_SEGMENT):
        rows = np.flatnonzero(kind == one)
        after[rows], holds = vendor_set(bits, at[rows] + 3, vendor)
        if one == DISCLOSED_SEGMENT:
            shown[owner[rows]] = 1 + holds
    rows = np.flatnonzero(kind == PUBLISHER_SEGMENT)
    said = bits.take(at[rows] + 3, 54)
    after[rows] = at[rows] + 57 + 2 * (said & 63)
    own[owner[rows]] = 1 << _PURPOSES | said >> 30
    sure[owner[~closed(bits, after, end)]] = False
    twice = np.flatnonzero(np.bincount(owner * 8 + kind, minlength=8 * count) > 1)
    sure[twice // 8] = False
    return sure, shown, own


@lru_cache(maxsize=64)
def _cmps(cmps: frozenset[int]) -> NDArray[np.int64]:
    """Of each CMP id which of the problems that a CMP can be stands in the way; 0 = none."""
    found = [cmp_problem(one, cmps) for one in range(_CMPS)]
    kinds = [None, *sorted({one for one in found if one is not None})]
    return np.array([kinds.index(one) for one in found], dtype=np.int64)


def _headers(texts: Sequence[str], sections: Numbers) -> tuple[Numbers, Numbers]:
    """Of each GPP string which header it has (-1 = none that is read here), and of each header the ids."""
    known: dict[tuple[str, int], int] = {}
    ids: list[tuple[int, ...]] = []
    found = np.empty(len(texts), dtype=np.int64)
    for row, (text, count) in enumerate(zip(texts, sections.tolist(), strict=True)):
        key = (text.partition("~")[0], count)
        at = known.get(key)
        if at is None:
            read = header_ids(*key) if count <= _MOST_SECTIONS else None
            at = known[key] = -1 if read is None else len(ids)
            if read is not None:
                ids.append(read + (0,) * (_MOST_SECTIONS - count))
        found[row] = at
    return found, np.array(ids, dtype=np.int64).reshape(-1, _MOST_SECTIONS)


def _us(bits: Bits, start: Numbers, end: Numbers, section: int, fields: frozenset[str]) -> tuple[Truths, Numbers]:
    """Of sections of the United States: whether they have a length and an end that were checked here, and all that an
    answer depends on: version, length of the core, the fields that are asked about, and the whole text of the part."""
    name = US_SECTIONS[section]
    parts = bits.cut(start, end, ".")
    sure, facts = np.zeros(len(start), dtype=bool), np.zeros(len(start), dtype=np.int64)
    part = np.zeros(len(start), dtype=np.int64)
    letters = (parts.last - parts.first) // 6
    part[parts.owner] = bits.take(parts.first, 24) >> 24 - 6 * np.minimum(letters, 4) | letters + 1 << 24
    short = np.ones(len(start), dtype=bool)
    short[parts.owner[letters > 4]] = False
    version = bits.take(start, 6)
    for one in (1, 2):
        if (name, one) in LAYOUTS:
            rows = np.flatnonzero(version == one)
            at, core = start[rows] + 6, parts.end[rows]
            sure[rows] = closed(bits, at + core_width(name, one), core)
            stand = [where for field, where in places(name, one).items() if field in fields]
            spans = [(where.start, where.stop) if isinstance(where, slice) else (where, where + 1) for where in stand]
            asked = [(bits.take(at + 2 * first, 2 * (last - first)), 2 * (last - first)) for first, last in spans]
            facts[rows] = _packed((version[rows], 2), ((core - at) // 6, 6), (part[rows], 27), *asked)
    return sure & short & (parts.more <= 1) & bits.clean(start, end, beside="."), facts
