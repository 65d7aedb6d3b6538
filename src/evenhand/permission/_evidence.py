"""How a consent was given: what is evidence, and what is no consent at all.

A consent counts where it can be shown: which version of the notice, in which language, how, and by whom (GDPR 7(1);
ISO/IEC TS 27560). A box that was ticked beforehand, silence, or somebody else's yes is no consent (C-673/17).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import ConsentSource, Notice

from ._hear import FOR_EVER
from ._weights import ConsentWeight

__all__ = ["BY_PARENT", "EXPLICIT", "Weighed", "weigh"]

EXPLICIT = 1
BY_PARENT = 2

_PASSIVE = frozenset({"pre_ticked", "preticked", "default_ticked", "default", "silence", "inactivity", "continued_use"})
_SOMEBODY_ELSE = frozenset({"controller"})
_EXPLICIT_FORM = "explicitlyexpressedconsent"
_IMPLIED_FORMS = frozenset({"impliedconsent", "uninformedconsent"})
_STANDS = -1


@dataclass(frozen=True, slots=True)
class Weighed:
    """What evidence makes of each record, row by row; it counts for a consent that was given or renewed.

    Attributes:
        weights: int8[k], a `ConsentWeight` in place of the state, -1 where the state stands.
        until: int64[k], microseconds since 1970 UTC: the last moment at which the notice counts.
        marks: int8[k], `EXPLICIT` and `BY_PARENT`, added up.
    """

    weights: NDArray[np.int8]
    until: NDArray[np.int64]
    marks: NDArray[np.int8]


def weigh(texts: Mapping[str, Sequence[str | None]], source: ConsentSource) -> Weighed:
    """Weigh the evidence of each record.

    Args:
        texts: pieces of evidence by name (``notice``, ``notice_hash``, ``language``, ``method``, ``actor``, ``form``),
            one text or None per row.
        source: what the campaign declares of notices.

    Example:
        >>> from evenhand.policy import EvidenceClause
        >>> source = ConsentSource(file="c.csv", evidence=EvidenceClause(
        ...     notice="n", language="l", method="m", actor="a"))
        >>> weighed = weigh({"notice": ["v1", "v1"], "language": ["nl", "nl"],
        ...     "method": ["button", "pre_ticked"], "actor": ["subject", "subject"]}, source)
        >>> [ConsentWeight(weight).name if weight >= 0 else "stands" for weight in weighed.weights]
        ['stands', 'NOT_ACTIVE']
    """
    rows = len(texts["method"])
    notices = {notice.id: notice for notice in source.notices}
    names = ("notice", "notice_hash", "language", "method", "actor", "form")
    columns = [texts.get(name) or [None] * rows for name in names]
    seen: dict[tuple[str | None, ...], tuple[int, int, int]] = {}
    out = np.empty((3, rows), dtype=np.int64)
    for row, said in enumerate(zip(*columns, strict=True)):
        judged = seen.get(said)
        if judged is None:
            judged = seen[said] = _judge(said, notices, "notice_hash" in texts)
        out[:, row] = judged
    return Weighed(out[0].astype(np.int8), out[1], out[2].astype(np.int8))


def _judge(said: Sequence[str | None], notices: Mapping[str, Notice], has_hash: bool) -> tuple[int, int, int]:
    """What one record's evidence comes to: weight, until, marks."""
    notice, digest, language, method, actor, form = ((text or "").strip() for text in said)
    method, actor = method.lower().replace("-", "_").replace(" ", "_"), actor.lower()
    form = form.lower().removeprefix("dpv:")
    if method in _PASSIVE or actor in _SOMEBODY_ELSE or form in _IMPLIED_FORMS:
        return ConsentWeight.NOT_ACTIVE, FOR_EVER, 0
    if not (notice and language and method and actor):
        return ConsentWeight.WITHOUT_EVIDENCE, FOR_EVER, 0
    until = FOR_EVER
    if notices:
        declared = notices.get(notice)
        if declared is None or (declared.sha256 and has_hash and digest.lower() != declared.sha256):
            return ConsentWeight.WITHOUT_EVIDENCE, FOR_EVER, 0
        if declared.until is not None:
            until = int(np.datetime64(declared.until, "us").astype(np.int64)) - 1
    marks = EXPLICIT * (form == _EXPLICIT_FORM) + BY_PARENT * (actor == "parent")
    return _STANDS, until, marks
