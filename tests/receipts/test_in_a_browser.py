"""The receipt checks itself in a real browser, as the program does; accessible, and without any request."""

from __future__ import annotations

import copy
import re

import pytest

from evenhand.adapters.stores.home import Home
from evenhand.assembly.records._receipts import closed_receipt
from evenhand.receipts import check, receipt_page

pytestmark = pytest.mark.browser
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
SHOWN = "[...document.querySelectorAll('main.in-en [data-step]')].map(one => [one.dataset.step, one.dataset.state])"


@pytest.fixture(scope="module")
def browser(chromium):
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def visit(browser, tmp_path):
    """Open a receipt's page and wait for its verdict."""
    contexts = []

    def go(receipt, *, lang="en", scheme="light", width=900, script=True, forge=("", "")):
        context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        contexts.append(context)
        page = context.new_page()
        page.asked = []
        page.on("request", lambda request: page.asked.append(request.url))
        path = tmp_path / f"receipt{len(contexts)}.html"
        path.write_text(receipt_page(receipt, lang=lang).replace(*forge), encoding="utf-8")
        page.goto(path.as_uri())
        if script:
            page.wait_for_selector(f"main.in-{lang} .verdict:not([data-verdict=waiting])")
        return page

    yield go
    for context in contexts:
        context.close()


@pytest.mark.parametrize("kind", ["personalised", "withdrawn", "objected"])
def test_a_receipt_holds_in_the_browser(visit, give, kind):
    """All six steps; one request, for the page itself; the shares on the page are those that the program finds."""
    page = visit(give(kind))
    assert page.locator("main.in-en .verdict").get_attribute("data-verdict") == "holds"
    last = "holds" if kind == "personalised" else "none"
    assert [state for _, state in page.evaluate(SHOWN)] == [*["holds"] * 4, last, "holds"]
    said = page.locator("main.in-en .facts").inner_text()
    assert ("Offer: Money off tea" in said) == (kind == "personalised")
    assert ("nothing personal was used" in said) == (kind != "personalised")
    assert len(page.asked) == 1
    shown = page.locator("main.in-en tbody td.num").all_text_contents()
    parts = [share for _, _, share in check(give(kind)).parts]
    found = [round(float(text.replace(",", "")) * 10_000) for text in shown]
    assert sorted(found[:-1]) == sorted(parts)
    assert found[-1:] == ([sum(parts)] if parts else [])


def test_the_title_and_the_numbers_follow_the_language(visit, give):
    """Whoever switches to Dutch reads a Dutch title, and commas in ranges; and back."""
    page = visit(give("personalised"), lang="en")
    english = page.title()
    page.locator("label[for=show-nl]").click()
    assert page.title() != english
    assert page.evaluate("document.documentElement.lang") == "nl"
    ranges = page.locator("main.in-nl tbody td:nth-child(2)").all_text_contents()
    assert not [one for one in ranges if re.search(r"\d\.\d", one)]
    page.locator("label[for=show-en]").click()
    assert page.title() == english


def _number(receipt):
    receipt["entries"][0]["number"] += 1


def _body(receipt):
    receipt["entries"][0]["body"] = receipt["entries"][0]["body"].replace("sealed", "Sealed")


def _opened(receipt):
    receipt["entries"][0]["opened"] = receipt["entries"][0]["opened"].replace('"st":2', '"st":1')


def _salt(receipt):
    receipt["entries"][0]["salt"] = "00" * 16


def _checkpoint(receipt):
    size = receipt["checkpoint"].split("\n")[1]
    receipt["checkpoint"] = receipt["checkpoint"].replace(f"\n{size}\n", f"\n{int(size) + 1}\n", 1)


def _format(receipt):
    receipt["receipt"] = 2


def _run(receipt):
    receipt["entries"][1] = {**receipt["entries"][0], "role": "run"}


def _model(receipt):
    receipt["entries"][2] = {**receipt["entries"][3], "role": "campaign"}


