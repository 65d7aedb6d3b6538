"""The pages in a real browser, served: accessible, small and large, dark and on paper, by keyboard, without scripts."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from evenhand.adapters.entry.code_delivery import OwnIds
from evenhand.adapters.entry.entry_codes import EntryCodes
from evenhand.adapters.entry.person_links import Scope, UsedInMemory
from evenhand.adapters.web import person_pages
from patience import WITHIN, soon

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
OPEN = "document.querySelectorAll('details').forEach(one => { one.open = true })"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A shop of this file's own, on this machine alone."""
    import uvicorn

    from portal_cases import open_shop

    shop = open_shop(tmp_path_factory.mktemp("served"))
    shop.codes = []
    once = UsedInMemory()
    codes = EntryCodes(shop.home.key(make=False), shop.links, once, OwnIds(), shop.codes.append)
    shop.app = person_pages(shop.house, shop.links, once, codes=codes, clock=lambda: shop.now)
    server = uvicorn.Server(uvicorn.Config(shop.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert soon(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    shop.address = f"http://127.0.0.1:{port}"
    yield shop
    server.should_exit = True
    thread.join(WITHIN)


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def context(browser):
    """A browser as somebody has it."""
    made = []

    def go(*, lang="nl", scheme="light", width=900, script=True):
        one = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script, locale=lang
        )
        one.set_default_timeout(1_000 * WITHIN)
        made.append(one)
        return one

    yield go
    for one in made:
        one.close()


def _enter(page, shop, person):
    page.goto(shop.address + shop.me_link(person))
    page.click("main button")
    page.wait_for_url("**/me?*")


@pytest.mark.parametrize(("lang", "scheme", "width"), [("nl", "light", 900), ("en", "dark", 320)])
def test_axe_finds_nothing_on_any_page_and_nothing_scrolls_sideways(served, context, lang, scheme, width):
    """Every page, all of it open, in both languages and themes, wide and at 320 px; nobody else is asked anything.
    At 320 px no page scrolls, in either language."""
    from axe_playwright_python.sync_playwright import Axe

    person = served.who("tea")
    page = context(lang=lang, scheme=scheme, width=width).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    decision = served.decision_of(person)
    page.goto(served.address + served.me_link(person) + f"?lang={lang}")
    code = "/me/enter/" + served.links.make(Scope.CODE, "x", until=served.now + timedelta(days=1), about="x.x")
    why = f"/me/why/{decision}"
    files = [f"{why}.receipt", f"{why}.proof"]
    paths = [None, "/me", why, *files, served.why_link(person), "/how", "/nowhere", "/me/enter", code]
    for path in paths:
        if path is not None:
            page.goto(f"{served.address}{path}?lang={lang}")
        page.evaluate(OPEN)
        for wide in (320, width):
            page.set_viewport_size({"width": wide, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
        found = Axe().run(page).response["violations"]
        assert not found, [(path, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
        small = page.evaluate(
            "[...document.querySelectorAll('button,summary,nav a,a.go')].filter(one => one.offsetHeight"
            " && (one.getBoundingClientRect().height < 24 || one.getBoundingClientRect().width < 24)).length"
        )
        assert small == 0, path
        if path is None:
            page.click("main button")
            page.wait_for_url("**/me?*")
    assert all(url.startswith(served.address) for url in asked)


def test_the_two_buttons_have_the_same_size_and_colours(served, context):
    """Neither is larger, brighter or first to be seen."""
    page = context().new_page()
    page.goto(served.address + served.why_link(served.who("tea")))
    looks = page.evaluate(
        "[...document.querySelectorAll('.choose button')].map(one => { const box = one.getBoundingClientRect(),"
        " look = getComputedStyle(one); return [Math.round(box.width), Math.round(box.height), look.color,"
        " look.backgroundColor, look.borderColor, look.fontSize, look.fontWeight].join() })"
    )
    assert len(looks) == 2
    assert len(set(looks)) == 1


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_both_buttons_are_in_the_first_screen_of_a_small_phone(served, context, lang):
    """At 320 by 700, wholly and together, of one size, before anything is scrolled."""
    page = context().new_page()
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(f"{served.address}{served.why_link(served.who('tea'))}?lang={lang}")
    boxes = [one.bounding_box() for one in page.locator(".choose button").all()]
    assert len(boxes) == 2
    assert len({(round(box["width"]), round(box["height"])) for box in boxes}) == 1
    assert all(box["y"] >= 0 and box["y"] + box["height"] <= 700 for box in boxes)


def test_every_switch_looks_the_same_on_and_off(served, context):
    """On the own page: colours, edges, height and letters of each button are those of its opposite."""
    page = context().new_page()
    _enter(page, served, served.who("bread"))
    looks = (
        "[...document.querySelectorAll('button[name=do]')].filter(one => /^(personal|object|factor|give|withdraw)/"
        ".test(one.value)).map(one => { const look = getComputedStyle(one); return [one.offsetHeight, look.color,"
        " look.backgroundColor, look.borderColor, look.borderWidth, look.fontSize, look.fontWeight].join() })"
    )
    seen = set(page.evaluate(looks))
    for value in ("factor-off", "object", "personal-off"):
        page.locator(f"button[value^='{value}']").first.click()
        page.wait_for_url(f"**done={value}*")
        served.now += timedelta(seconds=1)
        seen |= set(page.evaluate(looks))
    assert len(seen) == 1
    for value in ("factor-on", "object-back", "personal-on"):
        page.locator(f"button[value^='{value}']").first.click()
        page.wait_for_url(f"**done={value}*")
        served.now += timedelta(seconds=1)


def test_everything_can_be_done_with_the_keyboard_and_without_scripts(served, context):
    """Tab and Enter lead from the link to the choice, and the page says that it was done; scripts are off."""
    people = zip(served.run.columns["person"], served.run.columns["offer"], strict=True)
    person = [who for who, got in people if got == "bread"][-1]  # what is switched off here stays so for other tests
    page = context(script=False).new_page()
    page.goto(served.address + served.why_link(person))
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text() == "Personalisatie uit":
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**done=personal-off*")
    assert "Vanaf nu kiezen wij zonder uw gegevens." in page.locator("[role=status]").inner_text()
    assert "Personalisatie staat al uit." in page.locator(".choose").inner_text()


def test_in_by_a_code_without_scripts_and_by_keyboard(served, context):
    """Ask, read the code, type it; a wrong one is told, and can be mended at once."""
    page = context(script=False, width=320, lang="en").new_page()
    page.goto(f"{served.address}/me/enter?lang=en")
    page.focus("#known")
    page.keyboard.type(served.who("bread"))
    page.keyboard.press("Enter")
    page.wait_for_selector("#code")
    page.focus("#code")
    page.keyboard.type("aaaaaaaa")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    assert "This code opens nothing." in page.locator("[role=alert]").inner_text()
    page.focus("#code")
    page.keyboard.type(served.codes[-1].code)
    page.keyboard.press("Enter")
    page.wait_for_url("**/me?*")
    assert "What was decided about you" in page.locator("main").inner_text()


def test_a_whole_visit_without_scripts(served, context):
    """In, one fact off, its effect in words after the next decision, out; back by the used link is refused."""
    person = served.who("tea")
    page = context(script=False, width=320).new_page()
    link = served.me_link(person)
    page.goto(served.address + link)
    page.click("main button")
    page.wait_for_url("**/me?*")
    page.click("button[aria-label='Niet laten meetellen: hoe vaak u in de winkel was']")
    page.wait_for_url("**done=factor-off*")
    served.now += timedelta(minutes=2)
    served.decide(person, served.now)
    served.now += timedelta(minutes=2)
    page.goto(f"{served.address}/me?lang=nl")
    assert "Daarbij is dit 0 keer gebruikt." in page.locator("main").inner_text()
    with page.expect_navigation():
        page.click("footer button")
    assert "Uw pagina is gesloten" in page.locator("h1").inner_text()
    page.goto(served.address + link)
    with page.expect_navigation():
        page.click("main button")
    assert "Deze link werkt niet" in page.locator("h1").inner_text()


def test_a_typed_request_survives_a_change_of_language(served, context):
    """Without scripts too: while a box has something in it the language is a button that sends it along."""
    page = context(script=False).new_page()
    _enter(page, served, served.who("bread"))
    assert page.locator("nav .kept:visible").count() == 0
    page.locator("summary", has_text="Verbeter wat niet klopt").click()
    page.fill("#words-rectification", "Ik kwam vaker.")
    assert page.locator("nav a:visible").count() == 0
    page.locator("nav .kept:visible", has_text="English").click()
    page.wait_for_selector("html[lang=en]")
    assert page.input_value("#words-rectification") == "Ik kwam vaker."
    assert page.locator("#words-rectification").is_visible()
    page.fill("#words-rectification", "")
    page.locator("nav a:visible", has_text="Nederlands").click()
    page.wait_for_selector("html[lang=nl]")


def test_on_paper_everything_is_there_and_twice_as_large_it_still_fits(served, context):
    """What is folded on the screen is printed, buttons are not; at 200 % zoom nothing scrolls sideways."""
    page = context(width=1280).new_page()
    page.goto(served.address + served.why_link(served.who("tea")))
    inside = page.locator("table").first
    assert not inside.is_visible()
    page.emulate_media(media="print")
    assert inside.is_visible()
    assert not page.locator("button").first.is_visible()
    page.emulate_media(media="screen")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280


VERDICT = "main.in-nl .verdict:not([data-verdict=waiting])"


def _receipt(page, served):
    """Open the receipt of a decision; what the page asks for meanwhile."""
    person, asked = served.who("tea"), []
    _enter(page, served, person)
    page.wait_for_url("**/me?*")
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{served.address}/me/why/{served.decision_of(person)}.receipt?lang=nl")
    page.wait_for_selector(VERDICT)
    return asked


def test_the_proof_checks_itself_where_it_is_served(served, context):
    """Its own script runs under its own policy, fetches the proof and nothing else, and finds that everything holds."""
    page = context().new_page()
    asked = _receipt(page, served)
    assert page.locator(VERDICT).get_attribute("data-verdict") == "holds"
    assert "haalde het bewijs hier op" in page.locator(VERDICT).inner_text()
    states = page.locator("main.in-nl [data-step]").evaluate_all("all => all.map(one => one.dataset.state)")
    assert states == ["holds"] * 6
    assert [url.partition("?")[0].rpartition(".")[2] for url in asked] == ["receipt", "json"]
    assert page.locator("main.in-nl section.parts tbody tr").count() > 2


def test_the_proof_that_is_kept_checks_itself_without_a_network(served, context, tmp_path):
    """The file behind the link on the page is whole, and as large as the page says."""
    page = context().new_page()
    _receipt(page, served)
    link = page.locator("main.in-nl a[href*='.receipt.html']")
    with page.expect_download() as kept:
        link.click()
    assert kept.value.suggested_filename.endswith(".html")
    path = tmp_path / "kept.html"
    kept.value.save_as(path)
    assert f"({max(1, round(path.stat().st_size / 1000))} kB)" in link.inner_text()
    page.context.set_offline(True)
    page.goto(path.as_uri())
    page.wait_for_selector(VERDICT)
    assert page.locator(VERDICT).get_attribute("data-verdict") == "holds"


def test_a_proof_that_cannot_be_fetched_is_not_said_to_hold(served, context):
    """The page says that nothing was checked, and what to do; no step claims anything."""
    page = context().new_page()
    page.route("**/*.receipt.json", lambda route: route.abort())
    _receipt(page, served)
    assert page.locator(VERDICT).get_attribute("data-verdict") == "lost"
    assert "kon het bewijs niet ophalen" in page.locator(VERDICT).inner_text()
    assert set(page.locator("[data-step]").evaluate_all("all => all.map(one => one.dataset.state)")) == {"waiting"}
