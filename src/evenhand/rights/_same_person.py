"""One person, several ids: what is carried from one to the other is every no, and never a yes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from evenhand.terms import ConsentStatus

from ._consents import Said, standing_of

__all__ = ["carried_between", "standing_nos"]

_METHOD = "carried from another id of the same person"
_ADULT = ("no", "unknown")
_PERMITS = frozenset(status.value for status in ConsentStatus if status.permits)


def standing_nos(said: Iterable[Said], at: datetime) -> list[Said]:
    """What stands at a moment and holds back: every no, a consent that ended however it did, a wish to limit use of
    sensitive data, and that the person is a child. What was taken back since is not among it, nor any yes.

    Example:
        >>> from datetime import UTC, datetime
        >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2)]
        >>> said = [Said("objection", "", "Objected", days[0]), Said("consent", "Marketing", "ConsentGiven", days[1])]
        >>> [one.status for one in standing_nos(said, days[1])]
        ['Objected']
    """
    now = standing_of(said, at).values()
    back = max((one.at for one in now if one.status == "OptOutWithdrawn"), default=None)
    return [one for one in now if _holds_back(one) and not _is_overruled(one, back)]


def carried_between(mine: Iterable[Said], nos: Iterable[Said], by: str) -> list[Said]:
    """Which of these an id does not have yet, as records of it, each with its own moment.

    A signal of a browser can say no to one thing and yes to another; it is carried as an opt-out of personalisation.
    Global Privacy Control says one thing alone, and is carried as what it is.

    Args:
        mine: everything that was said under the id.
        nos: what holds back under the others.
        by: who says that it is the same person.
    """
    own = list(mine)
    known = {one.key for one in own} | {_carried(one, by).key for one in own if one.is_no}
    out = []
    for one in nos:
        new = _carried(one, by)
        if new.key not in known:
            known.add(new.key)
            out.append(new)
    return out


def _carried(one: Said, by: str) -> Said:
    new = replace(one, method=_METHOD, actor=by, signal="", via="")
    if one.kind == "signal" and one.purpose == "gpc":
        return replace(new, signal=one.signal)
    return replace(new, kind="opt_out", purpose="", status="OptedOut") if one.kind == "signal" else new


def _is_overruled(one: Said, back: datetime | None) -> bool:
    """Whether a signal that opts out came before the person took an opt-out back."""
    return one.kind == "signal" and one.purpose != "tcf" and back is not None and one.at < back


def _holds_back(one: Said) -> bool:
    if one.kind == "minor":
        return one.status not in _ADULT
    if one.kind == "consent":
        return one.status not in _PERMITS
    return one.is_no or one.status == "LimitRequested"
