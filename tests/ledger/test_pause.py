"""Alarms, pauses and resumptions: recorded once, chained, and undone by a named person only."""

from __future__ import annotations

import dataclasses
import json

import pytest

from builders import NOON, MemoryLedger, begin_run, make_explained, model_from_json
from evenhand.ledger import (
    GENESIS,
    AlarmRaised,
    EarlierPrices,
    Head,
    Kind,
    Tail,
    campaign_state,
    finish,
    link,
    pause,
    raise_alarms,
    record,
    refuse_paused,
    resume,
    verify,
)
from evenhand.terms import PausedError, StoreError, UsageError

FIGURES = {"events": 5000, "evidence": 31.5, "lower": 0.01, "upper": 0.09}
ALARM = AlarmRaised(
    watch="offered",
    clause={"id": "offered", "on_alarm": "pause"},
    features=("sex",),
    group=("f",),
    offer="",
    beside=(),
    kind="evidence",
    direction=-1,
    event=4_800,
    events=5_000,
    figures=FIGURES,
    then="pause",
)


def _ledger():
    store = MemoryLedger()
    with begin_run(store, identity="000001") as run:
        record(make_explained(12), run)
        finish(run, {})
    return store


def _raise(store, *alarms, since=0):
    return [one.what for one in raise_alarms(store, "tiny", alarms or (ALARM,), since=since, at=NOON)]


def _resumed(store):
    return resume(store, "tiny", by="Noor de Wit", reason="the price table was wrong", at=NOON)


def test_an_alarm_is_recorded_with_the_pause_that_it_asks_for():
    """Both stand in the chain at once, and the state tells what may be told of them."""
    store = _ledger()
    assert _raise(store) == ["alarm", "paused"]
    state = campaign_state(store, "tiny")
    alarm, pause = state.history
    assert (state.paused, pause.told["alarm"]) == (pause.seq, alarm.seq)
    assert (alarm.told["figures"], alarm.told["clause"]["id"]) == (FIGURES, "offered")
    assert verify(store, model_from_json).ok


def test_the_same_evidence_is_recorded_once():
    """Looked at again, and with an alarm that a correction moved among the events counted then, nothing is added."""
    store = _ledger()
    _raise(store)
    assert _raise(store) == []
    assert _raise(store, dataclasses.replace(ALARM, event=4_900)) == []


def test_an_alarm_on_later_events_of_another_comparison_or_clause_is_another():
    """Each is recorded; the campaign is paused once."""
    store = _ledger()
    _raise(store)
    later = dataclasses.replace(ALARM, event=6_000, events=6_100)
    other = dataclasses.replace(ALARM, group=("m",))
    stricter = dataclasses.replace(ALARM, clause={"id": "offered", "tolerance": 0.01})
    assert _raise(store, later, other, stricter) == ["alarm"] * 3
    assert [one.what for one in campaign_state(store, "tiny").history].count("paused") == 1
    assert verify(store, model_from_json).ok


def test_a_clause_that_notifies_pauses_nothing():
    """The alarm stands in the ledger, and a run starts."""
    store = _ledger()
    assert _raise(store, dataclasses.replace(ALARM, then="notify")) == ["alarm"]
    with begin_run(store, identity="000002") as run:
        finish(run, {})


def test_no_run_of_a_paused_campaign_starts():
    """The refusal says since when, by which entry, and how to resume; nothing is left claimed or intended."""
    store = _ledger()
    _raise(store)
    with pytest.raises(PausedError, match="is paused since") as refused:
        begin_run(store, identity="000002")
    assert "monitor resume CAMPAIGN --by NAME --reason TEXT" in refused.value.remedy
    assert refused.value.exit_code == 6
    assert not store.claimed
    assert store.intents() == []


def test_a_named_person_ends_the_pause_with_a_reason():
    """Name and reason stay in the ledger, with everything before; then a run starts and evidence counts anew."""
    store = _ledger()
    _raise(store)
    told = _resumed(store)
    assert (told.told["by"], told.told["reason"]) == ("Noor de Wit", "the price table was wrong")
    state = campaign_state(store, "tiny")
    assert (state.paused, state.since, len(state.history)) == (0, told.seq, 3)
    with begin_run(store, identity="000002") as run:
        record(make_explained(12), run)
        finish(run, {})
    assert _raise(store) == []  # counted before somebody resumed
    assert _raise(store, since=state.since) == ["alarm", "paused"]
    assert verify(store, model_from_json).ok


