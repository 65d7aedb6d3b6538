"""What people said, as immutable columns: one row per record, grouped by subject."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import purpose_term
from evenhand.terms import DataError

from ._evidence import Weighed
from ._hear import FOR_EVER, Heard
from ._match import SubjectIndex, index_subjects
from ._weights import AgeWeight, ConsentWeight, Kind, OptInWeight, OptOutWeight, SignalWeight

__all__ = ["FACTOR", "ConsentBook"]

FACTOR = "factor:"
"""What stands before the name of a factor among the purposes of a book, so that it is taken for no purpose."""


_KINDS = {kind.name.lower(): kind for kind in Kind}
_WRITTEN = [name for name, kind in _KINDS.items() if kind is not Kind.ERASURE]
"""Kinds that stand in tables; an erasure is a home's own to tell."""

_STATUSES: dict[Kind, dict[str, int]] = {
    Kind.CONSENT: {weight.status.value: weight for weight in ConsentWeight if weight.status is not None},
    Kind.OBJECTION: {"ObjectionWithdrawn": OptOutWeight.TAKEN_BACK, "Objected": OptOutWeight.STANDS},
    Kind.OPT_OUT: {"OptOutWithdrawn": OptOutWeight.TAKEN_BACK, "OptedOut": OptOutWeight.STANDS},
    Kind.MINOR: {
        "no": AgeWeight.ADULT,
        "16-17": AgeWeight.FROM_16,
        "yes": AgeWeight.MINOR,
        "15": AgeWeight.IS_15,
        "14": AgeWeight.IS_14,
        "13": AgeWeight.IS_13,
        "under_13": AgeWeight.UNDER_13,
        "unknown": AgeWeight.UNKNOWN,
    },
    # What such a row says stands in its signals: whatever its status, the row alone says nothing.
    Kind.SIGNAL: {"": SignalWeight.OPEN, "Signalled": SignalWeight.OPEN, "SignalledNo": SignalWeight.OPEN},
    Kind.ERASURE: {"Erased": OptOutWeight.STANDS},
    Kind.RESTRICTION: {"RestrictionLifted": OptOutWeight.TAKEN_BACK, "Restricted": OptOutWeight.STANDS},
    Kind.LIMIT: {"LimitWithdrawn": OptOutWeight.TAKEN_BACK, "LimitRequested": OptOutWeight.STANDS},
    Kind.OPT_IN: {
        "OptedInByParent": OptInWeight.PARENT,
        "OptedIn": OptInWeight.OWN,
        "OptInWithdrawn": OptInWeight.TAKEN_BACK,
    },
    Kind.SALE: {"SaleOptOutWithdrawn": OptOutWeight.TAKEN_BACK, "SaleOptedOut": OptOutWeight.STANDS},
    Kind.FACTOR: {"SwitchedOn": OptOutWeight.TAKEN_BACK, "SwitchedOff": OptOutWeight.STANDS},
}
_WORDS = {word: code for code, word in enumerate(word for words in _STATUSES.values() for word in words)}
_KIND_OF = np.array([kind for kind, words in _STATUSES.items() for _ in words], dtype=np.int8)
_WEIGHT_OF = np.array([weight for words in _STATUSES.values() for weight in words.values()], dtype=np.int8)
_PERMITS = np.array([weight.permits for weight in ConsentWeight])
UNKNOWN_WORD = -1
_Item = TypeVar("_Item", bound=np.generic)