def _words(receipt):
    receipt["words"]["en"][0] = "You got this because you are poor."


def _role(receipt):
    receipt["entries"][3]["role"] = "modle"


def _twice(receipt):
    receipt["entries"].append(receipt["entries"][3])


@pytest.mark.parametrize(
    "change", [_words, _role, _twice, _number, _body, _opened, _salt, _checkpoint, _format, _run, _model]
)
def test_what_does_not_hold_for_the_program_does_not_hold_in_the_browser(visit, give, change):
    """Both stop at the same step."""
    receipt = copy.deepcopy(give("personalised"))
    change(receipt)
    expected = [(name, "holds" if holds else "broken") for name, holds, _ in check(receipt).steps]
    page = visit(receipt)
    assert page.locator("main.in-en .verdict").get_attribute("data-verdict") == "broken"
    assert [tuple(pair) for pair in page.evaluate(SHOWN) if pair[1] != "waiting"] == expected


def test_words_that_nothing_proves_are_marked_as_that(visit, give):
    """Unsigned, as in a receipt of before: the verdict leaves them out, and says so at the words."""
    receipt = copy.deepcopy(give("personalised"))
    del receipt["words_signed"]
    page = visit(receipt)
    assert page.locator("main.in-en .verdict").get_attribute("data-verdict") == "unproven"
    assert "proved by nothing" in page.locator("main.in-en .verdict").inner_text()
    assert "nobody signed" in page.locator("main.in-en .words").inner_text()


def test_words_in_the_page_that_are_not_those_of_the_receipt_do_not_hold(visit, give):
    """Whoever changes what is shown, and not what is checked, is found out by the page."""
    page = visit(give("personalised"), forge=(" data-said>", " data-said>Because you are poor. "))
    assert page.locator("main.in-en .verdict").get_attribute("data-verdict") == "broken"


def test_half_a_receipt_is_told_as_broken_and_not_as_unchecked(visit, give):
    """What was cut out of the receipt is no matter of scripts: the first step fails, and the page says so."""
    page = visit(give("personalised"), forge=('id="receipt">{', 'id="receipt">'))
    assert page.evaluate(SHOWN)[0] == ["form", "broken"]
    assert "does not hold" in page.locator("main.in-en .verdict").inner_text()


def test_a_brief_receipt_says_that_nothing_was_added_up(visit, give):
    """The rest holds; no table is shown."""
    page = visit(give("personalised", brief=True))
    assert page.evaluate(SHOWN)[-2:] == [["sum", "absent"], ["words", "holds"]]
    assert not page.locator("main.in-en section.parts").is_visible()


def test_without_scripts_the_words_are_there_and_nothing_is_claimed(visit, give):
    """The page says that it was not checked, and by what it can be."""
    page = visit(give("personalised"), script=False)
    assert "scripts are off" in page.locator("main.in-en .verdict").inner_text()
    assert not page.locator("main.in-en .state.holds").first.is_visible()


@pytest.mark.parametrize(("lang", "scheme"), [("nl", "dark"), ("en", "light")])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(visit, give, lang, scheme):
    """At 320 px, in both languages and themes."""
    from axe_playwright_python.sync_playwright import Axe

    page = visit(give("personalised"), lang=lang, scheme=scheme, width=320)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page).response["violations"]
    assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]


def test_a_receipt_without_personal_data_holds_in_the_browser(visit, give, shop_home):
    """As for the program; it says that what was decided is not in it, and shows no table."""
    decision = check(give("personalised")).facts["decision"]
    page = visit(closed_receipt(Home(shop_home), decision))
    assert page.locator("main.in-en .verdict").get_attribute("data-verdict") == "holds"
    assert page.evaluate(SHOWN)[-3:] == [["belonging", "after"], ["sum", "closed"], ["words", "holds"]]
    assert "what was decided is not in it" in page.locator("main.in-en [data-step=sum]").inner_text()
    assert not page.locator("main.in-en section.parts").is_visible()
    assert not page.locator("main.in-en .facts").is_visible()
