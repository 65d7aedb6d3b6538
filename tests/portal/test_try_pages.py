"""The shop to try, in a real browser: accessible in both languages and themes, and a person's choice counts there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from patience import WITHIN
from portal_cases import write_corner_shop

pytestmark = [pytest.mark.browser, pytest.mark.service]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PROGRAM = """
from pathlib import Path
from evenhand import assembly
assembly.open_to_try(Path("campaign.yaml"), port=18_200, ready=lambda places: print(places.start, flush=True))
"""


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    """The corner shop, to try, in a process of its own; where it begins."""
    folder = tmp_path_factory.mktemp("tried")
    write_corner_shop(folder, people=200)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=folder, env=dict(os.environ), stdout=subprocess.PIPE, text=True
    )
    clock = threading.Timer(2 * WITHIN, process.kill)
    clock.start()
    address = process.stdout.readline().strip()
    clock.cancel()
    assert address.endswith("/try/")
    yield address
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WITHIN)
    assert process.returncode == 0


@pytest.fixture
def visit(chromium):
    """A page of a browser that is as somebody likes it."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)

        def go(*, lang="nl", scheme="light", width=900, script=True):
            context = browser.new_context(
                viewport={"width": width, "height": 800}, color_scheme=scheme, locale=lang, java_script_enabled=script
            )
            context.set_default_timeout(1_000 * WITHIN)
            return context.new_page()

        yield go
        browser.close()


def test_axe_finds_nothing_and_nothing_scrolls_sideways(start, visit):
    """Start, shop, shop of nobody, offer; nl and en, light and dark, wide and at 320 px; nobody else is asked."""
    from axe_playwright_python.sync_playwright import Axe

    for lang, scheme, width in (("nl", "light", 900), ("en", "dark", 320)):
        page, asked, complaints = visit(lang=lang, scheme=scheme, width=width), [], []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.on("console", lambda told, complaints=complaints: complaints.append(told.text))
        page.goto(start)
        shops = page.locator("a[href*='/shop/']").evaluate_all("all => all.map(one => one.href)")
        for path in (start, shops[0], shops[-1], f"{start}offer"):
            page.goto(path)
            assert page.locator("html").get_attribute("lang") == lang
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            found = Axe().run(page).response["violations"]
            assert not found, [(path, one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
        assert not complaints
        assert all(url.startswith(start.partition("/try/")[0]) for url in asked)
        assert page.context.cookies() == []


def test_a_choice_counts_for_the_next_card(start, visit):
    """Without scripts: from the card to its why, personalisation off in one click; the next card knows, or is none."""
    page = visit(lang="en", script=False)
    page.goto(start)
    page.locator("a[href*='/shop/']").first.click()
    page.wait_for_url("**/shop/**")
    shop = page.url
    assert "chosen with AI" in page.locator(".evenhand-card").inner_text()
    page.get_by_role("link", name="Why do I see this?").click()
    page.get_by_role("button", name="Personalisation off").click()
    page.wait_for_url("**done=personal-off*")
    page.goto(shop)
    said = page.locator("main").inner_text()
    assert re.search("not based on your data|There is no offer for you now", said)
    assert "chosen with AI" not in said