@dataclass(frozen=True, slots=True)
class ConsentBook:
    """Consents, objections, opt-outs, restrictions and ages. Build it with `from_columns` or `empty`.

    Attributes:
        index: the subjects who have records, by number.
        starts: intp[u + 1]; subject s has records ``starts[s]:starts[s + 1]``.
        kinds: int8[k], a `Kind`.
        purposes: int32[k], index into `purpose_terms`.
        weights: int8[k], which status; within its kind, a heavier one counts when two are equally late.
        at: int64[k], microseconds since 1970 UTC.
        until: int64[k], likewise: the last moment at which a consent counts.
        marks: int8[k], of a consent whether it is explicit (1) and whether a parent gave it (2), added up.
        purpose_terms: the different purposes named; bare DPV terms, "" where a record names none, and for an opt-out
            signal which one it was, for a factor `FACTOR` and its name.
    """

    index: SubjectIndex
    starts: NDArray[np.intp]
    kinds: NDArray[np.int8]
    purposes: NDArray[np.int32]
    weights: NDArray[np.int8]
    at: NDArray[np.int64]
    until: NDArray[np.int64]
    marks: NDArray[np.int8]
    purpose_terms: tuple[str, ...]

    def __len__(self) -> int:
        """Number of records."""
        return len(self.at)

    def has_erasure(self, pseudonym: bytes) -> bool:
        """Whether the book has a record that this person (16 bytes) was erased."""
        _, which = self.records_of(np.array([pseudonym.hex()], dtype="S32"))
        return bool((self.kinds[which] == Kind.ERASURE).any())

    @classmethod
    def empty(cls) -> ConsentBook:
        """The book in which nobody said anything.

        Example:
            >>> len(ConsentBook.empty())
            0
        """
        return cls.from_columns(
            subjects=np.empty(0, "S32"), kinds=(), purposes=(), statuses=(), at=np.empty(0, "datetime64[us]")
        )

    @classmethod
    def from_columns(
        cls,
        *,
        subjects: NDArray[np.bytes_],
        kinds: Sequence[str],
        purposes: Sequence[str],
        statuses: Sequence[str],
        at: NDArray[np.datetime64],
        heard: Heard | None = None,
        evidence: Weighed | None = None,
    ) -> ConsentBook:
        """Read records; their order does not matter.

        Args:
            subjects: S32[k], pseudonyms.
            kinds: ``consent``, ``objection``, ``opt_out``, ``sale``, ``restriction``, ``factor``, ``minor``,
                ``erasure``, ``limit`` (of the use of sensitive data), ``opt_in`` (to sale and sharing), or ``signal``
                of a row that only holds signals.
            purposes: DPV terms (bare or as IRI). A consent is for exactly this purpose; an objection, opt-out or
                restriction covers everything below it, and all marketing where the purpose is empty or unknown. Of a
                factor not a purpose but the name of the column that may not count for this person.
            statuses: for consent a DPV state such as ``ConsentGiven``; for objection ``Objected`` or
                ``ObjectionWithdrawn``; for opt_out ``OptedOut`` or ``OptOutWithdrawn``; for minor ``yes``, ``no``, an
                age (``16-17``, ``15``, ``14``, ``13``, ``under_13``) or ``unknown`` (which says nothing); for
                restriction ``Restricted`` or ``RestrictionLifted``; for factor ``SwitchedOff`` or ``SwitchedOn``; for
                sale ``SaleOptedOut`` or ``SaleOptOutWithdrawn``, whatever the purpose; for limit ``LimitRequested`` or
                ``LimitWithdrawn``; for opt_in ``OptedIn``, ``OptedInByParent`` or ``OptInWithdrawn``; for erasure
                ``Erased``; for signal nothing, or ``Signalled`` or ``SignalledNo``.
            at: datetime64[us][k] in UTC. A date without a time counts from the start of that day.
            heard: what `hear` made of the signals in these rows; None where the campaign declares none.
            evidence: what `weigh` made of the evidence in these rows; None where the campaign declares none.

        Raises:
            DataError: columns of different length, or an unknown kind, status or moment; it names the number of
                the first such row, never the subject. Or rows of signals, and no column of signals is declared.

        Example:
            >>> book = ConsentBook.from_columns(
            ...     subjects=np.array([b"0" * 32], dtype="S32"), kinds=["consent"],
            ...     purposes=["dpv:PersonalisedAdvertising"], statuses=["ConsentGiven"],
            ...     at=np.array(["2026-01-01"], dtype="datetime64[us]"))
            >>> len(book), book.purpose_terms
            (1, ('PersonalisedAdvertising',))
        """
        lengths = {len(column) for column in (subjects, kinds, purposes, statuses, at)}
        if len(lengths) > 1:
            raise DataError(
                "consents-uneven",
                "The columns of the consent records have different lengths.",
                rule="one subject, kind, purpose, status and moment per record",
                remedy="read all five columns from the same table",
            )
        kind = _codes(kinds, lambda word: _KINDS.get(word.lower(), UNKNOWN_WORD))
        _refuse(kind == UNKNOWN_WORD, "kind", _WRITTEN, kinds)
        word = _words_of(kind, statuses)
        if heard is None and (kind == Kind.SIGNAL).any():
            raise DataError(
                "consents-signals-undeclared",
                f"{int((kind == Kind.SIGNAL).sum())} consent records hold signals, and the campaign declares none.",
                rule="C-7025: an opt-out signal is honoured",
                remedy="name the columns that hold them under consents: signals in the campaign file",
            )
        moment = np.asarray(at, dtype="datetime64[us]")
        _refuse(np.isnat(moment), "moment", (), ())
        terms: dict[str, int] = {}
        purpose = _codes(purposes, lambda text: terms.setdefault(purpose_term(text), len(terms)))
        # What a row of kind signal says stands in its signals: the row itself names none of them.
        if (of_signals := kind == Kind.SIGNAL).any():
            purpose[of_signals] = terms.setdefault("", len(terms))
        if (of_factors := kind == Kind.FACTOR).any():
            names = [str(purposes[row] or "").strip() for row in np.flatnonzero(of_factors).tolist()]
            nameless = np.zeros(len(kind), dtype=np.bool_)
            nameless[of_factors] = [not name for name in names]
            _refuse(nameless, "column for a factor", (), ())
            purpose[of_factors] = [terms.setdefault(FACTOR + name, len(terms)) for name in names]
        weight = _WEIGHT_OF[word]
        when = moment.astype(np.int64)
        until = np.full(len(when), FOR_EVER)
        weight, until, marks = _with_evidence(kind, weight, until, evidence)
        subject = np.asarray(subjects, dtype="S32")
        if heard is not None:
            own = np.array([terms.setdefault(term, len(terms)) for term in heard.purposes], dtype=np.intp)
            subject = np.append(subject, subject[heard.rows])
            kind, purpose = np.append(kind, heard.kinds), np.append(purpose, own)
            weight = np.append(weight, heard.weights)
            when, until = np.append(when, heard.at), np.append(until, heard.until)
            marks = np.append(marks, np.zeros(len(heard.rows), dtype=np.int8))
        index, order, starts = index_subjects(subject)
        return cls(
            index=index,
            starts=_frozen(starts),
            kinds=_frozen(kind[order].astype(np.int8)),
            purposes=_frozen(purpose[order].astype(np.int32)),
            weights=_frozen(weight[order].astype(np.int8)),
            at=_frozen(when[order]),
            until=_frozen(until[order]),
            marks=_frozen(marks[order]),
            purpose_terms=tuple(terms),
        )

    def records_of(self, subjects: NDArray[np.bytes_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Records of these subjects: who (row in `subjects`) and which (row in the book); time grows with both only."""
        order, found = self.index.find(subjects)
        known = np.flatnonzero(found >= 0)
        first = self.starts[found[known]]
        counts = self.starts[found[known] + 1] - first
        who = np.repeat(order[known], counts)
        before = np.cumsum(counts) - counts
        which = np.repeat(first - before, counts) + np.arange(len(who))
        return who, which


def _with_evidence(
    kind: NDArray[np.intp], weight: NDArray[np.int8], until: NDArray[np.int64], evidence: Weighed | None
) -> tuple[NDArray[np.int8], NDArray[np.int64], NDArray[np.int8]]:
    """Weight, end and marks of each record; evidence counts for a consent that was given or renewed."""
    none = np.zeros(len(until), dtype=np.int8)
    if evidence is None:
        return weight, until, none
    yes = (kind == Kind.CONSENT) & _PERMITS[weight]
    stands = yes & (evidence.weights < 0)
    return (
        np.where(yes & ~stands, evidence.weights, weight).astype(np.int8),
        np.where(stands, evidence.until, until),
        np.where(stands, evidence.marks, none),
    )


class _Codes(dict[object, int]):
    """Looks each different word up once."""

    def __init__(self, look_up: Callable[[str], int]) -> None:
        self.look_up = look_up

    def __missing__(self, word: object) -> int:
        code = self[word] = self.look_up("" if word is None else str(word).strip())
        return code


def _codes(words: Sequence[str], look_up: Callable[[str], int]) -> NDArray[np.intp]:
    plain = words.tolist() if isinstance(words, np.ndarray) else words
    return np.fromiter(map(_Codes(look_up).__getitem__, plain), dtype=np.intp, count=len(words))


def _words_of(kind: NDArray[np.intp], statuses: Sequence[str]) -> NDArray[np.intp]:
    """The word of each record, which must be one of its kind."""
    word = _codes(statuses, lambda text: _WORDS.get(purpose_term(text), UNKNOWN_WORD))
    bad = (word == UNKNOWN_WORD) | (_KIND_OF[word] != kind)
    of = Kind(int(kind[np.argmax(bad)])) if bad.any() else Kind.CONSENT
    _refuse(bad, "status for its kind", _STATUSES[of], statuses, f" of {of.name.lower()}")
    return word


def _refuse(bad: NDArray[np.bool_], what: str, allowed: Iterable[str], words: Sequence[str], of: str = "") -> None:
    rows = np.flatnonzero(bad)
    if not len(rows):
        return
    row = int(rows[0])
    known = [one for one in allowed if one]
    meant = difflib.get_close_matches(str(words[row]), known, n=1, cutoff=0.85) if len(words) else []
    words_there = f"use one of the words{of}: {', '.join(known)} (" if known else "see "
    more = f" and {len(rows) - 1} more have" if len(rows) > 1 else " has"
    raise DataError(
        f"consents-unknown-{what.split()[0]}",
        f"Consent record {row + 1} (counting from 1, without a heading){more} no valid {what}.",
        rule="G-7: a record says who, what, for which purpose, in which state and when",
        remedy=(f"did you mean {meant[0]}? " if meant else "")
        + f"{words_there}docs/reference/campaign-file.md, consents{')' if known else ''}",
    )


def _frozen(column: NDArray[_Item]) -> NDArray[_Item]:
    column.setflags(write=False)
    return column
