"""Once a limit has nothing left, the page says so, and what it foretells is what is decided later."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from evenhand import assembly
from evenhand.explanation import LANGUAGES
from evenhand.portal import Factors, Place, otherwise, why_page
from portal_cases import AT, Shop, name_of, write_corner_shop

PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")
PEOPLE = [name_of(number) for number in range(160) if number % 7 != 6]
SOME = PEOPLE[:40]


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


NO_TEA = {
    "capacity: 90": "capacity: 20",
    "cost: 0.10, capacity: 120": "cost: 1.50, capacity: 900",
    "budget: 14": "budget: 400",
}
NO_MONEY = {"budget: 14": "budget: 6"}


@pytest.fixture(params=[NO_TEA, NO_MONEY])
def used_up(request, tmp_path):
    """A shop without a place for tea, and one without money."""
    campaign = write_corner_shop(tmp_path / "shop", people=160)
    text = campaign.read_text("utf-8")
    for said, instead in request.param.items():
        text = text.replace(said, instead)
    campaign.write_text(text, "utf-8")
    shop = Shop(campaign, assembly.run_campaign(campaign, at=AT))
    for day in (1, 2):  # the limit, once more for later people, is used up by these
        shop.decide_all(PEOPLE, AT + timedelta(days=day))
    return shop


def _decided(shop, people, day):
    return {one["person"]: one for one in shop.decide_all(people, AT + timedelta(days=day))}


def _is_money(shop):
    return "budget: 6" in shop.campaign.read_text("utf-8")


def test_what_is_foretold_once_a_limit_is_used_up_is_what_happens(used_up):
    """Two facts switched off and decided again, everybody gets what was foretold; nobody is foretold what is used up,
    and nobody is left out."""
    now, promised = _decided(used_up, PEOPLE, 3), {}
    for person in SOME:
        found, run = used_up.house.desk(person).record.decision(now[person]["decision"])
        promised[person] = otherwise(found, run.campaign, run.model, run.policy, ("visits", "tea_drinker"))
        used_up.now = AT + timedelta(days=4)
        used_up.house.desk(person).do(Factors(("visits", "tea_drinker"), off=True), "nl")
    offers = [offer.id for offer in run.campaign.offers]
    for person, after in _decided(used_up, SOME, 5).items():
        expected = promised[person]
        assert (offers[expected.offer] if expected.offer >= 0 else None) == after["offer"]
    changed = sum(not one.is_same for one in promised.values())
    assert (changed > 2) == (not _is_money(used_up))


SAID = {
    "nl": ("het geld van deze campagne", "de plaatsen voor dat aanbod", "hele aantallen", "geen prijs op deze plaats"),
    "en": ("the money of this campaign", "the places for that offer", "whole numbers", "put no price on this place"),
}


def test_the_reason_says_what_was_used_up(used_up):
    """Whoever's best offer had no place left reads which limit it was; not that places are whole numbers, nor that no
    limit put a price on a place that was not there; and no change is named that would have led to what was used up."""
    is_money, said = _is_money(used_up), 0
    for number, (person, one) in enumerate(_decided(used_up, SOME, 3).items()):
        desk, lang = used_up.house.desk(person), LANGUAGES[number % 2]
        found, _ = desk.record.decision(one["decision"])
        why = desk.why(one["decision"], lang)
        assert not is_money or "change" not in [line.key for line in why.told.lines]
        if not found.moved:
            continue
        said += 1
        money, places, whole, free = SAID[lang]
        page = _words(why_page(why, PLACE))
        assert (money if is_money else places) in page
        assert whole not in page
        assert found.offer >= 0 or free not in page
        assert assembly.why(one["decision"], home=used_up.home.folder, lang=lang).headline == why.told.headline
    assert said > 3
