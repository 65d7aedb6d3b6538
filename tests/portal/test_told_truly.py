"""What the pages say of a decision is what happened: nothing counted, somebody else pays, a human looked again."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.adapters.web import ServedCampaign, dsa_object
from evenhand.explanation import text
from evenhand.portal import Place, Word, choices_of, why_page
from portal_cases import AT, Browser, Shop, open_shop, write_corner_shop

FACTS = ("visits", "days", "tea_drinker", "big_spender")
PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _enter(shop, person):
    browser = Browser(shop.app)
    return browser, browser.post(shop.me_link(person), data={"lang": "en"}).text


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


def test_where_every_fact_is_off_no_page_says_that_facts_were_used(real):
    """The decision stays personalised by its standing; what is told is that nothing about the person counted."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    browser.post("/me", data={"do": "factor-off", "name": list(FACTS), "csrf": _csrf(page)})
    real.now += timedelta(minutes=1)
    decided = real.decide(person, real.now)
    assert decided["standing"] == "personalised"
    page = _words(browser.get("/me?lang=en").text)
    assert "no fact about you counted" in page
    page = _words(browser.get(f"/me/why/{decided['decision']}?lang=en").text)
    assert "Nothing that is about you counted." in page
    assert "Your data chose" not in page
    assert ("No fact about you counted, because you switched them all off." in page) == (decided["offer"] is not None)
    assert "with AI, without data about you" in page


@pytest.fixture(scope="module")
def paid(tmp_path_factory):
    """A shop whose advertising somebody else pays for."""
    folder = tmp_path_factory.mktemp("paid")
    campaign = write_corner_shop(folder, people=120)
    campaign.write_text(campaign.read_text("utf-8").replace("purpose:", "paid_by: Thee BV\npurpose:", 1), "utf-8")
    return Shop(campaign, assembly.run_campaign(campaign, at=AT))


def test_who_pays_is_told_beside_who_sends(paid):
    """On the page, in the card, in the OpenRTB object and in the explanation (DSA 26(1)(b) and (c))."""
    person = paid.who("tea")
    page = Browser(paid.app).get(paid.why_link(person) + "?lang=nl").text
    assert "Van Buurtwinkel. Thee BV betaalt ervoor." in _words(page)
    campaign = paid.house.desk(person).record.last[1].campaign
    dsa = dsa_object(campaign, is_profiling=True)
    assert (dsa["behalf"], dsa["paid"]) == ("Buurtwinkel", "Thee BV")
    ads = ServedCampaign.of(campaign, 1).ads["personal"]
    assert b"Advertentie namens Buurtwinkel, betaald door Thee BV - gekozen met AI" in bytes(ads)
    told = assembly.why(person, home=paid.home.folder, lang="en")
    assert "Thee BV pays for this advertisement." in told.to_text()


def test_who_pays_is_not_guessed(opened):
    """Where nobody else is declared the page names the sender alone; the sender's own name as payer is nobody else."""
    desk = opened.house.desk(opened.who("tea"))
    why = desk.why(opened.decision_of(opened.who("tea")), "nl")
    assert "Van Buurtwinkel.</span>" in why_page(why, PLACE)
    same = why.campaign.model_copy(update={"paid_by": " buurtwinkel "})
    assert same.payer == ""
    assert dsa_object(same, is_profiling=False)["paid"] == "Buurtwinkel"


@pytest.mark.parametrize(
    ("outcome", "offer", "line", "said"),
    [
        ("keep", "", "a human looked at it and kept it", "It stayed as it was."),
        ("change", "bread", "a human looked at it and changed it", "Free bread with 20 euros"),
    ],
)
def test_a_human_review_stands_on_the_persons_pages(real, outcome, offer, line, said):
    """In the list and on the page of the decision, also behind a link to it; before the answer there is nothing."""
    person = real.who("tea")
    decision, home = real.decision_of(person), real.home.folder
    browser, page = _enter(real, person)
    assert "a human looked" not in page
    asked = assembly.ask(person, "human_review", home=home, at=real.now, decision=decision).request.number
    assembly.start_request(asked, home=home, by="reviewer-1", at=real.now)
    real.now += timedelta(minutes=9)
    more = {"identity": "own pages", "outcome": outcome, "offer": offer, "reason": "because of the receipt"}
    assembly.answer_request(asked, person, home=home, by="reviewer-1", at=real.now, **more)
    assert line in _words(browser.get("/me?lang=en").text)
    for path in (f"/me/why/{decision}", real.why_link(person)):
        page = _words(browser.get(path + "?lang=en").text)
        assert said in page
        assert "because of the receipt" not in page


def test_a_shop_opens_without_a_payer(tmp_path):
    """A campaign file of before stays as it is: its text and its digest do not change."""
    shop = open_shop(tmp_path / "shop")
    assert "paid_by" not in shop.house.desk(shop.who("tea")).record.last[1].campaign.model_dump_json()


