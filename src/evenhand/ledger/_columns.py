"""Decisions between their three forms: the shape of gate 5, columns, and bodies in the ledger. Lossless both ways."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from evenhand.promises import RecordColumns
from evenhand.terms import Explained, Model, Permitted, Standing, microseconds_of

from ._body import Decision
from ._seal import Seal, SealError

__all__ = ["bodies_of", "columns_from_bodies", "columns_from_explained", "layout_of", "sealed_parts"]

S = TypeVar("S", bound=np.generic)
_TOGETHER = 512
"""Decisions that are encoded together: of more, what is made of them leaves the processor's cache."""
_lines = msgspec.json.Encoder().encode_lines
_decisions = msgspec.json.Decoder(list[Decision])


def layout_of(model: Model) -> tuple[int, ...]:
    """Shape of the codes, per term: 0 for one code per person, m for one per offer (and person)."""
    return tuple(len(model.offers) if binning.per_offer else 0 for binning in model.view.binnings)


def columns_from_explained(explained: Explained, start: int, stop: int, number: int) -> RecordColumns:
    """Columns of the decisions `start` to `stop` (excluded) of a batch, whose first has this number in the run."""
    allocated = explained.allocated
    scored = allocated.scored
    permitted = scored.minimised.permitted
    rows = slice(start, stop)
    n = stop - start
    at = allocated.person[rows]
    offer, runner_up = allocated.offer[rows], allocated.runner_up[rows]
    reference = np.where(offer >= 0, offer, runner_up)

    eligible = scored.minimised.eligible
    excluded = np.zeros((n, 0), dtype=np.bool_) if eligible is None else ~eligible[:, at].T

    def of(table: NDArray[np.integer], index: NDArray[np.int16]) -> NDArray[np.int64]:
        has = index >= 0
        return np.where(has, table[np.where(has, index, 0), at], 0).astype(np.int64)

    def own_cost(index: NDArray[np.int16]) -> NDArray[np.int64]:
        return np.zeros(n, dtype=np.int64) if scored.minimised.cost is None else of(scored.minimised.cost, index)

    return RecordColumns(
        number=np.arange(number, number + n, dtype=np.int64),
        subject=permitted.asked.subjects[at],
        at=np.full(n, microseconds_of(permitted.asked.at), dtype=np.int64),
        standing=permitted.standing[at],
        permission=permitted.reason[at],
        rule=np.full(n, -1, dtype=np.int16) if permitted.rule is None else permitted.rule[at],
        outcome=allocated.reason[rows],
        offer=offer,
        runner_up=runner_up,
        codes=tuple(code[..., at] for code in scored.minimised.codes),
        score=of(scored.score, reference),
        probability=of(scored.probability, reference),
        value=of(scored.value, reference),
        runner_up_value=of(scored.value, runner_up),
        price=allocated.price[rows],
        runner_up_price=allocated.runner_up_price[rows],
        margin=explained.margin[rows],
        moved=allocated.moved[rows],
        top_terms=explained.top_terms[rows].astype(np.int64),
        top_contributions=np.where(explained.top_terms[rows] >= 0, explained.top_contributions[rows], 0).astype(
            np.int64
        ),
        flip_term=explained.flip_term[rows],
        flip_code=np.where(explained.flip_term[rows] >= 0, explained.flip_code[rows], 0).astype(np.uint8),
        sealed=np.zeros(n, dtype=np.bool_),
        excluded=excluded,
        listed=allocated.listed(rows),
        cost=own_cost(reference),
        runner_up_cost=own_cost(runner_up),
        switched_off=_switched_off(permitted, [one.name for one in scored.minimised.model.view.binnings], at),
    )


def _switched_off(permitted: Permitted, features: Sequence[str], at: NDArray[np.intp]) -> NDArray[np.bool_]:
    """See `RecordColumns.switched_off`; what is said of people of whom nothing is used is not recorded."""
    personal = permitted.standing[at] == Standing.PERSONALISED
    marks = [permitted.switched_off[one][at] & personal if one in permitted.switched_off else None for one in features]
    while marks and (marks[-1] is None or not marks[-1].any()):
        marks.pop()
    out = np.zeros((len(at), len(marks)), dtype=np.bool_)
    for place, mark in enumerate(marks):
        if mark is not None:
            out[:, place] = mark
    return out


