"""A named person stops a campaign, or lets it go on; and nothing of a stopped one starts, in any process.

A pause keeps the role in which it was set: whoever has that role lets the campaign go on, and a privacy officer may
always. So what an officer stopped is not started again by whom they stopped. What an alarm paused any named person
resumes, and so what was paused before roles were kept.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from evenhand.terms import PausedError, UsageError, in_one_line

from ._body import PausedBy, Resumed, encode
from ._pause import Happened, about_campaign, campaign_state
from ._recover import append_alone, recover
from ._seal import RunKeys
from ._store import Kind, LedgerStore

__all__ = ["OFFICER", "PauseOfAnotherError", "is_over", "lifted_as", "pause", "refuse_paused", "resume"]

_MOST_NAME, _MOST_REASON, _MOST_ROLE = 100, 500, 40
OFFICER = "privacy-officer"
"""The role that may end every pause."""


class PauseOfAnotherError(UsageError):
    """Somebody wants to end a pause that another role set; nothing was changed.

    Args:
        campaign: its id.
        entry: number of the entry that paused it.
        role: in which it was paused.
    """

    def __init__(self, campaign: str, entry: int, role: str) -> None:
        roles = role if role == OFFICER else f"{role} or {OFFICER}"
        super().__init__(
            "pause-of-another",
            f"The campaign {campaign} was paused in the role {role} (ledger entry {entry}), so it stays paused.",
            rule="a pause is ended by the role that set it, or by a privacy officer (AI Act 14(4)(e), by analogy)",
            remedy=f"tell a person with the role {roles} what changed; they resume it",
        )
        self.role = role


def lifted_as(pause: Happened | None, roles: Collection[str]) -> str | None:
    """The one of somebody's roles in which they may end a pause; None where they may not.

    Args:
        pause: what stopped the campaign; None = nothing that keeps a role.
        roles: of whoever wants to end it; the one that comes first is kept where it does not matter.

    >>> by_officer = Happened(7, "2026-03-02T09:00:00+00:00", "paused-by", {"by": "P", "role": "privacy-officer"})
    >>> lifted_as(by_officer, ["marketer"]), lifted_as(by_officer, ["marketer", "privacy-officer"])
    (None, 'privacy-officer')
    """
    set_as = "" if pause is None else str(pause.told.get("role", ""))
    if not set_as:
        return next(iter(roles), "")
    return next((one for one in (set_as, OFFICER) if one in roles), None)


def is_over(stop: Happened | None, role: str) -> bool:
    """Whether a pause in this role stands over one that is there: a privacy officer's over everybody else's."""
    return role == OFFICER and (stop is None or stop.told.get("role", "") != OFFICER)


def pause(
    store: LedgerStore,
    campaign: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    role: str = "",
    keys: RunKeys | None = None,
) -> Happened:
    """Pause a campaign: from here on no run of it starts, in any process, until it is resumed.

    A privacy officer pauses also what somebody else, or an alarm, paused: from then on it is their pause.

    Args:
        store: the ledger.
        campaign: id of the campaign.
        by: the person who answers for it.
        reason: why it shall stop.
        at: now.
        role: in which they do it; only that role and a privacy officer then end the pause. "" = any named person may.
        keys: see `raise_alarms`.

    Raises:
        UsageError: no name, no reason, one that is too long, or it is paused already.
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    by, reason = _signed(by, reason, "paused")
    role = _named(role)
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        state = campaign_state(store, campaign)
        is_paused = state.paused and state.fallback is None
        if is_paused and not is_over(state.stop, role):
            raise UsageError(
                "campaign-paused-already",
                f"The campaign {campaign} is paused already (ledger entry {state.paused}), so nothing was changed.",
                rule="a campaign is paused once, until it is resumed",
                remedy="nothing; nobody is decided about",
            )
        body = encode(PausedBy(at.isoformat(), by, campaign, reason, role))
        append_alone(store, tail, [(Kind.PAUSED_BY, about_campaign(campaign), body)])
        return campaign_state(store, campaign).history[-1]
    finally:
        store.release()


def _signed(by: str, reason: str, done: str) -> tuple[str, str]:
    """A name and a reason in one line each.

    Raises:
        UsageError: one of them is missing or too long.
    """
    by, reason = in_one_line(by), in_one_line(reason)
    if not by or not reason or len(by) > _MOST_NAME or len(reason) > _MOST_REASON:
        raise UsageError(
            f"{'pause' if done == 'paused' else 'resume'}-unsigned",
            f"The campaign was not {done}: a name or a reason is missing or too long.",
            rule="a named person pauses a campaign or ends its pause, with a reason; both stay in the ledger",
            remedy=f"name --by (at most {_MOST_NAME} characters) and --reason (at most {_MOST_REASON})",
        )
    return by, reason


