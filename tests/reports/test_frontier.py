"""What a limit costs, as a picture that everybody can read."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from evenhand.reports import frontier_page, frontier_picture


def _sweep(limit: str = "four-fifths", bounds: tuple[float, ...] = (0.6, 0.8, 1.0)) -> dict[str, object]:
    points = [
        {"bound": bound, "reached": bound + 0.01, "held": bound < 1, "value_lost": int(5e6 * bound), "given": 40,
         "value_kept": 1 - 0.2 * bound, "captured_lost": 3, "entered": 41, "left": 42, "taken": 43, "groups": []}
        for bound in bounds
    ]  # fmt: skip
    return {"limit": limit, "measure": "selection_rate", "comparison": "ratio_to_best", "people": 21282, "budget": 0.1,
            "unlimited": 0.35, "points": points}  # fmt: skip


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


@pytest.mark.parametrize("lang", ["en", "nl"])
def test_the_picture_has_a_title_a_description_and_a_table(lang):
    """The drawing names both; the table has a row for each point and a header for each row and column."""
    html = frontier_picture(_sweep(), lang=lang)
    tags = _Tags()
    tags.feed(html)
    drawing = next(attrs for tag, attrs in tags.seen if tag == "svg")
    named = str(drawing["aria-labelledby"]).split()
    ids = {attrs["id"] for _, attrs in tags.seen if "id" in attrs}
    assert set(named) <= ids
    assert len(named) == 2
    assert sum(tag == "circle" for tag, _ in tags.seen) == 3
    assert sum(attrs.get("scope") == "row" for _, attrs in tags.seen) == 3
    assert sum(attrs.get("scope") == "col" for _, attrs in tags.seen) == 9


def test_the_figures_are_those_of_the_sweep():
    """Value kept and lost, people in and out, and whether the limit is kept."""
    text = re.sub(r"<[^>]+>", " ", frontier_picture(_sweep()))
    for figure in ("21,282", "0.6100", "88.0%", "3.00", "41", "42", "43", "no: nearest found"):
        assert figure in text


def test_a_bound_that_cannot_be_kept_is_a_row_without_figures():
    """Where nothing was found there is no dot; where that is so for all there is no drawing; few people stay hidden."""
    sweep = _sweep(bounds=(0.6, 0.8))
    nothing = dict.fromkeys(("reached", "value_lost", "value_kept", "entered", "left", "given", "taken"))
    sweep["points"][1] |= nothing | {"held": False}
    sweep["points"][0]["entered"] = 9
    html = frontier_picture(sweep)
    assert html.count("<circle") == 1
    assert "fewer than 10" in html
    assert html.count(">–<") == 7
    sweep["points"] = sweep["points"][1:]
    assert "<svg" not in frontier_picture(sweep)


def test_a_sweep_of_a_campaign_says_who_is_counted():
    """Instead of a share that may be selected it has the people who get an offer without the limit."""
    sweep = _sweep()
    del sweep["budget"]
    text = frontier_picture(sweep | {"selected": 1234}, lang="en")
    assert "Without the limit 1,234 people get an offer" in text


def test_one_bound_is_drawn_as_well():
    """A sweep of one point has a dot and no line."""
    html = frontier_picture(_sweep(bounds=(0.8,)))
    assert html.count("<circle") == 1
    assert "nan" not in html.lower()


def test_a_name_from_a_campaign_is_text():
    """A limit's id cannot become markup."""
    html = frontier_page(_sweep("<script>alert(1)</script>"))
    assert "<script" not in html


def test_another_language_is_refused():
    """There are texts in Dutch and English."""
    with pytest.raises(KeyError, match="fr"):
        frontier_picture(_sweep(), lang="fr")


@pytest.mark.browser
def test_it_stands_in_a_browser_without_a_request(chromium, tmp_path):
    """At 320 px and in both themes nothing overflows, nothing is fetched, and axe has no complaint."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    page_file = tmp_path / "frontier.html"
    page_file.write_text(frontier_page(_sweep()), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for width, scheme in ((1280, "light"), (320, "dark")):
            context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
            page, asked = context.new_page(), []
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(page_file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
            assert asked == [page_file.as_uri()]
            assert not Axe().run(page).response["violations"]
            drawn = page.locator("svg").first.bounding_box()
            assert drawn["width"] > 150 < drawn["height"]
        browser.close()
