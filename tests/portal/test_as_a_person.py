"""As a person would: asks why, switches off, sees the next decision change, objects, asks; and what is refused."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from html import unescape

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from evenhand import assembly
from evenhand.adapters.entry.person_links import Scope, UsedInMemory
from evenhand.adapters.web import person_pages
from evenhand.assembly import check_receipt, verify_ledger
from evenhand.portal import Word
from evenhand.terms import StoreError
from portal_cases import Browser, name_of


def _browser(shop, **headers):
    return Browser(shop.app, headers)


def _enter(shop, person, **headers):
    """A visit to somebody's own pages."""
    browser = _browser(shop, **headers)
    link = shop.me_link(person)
    assert browser.get(link).status_code == 200
    page = browser.post(link, data={"lang": "nl"})
    assert page.status_code == 200
    return browser, page.text


def _csrf(page):
    return re.search(r'name="csrf" value="([0-9a-f]+)"', page).group(1)


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def test_why_then_not_because_of_this_then_another_decision(shop):
    """One tap on the ad's link, one click; the next decision does not use the facts, and the page shows that."""
    person = shop.who("tea")
    browser, link = _browser(shop), shop.why_link(person)
    page = browser.get(link).text
    assert "Waarom zie ik dit?" in page
    names = re.search(r'<form method="post" action="/why/[^"]+">.*?</form>', page, re.DOTALL).group()
    named = re.findall(r'name="name" value="([^"]+)"', names)
    assert 1 <= len(named) <= 2
    after = browser.post(link, data={"do": "factor-off", "name": named, "lang": "nl"})
    assert "Gedaan. Dit telt vanaf nu niet meer voor u." in after.text
    assert "Daarna is nog niet over u beslist." in after.text
    shop.now += timedelta(hours=1)
    decided = shop.decide(person, shop.now)
    desk = shop.house.desk(person)
    found, _ = desk.record.decision(decided["decision"])
    assert len(found.switched_off) == len(named)
    shop.now += timedelta(minutes=1)
    _, own = _enter(shop, person)
    assert "beslist. Daarbij is dit 0 keer gebruikt." in _words(own) or "Daarbij is dit 0 keer gebruikt" in _words(own)
    assert verify_ledger(home=shop.home.folder).ok


def test_personalisation_off_and_on_again(shop):
    """One click each; the next decision is contextual, and personal again after; every choice stands in the history."""
    person = shop.who("bread")
    browser, page = _enter(shop, person)
    page = browser.post("/me", data={"do": "personal-off", "csrf": _csrf(page), "lang": "en"}).text
    assert "From now on we choose without your data." in page
    shop.now += timedelta(minutes=5)
    assert shop.decide(person, shop.now)["standing"] == "contextual"
    shop.now += timedelta(minutes=1)
    page = browser.get("/me?lang=en").text
    assert "decisions about you: 1. Of these, 0 used it." in _words(page)
    page = browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page), "lang": "en"}).text
    shop.now += timedelta(minutes=5)
    assert shop.decide(person, shop.now)["standing"] == "personalised"
    assert "personalisation on again (by you)" in _words(page)


def test_an_objection_stops_it_and_the_page_counts(shop):
    """From the next decision on nothing personal is used, whatever else the person had allowed."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    page = browser.post("/me", data={"do": "object", "csrf": _csrf(page)}).text
    assert "Uw bezwaar staat." in page
    shop.now += timedelta(minutes=5)
    decided = shop.decide(person, shop.now)
    assert (decided["standing"], decided["permission"]) == ("contextual", "direct-marketing-objection")


def test_consent_is_withdrawn_as_easily_as_it_is_given(shop):
    """The same number of clicks, and both take effect."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    for do, permission in (("withdraw", "consent-withdrawn"), ("give", "consent-valid")):
        sent = {"do": do, "name": "PersonalisedAdvertising", "csrf": _csrf(page)}
        page = browser.post("/me", data=sent).text
        shop.now += timedelta(minutes=5)
        assert shop.decide(person, shop.now)["permission"] == permission
        shop.now += timedelta(minutes=1)


def test_a_request_gets_a_number_and_a_day(shop):
    """Asked in one form, answered by a human by a day that is shown."""
    browser, page = _enter(shop, shop.who("tea"))
    sent = {"do": "ask", "name": "erasure", "words": "alles graag", "csrf": _csrf(page)}
    page = browser.post("/me/ask", data=sent).text
    assert "R-1: ontvangen. Gevraagd op 2 maart 2026. Antwoord uiterlijk 1 april 2026." in _words(page)
    assert "alles graag" not in page