def test_who_asks_a_human_to_look_sees_by_which_day_they_get_an_answer_and_no_day_once_it_came(real):
    """Also where it was asked on the page of one decision, which has no list of requests."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    decision = real.decision_of(person)
    back = f"/me/why/{decision}"
    sent = {"do": "ask", "name": "human_review", "about": decision, "back": back, "lang": "en", "csrf": _csrf(page)}
    page = _words(browser.post("/me/ask", data=sent).text)
    assert "Below you see by which day you get an answer." in page
    assert re.search(r"received\. Asked on 2 March 2026\. Answer by \d+ \w+ 2026 at the latest\.", page)
    (asked,) = assembly.list_requests(home=real.home.folder, who=person)
    how = {"identity": "known", "by": "reviewer", "at": real.now, "outcome": "keep", "reason": "fair"}
    assembly.answer_request(asked.number, person, home=real.home.folder, **how)
    page = _words(browser.get("/me?lang=en").text)
    assert "answered. Asked on 2 March 2026." in page
    assert "Answer by" not in page


def test_a_second_click_on_the_button_of_a_request_asks_nothing_twice(real):
    """The same words within ten seconds are one request; other words, another right, or later are another."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    sent = {"do": "ask", "name": "access", "words": "all", "csrf": _csrf(page)}

    def asked(**more):
        browser.post("/me/ask", data=sent | more)
        return len(assembly.list_requests(home=real.home.folder, who=person))

    assert [asked(), asked(), asked(words="more"), asked(name="portability")] == [1, 1, 2, 3]
    real.now -= timedelta(seconds=1)
    assert asked() == 3, "of two clicks at once the later one can be kept first"
    real.now += timedelta(seconds=12)
    assert asked() == 4


def _corrected(shop, person, column, value):
    number = assembly.ask(person, "rectification", home=shop.home.folder, at=shop.now).request.number
    answer = {"home": shop.home.folder, "by": "dpo", "at": shop.now, "identity": "at the desk"}
    assembly.answer_request(number, person, values={column: value}, **answer)


def test_a_value_that_the_person_had_corrected_is_not_told_as_seen(real):
    """A decision after it says that it was corrected and since when; one before it says that it counted as it was."""
    person = real.who("tea")
    browser, _ = _enter(real, person)
    before = real.decision_of(person)
    _corrected(real, person, "visits", "17")
    real.now += timedelta(minutes=1)
    after = real.decide(person, real.now)["decision"]
    page = _words(browser.get(f"/me/why/{after}?lang=en").text)
    assert "(corrected at your request on 2 March 2026)" in page
    assert page.count("(we saw this)") == 1  # of the days, which nobody corrected
    page = _words(browser.get(f"/me/why/{before}?lang=nl").text)
    assert "(wij zagen dit; verbeterd op uw verzoek op 2 maart 2026, na deze beslissing)" in page
    told = assembly.why(after, home=real.home.folder, lang="en")
    assert "(corrected at your request on 2 March 2026)" in told.to_text()
    named = {one["name"]: one for one in told.to_dict()["factors"]}
    assert named["visits"]["origin_text"] == "corrected at your request on 2 March 2026"
    assert named["visits"]["corrected"] == "2026-03-02T00:00:00+00:00"
    assert "corrected" not in named["days"]


def _choices(history):
    return choices_of(history, lambda name: name, lambda term: term)


def test_the_history_of_choices_tells_the_same_word_of_one_day_once():
    """Said again on the same day it is one line, also between words about something else; another day is another."""
    said = [
        Word("factor", name, "SwitchedOff", AT + timedelta(hours=hour))
        for hour, name in enumerate(["visits", "days", "visits", "days"])
    ]
    said += [Word("opt_out", "", "OptedOut", AT), Word("opt_out", "", "OptedOut", AT, "table")]
    said.append(Word("factor", "visits", "SwitchedOff", AT + timedelta(days=1)))
    lines = [(one.at.day, one.key, one.about, one.by) for one in _choices(said)]
    assert lines == [
        (2, "factor-off", "visits", "person"),
        (1, "factor-off", "days", "person"),
        (1, "factor-off", "visits", "person"),
        (1, "personal-off", "", "person"),
        (1, "personal-off", "", "table"),
    ]
    back = [Word("factor", "visits", word, AT) for word in ("SwitchedOff", "SwitchedOn", "SwitchedOff")]
    assert len(_choices(back)) == 3


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_each_line_of_the_history_says_what_it_is_about(lang):
    """An opt-out or an objection of one purpose names it; one of everything names nothing."""
    words = ("OptedOut", "OptOutWithdrawn", "Objected", "ObjectionWithdrawn")
    said = [Word("opt_out", about, word, AT) for word in words for about in ("", "DirectMarketing")]
    told = [text(f"portal.choice.{one.key}", lang, about=one.about) for one in _choices(said)]
    assert len(set(told)) == len(said)
    assert sum("DirectMarketing" in one for one in told) == len(words)


def test_no_group_is_told_to_get_more_than_the_group_with_most(opened):
    """The interval of what the group with least got of what the other got ends at 100 %."""
    person = opened.who("tea")
    page = _words(Browser(opened.app).get(opened.why_link(person) + "?lang=en").text)
    ends = re.findall(r"With 95% confidence that lies between \d+% and (\d+)%", page)
    gaps = opened.house.desk(person).record.last[1].priced.report["groups"][0]["after"]["gaps"]
    assert max(gap["ratio_upper"] for gap in gaps if gap["ratio"] is not None) > 1
    assert ends == ["100"]
