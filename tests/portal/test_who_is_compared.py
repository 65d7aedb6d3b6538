"""How evenly a campaign reached groups, as a person is told it: those who are compared, and those who are not."""

from __future__ import annotations

import dataclasses
import re
from datetime import date
from html import unescape

import pytest

from evenhand.assembly.people._reached import fairness_of
from evenhand.portal import Place, why_page

PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")


def _page(opened, one, lang):
    person = opened.who("tea")
    why = opened.house.desk(person).why(opened.decision_of(person), lang)
    page = why_page(dataclasses.replace(why, fairness=[one]), PLACE)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _limit(*rates, gaps):
    return {
        "features": ["age"],
        "measure": "selection_rate_ratio",
        "bound": 0.9,
        "after": {"best": ["45-54"], "rates": list(rates), "gaps": gaps},
    }


def _rate(group, rows, hits, note=""):
    return {"group": [group], "rows": rows, "hits": hits, "rate": None if hits is None else hits / rows, "note": note}


_AGES = (
    *(_rate("25-34", 102, 90), _rate("45-54", 208, 190), _rate("19-24", 39, None), _rate("65+", 20, 9, "too-small")),
    _rate("unknown", 1190, 630, "unknown"),
)
_GAPS = [
    {"group": ["25-34"], "ratio": 0.96, "ratio_lower": 0.84, "ratio_upper": 1.08},
    {"group": ["45-54"], "ratio": 1.0, "ratio_lower": 1.0, "ratio_upper": 1.0},
    {"group": ["19-24"], "ratio": None, "ratio_lower": None, "ratio_upper": None},
]


@pytest.mark.parametrize(
    ("lang", "says"),
    [
        (
            "nl",
            ("vergelijken wij 2 groepen", "76% van de mensen", "kreeg 53% een aanbod", "was dat 91%", "Nog 2 groepen"),
        ),
        ("en", ("we compare 2 groups", "Of 76% of the people", "Of them 53% got an offer", "was 91%", "2 more groups")),
    ],
)
def test_who_is_not_compared_is_said_beside_who_is(opened, lang, says):
    """People whose group nobody knows, with their rate, and groups too small to be told: in the same breath."""
    page = _page(opened, fairness_of(_limit(*_AGES, gaps=_GAPS), date(2026, 3, 1), str), lang)
    for part in says:
        assert part in page


def test_numbers_that_may_not_be_told_are_not_worked_out(opened):
    """A group of unknown people of hidden size has no share and no rate; where no two groups can be told, that is said,
    and not that no limit was declared."""
    hidden = [_rate("45-54", 208, None), {**_rate("unknown", 1, None), "rows": None, "note": "unknown"}]
    one = fairness_of(_limit(*hidden, gaps=[]), date(2026, 3, 1), str)
    assert (one.least, one.unknown, one.unknown_rate) == (None, None, None)
    page = _page(opened, one, "nl")
    assert "Naar age noemen wij geen getal." in page
    assert "Van sommige mensen weten wij niet" in page
    assert "geen grens" not in page
