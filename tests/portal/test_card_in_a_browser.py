"""The card in a real browser, in the example shop beside a live service: with script and without, and with a signal."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from patience import WITHIN, soon

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SIGNAL = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true})"
KEPT = "[document.cookie, localStorage.length, sessionStorage.length]"
CARD = (
    '{"card":1,"lang":"nl","personal":false,"name":"n","label":"l","how":"h","from":"f","made":"",'
    '"offer":{"text":"tea","link":"/offer"},"why":{"text":"w","name":"w","link":"%s"}}'
)
WHOLE = CARD % "/why"
NOT_WHOLE = {
    "no card": "{}",
    "another version": WHOLE.replace('"card":1', '"card":2'),
    "no JSON": "<p>",
    "a script in place of the way to why": CARD % "javascript:alert(1)",
    "no way to why": CARD % "",
    "nobody named": WHOLE.replace('"from":"f"', '"from":""'),
    "personal in spite of the signal": WHOLE.replace("false", "true"),
}


def name_of(number):
    """A person's own id in the corner shop."""
    return f"canary{number}@mail.example"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The corner shop with money for everybody, a service for it, and the example shop that asks that service."""
    from evenhand import assembly
    from portal_cases import AT, write_corner_shop
    from shop_cases import shop_beside_service

    campaign = write_corner_shop(tmp_path_factory.mktemp("carded"), people=200)
    rich = campaign.read_text("utf-8").replace("budget: 14", "budget: 400").replace("capacity: 90", "capacity: 900")
    campaign.write_text(rich.replace("capacity: 120", "capacity: 900"), encoding="utf-8")
    assembly.run_campaign(campaign, at=AT)
    with shop_beside_service(campaign) as both:
        yield both


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser):
    """A browser as somebody has it; what it asked for, and what it complained of."""
    made = []

    def go(*, scheme="light", width=900, script=True, headers=None):
        one = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            java_script_enabled=script,
            extra_http_headers=headers or {},
        )
        one.set_default_timeout(1_000 * WITHIN)
        made.append(one)
        page = one.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda told: page.complaints.append(told.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        return page

    yield go
    for one in made:
        one.close()


def _card(page):
    return page.locator(".evenhand-card")


def _to(page, served, path, person=3, **more):
    asked = "&".join(f"{name}={value}" for name, value in more.items())
    page.goto(f"{served.shop}{path}?as={name_of(person)}&{asked}")


def test_the_script_places_the_card_that_the_server_would(served, visit):
    """The same markup both ways, but for the sealed way to why and a height that the script gives its target."""
    shown = []
    for path in ("/", "/fast"):
        page = visit()
        _to(page, served, path)
        shown.append(
            _card(page).evaluate(
                "one => { one.querySelectorAll('[style]').forEach(it => it.removeAttribute('style'));"
                " one.querySelector('.evenhand-why').href = 'WHY'; return one.outerHTML }"
            )
        )
        assert not page.complaints
    assert _same(shown[0]) == _same(shown[1].replace(f'href="{served.shop}/', 'href="/'))
    assert "Advertentie - gekozen met AI - " in shown[1]


def _same(html):
    """Attributes in one order, and no space between tags."""

    def tag(found):
        return " ".join(sorted(re.findall(r'[\w-]+="[^"]*"|^<\w+', found[0])))

    return re.sub(r"<\w+[^>]*>", tag, re.sub(r">\s+<", "><", html))


@pytest.mark.parametrize("path", ["/", "/fast"])
def test_nothing_is_kept_in_the_browser_and_nobody_else_is_asked(served, visit, path):
    """No cookie and no storage, before or after; every request goes to the shop itself (ePrivacy 5(3))."""
    page = visit()
    _to(page, served, path)
    _card(page).wait_for()
    cookie, local, session = page.evaluate(KEPT)
    assert (cookie, local, session, page.context.cookies()) == ("", 0, 0, [])
    assert page.evaluate("indexedDB.databases().then(all => all.length)") == 0
    assert all(url.startswith(served.shop + "/") for url in page.asked)
    assert not any("Bearer" in one or "evh" in one for one in page.asked)
    assert not page.complaints


def test_where_the_server_found_nothing_the_script_does_not_ask_again(served, visit):
    """One view is one decision."""
    page = visit()
    page.goto(f"{served.shop}/?as=nobody")
    page.evaluate("() => document.dispatchEvent(new Event('evenhand'))")
    assert _card(page).count() == 0
    assert not any("/card?" in url for url in page.asked)


def test_without_scripts_the_card_is_there(served, visit):
    """The server's page has it whole, and its link opens the page that says why, with its two buttons."""
    page = visit(script=False, width=320)
    _to(page, served, "/")
    assert "Van Buurtwinkel." in _card(page).inner_text()
    _card(page).get_by_role("link", name="Waarom zie ik dit?").click()
    page.wait_for_url(served.service + "/my/why/**")
    assert page.locator(".choose button").count() == 2


@pytest.mark.parametrize("path", ["/", "/fast"])
def test_the_privacy_signal_gives_the_offer_that_knows_nothing(served, visit, path):
    """C-7025: by the browser's header where the server draws; where only the script sees it, by its own question."""
    page = visit(headers={"Sec-GPC": "1"} if path == "/" else None)
    page.add_init_script(SIGNAL)
    _to(page, served, path, person=4)  # it is kept for them
    assert "niet op basis van uw gegevens" in _card(page).inner_text()
    assert _card(page).get_attribute("data-evenhand-personal") is None


