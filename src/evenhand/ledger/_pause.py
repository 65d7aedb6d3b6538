"""Alarms of the monitor and what follows: a pause that stops every run of a campaign until a named person ends it.

Or the campaign falls back: later people are decided with the prices of an earlier run, and no run finds new ones.

An alarm and the pause that it causes are appended together or not at all. Only what the monitor may tell stands in
them: figures of its last showing, never a count of a few people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ._body import Alarm, FellBack, Paused, PausedBy, Resumed, encode, read_body, text_of
from ._recover import append_alone, recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore

__all__ = [
    "AlarmRaised",
    "CampaignState",
    "EarlierPrices",
    "Happened",
    "about_campaign",
    "campaign_state",
    "raise_alarms",
]

_KINDS = (Kind.ALARM, Kind.PAUSED, Kind.PAUSED_BY, Kind.RESUMED, Kind.FELL_BACK)


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """An alarm, as it may be told.

    Attributes:
        watch: id of the clause.
        clause: the clause, as plain values.
        features, group, offer, beside: the comparison; see `disparity.Compared`.
        kind: ``evidence`` or ``change``.
        direction: 1 where the group has more, -1 where it has less.
        event: place in the stream at which it was raised, from 1.
        events: events counted when it was recorded.
        figures: counts, evidence and bounds as of the last showing; None where too few people were counted to show any.
        then: what the clause asks for.
    """

    watch: str
    clause: Mapping[str, object] = field(repr=False)
    features: tuple[str, ...]
    group: tuple[str, ...]
    offer: str
    beside: tuple[str, ...]
    kind: str
    direction: int
    event: int
    events: int
    figures: Mapping[str, object] | None
    then: Literal["notify", "fall_back", "pause"]


@dataclass(frozen=True, slots=True)
class Happened:
    """An entry about a campaign, as people read it.

    Attributes:
        seq: its number in the ledger.
        at: when, ISO 8601.
        what: ``alarm``, ``paused`` (by an alarm), ``paused-by`` (a person), ``fell-back`` or ``resumed``.
        told: the rest of it as plain values; `clause` and `figures` of an alarm are mappings, or None.
    """

    seq: int
    at: str
    what: Literal["alarm", "paused", "paused-by", "fell-back", "resumed"]
    told: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {"entry": self.seq, "at": self.at, "what": self.what, **self.told}


@dataclass(frozen=True, slots=True)
class EarlierPrices:
    """Prices that a campaign can fall back to.

    Attributes:
        run: the run that found them.
        policy: their digest.
    """

    run: str
    policy: str


@dataclass(frozen=True, slots=True)
class CampaignState:
    """Whether a campaign is paused or fell back, and how it came to be so.

    Attributes:
        paused: number of the entry that stopped it; 0 where nothing did.
        since: number of the entry that resumed it or had it fall back last, from which evidence is counted; 0 where
            there is none.
        history: every alarm and what followed, oldest first.
        fallback: the prices that it fell back to; None where it did not.
    """

    paused: int
    since: int
    history: tuple[Happened, ...]
    fallback: EarlierPrices | None = None

    @property
    def stop(self) -> Happened | None:
        """The entry that stopped it; None where nothing did."""
        return next((one for one in self.history if one.seq == self.paused), None)


def about_campaign(campaign: str) -> bytes:
    """What alarms, pauses and resumptions are filed under. It is never as long as a pseudonym."""
    return b"monitored campaign:" + campaign.encode()


def campaign_state(store: LedgerStore, campaign: str) -> CampaignState:
    """How a campaign stands, from the ledger alone.

    Raises:
        LedgerError: an entry cannot be read.
    """
    paused = since = 0
    fallback = None
    history = []
    for seq, kind, _, _, body in store.about(about_campaign(campaign)):
        entry = read_body(body, seq) if kind in _KINDS else None
        if isinstance(entry, Alarm):
            told = {name: getattr(entry, name) for name in _ALARM}
            told |= {"clause": json.loads(entry.clause), "figures": json.loads(entry.figures or "null")}
            history.append(Happened(seq, entry.at, "alarm", told))
        elif isinstance(entry, Paused):
            paused, fallback = seq, None
            history.append(Happened(seq, entry.at, "paused", {"alarm": entry.alarm}))
        elif isinstance(entry, PausedBy):
            paused, fallback = seq, None
            told = {"by": entry.by, "reason": entry.reason} | ({"role": entry.role} if entry.role else {})
            history.append(Happened(seq, entry.at, "paused-by", told))
        elif isinstance(entry, FellBack):
            paused, since, fallback = seq, seq, EarlierPrices(entry.run, entry.policy)
            told = {"alarm": entry.alarm, "run": entry.run, "policy": entry.policy}
            history.append(Happened(seq, entry.at, "fell-back", told))
        elif isinstance(entry, Resumed):
            paused, since, fallback = 0, seq, None
            told = {"pause": entry.pause, "by": entry.by, "reason": entry.reason}
            told |= {"role": entry.role} if entry.role else {}
            history.append(Happened(seq, entry.at, "resumed", told))
    return CampaignState(paused, since, tuple(history), fallback)


_ALARM = ("watch", "features", "group", "offer", "beside", "kind", "direction", "event", "events", "then")
_SAME = ("watch", "features", "group", "offer", "beside")


def raise_alarms(
    store: LedgerStore,
    campaign: str,
    alarms: Sequence[AlarmRaised],
    *,
    since: int,
    at: datetime,
    earlier: EarlierPrices | None = None,
    keys: RunKeys | None = None,
) -> tuple[Happened, ...]:
    """Append the alarms that are new, and the pause or fall-back that one of them asks for: all of it or nothing.

    An alarm is new where none was recorded for the same clause and comparison since evidence started, or where
    it was raised by events that came after those. So the same evidence is recorded once, however often it is looked at.

    Args:
        store: the ledger.
        campaign: id of the campaign.
        alarms: as they stand now.
        since: from which entry on evidence was counted (`CampaignState.since`); where evidence started anew meanwhile,
            these alarms are of that before and nothing is recorded.
        at: now.
        earlier: the prices to fall back to; without any a campaign that should fall back is paused.
        keys: where keys of runs are kept, for what an interrupted run left behind.

    Returns:
        What was appended.

    Raises:
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    if not _news(campaign_state(store, campaign), alarms, since):
        return ()
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        state = campaign_state(store, campaign)
        news = _news(state, alarms, since)
        if not news:
            return ()
        about, seq = about_campaign(campaign), tail.entries
        bodies = [(Kind.ALARM, about, encode(_body(alarm, campaign, at))) for alarm in news]
        asked = {alarm.then: seq + place for place, alarm in reversed(list(enumerate(news, 1)))}
        is_paused = state.paused and state.fallback is None
        if "pause" in asked and not is_paused:
            bodies.append((Kind.PAUSED, about, encode(Paused(asked["pause"], at.isoformat(), campaign))))
        elif "fall_back" in asked and not is_paused:
            bodies.append(_fallen(asked["fall_back"], earlier, campaign, at))
        append_alone(store, tail, bodies)
        return campaign_state(store, campaign).history[len(state.history) :]
    finally:
        store.release()