def resume(
    store: LedgerStore,
    campaign: str,
    *,
    by: str,
    reason: str,
    at: datetime,
    roles: Collection[str] = (),
    keys: RunKeys | None = None,
) -> Happened:
    """End the pause of a campaign. Who did so and why stays in the ledger, and evidence starts anew.

    Args:
        store: the ledger.
        campaign: id of the campaign.
        by: the person who answers for it.
        reason: why it may go on.
        at: now.
        roles: that they have; see `lifted_as`.
        keys: see `raise_alarms`.

    Raises:
        UsageError: no name, no reason, one that is too long, or the campaign is not paused, or not by such a role.
        StoreError: somebody else is writing, or the ledger cannot be written.
        LedgerError: the ledger was altered.
    """
    by, reason = _signed(by, reason, "resumed")
    store.claim()
    try:
        _, tail = recover(store, at, keys)
        state = campaign_state(store, campaign)
        if not state.paused:
            raise UsageError(
                "campaign-not-paused",
                f"The campaign {campaign} is not paused and did not fall back, so nothing was changed.",
                rule="only a pause can be ended",
                remedy="nothing; a run of it can start",
            )
        role = lifted_as(state.stop, roles)
        if role is None:
            set_as = "" if state.stop is None else str(state.stop.told.get("role", ""))
            raise PauseOfAnotherError(campaign, state.paused, set_as)
        body = encode(Resumed(at.isoformat(), by, campaign, state.paused, reason, _named(role)))
        append_alone(store, tail, [(Kind.RESUMED, about_campaign(campaign), body)])
        return campaign_state(store, campaign).history[-1]
    finally:
        store.release()


def _named(role: str) -> str:
    """A role in one line, of a bounded length."""
    return " ".join(role.split())[:_MOST_ROLE]


def refuse_paused(store: LedgerStore, campaign: str, priced_by: str = "") -> None:
    """Let nothing of a paused campaign start, and of one that fell back only what decides with the earlier prices.

    Args:
        store: the ledger.
        campaign: id of the campaign.
        priced_by: digest of the prices that decide; "" for a run that finds its own.

    Raises:
        PausedError: it is paused, or fell back to other prices.
    """
    state = campaign_state(store, campaign)
    if not state.paused or (state.fallback is not None and priced_by == state.fallback.policy):
        return
    stop = state.stop
    assert stop is not None
    since = datetime.fromisoformat(stop.at).isoformat(" ", "minutes")
    if stop.what == "paused-by":
        role = str(stop.told.get("role", ""))
        who = f"by a named person in the role {role}" if role else "by a named person"
        whom = f"a person with the role {role} or privacy-officer" if role else "a named person"
        raise PausedError(
            "campaign-paused",
            f"The campaign {campaign} is paused since {since} (ledger entry {state.paused}), {who}. "
            "Nothing was decided.",
            rule="a person may stop a campaign at any time (AI Act 14(4)(e), by analogy)",
            remedy=f"ask whoever paused it; {whom} resumes it: evenhand monitor resume CAMPAIGN --by NAME "
            "--reason TEXT",
        )
    alarm = next((one for one in state.history if one.seq == stop.told["alarm"]), None)
    watch = f" of {alarm.told['watch']}" if alarm else ""
    what = (
        f"is paused since {since} (ledger entry {state.paused})"
        if state.fallback is None
        else f"fell back to the prices of run {state.fallback.run} at {since} (ledger entry {state.paused})"
    )
    meanwhile = "" if state.fallback is None else "Later people can be decided: evenhand decide CAMPAIGN SUBJECT. "
    raise PausedError(
        "campaign-paused" if state.fallback is None else "campaign-fell-back",
        f"The campaign {campaign} {what}, by the alarm{watch} in entry {stop.told['alarm']}. Nothing was decided.",
        rule=f"on_alarm, in the monitor{watch} of the campaign",
        remedy=f"{meanwhile}Look at it with: evenhand monitor CAMPAIGN. When the cause is dealt with, a named person "
        "resumes it: evenhand monitor resume CAMPAIGN --by NAME --reason TEXT",
    )