def test_the_browsers_no_is_taken_at_its_word(real):
    """Global Privacy Control opts out when the person comes in; a later yes on the page itself counts, and is told."""
    person = real.who("tea")
    browser, page = _enter(real, person, **{"Sec-GPC": "1"})
    assert "Dat doen wij: personalisatie staat uit." in page
    assert "nee gehoord: Volg mij niet (Global Privacy Control) (door uw browser)" in _words(page)
    real.now += timedelta(minutes=5)
    assert real.decide(person, real.now)["standing"] == "contextual"
    page = browser.post("/me", data={"do": "personal-on", "csrf": _csrf(page)}).text
    assert "en dat telt." in page
    real.now += timedelta(minutes=5)
    assert real.decide(person, real.now)["standing"] == "personalised"


def test_a_decision_as_a_file_and_as_a_proof(shop, tmp_path):
    """The JSON is that of `why`; the receipt checks itself, brings its own policy, and names nobody."""
    person = shop.who("tea")
    browser, _ = _enter(shop, person)
    decision = shop.decision_of(person)
    assert browser.get(f"/me/why/{decision}.json").json()["decision_id"] == decision
    receipt = browser.get(f"/me/why/{decision}.receipt.html")
    assert "script-src 'sha256-" in receipt.headers["content-security-policy"]
    path = tmp_path / "receipt.html"
    path.write_text(receipt.text, encoding="utf-8")
    assert check_receipt(path).ok
    assert person not in receipt.text


