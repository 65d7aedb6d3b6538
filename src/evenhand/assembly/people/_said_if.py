"""What people say, told by programs that may know an older state: a no is kept, a yes over a no only knowingly."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from evenhand.adapters.stores.home import Home
from evenhand.ledger import SubjectKey
from evenhand.policy import purpose_term
from evenhand.rights import SAYINGS, Said, Stream, is_no, standing_of
from evenhand.terms import UsageError

from ._consent_history import say
from ._entries import said_in
from ._known import refuse_odd_id
from ._trail import is_trail_there, key_of_person, trail_of

__all__ = ["history_tag", "say_if"]

_TRIES = 5
_WHATEVER = "*"
_BY_SIGNAL = {"consent": ("tcf",), "opt_out": ("gpp", "us_privacy", "gpc")}
"""Signals that say no to what a word of this kind would say yes to."""


def say_if(who: str, word: str, purpose: str, *, place: Home, at: datetime, if_match: str = "", **more: Any) -> Said:
    """Record what a person says, unless it rests on a state that is no more.

    Args:
        who, word, purpose: as of `say`.
        place: the home.
        at: now.
        if_match: tags of the state that the caller has seen (`history_tag`), as HTTP writes them; ``*`` = whatever
            stands; "" = none was given.
        more: see `say`.

    Raises:
        UsageError: the id is odd (`refuse_odd_id`).
        UsageError: a no stands, and no tag says that it was seen; or what stands is not what was seen; or as `say`.
    """
    refuse_odd_id(who, place, more.get("stands"))
    key = key_of_person(place, who, make=True)
    assert key is not None
    tags = {one.strip() for one in if_match.split(",")} - {""}
    kind, status = SAYINGS[word]
    for _ in range(_TRIES):
        said, last = _said(place, key)
        if tags and _WHATEVER not in tags and _tag(place, key, last) not in tags:
            raise _changed()
        over_no = not is_no(status) and _no_stands(said, kind, purpose, more.get("said_at") or at)
        if over_no and not tags:
            raise UsageError(
                "consent-over-no",
                "The person said no to this, and the request does not say that this was seen. Nothing was recorded.",
                rule="G-7, G-21b: a yes replaces a no only where it was said after it",
                remedy="read what stands (POST /v1/consents/history) and send its ETag as If-Match",
            )
        is_guarded = bool(tags) or not is_no(status)
        try:
            guard = (key.handle, last) if is_guarded else None
            return say(who, word, purpose, home=place.folder, at=at, only_if_last=guard, **more)
        except UsageError as error:
            if error.code != "consent-changed" or (tags and _WHATEVER not in tags):
                raise
    raise _changed()


def history_tag(place: Home, who: str) -> str:
    """Tag of everything that a person said, as HTTP writes it; it tells nothing of what that is."""
    key = key_of_person(place, who, make=False)
    return _tag(place, key, 0 if key is None else _said(place, key)[1])


def _said(place: Home, key: SubjectKey) -> tuple[list[Said], int]:
    """What a person said, and the number of the last entry."""
    if not is_trail_there(place):
        return [], 0
    with trail_of(place) as trail:
        entries = list(trail.read(Stream.CONSENT, handles=[key.handle]))
    said = [said_in(one, key) for one in entries if one.body]
    return said, max((one.seq for one in entries), default=0)


def _tag(place: Home, key: SubjectKey | None, last: int) -> str:
    whose = key.handle if key is not None and last else b""
    seen = b"evenhand history\0" + whose + last.to_bytes(8, "big")
    return f'"{hmac.new(place.key(make=False), seen, sha256).hexdigest()[:32]}"'


def _no_stands(said: Sequence[Said], kind: str, purpose: str, at: datetime) -> bool:
    """Whether the last word about this at a moment is a no, the person's own or one by a signal; what was said before
    a no, and is told after it, replaces nothing."""
    now = standing_of(said, at)
    own = now.get((kind, purpose.strip() if kind == "factor" else purpose_term(purpose)))
    signals = [now[name] for name in (("signal", one) for one in _BY_SIGNAL.get(kind, ())) if name in now]
    later = [one for one in signals if one.is_no and (own is None or one.at > own.at)]
    return bool(later) or (own is not None and own.is_no)


def _changed() -> UsageError:
    return UsageError(
        "consent-changed",
        "What the person said is not what the request has seen. Nothing was recorded.",
        rule="G-7: what was said later counts, so a yes that was not said after a no does not replace it",
        remedy="read what stands now (POST /v1/consents/history), and decide then",
    )