def _fallen(alarm: int, earlier: EarlierPrices | None, campaign: str, at: datetime) -> tuple[Kind, bytes, bytes]:
    """The entry that has a campaign fall back, or pauses it where there is nothing to fall back to."""
    if earlier is None:
        return Kind.PAUSED, about_campaign(campaign), encode(Paused(alarm, at.isoformat(), campaign))
    body = FellBack(alarm, at.isoformat(), campaign, earlier.policy, earlier.run)
    return Kind.FELL_BACK, about_campaign(campaign), encode(body)


def _news(state: CampaignState, alarms: Sequence[AlarmRaised], since: int) -> list[AlarmRaised]:
    """The alarms that are not recorded yet."""
    if state.since != since:
        return []
    counted: dict[str, int] = {}
    for one in state.history:
        if one.what == "alarm" and one.seq > since:
            counted[_key(one.told, one.told["clause"])] = one.told["events"]
    return [
        alarm
        for alarm in alarms
        if alarm.event > counted.get(_key({name: getattr(alarm, name) for name in _SAME}, alarm.clause), 0)
    ]


def _key(comparison: Mapping[str, Any], clause: Mapping[str, object]) -> str:
    """One text for one comparison under one clause."""
    return text_of({"clause": clause, **{name: comparison[name] for name in _SAME}})


def _body(alarm: AlarmRaised, campaign: str, at: datetime) -> Alarm:
    return Alarm(
        at=at.isoformat(),
        beside=list(alarm.beside),
        campaign=campaign,
        clause=text_of(alarm.clause),
        direction=alarm.direction,
        event=alarm.event,
        events=alarm.events,
        features=list(alarm.features),
        figures="" if alarm.figures is None else text_of(alarm.figures),
        group=list(alarm.group),
        kind=alarm.kind,
        offer=alarm.offer,
        then=alarm.then,
        watch=alarm.watch,
    )