def test_an_old_receipt_still_holds_after_everything(shop, tmp_path):
    """Whatever was switched off since, and shows nothing of it."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    old = browser.get(f"/me/why/{shop.decision_of(person)}.receipt.html").text
    browser.post("/me", data={"do": "personal-off", "csrf": _csrf(page)})
    shop.now += timedelta(minutes=5)
    shop.decide(person, shop.now)
    path = tmp_path / "old.html"
    path.write_text(old, encoding="utf-8")
    assert check_receipt(path).ok
    assert "OptedOut" not in old


# Refused


def test_a_link_to_ones_own_pages_works_once(shop):
    """Looking at it uses nothing up; entering does, and the same link is then refused, in another browser too."""
    person, link = shop.who("tea"), None
    link = shop.me_link(person)
    assert _browser(shop).get(link).status_code == 200
    assert _browser(shop).post(link).status_code == 200
    for browser in (_browser(shop), _browser(shop)):
        refused = browser.post(link)
        assert refused.status_code == 403
        assert "Deze link werkt niet" in refused.text


def test_a_double_click_does_not_lock_anybody_out(shop):
    """A browser throws the first answer away and shows the second; only the same button counts, and for ten seconds."""
    link = shop.me_link(shop.who("tea"))
    button = {"lang": "nl", "csrf": _csrf(_browser(shop).get(link).text)}
    other = {"lang": "nl", "csrf": _csrf(_browser(shop).get(link).text)}
    for _ in range(2):
        assert "Mijn aanbiedingen en keuzes" in _browser(shop).post(link, data=button).text
    assert _browser(shop).post(link, data=other).status_code == 403
    assert _browser(shop).post(link, data={"lang": "nl"}).status_code == 403
    shop.now += timedelta(seconds=11)
    assert _browser(shop).post(link, data=button).status_code == 403


def test_a_page_says_done_after_the_act_alone(real):
    """Not on an address that somebody made or kept: neither on another page, nor for somebody else, nor later."""
    person, said = real.who("tea"), 'role="status"'
    browser, page = _enter(real, person)
    for word in ("personal-on", "personal-on.1.", f"personal-on.{'9' * 30}.x", "personal-on." + "\ud800"):
        assert said not in browser.get("/me", params={"done": word.encode("utf-8", "replace").decode()}).text
    acted = browser.post("/me", data={"do": "personal-off", "csrf": _csrf(page)})
    assert said in acted.text
    word = acted.url.params["done"]
    assert said in browser.get(f"/me?lang=en&done={word}").text
    assert said not in browser.get("/me", params={"done": word.replace("personal-off", "personal-on")}).text
    assert said not in browser.get(f"{real.why_link(person)}?done={word}").text
    other, _ = _enter(real, real.who("bread"))
    assert said not in other.get(f"/me?done={word}").text
    real.now += timedelta(minutes=6)
    assert said not in browser.get(f"/me?done={word}").text


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (StoreError("x", "down", rule="r", remedy="m"), 503, "over een paar minuten"),
        (ValueError("CANARY"), 500, "Er ging bij ons iets mis."),
    ],
)
def test_where_something_is_wrong_a_person_gets_a_page(real, error, status, says):
    """Not two words of a server: what it means, in their language, and nothing of what went wrong."""

    class Broken:
        def sender(self):
            raise error

        def desk(self, who):
            raise error

    link = real.why_link(real.who("tea"))
    app = person_pages(Broken(), real.links, UsedInMemory(), clock=lambda: real.now)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)

    async def ask():
        async with httpx.AsyncClient(transport=transport, base_url="https://shop.example") as client:
            return await client.get(f"{link}?lang=nl")

    answer = asyncio.run(ask())
    assert answer.status_code == status
    assert says in _words(answer.text)
    assert "CANARY" not in answer.text
    assert answer.headers["cache-control"] == "no-store"


def test_a_consent_that_was_refused_is_told_as_that(real):
    """Nothing was given, so nothing was withdrawn: on the page, in the history, and of a cookie window."""
    person = real.who("tea")
    assembly.say(person, "refuse", "PersonalisedAdvertising", home=real.home.folder, at=real.now)
    real.now += timedelta(minutes=1)
    _, page = _enter(real, person)
    said = _words(page)
    assert "U gaf hiervoor geen toestemming, op 2 maart 2026." in said
    assert "toestemming geweigerd: " in said
    assert "ingetrokken" not in said.partition("Mijn keuzes")[0].partition("Waarvoor")[2]
    assert 'value="give"' in page
    assert 'value="withdraw"' not in page


def test_an_expired_a_forged_and_another_kind_of_link_are_refused_alike(shop):
    """The same words, whyever."""
    person = shop.who("tea")
    late, good, door = shop.why_link(person, hours=1), shop.why_link(person, hours=48), shop.me_link(person)
    shop.now += timedelta(hours=2)
    forged = good[:-2] + ("A" if good[-2] != "A" else "B") + good[-1]
    crossed = "/why/" + door.removeprefix("/in/")
    pages = {_browser(shop).get(path).text for path in (late, forged, crossed, "/why/x")}
    assert len(pages) == 1
    assert all(_browser(shop).get(path).status_code == 403 for path in (late, forged, crossed, "/why/x"))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_site_can_neither_open_a_link_here_nor_use_it_up(shop, site):
    """Else it could let somebody choose on pages that are not theirs, or burn a link that it saw."""
    link = shop.me_link(shop.who("tea"))
    refused = _browser(shop, **{"Sec-Fetch-Site": site}).post(link, data={"lang": "nl"}, follow_redirects=False)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers
    assert _browser(shop).post(link).status_code == 200


def test_a_page_does_not_say_that_facts_count_where_nothing_allows_it(shop):
    """After a withdrawal and after an objection the switches say so; a yes makes them count again."""
    browser, page = _enter(shop, shop.who("tea"))
    assert "mag meetellen" in page
    sent = {"csrf": _csrf(page), "lang": "nl"}
    term = {"name": "PersonalisedAdvertising"}
    for no, yes in (({"do": "withdraw"} | term, {"do": "give"} | term), ({"do": "object"}, {"do": "object-back"})):
        shop.now += timedelta(minutes=1)
        page = browser.post("/me", data=no | sent).text
        assert "Staat aan, maar uw gegevens mogen nu niet meetellen" in page
        assert ">telt nu niet mee<" in page
        assert ">mag meetellen<" not in page
        shop.now += timedelta(minutes=1)
        page = browser.post("/me", data=yes | sent).text
        assert "mogen nu niet meetellen" not in page
        assert ">mag meetellen<" in page


def test_what_was_restricted_is_not_said_to_count(shop):
    """A restriction that staff wrote down stops it too."""
    person = shop.who("tea")
    shop.now += timedelta(minutes=1)
    shop.sayings.said.setdefault(person, []).append(Word("restriction", "", "Restricted", shop.now, "staff"))
    page = _enter(shop, person)[1]
    assert ">telt nu niet mee<" in page
    assert ">mag meetellen<" not in page
    assert "gebruik beperkt" in page


def test_what_has_no_sentence_of_its_own_is_told_in_words(shop):
    """A consent that was asked for, or expired, is told as that, and by no code; nor is it said who said nothing."""
    person = shop.who("tea")
    shop.now += timedelta(minutes=1)
    word = Word("consent", "PersonalisedAdvertising", "ConsentExpired", shop.now, "table")
    shop.sayings.said.setdefault(person, []).append(word)
    page = _words(_enter(shop, person)[1])
    assert "toestemming verlopen: persoonlijke reclame (staat in een lijst van de organisatie)" in page
    assert "ConsentExpired" not in page
    assert "Op deze pagina zei u hier nog niets over. Bij de laatste beslissing" in page
    assert "telt nu niet mee" in page


def test_nobody_sees_another_persons_decision(shop):
    """Neither as a page, nor as a file or receipt, nor by a link that was made about somebody else's decision."""
    mine, theirs = shop.who("tea"), shop.who("bread")
    browser, _ = _enter(shop, mine)
    other = shop.decision_of(theirs)
    for end in ("", ".json", ".receipt", ".receipt.html", ".receipt.json"):
        refused = browser.get(f"/me/why/{other}{end}")
        assert refused.status_code == 404
        assert refused.text == browser.get(f"/me/why/20200101T000000Z-000000.1{end}").text
    crossed = shop.links.make(Scope.ONE_DECISION, mine, until=shop.now + timedelta(hours=1), about=other)
    assert _browser(shop).get(f"/why/{crossed}").status_code == 403


