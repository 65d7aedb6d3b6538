"""An erasure that nobody asked for by a request: done at once, with the account that a request would leave."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np

from evenhand.adapters.stores.home import Home, find_home_that_is
from evenhand.features import pseudonymise
from evenhand.rights import Happening, Law, RequestKind, Step, check_actor

from ..records._ledger import keys_of
from ._declared import campaigns_of, country_of
from ._requests import entry_of, new_number, take, to_be_told
from ._rights import Erased, take_out_person
from ._trail import key_of_person, trail_of

__all__ = ["erase"]

_DIRECT = "direct"
"""How the person of the request is known: the organisation erased them without being asked by one."""


def erase(who: str, *, home: str | Path | None = None, at: datetime, by: str = "python") -> Erased:
    """Destroy the key of a person, remove what stands about them beside the ledger, and record that it was done. So it
    is with every other id that was said to be the same person's.

    A keyed mark that keeps them out of later decisions is made first, also of somebody about whom nothing is held yet.
    Reports in which the person's decision was told are written again without it. The trail keeps it as a request that
    was decided and answered at once, with who did it; recipients are to be told, as after any other (GDPR 19). Asked
    again it does what is still to be done, and opens no second request.

    Args:
        who: the person's own id, as it stands in the subjects table.
        home: the home folder; see `find_home`.
        at: now; consents given before are void, and the ledger keeps it as the moment of the erasure.
        by: who erases: a role or a staff number.

    Raises:
        UsageError: nobody is named who does it.
        StoreError: somebody else is writing, something cannot be written, or the keys of people are missing.
        LedgerError: the ledger was altered.
    """
    by, place = check_actor(by), find_home_that_is(home)
    if _was_erased(place, who):
        return take_out_person(place, who, at)
    key = key_of_person(place, who, make=False)
    handle = secrets.token_bytes(16) if key is None else key.handle  # without a key it leads nowhere, as it will anyhow
    number = new_number(at)
    done = take_out_person(place, who, at, lambda: _decide(place, number, handle, by, at))
    until = [one.until.date().isoformat() for one in done.models]
    names, messages = to_be_told(place, number, handle, by, at)
    details = {"models_until": max(until)} if until else {}
    take(number, Step.ANSWER, home=place.folder, by=by, at=at, details=details, recipients=names, more=messages)
    return replace(done, request=number, to_tell=names)


def _was_erased(place: Home, who: str) -> bool:
    """Whether they were erased before, and nothing came since: their mark is there, and no key."""
    if key_of_person(place, who, make=False) is not None:
        return False
    return bool(keys_of(place).suppressed(np.asarray(pseudonymise([who], place.key(make=False)))))


def _decide(place: Home, number: str, handle: bytes, by: str, at: datetime) -> None:
    """Record that it will be done: whatever stops it half way, its request stands open and can be answered."""
    received = {
        "kind": RequestKind.ERASURE.value,
        "law": Law.GDPR.value,
        "lang": "nl",
        "country": country_of(campaigns_of(place)),
        "direct": True,
    }
    steps = (Happening(Step.RECEIVE, at, by, received), Happening(Step.DECIDE, at, by, {"identity": _DIRECT}))
    with trail_of(place) as trail:
        trail.append([entry_of(number, one, None, {}, at, handle) for one in steps])