FALLS = dataclasses.replace(ALARM, then="fall_back")
EARLIER = EarlierPrices("20261123T120000Z-000001", "a" * 64)


def _fallen(store, *alarms, since=0, earlier=EARLIER):
    raised = raise_alarms(store, "tiny", alarms or (FALLS,), since=since, at=NOON, earlier=earlier)
    return [one.what for one in raised]


def test_a_campaign_falls_back_to_earlier_prices():
    """Only what decides with those starts; evidence starts anew; a person ends it as a pause."""
    store = _ledger()
    assert _fallen(store) == ["alarm", "fell-back"]
    state = campaign_state(store, "tiny")
    assert (state.fallback, state.since, state.paused) == (EARLIER, state.history[-1].seq, state.history[-1].seq)
    refuse_paused(store, "tiny", EARLIER.policy)
    for other in ("", "b" * 64):
        with pytest.raises(PausedError, match="fell back to the prices of run 20261123T120000Z-000001"):
            refuse_paused(store, "tiny", other)
    assert _fallen(store) == []  # counted before it fell back
    _resumed(store)
    assert campaign_state(store, "tiny").fallback is None
    refuse_paused(store, "tiny")
    assert verify(store, model_from_json).ok


def test_a_campaign_that_fell_back_can_fall_further_and_then_is_paused():
    """Each time on evidence that came after; where there are no earlier prices it is paused, and nothing more."""
    store = _ledger()
    _fallen(store)
    further = EarlierPrices("20261122T120000Z-000001", "c" * 64)
    assert _fallen(store, since=campaign_state(store, "tiny").since, earlier=further) == ["alarm", "fell-back"]
    assert _fallen(store, since=campaign_state(store, "tiny").since, earlier=None) == ["alarm", "paused"]
    state = campaign_state(store, "tiny")
    assert state.fallback is None
    later = dataclasses.replace(FALLS, event=9_000, events=9_100)
    assert _fallen(store, later, since=state.since) == ["alarm"]
    assert verify(store, model_from_json).ok


def test_of_two_alarms_at_once_a_pause_weighs_more():
    """One clause asks to fall back and one to pause: it is paused, by the alarm that asks for it."""
    store = _ledger()
    other = dataclasses.replace(ALARM, watch="responded")
    assert _fallen(store, FALLS, other) == ["alarm", "alarm", "paused"]
    first, second, pause = campaign_state(store, "tiny").history
    assert (first.told["then"], pause.told["alarm"]) == ("fall_back", second.seq)
    assert verify(store, model_from_json).ok


def test_a_run_with_other_prices_in_a_fall_back_is_found():
    """Somebody with the key who lets a run find its own prices, or takes the fall-back for a pause of another alarm."""
    store = _ledger()
    _fallen(store)
    rows = list(store.rows)
    free = _ledger()
    with begin_run(free, identity="000002") as run:
        finish(run, {})
    rows += [row for row in free.rows if row[0] > len(_ledger().rows)]
    chained, hash_ = [], GENESIS
    for seq, (_, kind, about, _, body) in enumerate(rows, 1):
        hash_ = link(hash_, body)
        chained.append((seq, kind, about, hash_, body))
    store.rows, store.kept = chained, Head(Tail(len(chained), hash_))
    told = [problem.what for problem in verify(store, model_from_json).problems]
    assert any("started although its campaign was paused" in what for what in told)


@pytest.mark.parametrize(
    ("by", "reason"),
    [("", "why"), ("Noor", "  "), ("x" * 101, "why"), ("Noor", "x" * 501), ("\u200b", "why"), ("Noor", "\u202e\x00")],
)
def test_nobody_resumes_without_a_name_and_a_reason(by, reason):
    """Missing, endless, or none that anybody can see, are wrong usage; the pause stays."""
    store = _ledger()
    _raise(store)
    with pytest.raises(UsageError, match="a name or a reason is missing or too long"):
        resume(store, "tiny", by=by, reason=reason, at=NOON)
    assert campaign_state(store, "tiny").paused


