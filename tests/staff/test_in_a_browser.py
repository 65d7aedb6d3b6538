"""The pages for staff in a real browser, through a real sign-in: accessible, small, dark, by keyboard, no scripts."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime

import pytest

from evenhand import assembly
from patience import WITHIN, soon

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


class Served:
    """The pages for staff of a home, on this machine alone, with the issuer to try them with beside."""

    def __init__(self, shop):
        from evenhand.adapters.web import side_by_side

        self.shop = shop
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.site = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.app = side_by_side(assembly.staff_mounts(shop.home, try_at=self.site))

    def start(self):
        """Serve until `stop`."""
        import uvicorn

        self._server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", lifespan="off"))
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()
        assert soon(lambda: self._server.started)

    def stop(self):
        """End it."""
        self._server.should_exit = True
        self._thread.join(WITHIN)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A shop of this file's own, with a request of each kind of standing."""
    from portal_cases import open_shop

    shop = open_shop(tmp_path_factory.mktemp("staff"))
    who, now = shop.who("tea"), datetime.now(UTC)
    made = Served(shop)
    made.number = assembly.ask(
        who,
        "human_review",
        home=shop.home.folder,
        at=now,
        lang="nl",
        decision=shop.decision_of(who),
        note="Een briefje",
    ).request.number
    assembly.ask(shop.who("bread"), "access", home=shop.home.folder, at=now, received=datetime(2026, 1, 2, tzinfo=UTC))
    made.start()
    yield made
    made.stop()


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

    def go(*, lang="nl", scheme="light", width=1100, script=True):
        one = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script, locale=lang
        )
        one.set_default_timeout(1_000 * WITHIN)
        made.append(one)
        return one

    yield go
    for one in made:
        one.close()


@pytest.mark.parametrize(("lang", "scheme", "width"), [("nl", "light", 1100), ("en", "dark", 320)])
def test_axe_finds_nothing_on_any_page_and_nothing_scrolls_sideways(served, context, lang, scheme, width):
    """From the sign-in over the issuer to the queue, a request, what it hides, and out; nobody else is asked."""
    from axe_playwright_python.sync_playwright import Axe

    page = context(lang=lang, scheme=scheme, width=width).new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))

    def look(where):
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        found = Axe().run(page).response["violations"]
        assert not found, [(where, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
        small = page.evaluate(
            "[...document.querySelectorAll('button,nav a,a.button,select,input:not([type=hidden])')].filter(one =>"
            " one.offsetHeight && one.getBoundingClientRect().height < 22).length"
        )
        assert small == 0, where

    def click(what):
        with page.expect_navigation(wait_until="load"):
            page.click(what)

    page.goto(f"{served.site}/officer/requests/{served.number}?lang={lang}")
    look("sign-in")
    click("a.button")
    look("issuer")
    click("text=Puck Privacy")
    assert "/officer/requests/" in page.url
    for path in (
        f"/officer/requests/{served.number}",
        "/officer/",
        "/officer/kept",
        "/officer/reads",
        "/staff/",
        "/staff/x",
    ):
        page.goto(f"{served.site}{path}?lang={lang}")
        look(path)
    page.goto(f"{served.site}/officer/requests/{served.number}?lang={lang}")
    click("button[value=reveal]")
    look("revealed")
    click("footer button")
    look("out")
    assert page.context.cookies() == []
    assert all(url.startswith(served.site) for url in asked)


def test_a_request_is_worked_on_with_the_keyboard_alone_and_without_scripts(served, context):
    """Signed in, opened, looked at and begun; the page says so."""
    page = context(script=False).new_page()
    page.goto(f"{served.site}/officer/?lang=nl")

    def press(words):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.locator(":focus").inner_text().strip().startswith(words):
                page.keyboard.press("Enter")
                return
        raise AssertionError(words)

    press("Ga aanmelden")
    page.wait_for_url("**/authorize**")
    press("Puck Privacy")
    page.wait_for_url("**/officer/**")
    press(served.number)
    page.wait_for_url("**/requests/**")
    press("Toon wat persoonlijk is")
    page.wait_for_selector("text=Een briefje")
    press("Begin")
    page.wait_for_url("**done=start**")
    assert "Eraan begonnen." in page.locator("[role=status]").inner_text()


def test_somebody_without_the_role_is_told_whom_to_ask_and_a_foreign_form_does_nothing(served, context):
    """A role that is not theirs opens nothing; a form of another site signs nobody out."""
    page = context(lang="en").new_page()
    page.goto(f"{served.site}/officer/?lang=en")
    page.click("a.button")
    page.wait_for_url("**/authorize**")
    page.click("text=Mila Marketeer")
    page.wait_for_url("**/officer/**")
    assert "it@example.org" in page.locator("main").inner_text()
    other = page.context.new_page()
    other.set_content(
        f"<form method=post action='{served.site}/staff/leave'><input name=csrf value=x><button>x</button></form>"
    )
    with other.expect_response(f"{served.site}/staff/leave") as answer:
        other.click("button")
    assert answer.value.status in (401, 403)
    page.goto(f"{served.site}/staff/?lang=en")
    assert "Mila Marketeer" in page.locator("footer").inner_text()


def test_somebody_signs_out_from_the_first_page_that_they_see(served, context):
    """The page after the sign-in, with its own button and nothing else."""
    page = context(lang="en").new_page()
    page.goto(f"{served.site}/staff/?lang=en")
    page.click("a.button")
    page.wait_for_url("**/authorize**")
    with page.expect_navigation(url=f"{served.site}/staff/**"):
        page.click("a[href*='subject=dev-3']")
    page.goto(f"{served.site}/staff/?lang=en")
    with page.expect_response(f"{served.site}/staff/leave") as answer:
        page.click("form[action='/staff/leave'] button")
    assert answer.value.status == 200
    page.goto(f"{served.site}/officer/?lang=en")
    assert "/staff/sign-in" in page.url
