"""The page in a real browser: accessible in both languages and themes, at 320 px, without any request."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evenhand.reports import render, render_audit
from mailing_cases import declared, walk

pytestmark = pytest.mark.browser
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(chromium) -> Iterator[Any]:
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def address(report, tmp_path_factory) -> str:
    """The page as a file."""
    path: Path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(report), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def audit_address(report, tmp_path_factory) -> str:
    """The page of the report's data audit as a file."""
    path: Path = tmp_path_factory.mktemp("audit") / "audit.html"
    path.write_text(render_audit(report["audit"]), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def increment_address(tmp_path_factory) -> str:
    """The page of a plan that goes by what an offer changes, as a file."""
    path: Path = tmp_path_factory.mktemp("increment") / "report.html"
    path.write_text(walk(past=3_000, now=600).plan(declared()).to_html(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, address) -> Iterator[Any]:
    """Open the page, without JavaScript of its own, and choose a language as a reader does."""
    contexts = []

    def go(
        lang: str = "en",
        *,
        scheme: str = "light",
        width: int = 1280,
        requests: list[str] | None = None,
        where: str = "",
    ) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        page = context.new_page()
        if requests is not None:
            page.on("request", lambda request: requests.append(request.url))
        page.goto(where or address)
        page.locator(f"label[for=show-{lang}]").click()
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize(("lang", "scheme"), [("nl", "light"), ("en", "dark")])
def test_axe_finds_nothing(visit, lang, scheme):
    """No violation of any rule that axe knows, with every detail opened; both languages have the same colours."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(lang, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]


@pytest.mark.parametrize("lang", ["nl", "en"])
@pytest.mark.parametrize("width", [320, 768])
def test_the_page_never_scrolls_sideways(visit, lang, width):
    """At 320 px only tables scroll, inside a region that the keyboard reaches."""
    page = visit(lang, width=width)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    loose = "[...document.querySelectorAll('.scroll')].filter(one => one.tabIndex !== 0).length"
    assert page.evaluate(loose) == 0


@pytest.mark.parametrize(("lang", "scheme"), [("nl", "dark"), ("en", "light")])
def test_the_page_of_an_audit_is_as_accessible(visit, audit_address, lang, scheme):
    """No violation known to axe, no sideways scrolling at 320 px, no request but the file."""
    from axe_playwright_python.sync_playwright import Axe

    requests: list[str] = []
    page = visit(lang, scheme=scheme, width=320, where=audit_address, requests=requests)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.parametrize(("lang", "scheme", "width"), [("nl", "light", 320), ("en", "dark", 1280)])
def test_the_page_of_increments_is_as_accessible(visit, increment_address, lang, scheme, width):
    """Its curve and its tenths have names, axe finds nothing, and at 320 px nothing scrolls sideways."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(lang, scheme=scheme, width=width, where=increment_address)
    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    said = {"nl": "Voorspelde verandering tegenover", "en": "Predicted change against"}[lang]
    assert page.locator(f"#{lang}-evaluation svg title", has_text=said).count() == 1


def test_one_language_is_in_view_and_the_keyboard_changes_it(visit):
    """The switch is a pair of radio buttons: an arrow key shows the other language, everywhere on the page."""
    page = visit("en")
    assert page.locator("h1:visible").count() == 1
    english = page.locator("h1:visible").inner_text()
    page.locator("#show-en").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator("h1:visible").count() == 1
    assert page.locator("h1:visible").inner_text() != english
    assert page.locator("div.page[lang=nl]").is_visible()


def test_the_page_makes_no_request(visit):
    """Opening it, switching and printing load nothing but the file itself."""
    requests: list[str] = []
    page = visit("nl", requests=requests)
    page.pdf()
    page.wait_for_timeout(200)
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []
    assert len(requests) == 1 or all(url.startswith("data:") for url in requests[1:])


def test_what_is_printed_is_the_language_in_view(visit):
    """On paper the other language and the switch are gone."""
    page = visit("nl")
    page.emulate_media(media="print")
    assert page.locator("div.page[lang=nl]").is_visible()
    assert not page.locator("div.page[lang=en]").is_visible()
    assert not page.locator("fieldset.switch").is_visible()


def test_targets_are_large_enough(visit):
    """Links, summaries and switches are at least 24 px high (WCAG 2.2, 2.5.8)."""
    page = visit("en", width=320)
    heights = page.evaluate(
        "[...document.querySelectorAll('.page[lang=en] a, .page[lang=en] summary, .switch label')]"
        ".filter(one => one.offsetParent).map(one => one.getBoundingClientRect().height)"
    )
    assert heights
    assert min(heights) >= 24
