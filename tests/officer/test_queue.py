"""The officer's queue: what is shown, what is masked, what can be done, and that every look is noted."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest

from evenhand import assembly
from evenhand.officer import Urgency, masked, waiting_of
from evenhand.rights import State, Step
from evenhand.staff import StaffRole
from portal_cases import Browser
from shop_folder import with_recipients

NOTE = "canary-note I moved to canary-street"
MAIL_HOUSE = {"id": "mail-house", "name": "Mail house", "role": "processor", "country": "NL", "contract": "DPA-1"}


def _page(number):
    return f"/officer/requests/{number}"


def test_requests_stand_by_the_days_that_are_left_in_words(desk):
    """Late, today, soon and later, each in words beside its colour, in both languages; closed ones when asked."""
    first, _ = desk.ask("access")
    desk.now += timedelta(days=20)
    second, _ = desk.ask("erasure", who=desk.shop.who("bread"))
    assembly.withdraw_request(desk.ask("portability")[0], home=desk.home, at=desk.now)
    desk.now += timedelta(days=13)
    page = desk.officer.get("/officer/?lang=en").text
    assert page.index(first) < page.index(second)
    assert '<span class="days late">2 days late</span>' in page
    assert "Late: 1." in page
    assert "withdrawn" not in page
    assert '<span class="days late">2 dagen te laat</span>' in desk.officer.get("/officer/?lang=nl").text
    assert "withdrawn" in desk.officer.get("/officer/?state=all&lang=en").text
    assert desk.looks() == []


def test_days_are_said_as_people_say_them(desk):
    """One day, today, one day late."""
    number, _ = desk.ask("access")
    due = desk.found(number).request.due
    for days, words, urgency in (
        (8, "8 days left", "fine"),
        (7, "7 days left", "soon"),
        (1, "1 day left", "soon"),
        (0, "due today", "soon"),
        (-1, "1 day late", "late"),
    ):
        desk.now = desk.now.replace(year=due.year, month=due.month, day=due.day) - timedelta(days=days)
        assert f'<span class="days {urgency}">{words}</span>' in desk.officer.get("/officer/?lang=en").text
        assert waiting_of(desk.found(number).request, desk.now).urgency is Urgency(urgency)


def test_what_is_personal_is_masked_until_it_is_revealed_and_both_looks_are_noted(desk):
    """On the page, in its own trail and in the list of looks; the trail still verifies."""
    number, who = desk.ask("access", note=NOTE)
    officer = desk.officer
    page = officer.get(f"{_page(number)}?lang=en").text
    assert "canary" not in page
    assert "not shown" in page
    revealed = officer.post(_page(number), do="reveal", lang="en")
    assert NOTE in revealed.text
    assert who not in revealed.text
    assert revealed.headers["cache-control"] == "no-store"
    assert desk.looks() == [("request", number), ("private", number)]
    last = desk.found(number).request.trail[-1]
    assert (last.step, last.by[:6]) == (Step.REVEAL, "staff-")
    assert NOTE not in officer.get(f"{_page(number)}?lang=en").text
    assert assembly.verify_rights(home=desk.home).ok


def test_a_look_that_cannot_be_noted_shows_nothing(desk):
    """Fail closed: without the note no page, masked or not."""
    from evenhand.terms import StoreError

    number, _ = desk.ask("access", note=NOTE)

    def full(read):
        raise StoreError("full", "The disk is full.", rule="a look is noted first", remedy="make room")

    desk.reads.note = full
    for answer in (desk.officer.get(_page(number)), desk.officer.post(_page(number), do="reveal")):
        assert answer.status_code == 503
        assert "canary" not in answer.text
        assert number not in answer.text.replace(f"requests/{number}", "")


@pytest.mark.parametrize("role", [StaffRole.MARKETER, StaffRole.DATA_SCIENTIST])
def test_other_roles_see_nothing_of_it(desk, role):
    """Neither the list nor a request, and no step is taken."""
    number, _ = desk.ask("access", note=NOTE)
    browser = desk.browser(role)
    for path in ("/officer/", _page(number), "/officer/kept", "/officer/reads"):
        answer = browser.get(path)
        assert answer.status_code == 403
        assert number not in answer.text.replace(f"requests/{number}", "")
    for do in ("reveal", "start", "refuse", "answer"):
        assert browser.post(_page(number), do=do, reason="excessive", who="x").status_code == 403
    assert browser.post(f"{_page(number)}/files", who="x").status_code == 403
    assert len(desk.found(number).request.trail) == 1
    assert desk.looks() == []


def test_an_auditor_looks_and_changes_nothing(desk):
    """Masked, without a form, and noted as well; a form that they make up is refused."""
    number, who = desk.ask("access", note=NOTE)
    auditor = desk.browser(StaffRole.AUDITOR)
    page = auditor.get(f"{_page(number)}?lang=en").text
    assert "What you can do now" not in page
    assert 'action="/officer' not in page
    assert auditor.post(_page(number), do="reveal").status_code == 403
    assert auditor.post(f"{_page(number)}/files", who=who).status_code == 403
    assert desk.looks() == [("request", number)]
    assert "a request, masked" in auditor.get("/officer/reads?lang=en").text


def test_a_reviewer_answers_reviews_and_sees_no_other_request(desk):
    """Not in the list, not by its number, not by a form; time, identity and refusal stay with the privacy officer."""
    who = desk.shop.who("tea")
    review, _ = desk.ask("human_review", who=who, decision=desk.shop.decision_of(who))
    other, _ = desk.ask("access", note=NOTE)
    reviewer = desk.browser(StaffRole.REVIEWER)
    listed = reviewer.get("/officer/?lang=en").text
    assert review in listed
    assert other not in listed
    assert reviewer.get(_page(other)).status_code == 404
    for do in ("reveal", "start", "answer", "extend"):
        assert "canary" not in reviewer.post(_page(other), do=do, reason="complex", who=who, identity="x").text
    for path in ("/officer/kept", "/officer/reads"):
        assert reviewer.get(path).status_code == 403
    assert reviewer.post(f"{_page(other)}/files", who=who).status_code == 403
    assert len(desk.found(other).request.trail) == 1
    for do in ("identity", "extend", "refuse", "withdraw"):
        assert reviewer.post(_page(review), do=do, days="7", reason="complex").status_code == 409, do
    page = reviewer.get(f"{_page(review)}?lang=en").text
    assert 'value="answer"' in page
    assert 'value="refuse"' not in page
    assert 'id="told"' in reviewer.post(_page(review), do="reveal").text
    more = {"do": "answer", "who": who, "identity": "logged in", "outcome": "keep", "reason": "it adds up"}
    assert reviewer.post(_page(review), **more).status_code == 200
    assert desk.found(review).request.state is State.ANSWERED
    assert ("request", other) not in desk.looks()


def test_identity_is_asked_shown_and_the_code_is_there_once(desk):
    """A code on the page that made it and on no other; a wrong one is a try; the right one is recorded."""
    number, _ = desk.ask("access")
    officer = desk.officer
    asked = officer.post(_page(number), do="identity", days="7", lang="en").text
    code = asked.split("<strong>")[1].split("</strong>")[0]
    assert f"{code}" in asked.split("<pre")[1]
    page = officer.get(f"{_page(number)}?lang=en").text
    assert code not in page
    assert "Your code" not in page
    wrong = officer.post(_page(number), do="proved", code="AAAA-AAAA", lang="en")
    assert wrong.headers["location"].endswith("done=wrong-code")
    assert officer.post(_page(number), do="proved", code=code, lang="en").status_code == 303
    assert desk.found(number).request.identity == "code"
    assert ("code", number) in desk.looks()


def test_a_code_that_was_sent_outlives_more_time_and_a_start(desk):
    """Its letter says until when it is good; neither step takes it away. Who is known is not asked again."""
    number, _ = desk.ask("access")
    officer = desk.officer
    asked = officer.post(_page(number), do="identity", days="7", lang="en").text
    code = asked.split("<strong>")[1].split("</strong>")[0]
    assert officer.post(_page(number), do="extend", reason="complex").status_code == 303
    assert officer.post(_page(number), do="start").status_code == 303
    assert 'value="proved"' in officer.get(_page(number)).text
    wrong = officer.post(_page(number), do="proved", code="AAAA-AAAA", lang="en")
    assert wrong.headers["location"].endswith("done=wrong-code")
    assert officer.post(_page(number), do="proved", code=code).status_code == 303
    request = desk.found(number).request
    assert (request.identity, request.state, request.is_extended) == ("code", State.IDENTITY_SHOWN, True)
    assert 'value="proved"' not in officer.get(_page(number)).text


def test_whoever_is_known_is_noted_without_a_code(desk):
    """No doubt, no code: the officer notes how they are known; an objection needs none of it."""
    number, who = desk.ask("access")
    officer = desk.officer
    assert officer.post(_page(number), do="proved", known="came to the shop").status_code == 303
    assert "came to the shop" not in officer.get(_page(number)).text, "a note about a person is masked like their words"
    assert "came to the shop" in officer.post(_page(number), do="reveal").text
    assert officer.post(f"{_page(number)}/files", who=who).status_code == 200
    objection, _ = desk.ask("objection")
    assert 'value="proved"' not in officer.get(_page(objection)).text


@pytest.mark.parametrize(
    "more", [{"do": "refuse", "reason": "excessive"}, {"do": "withdraw"}, {"do": "identity", "days": "7"}]
)
def test_nobody_gets_files_after_a_no_or_a_new_doubt(desk, more):
    """It was known who they are; then it was refused, taken back, or asked again who they are."""
    number, who = desk.ask("portability")
    officer = desk.officer
    officer.post(_page(number), do="proved", known="came to the shop")
    assert officer.post(_page(number), **more).status_code in (200, 303)
    assert "/files" not in officer.get(_page(number)).text
    refused = officer.post(f"{_page(number)}/files", who=who, lang="en")
    assert refused.status_code == 409
    assert "another state" in refused.text
    assert ("package", number) not in desk.looks()


def test_access_is_answered_with_files_that_are_the_persons_own(desk):
    """Not before it is known who they are, never another's; each time noted; then the letter."""
    number, who = desk.ask("access")
    officer = desk.officer
    assert officer.post(f"{_page(number)}/files", who=who).status_code == 409
    officer.post(_page(number), do="identity", days="7")
    officer.post(_page(number), do="proved", known="came to the shop", code="")
    other = next(one for one in desk.shop.run.columns["person"] if one != who)
    refused = officer.post(f"{_page(number)}/files", who=other, lang="en")
    assert refused.status_code == 409
    assert "not of the person who asked" in refused.text
    assert ("package", number) not in desk.looks()
    files = officer.post(f"{_page(number)}/files", who=who)
    assert files.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(files.content)) as archive:
        assert json.loads(archive.read(f"{number}/access.json"))["subject"] == who
        assert f"{number}/access.html" in archive.namelist()
    assert ("package", number) in desk.looks()
    assert officer.post(_page(number), do="answer", who=other).status_code == 409
    answered = officer.post(_page(number), do="answer", who=who, lang="en")
    assert answered.status_code == 200
    assert "It was answered" in answered.text
    assert who not in answered.text
    assert desk.found(number).request.state is State.ANSWERED