@pytest.mark.parametrize("token", ["", "0" * 64, "other"])
def test_a_form_from_elsewhere_changes_nothing(shop, token):
    """Without the token of this visit; also with that of another visit."""
    person = shop.who("tea")
    browser, _ = _enter(shop, person)
    if token == "other":
        token = _csrf(_enter(shop, shop.who("bread"))[1])
    refused = browser.post("/me", data={"do": "personal-off", "csrf": token})
    assert refused.status_code == 403
    assert "Er is niets veranderd." in refused.text
    assert shop.sayings.said == {}


def test_a_link_to_one_decision_switches_nothing_on(shop):
    """Whoever finds it in a forwarded mail can lessen, never widen; nor ask for the person's data."""
    person = shop.who("tea")
    browser, link = _browser(shop), shop.why_link(person)
    for do in ("personal-on", "object-back", "factor-on", "give", "ask"):
        told = browser.post(link, data={"do": do, "name": "visits"})
        assert "Er is niets veranderd" in told.text
    assert shop.sayings.said == shop.sayings.asked == {}
    assert "/me" not in re.findall(r'href="([^"?]+)', browser.get(link).text)


@pytest.mark.parametrize(
    "sent",
    [
        {"do": "factor-off", "name": "sex"},
        {"do": "factor-off", "name": "../../x"},
        {"do": "factor-off"},
        {"do": "give", "name": "Marketing"},
        {"do": "ask", "name": "everything"},
        {"do": "<script>"},
        {},
    ],
)
def test_what_does_not_exist_is_not_done(shop, sent):
    """A fact that no campaign counts, a purpose that nobody had, a word that is none."""
    browser, page = _enter(shop, shop.who("tea"))
    told = browser.post("/me", data={**sent, "csrf": _csrf(page)})
    assert "Er is niets veranderd" in told.text
    assert shop.sayings.said == {}


