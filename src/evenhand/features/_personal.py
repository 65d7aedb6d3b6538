"""Does a column hold what may never be a feature? Citizen numbers, bank accounts, addresses, names of one person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import comb
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evenhand.terms import Finding, Severity, canonical_text

from . import _identifying as looks
from ._canonical import as_texts
from ._columns import Values, Words, hold_numbers
from ._forms import Forms, forms_of
from ._personal_names import names_people, numbers_people, tells_of_people

__all__ = ["scan_personal_data"]

_WHOLLY = 100_000
_ROWS_FOR_UNIQUE = 2_000
_FEWEST_FOR_UNIQUE = 50
_NEAR_UNIQUE = 0.9
_MOST_AS_LABELS = 20
_SHARED_BY = 10
"""Where so many rows have each of a few values, these are no numbers of one person each."""
_BY_CHANCE = 0.01
_MOST_HASHED_LABELS = 100
_FEWEST_AMONG_TEXTS = 3
_SMALLEST_NUMBER = 10_000_000
_BSN = "what looks like Dutch citizen numbers (BSN)"
_HASHES = "hashes, which tell people apart as well as what they were made of"
_Values = TypeVar("_Values", NDArray[np.float64], list[str])


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a column may hold: the texts that may be it by their form, and the look that says so.

    Attributes:
        more_than: as many different values, or fewer, are not it.
        chance: of a number that is not it to look so; 1 where there is no test.
        surely: the look that no other number passes, where there is one.
    """

    id: str
    what: str
    rule: str
    may_be: Callable[[Forms], NDArray[np.bool_]]
    looks: Callable[[str], bool]
    more_than: int = 0
    chance: float = 1.0
    surely: Callable[[str], bool] | None = None

    def is_no_chance(self, texts: list[str], hits: int) -> bool:
        """Whether so many of these few values are it, though others may look like it."""
        if self.surely is not None:
            return sum(map(self.surely, texts)) >= len(texts) / 2
        return (
            sum(comb(len(texts), k) * self.chance**k * (1 - self.chance) ** (len(texts) - k)
                for k in range(hits, len(texts) + 1)) < _BY_CHANCE
        )  # fmt: skip


_ACCOUNTS = _Kind("EH-PII-002", "bank account numbers (IBAN)", "G-5c", lambda one: one.ibans > 0, looks.iban_in)
_MOBILES = _Kind(
    "EH-PII-004",
    "texts with mobile telephone numbers",
    "G-5c",
    lambda one: (one.digits >= 9) & (one.lengths > one.digits),
    looks.mobile_beside_words,
)
"""Not looked for where there are accounts: the digits of many an IBAN look like one."""
_SEARCHED_IN_ALL = (
    _ACCOUNTS,
    _Kind("EH-PII-003", "e-mail addresses", "G-5c", lambda one: one.at_signs > 0, looks.email_in),
)
_FROM_THE_FIRST = (
    _Kind("EH-PII-001", _BSN, "UAVG-46", lambda one: one.digits >= 8, looks.named_bsn_in),
    _MOBILES,
    _Kind("EH-PII-006", "payment card numbers", "G-5c", lambda one: one.digits >= 15, looks.card_in),
)
_FROM_HALF = (
    _Kind("EH-PII-001", _BSN, "UAVG-46", lambda one: one.digits >= 8, looks.is_bsn, chance=1 / 11),
    _Kind(
        "EH-PII-004",
        "what looks like telephone numbers",
        "G-5c",
        lambda one: one.digits >= 9,
        looks.is_phone,
        surely=looks.mobile_in,
    ),
    _Kind(
        "EH-PII-006",
        "what looks like payment card numbers",
        "G-5c",
        lambda one: one.digits >= 13,
        looks.is_card,
        chance=1 / 10,
    ),
    _Kind(
        "EH-PII-007",
        "what looks like full postcodes",
        "G-5c",
        lambda one: (one.digits == 4) & (one.lengths <= 8),
        looks.is_postcode,
        _MOST_AS_LABELS,
    ),
    _Kind("EH-PII-005", _HASHES, "G-5c", lambda one: one.lengths >= 32, looks.is_digest, _MOST_HASHED_LABELS),
)


