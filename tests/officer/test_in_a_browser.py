"""The officer's pages in a real browser, served: accessible, small and large, light and dark, in both languages."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from evenhand.adapters.sign_in.staff_sessions import SessionsInMemory, StaffSessions
from evenhand.adapters.web import StaffDoor, officer_pages, side_by_side
from evenhand.adapters.web.staff_door import COOKIE, staff_style
from evenhand.staff import Section, StaffRole
from patience import WITHIN, soon

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
def served(desk):
    """The pages on this machine alone, for a privacy officer, with a request of several kinds."""
    import uvicorn
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    who = desk.shop.who("tea")
    desk.now = datetime.now(UTC)
    numbers = [
        desk.ask("human_review", who=who, decision=desk.shop.decision_of(who), note="n" * 300)[0],
        desk.ask("rectification", note="I moved")[0],
        desk.ask("erasure", who=desk.shop.who("bread"))[0],
    ]
    listening = socket.create_server(("127.0.0.1", 0))
    site = f"http://127.0.0.1:{listening.getsockname()[1]}"
    sessions = StaffSessions(bytes(range(32)), SessionsInMemory())
    sections = (Section("/officer/", "staff.section.officer", frozenset(StaffRole)),)
    door = StaffDoor(sessions, sections, site=site, sender="Shop")
    word = sessions.open(
        mark="staff-0123456789ab", name="Petra", roles=[StaffRole.PRIVACY_OFFICER], at=datetime.now(UTC)
    )

    async def enter(request):
        """Stands for the sign-in, which has tests of its own."""
        answer = PlainTextResponse("in")
        answer.set_cookie(COOKIE, word, secure=True, httponly=True, samesite="lax")
        return answer

    pages = officer_pages(door, assembly.DeskInHome(desk.shop.home, desk.reads, lambda: datetime.now(UTC)))
    own = Starlette(routes=[Route("/staff.css", staff_style), Route("/enter", enter)])
    made = side_by_side({"/officer": pages, "/staff": own})
    server = uvicorn.Server(uvicorn.Config(made, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    assert soon(lambda: server.started)
    yield site, numbers
    server.should_exit = True
    thread.join(WITHIN)


def test_axe_finds_nothing_on_any_page_and_nothing_scrolls_sideways(served, chromium):
    """Queue, each kind of request, what is past its time and the looks; also what was revealed, and what was refused:
    what was typed stays then, and when the language is changed."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    site, numbers = served
    both = ["", *(f"requests/{number}" for number in numbers[:1]), "kept", "reads"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for lang, scheme, width in (("nl", "dark", 320), ("en", "light", 1000)):
            page = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme).new_page()
            page.set_default_timeout(1_000 * WITHIN)
            page.goto(f"{site}/staff/enter")

            def look(page=page, width=width):
                assert page.evaluate("document.documentElement.scrollWidth") <= width, page.url
                found = Axe().run(page).response["violations"]
                assert not found, [
                    (page.url, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found
                ]

            for path in both if lang == "nl" else [f"requests/{number}" for number in numbers[1:]]:
                page.goto(f"{site}/officer/{path}{'&' if '?' in path else '?'}lang={lang}")
                look()
            page.goto(f"{site}/officer/requests/{numbers[0]}?lang={lang}")
            with page.expect_navigation():
                page.click("button[value=reveal]")
            look()
            page.fill("#who", "somebody else")
            page.fill("#identity", "came to the shop")
            page.check("input[name=outcome][value=keep]")
            page.fill("#why", "it adds up")
            with page.expect_navigation():
                page.click("button[value=answer]")
            assert page.locator(".wrong").is_visible()
            look()
            assert page.input_value("#why") == "it adds up"
            with page.expect_navigation():
                page.click("header button:has-text('English') >> visible=true")
            assert page.locator("html").get_attribute("lang") == "en"
            assert page.input_value("#who") == "somebody else"
            assert page.is_checked("input[name=outcome][value=keep]")
            with page.expect_navigation():
                page.press("#who", "Enter")
            assert page.locator(".wrong").is_visible(), "Enter answers, as it did"
        browser.close()
