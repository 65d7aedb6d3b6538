"""What a link to one decision opens: that decision, its proof and its file, and the way to the person's own page."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.adapters.entry.code_delivery import OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import Scope, UsedInMemory
from evenhand.adapters.web import person_pages
from evenhand.assembly import check_receipt
from evenhand.receipts import check, read_receipt
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
    seen = browser.get(f"{link}.receipt?lang=en").text
    assert f'href="{link}.receipt.html?lang=en"' in seen
    receipt = browser.get(f"{link}.receipt.html?lang=en")
    assert "script-src 'sha256-" in receipt.headers["content-security-policy"]
    assert "attachment" in receipt.headers["content-disposition"]
    assert browser.get(f"{link}.receipt.json").json() == read_receipt(receipt.text)
    (tmp_path / "proof.html").write_text(receipt.text, encoding="utf-8")
    checked = check_receipt(tmp_path / "proof.html")
    assert checked.ok
    assert checked.facts["decision"] == shop.decision_of(person)
    file = browser.get(f"{link}.json")
    assert file.json()["decision_id"] == shop.decision_of(person)
    assert "attachment" in file.headers["content-disposition"]
    assert person not in seen + receipt.text + file.text


@pytest.mark.parametrize("end", [".json", ".receipt", ".receipt.html", ".receipt.json"])
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


def test_a_proof_without_personal_data_is_there_before_and_after_an_erasure(real, tmp_path):
    """It holds, and has nothing of the person in it; after the erasure the link gives it in place of the page, and
    before it the page offers it too."""
    person = real.who("tea")
    link = real.why_link(person)
    page = Browser(real.app).get(f"{link}?lang=en")
    assert f'href="{link}.proof?lang=en"' in page.text
    before = Browser(real.app).get(f"{link}.proof?lang=en")
    assert before.status_code == 200
    assembly.erase(person, home=real.home.folder, at=real.now)
    real.start()
    gone = Browser(real.app).get(f"{link}?lang=nl")
    assert gone.status_code == 410
    assert "Dit is gewist" in gone.text
    assert f'href="{link}.proof?lang=nl"' in gone.text
    after = Browser(real.app).get(f"{link}.proof?lang=en")
    pseudonym = real.pseudonym(person)
    for number, answer in enumerate((before, after)):
        path = tmp_path / f"proof{number}.html"
        path.write_text(answer.text, encoding="utf-8")
        checked = check_receipt(path)
        assert checked.ok, checked.steps
        assert set(checked.facts) == {"entry"}
        assert checked.parts == []
        found = read_receipt(answer.text)
        assert {one["role"] for one in found["entries"]} == {"decision", "run"}
        assert not {"opened", "salt"} & {key for one in found["entries"] for key in one}
        assert all(word not in answer.text for word in (person, pseudonym, "Money off tea"))
    for end in (".receipt", ".receipt.html", ".receipt.json", ".json"):
        assert Browser(real.app).get(link + end).status_code == 404


def test_a_proof_is_given_to_the_person_alone(real):
    """Of somebody else's decision there is none: neither by a visit nor by a link that names it, erased or not."""
    mine, theirs = real.who("tea"), real.who("bread")
    other = real.decision_of(theirs)
    crossed = real.links.make(Scope.ONE_DECISION, mine, until=real.now + timedelta(hours=1), about=other)
    browser = Browser(real.app)
    browser.post(real.me_link(mine), data={"lang": "nl"})
    assert browser.get(f"/me/why/{real.decision_of(mine)}.proof").status_code == 200
    assert browser.get(f"/me/why/{other}.proof").status_code == 404
    assert Browser(real.app).get(f"/why/{crossed}.proof").status_code == 404
    assembly.erase(theirs, home=real.home.folder, at=real.now)
    assert browser.get(f"/me/why/{other}.proof").status_code == 404


@pytest.mark.parametrize("change", ["number", "body", "run", "words", "more"])
def test_a_proof_that_was_changed_does_not_hold(real, change):
    """Another entry, another run's start, other words, or a campaign that nothing ties to it."""
    found = read_receipt(Browser(real.app).get(f"{real.why_link(real.who('tea'))}.proof").text)
    decision, run = found["entries"]
    if change == "number":
        decision["number"] += 1
    elif change == "body":
        decision["body"] = decision["body"].replace('"d":"', '"d":"0', 1)
    elif change == "run":
        found["entries"][1] = {**decision, "role": "run"}
    elif change == "words":
        found["words"]["en"][0] = "You are poor."
    else:
        found["entries"].append({**run, "role": "campaign"})
    assert not check(found).ok