def test_an_id_with_white_space_around_it_is_answered_as_the_table_has_it(desk):
    """Somebody's id can have white space: it is theirs exactly so, and a form that adds some names nobody else."""
    spaced, who = " spaced 1 ", desk.shop.who("tea")
    people = desk.shop.campaign.with_name("people.csv")
    people.write_text(people.read_text("utf-8").replace(f"\n{who},", f"\n{spaced},", 1), encoding="utf-8")
    assembly.run_campaign(desk.shop.campaign, home=desk.home, at=desk.now - timedelta(hours=1))
    officer, other = desk.officer, next(one for one in desk.shop.run.columns["person"] if one != who)
    for person, typed in ((spaced, spaced), (other, f"{other} ")):
        number, _ = desk.ask("access", who=person)
        officer.post(_page(number), do="proved", known="came to the shop", code="")
        files = officer.post(f"{_page(number)}/files", who=typed)
        with zipfile.ZipFile(io.BytesIO(files.content)) as archive:
            assert json.loads(archive.read(f"{number}/access.json"))["subject"] == person
        assert officer.post(_page(number), do="answer", who="spaced 1").status_code == 409
        assert officer.post(_page(number), do="answer", who=typed).status_code == 200
        assert desk.found(number).request.state is State.ANSWERED


