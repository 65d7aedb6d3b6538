"""Reach per group: what is not told says why, and is not taken for a small group."""

from __future__ import annotations

import pytest

from evenhand.assembly.runs._campaign_figures import figures_of
from evenhand.console import campaign_page
from evenhand.staff import Frame, StaffRole

RATE = {"note": "", "rate": None, "hits": None, "lower": 0.42, "upper": 1.0, "rows": 76}


def _reach(*rates):
    told = [{"group": [str(place)], **RATE, **rate} for place, rate in enumerate(rates)]
    side = {"rates": told, "gaps": [], "best": None, "bound": 0.8}
    chapter = {"limit": "", "measure": None, "bound": None, "features": ["age"], "after": side, "before": side}
    report = {
        "run": {"at": "2026-03-01T00:00:00+00:00", "run_id": "r"},
        "campaign": {"currency": "EUR"},
        "certificate": {"value": 0},
        **{key: [] for key in ("funnel", "drops", "offers", "limits")},
        "groups": [chapter],
    }
    return figures_of(report)["reach"][0]["groups"]


def test_a_group_whose_number_would_give_another_away_is_told_between_what_it_lies():
    """Where that says something; a range that leaves everything open is none, and a told number has none."""
    between, anything, told = _reach(
        {"hits_between": [40, 76]},
        {"hits_between": [0, 76], "lower": 0.0},
        {"hits": 60, "rate": 60 / 76, "lower": 0.69, "upper": 0.87},
    )
    assert (between["people"], between["rate"], between["lower"], between["upper"]) == (80, None, 0.42, 1.0)
    assert between["is_range"]
    assert (anything["people"], anything["rate"], anything["lower"], anything["is_range"]) == (80, None, None, False)
    assert (told["rate"], told["is_range"]) == (0.79, False)


def test_a_page_says_that_not_told_is_not_small_and_names_offers_by_their_text(console):
    """Where something is not told; places stand under the words that people read, and no test is asked for consent."""
    page = console.of(StaffRole.MARKETER).get("/console/campaigns/small-shop?lang=nl").text
    assert "Plaatsen van een aanbod: Korting op thee (tea)" in page
    assert "geen belangenafweging nodig bij deze grondslag" in page
    assert ("betekent niet dat deze groep klein is" in page) == ("niet te zeggen</td>" in page)


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (
            {"used_between": [0.802, 0.874], "used_then": None},
            {"en": "between 0.802 and 0.874", "nl": "0,802 en 0,874"},
        ),
        (
            {"used_between": None, "used_then": {"used": 0.8207, "run": "r", "at": "2026-03-01T09:00:00+00:00"}},
            {"en": "0.821 on 2026-03-01 09:00 UTC", "nl": "0,821 op 2026-03-01 09:00 UTC"},
        ),
        ({"used_between": None, "used_then": None}, {"en": "not told</td>", "nl": "niet te zeggen</td>"}),
    ],
)
def test_a_page_says_in_place_of_a_figure_what_may_be_told(console, told, said):
    """Between what it lies, or what it was when it was told last; as the report and a terminal do."""
    one, figures = console.register.read("small-shop"), console.register.figures("small-shop")
    limits = [{**limit, "used": None, **told} if limit["kind"] == "disparity" else limit for limit in figures["limits"]]
    asked = {"budget": None, "contacts": None, "bounds": {}, "wrong": []}
    for lang, words in said.items():
        may = dict.fromkeys(("change", "pause", "resume", "over", "review", "send"), False)
        frame = Frame("/", "s")
        assert words in campaign_page(one, {**figures, "limits": limits}, None, frame, lang, asked=asked, may=may)
