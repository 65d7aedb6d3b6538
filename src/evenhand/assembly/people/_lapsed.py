"""Requests of somebody who was erased before there was an answer: what needs their data ends, with a word for them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np

from evenhand.adapters.stores.home import Home
from evenhand.features import pseudonymise
from evenhand.rights import Step
from evenhand.terms import UsageError

from ..records._ledger import keys_of
from ._requests import Found, Stepped, find_request, list_requests, take

__all__ = ["ended_by_erasure", "is_erased", "lapse", "lapse_all"]

_TRIES = 3


def ended_by_erasure(who: str = "", *, number: str = "", home: str | Path | None = None) -> tuple[str, ...]:
    """Numbers of the open requests that would end without an answer if a person was erased now.

    Args:
        who: the person; "" = whoever asked the request with this number, which is not among them.
        number: of a request for an erasure.
        home: the home folder; see `find_home_that_is`.

    Raises:
        DataError: there is no request with this number.
    """
    handle = b"" if who else find_request(number, home=home).handle
    if not (who or handle):
        return ()
    found = list_requests(home=home, who=who, handle=handle)
    return tuple(one.number for one in found if one.kind.lapses and one.number != number)


def lapse_all(place: Home, who: str, at: datetime) -> tuple[str, ...]:
    """End every open request of a person that nobody can answer once they are erased; the numbers of these. It is done
    while their key, which leads to the requests, is still there."""
    ended: list[str] = []
    for left in reversed(range(_TRIES)):
        try:
            for one in list_requests(home=place.folder, who=who):
                if one.kind.lapses:
                    lapse(place, one.number, at)
                    ended.append(one.number)
            break
        except UsageError:  # somebody took a step of it meanwhile: look again
            if not left:
                raise
    return tuple(ended)


def lapse(place: Home, number: str, at: datetime, by: str = "evenhand") -> Stepped:
    """End one request, because its person was erased."""
    return take(number, Step.LAPSE, home=place.folder, by=by, at=at, details={"because": "erased"})


def is_erased(place: Home, found: Found, who: str) -> bool:
    """Whether the person of a request was erased, as far as that can be told: nobody's key is left, and `who` is kept
    out by the mark of an erasure."""
    keys = keys_of(place)
    if keys.of_handles([found.handle]):
        return False
    return bool(keys.suppressed(np.asarray(pseudonymise([who], place.key(make=False)))))