def test_a_request_is_extended_once_with_a_reason_and_a_letter(desk):
    """The page offers it only where the law still allows it, and says until when."""
    number, _ = desk.ask("access")
    officer = desk.officer
    page = officer.get(f"{_page(number)}?lang=en").text
    assert 'value="extend"' in page
    assert officer.post(_page(number), do="extend", reason="because", lang="en").status_code == 409
    done = officer.post(_page(number), do="extend", reason="complex", lang="en")
    page = officer.get(done.headers["location"]).text
    assert "Your request is complex." in page
    assert 'value="extend"' not in page
    again = officer.post(_page(number), do="extend", reason="complex", lang="en")
    assert "that can be done once" in again.text
    assert [one.step for one in desk.found(number).request.trail] == [Step.RECEIVE, Step.EXTEND]


def test_it_is_refused_on_a_ground_that_the_law_knows_for_it(desk):
    """Others are not offered, and do not work when they are made up; an objection cannot be refused at all."""
    number, _ = desk.ask("rectification")
    officer = desk.officer
    page = officer.get(f"{_page(number)}?lang=en").text
    assert 'value="is-accurate"' in page
    assert 'value="legal-duty"' not in page
    assert "(AVG artikel 16)" in officer.get(f"{_page(number)}?lang=nl").text
    assert officer.post(_page(number), do="refuse", reason="legal-duty").status_code == 409
    assert officer.post(_page(number), do="refuse", reason="is-accurate").status_code == 303
    objection, _ = desk.ask("objection")
    assert 'value="refuse"' not in officer.get(_page(objection)).text
    assert officer.post(_page(objection), do="refuse", reason="excessive").status_code == 409
    assert desk.found(objection).request.state is State.RECEIVED


