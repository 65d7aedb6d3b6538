"""The console's pages: who may do what, what they tell, and that each act is the one of the API."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import evenhand
from campaigns_cases import named, start
from console_cases import AS_TYPED
from evenhand.adapters.campaigning import FindingsError
from evenhand.adapters.web._problems import problem_body, problem_of
from evenhand.console import told_in, trouble_page
from evenhand.explanation import catalogue
from evenhand.policy import CHECKS
from evenhand.staff import Frame, StaffRole

M, A, P = StaffRole.MARKETER, StaffRole.AUDITOR, StaffRole.PRIVACY_OFFICER


def _file(console, name):
    return named(name, console.register.text("small-shop").decode())


def test_the_list_tells_state_purpose_funnel_and_fairness_with_its_interval(console):
    """Of what runs; of a draft that it has not run."""
    page = console.of(M).get("/console/campaigns?lang=en").text
    row = re.search(r"<th scope=\"row\"><a href=\"/console/campaigns/small-shop.*?</tr>", page, re.S)[0]
    assert "active" in row
    assert "personalised advertising" in row
    assert "400 known" in row
    assert re.search(r"gets \d\.\d\d times the highest rate \(between \d\.\d\d and \d\.\d\d; wanted 0\.80\)", row)
    assert "has not run" in page


def test_a_campaign_page_has_the_funnel_with_a_reason_for_each_drop_and_the_price_of_each_limit(console):
    """What is told is what the run recorded; what somebody typed is text."""
    page = console.of(M).get("/console/campaigns/small-shop?lang=en").text
    assert "40: withdrew consent" in page
    assert "(G-7)" in page
    assert "no place left within budget and limits" in page
    assert "Between groups: sex-reach" in page
    assert re.search(r"€\d+\.\d\d", page)
    assert "&lt;b&gt;spring&lt;/b&gt;" in page
    assert "<b>spring" not in page
    assert "canary" not in page


def test_trying_limits_shows_them_beside_the_declared_ones_and_changes_nothing(console):
    """By the query alone, so it can be sent to a colleague; what is no number is ignored, what cannot be is told."""
    browser, before = console.of(M), console.register.read("small-shop")
    page = browser.get("/console/campaigns/small-shop?plan=1&budget=2&bound.sex-reach=0.5&lang=en")
    assert page.status_code == 200
    assert "declared €5.00, here €2.00" in page.text
    assert "(tried: 20)" in page.text
    assert "(tried:" not in browser.get("/console/campaigns/small-shop?plan=1&budget=x&bound.nothing=0.5&lang=en").text
    assert console.register.read("small-shop") == before


def test_the_category_comes_first_and_takes_away_what_it_forbids(console):
    """The form for a vacancy has no age, and says why; for politics there is no form at all."""
    browser = console.of(M)
    first = browser.get("/console/new?lang=en").text
    assert first.count('name="category"') == 6
    assert 'name="id"' not in first
    vacancy = browser.get("/console/new?category=employment&like=small-shop&lang=en").text
    assert 'value="age"' not in vacancy
    assert "F-HEC" in vacancy
    assert 'value="visits" checked' in vacancy
    assert 'value="RecruitmentTargetedAdvertising"' in vacancy
    ordinary = browser.get("/console/new?category=ordinary&like=small-shop&lang=en").text
    assert 'value="RecruitmentTargetedAdvertising"' not in ordinary
    assert "<b>targeted job advertising.</b>" in ordinary
    political = browser.get("/console/new?category=political&like=small-shop&lang=en").text
    assert "T-18" in political
    assert 'name="id"' not in political


def test_a_form_writes_the_file_that_is_kept_and_started_and_stopped(console):
    """From form to file, to draft, to a recorded run, to a pause with a reason and its end: as in the API."""
    browser = console.of(M)
    written = browser.post("/console/new", **AS_TYPED, id="by-form", like="small-shop", category="ordinary")
    assert written.status_code == 200
    document = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", written.text, re.S)[1]
    assert "campaign: by-form" in document
    fetched = browser.post("/console/file", document=document, do="download")
    assert fetched.headers["content-type"] == "application/yaml"
    kept = browser.post("/console/file", document=document, do="keep", reason="by form")
    assert kept.headers["location"] == "/console/campaigns/by-form?lang=nl&done=kept"
    assert console.register.text("by-form").decode() == fetched.text
    page = browser.get("/console/campaigns/by-form?lang=en").text
    assert "nobody was decided about yet" in page
    assert "no groups compared" not in page
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1].replace("&#34;", '"')
    assert browser.post("/console/campaigns/by-form/start", seen='"9.9"', reason="no").status_code == 412
    assert browser.post("/console/campaigns/by-form/start", seen=seen, reason="yes").status_code == 303
    assert browser.post("/console/campaigns/by-form/pause", reason=" ").status_code == 422
    assert browser.post("/console/campaigns/by-form/pause", reason="complaints").status_code == 303
    told = console.register.read("by-form")
    assert told["state"] == "paused"
    assert re.fullmatch("staff-[0-9a-f]{12}", told["history"][-1]["by"])
    again = browser.post("/console/campaigns/by-form/pause", reason="again", lang="en")
    assert again.status_code == 409
    assert "paused already" in again.text
    assert browser.post("/console/campaigns/by-form/resume", reason="settled").status_code == 303
    assert console.register.read("by-form")["state"] == "active"


def test_a_file_that_cannot_run_is_shown_with_its_blocks_and_not_kept(console):
    """Each with the rule, who can mend it, and how; what was typed stays."""
    broken = _file(console, "broken").decode().replace("value: 4", "value: much").replace("<", "")
    page = console.of(M).post("/console/file", document=broken, do="keep", lang="en")
    assert page.status_code == 422
    assert "EH-POL-005" in page.text
    assert "The marketer can mend it." in page.text
    assert "value: much" in page.text
    assert "broken" not in [one["campaign"] for one in console.register.page("", 100)]


@pytest.mark.parametrize("name", ["new", "file", "monitor", "campaigns"])
def test_a_campaign_may_be_called_as_a_page_is(console, name):
    """It has a page of its own like any other, so that it can be seen and stopped."""
    browser = console.of(M)
    kept = browser.post(
        "/console/file", document=_file(console, name).decode(), do="keep", reason="a name like any other"
    )
    assert kept.headers["location"].startswith(f"/console/campaigns/{name}?")
    page = browser.get(f"/console/campaigns/{name}?lang=en").text
    assert f"<h1>{name}</h1>" in page
    assert f'action="/console/campaigns/{name}/start"' in page


def test_a_download_has_a_plain_name_whatever_is_sent(console):
    """Signs that no header can hold are left out."""
    fetched = console.of(M).post("/console/file", document="a: 1", do="download", replaces='\u2713"\r\nx: \u00e9')
    assert fetched.headers["content-disposition"] == 'attachment; filename="-x-.yaml"'


def test_two_who_change_one_campaign_do_not_undo_each_other(console):
    """The second is told that it changed, and nothing is lost."""
    console.register.upload(_file(console, "shared"), who="staff-1", why="")
    browser = console.of(M)
    page = browser.get("/console/campaigns/shared/file?lang=en").text
    seen = re.search(r'name="seen" value="([^"]*)"', page)[1].replace("&#34;", '"')
    text = _file(console, "shared").decode()
    send = {"replaces": "shared", "seen": seen, "do": "keep"}
    assert browser.post("/console/file", document=text + "# mine", **send).status_code == 303
    late = browser.post("/console/file", document=text + "# theirs", **send)
    assert late.status_code == 412
    assert "# theirs</textarea>" in late.text.replace("\n<", "<"), "what they typed is still there"
    taken = browser.post("/console/file", document=text + "# third", reason="canary-why", do="keep", lang="en")
    assert taken.status_code == 409
    assert all(one in taken.text for one in ("# third", "canary-why", "There is a campaign"))
    assert console.register.read("shared")["version"] == 2
    assert b"# mine" in console.register.text("shared")


def test_the_monitor_page_shows_the_last_look_and_has_one_made(console):
    """Bands with words beside them; a look is a form, since an alarm may follow from it."""
    browser = console.of(M)
    assert "Nobody looked yet." in browser.get("/console/monitor?lang=en").text
    assert browser.post("/console/monitor/small-shop").status_code == 303
    page = browser.get("/console/monitor?lang=en").text
    assert "Last looked at" in page
    assert "sex f against the others" in page
    assert browser.post("/console/monitor/nothing").status_code == 404


@pytest.mark.parametrize("role", [A, StaffRole.REVIEWER, P])
def test_others_look_and_change_nothing(console, role):
    """No form, and what is sent all the same is refused; a privacy officer can pause and resume, and nothing else."""
    console.register.upload(_file(console, f"of-{role.value}"), who="staff-1", why="")
    browser, path = console.of(role), f"/console/campaigns/of-{role.value}"
    assert browser.get("/console/").status_code == 200
    page = browser.get(path + "?lang=en").text
    assert "Start this version" not in page
    assert browser.get("/console/new").status_code == 403
    for where in (
        "/console/new",
        "/console/file",
        f"{path}/start",
        "/console/monitor/x",
    ):
        assert browser.post(where, reason="x").status_code == 403, where
    assert browser.post(f"{path}/resume", reason="x").status_code == (409 if role is P else 403)
    status = browser.post("/console/campaigns/small-shop/pause", reason=" ").status_code
    assert status == (422 if role is P else 403)
    assert ("Pause now" in browser.get("/console/campaigns/small-shop?lang=en").text) == (role is P)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_page_is_small_and_in_one_language(console, lang):
    """At most 50 kB, no key of the catalogue instead of a text, and nothing asked of anybody else."""
    browser = console.of(M)
    for path in (
        "campaigns",
        "campaigns/small-shop?plan=1",
        "new",
        "file",
        "monitor",
        "campaigns/draft/file",
    ):
        page = browser.get(f"/console/{path}{'&' if '?' in path else '?'}lang={lang}")
        assert page.status_code == 200, path
        assert len(page.content) <= 50_000, path
        assert f'<html lang="{lang}">' in page.text
        assert not re.search(r"console\.[a-z]+\.[a-z-]+", page.text), path
        assert not re.search(r'(src|href)="(https?:)?//', page.text), path
    assert browser.get("/console/campaigns/nothing").status_code == 404
    assert browser.get("/console/nothing").status_code == 404


def test_what_a_privacy_officer_paused_stays_paused_until_they_let_it_go_on(console):
    """A marketer sees who stopped it and who can lift that, has no button, and what they send is refused."""
    name, path = "of-the-officer", "/console/campaigns/of-the-officer"
    console.register.upload(_file(console, name), who="staff-1", why="")
    start(console, name)
    marketer, officer = console.of(M), console.of(P)
    assert marketer.post(f"{path}/pause", reason="text").status_code == 303
    over = officer.get(f"{path}?lang=en").text
    assert "Pause as the privacy officer too" in over
    assert officer.post(f"{path}/pause", reason="complaints").status_code == 303
    page = marketer.get(f"{path}?lang=en").text
    assert "in the role privacy officer" in page
    assert "Only these roles let the campaign go on: privacy officer." in page
    assert f'action="{path}/resume"' not in page
    assert 'id="acts"' not in page, "a heading with nothing below it"
    refused = marketer.post(f"{path}/resume", reason="it sells", lang="en")
    assert refused.status_code == 403
    assert "pause-of-another" in refused.text
    told = console.register.read(name)
    assert (told["state"], told["pause"]["role"]) == ("paused", "privacy-officer")
    assert officer.post(f"{path}/resume", reason="settled").status_code == 303
    assert console.register.read(name)["state"] == "active"


R = StaffRole.REVIEWER
CLAUSE = b"review: {by: [reviewer]}\nretention:"


def _in(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page)[1].replace("&#34;", '"')


def test_a_campaign_that_asks_for_a_review_is_sent_reviewed_by_another_and_started(console):
    """Refused before, with its block and owner; a refusal has its reason; a changed file needs a new review."""
    path, first = "/console/campaigns/reviewed", _file(console, "reviewed").replace(b"retention:", CLAUSE, 1)
    marketer, reviewer = console.of(M), console.other(R)
    assert marketer.post("/console/file", document=first.decode(), do="keep", reason="new").status_code == 303
    page = marketer.get(f"{path}?lang=en").text
    assert "(campaign-not-reviewed). The marketer can mend it." in page
    refused = marketer.post(f"{path}/start", seen="*", reason="now", lang="en")
    assert refused.status_code == 409
    assert "was not reviewed as it is now" in refused.text
    sent = {"seen": _in(page, "seen"), "reviewers": "Rosa Review, Bo", "reason": "age left out"}
    assert marketer.post(f"{path}/review", **sent).status_code == 303
    assert "Asked: Rosa Review, Bo." in marketer.get(f"{path}?lang=en").text
    assert "/verdict" not in marketer.get(path).text
    digest = _in(reviewer.get(f"{path}?lang=en").text, "digest")
    assert reviewer.post(f"{path}/verdict", digest="0" * 64, do="approve", reason="x").status_code == 412
    assert reviewer.post(f"{path}/verdict", digest=digest, do="approve", reason=" ").status_code == 422
    assert reviewer.post(f"{path}/verdict", digest=digest, do="refuse", reason="misleading").status_code == 303
    page = marketer.get(f"{path}?lang=en").text
    assert "Refused by staff-" in page
    assert "misleading" in page
    better = first + b"# reworded\n"
    keep = {"document": better.decode(), "do": "keep", "replaces": "reviewed", "seen": _in(page, "seen")}
    assert marketer.post("/console/file", **keep).status_code == 303
    page = marketer.get(f"{path}?lang=en").text
    assert marketer.post(f"{path}/review", seen=_in(page, "seen")).status_code == 303
    digest = _in(reviewer.get(path).text, "digest")
    assert reviewer.post(f"{path}/verdict", digest=digest, do="approve", reason="fits").status_code == 303
    assert marketer.post(f"{path}/start", seen="*", reason="go").status_code == 303
    told = console.register.read("reviewed")
    assert (told["state"], told["review"]["state"]) == ("active", "approved")
    whats = [one["what"] for one in told["history"]]
    assert [one for one in whats if "review" in one] == ["sent-for-review", "review-approved"]


def test_nobody_reviews_what_they_wrote_whatever_their_roles(console):
    """Somebody who is marketer and reviewer has no such form for their own file, and is refused."""
    console.register.upload(_file(console, "own-work"), who="staff-1", why="")
    both = console.of(M, R)
    assert both.post("/console/campaigns/own-work/review", seen="*").status_code == 303
    page = both.get("/console/campaigns/own-work?lang=en").text
    assert "/verdict" not in page
    digest = console.register.read("own-work")["review"]["digest"]
    own = both.post("/console/campaigns/own-work/verdict", digest=digest, do="approve", reason="fine", lang="en")
    assert own.status_code == 403
    assert console.register.read("own-work")["review"]["state"] == "in-review"


def test_the_list_tells_review_transparency_and_assessments_as_they_are(console):
    """Five of five for parts that are one column each; no badge for an assessment that nobody made."""
    page = console.of(M).get("/console/campaigns?lang=en").text
    row = re.search(r"<th scope=\"row\"><a href=\"/console/campaigns/small-shop.*?</tr>", page, re.S)[0]
    assert "not needed" in row
    assert "5 of 5" in row
    assert "no impact assessment (DPIA) is kept here; no balancing test is needed on this legal basis" in row


def test_on_a_dutch_page_findings_and_refusals_are_in_dutch_with_the_exact_words_in_english_below(console):
    """What should hold, in a sentence; the words with names and numbers are marked as English."""
    browser = console.of(M)
    broken = _file(console, "kapot").decode().replace("value: 4", "value: veel")
    page = browser.post("/console/file", document=broken, do="keep", lang="nl").text
    assert "Dit klopt nog niet: Elke waarde is van haar soort." in page
    assert "De marketeer kan dit verhelpen." in page or "(EH-POL-005)" in page
    exact = re.findall(r"<details><summary>Precies, in het Engels</summary>(.*?)</details>", page, re.S)
    assert exact
    assert all('<p lang="en">' in one for one in exact)
    refused = browser.post("/console/campaigns/draft/pause", reason="x", lang="nl")
    assert refused.status_code == 409
    assert "problem." not in refused.text
    alert = re.search(r'role="alert">(.*?)</p>', refused.text, re.S)[1]
    assert 'lang="en"' not in alert
    assert "<details>" not in browser.post("/console/file", document=broken, do="keep", lang="en").text


def test_every_check_has_its_sentence_in_both_languages():
    """In English it is the title that the reference has."""
    assert {f"check.{id}": check.title for id, check in CHECKS.items()} == {
        key: said for key, said in catalogue("en").items() if key.startswith("check.")
    }


def test_whatever_a_check_can_find_has_a_dutch_sentence_and_what_to_do():
    """Of every finding that the program has a code for: of the file, of data, of personal data and of a draw."""
    folder = Path(evenhand.__file__).parent
    by_release, in_a_log = {"EH-DATA-023", "EH-DATA-024"}, {"EH-POL-140", "EH-POL-141", "EH-POL-142"}
    codes = (
        {
            code
            for path in folder.rglob("*.py")
            for code in re.findall(r'"(EH-(?:POL|DATA|PII|DRAW)-\d{3})"', path.read_text("utf-8"))
        }
        - by_release
        - in_a_log
    )
    assert len(codes) > 130
    known = catalogue("nl")
    assert not [code for code in codes if not {f"check.{code}", f"found.{code}"} & known.keys()]
    general = {"Hier is iets niet zoals het moet zijn.", "Vraag wie dit kan oplossen, met de precieze woorden erbij."}
    for code in codes:
        page = trouble_page({"code": code, "what": "W", "rule": "R", "remedy": "D"}, Frame("/", "s"), "nl", back="/b")
        said, do = re.search(r"gedaan:</b> (.*?)</p>.*?Wat u kunt doen: (.*?)</p>", page, re.S).groups()
        assert said.startswith("Dit klopt nog niet: ")
        assert do.strip()
        assert not {said, do} & general, code
    other = trouble_page(
        {"code": "EH-TABLE-X", "what": "W", "rule": "R", "remedy": "D"}, Frame("/", "s"), "nl", back=""
    )
    assert all(one in other for one in general)


def test_every_check_has_a_remedy_and_a_rule_of_its_own_in_dutch():
    """Nothing but what to do about this very check; a rule in words has Dutch words, and a mark stays one."""
    general = {catalogue("nl")[key] for key in ("found.do.file", "found.do.other", "found.do.personal")}
    for code, check in CHECKS.items():
        told = told_in({"code": code, "what": "W", "rule": check.rule, "remedy": "D"}, "nl")
        assert told["remedy"] not in general | {"D"}, code
        assert told["rule"] != check.rule or re.fullmatch(r"[A-Z][\w/-]*(, [A-Z][\w/-]*)*", check.rule), code
        assert told["exact"]["what"] == "W"


def test_a_broken_file_is_answered_with_its_remedy_in_dutch_on_the_page_and_over_http(console):
    """What the auditor met: a recruitment purpose under another category. Rule, owner and remedy stand with it."""
    broken = _file(console, "werft").decode().replace("PersonalisedAdvertising", "RecruitmentTargetedAdvertising")
    page = console.of(M).post("/console/file", document=broken, do="see", lang="nl").text
    block = re.search(r'<li class="error">(.*?)</li>', page, re.S)[1]
    assert "<b>Houdt het tegen.</b> Dit klopt nog niet: Een doel van werving heeft de categorie werk." in block
    assert "Regel: A-6 (EH-POL-016). De " in block
    assert "Wat u kunt doen: Zet category: employment. Dan gelden de strengere regels voor vacatures." in block
    with pytest.raises(FindingsError, match="not declared as employment") as refused:
        console.register.upload(broken.encode(), who="staff-1", why="")
    errors = json.loads(problem_body(problem_of(refused.value), "nl", "r"))["errors"]
    (found,) = [one for one in errors if one["code"] == "EH-POL-016"]
    assert found["remedy"] == "Zet category: employment. Dan gelden de strengere regels voor vacatures."
    assert found["exact"]["remedy"].startswith("Set category: employment")


def test_changing_the_language_keeps_what_was_typed(console):
    """In a file and in a form; nothing is kept by it, and no address holds it."""
    browser = console.of(M)
    typed = _file(console, "halfway").decode() + "# half"
    page = browser.post("/console/file", document=typed, reason="because", do="lang-en", lang="nl")
    assert '<html lang="en">' in page.text
    assert "# half" in page.text
    assert 'name="reason" value="because"' in page.text
    form = AS_TYPED | {"id": "half-way", "offer.0.nl": "Korting <b>op</b> thee", "feature": ["visits"]}
    page = browser.post("/console/new", **form | {"do": "lang-en"}, like="small-shop", category="ordinary", lang="nl")
    assert '<html lang="en">' in page.text
    assert 'name="id" value="half-way"' in page.text
    assert 'value="Korting &lt;b&gt;op&lt;/b&gt; thee"' in page.text
    assert re.search(r'name="feature" value="visits" checked', page.text)
    assert not re.search(r'name="feature" value="days" checked', page.text)
    assert re.search(r'name="budget"[^>]*value="4"', page.text)
    again = browser.post("/console/new", **form, like="small-shop", category="ordinary")
    assert "campaign: half-way" in again.text
    assert {"halfway", "half-way"}.isdisjoint(one["campaign"] for one in console.register.page("", 200))


@pytest.mark.parametrize(("lang", "says"), [("nl", "U kunt haar hier lezen."), ("en", "You can read it here.")])
def test_whoever_may_only_look_reads_the_file_on_a_page(console, lang, says):
    """With the frame, the way back and a download; nothing to type in, and nothing in it is markup."""
    name = f"to-read-{lang}"
    console.register.upload(_file(console, name) + b"# <b>bold</b>\n", who="staff-1", why="")
    page = console.of(StaffRole.REVIEWER).get(f"/console/campaigns/{name}/file?lang={lang}")
    assert page.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}">' in page.text
    assert says in page.text
    assert f"campaign: {name}\n" in page.text
    assert "&lt;b&gt;bold" in page.text
    assert "<textarea" not in page.text
    assert f'href="/console/campaigns/{name}/download"' in page.text
    assert f'href="/console/campaigns/{name}?lang={lang}"' in page.text


def test_amounts_of_a_new_campaign_are_written_as_the_language_writes_them(console):
    """With a comma in Dutch; what the Dutch form sends back is the same campaign."""
    browser, path = console.of(M), "/console/new?category=ordinary&like=small-shop&lang="
    dutch, english = (browser.get(path + lang).text for lang in ("nl", "en"))
    field = r'name="(offer\.\d\.(?:value|cost)|budget|bound\.[^"]+)" value="([^"]*)"'
    assert dict(re.findall(field, english))
    assert dict(re.findall(field, dutch)) == {name: told.replace(".", ",") for name, told in re.findall(field, english)}
    assert any("," in told for _, told in re.findall(field, dutch))