def test_a_name_reads_the_same_wherever_it_is_told():
    """What turns the rest of a line around, ends the line or moves a terminal's cursor is not kept in the ledger."""
    store = _ledger()
    kept = pause(store, "tiny", by="\u202eNoor\x1b[2J\n", reason="too many\r\ncomplaints\u2066", at=NOON)
    assert (kept.told["by"], kept.told["reason"]) == ("Noor [2J", "too many complaints")


def test_a_campaign_that_is_not_paused_is_not_resumed():
    """That is said, and nothing is written."""
    store = _ledger()
    entries = store.tail().entries
    with pytest.raises(UsageError, match="is not paused and did not fall back"):
        _resumed(store)
    assert store.tail().entries == entries


def test_while_somebody_else_writes_no_alarm_is_recorded_and_none_is_lost():
    """The writer is told to wait; afterwards the alarm is as new as before."""
    store = _ledger()
    store.claim()
    with pytest.raises(StoreError, match="Somebody else is writing"):
        _raise(store)
    store.release()
    assert _raise(store) == ["alarm", "paused"]


def _forged(keep, change=lambda body: body):
    """The ledger of alarm, pause, resumption and a run, rewritten by somebody with the key; what is found in it."""
    store = _ledger()
    _raise(store)
    _resumed(store)
    with begin_run(store, identity="000002") as run:
        finish(run, {})
    rows, hash_ = [], GENESIS
    for row in (row for row in store.rows if keep(row)):
        body = json.dumps(change(json.loads(row[4])), separators=(",", ":")).encode() if row[1] >= 10 else row[4]
        hash_ = link(hash_, body)
        rows.append((len(rows) + 1, row[1], row[2], hash_, body))
    store.rows, store.kept = rows, Head(Tail(len(rows), hash_))
    return [problem.what for problem in verify(store, model_from_json).problems]


def test_a_pause_edited_out_of_the_ledger_is_named():
    """Taken out it is a missing entry; with all hashes made anew the alarm that asked for it tells."""
    store = _ledger()
    _raise(store)
    pause = campaign_state(store, "tiny").paused
    _resumed(store)
    store.rows = [row for row in store.rows if row[0] != pause]
    found = verify(store, model_from_json)
    assert any(problem.seq == pause and "missing" in problem.what for problem in found.problems)
    told = _forged(lambda row: row[1] != Kind.PAUSED)
    assert any("no pause follows" in what for what in told)
    assert any("there is none" in what for what in told)


@pytest.mark.parametrize(
    ("keep", "change", "words"),
    [
        (lambda row: row[1] != Kind.RESUMED, lambda body: body, "started although its campaign was paused"),
        (lambda row: row[1] != Kind.ALARM, lambda body: body, "is no alarm that asks for it"),
        (bool, lambda body: body | ({"by": ""} if "by" in body else {}), "no person or no reason"),
        (bool, lambda body: body | {"campaign": "other"}, "is filed as something that it is not"),
    ],
    ids=["no resumption", "no alarm", "nobody", "another campaign"],
)
def test_what_a_holder_of_the_key_forges_about_a_pause_is_found(keep, change, words):
    """Hashes fit, but the story does not."""
    assert any(words in what for what in _forged(keep, change))


def _paused_by(store):
    return pause(store, "tiny", by="Noor de Wit", reason="complaints about the text", at=NOON)


def test_a_person_can_pause_a_campaign_and_only_a_person_ends_that():
    """No run starts, the entry names who and why, and after a resumption one starts again."""
    store = _ledger()
    done = _paused_by(store)
    assert done.what == "paused-by"
    assert done.told == {"by": "Noor de Wit", "reason": "complaints about the text"}
    with pytest.raises(PausedError, match="by a named person"):
        refuse_paused(store, "tiny")
    refuse_paused(store, "another")
    assert campaign_state(store, "tiny").paused == done.seq
    _resumed(store)
    refuse_paused(store, "tiny")
    assert verify(store, model_from_json).problems == ()


def test_a_pause_by_a_person_holds_for_earlier_prices_too():
    """A campaign that fell back decides nothing either once a person paused it."""
    store = _ledger()
    earlier = EarlierPrices("20260101T000000Z-000001", "ab" * 32)
    falls = dataclasses.replace(ALARM, then="fall_back")
    raise_alarms(store, "tiny", [falls], since=0, at=NOON, earlier=earlier)
    refuse_paused(store, "tiny", earlier.policy)
    _paused_by(store)
    with pytest.raises(PausedError, match="by a named person"):
        refuse_paused(store, "tiny", earlier.policy)


