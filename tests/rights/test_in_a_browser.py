"""The page of what is held about a person, in a real browser: accessible, narrow, printed, and without any request."""

from __future__ import annotations

import pytest

from evenhand.rights import access_page

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FACTOR = {"meaning": "visits", "value": "14 to 16", "origin_text": "we saw this"}
DECISION = {
    "decision_id": "20260301T000000Z-abcdef.4",
    "at": "2026-03-01T00:00:00+00:00",
    "headline": "Shop showed you <b>tulips</b>.",
    "lines": [{"layer": 1, "text": "In favour: visits."}, {"layer": 2, "text": "You gave consent."}],
    "factors": [FACTOR],
    "probability_ppm": 465_000,
}
SAID = {
    "kind": "consent",
    "purpose": "PersonalisedAdvertising",
    "status": "ConsentGiven",
    "about": "",
    "source": "home",
}
PACKAGE = {
    "made": "2026-11-27T12:00:00+00:00",
    "controller": {"name": "Shop", "contact": "privacy@shop.example", "country": "NL"},
    "data": [
        {
            "source": "subjects",
            "table": "people.csv",
            "row": 1,
            "name": "address",
            "meaning": "address",
            "origin": "given",
            "value": "<script>alert(1)</script> " + "a-very-long-word-without-any-break-" * 4,
            "corrected": True,
        }
    ],
    "decisions": [DECISION],
    "reviews": [
        {"decision": DECISION["decision_id"], "at": "2026-03-02T00:00:00+00:00", "outcome": "keep", "offer_text": ""}
    ],
    "consents": [SAID | {"at": "2026-01-01T00:00:00+00:00", "method": "web form", "notice": "v7"}],
    "requests": [{"number": "R-20261127-3f9a1c", "kind": "access", "state": "received", "due": "2026-12-27"}],
    "purposes": [
        {
            "campaign": "spring",
            "purpose": "PersonalisedAdvertising",
            "basis": "consent",
            "keep_decisions": "P24M",
            "keep_features": "P6M",
        }
    ],
    "recipients": [{"name": "Mail House", "country": "NL"}],
    "looked_at": ["visits"],
    "tables_not_read": ["gone.csv"],
}


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.mark.parametrize(("lang", "scheme", "width"), [("nl", "light", 320), ("en", "dark", 1280)])
def test_a_person_can_read_the_page(browser, tmp_path, lang, scheme, width):
    """No accessibility fault, nothing sideways, no script run, one request for the page itself, headings in order."""
    from axe_playwright_python.sync_playwright import Axe

    path = tmp_path / "access.html"
    path.write_text(access_page(PACKAGE | {"lang": lang}), encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    page = context.new_page()
    asked, alerts = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.goto(path.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert len(asked) == 1
    assert alerts == []
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.locator("html").get_attribute("lang") == lang
    assert "<b>tulips</b>" in page.locator("article h3").inner_text()
    page.emulate_media(media="print")
    assert page.locator("nav").is_hidden()
    context.close()


def test_the_page_is_light():
    """What a person gets is a page and no application: under 50 kB, without a script."""
    page = access_page(PACKAGE | {"lang": "nl"})
    assert len(page.encode()) < 50_000
    assert "<script" not in page
