"""A service that is told to end: what was begun and stands nowhere yet is given up, and it says what it waits for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from campaigns_cases import FILE, start, write_tables
from evenhand import assembly
from evenhand.adapters.asking import Answered, Ask, Question, UnavailableError
from evenhand.adapters.ledgers.sqlite_ledger import SqliteLedger
from live_cases import CAMPAIGN, begin_as_a_run, end_as_a_run, opened, person
from patience import WITHIN, soon


def _ledger(place) -> SqliteLedger:
    return SqliteLedger(place.ledger, key=place.key_file, patience=WITHIN)


def _service(folder, said: list[str]):
    return assembly.open_service(
        [], home=folder / "home", at=datetime.now(UTC), sources=folder / "data", step=said.append
    )


def test_a_start_that_waits_for_its_turn_is_given_up(tmp_path):
    """Nothing of it is recorded; the same start after the next start of the service is a start like any other."""
    write_tables(tmp_path / "data")
    said: list[str] = []
    with ExitStack() as held:
        serving = held.enter_context(_service(tmp_path, said))
        serving.register.upload(FILE, who="staff-1", why="")
        other = held.enter_context(_ledger(serving.place))
        begin_as_a_run(other)
        more = {"seen": "*", "who": "staff-1", "why": "agreed"}
        begun = ThreadPoolExecutor().submit(serving.register.start, CAMPAIGN, **more)
        assert soon(other.is_wanted)

        def told(word: str) -> None:
            said.append(word)
            end_as_a_run(other)

        serving.register.close(told)
        with pytest.raises(UnavailableError, match="is closing"):
            begun.result(WITHIN)
    assert [one for one in said if one.startswith(f"giving up the start of {CAMPAIGN}")]
    with _service(tmp_path, said) as serving:
        assert assembly.list_runs(home=serving.place.folder) == []
        start(serving)
        assert CAMPAIGN in serving.live.campaigns
    assert assembly.verify_ledger(home=tmp_path / "home").ok


def test_an_end_that_waits_for_somebody_elses_turn_says_so(ran_shop):
    """The question that waits is answered when the other is done, and the end is told why it takes longer."""
    said: list[str] = []
    answers: list[Answered | BaseException] = []
    with opened(ran_shop) as serving, _ledger(serving.place) as other:
        begin_as_a_run(other)
        serving.live.ask(Question(CAMPAIGN, (Ask(person(3)),)), answers.append)

        def told(word: str) -> None:
            said.append(word)
            end_as_a_run(other)

        serving.live.close(told)
        assert said == ["waiting for the turn to record what is still to be decided"]
        assert isinstance(answers[0], Answered)
