"""What people's pages weigh: each is small, however large the campaign, and however much somebody chose and asked."""

from __future__ import annotations

import dataclasses
import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.adapters.entry.code_delivery import OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import Scope, UsedInMemory
from evenhand.adapters.web import person_pages
from evenhand.portal import Place, Word, me_page, style, why_page
from portal_cases import Browser

HEAVIEST = 50_000
"""Bytes of a page as it is sent, with the style sheet that it may have beside it."""


def _weight(answer):
    assert answer.headers["content-type"].startswith("text/html"), answer.url
    return len(answer.content) + (len(style().encode()) if "/portal.css" in answer.text else 0)


def _with_codes(shop):
    codes = EntryCodes(shop.home.key(make=False), shop.links, UsedInMemory(), OwnIds(), [].append)
    return person_pages(shop.house, shop.links, UsedInMemory(), codes=codes, clock=lambda: shop.now)


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_every_page_that_a_person_can_reach_is_light(opened, lang):
    """Whatever is linked from one to another, followed from a link to a decision and from an own page; the doors, what
    is asked there, and every refusal. Only what is given as a file may be larger."""
    browser, person = Browser(_with_codes(opened)), opened.who("tea")
    seen, waiting = {}, [opened.why_link(person), opened.me_link(person), "/me/enter", "/nowhere", "/why/x", "/me"]
    waiting.append("/me/enter/" + opened.links.make(Scope.CODE, "x", until=opened.now + timedelta(days=1), about="x.x"))
    inside = False
    while waiting or not inside:
        if not waiting:  # everything from outside was seen: now in, and all of it again
            page, inside = browser.post(opened.me_link(person), data={"lang": lang}), True
            seen["own pages"] = page
            csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
            seen["a form that is none"] = browser.post("/me", data={"csrf": "x", "lang": lang})
            waiting = ["/me"]
            seen = {path: answer for path, answer in seen.items() if path != "/me"}
            continue
        path = waiting.pop()
        if path in seen:
            continue
        answer = browser.get(f"{path}?lang={lang}")
        if "attachment" in answer.headers.get("content-disposition", ""):
            continue
        seen[path] = answer
        found = re.findall(r'<a [^>]*href="(/[^"#]*)', answer.text)
        waiting += [unescape(one).partition("?")[0] for one in found]
    seen["closed"] = browser.post("/me/leave", data={"csrf": csrf, "lang": lang})
    kinds = {re.sub(r"/[A-Za-z0-9_-]{30,}|/\d{8}T[0-9A-Za-z.-]*?(?=\.[a-z]|$)", "/X", path) for path in seen}
    assert {"/why/X", "/why/X.receipt", "/why/X.proof", "/me/why/X", "/me/why/X.receipt", "/me/why/X.proof"} <= kinds
    assert {"/in/X", "/me", "/me/enter", "/me/enter/X", "/how"} <= kinds
    assert {path: _weight(answer) for path, answer in seen.items() if _weight(answer) > HEAVIEST} == {}


def test_somebody_who_chose_and_asked_all_day_has_a_light_page(shop):
    """Ten choices and ten requests at a time; nothing is lost behind them, and an odd address shows the first."""
    person, browser = shop.who("tea"), Browser(shop.app)
    for number in range(300):
        shop.now += timedelta(days=1)
        status = "SwitchedOn" if number % 2 else "SwitchedOff"
        shop.sayings.said.setdefault(person, []).append(Word("factor", "visits", status, shop.now, "person"))
    page = browser.post(shop.me_link(person), data={"lang": "en"})
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)[1]
    for _ in range(25):
        page = browser.post("/me/ask", data={"csrf": csrf, "do": "ask", "name": "access", "lang": "en"})
    assert _weight(page) <= HEAVIEST
    for older, pattern, count in (
        ("chosen", r"<li>[^<]*: switched (?:off|on again): how often", 300),
        ("asked", r"<span>R-\d+:", 25),
    ):
        past, rows = 0, []
        for _ in range(count):
            text = browser.get(f"/me?lang=en&older-{older}={past}").text
            rows += re.findall(pattern, text)
            following = [int(one) for one in re.findall(rf"older-{older}=(\d+)", text) if int(one) > past]
            if not following:
                break
            (past,) = following
        assert len(rows) == count
    last = browser.get("/me?lang=en&older-asked=999999&older-chosen=x").text
    assert re.search(r"<span>R-1:", last)
    assert "Older choices" in last
    assert "Newer requests" in last


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_pages_of_a_campaign_with_a_hundred_facts_are_light(opened, lang):
    """Thirty facts at a time, each once, the largest first, under addresses as long as a real link's; the exact points
    stand on each page whole. An own page has a switch for each."""
    desk = opened.house.desk(opened.who("tea"))
    why = desk.why(opened.decision_of(opened.who("tea")), lang)
    many = dataclasses.replace(why, told=dataclasses.replace(why.told, factors=why.told.factors * 25))
    link = "/my/why/" + "x" * 240
    files = {"receipt": f"{link}.receipt", "file": f"{link}.json", "proof": f"{link}.proof"}
    place = Place(link, "/my/portal.css", "/my/how", link, **files)
    own = dataclasses.replace(
        place, act="/my/me", ask="/my/me/ask", me="/my/me", csrf="x" * 64, back="/me/why/" + "x" * 24
    )
    for one in (place, own):
        past, meanings = 0, []
        for _ in range(100):
            page = why_page(many, one, past=past)
            assert len(page.encode()) + len(style().encode()) <= HEAVIEST
            meanings += re.findall(r"<h3>([^<]+)</h3>\n<p class=\"value\">", page)
            assert page.count('<th scope="row">') == 102
            if not (following := [int(found) for found in re.findall(r"facts=(\d+)", page) if int(found) > past]):
                break
            (past,) = following
            assert "<details open>" in why_page(many, one, past=past)
        assert meanings == [factor.meaning for factor in many.told.factors]
    me = desk.me(lang, browser_says_no=False)
    page = me_page(
        dataclasses.replace(me, factors=list(me.factors) * 25), dataclasses.replace(own, here="/my/me"), lang
    )
    assert len(page.encode()) + len(style().encode()) <= HEAVIEST


def test_the_program_that_checks_receipts_is_given_to_everybody(opened):
    """Beside the pages, as a file: the very one that the command writes."""
    answer = Browser(opened.app).get("/check_receipt.py")
    assert answer.text == assembly.receipt_checker()
    assert "attachment" in answer.headers["content-disposition"]