def test_a_personal_card_that_came_in_spite_of_the_signal_is_taken_away(served, visit):
    """A cache or a proxy that lost the header: the script removes the card and asks for the other one."""
    page = visit()
    page.add_init_script(SIGNAL)
    _to(page, served, "/", person=5)
    page.locator(".evenhand-card:not([data-evenhand-personal])").wait_for()
    assert "niet op basis van uw gegevens" in _card(page).inner_text()
    assert sum("/card?" in url and "gpc=1" in url for url in page.asked) == 1


@pytest.mark.parametrize("path", ["/", "/fast"])
def test_who_said_otherwise_after_the_signal_gets_their_own_card(served, visit, path):
    """C-7025 where signal and choice conflict: the service knows that the choice came later, so the card passes; the
    browser goes on sending the signal, and that is no new word."""
    from evenhand import assembly

    person, home = name_of(8 if path == "/" else 9), served.folder / "evenhand-home"
    page = visit(headers={"Sec-GPC": "1"})
    page.add_init_script(SIGNAL)
    assembly.hear_signals(person, {"gpc": "1"}, [], home=home, at=datetime.now(UTC))
    _to(page, served, path, person=8 if path == "/" else 9)
    assert "niet op basis van uw gegevens" in _card(page).inner_text()
    assembly.say(person, "take-back-opt-out", "", home=home, at=datetime.now(UTC))
    for _ in range(2):
        _to(page, served, path, person=8 if path == "/" else 9)
        _card(page).wait_for()
        assert "gekozen met AI" in _card(page).inner_text()
        assert _card(page).get_attribute("data-evenhand-personal") == "passes"


def test_what_is_no_whole_card_is_not_placed(served, visit):
    """What stood in its place before stays: an advertisement without its why is none. A whole one is placed."""
    page = visit()
    page.add_init_script(SIGNAL)
    page.route("**/fast*", _with_fallback)
    passes = WHOLE.replace("false", 'true,"gpc":"passes"')
    for why, answer in [*NOT_WHOLE.items(), ("", WHOLE), ("", passes)]:
        page.route("**/card?*", _answering(answer))
        with page.expect_response("**/card?*") as told:
            _to(page, served, "/fast")
        told.value.finished()
        if why:
            page.evaluate("() => new Promise(done => setTimeout(done, 50))")
            assert page.locator("[data-evenhand]").inner_text() == "Fijne dag", why
        else:
            _card(page).wait_for()
            assert "Fijne dag" not in page.locator("[data-evenhand]").inner_text()


def _answering(body, kind="application/json"):
    return lambda route: route.fulfill(status=200, content_type=kind, body=body)


def _with_fallback(route):
    page = route.fetch()
    route.fulfill(response=page, body=page.text().replace('"></div>', '">Fijne dag</div>'))


def test_words_stay_words(served, visit):
    """Markup in an offer's words is shown as it stands, under Trusted Types; a scripted link of an offer is no link."""
    page = visit()
    hostile = WHOLE.replace("tea", "<img src=x onerror=alert(1)>").replace("/offer", "javascript:alert(1)")
    page.route("**/card?*", _answering(hostile))
    _to(page, served, "/fast")
    assert _card(page).locator(".evenhand-offer").inner_text() == "<img src=x onerror=alert(1)>"
    assert _card(page).locator("a").count() == 1
    assert not page.complaints


def test_another_servers_card_is_not_asked_for(served, visit):
    """The script asks the page's own server alone, whatever the page says."""

    def elsewhere(route):
        page = route.fetch()
        route.fulfill(response=page, body=page.text().replace('="/card?', f'="{served.service}/card?'))

    page = visit()
    page.route("**/fast*", elsewhere)
    _to(page, served, "/fast")
    page.evaluate("() => document.dispatchEvent(new Event('evenhand'))")
    assert served.service not in "".join(page.asked)
    assert _card(page).count() == 0


def test_a_script_of_another_digest_does_not_run(served, visit):
    """Subresource integrity: one changed letter, and the browser runs none of it; the server's card stays."""
    page = visit()
    page.route("**/card/2.js", _answering("document.title = 'hurt'", "text/javascript"))
    _to(page, served, "/")
    assert page.title() == "Buurtwinkel"
    assert _card(page).count() == 1
    assert soon(lambda: page.wait_for_timeout(20) or any("integrity" in one for one in page.complaints))


def test_a_page_that_changes_can_ask_again(served, visit):
    """A place that appears later is filled after the event; one that was asked for is not asked again."""
    page = visit()
    _to(page, served, "/fast")
    _card(page).wait_for()
    page.evaluate(
        "() => { const one = document.querySelector('[data-evenhand]').cloneNode();"
        " document.querySelector('ul').before(one);"
        " document.dispatchEvent(new Event('evenhand')); document.dispatchEvent(new Event('evenhand')) }"
    )
    _card(page).nth(1).wait_for()
    assert sum("/card?" in url for url in page.asked) == 2


@pytest.mark.parametrize(("scheme", "width", "lang"), [("light", 900, "nl"), ("dark", 320, "en")])
def test_axe_finds_nothing_and_the_keyboard_reaches_why_first(served, visit, scheme, width, lang):
    """WCAG 2.2 AA: names, contrast, no sideways scrolling; each link of the card is at least 24 px high."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(scheme=scheme, width=width)
    _to(page, served, "/fast", lang=lang)
    _card(page).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
    heights = _card(page).evaluate("one => [...one.querySelectorAll('a')].map(it => it.getBoundingClientRect().height)")
    assert len(heights) == 2
    assert min(heights) >= 24
    page.focus("button")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "evenhand-why"