def bodies_of(columns: RecordColumns, sealed: Sequence[str] | None = None) -> list[bytes]:
    """Canonical bodies of these decisions, in order; `sealed` is the sealed part of each, where the run has a seal."""
    out: list[bytes] = []
    for start in range(0, len(columns), _TOGETHER):
        stop = start + _TOGETHER
        out += _bodies(columns.part(start, stop), None if sealed is None else sealed[start:stop])
    return out


def _bodies(columns: RecordColumns, sealed: Sequence[str] | None) -> list[bytes]:
    top_terms, top_contributions = columns.top_terms.tolist(), columns.top_contributions.tolist()
    width = columns.top_terms.shape[1]
    lengths = (columns.top_terms >= 0).sum(axis=1)
    for i in np.flatnonzero(lengths < width).tolist():
        del top_terms[i][lengths[i] :]
        del top_contributions[i][lengths[i] :]
    fields = (
        columns.at.tolist(),
        _hex(columns),
        _or_zeros(columns.cost),
        _marks(columns.excluded),
        columns.flip_code.tolist(),
        columns.flip_term.tolist(),
        _or_zeros(columns.rule + 1),
        _lists(columns.listed),
        columns.margin.tolist(),
        _or_zeros(columns.moved.astype(np.int64)),
        columns.number.tolist(),
        columns.offer.tolist(),
        _marks(columns.switched_off),
        columns.probability.tolist(),
        _or_zeros(columns.price),
        columns.outcome.tolist(),
        _or_zeros(columns.runner_up_cost),
        _or_zeros(columns.runner_up_price),
        columns.runner_up.tolist(),
        columns.runner_up_value.tolist(),
        columns.subject.astype("U32").tolist(),
        columns.score.tolist(),
        columns.standing.tolist(),
        top_contributions,
        top_terms,
        columns.permission.tolist(),
        columns.value.tolist(),
        repeat("") if sealed is None else sealed,
    )
    return _lines(list(map(Decision, *fields))).split(b"\n")[:-1]  # JSON has no line break of its own


def _or_zeros(column: NDArray[np.integer]) -> Iterable[int]:
    """The values of a column that is zero for everybody in most campaigns."""
    values: Iterable[int] = column.tolist() if column.any() else repeat(0)
    return values


def columns_from_bodies(bodies: Sequence[bytes], layout: Sequence[int], seal: Seal | None = None) -> RecordColumns:
    """Columns of recorded decisions, with what is sealed opened where the seal has its key.

    Raises:
        SealError: a sealed part is missing, stands where none may, or does not open.
        ValueError: a body is not a decision of this layout (msgspec's errors are ValueErrors too).
    """
    found = _decisions.decode(b"[" + b",".join(bodies) + b"]")
    if len(found) != len(bodies):
        raise ValueError("a body holds more than one decision")

    width = max((len(d.tt) for d in found), default=0)
    columns = RecordColumns(
        number=_column([d.n for d in found], np.int64),
        subject=np.array([d.s.encode() for d in found], dtype="S32"),
        at=_column([d.at for d in found], np.int64),
        standing=_column([d.st for d in found], np.uint8),
        permission=_column([d.u for d in found], np.uint8),
        rule=_column([d.g - 1 for d in found], np.int16),
        outcome=_column([d.r for d in found], np.uint8),
        offer=_column([d.o for d in found], np.int16),
        runner_up=_column([d.ru for d in found], np.int16),
        codes=_codes([d.c for d in found], layout),
        score=_column([d.sc for d in found], np.int64),
        probability=_column([d.p for d in found], np.int64),
        value=_column([d.v for d in found], np.int64),
        runner_up_value=_column([d.rv for d in found], np.int64),
        price=_column([d.pr for d in found], np.int64),
        runner_up_price=_column([d.rp for d in found], np.int64),
        margin=_column([d.m for d in found], np.int64),
        moved=_column([d.mv for d in found], np.bool_),
        top_terms=_padded([d.tt for d in found], width, -1),
        top_contributions=_padded([d.tc for d in found], width, 0),
        flip_term=_column([d.ft for d in found], np.int16),
        flip_code=_column([d.fc for d in found], np.uint8),
        sealed=np.zeros(len(found), dtype=np.bool_),
        excluded=_marked([d.e for d in found]),
        listed=_padded([d.li for d in found], max((len(d.li) for d in found), default=0), -1).astype(np.int16),
        cost=_column([d.co for d in found], np.int64),
        runner_up_cost=_column([d.rc for d in found], np.int64),
        switched_off=_marked([d.of for d in found]),
    )
    texts = [d.x for d in found]
    if seal is not None:
        return seal.open(columns, texts)
    if any(texts):
        raise SealError("has a sealed part in a run without a seal")
    return columns


