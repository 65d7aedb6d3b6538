"""Whoever got a person's data is told of a correction, an erasure or a restriction (GDPR 19): a message for each, to be
sent by you, tried again until it is acknowledged."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.features import pseudonymise
from evenhand.rights import Happening, Request, RequestKind, Step
from evenhand.terms import UsageError

from ..records._ledger import keys_of
from ._declared import campaigns_of
from ._requests import Found, find_request, list_requests, refuse_another, take

__all__ = ["Message", "acknowledge", "outbox", "tell_recipient"]


@dataclass(frozen=True, slots=True)
class Message:
    """Something that a recipient is to be told.

    Attributes:
        number: of the request.
        kind: what was done.
        recipient: who is told.
        since: from when on.
        attempts: how often a message was written.
        is_acknowledged: whether the recipient said that they did it. By which reference is kept encrypted under the
            person's key, for whoever reveals it.
    """

    number: str
    kind: RequestKind
    recipient: str
    since: datetime
    attempts: int
    is_acknowledged: bool

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "request": self.number,
            "what": self.kind.value,
            "recipient": self.recipient,
            "since": self.since.isoformat(),
            "attempts": self.attempts,
            "acknowledged": self.is_acknowledged,
        }


def outbox(*, home: str | Path | None = None, everything: bool = False) -> tuple[Message, ...]:
    """What recipients are still to be told, oldest first; with `everything` also what they acknowledged."""
    found = [message for request in list_requests(home=home, everything=True) for message in _messages(request)]
    kept = [one for one in found if everything or not one.is_acknowledged]
    return tuple(sorted(kept, key=lambda one: (one.since, one.number, one.recipient)))


def tell_recipient(
    number: str, recipient: str, who: str, out: str | Path, *, home: str | Path | None = None, by: str, at: datetime
) -> Path:
    """Write the message for a recipient, and record the attempt. Sending it is yours; do it again until they answer.

    The person stands in it as the SHA-256 of their id, as the deletion framework of IAB does it, and with a correction
    the column and its right value.

    Raises:
        UsageError: nothing is to be told to this recipient about this request.
        DataError: the request is not of this person.
    """
    place = find_home(home)
    found = find_request(number, home=home)
    _refuse_unknown(found.request, recipient)
    values = _values(place, found, who)
    campaigns = campaigns_of(place)
    message = {
        "schema_version": 1,
        "what": found.request.kind.value,
        "article": found.request.kind.article,
        "request": number,
        "at": at.isoformat(),
        "from": campaigns[0].campaign.controller.name if campaigns else "",
        "to": recipient,
        "subject": {
            "identifierValue": sha256(who.encode()).hexdigest(),
            "identifierType": "subject id",
            "identifierFormat": "sha256",
        },
        **({"values": dict(values)} if values else {}),
    }
    path = Path(out)
    write_atomically(path, json_bytes(message), private=True)
    take(number, Step.TELL, home=home, by=by, at=at, details={"recipient": recipient, "state": "tried"})
    return path


def acknowledge(
    number: str, recipient: str, reference: str, *, home: str | Path | None = None, by: str, at: datetime
) -> Message:
    """Record that a recipient has done it. Said again with the same reference it stands as it was.

    A reference can name the person. So it is kept encrypted under their key; of somebody who was erased, as of
    everybody, there is also a mark of it under the home's secret, by which you can show that it was this one.

    Raises:
        UsageError: nothing was to be told to this recipient, the reference is empty, or another one stands there.
    """
    if not reference.strip():
        raise UsageError(
            "told-reference",
            "No reference of the recipient's answer is given.",
            rule="GDPR 19, 5(2): that they were told can be shown",
            remedy="pass --reference",
        )
    request = find_request(number, home=home).request
    _refuse_unknown(request, recipient)
    before = next(one for one in _messages(request) if one.recipient == recipient)
    mark = _mark(find_home(home), number, recipient, reference)
    if _is_reference(request, recipient, reference, mark):
        return before
    if before.is_acknowledged:
        raise UsageError(
            "told-already",
            f"This recipient acknowledged request {number} before, with another reference.",
            rule="GDPR 5(2): what was recorded of an answer stands",
            remedy=f"see it with: evenhand rights show {number} --reveal; a wrong one is explained in your own file",
        )
    details = {"recipient": recipient, "state": "acknowledged", "mark": mark}
    done = take(number, Step.TELL, home=home, by=by, at=at, details=details, private={"reference": reference})
    return next(one for one in _messages(done.request) if one.recipient == recipient)


def _messages(request: Request) -> list[Message]:
    told: dict[str, list[Happening]] = {}
    for one in request.trail:
        if one.step is Step.TELL:
            told.setdefault(str(one.details["recipient"]), []).append(one)
    out = []
    for recipient, happened in told.items():
        attempts = sum(one.details["state"] == "tried" for one in happened)
        is_acknowledged = any(one.details["state"] == "acknowledged" for one in happened)
        out.append(Message(request.number, request.kind, recipient, happened[0].at, attempts, is_acknowledged))
    return out


def _mark(place: Home, number: str, recipient: str, reference: str) -> str:
    """What tells a reference from another, and tells it to nobody."""
    said = "\0".join(("evenhand recipient reference", number, recipient, reference.strip()))
    return hmac.digest(place.key(make=False), said.encode(), "sha256").hex()[:32]


def _is_reference(request: Request, recipient: str, reference: str, mark: str) -> bool:
    """Whether a recipient acknowledged with this very reference; an older evenhand kept it in clear."""
    told = [one.details for one in request.trail if one.step is Step.TELL and one.details["recipient"] == recipient]
    return any(one.get("mark") == mark or one.get("reference") == reference for one in told)


def _refuse_unknown(request: Request, recipient: str) -> None:
    if recipient not in {one.recipient for one in _messages(request)}:
        raise UsageError(
            "told-recipient",
            f"Nothing is to be told to this recipient about request {request.number}.",
            rule="GDPR 19",
            remedy="see who is to be told: evenhand rights outbox",
        )


def _values(place: Home, found: Found, who: str) -> Mapping[str, str]:
    """The corrected values, after a look that the request is this person's: by their key, or by the mark of an
    erasure."""
    if found.request.kind is RequestKind.ERASURE:
        if not keys_of(place).suppressed(np.asarray(pseudonymise([who], place.key(make=False)))):
            refuse_another(place, found, who)
        return {}
    refuse_another(place, found, who)
    return next((one["values"] for one in found.private if "values" in one), {})
