"""Proof of control: a one-time code that only somebody who reads the address on file can know."""

from __future__ import annotations

import hmac
from base64 import b32encode
from datetime import datetime, timedelta
from hashlib import sha256

from evenhand.terms import UsageError

from ._requests import Request
from ._words import Step

__all__ = ["CODE_DAYS", "CODE_TRIES", "code_of", "is_code"]

CODE_TRIES = 5
"""Wrong codes after which a new one must be sent."""
CODE_DAYS = 7
"""Days for which a code is good, unless the officer says otherwise."""
_LENGTH = 8


def code_of(secret: bytes, number: str, nonce: str) -> str:
    """The code of a request: eight letters and digits that are signed with the home's secret, and stored nowhere.

    Args:
        secret: of the home (32 bytes).
        number: of the request.
        nonce: drawn when the code was asked for; it stands in the trail, and tells nothing of the code.

    Example:
        >>> code_of(bytes(32), "R-1", "00")
        'OXCE-EBSP'
    """
    mac = hmac.new(secret, f"evenhand one-time code\x00{number}\x00{nonce}".encode(), sha256).digest()
    code = b32encode(mac).decode()[:_LENGTH]
    return f"{code[:4]}-{code[4:]}"


def is_code(request: Request, given: str, secret: bytes, at: datetime) -> bool:
    """Whether this is the code that was sent, compared in constant time.

    Raises:
        UsageError: no code was asked for, it has expired, or it was tried too often.
    """
    asked = next((one for one in reversed(request.trail) if one.step is Step.ASK_IDENTITY), None)
    why = ""
    if asked is None:
        why = "No code was sent for this request."
    elif request.tries >= CODE_TRIES:
        why = f"A wrong code was given {request.tries} times."
    elif at > asked.at + timedelta(days=int(asked.details["days"])):
        why = "The code has expired."
    if asked is None or why:
        raise UsageError(
            "identity-code",
            why,
            rule=f"a code is good for {CODE_TRIES} tries and a few days",
            remedy=f"send a new one: evenhand rights identity {request.number} --by WHO",
        )
    wanted = code_of(secret, request.number, str(asked.details["nonce"]))
    return hmac.compare_digest(_bare(wanted).encode(), _bare(given).encode())


def _bare(code: str) -> str:
    return "".join(character for character in code.upper() if character.isalnum())
