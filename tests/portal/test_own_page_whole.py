"""The own page leaves nothing out of reach: older decisions, a human for each of them, names that differ."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from portal_cases import Browser


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _enter(shop, person, **headers):
    browser = Browser(shop.app, headers)
    return browser, browser.post(shop.me_link(person), data={"lang": "en"}).text


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


@pytest.fixture
def often(shop):
    """A shop, and somebody about whom it decided twelve times."""
    person = shop.who("tea")
    for _ in range(11):
        shop.now += timedelta(minutes=1)
        shop.decide(person, shop.now)
    shop.now += timedelta(minutes=1)
    return shop, person


def test_older_decisions_can_be_reached_and_each_link_has_its_own_name(often):
    """Ten, and behind a link the two before them; no two links or buttons of a page are called the same."""
    shop, person = often
    browser, page = _enter(shop, person)
    assert "Decisions 3 to 12, of 12." in page
    names = re.findall(r'aria-label="(Why\? [^"]+)"', page)
    assert len(set(names)) == len(names) == 10
    older = unescape(re.search(r'<a href="([^"]+)">Older decisions</a>', page).group(1)).partition("#")[0]
    page = browser.get(older).text
    assert "Decisions 1 to 2, of 12." in page
    assert len(re.findall(r'aria-label="Why\? ', page)) == 2
    assert "Older decisions" not in page
    newer = unescape(re.search(r'<a href="([^"]+)">Newer decisions</a>', page).group(1)).partition("#")[0]
    assert "Decisions 3 to 12" in browser.get(newer).text
    for odd in ("99999", "-1", "x", "1" * 30):
        assert browser.get(f"/me?lang=en&older={odd}").status_code == 200
        assert "Nothing was decided about you." not in browser.get(f"/me?lang=en&older={odd}").text


@pytest.mark.parametrize(("lang", "send"), [("nl", "Vraag dit"), ("en", "Ask this")])
def test_each_button_that_asks_says_what(shop, lang, send):
    """Its name begins with what stands on it and goes on with the right; a human review is one of them."""
    browser, _ = _enter(shop, shop.who("tea"))
    page = browser.get(f"/me?lang={lang}").text
    names = re.findall(rf'aria-label="({send}: [^"]+)"', page)
    assert len(set(names)) == len(names) == 5


def test_a_human_is_asked_for_from_the_own_page_too(shop):
    """About a decision that is chosen there."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    decision = shop.decision_of(person)
    assert f'<option value="{decision}">' in page
    sent = {"do": "ask", "name": "human_review", "about": decision, "csrf": _csrf(page), "lang": "en"}
    assert "Have a human look again R-1: received." in _words(browser.post("/me/ask", data=sent).text)


@pytest.mark.parametrize("words", ["", "   "])
def test_a_correction_says_what_is_wrong(shop, words):
    """Without a word about it nothing is asked, and the page says what to do; the label says that it is needed."""
    browser, page = _enter(shop, shop.who("tea"))
    assert "What is wrong? (needed)" in page
    sent = {"do": "ask", "name": "rectification", "csrf": _csrf(page), "lang": "en"}
    page = browser.post("/me/ask", data=sent | {"words-rectification": words, "words-access": "x"}).text
    assert "First write what is wrong." in page
    assert shop.sayings.asked == {}
    page = browser.post("/me/ask", data=sent | {"words-rectification": "I moved"}).text
    assert "Correct what is wrong R-1: received." in _words(page)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_page_of_a_decision_says_what_the_browsers_signal_did(real, lang):
    """Behind a link and among the own pages, whenever the signal comes; without it nothing is said."""
    person, says = real.who("tea"), {"nl": "Dat doen wij: personalisatie staat uit.", "en": "personalisation is off"}
    link = f"{real.why_link(person)}?lang={lang}"
    assert 'class="signal"' not in Browser(real.app).get(link).text
    page = Browser(real.app, {"Sec-GPC": "1"}).get(link).text
    assert says[lang] in _words(page)
    real.now += timedelta(minutes=1)
    browser, page = _enter(real, person, **{"Sec-GPC": "1"})
    browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page)})
    page = browser.get(f"/me/why/{real.decision_of(person)}?lang={lang}").text
    assert {"nl": "en dat telt.", "en": "and that counts."}[lang] in _words(page)


def test_columns_without_words_are_counted_and_not_named(shop):
    """Names of bookkeeping columns tell a person nothing, in no language; how many there are is said."""
    campaign = shop.campaign.read_text("utf-8")
    more = "  sex: {role: sensitive"
    bare = "  home_owner: {role: forbidden}\n  batch_no: {role: forbidden}\n"
    shop.campaign.write_text(campaign.replace(more, bare + more), encoding="utf-8")
    for name in ("people.csv", "past.csv"):
        path = shop.campaign.with_name(name)
        head, *rows = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([f"{head},home_owner,batch_no", *(f"{row},1,2" for row in rows)]) + "\n", "utf-8")
    shop.run = assembly.run_campaign(shop.campaign, at=shop.now)
    shop.now += timedelta(minutes=1)
    page = Browser(shop.app).get(f"{shop.why_link(shop.who('tea'))}?lang=nl").text
    assert "home owner" not in page
    assert "batch no" not in page
    assert "Nog 2 kolommen" in page


def test_codes_of_rules_stand_apart_for_who_knows_them(shop):
    """In one part of their own that says so; no sentence elsewhere has one. What allows the use is beside the facts."""
    page = Browser(shop.app).get(f"{shop.why_link('canary6@mail.example')}?lang=en").text
    rules = re.search(r'<details class="expert">.*?</details>', page, re.DOTALL).group()
    assert "(rule G-" in rules
    assert "(rule " not in page.replace(rules, "")
    page = Browser(shop.app).get(f"{shop.why_link(shop.who('tea'))}?lang=en").text
    facts = page.partition("Everything that counted")[2].partition('<ul class="facts">')[0]
    assert "consent" in facts


def test_whoever_never_gave_consent_is_not_told_to_withdraw_it(shop):
    """It is said to those who gave it alone."""
    given, withdrew = shop.who("tea"), "canary6@mail.example"
    said = "withdraw your consent at any time"
    assert said in _words(Browser(shop.app).get(f"{shop.why_link(given)}?lang=en").text)
    assert said not in _words(Browser(shop.app).get(f"{shop.why_link(withdrew)}?lang=en").text)