def scan_personal_data(name: str, values: Values) -> tuple[Finding, ...]:
    """Findings for a column that identifies or reaches people; each is an error, for such a column is no feature.

    Looks at every different value. E-mail addresses, values with a checksum (IBAN, card numbers written in groups),
    Dutch mobile numbers inside a text and a citizen number behind its own name count from the first one. The citizen
    number's 11-test lets one in eleven numbers through, a card's test one in ten, and telephone numbers have no test,
    so these count when half of the different values look so; citizen numbers also when half of the numbers of nine
    digits that stand in the texts pass, three at least. A text column with nearly as many values as rows is an
    identifier, and so is a column of more than 20 values whose name says that it holds such, or full postcodes, and one
    of more than 100 that are hashes.

    A value that ten rows share, or more, is nobody's own number. So where there are no more than 20 different ones,
    each shared by ten rows on average, bare numbers that look like one of the above count where the column's name says
    so, or so many look so that it is no chance; a constant that passes the 11-test does not. What names or reaches
    somebody by its form counts nevertheless, whoever it is: an e-mail address, an account, a mobile number, and full
    names in a column that is called after them.

    Of more than 100,000 different values that may be a number of somebody by their form, 100,000 are looked at, evenly
    spread; e-mail addresses and IBANs are searched for in all. Whether nearly all rows differ is seen in 2,000 rows.

    Args:
        name: column name, for the findings.
        values: raw values as gate 2 reads them.

    Example:
        >>> import numpy as np
        >>> [found.id for found in scan_personal_data("bsn", np.array(["111222333"] * 5, dtype=object))]
        ['EH-PII-001']
    """
    named = _named(name)
    texts, distinct = _different(values, counted=named is not None)
    found: dict[str, Finding] = {}
    for kind, hits, looked_at in _held(
        texts, distinct, lambda: not tells_of_people(name) and _are_shared(values, distinct)
    ):
        found.setdefault(kind.id, _finding(kind.id, name, kind.what, kind.rule, hits, looked_at))
    if not found and named is not None and distinct > _MOST_AS_LABELS:
        found[named[0]] = _finding(named[0], name, named[1], "G-5c", distinct, distinct)
    if not found and names_people(name) and (hits := sum(map(looks.is_full_name, texts))) >= max(1, distinct / 2):
        found["EH-PII-007"] = _finding("EH-PII-007", name, "full names", "G-5c", hits, distinct)
    if not found and not hold_numbers(values):
        rows = [one for one in as_texts(values[:: max(1, len(values) // _ROWS_FOR_UNIQUE)]) if one is not None]
        if _are_unique(rows):
            what = "values that are nearly all different, as an id, a name or free text is"
            found["EH-PII-005"] = _finding("EH-PII-005", name, what, "G-5c", len(set(rows)), len(rows), "values")
    return tuple(found.values())


def _different(values: Values, *, counted: bool) -> tuple[list[str], int]:
    """The different texts that may identify somebody by their form, and how many different values there are.

    Numbers that are too small are left out, and not counted where nothing large is there and nobody asks.
    """
    if hold_numbers(values):
        large = (values >= _SMALLEST_NUMBER) & np.isfinite(values)
        if not counted and not large.any():
            return [], 0
        different = _spread(np.unique(values[~np.isnan(values)]))
        large = (different >= _SMALLEST_NUMBER) & (different == np.floor(different)) & np.isfinite(different)
        return [str(canonical_text(one)) for one in different[large].tolist()], len(different)
    if isinstance(values, Words):
        used = np.zeros(len(values.texts), dtype=np.bool_)
        used[values.place] = True
        values = values.texts[used]
    rows = values.tolist()
    if len(rows) <= _WHOLLY or len(set(rows[:_WHOLLY])) < _WHOLLY / 2:
        rows = list(dict.fromkeys(rows))
    texts = [text for text in as_texts(np.array(rows, dtype=object)) if text is not None]
    return texts, len(texts)


def _are_shared(values: Values, distinct: int) -> bool:
    """Whether there are few different values, each of many rows."""
    if not 0 < distinct <= _MOST_AS_LABELS or len(values) < _SHARED_BY * distinct:
        return False
    if hold_numbers(values):
        return int(np.count_nonzero(~np.isnan(values))) >= _SHARED_BY * distinct
    return sum(text is not None for text in as_texts(values)) >= _SHARED_BY * distinct


def _held(texts: list[str], distinct: int, are_shared: Callable[[], bool]) -> Iterator[tuple[_Kind, int, int]]:
    """The kinds that a column holds; each with how many different values are it, of how many."""
    if not texts:
        return
    forms = forms_of(texts)
    accounts = False
    for kind in _SEARCHED_IN_ALL:
        candidates = _where(texts, kind.may_be(forms))
        for looked_at in (_spread(candidates), candidates):
            if hits := sum(map(kind.looks, looked_at)):
                accounts = accounts or kind is _ACCOUNTS
                yield kind, hits, _of(distinct, looked_at, candidates)
                break
    for kind in (one for one in _FROM_THE_FIRST if not (accounts and one is _MOBILES)):
        candidates = _where(texts, kind.may_be(forms))
        looked_at = _spread(candidates)
        if hits := sum(map(kind.looks, looked_at)):
            yield kind, hits, _of(distinct, looked_at, candidates)
    for kind in _FROM_HALF:
        candidates = _where(texts, kind.may_be(forms))
        if distinct > kind.more_than and len(candidates) >= distinct / 2:
            looked_at = _spread(candidates)
            of = _of(distinct, looked_at, candidates)
            hits = sum(map(kind.looks, looked_at))
            if hits >= of / 2 and (not are_shared() or kind.is_no_chance(looked_at, hits)):
                yield kind, hits, of
    nines = {nine for text in _spread(_where(texts, forms.digits >= 9)) for nine in looks.nine_digits_in(text)}
    hits = sum(map(looks.is_bsn, nines))
    if hits >= max(_FEWEST_AMONG_TEXTS, len(nines) / 2):
        yield _FROM_THE_FIRST[0], hits, len(nines)


def _of(distinct: int, looked_at: list[str], candidates: list[str]) -> int:
    """Of how many different values some were, where no more candidates were looked at."""
    return round(distinct * len(looked_at) / len(candidates))


def _where(texts: list[str], chosen: NDArray[np.bool_]) -> list[str]:
    return [texts[place] for place in np.flatnonzero(chosen).tolist()]


def _spread(values: _Values) -> _Values:
    """All of them, or where that is too many, as many as are looked at, evenly spread."""
    if len(values) <= _WHOLLY:
        return values
    places = np.linspace(0, len(values) - 1, _WHOLLY).astype(np.int64)
    return [values[place] for place in places.tolist()] if isinstance(values, list) else values[places]


def _named(name: str) -> tuple[str, str] | None:
    """What the name of a column says that it holds of people: a finding's id, and the words."""
    if tells_of_people(name):
        return "EH-PII-007", "many values, and its name says what they are"
    if numbers_people(name):
        return "EH-PII-005", "the numbers of people, as its name says"
    return None


def _finding(
    id_: str, name: str, what: str, rule: str, hits: int, looked_at: int, of: str = "different values"
) -> Finding:
    return Finding(
        id=id_,
        severity=Severity.ERROR,
        what=f"Column {name!r} holds {what} ({hits} of {looked_at} {of} looked at).",
        rule=rule,
        remedy="give the column the role identifier or forbidden; it can never be a feature",
        subject_matter=name,
        measured={"hits": hits, "looked_at": looked_at},
    )


def _are_unique(texts: list[str]) -> bool:
    return len(texts) >= _FEWEST_FOR_UNIQUE and len(set(texts)) >= _NEAR_UNIQUE * len(texts) and not _all_numbers(texts)


def _all_numbers(texts: Iterable[str]) -> bool:
    return all(re.fullmatch(r"[+-]?\d*[.,]?\d+", text) for text in texts)