def test_an_erasure_needs_a_yes_and_is_for_good(desk):
    """Without it nothing happens; with it the page says that nothing of them can be read here."""
    number, who = desk.ask("erasure", note=NOTE)
    officer = desk.officer
    more = {"do": "answer", "who": who, "identity": "logged in", "lang": "en"}
    assert "Nothing was erased" in officer.post(_page(number), **more).text
    assert officer.post(_page(number), **more, sure="yes").status_code == 200
    page = officer.get(f"{_page(number)}?lang=en").text
    assert "Their key was destroyed" in page
    assert ("request", number) in desk.looks()
    assert assembly.verify_rights(home=desk.home).ok


def test_a_correction_counts_and_a_wrong_column_is_said(desk):
    """COLUMN=VALUE, as the command line has it."""
    number, who = desk.ask("rectification")
    officer = desk.officer
    more = {"do": "answer", "who": who, "identity": "logged in", "lang": "en"}
    assert "the right value" in officer.post(_page(number), **more, values="visits").text
    assert "No campaign here declares" in officer.post(_page(number), **more, values="nothing=3").text
    assert "does not fit its column" in officer.post(_page(number), **more, values="visits=three").text
    assert officer.post(_page(number), **more, values="visits=3\r\n\r\n").status_code == 200
    assert desk.found(number).request.trail[-1].details["corrected"] == 1


def test_a_mistyped_group_is_told_with_the_words_that_are_there_and_can_be_right(desk):
    """What was typed stays; a tick says that a word which nobody has yet is right."""
    number, who = desk.ask("rectification")
    officer = desk.officer
    assert 'name="sure"' not in officer.get(_page(number)).text
    more = {"act": "answer", "do": "answer", "who": who, "identity": "logged in", "values": "sex=femal"}
    for lang, words in (("nl", "Woorden in de tabel: f, m."), ("en", "Words in the table: f, m.")):
        refused = officer.post(_page(number), **more, lang=lang)
        assert refused.status_code == 409
        assert words in refused.text
        assert "sex=femal</textarea>" in refused.text
        assert 'name="sure"' in refused.text
    assert officer.post(_page(number), **more, sure="yes", lang="en").status_code == 200
    assert desk.found(number).request.trail[-1].details["corrected"] == 1


