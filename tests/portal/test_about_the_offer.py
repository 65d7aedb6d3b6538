"""A fact about the offer, the same for everybody, is told as that: never as a reason that lies in the person."""

from __future__ import annotations

import csv
import random
import re
from html import unescape

import pytest

from evenhand import assembly
from evenhand.explanation import LANGUAGES
from evenhand.portal import Place, named_features, why_page
from evenhand.terms import DataError, Standing
from portal_cases import AT, Browser, Shop, write_corner_shop

PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")
DECLARED = """\
  coupons: {role: feature, per_offer: true, about: offer, meaning: {nl: aantal bonnen, en: number of coupons}}
  sex:"""
WHERE = {"nl": "Het gaat over het aanbod, niet over u", "en": "It is about the offer, not about you"}


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


def _rewritten(table, change):
    with table.open(encoding="utf-8", newline="") as file:
        rows = [change(row) for row in csv.DictReader(file)]
    with table.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _leaflet(folder, *, is_same=True):
    """A shop whose leaflet had more or fewer coupons before, which counted most; now it has nine for tea."""
    campaign, draw = write_corner_shop(folder, people=200), random.Random(2)

    def before(row):
        many = draw.random() < 0.5
        return row | {"coupons": 9 if many else 1, "responded": int(draw.random() < (0.8 if many else 0.1))}

    _rewritten(campaign.with_name("past.csv"), before)
    now = iter(range(9, 10**6)) if not is_same else iter(lambda: 9, 0)
    _rewritten(campaign.with_name("people.csv"), lambda row: row | {"coupons@tea": next(now) % 10, "coupons@bread": 9})
    campaign.write_text(campaign.read_text("utf-8").replace("  sex:", DECLARED), "utf-8")
    return campaign


@pytest.fixture(scope="module")
def leaflet(tmp_path_factory):
    """That shop, decided."""
    campaign = _leaflet(tmp_path_factory.mktemp("leaflet"))
    return Shop(campaign, assembly.run_campaign(campaign, at=AT))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_fact_about_the_offer_is_no_personal_reason(leaflet, lang):
    """It weighs most and stands in a sentence of its own and among what counted; the headline, the buttons and the
    person's own page are about the person."""
    meaning, told = {"nl": "aantal bonnen", "en": "number of coupons"}[lang], 0
    for person in leaflet.run.columns["person"][:25]:
        desk = leaflet.house.desk(person)
        why = desk.why(leaflet.decision_of(person), lang)
        if why.told.facts.standing is not Standing.PERSONALISED:
            continue
        (fact,) = [one for one in why.told.factors if one.about_offer]
        assert meaning not in why.told.headline
        assert "coupons" not in named_features(why)
        assert not [line for line in why.told.lines if line.key == "reason" and meaning in line.text]
        html = why_page(why, PLACE)
        assert 'value="factor-off coupons"' not in html
        assert f"<h3>{meaning}</h3>" in html
        told += fact is why.told.factors[0]
        assert (f"{WHERE[lang]}, {'en is voor iedereen gelijk' if lang == 'nl' else 'and the same for everybody'}"
                in _words(html)) or fact is not why.told.factors[0]  # fmt: skip
    assert told > 8


def test_nobody_is_asked_to_switch_off_what_is_about_the_offer(leaflet):
    """Among what may count for the person it is not listed; everything that is theirs is."""
    browser = Browser(leaflet.app)
    page = browser.post(leaflet.me_link(leaflet.who("tea")), data={"lang": "en"}).text
    assert 'value="factor-off visits"' in page
    assert 'value="factor-off coupons"' not in page


def test_what_differs_between_people_is_not_told_as_the_offers(tmp_path):
    """A campaign that declares such a column to be about the offer decides about nobody."""
    with pytest.raises(DataError, match="coupons is declared to be about the offer, and people have different values"):
        assembly.run_campaign(_leaflet(tmp_path / "differs", is_same=False), at=AT)