def sealed_parts(bodies: Sequence[bytes | None]) -> list[str]:
    """The sealed part of each recorded decision, "" where it has none or could not be opened.

    Raises:
        ValueError: a body is not a decision.
    """
    readable = [body or b'{"@":"decision"}' for body in bodies]
    return [decision.x for decision in _decisions.decode(b"[" + b",".join(readable) + b"]")]


def _hex(columns: RecordColumns) -> list[str]:
    """Codes as one hex text per person, in term order (per-offer terms: one code per offer, in offer order);
    nothing where every code is WITHHELD."""
    n = len(columns)
    if not columns.codes:
        return [""] * n
    matrix = np.concatenate([np.atleast_2d(code) for code in columns.codes], axis=0).T
    text, step = matrix.tobytes().hex(), 2 * matrix.shape[1]
    out = [text[i : i + step] for i in range(0, n * step, step)]
    for i in np.flatnonzero(~matrix.any(axis=1)).tolist():
        out[i] = ""
    return out


def _marks(marked: NDArray[np.bool_]) -> list[list[int]]:
    """The indices that are marked, per row; empty for almost everybody."""
    return [np.flatnonzero(row).tolist() for row in marked] if marked.any() else [[]] * len(marked)


def _lists(listed: NDArray[np.int16]) -> list[list[int]]:
    """Each person's list without what stands behind it; empty for almost everybody."""
    out: list[list[int]] = [[]] * len(listed)
    for row in np.flatnonzero((listed >= 0).any(axis=1)).tolist():
        out[row] = [offer for offer in listed[row].tolist() if offer >= 0]
    return out


def _column(values: list[int], dtype: type[S]) -> NDArray[S]:
    try:
        return np.array(values, dtype=dtype)
    except OverflowError:
        raise ValueError("a number does not fit its column") from None


def _codes(texts: list[str], layout: Sequence[int]) -> tuple[NDArray[np.uint8], ...]:
    width = sum(size or 1 for size in layout)
    withheld = "00" * width
    full = [text or withheld for text in texts]
    if any(len(text) != 2 * width for text in full):
        raise ValueError("codes do not fit the layout")
    matrix = np.frombuffer(bytes.fromhex("".join(full)), dtype=np.uint8).reshape(len(texts), width).T
    out, row = [], 0
    for size in layout:
        out.append(np.ascontiguousarray(matrix[row : row + size] if size else matrix[row]))
        row += size or 1
    return tuple(out)


def _marked(lists: list[list[int]]) -> NDArray[np.bool_]:
    """bool[n, up to the largest index], true where the index is in the list."""
    for marks in lists:
        if marks != sorted(set(marks)) or (marks and not 0 <= marks[0] <= marks[-1] <= np.iinfo(np.int16).max):
            raise ValueError("offers or features out of order")
    out = np.zeros((len(lists), max((marks[-1] + 1 for marks in lists if marks), default=0)), dtype=np.bool_)
    for row, marks in enumerate(lists):
        out[row, marks] = True
    return out


def _padded(lists: list[list[int]], width: int, filler: int) -> NDArray[np.int64]:
    if any(len(values) > width for values in lists):
        raise ValueError("more contributions than terms")
    padding = [filler] * width
    full = [values if len(values) == width else values + padding[len(values) :] for values in lists]
    return np.array(full, dtype=np.int64).reshape(len(lists), width)