def test_a_review_shows_the_decision_and_changes_it_with_a_reason(desk):
    """After the reveal the decision stands there in words; the letter that tells the offer is masked later on."""
    who = desk.shop.who("tea")
    decision = desk.shop.decision_of(who)
    number, _ = desk.ask("human_review", who=who, decision=decision)
    officer = desk.officer
    assert decision not in officer.get(_page(number)).text
    revealed = officer.post(_page(number), do="reveal", lang="en").text
    assert decision in revealed
    assert 'id="told"' in revealed
    assert ("decision", decision) in desk.looks()
    more = {"do": "answer", "who": who, "identity": "logged in", "lang": "en"}
    assert officer.post(_page(number), **more, outcome="change", offer="bread").status_code == 409
    both = officer.post(_page(number), **more, outcome="keep", offer="bread", reason="canary-why")
    assert both.status_code == 409
    assert "only where the decision changes" in both.text
    done = officer.post(_page(number), **more, outcome="change", offer="bread", reason="canary-why").text
    assert "Free bread" in done
    assert "canary-why" not in done
    page = officer.get(f"{_page(number)}?lang=en").text
    assert "The letter tells something personal" in page
    assert "Free bread" not in page.split('id="letter"')[1]


def test_an_auditor_who_is_a_reviewer_too_reviews_and_sees_the_rest_masked(desk):
    """Both roles count: the steps of a review, and nothing personal of any other request."""
    who = desk.shop.who("tea")
    review, _ = desk.ask("human_review", who=who, decision=desk.shop.decision_of(who))
    other, _ = desk.ask("access", note=NOTE)
    both = desk.browser(StaffRole.AUDITOR, StaffRole.REVIEWER)
    assert other in both.get("/officer/?lang=en").text
    assert 'value="reveal"' not in both.get(f"{_page(other)}?lang=en").text
    for do in ("reveal", "start", "answer"):
        answer = both.post(_page(other), do=do, who=who, identity="x", outcome="keep", reason="r")
        assert answer.status_code == 409, do
        assert "canary" not in answer.text
    assert len(desk.found(other).request.trail) == 1
    assert both.get("/officer/reads").status_code == 200
    more = {"do": "answer", "who": who, "identity": "logged in", "outcome": "keep", "reason": "it adds up"}
    assert both.post(_page(review), **more).status_code == 200
    assert desk.found(review).request.state is State.ANSWERED


def test_a_review_offers_what_its_own_campaign_can_offer(desk):
    """Another campaign of the home has other offers, which this decision cannot become."""
    text = desk.shop.campaign.read_text("utf-8")
    name = re.search(r"^campaign: (\S+)", text, re.M)[1]
    other = desk.shop.campaign.with_name("other.yaml")
    other.write_text(text.replace(f"campaign: {name}", "campaign: other").replace("id: bread", "id: cake"), "utf-8")
    assembly.run_campaign(other, home=desk.home, at=desk.now)
    who = desk.shop.who("tea")
    number, _ = desk.ask("human_review", who=who, decision=desk.shop.decision_of(who))
    page = desk.officer.get(_page(number)).text
    assert '<option value="bread">' in page
    assert '<option value="cake">' not in page


def test_two_officers_take_one_step_between_them(desk):
    """Who comes second is told so, and nothing is recorded twice."""
    number, _ = desk.ask("access")
    one, other = desk.officer, desk.officer
    assert one.post(_page(number), do="refuse", reason="excessive").status_code == 303
    late = other.post(_page(number), do="extend", reason="complex", lang="en")
    assert late.status_code == 409
    assert "another state" in late.text
    assert len(desk.found(number).request.trail) == 2