def test_a_pause_without_name_or_reason_or_of_a_paused_campaign_changes_nothing():
    """Nothing is appended."""
    store = _ledger()
    before = store.tail()
    with pytest.raises(UsageError, match="not paused"):
        pause(store, "tiny", by=" ", reason="because", at=NOON)
    with pytest.raises(UsageError, match="not paused"):
        pause(store, "tiny", by="Noor", reason="x" * 501, at=NOON)
    assert store.tail() == before
    _paused_by(store)
    with pytest.raises(UsageError, match="paused already"):
        _paused_by(store)


OFFICER, MARKETER = "privacy-officer", "marketer"


def _stopped(store, role, by="Puck"):
    return pause(store, "tiny", by=by, reason="complaints", at=NOON, role=role)


def test_what_a_privacy_officer_paused_only_a_privacy_officer_lets_go_on():
    """Others are told who can; the entries keep both roles, and verification reads them again."""
    store = _ledger()
    _stopped(store, OFFICER)
    for roles in ([], [MARKETER], ["data-scientist", MARKETER]):
        with pytest.raises(UsageError, match="was paused in the role privacy-officer") as refused:
            resume(store, "tiny", by="Mila", reason="it sells", at=NOON, roles=roles)
        assert refused.value.code == "pause-of-another"
        assert "with the role privacy-officer what changed" in refused.value.remedy
    with pytest.raises(PausedError, match="in the role privacy-officer"):
        refuse_paused(store, "tiny")
    done = resume(store, "tiny", by="Puck", reason="text changed", at=NOON, roles=[OFFICER, MARKETER])
    assert done.told["role"] == OFFICER
    refuse_paused(store, "tiny")
    assert verify(store, model_from_json).ok


def test_a_pause_of_another_role_is_ended_by_that_role_or_by_an_officer():
    """A marketer ends their own, an officer anybody's, and whoever is somebody else neither."""
    for roles, kept in (([MARKETER], MARKETER), ([OFFICER], OFFICER)):
        store = _ledger()
        _stopped(store, MARKETER, "Mila")
        with pytest.raises(UsageError, match="in the role marketer"):
            resume(store, "tiny", by="Daan", reason="x", at=NOON, roles=["data-scientist"])
        assert resume(store, "tiny", by="N", reason="y", at=NOON, roles=roles).told["role"] == kept


def test_an_officer_pauses_over_anothers_pause_and_nobody_over_theirs():
    """What a marketer or an alarm stopped is the officer's from then on."""
    store = _ledger()
    _raise(store)
    with pytest.raises(UsageError, match="paused already"):
        _stopped(store, MARKETER)
    done = _stopped(store, OFFICER)
    assert campaign_state(store, "tiny").stop == done
    with pytest.raises(UsageError, match="paused already"):
        _stopped(store, OFFICER)
    with pytest.raises(UsageError, match="in the role privacy-officer"):
        resume(store, "tiny", by="Mila", reason="x", at=NOON, roles=[MARKETER])
    resume(store, "tiny", by="Puck", reason="x", at=NOON, roles=[OFFICER])
    assert verify(store, model_from_json).ok


def test_a_resumption_by_another_role_that_a_holder_of_the_key_forges_is_found():
    """Hashes fit, but a marketer let go on what an officer stopped."""
    store = _ledger()
    _stopped(store, OFFICER)
    resume(store, "tiny", by="Puck", reason="x", at=NOON, roles=[OFFICER])
    rows, hash_ = [], GENESIS
    for row in store.rows:
        body = row[4].replace(b'"role":"privacy-officer"', b'"role":"marketer"') if row[1] == Kind.RESUMED else row[4]
        hash_ = link(hash_, body)
        rows.append((len(rows) + 1, row[1], row[2], hash_, body))
    store.rows, store.kept = rows, Head(Tail(len(rows), hash_))
    told = [problem.what for problem in verify(store, model_from_json).problems]
    assert any("ends a pause that another role set" in what for what in told)