def test_a_visit_ends(shop):
    """By itself after half an hour, and at once when the person closes it."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    shop.now += timedelta(minutes=31)
    assert browser.get("/me").status_code == 403
    browser, page = _enter(shop, person)
    assert "Uw pagina is gesloten" in browser.post("/me/leave", data={"csrf": _csrf(page)}).text
    assert browser.get("/me").status_code == 403


@pytest.mark.parametrize("body", [b"x" * 40_000, b"do=%ff%fe", "dö=1".encode(), b"&" * 5_000])
def test_an_odd_body_is_no_form(shop, body):
    """Too large, no text, too many fields: nothing is done and nothing breaks."""
    browser, _ = _enter(shop, shop.who("tea"))
    told = browser.post("/me", content=body, headers={"content-type": "application/x-www-form-urlencoded"})
    assert told.status_code == 403
    assert browser.post("/me", json={"do": "personal-off"}).status_code == 403
    assert browser.post("/me", files={"do": b"personal-off"}).status_code == 403


# Manners


def test_every_answer_is_private(shop):
    """Not kept, not framed, not sent on, without script and without a cookie that another site could use."""
    person = shop.who("tea")
    browser = _browser(shop)
    link = shop.me_link(person)
    entered = browser.post(link, follow_redirects=False)
    cookie = entered.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=strict", "Max-Age=1800"))
    assert person not in cookie
    for path in (
        shop.why_link(person),
        shop.me_link(person),
        "/me",
        f"/me/why/{shop.decision_of(person)}",
        "/how",
        "/x",
    ):
        headers = browser.get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'; form-action 'self'")
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_no_page_names_anybody(shop):
    """Neither the person's own id nor the pseudonym stand on any page, in any address or in any header."""
    person = shop.who("tea")
    browser, page = _enter(shop, person)
    answers = [
        browser.get(path) for path in ("/me", f"/me/why/{shop.decision_of(person)}", "/how", shop.why_link(person))
    ]
    texts = [page, *(answer.text + str(answer.headers) + str(answer.url) for answer in answers)]
    assert not any(person in text or shop.pseudonym(person) in text for text in texts)


def test_below_a_mount_everything_stays_below_it(shop):
    """Addresses, the cookie's path and the way back begin with where the pages are mounted."""
    app = Starlette(routes=[Mount("/privacy", app=shop.app)])
    browser = Browser(app)
    link = "/privacy" + shop.me_link(shop.who("tea"))
    page = browser.get(link).text
    entered = browser.post(link, follow_redirects=False)
    assert entered.headers["location"].startswith("/privacy/me?")
    assert "Path=/privacy" in entered.headers["set-cookie"]
    page += browser.get("/privacy/me").text
    assert {path.split("/")[1] for path in re.findall(r'(?:href|action)="(/[^"]*)"', page)} == {"privacy"}


def test_somebody_who_is_unknown_or_erased_sees_an_empty_page(shop):
    """Nothing breaks where nothing is held."""
    link = "/in/" + shop.links.make(Scope.OWN_PAGES, "nobody@mail.example", until=shop.now + timedelta(hours=1))
    page = _browser(shop).post(link).text
    assert "Er is niets over u beslist." in page


@pytest.mark.parametrize(
    ("said", "lang"), [("en-GB,en;q=0.9", "en"), ("nl-NL", "nl"), ("fr,en;q=0.3", "en"), ("", "nl")]
)
def test_the_page_speaks_the_readers_language(shop, said, lang):
    """By what the browser prefers, unless the reader chose; Dutch where neither is ours."""
    browser = _browser(shop, **{"Accept-Language": said})
    assert f'<html lang="{lang}">' in browser.get("/how").text
    assert '<html lang="en">' in browser.get("/how?lang=en").text
    assert '<html lang="nl">' in browser.get("/how?lang=nl").text
    assert name_of(0) not in browser.get("/how").text


def test_what_was_typed_for_a_request_stays_when_the_language_is_changed(real):
    """Every box that has something in it is open and as it was; nothing is asked, and nothing chosen."""
    person = real.who("tea")
    browser, page = _enter(real, person)
    words = {"words-rectification": "\nMy <b>visits</b>", "words-erasure": "all of it", "words-access": ""}
    sent = {"csrf": _csrf(page), "lang": "nl", "do": "ask", **words}
    other = browser.post("/me", data=sent | {"to": "en"})
    assert (other.status_code, other.url.path) == (200, "/me")
    assert '<html lang="en">' in other.text
    assert re.search(r'name="words-rectification"[^>]*>\n\n?My &lt;b&gt;visits&lt;/b&gt;</textarea>', other.text)
    assert other.text.count('<details class="ask" open>') == 2
    assert not assembly.list_requests(home=real.home.folder, who=person)
    assert browser.post("/me", data=sent | {"to": "en", "csrf": "x"}).status_code == 403
    browser.post("/me/ask", data=sent | {"name": "erasure"})
    (asked,) = assembly.list_requests(home=real.home.folder, who=person)
    assert asked.kind.value == "erasure"
    assert assembly.find_request(asked.number, home=real.home.folder).private[0]["note"] == "all of it"
