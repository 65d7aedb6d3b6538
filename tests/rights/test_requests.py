"""A request goes from state to state by steps that its rules allow, and its letters say what happened."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.explanation import LANGUAGES, article_in_words
from evenhand.rights import (
    CODE_TRIES,
    EXTENSIONS,
    REFUSALS,
    STEPS,
    Happening,
    Law,
    RequestKind,
    Sender,
    State,
    Step,
    code_of,
    is_code,
    letter_of,
    next_happening,
    request_of,
)
from evenhand.terms import LedgerError, UsageError

NOW = datetime(2026, 3, 5, 9, tzinfo=UTC)
SENDER = Sender("Shop", "privacy@shop.example", "NL")
SECRET = bytes(range(32))


def asked(kind="access", *, law="gdpr", lang="en", country="NL", at=NOW):
    """A request that just came."""
    details = {"kind": kind, "law": law, "lang": lang, "country": country}
    return request_of("R-1", [Happening(Step.RECEIVE, at, "person", details)])


def then(request, step, at=NOW, by="officer", **details):
    """The request after one more step."""
    return request_of(request.number, [*request.trail, next_happening(request, step, at=at, by=by, **details)])


@given(st.lists(st.sampled_from(list(STEPS)), max_size=12))
def test_no_walk_leaves_the_table_or_reopens_what_is_closed(steps):
    """Whatever is tried: a step is refused, or leads where the table says; after an end nothing changes the state."""
    request = asked()
    details = {
        Step.EXTEND: {"reason": "complex"},
        Step.REFUSE: {"reason": "excessive"},
        Step.ANSWER: {"identity": "known"},
        Step.ASK_IDENTITY: {"nonce": "n", "days": 7},
    }
    for step in steps:
        before = request
        try:
            request = then(request, step, **details.get(step, {}))
        except UsageError:
            continue
        allowed, leads_to = STEPS[step]
        assert before.state in allowed
        assert request.state is (leads_to or before.state)
        assert not before.state.is_closed or step.is_aside


def test_a_trail_that_was_tampered_with_is_no_request():
    """Answered and then extended: nobody could have done that."""
    request = then(asked(), Step.ANSWER, identity="logged in")
    later = Happening(Step.EXTEND, NOW, "officer", {"reason": "complex"})
    with pytest.raises(LedgerError, match="does not allow"):
        request_of("R-1", [*request.trail, later])
    with pytest.raises(LedgerError, match="does not allow"):
        request_of("R-1", [])


def test_more_time_is_taken_once_with_a_reason_and_in_the_first_month():
    """G-12. On the last day of the first month it may be, the day after it may not; no other reason counts."""
    last, late = datetime(2026, 4, 5, 12, tzinfo=UTC), datetime(2026, 4, 6, 12, tzinfo=UTC)
    assert then(asked(), Step.EXTEND, at=last, reason="complex").due.isoformat() == "2026-06-05"
    with pytest.raises(UsageError, match="could be extended until 2026-04-05"):
        then(asked(), Step.EXTEND, at=late, reason="complex")
    with pytest.raises(UsageError, match="none of the reasons"):
        then(asked(), Step.EXTEND, reason="busy")
    with pytest.raises(UsageError, match="extended before"):
        then(then(asked(), Step.EXTEND, reason="complex"), Step.EXTEND, reason="complex")
    with pytest.raises(UsageError, match="takes effect at once"):
        then(asked("objection"), Step.EXTEND, reason="complex")


def test_only_a_named_person_judges():
    """Identity, more time, answer and refusal need somebody who decides."""
    for step, details in (
        (Step.EXTEND, {"reason": "complex"}),
        (Step.REFUSE, {"reason": "excessive"}),
        (Step.ANSWER, {"identity": "known"}),
        (Step.ASK_IDENTITY, {"nonce": "n", "days": 7}),
    ):
        with pytest.raises(UsageError, match="Nobody is named"):
            then(asked(), step, by=" ", **details)


def test_an_objection_to_direct_marketing_cannot_be_refused():
    """It is absolute; a ground of another request is none here."""
    with pytest.raises(UsageError, match="cannot be refused"):
        then(asked("objection"), Step.REFUSE, reason="unfounded")
    with pytest.raises(UsageError, match="none of the reasons"):
        then(asked("access"), Step.REFUSE, reason="legal-duty")
    assert then(asked("erasure"), Step.REFUSE, reason="legal-duty").state is State.REFUSED


def test_nobody_is_answered_without_a_note_of_how_they_are_known():
    """But an objection and an opt-out need no proof."""
    with pytest.raises(UsageError, match="how the person"):
        then(asked(), Step.ANSWER)
    assert then(asked("objection"), Step.ANSWER).state is State.ANSWERED


def test_overdue_is_computed_and_ends_with_the_answer():
    """The day itself is in time; the next is not; once answered there is nothing to be late with."""
    request = asked()
    assert not request.is_overdue(datetime(2026, 4, 5, 20, tzinfo=UTC))
    assert request.is_overdue(datetime(2026, 4, 6, 1, tzinfo=UTC))
    answered = then(request, Step.ANSWER, at=datetime(2026, 5, 1, tzinfo=UTC), identity="known")
    assert not answered.is_overdue(datetime(2026, 6, 1, tzinfo=UTC))


def test_a_code_is_right_in_any_writing_and_only_for_a_while():
    """G-11: a code is all that is asked, however it is typed; after five wrong tries, or seven days, a new one."""
    request = then(asked(), Step.ASK_IDENTITY, nonce="abc", days=7)
    code = code_of(SECRET, "R-1", "abc")
    assert is_code(request, code.lower().replace("-", " "), SECRET, NOW)
    assert not is_code(request, "AAAA-AAAA", SECRET, NOW)
    assert not is_code(request, code, bytes(32), NOW)
    with pytest.raises(UsageError, match="expired"):
        is_code(request, code, SECRET, NOW + timedelta(days=7, seconds=1))
    for _ in range(CODE_TRIES):
        request = then(request, Step.FAIL_IDENTITY, by="person")
    with pytest.raises(UsageError, match="wrong code was given 5 times"):
        is_code(request, code, SECRET, NOW)
    again = then(request, Step.ASK_IDENTITY, nonce="def", days=7)
    assert is_code(again, code_of(SECRET, "R-1", "def"), SECRET, NOW)
    assert not is_code(again, code, SECRET, NOW), "the old code is no longer good"
    with pytest.raises(UsageError, match="No code was sent"):
        is_code(asked(), code, SECRET, NOW)


def _endings(kind):
    """Each request of a kind after every step that leads to a letter."""
    request = asked(kind.value)
    yield request
    if not kind.is_at_once:
        yield then(request, Step.ASK_IDENTITY, nonce="abc", days=7)
        for reason in EXTENSIONS:
            yield then(request, Step.EXTEND, reason=reason)
    for outcome in ("keep", "change") if kind is RequestKind.HUMAN_REVIEW else ("",):
        yield then(request, Step.ANSWER, identity="known", outcome=outcome)
    for reason, ground in REFUSALS.items():
        if kind in ground.kinds or (not ground.kinds and not kind.is_at_once):
            yield then(request, Step.REFUSE, reason=reason)
    yield then(request, Step.WITHDRAW, by="person")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", list(RequestKind))
def test_every_step_has_its_letter(kind, lang):
    """In both languages, as text and page, with number and contact; a refusal names its ground and a complaint."""
    for request in _endings(kind):
        first = Happening(Step.RECEIVE, NOW, "person", {**request.asked, "lang": lang})
        own = request_of("R-1", [first, *request.trail[1:]])
        letter = letter_of(own, SENDER, code="ABCD-EFGH", recipients=("Mail House",))
        text = letter.to_text()
        assert "R-1" in text
        assert "privacy@shop.example" in text
        assert not re.search(r"[{}]", text)
        assert f'<html lang="{lang}">' in letter.to_html()
        if request.state is State.REFUSED:
            assert "Autoriteit Persoonsgegevens" in text
            assert article_in_words(REFUSALS[request.trail[-1].details["reason"]].article, lang) in text
        if request.state is State.IDENTITY_ASKED:
            assert "ABCD-EFGH" in text


def test_a_page_shows_what_a_letter_says_and_runs_nothing():
    """A name that looks like markup stays text."""
    page = letter_of(asked(), Sender("<script>alert(1)</script>", "x@y.example", "ZZ")).to_html()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_law_of_california_has_its_own_dates():
    """Which law applies is said when the request is recorded."""
    request = asked(law=Law.CCPA.value, country="US")
    assert request.to_dict(NOW)["due"] == "2026-04-19"
    assert request.days_left(NOW) == 45


@pytest.mark.parametrize("kind", ["opt_out", "objection"])
@pytest.mark.parametrize("law", ["ccpa", "gdpr"])
def test_nobody_who_says_no_is_asked_to_prove_who_they_are(kind, law):
    """11 CCR 7026: an opt-out needs no verification; the refusal says that it holds already, and what to do."""
    with pytest.raises(UsageError, match="needs no proof of identity") as refused:
        then(asked(kind, law=law), Step.ASK_IDENTITY, nonce="n", days=7)
    assert "C-7026" in refused.value.rule
    assert "it holds already. Tell them: evenhand rights answer R-1" in refused.value.remedy
    assert then(asked(kind, law=law), Step.ANSWER).state is State.ANSWERED


def test_a_dutch_refusal_cites_the_law_by_its_dutch_name():
    """A Dutch reader gets the AVG with article, paragraph and letter; an English one the GDPR as it is cited."""
    nl, en = (
        letter_of(then(asked("erasure", lang=lang), Step.REFUSE, reason="legal-duty"), SENDER).to_text()
        for lang in ("nl", "en")
    )
    assert "(AVG artikel 17 lid 3 onder b)" in nl
    assert "GDPR" not in nl
    assert "(GDPR 17(3)(b))" in en


def test_the_answer_to_an_opt_out_names_the_day_before_which_nobody_asks_again():
    """The letter and the request say the same day; of an opt-out that was taken back there is none."""
    request = then(asked("opt_out", law="ccpa"), Step.ANSWER)
    assert "We do not ask you before 6 March 2027 whether we may again." in letter_of(request, SENDER).to_text()
    assert request.to_dict(NOW)["may_ask_again_from"] == "2027-03-06"
    assert then(asked("opt_out"), Step.WITHDRAW).to_dict(NOW)["may_ask_again_from"] is None
    assert asked("access").to_dict(NOW)["may_ask_again_from"] is None


def test_the_answer_to_an_erasure_says_what_stays():
    """A mark, the steps of the request, unreadable decisions and totals: not the mark alone."""
    letter = letter_of(then(asked("erasure", lang="nl"), Step.ANSWER, identity="known"), SENDER).to_text()
    for kept in ("een merkteken zonder uw naam", "stappen van dit verzoek", "wat niemand meer kan lezen", "totalen"):
        assert kept in letter
