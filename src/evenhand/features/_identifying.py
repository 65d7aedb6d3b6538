"""What a text holds of somebody, by its form and where there is one by its checksum."""

from __future__ import annotations

import re

__all__ = [
    "card_in",
    "email_in",
    "iban_in",
    "is_bsn",
    "is_card",
    "is_digest",
    "is_full_name",
    "is_phone",
    "is_postcode",
    "mobile_beside_words",
    "mobile_in",
    "named_bsn_in",
    "nine_digits_in",
    "personal_in_text",
]

_EMAIL = re.compile(r"[^@\s<>,;]{1,64}@[^@\s<>,;]+\.[A-Za-z]{2,24}")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,3})?\b")
_CARD = re.compile(r"\b[2-6]\d{3}(?:[ -]\d{4}){3}\b|\b3\d{3}[ -]\d{6}[ -]\d{5}\b")
_CARD_DIGITS = re.compile(r"[2-6]\d{12,18}")
_DUTCH_PHONE = re.compile(r"(?<![\d.,])(?:\+31[ -]?|0031[ -]?|0)6[ -]?(?:\d[ -]?){7}\d(?![\d.,])")
_PHONE = re.compile(r"(?:\+|00?)[1-9][\d ().-]{7,18}\d|31[1-9]\d{8}|6[1-9]\d{7}")
_BSN_DIGITS = r"(?:\d{9}|\d{3}[. ]\d{3}[. ]\d{3}|\d{4}[. ]\d{2}[. ]\d{3})"
_NINE = re.compile(rf"(?<![\w.,/-])(?<!\d )({_BSN_DIGITS})(?:\.0+)?(?![\w/-]|[.,]\d| \d)")
_NAMED = re.compile(rf"(?:\bbsn|burger ?service ?n|sofi ?-?n)[a-z.:=# -]{{0,20}}({_BSN_DIGITS}|\d{{8}})(?!\d)", re.I)
_ELEVEN_TEST = (9, 8, 7, 6, 5, 4, 3, 2, -1)
_POINT_ZERO = re.compile(r"\.0+$")
_DIGEST = re.compile(r"(?:[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128})", re.I)
_POSTCODE = re.compile(r"[1-9]\d{3} ?(?!S[ADS])[A-Z]{2}", re.I)


def is_bsn(text: str) -> bool:
    """Whether a text is a number that passes the 11-test of the Dutch citizen number."""
    digits = _POINT_ZERO.sub("", text.strip()).replace(".", "").replace(" ", "")
    if len(digits) not in (8, 9) or not (digits.isascii() and digits.isdigit()) or not digits.strip("0"):
        return False
    ninth = digits.zfill(9)
    return (
        sum(weight * int(one) for weight, one in zip(range(9, 1, -1), ninth, strict=False)) - int(ninth[8])
    ) % 11 == 0


def nine_digits_in(text: str) -> list[str]:
    """The numbers of nine digits that stand by themselves in a text, as one may write a citizen number."""
    return _NINE.findall(text)


def named_bsn_in(text: str) -> bool:
    """Whether a text has a number that passes the 11-test right behind the word for a citizen number."""
    return any(is_bsn(digits) for digits in _NAMED.findall(text))


def iban_in(text: str) -> bool:
    """Whether a text holds an IBAN that passes its test."""
    text = text.upper()
    return any(_is_iban(match.group()) for match in _IBAN.finditer(text))


def email_in(text: str) -> bool:
    """Whether a text holds an e-mail address."""
    return "@" in text and _EMAIL.search(text) is not None


def is_phone(text: str) -> bool:
    """Whether a text is a telephone number; a Dutch mobile one also where its first 0 was lost."""
    text = _POINT_ZERO.sub("", text.strip())
    return _PHONE.fullmatch(text) is not None and sum(map(str.isdecimal, text)) >= 9


def mobile_in(text: str) -> bool:
    """Whether a text holds a Dutch mobile telephone number."""
    return _DUTCH_PHONE.search(text) is not None


def mobile_beside_words(text: str) -> bool:
    """Whether a Dutch mobile telephone number stands among words."""
    return mobile_in(text) and any(map(str.isalpha, text))


def card_in(text: str) -> bool:
    """Whether a text holds a payment card's number, written in groups, that passes its test."""
    found = [match.group() for match in _CARD.finditer(text)]
    if not found:
        return False
    from stdnum import luhn

    return any(luhn.is_valid(re.sub(r"[ -]", "", one)) for one in found)


def is_card(text: str) -> bool:
    """Whether a text is a number that passes the test of payment cards."""
    text = _POINT_ZERO.sub("", text.strip())
    if _CARD_DIGITS.fullmatch(text) is None:
        return False
    from stdnum import luhn

    return bool(luhn.is_valid(text))


def is_postcode(text: str) -> bool:
    """Whether a text is a full Dutch postcode, 1234 AB: some twenty homes."""
    return _POSTCODE.fullmatch(text.strip()) is not None


def is_digest(text: str) -> bool:
    """Whether a text has the form of a hash (MD5, SHA-1, SHA-2), written in hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


def is_full_name(text: str) -> bool:
    """Whether a text has the form of somebody's first and last name, in either order: two words or more, of letters,
    two of them with a capital.

    Example:
        >>> [is_full_name(text) for text in ("Jan de Vries", "Bakker, A.M.", "unknown", "Region 4")]
        [True, True, False, False]
    """
    words = text.replace(",", " ").split()
    plain = [re.sub(r"[.'\u2019-]", "", word) for word in words]
    return all(map(str.isalpha, plain)) and sum(any(map(str.isupper, word)) for word in plain) >= 2


def personal_in_text(text: str) -> tuple[str, ...]:
    """What a text that people write (an offer's, say) holds of somebody: ``IBAN``, ``e-mail address`` and the like.

    Example:
        >>> personal_in_text("Call Jan on 06-12345678 or mail jan@example.org")
        ('e-mail address', 'telephone number')
    """
    looks = (
        ("citizen number (BSN)", named_bsn_in(text) or any(map(is_bsn, nine_digits_in(text)))),
        ("IBAN", iban_in(text)),
        ("e-mail address", email_in(text)),
        ("telephone number", mobile_in(text)),
        ("card number", card_in(text)),
    )
    return tuple(name for name, there in looks if there)


def _is_iban(found: str) -> bool:
    parts = re.split(r"[ .-]", found)
    return any(_checks("".join(parts[:end])) for end in range(len(parts), max(0, len(parts) - 3), -1))


def _checks(text: str) -> bool:
    if len(text) < 15 or int("".join(str(int(one, 36)) for one in text[4:] + text[:4])) % 97 != 1:
        return False
    from stdnum import iban

    return bool(iban.is_valid(text))
