"""The console in a real browser, served: accessible, small and large, light and dark, by keyboard, without scripts."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest

from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions
from evenhand.adapters.web import StaffDoor, console_pages, side_by_side
from evenhand.adapters.web.staff_door import COOKIE, staff_style
from evenhand.reports import monitor_streams
from evenhand.staff import Section, StaffRole
from patience import WITHIN, soon

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PAGES = (
    "campaigns",
    "campaigns/small-shop?plan=1&budget=3&bound.sex-reach=0.7",
    "campaigns/draft",
    "campaigns/in-review",
    "new",
    "new?category=employment&like=small-shop",
    "campaigns/draft/file",
    "monitor",
    "nowhere",
)


@pytest.fixture(scope="module")
def served(console):
    """The console on this machine alone, and a door for a marketer who reviews what others wrote."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    listening = socket.create_server(("127.0.0.1", 0))
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sessions = StaffSessions(bytes(range(32)), SessionsInMemory())
    sections = (Section("/console/", "console.section", frozenset(StaffRole)),)
    door = StaffDoor(sessions, sections, site=site, sender="Shop")
    word = sessions.open(
        mark="staff-0123456789ab", name="Sanne", roles=[StaffRole.MARKETER, StaffRole.REVIEWER], at=datetime.now(UTC)
    )

    async def enter(request):
        """Stands for the sign-in, which has tests of its own."""
        answer = PlainTextResponse("in")
        answer.set_cookie(COOKIE, word, secure=True, httponly=True, samesite="lax")
        return answer

    mounts = {
        "/console": console_pages(door, console.register, monitor_streams),
        "/staff": Starlette(routes=[Route("/staff.css", staff_style), Route("/enter", enter)]),
    }
    server = uvicorn.Server(uvicorn.Config(side_by_side(mounts), log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    assert soon(lambda: server.started)
    yield site
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


def _page(browser, site, *, scheme="light", width=1000, script=True):
    """A page of somebody who is signed in."""
    context = browser.new_context(
        viewport={"width": width, "height": 800},
        color_scheme=scheme,
        java_script_enabled=script,
    )
    context.set_default_timeout(1_000 * WITHIN)
    page = context.new_page()
    page.goto(f"{site}/staff/enter")
    return page


@pytest.mark.parametrize(("lang", "scheme", "width"), [("nl", "light", 1000), ("en", "dark", 320)])
def test_axe_finds_nothing_on_any_page_and_nothing_scrolls_sideways(served, browser, lang, scheme, width):
    """Both languages and themes, wide and at 320 px; nobody else is asked anything."""
    from axe_playwright_python.sync_playwright import Axe

    site = served
    page, asked = _page(browser, site, scheme=scheme, width=width), []
    page.on("request", lambda request: asked.append(request.url))
    for path in PAGES:
        page.goto(f"{site}/console/{path}{'&' if '?' in path else '?'}lang={lang}")
        for wide in (320, width):
            page.set_viewport_size({"width": wide, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= wide, path
        found = Axe().run(page).response["violations"]
        assert not found, [(path, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
    assert all(url.startswith(site) for url in asked)
    page.context.close()


def test_a_number_that_is_not_told_wraps_on_a_small_screen(served, browser):
    """It is a sentence in place of a number; beside its heading it is wider than 320 px."""
    page = _page(browser, served, width=320)
    page.goto(f"{served}/console/campaigns/small-shop?lang=nl&plan=1")
    untold = "minder dan 10, of niet te zeggen"
    page.evaluate(f"document.querySelectorAll('.stack .num').forEach(one => {{ one.textContent = '{untold}' }})")
    assert untold in page.inner_text(".stack .num >> nth=0")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.context.close()


def test_a_slider_tells_its_number_while_it_is_moved_and_where_scripts_are_off_nothing_is_missing(served, browser):
    """By the keyboard, in the numbers of the language; without a script there is no empty place, and no error."""
    page = _page(browser, served)
    wrong = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(f"{served}/console/campaigns/small-shop?lang=nl")
    told = page.locator("output[for=try-1]")
    before = told.inner_text()
    page.focus("#try-1")
    page.keyboard.press("ArrowLeft")
    assert told.inner_text() == page.evaluate("Number(document.querySelector('#try-1').value).toLocaleString('nl')")
    assert told.inner_text() != before
    assert not wrong
    page.context.close()
    page = _page(browser, served, script=False)
    page.goto(f"{served}/console/campaigns/small-shop?lang=nl")
    assert not page.locator("output[for=try-1]").is_visible()
    page.context.close()


def test_limits_are_tried_and_a_campaign_is_paused_with_the_keyboard_alone(served, browser, console):
    """Arrows move the slider, Enter makes the plan; a reason and Enter pause it; a change of language in between
    keeps the reason and the plan. Scripts are off."""
    site = served
    page = _page(browser, site, script=False)
    page.goto(f"{site}/console/campaigns/small-shop?lang=en")
    page.focus("input[name=budget]")
    for _ in range(10):
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Enter")
    page.wait_for_url("**plan=1**")
    assert "budget=4&" in page.url
    assert "(tried: 40)" in page.locator("main").inner_text()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(":focus").get_attribute("id") == "why-pause":
            break
    assert page.locator("header a:has-text('Nederlands')").is_visible()
    assert not page.locator("header button:has-text('Nederlands')").first.is_visible()
    page.keyboard.type("by keyboard")
    assert not page.locator("header a:has-text('Nederlands')").is_visible()
    with page.expect_navigation():
        page.locator("header button:has-text('Nederlands') >> visible=true").click()
    assert page.locator("html").get_attribute("lang") == "nl"
    assert "(geprobeerd: 40)" in page.locator("main").inner_text()
    with page.expect_navigation():
        page.locator("header button:has-text('English') >> visible=true").click()
    assert page.input_value("#why-pause") == "by keyboard"
    page.focus("#why-pause")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=paused**")
    assert "It is paused. Nobody is decided about." in page.locator("[role=status]").inner_text()
    assert console.register.read("small-shop")["state"] == "paused"
    page.fill("#why-resume", "over")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=resumed**")
    page.context.close()


def test_the_language_is_changed_in_the_middle_of_a_form_and_enter_still_sends_it(served, browser):
    """What was typed is there in the other language; Enter presses the form's own button, not the language."""
    page = _page(browser, served, script=False)
    page.goto(f"{served}/console/new?category=ordinary&like=small-shop&lang=nl")
    page.fill("#id", "two-tongues")
    page.uncheck("input[name=feature] >> nth=0")
    with page.expect_navigation():
        page.click("header button:has-text('English')")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.input_value("#id") == "two-tongues"
    assert not page.is_checked("input[name=feature] >> nth=0")
    page.focus("#id")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "campaign: two-tongues" in page.input_value("#document")
    page.fill("#reason", "half a reason")
    with page.expect_navigation():
        page.click("header button:has-text('Nederlands')")
    assert page.locator("html").get_attribute("lang") == "nl"
    assert page.input_value("#reason") == "half a reason"
    page.context.close()