@pytest.mark.parametrize("number", ["R-20260101-000000", "..%2f..%2fx", "x" * 200, "%00", "'; drop table trail"])
def test_a_request_that_there_is_not_is_not_there(desk, number):
    """Whatever stands in the address; nothing is noted of it."""
    assert desk.officer.get(f"/officer/requests/{number}").status_code == 404
    assert desk.looks() == []


@pytest.mark.parametrize("do", ["", "reveal2", "tell", "fail_identity", "receive", "__class__"])
def test_a_step_that_is_none_changes_nothing(desk, do):
    """Only what the page offers is a step."""
    number, _ = desk.ask("access")
    assert desk.officer.post(_page(number), do=do).status_code == 409
    assert len(desk.found(number).request.trail) == 1


@pytest.mark.parametrize("days", ["0", "61", "-1", "1e9", "\u0661", "", "9" * 5000])
def test_days_that_are_none_are_refused(desk, days):
    """One to sixty."""
    number, _ = desk.ask("access")
    assert desk.officer.post(_page(number), do="identity", days=days).status_code == 409
    assert len(desk.found(number).request.trail) == 1


def test_text_from_people_is_text(desk):
    """Markup in a note or in how somebody is known is shown, never run."""
    number, _ = desk.ask("access", note="<script>alert(1)</script>")
    officer = desk.officer
    officer.post(_page(number), do="identity", days="7")
    officer.post(_page(number), do="proved", known="<img src=x onerror=alert(1)>", code="")
    page = officer.post(_page(number), do="reveal").text
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page


def test_what_is_past_its_time_is_listed_and_nothing_is_destroyed(desk):
    """Runs by their campaign's own retention; the command that does it is named."""
    assert "Nothing is past its time." in desk.officer.get("/officer/kept?lang=en").text
    desk.now = datetime.now(UTC) + timedelta(days=800)
    page = desk.officer.get("/officer/kept?lang=en").text
    assert desk.shop.run.run_id in page
    assert "evenhand retention run --dry-run" in page
    assert re.search(r"people\.csv: (24|6) months", page)
    assert re.search(r"people\.csv: (24|6) maanden", desk.officer.get("/officer/kept?lang=nl").text)
    assert assembly.retention(home=desk.home, at=desk.now, dry_run=True).runs


def test_models_that_are_to_be_fitted_again_stand_beside_the_requests(desk):
    """After an erasure: campaign, run, day and days left, and what to do; not to a reviewer; late after its day."""
    title = "Models to fit again"
    assert title not in desk.officer.get("/officer/?lang=en").text
    taught = desk.shop.who("tea")
    assembly.erase(taught, home=desk.home, at=datetime.now(UTC))
    (due,) = assembly.due_models(home=desk.home)
    desk.now = datetime.now(UTC)
    page = desk.officer.get("/officer/?lang=en").text
    for told in (title, due.campaign, due.run, "evenhand model refit", "days left"):
        assert told in page
    assert "Modellen die opnieuw moeten leren" in desk.browser(StaffRole.AUDITOR).get("/officer/?lang=nl").text
    assert due.run not in desk.browser(StaffRole.REVIEWER).get("/officer/?lang=en").text
    desk.now = due.until + timedelta(days=2)
    assert '<span class="days late">2 days late</span>' in desk.officer.get("/officer/?lang=en").text
    assembly.refit_models(home=desk.home, at=datetime.now(UTC))
    assert title not in desk.officer.get("/officer/?lang=en").text


def test_a_mask_tells_nothing_of_what_it_hides():
    """Not even how long it is."""
    assert masked({"note": "a"}) == masked({"note": "a" * 500})


def test_every_page_is_small_and_names_nobody(desk):
    """At most 50 KB, in both languages, without a person's own id."""
    who = desk.shop.who("tea")
    number, _ = desk.ask("human_review", who=who, decision=desk.shop.decision_of(who), note=NOTE)
    for lang in ("nl", "en"):
        for path in ("/officer/", _page(number), "/officer/kept", "/officer/reads"):
            page = desk.officer.get(f"{path}?lang={lang}")
            assert page.status_code == 200
            assert len(page.content) < 50_000
            assert "canary" not in page.text
            assert f'<html lang="{lang}">' in page.text


