"""Limits between groups that changed a decision stand on the person's page, apart from money and places."""

from __future__ import annotations

import csv
import random
import re
from dataclasses import replace
from html import unescape

import pytest

from evenhand import assembly
from evenhand.allocation import CLOSED, one_decider
from evenhand.explanation import money
from evenhand.portal import Place, how_page, why_page
from portal_cases import AT, Shop, write_corner_shop

PLACE = Place("/why/x", "/portal.css", "/how", "/why/x")


def _words(page):
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture(scope="module")
def uneven(tmp_path_factory):
    """A shop whose women come less often, and that must reach both sexes almost equally often."""
    campaign = write_corner_shop(tmp_path_factory.mktemp("uneven"))
    people, draw = campaign.with_name("people.csv"), random.Random(11)
    with people.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["sex"] = "f" if draw.random() < (0.8 if int(row["visits"]) < 9 else 0.2) else "m"
    with people.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    campaign.write_text(campaign.read_text("utf-8").replace("bound: 0.8", "bound: 0.95"), "utf-8")
    return Shop(campaign, assembly.run_campaign(campaign, at=AT))


@pytest.fixture(scope="module")
def told(uneven):
    """Offers that prices alone gave over personal data, with what the rule gives without the groups' part."""
    return list(_told(uneven))


def _told(shop):
    for person in shop.run.columns["person"][:110]:
        desk = shop.house.desk(person)
        found, run = desk.record.decision(shop.decision_of(person))
        if found.standing.name != "PERSONALISED" or found.moved:
            continue
        bare = one_decider(replace(run.policy, leaf_price=()), run.model)
        if found.offer < 0:
            continue
        told = run.told(found, "en")
        values = [CLOSED, CLOSED]
        for offer, value in ((found.runner_up, found.runner_up_value), (found.offer, found.value)):
            if offer >= 0:
                values[offer] = value
        yield person, found, told, bare(None, values, found.subject.encode()), run


def test_a_limit_between_groups_that_decided_is_in_the_first_sentence(told):
    """Of everybody with an offer: the sentence says that the limit decided exactly where the rule without its part of
    the price gives another answer, and which answer."""
    decided = 0
    for _, found, why, without, run in told:
        said = "What decided: this campaign must reach groups about equally often (sex)." in why.headline
        assert said == (without.offer != found.offer)
        if said and without.offer < 0:
            assert "Without that you would have got no offer." in why.headline
        elif said:
            assert f'Without that you would have got "{run.campaign.offers[without.offer].text.en}".' in why.headline
        decided += said
    assert decided > 3


def test_the_groups_part_of_the_price_has_its_own_sentence(uneven, told):
    """Dearer or cheaper, with the amount of that part alone; budget and places are told apart from it."""
    ways = set()
    for number, (person, found, why, _, run) in enumerate(told):
        part = found.price - run.policy.offer_price[found.offer]
        lines = {line.key: line.text for line in why.lines}
        if not part and not (found.runner_up_price - run.policy.offer_price[found.runner_up]):
            assert "groups" not in lines
            continue
        ways.add((part > 0) - (part < 0))
        assert "Which group you belong to was not read for that." in lines["groups"]
        if part:
            assert f"{money(abs(part), 'EUR', 'en')} {'dearer' if part > 0 else 'cheaper'}" in lines["groups"]
        assert money(run.policy.offer_price[found.offer], "EUR", "en") in lines["price"]
        assert money(found.price, "EUR", "en") not in lines["price"] or not part
        if number % 10:
            continue
        page = _words(why_page(uneven.house.desk(person).why(found.decision_id, "nl"), PLACE))
        assert "Deze campagne moet groepen ongeveer even vaak bereiken (geslacht)." in page
        assert "geslacht : apart bewaard en niet gelezen voor deze beslissing" in page
    assert {-1, 1} <= ways


@pytest.mark.parametrize(("lang", "said"), [("nl", "groepen ongeveer even vaak"), ("en", "groups about equally often")])
def test_the_page_on_how_it_works_says_that_limits_and_lots_exist(lang, said):
    """Once, in plain words: limits can change what somebody gets, and a lot chooses between equals."""
    page = _words(how_page("Shop", "privacy@shop.example", PLACE, lang))
    assert page.count(said) == 1
    assert ("precies gelijk" if lang == "nl" else "exactly equal") in page
