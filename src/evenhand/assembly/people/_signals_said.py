"""What browsers and apps send for people (TCF, GPP, us_privacy, Global Privacy Control), kept in the home."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evenhand.adapters.stores.home import Home, find_home
from evenhand.ledger import SubjectKey
from evenhand.policy import Campaign
from evenhand.rights import SIGNALS, Entry, Said, Stream, said_by_signal
from evenhand.signals import Unreadable, UnreadableSignalError, read_gpp, read_tcf, read_us_privacy

from ._entries import said_entry, said_in
from ._known import refuse_odd_id
from ._same_person import with_linked
from ._signal_means import GPC, GPC_ON, Means, means_of, says_no
from ._trail import is_trail_there, key_of_person, keys_drawn, trail_of

if TYPE_CHECKING:
    from evenhand.adapters.stores.rights_tables import RightsTables

__all__ = ["HeardSignals", "first_gpc", "gpc_overruled", "hear_browsers", "hear_signals", "is_gpc"]

_AT_ONCE = 500
"""People whose records are read at a time."""
_READERS = {"tcf": read_tcf, "gpp": read_gpp, "us_privacy": read_us_privacy}


@dataclass(frozen=True, slots=True)
class HeardSignals:
    """What came of signals that were passed on.

    Attributes:
        kept: the records that are new.
        unchanged: names of signals that say what was recorded of them last.
        overruled: signals that opt out, and the person said otherwise here since they were heard first: that counts.
        means: by signal, what it means for each campaign, by its id.
    """

    kept: tuple[Said, ...]
    unchanged: tuple[str, ...]
    overruled: tuple[str, ...]
    means: Mapping[str, Mapping[str, Means]]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kept": [one.to_dict() for one in self.kept],
            "unchanged": list(self.unchanged),
            "overruled": list(self.overruled),
            "means": {name: dict(by_campaign) for name, by_campaign in self.means.items()},
        }


def hear_signals(
    who: str,
    signals: Mapping[str, str],
    campaigns: Sequence[Campaign],
    *,
    home: str | Path | None = None,
    at: datetime,
    actor: str = "person",
    via: str = "",
    in_table: datetime | None = None,
    stands: Callable[[str], bool] | None = None,
) -> HeardSignals:
    """Keep what a person's browser or app says. It holds for the next decision.

    A signal that says what it said before is no new word: so a string that a browser goes on sending does not undo what
    the person chose here since. The same holds of Global Privacy Control, which says one thing alone.

    Args:
        who: the person's own id.
        signals: strings by name: those of `rights.SIGNALS`, and ``gpc`` for ``Sec-GPC: 1``.
        campaigns: what is done here; each says which vendor it is and what it uses.
        home: the home folder; see `find_home`.
        at: now.
        actor: who passes it on.
        via: the machine that does, if one does.
        in_table: since when Global Privacy Control stands in the organisation's own table; None where it does not.
        stands: as of `say`.

    Raises:
        UsageError: the id is odd, or a string cannot be read at all.
        StoreError: it cannot be written.
    """
    for name, signal in signals.items():
        _refuse_unreadable(name, signal)
    place = find_home(home)
    refuse_odd_id(who, place, stands)
    key = key_of_person(place, who, make=True)
    assert key is not None
    before = _recorded(place, [key])[key.handle]
    means = {
        name: {one.campaign: means_of(name, signal, one, at) for one in campaigns} for name, signal in signals.items()
    }
    kept = []
    for name, signal in signals.items():
        if name == GPC:
            if (said := _first_said(before, at, in_table, actor=actor, via=via)) is not None:
                kept.append(said)
        elif _last(before, name) != signal:
            no = says_no(means[name].values())
            kept.append(said_by_signal(name, signal, at, says_no=no, actor=actor, via=via))
    if kept:
        entries = [said_entry(one, key, recorded=at) for one in kept]
        with trail_of(place) as trail:
            trail.append(with_linked(place, who, entries))
    new = {one.purpose for one in kept}
    unchanged = tuple(name for name in signals if name not in new)
    overruled = [name for name in unchanged if name != GPC and _is_overruled(before, name)]
    if GPC in signals and gpc_overruled([*before, *kept]):
        overruled.append(GPC)
    return HeardSignals(tuple(kept), unchanged, tuple(overruled), means)


def hear_browsers(
    heard: Mapping[str, datetime],
    in_table: Callable[[str], datetime | None],
    *,
    home: str | Path,
    at: datetime,
    trail: RightsTables | None = None,
) -> int:
    """Keep Global Privacy Control for many people at once, as `hear_signals` does for one; for how many it is new.

    Args:
        heard: when the browser of each person (their own id) said it.
        in_table: since when it stands in the organisation's own table about a person; None where it does not.
        home: the home folder.
        at: now.
        trail: of the home, where the caller has it open; opening it takes longer than all the rest.

    Raises:
        StoreError: it cannot be written; nothing was.
    """
    place = find_home(home)
    keys = keys_drawn(place, list(heard))
    entries: list[Entry] = []
    new, is_there = 0, is_trail_there(place)
    with trail_of(place) if trail is None else nullcontext(trail) as its:
        before = _read_of(its if is_there else None, keys)
        has_linked = is_there and next(iter(its.read(Stream.SAME)), None) is not None
        for (who, moment), key in zip(heard.items(), keys, strict=True):
            said = _first_said(before[key.handle], moment, in_table(who), actor="browser", via="a decision")
            if said is not None:
                own = [said_entry(said, key, recorded=at)]
                entries += with_linked(place, who, own) if has_linked else own
                new += 1
        its.append(entries)
    return new


def _first_said(
    before: Sequence[Said], at: datetime, in_table: datetime | None, *, actor: str, via: str
) -> Said | None:
    """Global Privacy Control as of when it was heard first, here or in the table; None where it is on record."""
    if first_gpc(before) is not None:
        return None
    return said_by_signal(GPC, GPC_ON, min(at, in_table or at), says_no=True, actor=actor, via=via)


def _refuse_unreadable(name: str, signal: str) -> None:
    read = _READERS.get(name)
    if read is not None and isinstance(found := read(signal), Unreadable):
        raise UnreadableSignalError(name, SIGNALS[name], found.problem)


def _recorded(place: Home, keys: Sequence[SubjectKey]) -> dict[bytes, list[Said]]:
    """What was recorded of each person, oldest first."""
    if not is_trail_there(place):
        return _read_of(None, keys)
    with trail_of(place) as trail:
        return _read_of(trail, keys)


def _read_of(trail: RightsTables | None, keys: Sequence[SubjectKey]) -> dict[bytes, list[Said]]:
    by_handle = {key.handle: key for key in keys}
    handles = list(by_handle)
    found: dict[bytes, list[Said]] = {handle: [] for handle in handles}
    for start in range(0, len(handles) if trail is not None else 0, _AT_ONCE):
        assert trail is not None
        for one in trail.read(Stream.CONSENT, handles=handles[start : start + _AT_ONCE]):
            if one.body and one.handle is not None:
                found[one.handle].append(said_in(one, by_handle[one.handle]))
    return {handle: sorted(said, key=lambda one: one.at) for handle, said in found.items()}


def _last(before: Sequence[Said], name: str) -> str:
    """The string of this name that was recorded last."""
    return next((one.signal for one in reversed(before) if one.kind == "signal" and one.purpose == name), "")


def first_gpc(said: Iterable[Said]) -> datetime | None:
    """When Global Privacy Control was heard first; None where it was not. In records of before it had a kind of its own
    it is an opt-out whose method says that a browser sent it."""
    return min((one.at for one in said if is_gpc(one)), default=None)


def is_gpc(one: Said) -> bool:
    """Whether a record is of Global Privacy Control, in either form."""
    if one.kind == "signal":
        return one.purpose == GPC
    return one.kind == "opt_out" and one.is_by_browser and one.is_no


def gpc_overruled(said: Sequence[Said]) -> bool:
    """Whether a person took an opt-out back after their browser's was heard first, and said nothing since.

    They were shown both, and chose. What the browser goes on sending is then no new word (11 CCR 7025(c)(3)).

    Args:
        said: what the person said, in any order.
    """
    first = first_gpc(said)
    own = [one for one in said if one.kind == "opt_out"]
    if first is None or not own:
        return False
    last = max(own, key=lambda one: (one.at, one.is_no))
    return not last.is_no and last.at > first


def _is_overruled(before: Sequence[Said], name: str) -> bool:
    """Whether the person took an opt-out back after this string was recorded last, and said nothing since."""
    heard = [one.at for one in before if one.kind == "signal" and one.purpose == name]
    own = [one for one in before if one.kind == "opt_out"]
    return name != "tcf" and bool(heard and own) and not own[-1].is_no and own[-1].at > max(heard)