def test_what_a_person_asks_on_their_page_is_answered_here_and_they_see_it_there(desk):
    """Asked with their words on their own page, in the queue at once, refused with a ground, told on their page."""
    who = desk.shop.who("bread")
    desk.shop.now = desk.now
    person = Browser(desk.shop.app)
    page = person.post(desk.shop.me_link(who), data={"lang": "en"}).text
    csrf = re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)
    person.post("/me/ask", data={"do": "ask", "name": "rectification", "words": NOTE, "csrf": csrf, "lang": "en"})
    officer = desk.officer
    number = re.search(r"/officer/requests/(R-[0-9a-f-]+)", officer.get("/officer/?lang=en").text).group(1)
    assert NOTE in officer.post(_page(number), do="reveal", lang="en").text
    assert officer.post(_page(number), do="refuse", reason="is-accurate", lang="en").status_code == 303
    assert "refused, with a reason" in person.get("/me?lang=en").text
    assert "No request is open." in officer.get("/officer/?lang=en").text


def test_recipients_are_told_and_confirm_it(desk):
    """After an answer the list says who is still to be told; a message for each, and how they confirmed it."""
    campaign = desk.shop.campaign
    with_recipients(campaign, MAIL_HOUSE)
    assembly.run_campaign(campaign, home=desk.home, at=desk.now - timedelta(hours=1))
    number, who = desk.ask("erasure")
    officer = desk.officer
    officer.post(_page(number), do="answer", who=who, identity="logged in", sure="yes")
    assert "Mail house" in officer.get("/officer/?lang=en").text.split('id="tell"')[1]
    page = officer.get(f"{_page(number)}?lang=en").text
    assert 'value="message"' in page
    assert 'value="message"' not in desk.browser(StaffRole.AUDITOR).get(_page(number)).text
    assert officer.post(f"{_page(number)}/message", recipient="Somebody", who=who).status_code == 409
    other = next(one for one in desk.shop.run.columns["person"] if one != who)
    assert officer.post(f"{_page(number)}/message", recipient="Mail house", who=other).status_code == 409
    message = officer.post(f"{_page(number)}/message", recipient="Mail house", who=who)
    assert message.json()["subject"]["identifierValue"] == sha256(who.encode()).hexdigest()
    assert who not in message.text
    assert ("message", number) in desk.looks()
    assert "messages made: 1" in officer.get(f"{_page(number)}?lang=en").text
    told = {"do": "told", "recipient": "Mail house", "lang": "en"}
    assert "reference of their answer" in officer.post(_page(number), **told, reference=" ").text
    assert desk.browser(StaffRole.AUDITOR).post(_page(number), **told, reference="x").status_code == 403
    assert officer.post(_page(number), **told, reference="MH-7").headers["location"].endswith("done=told")
    assert 'id="tell"' not in officer.get("/officer/?lang=en").text
    assert "MH-7" not in officer.get(f"{_page(number)}?lang=en").text, "a reference can name the person"


def test_what_was_typed_is_there_after_a_refusal_and_a_change_of_language_and_nothing_is_recorded(desk):
    """In its own form alone; the page is the request's own, so its links lead back to it."""
    who = desk.shop.who("tea")
    number, _ = desk.ask("human_review", who=who, decision=desk.shop.decision_of(who))
    typed = {"act": "answer", "who": "nobody", "identity": "came by", "outcome": "keep", "reason": "it <adds> up"}
    for more in ({"do": "answer", "lang": "en"}, {"do": "lang-en", "lang": "nl"}, {"lang": "en"}):
        page = desk.officer.post(_page(number), **typed, **more).text
        assert '<html lang="en">' in page
        assert "it &lt;adds&gt; up</textarea>" in page
        assert 'name="known" value=""' in page
    files = desk.officer.post(f"{_page(number)}/files", act="files", who="x", do="lang-en")
    assert f'href="{_page(number)}?lang=nl"' in files.text
    assert len(desk.found(number).request.trail) == 1
