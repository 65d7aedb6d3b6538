"""What browsers and apps send for people (TCF, GPP, us_privacy, Global Privacy Control), kept in the home."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.home import Home, find_home
from evenhand.policy import Campaign
from evenhand.rights import SIGNALS, Said, Stream, said_by_signal, said_now
from evenhand.signals import Unreadable, read_gpp, read_tcf, read_us_privacy
from evenhand.terms import UsageError

from ._same_person import with_linked
from ._signal_means import GPC, Means, means_of, says_no
from ._trail import entry, is_trail_there, key_of_person, trail_of

__all__ = ["HeardSignals", "hear_signals"]

_GPC_METHOD = "Sec-GPC"
_READERS = {"tcf": read_tcf, "gpp": read_gpp, "us_privacy": read_us_privacy}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class HeardSignals:
    """What came of signals that were passed on.

    Attributes:
        kept: the records that are new.
        known: names of signals that say what was recorded of them last.
        overruled: those of them that opt out, and the person said otherwise here since: that counts.
        means: by signal, what it means for each campaign, by its id.
    """

    kept: tuple[Said, ...]
    known: tuple[str, ...]
    overruled: tuple[str, ...]
    means: Mapping[str, Mapping[str, Means]]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "kept": [one.to_dict() for one in self.kept],
            "known": list(self.known),
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
) -> HeardSignals:
    """Keep what a person's browser or app says. It holds for the next decision.

    A signal that says what it said before is no new word: so a string that a browser goes on sending does not undo what
    the person chose here since. The same holds of Global Privacy Control, which is kept as an opt-out.

    Args:
        who: the person's own id.
        signals: strings by name: those of `rights.SIGNALS`, and ``gpc`` for ``Sec-GPC: 1``.
        campaigns: what is done here; each says which vendor it is and what it uses.
        home: the home folder; see `find_home`.
        at: now.
        actor: who passes it on.
        via: the machine that does, if one does.

    Raises:
        UsageError: a string cannot be read at all.
        StoreError: it cannot be written.
    """
    for name, signal in signals.items():
        _refuse_unreadable(name, signal)
    place = find_home(home)
    key = key_of_person(place, who, make=True)
    assert key is not None
    before = _recorded(place, key.handle)
    means = {
        name: {one.campaign: Means.OPTS_OUT if name == GPC else means_of(name, signal, one, at) for one in campaigns}
        for name, signal in signals.items()
    }
    kept = []
    for name, signal in signals.items():
        if name == GPC:
            if not _stands_or_overruled(before):
                kept.append(said_now("opt-out", "", at, method=_GPC_METHOD, actor=actor, via=via))
        elif _last(before, name) != signal:
            no = says_no(means[name].values())
            kept.append(said_by_signal(name, signal, at, says_no=no, actor=actor, via=via))
    if kept:
        entries = [entry(Stream.CONSENT, one.to_body(), at=at, recorded=at, handle=key.handle) for one in kept]
        with trail_of(place) as trail:
            trail.append(with_linked(place, who, entries))
    new = {GPC if one.kind == "opt_out" else one.purpose for one in kept}
    known = tuple(name for name in signals if name not in new)
    return HeardSignals(tuple(kept), known, tuple(name for name in known if _is_overruled(before, name)), means)


def _refuse_unreadable(name: str, signal: str) -> None:
    read = _READERS.get(name)
    if read is not None and isinstance(found := read(signal), Unreadable):
        raise UsageError(
            "signal-unreadable",
            f"The {SIGNALS[name]} string cannot be read ({found.problem.value}); nothing was recorded.",
            rule="G-7, C-7025: a signal is read exactly as its standard writes it, or it says nothing",
            remedy="send the string as the browser or the app gave it; evenhand signals STRING shows what is wrong",
        )


def _recorded(place: Home, handle: bytes) -> list[Said]:
    if not is_trail_there(place):
        return []
    with trail_of(place) as trail:
        said = [Said.from_body(one.body, one.at) for one in trail.read(Stream.CONSENT, handles=[handle]) if one.body]
    return sorted(said, key=lambda one: one.at)


def _last(before: Sequence[Said], name: str) -> str:
    """The string of this name that was recorded last."""
    return next((one.signal for one in reversed(before) if one.kind == "signal" and one.purpose == name), "")


def _stands_or_overruled(before: Sequence[Said]) -> bool:
    """Whether an opt-out by the browser stands, or the person took one back since and said nothing more."""
    opt_outs = [one for one in before if one.kind == "opt_out"]
    heard = [one for one in opt_outs if one.is_by_browser and one.is_no]
    return bool(heard) and (opt_outs[-1].is_by_browser or not opt_outs[-1].is_no)


def _is_overruled(before: Sequence[Said], name: str) -> bool:
    """Whether the person took an opt-out back after this signal was recorded last, and said nothing since."""
    heard = [one.at for one in before if (one.is_by_browser and one.is_no if name == GPC else one.purpose == name)]
    own = [one for one in before if one.kind == "opt_out"]
    return name != "tcf" and bool(heard and own) and not own[-1].is_no and own[-1].at > max(heard)
