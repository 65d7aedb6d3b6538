"""A service and a whole run of the same home: the service decides while the run is prepared, and waits for its turn."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

from evenhand import assembly
from live_cases import CAMPAIGN, asked, opened, person
from patience import WITHIN

OTHER = "other-shop"


def _another(folder):
    """Another campaign about the same people, in the same home."""
    other = folder / "other.yaml"
    other.write_text((folder / "campaign.yaml").read_text("utf-8").replace(CAMPAIGN, OTHER), encoding="utf-8")
    return other


def test_a_service_decides_while_a_run_decides_and_writes_out_its_decisions(ran_shop):
    """Until its turn the run keeps nobody from writing: what is decided meanwhile stands before it in the chain."""
    with opened(ran_shop) as serving:
        live: list[str] = []

        def step(name: str) -> None:
            if name != "recording":
                live.append(asked(serving.live, person(3 + len(live))).answers[0].decision_id)

        home = serving.place.folder
        ran = assembly.run_campaign(_another(ran_shop), home=home, at=datetime.now(UTC), step=step)
        after = asked(serving.live, person(3)).answers[0].decision_id
    assert len(live) >= 5
    runs = [run["run_id"] for run in assembly.list_runs(home=home)]
    assert runs[1:] == [*(one.rpartition(".")[0] for one in live[:-1]), ran.run_id, *runs[-2:]]
    assert runs[-2:] == [live[-1].rpartition(".")[0], after.rpartition(".")[0]]
    assert assembly.verify_ledger(home=home).ok
    assert assembly.replay(ran.run_id, home=home).same


def test_whoever_is_erased_while_a_run_is_written_out_is_not_decided_about(ran_shop):
    """What was encrypted for them under their key is thrown away with the rest, and the run is prepared again."""
    file, home, steps = _another(ran_shop), ran_shop / "evenhand-home", []

    def step(name: str) -> None:
        steps.append(name)
        if steps.count("writing out") == 1 and name == "writing out":
            assembly.erase(person(3), home=home, at=datetime.now(UTC))

    ran = assembly.run_campaign(file, home=home, at=datetime.now(UTC), step=step)
    assert steps.count("writing out") == 2
    told = dict(zip(ran.columns["person"], ran.columns["permission"], strict=True))
    assert [who for who, why in told.items() if why == "erased"] == [person(3)]
    assert assembly.verify_ledger(home=home).ok


def _limited(folder):
    """Another campaign, in which nobody gets an offer who got one that day."""
    other = _another(folder)
    each = "limits:\n  contacts: {each: [{offers: 1, within: P1D}]}\n"
    other.write_text(other.read_text("utf-8").replace("limits:\n", each), encoding="utf-8")
    return other


def test_an_offer_that_came_between_counting_and_the_turn_counts(ran_shop):
    """A run with a limit over time decides before its turn; where that would give too much by then it decides again."""
    steps, offered = [], set()
    with opened(ran_shop) as serving:

        def step(name: str) -> None:
            steps.append(name)
            if name == "writing out":
                people = [person(number) for number in range(2, 40)]
                answers = asked(serving.live, *people).answers
                offered.update(who for who, one in zip(people, answers, strict=True) if one.offer)

        home = serving.place.folder
        ran = assembly.run_campaign(_limited(ran_shop), home=home, at=datetime.now(UTC), step=step)
    assert offered
    assert steps[-3:-1] == ["deciding again", "recording"]
    told = dict(zip(ran.columns["person"], ran.columns["reason"], strict=True))
    assert {who for who, reason in told.items() if reason == "enough-offers"} == offered
    assert assembly.verify_ledger(home=home).ok
    assert assembly.replay(ran.run_id, home=home).same


def test_what_came_between_and_changes_nobodys_decision_changes_nothing(ran_shop):
    """Somebody is decided about meanwhile and gets nothing: the run stands as it was decided."""
    steps = []
    with opened(ran_shop) as serving:

        def step(name: str) -> None:
            steps.append(name)
            if name == "writing out":
                assert asked(serving.live, person(0)).answers[0].offer is None

        home = serving.place.folder
        ran = assembly.run_campaign(_limited(ran_shop), home=home, at=datetime.now(UTC), step=step)
    assert "deciding again" not in steps
    assert assembly.verify_ledger(home=home).ok
    assert assembly.replay(ran.run_id, home=home).same


def test_a_question_waits_for_a_run_that_is_being_recorded(ran_shop):
    """Longer than for anybody else who writes, and it is no trouble; then it is answered, behind the run."""
    with opened(ran_shop) as serving:
        home, turn, ran = serving.place.folder, threading.Event(), []

        def last_look() -> None:
            turn.set()
            time.sleep(2.6)

        def go() -> None:
            at = datetime.now(UTC)
            ran.append(assembly.run_campaign(_another(ran_shop), home=home, at=at, last_look=last_look).run_id)

        run = threading.Thread(target=go)
        run.start()
        assert turn.wait(WITHIN)
        answered = asked(serving.live, person(3)).answers[0]
        assert serving.live.not_ready() == ""
        run.join()
    runs = [one["run_id"] for one in assembly.list_runs(home=home)]
    assert runs[1:] == [*ran, answered.decision_id.rpartition(".")[0]]
    assert assembly.verify_ledger(home=home).ok
