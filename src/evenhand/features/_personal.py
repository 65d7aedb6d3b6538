"""Does a column hold what may never be a feature? Citizen numbers, bank accounts, addresses, names of one person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from evenhand.terms import Finding, Severity

from ._canonical import as_texts
from ._columns import Values

__all__ = ["personal_in_text", "scan_personal_data"]

_LOOKED_AT = 2_000
_FEWEST_FOR_UNIQUE = 50
_NEAR_UNIQUE = 0.9
_EMAIL = re.compile(r"[^@\s<>,;]+@[^@\s<>,;]+\.[A-Za-z]{2,24}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"\b[2-6]\d{3}(?:[ -]\d{4}){3}\b|\b3\d{3}[ -]\d{6}[ -]\d{5}\b")
_CARD_DIGITS = re.compile(r"[2-6]\d{12,18}")
_DUTCH_PHONE = re.compile(r"(?<![\d.,])(?:\+31[ -]?|0031[ -]?|0)6[ -]?(?:\d[ -]?){7}\d(?![\d.,])")
_MOST_AS_LABELS = 20
_NAMES = frozenset(
    {
        "bsn",
        "burgerservicenummer",
        "sofinummer",
        "iban",
        "rekeningnummer",
        "bankrekening",
        "email",
        "e-mail",
        "emailadres",
        "e-mailadres",
        "mail",
        "telefoon",
        "telefoonnummer",
        "mobiel",
        "phone",
        "phonenumber",
        "mobile",
        "paspoort",
        "paspoortnummer",
        "passport",
        "passportnumber",
        "identiteitsnummer",
        "creditcard",
        "creditcardnummer",
        "kaartnummer",
        "cardnumber",
        "ssn",
        "kenteken",
    }
)
_PHONE = re.compile(r"(?:\+|00?)[1-9][\d ().-]{7,18}\d|31[1-9]\d{8}")


def scan_personal_data(name: str, values: Values) -> tuple[Finding, ...]:
    """Findings for a column that identifies or reaches people; each is an error, for such a column is no feature.

    Looks at up to 2,000 values. Values with a checksum (IBAN, card numbers written in groups) and e-mail addresses
    count from the first one, as do Dutch mobile numbers inside a text; the citizen number's 11-test lets one in eleven
    numbers through, a card's test one in ten, and telephone numbers have no test, so these count when half of the
    values look so. A text column with nearly as many values as rows is an identifier, and so is a column of many
    values whose name says that it holds such.

    Args:
        name: column name, for the findings.
        values: raw values as gate 2 reads them.

    Example:
        >>> import numpy as np
        >>> [found.id for found in scan_personal_data("bsn", np.array(["111222333"] * 5, dtype=object))]
        ['EH-PII-001']
    """
    texts = [text for text in as_texts(values[:: max(1, len(values) // _LOOKED_AT)]) if text is not None]
    if not texts:
        return ()
    found = []
    for id_, what, rule, looks, share in _KINDS:
        hits = sum(map(looks, texts))
        if hits and hits >= share * len(texts):
            found.append(_finding(id_, name, what, rule, hits, len(texts)))
    distinct = len(set(texts))
    if not found and name.lower().replace("_", "") in _NAMES and distinct > _MOST_AS_LABELS:
        found.append(
            _finding("EH-PII-007", name, "many values, and its name says what they are", "G-5c", distinct, len(texts))
        )
    if not found and values.dtype.kind != "f" and _is_unique(texts, distinct):
        what = "values that are nearly all different, as an id, a name or free text is"
        found.append(_finding("EH-PII-005", name, what, "G-5c", distinct, len(texts)))
    return tuple(found)


def personal_in_text(text: str) -> tuple[str, ...]:
    """What a text that people write (an offer's, say) holds of somebody: ``IBAN``, ``e-mail address`` and the like.

    Example:
        >>> personal_in_text("Call Jan on 06-12345678 or mail jan@example.org")
        ('e-mail address', 'telephone number')
    """
    digits = re.findall(r"(?<![\d.,])\d{9}(?![\d.,])", text)
    looks = (
        ("citizen number (BSN)", any(map(_is_bsn, digits))),
        ("IBAN", _has_iban(text)),
        ("e-mail address", _has_email(text)),
        ("telephone number", _DUTCH_PHONE.search(text) is not None),
        ("card number", _has_card(text)),
    )
    return tuple(name for name, there in looks if there)


def _finding(id_: str, name: str, what: str, rule: str, hits: int, looked_at: int) -> Finding:
    return Finding(
        id=id_,
        severity=Severity.ERROR,
        what=f"Column {name!r} holds {what} ({hits} of {looked_at} values looked at).",
        rule=rule,
        remedy="give the column the role identifier or forbidden; it can never be a feature",
        subject_matter=name,
        measured={"hits": hits, "looked_at": looked_at},
    )


def _is_unique(texts: list[str], distinct: int) -> bool:
    return len(texts) >= _FEWEST_FOR_UNIQUE and distinct >= _NEAR_UNIQUE * len(texts) and not _all_numbers(texts)


def _all_numbers(texts: Iterable[str]) -> bool:
    return all(re.fullmatch(r"[+-]?\d*[.,]?\d+", text) for text in texts)


def _is_bsn(text: str) -> bool:
    from stdnum.nl import bsn

    digits = text.strip().replace(".", "").replace(" ", "")
    return len(digits) in {8, 9} and digits.isdecimal() and digits.strip("0") != "" and bool(bsn.is_valid(digits))


def _has_iban(text: str) -> bool:
    if _IBAN.search(text.upper()) is None:
        return False
    from stdnum import iban

    return any(iban.is_valid(match.group().replace(" ", "")) for match in _IBAN.finditer(text.upper()))


def _has_email(text: str) -> bool:
    return _EMAIL.search(text) is not None


def _is_phone(text: str) -> bool:
    return _PHONE.fullmatch(text.strip()) is not None and sum(map(str.isdecimal, text)) >= 9


def _has_mobile_in_text(text: str) -> bool:
    found = _DUTCH_PHONE.search(text)
    return found is not None and any(map(str.isalpha, text))


def _has_card(text: str) -> bool:
    if _CARD.search(text) is None:
        return False
    from stdnum import luhn

    return any(luhn.is_valid(re.sub(r"[ -]", "", match.group())) for match in _CARD.finditer(text))


def _is_card(text: str) -> bool:
    if _CARD_DIGITS.fullmatch(text.strip()) is None:
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(text.strip()))


_KINDS: tuple[tuple[str, str, str, Callable[[str], bool], float], ...] = (
    ("EH-PII-001", "what looks like Dutch citizen numbers (BSN)", "UAVG-46", _is_bsn, 0.5),
    ("EH-PII-002", "bank account numbers (IBAN)", "G-5c", _has_iban, 0.0),
    ("EH-PII-003", "e-mail addresses", "G-5c", _has_email, 0.0),
    ("EH-PII-004", "what looks like telephone numbers", "G-5c", _is_phone, 0.5),
    ("EH-PII-004", "texts with mobile telephone numbers", "G-5c", _has_mobile_in_text, 0.0),
    ("EH-PII-006", "payment card numbers", "G-5c", _has_card, 0.0),
    ("EH-PII-006", "what looks like payment card numbers", "G-5c", _is_card, 0.5),
)
