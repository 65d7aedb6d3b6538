"""What is asked of a ledger again and again is not read again and again: a service makes runs without end."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime

from evenhand import assembly
from evenhand.adapters.stores.home import Home
from live_cases import asked, opened, person


def _runs(place: Home) -> int:
    (row,) = assembly.record_of_processing(home=place.folder, at=datetime.now(UTC)).rows
    return int(row["runs"])


def test_runs_are_counted_on_as_they_come_and_anew_for_another_ledger(ran_shop):
    """After each question one more; a home that is put back to an earlier state is counted from its start."""
    place = Home(ran_shop / "evenhand-home")
    before = shutil.copytree(place.folder, ran_shop / "before")
    assert _runs(place) == 1
    with opened(ran_shop) as serving:
        for number in range(3):
            assert asked(serving.live, person(number + 3)).answers
            assert _runs(place) == 2 + number
    shutil.rmtree(place.folder)
    shutil.copytree(before, place.folder)
    assert _runs(place) == 1
    assert assembly.verify_ledger(home=place.folder).ok


def test_a_live_decision_is_explained_by_the_prices_of_its_run_without_being_told_which(ran_shop):
    """Also by a process that did not serve: the run is found by the digest of its prices, once."""
    with opened(ran_shop) as serving:
        one = asked(serving.live, person(3)).answers[0].decision_id
    assert assembly.why(one, home=serving.place.folder).facts.decision_id == one
    later = assembly.decide_people(ran_shop / "campaign.yaml", [person(4)], at=datetime.now(UTC))
    assert assembly.why(f"{later.run_id}.1", home=serving.place.folder).facts.decision_id == f"{later.run_id}.1"
