"""Where a lot chose between equals the page says so; where there is no offer it says which one it speaks of."""

from __future__ import annotations

import csv
import re
from html import unescape
from itertools import islice

import pytest

from evenhand import assembly
from evenhand.explanation import LANGUAGES
from evenhand.portal import Place, named_features, why_page
from evenhand.terms import Reason, Standing
from portal_cases import AT, Shop, write_corner_shop

PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(scope="module")
def twins(tmp_path_factory):
    """A shop whose two offers are worth the same to everybody, to the last unit."""
    campaign = write_corner_shop(tmp_path_factory.mktemp("twins"), people=120)
    past = campaign.with_name("past.csv")
    with past.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tea = {row["person"]: row["responded"] for row in rows if row["shown"] == "tea"}
    with past.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "responded": tea[row["person"]]} for row in rows)
    said = campaign.read_text("utf-8").replace("value: 4", "value: 5")
    said = re.sub(r"limits:.*?(?=retention)", "", re.sub(r"capacity: \d+, ", "", said), flags=re.S)
    campaign.write_text(said, "utf-8")
    return Shop(campaign, assembly.run_campaign(campaign, at=AT))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_lot_between_equals_is_told(twins, lang):
    """Whoever got one of two equal offers reads that a lot chose, with and without personal data; not that theirs was
    ahead."""
    told = {
        "nl": "kwam precies gelijk uit met uw aanbod. Het lot koos",
        "en": "came out exactly equal to your offer. A lot",
    }
    for standing in ("personalised", "contextual"):
        for offer in ("tea", "bread"):
            person = twins.who(offer, standing)
            desk = twins.house.desk(person)
            why = desk.why(twins.decision_of(person), lang)
            page = _words(why_page(why, PLACE))
            assert page.count(told[lang]) == 1
            assert ("lag uw aanbod" if lang == "nl" else "your offer was ahead") not in page
            assert "runner-up" not in [line.key for line in why.told.lines]


def _noes(shop):
    for person in shop.run.columns["person"]:
        desk = shop.house.desk(person)
        found, _ = desk.record.decision(shop.decision_of(person))
        if found.offer < 0 and found.standing is Standing.PERSONALISED and found.outcome is not Reason.NOT_ELIGIBLE:
            yield desk, found


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_about_no_offer_names_the_offer_that_it_speaks_of(opened, lang):
    """The one that came closest, in the first sentence and beside its factors; what it names counted against it, the
    button is about just that, and no sentence speaks of something that was got."""
    noes = 0
    for desk, found in islice(_noes(opened), 12):
        why = desk.why(found.decision_id, lang)
        words = why.campaign.offers[found.runner_up].text
        offer = words.nl if lang == "nl" else words.en
        assert f'"{offer}"' in why.told.headline
        against = {one.name for one in why.told.factors if one.direction == "against"}
        assert set(named_features(why)) == set(why.told.named) <= against
        assert all(one.meaning in why.told.headline for one in why.told.factors if one.name in why.told.named)
        page = _words(why_page(why, PLACE))
        assert page.count(f'"{offer}"') >= 2
        assert ("hetzelfde gekregen" if lang == "nl" else "got the same") not in page
        assert ("Niet meer hierop" if lang == "nl" else "Not because of this") not in page
        noes += 1
    assert noes == 12
