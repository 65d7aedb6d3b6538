"""A no that would be lost without a word: its id is nobody's as it is written, or its moment has not come yet.

An id is compared exactly, so a no under ``47110815`` is not one of ``0047110815``. Whether it was meant so is for a
person to say; until then nobody is decided about. Only a no is looked at twice: a yes that is lost harms nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray

from evenhand.adapters.data.consent_table import ConsentColumns
from evenhand.adapters.data.tables import DataTable
from evenhand.features import Register
from evenhand.permission import hear
from evenhand.policy import Campaign, purpose_term
from evenhand.rights import is_no
from evenhand.terms import DataError, Finding, Severity, microseconds_of, number_of

__all__ = ["noes_of_others", "refuse_future_noes", "refuse_lost_noes"]

_ALSO = frozenset({"LimitRequested", "ConsentRevoked", "ConsentInvalidated"})
_CHILD = frozenset({"yes", "15", "14", "13", "under_13"})
_SIGNAL_NOES = frozenset({"OPTED_OUT", "UNCLEAR", "SIGNAL_REFUSED"})
_NUMBER = re.compile(r"0*(\d+?)(?:\.0+)?")
_SEPARATOR = "\n"


def refuse_lost_noes(
    campaign: Campaign,
    table: DataTable,
    said: ConsentColumns,
    people: Register,
    known: Callable[[], Iterable[str]],
    *,
    at: datetime,
    acted: datetime | None = None,
) -> int:
    """Refuse to decide where somebody's no would be lost. What was decided before is replayed as it was.

    Args:
        campaign: says which signals are heard, and whether ids that are nearly alike are different people's.
        table, said: the consents, as they were opened and read.
        people: who is decided about.
        known: gives the ids of everybody whom the tables know, asked only where a no fits nobody decided about.
        at: the moment of the decision.
        acted: when the decision was made, of a replay; None = it is made now, by the machine's clock.

    Returns:
        How many noes are of nobody whom these tables know; they may be of other people of the organisation.

    Raises:
        DataError: a no would be somebody's if its id were written alike; or its moment is still to come.
    """
    if acted is not None:
        return 0
    refuse_future_noes(said, max(at, datetime.now(UTC)), campaign)
    ids = table.ids("subject", unique=False)
    may_be = np.flatnonzero(_may_be_noes(said))
    of_nobody = people.rows_of([ids[row] for row in may_be.tolist()]) < 0
    rows = _noes(said, may_be[of_nobody], campaign)
    if not len(rows):
        return 0
    everybody, written = list(known()), [ids[row] for row in rows.tolist()]
    theirs = set(written).intersection(everybody)
    written = [one for one in written if one not in theirs]
    exact = campaign.consents is not None and campaign.consents.exact_ids
    folded = _alike(written, exact=exact)
    meant = set(folded).intersection(_alike(everybody, exact=exact)) if folded else ()
    lost = sum(one in meant for one in folded)
    if lost:
        raise DataError(
            "consents-no-lost",
            f"{number_of(lost, 'no', 'noes')} in the consents (objections, withdrawals, opt-outs ...) would be lost: "
            "under the id as it is written nobody is known, and somebody is under one that differs only in white "
            "space, accents, capitals, leading zeros or a final .0.",
            rule="G-21b, G-7: whoever says no is not decided about, however the id was copied",
            remedy="write the ids in the consents exactly as the subjects have them (as text, in Unicode NFC); where "
            "capitals and zeros tell people apart, say consents: exact_ids: true",
        )
    return len(written)


def refuse_future_noes(said: ConsentColumns, now: datetime, campaign: Campaign | None = None) -> None:
    """Refuse to go on where a no has a moment that is still to come, so that it would not count.

    Raises:
        DataError: there is one.
    """
    late = _noes(said, np.flatnonzero(said.at.astype(np.int64) > microseconds_of(now)), campaign)
    if len(late):
        raise DataError(
            "consents-no-later",
            f"{number_of(len(late), 'no', 'noes')} in the consents (objections, withdrawals, opt-outs ...) would be "
            "said only in the future.",
            rule="G-21b, G-7: a no holds at once; a moment without a zone is read as UTC",
            remedy="write the zone after the moment, such as 2026-03-01T09:30:00+01:00, or set the clock right",
        )


def noes_of_others(count: int) -> tuple[Finding, ...]:
    """EH-DATA-025: how many noes are of nobody here, for a person to look whether that can be."""
    if not count:
        return ()
    return (
        Finding(
            "EH-DATA-025",
            Severity.NOTE,
            f"{number_of(count, 'no is', 'noes are')} of nobody in the tables of this campaign.",
            "G-21b",
            "Nothing, where other people of the organisation said them; else correct the ids.",
            subject_matter="consents",
            measured={"noes": count},
        ),
    )


def _may_be_noes(said: ConsentColumns) -> NDArray[np.bool_]:
    """Which rows a no may be in: those of a person's own, of a child's age, and all that hold a signal."""
    found = _is_one(said.statuses, _is_own_no)
    found |= _is_one(said.kinds, _is_of_age) & _is_one(said.statuses, _CHILD.__contains__)
    for column in said.signals.values():
        found |= np.fromiter(map(bool, column), dtype=np.bool_, count=len(column))
    return found


def _noes(said: ConsentColumns, among: NDArray[np.intp], campaign: Campaign | None) -> NDArray[np.intp]:
    """Which of these rows are a no: the person's own, a child's age, or a signal that opts out."""
    if not len(among):
        return among
    found = _is_one(said.statuses, _is_own_no)[among]
    if found.all():
        return among
    found |= (_is_one(said.kinds, _is_of_age) & _is_one(said.statuses, _CHILD.__contains__))[among]
    if campaign is not None and said.signals:
        rows = among.tolist()
        texts = {name: [column[row] for row in rows] for name, column in said.signals.items()}
        heard = hear(texts, said.at[among], campaign)
        found[heard.rows[np.array([word in _SIGNAL_NOES for word in heard.words], dtype=np.bool_)]] = True
    return among[found]


def _is_own_no(status: str) -> bool:
    word = purpose_term(status)
    return is_no(word) or word in _ALSO


def _is_of_age(kind: str) -> bool:
    return kind.strip().lower() == "minor"


def _is_one(words: Sequence[str], test: Callable[[str], bool]) -> NDArray[np.bool_]:
    """Of which words something is so; each different word is asked about once."""
    so = {word: test(word) for word in set(words)}
    return np.fromiter(map(so.__getitem__, words), dtype=np.bool_, count=len(words))


def _alike(ids: Sequence[str], *, exact: bool) -> list[str]:
    """Each id as it would be with everything left out that gets lost when tables are copied.

    Args:
        ids: as they are written.
        exact: only white space and how accents are written.
    """
    if not ids:
        return []
    whole = normalize("NFC", _SEPARATOR.join(ids))
    whole = whole if exact else normalize("NFC", whole.casefold())
    folded = whole.split(_SEPARATOR)
    if len(folded) != len(ids):  # one of them has a line end
        return [one for each in ids for one in _alike([each.replace(_SEPARATOR, " ")], exact=exact)]
    plain = list(map(str.strip, folded))
    return plain if exact else [_plain_number(one) if one[:1].isdigit() else one for one in plain]


def _plain_number(text: str) -> str:
    number = _NUMBER.fullmatch(text)
    return number[1] if number else text
