"""What a link to one decision opens: that decision, its proof and its file, and the way to the person's own page."""

from __future__ import annotations

import re
from html import unescape

import pytest

from evenhand.adapters.entry.code_delivery import OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import UsedInMemory
from evenhand.adapters.web import person_pages
from evenhand.assembly import check_receipt
from portal_cases import Browser


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_whoever_has_the_link_gets_the_proof_and_the_file_of_that_decision(shop, tmp_path):
    """Both are named on the page, checked, of this one decision, and open nothing else."""
    person = shop.who("tea")
    browser, link = Browser(shop.app), shop.why_link(person)
    page = browser.get(f"{link}?lang=en").text
    assert f'href="{link}.receipt?lang=en"' in page
    assert f'href="{link}.json?lang=en"' in page
    receipt = browser.get(f"{link}.receipt?lang=en")
    assert "script-src 'sha256-" in receipt.headers["content-security-policy"]
    (tmp_path / "proof.html").write_text(receipt.text, encoding="utf-8")
    checked = check_receipt(tmp_path / "proof.html")
    assert checked.ok
    assert checked.facts["decision"] == shop.decision_of(person)
    file = browser.get(f"{link}.json")
    assert file.json()["decision_id"] == shop.decision_of(person)
    assert "attachment" in file.headers["content-disposition"]
    assert person not in receipt.text + file.text


@pytest.mark.parametrize("end", [".json", ".receipt"])
def test_a_link_that_opens_nothing_has_no_proof_either(shop, end):
    """Expired, another kind of link, or one other character: refused as its page is."""
    person = shop.who("tea")
    late, door = shop.why_link(person, hours=-1), shop.me_link(person)
    good = shop.why_link(person)
    forged = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    for path in (late, "/why/" + door.removeprefix("/in/"), forged, "/why/x"):
        assert Browser(shop.app).get(path + end).status_code == 403
    assert Browser(shop.app).post(good + end, data={"do": "personal-off"}).status_code == 403


@pytest.mark.parametrize(("lang", "says"), [("nl", "Naar uw eigen pagina"), ("en", "To your own page")])
def test_the_page_behind_a_link_says_how_to_get_to_ones_own(shop, lang, says):
    """By a code where codes are brought, else by asking whom the campaign names; in both languages, with a link."""
    link = shop.why_link(shop.who("tea"))
    page = Browser(shop.app).get(f"{link}?lang={lang}").text
    who = page.rpartition("<details>")[2]
    assert 'href="mailto:privacy@buurtwinkel.example"' in who.partition("</details>")[0]
    once = UsedInMemory()
    codes = EntryCodes(shop.home.key(make=False), shop.links, once, OwnIds(), [].append)
    app = person_pages(shop.house, shop.links, once, codes=codes, clock=lambda: shop.now)
    with_codes = Browser(app).get(f"{link}?lang={lang}").text
    found = re.search(r'<a href="/me/enter\?lang=(..)">([^<]+)', with_codes.rpartition("<details>")[2])
    assert found.group(1) == lang
    assert found.group(2).startswith(says)
