"""A request for erasure is decided, done and answered, and whatever stops it half way, the next call finishes it."""

from __future__ import annotations

import functools
import shutil
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.rights import Law, State
from evenhand.terms import DataError, EvenhandError, UsageError
from killed_cases import killed_at

WHO = "canary2@mail.example"
PURPOSE = "PersonalisedAdvertising"
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def _ask(home, kind, **more):
    return assembly.ask(WHO, kind, home=home, at=NOW, lang="en", **more).request.number


def _answer(home, number):
    return assembly.answer_request(number, WHO, home=home, by="dpo", at=NOW, identity="came to the desk")


def _holds(home):
    """Whether the home tells anything about the person."""
    try:
        return bool(assembly.access(WHO, home=home).decisions)
    except DataError:
        return False


def _answered(home, number):
    with suppress(EvenhandError):
        _answer(home, number)


def test_an_erasure_that_was_killed_anywhere_is_finished_by_the_next_call(ran, tmp_path):
    """Killed before each database that it opens: the request never stands as refused or open with its person gone, and
    answering it again ends it, with the data gone and everything verified."""
    home = ran / "evenhand-home"
    assembly.say(WHO, "give", PURPOSE, home=home, at=NOW)
    number = _ask(home, "erasure", note="please")
    open_one = _ask(home, "access")
    states, opened, died = set(), 0, True
    while died:
        opened += 1 + opened // 2
        copy = shutil.copytree(home, tmp_path / f"home-{opened}")
        died = killed_at(opened, functools.partial(_answered, copy, number))
        found = assembly.find_request(number, home=copy).request
        states.add(found.state)
        if found.state in (State.RECEIVED, State.CARRYING_OUT):
            is_whole = assembly.is_known(WHO, home=copy)
            assert is_whole or found.state is State.CARRYING_OUT, "nobody is erased before that was decided"
            with suppress(UsageError):
                assembly.refuse_request(number, "legal-duty", home=copy, by="other", at=NOW)
                assert found.state is State.RECEIVED, "what was decided cannot be refused"
                shutil.rmtree(copy)
                continue
            assert _answer(copy, number).request.state is State.ANSWERED
        assert [one.step.value for one in assembly.find_request(number, home=copy).request.trail].count("decide") == 1
        if not died:
            assert not _holds(copy)
            assert assembly.verify_rights(home=copy).ok
            assert assembly.verify_ledger(home=copy).ok
            assert assembly.find_request(open_one, home=copy).request.state is State.LAPSED
        shutil.rmtree(copy)
    assert opened > 5
    assert {State.RECEIVED, State.CARRYING_OUT, State.ANSWERED} <= states


@pytest.mark.parametrize("kind", ["access", "portability", "rectification", "restriction"])
def test_what_was_open_when_its_person_was_erased_ends_with_a_word(ran, cli, kind):
    """It leaves the queue with why, and a letter that says so in their language; another's request stays."""
    home = ran / "evenhand-home"
    number = _ask(home, kind)
    mine = assembly.ask("canary3@mail.example", kind, home=home, at=NOW).request.number
    done = cli(ran, "rights", "erase", WHO, "--yes")
    assert f"{number} was open and ended with it." in done.stdout
    assert [one.number for one in assembly.list_requests(home=home)] == [mine]
    assert cli(ran, "rights", "show", number, "--letter", "letter.txt").exit_code == 0
    letter = (ran / "letter.txt").read_text("utf-8")
    assert "Your data was erased here before there was an answer." in letter
    assert "complain" in letter
    last = assembly.find_request(number, home=home).request.trail[-1]
    assert (last.step.value, last.by, dict(last.details)) == ("lapse", "evenhand", {"because": "erased"})
    assert cli(ran, "rights", "erase", WHO, "--yes", "--json").exit_code == 0


def test_an_objection_and_an_erasure_are_still_answered_after_an_erasure(ran):
    """They need nothing of the person, and an objection can end in one way only."""
    home = ran / "evenhand-home"
    numbers = [_ask(home, "objection"), _ask(home, "opt_out", law=Law.CCPA.value), _ask(home, "erasure")]
    assert assembly.erase(WHO, home=home, at=NOW).lapsed == ()
    for number in numbers:
        assert _answer(home, number).request.state is State.ANSWERED


def test_an_older_home_has_requests_of_the_erased_that_end_when_they_are_answered(ran, tmp_path):
    """Before this they stayed in the queue, and the only word was an error."""
    home = ran / "evenhand-home"
    number = _ask(home, "access")
    shutil.copy(home / "people.sqlite", tmp_path / "people.sqlite")
    assembly.erase(WHO, home=home, at=NOW)
    shutil.copy(tmp_path / "people.sqlite", home / "people.sqlite")  # as an older evenhand would have left it
    with pytest.raises(EvenhandError, match="not of this subject"):
        assembly.answer_request(
            number, "canary3@mail.example", home=home, by="dpo", at=NOW, identity="known", out=tmp_path / "files"
        )
    done = assembly.answer_request(number, WHO, home=home, by="dpo", at=NOW, out=tmp_path / "files")
    assert done.request.state is State.LAPSED
    assert done.files == ()
    assert "nothing is left to answer with" in done.letter.to_text()


def test_what_was_decided_is_neither_refused_nor_taken_back(ran):
    """Two people at two desks: whoever comes second is told, and the person is erased or not, as the request says."""
    home = ran / "evenhand-home"
    number = _ask(home, "erasure")
    assembly.refuse_request(number, "legal-duty", home=home, by="other", at=NOW)
    with pytest.raises(UsageError, match="is refused"):
        _answer(home, number)
    assert _holds(home)


def test_both_commands_say_first_which_open_requests_end(ran, cli):
    """Before anything is erased, and also where nobody is asked: the numbers, and nobody else's."""
    home = ran / "evenhand-home"
    number, open_one = _ask(home, "erasure"), _ask(home, "access")
    other = assembly.ask("canary3@mail.example", "access", home=home, at=NOW, lang="en").request.number
    refused = cli(ran, "rights", "erase", WHO)
    assert refused.exit_code == 2
    assert f"that end without an answer: {open_one}." in refused.stderr
    assert other not in refused.stderr
    done = cli(ran, "rights", "answer", number, WHO, "--by", "dpo", "--identity", "came to the desk", "--yes")
    assert done.exit_code == 0
    assert f"that end without an answer: {open_one}." in done.stderr
