"""How a campaign stands, as a page and as figures: what may be told, in two languages, for everybody."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest
from prometheus_client.parser import text_string_to_metric_families

from evenhand.explanation import LANGUAGES
from evenhand.reports import comparison_name, happened_words, monitor_metrics, monitor_page, state_words
from monitor_cases import monitored

FOUND = json.loads(json.dumps(monitored()))


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))


def _text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]).split())


def test_states_are_said_in_words_of_both_languages():
    """Skewed with its direction, within tolerance again, and no evidence with or without a forecast."""
    one = {"state": "skewed", "direction": -1, "figures": None}
    assert state_words(one, "en") == "skewed now: the group gets less"
    assert state_words(one | {"state": "within-again", "direction": 0}, "nl") == "was scheef, nu binnen de tolerantie"
    none = one | {"state": "no-evidence", "figures": {"until": {"gap": 0.05, "events": 1200}}}
    assert state_words(none, "en") == "no evidence yet (about 1,200 events until a 5-point gap would show)"
    assert "1.200 gebeurtenissen tot een verschil van 5 punten" in state_words(none, "nl")
    endless = {"figures": {"until": {"gap": 0.05, "events": None}}}
    assert state_words(none | endless, "en") == "no evidence yet"


def test_a_comparison_is_named_with_its_reference_and_offer():
    """Everybody else unless there is a reference; intersections with both columns."""
    one = {"features": ["sex", "age"], "group": ["f", "18-24"], "offer": "tea", "beside": ["m", "18-24"]}
    assert comparison_name(one, "en") == "sex & age f & 18-24 against m & 18-24, offer tea"


def test_what_happened_is_told_with_figures_only_where_some_may_be_shown():
    """An alarm of few people says that it was raised, and no more."""
    alarm = FOUND["history"][1]
    assert "difference +" in happened_words(alarm, "en")
    assert "Then" not in happened_words(alarm | {"figures": None, "kind": "change"}, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_page_has_states_bands_a_table_and_what_happened(lang):
    """Every drawing has a title; the tables have a row for each comparison; nothing runs and nothing is fetched."""
    page = monitor_page(FOUND, lang=lang)
    tags = _Tags()
    tags.feed(page)
    drawings = [attrs for tag, attrs in tags.seen if tag == "svg" and attrs.get("role") == "img"]
    ids = {attrs["id"] for _, attrs in tags.seen if "id" in attrs}
    assert len(drawings) == 6
    assert {attrs["aria-labelledby"] for attrs in drawings} <= ids
    assert sum(attrs.get("scope") == "row" for _, attrs in tags.seen) == 15 + 2
    assert not {tag for tag, _ in tags.seen} & {"script", "link", "img", "iframe"}
    said = _text(page)
    assert ("skewed now: the group gets more" if lang == "en" else "nu scheef: de groep krijgt meer") in said
    assert "evenhand monitor resume CAMPAIGN --by NAME --reason TEXT" in said
    assert "Noor de Wit" in said
    assert "<b>" not in page
    assert "<i>ticket" not in page
    assert "nan" not in said.lower().split()


def test_the_band_is_drawn_from_the_course():
    """The last corner of the upper edge stands at the right end, where its bound is on the scale."""
    page = monitor_page(FOUND)
    band = re.search(r'class="fill-band" d="M([^"]+)Z"', page.partition("<figure>")[2])
    corners = [tuple(map(float, one.split())) for one in band[1].split("L")]
    assert len(corners) == 2 * len(FOUND["streams"][0]["comparisons"][0]["course"])
    assert corners[len(corners) // 2 - 1][0] == 200
    assert all(0 <= x <= 200 and 0 <= y <= 80 for x, y in corners)


def test_a_page_of_very_many_comparisons_stays_small():
    """At most 50 kB: what is skewed comes first, and what does not fit is counted."""
    many = monitored(groups=tuple((f"{'a long name of a group ' * 4}{place}",) for place in range(40)), events=40_000)
    many["streams"][0]["comparisons"][7]["state"] = "skewed"
    many["history"] *= 30
    page = monitor_page(many)
    assert len(page.encode()) <= 50_000
    said = _text(page)
    assert "more comparisons are left out here" in said
    assert "older entries stand in the ledger" in said
    assert said.index("skewed now") < said.index("no evidence yet")


def test_a_campaign_that_stands_well_says_so():
    """Not paused, nothing skewed, nothing recorded."""
    well = {**FOUND, "paused": None, "history": [], "streams": [FOUND["streams"][1]]}
    said = _text(monitor_page(well))
    assert "No group is skewed now." in said
    assert "No alarm was recorded." in said
    assert "resume" not in said


def test_another_language_is_refused():
    """There are texts in Dutch and English."""
    with pytest.raises(KeyError, match="fr"):
        monitor_page(FOUND, lang="fr")


_SAMPLE = re.compile(
    r'([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\} '
    r"([+-]?(?:\d+(?:\.\d+)?(?:e[+-]?\d+)?|Inf)|NaN)"
)
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')


def _parsed(exposed: str) -> dict[str, list[tuple[dict[str, str], float]]]:
    """The text exposition format, strictly: help and type before the samples of a metric, each metric once."""
    assert exposed.endswith("\n")
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    helped = typed = ""
    for line in exposed[:-1].split("\n"):
        if line.startswith("# HELP "):
            helped = line.split(" ", 3)[2]
            assert helped not in found
        elif line.startswith("# TYPE "):
            _, _, typed, kind = line.split(" ")
            assert typed == helped
            assert kind in {"gauge", "counter"}
            assert (kind == "counter") == typed.endswith("_total")
            found[typed] = []
        else:
            match = _SAMPLE.fullmatch(line)
            assert match, line
            assert match[1] == typed
            labels = dict(_LABEL.findall(match[2]))
            assert len(labels) == match[2].count('="')
            found[typed].append((labels, float(match[3])))
    keys = [(name, tuple(sorted(labels.items()))) for name, samples in found.items() for labels, _ in samples]
    assert len(keys) == len(set(keys))
    return found


def test_the_figures_are_what_prometheus_reads():
    """One sample per label set; states add up to one; the alarm and the pause are there."""
    found = _parsed(monitor_metrics(FOUND))
    assert found["evenhand_monitor_paused"] == [({"campaign": "spring"}, 1.0)]
    assert [value for _, value in found["evenhand_monitor_alarms_total"]] == [1, 0]
    states = found["evenhand_monitor_state"]
    assert len(states) == 3 * 17
    assert sum(value for _, value in states) == 17
    first = FOUND["streams"][0]["comparisons"][0]["figures"]
    bounds = {labels["bound"]: value for labels, value in found["evenhand_monitor_gap"][:3]}
    assert bounds == {"lower": first["lower"], "estimate": first["gap"], "upper": first["upper"]}


def test_the_official_parser_reads_the_figures_too():
    """The parser of the Prometheus client finds every family."""
    families = list(text_string_to_metric_families(monitor_metrics(FOUND)))
    assert {family.name for family in families} >= {"evenhand_monitor_evidence", "evenhand_monitor_state"}


def test_nothing_is_exposed_of_a_comparison_that_may_not_be_shown():
    """Its state stands there, and no count, rate, bound or e-value."""
    found = _parsed(monitor_metrics(FOUND))
    for name, samples in found.items():
        of_hidden = [labels for labels, _ in samples if labels.get("watch") == "offered" and "group" in labels]
        assert bool(of_hidden) == (name == "evenhand_monitor_state")
    people = found["evenhand_monitor_people"]
    assert min(value for _, value in people) >= 10


def test_a_strange_name_cannot_break_a_line():
    """Quotes, backslashes and line ends in a group's value are escaped."""
    strange = json.loads(json.dumps(FOUND))
    strange["streams"][0]["comparisons"][0]["group"] = ['a"b\\c\nd']
    found = _parsed(monitor_metrics(strange))
    assert any(labels["group"] == 'a\\"b\\\\c\\nd' for labels, _ in found["evenhand_monitor_evidence"])


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "scheme", "width"), [("en", "light", 1280), ("nl", "dark", 320), ("nl", "light", 320)]
)
def test_it_stands_in_a_browser_for_everybody(chromium, tmp_path, lang, scheme, width):
    """Nothing overflows, nothing is fetched, axe has no complaint, and targets are large enough."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    file = tmp_path / "monitor.html"
    file.write_text(monitor_page(FOUND, lang=lang), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page, asked = context.new_page(), []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(file.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        found = Axe().run(page).response["violations"]
        assert not found, [(one["id"], [node["target"] for node in one["nodes"]][:5]) for one in found]
        drawn = page.locator("figure svg").first.bounding_box()
        assert drawn["width"] > 150
        assert drawn["height"] > 100
        page.emulate_media(media="print")
        assert page.locator("table").first.is_visible()
        assert page.locator("figure svg").first.is_visible()
        assert asked == [file.as_uri()]
        browser.close()
