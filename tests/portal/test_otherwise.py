"""What the page says would have been decided without a fact is what is decided once it is switched off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from evenhand.assembly import open_ledger, why
from evenhand.ledger import facts
from evenhand.portal import Factors, otherwise
from portal_cases import AT, name_of

SETS = (("visits",), ("tea_drinker",), ("big_spender", "days"), ("visits", "tea_drinker", "big_spender", "days"))


def test_the_promise_is_what_happens(shop):
    """For sixty people and four sets of facts: switched off, decided again with the same prices, the same offer comes
    out as was promised; whoever a limit moved is told nothing beforehand, or is left out afterwards."""
    people = [name_of(number) for number in range(60) if number % 7 != 6]
    compared = changed = 0
    for day, names in enumerate(SETS, start=2):
        now = AT + timedelta(days=day)
        promised = {}
        for person in people:
            desk = shop.house.desk(person)
            found, run = desk.record.decision(shop.decision_of(person))
            promised[person] = otherwise(found, run.campaign, run.model, run.policy, names)
        offers = [offer.id for offer in run.campaign.offers]
        shop.now = now
        for person in people:
            shop.house.desk(person).do(Factors(names, off=True), "nl")
        decided = shop.decide_all(people, now + timedelta(hours=1))
        with open_ledger(shop.home) as store:
            for one in decided:
                after = facts(store, one["decision"])
                expected = promised[one["person"]]
                if expected is None or after.moved:
                    continue
                assert (offers[expected.offer] if expected.offer >= 0 else None) == one["offer"]
                assert all((after.codes[place] == 0).all() for place in after.switched_off)
                assert len(after.switched_off) == len(names)
                compared += 1
                changed += not expected.is_same
        shop.now = now + timedelta(hours=2)
        for person in people:
            shop.house.desk(person).do(Factors(names, off=False), "nl")
    assert compared > 150
    assert 20 < changed < compared


def test_nothing_is_promised_where_nothing_personal_decided(shop):
    """Without personalisation there is nothing to switch off, and so nothing to foretell."""
    person = shop.who(None, "contextual")
    found, run = shop.house.desk(person).record.decision(shop.decision_of(person))
    assert otherwise(found, run.campaign, run.model, run.policy, ["visits"]) is None


def test_nothing_is_promised_without_prices(shop):
    """A run that kept no prices for later people cannot say what another decision had been."""
    person = shop.who("tea")
    found, run = shop.house.desk(person).record.decision(shop.decision_of(person))
    assert otherwise(found, run.campaign, run.model, None, ["visits"]) is None
    assert otherwise(found, run.campaign, run.model, run.policy, []).is_same


@pytest.mark.parametrize("lang", ["nl", "en"])
def test_the_explanation_of_the_next_decision_says_who_switched_it_off(shop, lang):
    """A fact that was switched off is among what did not count, with the reason."""
    person = shop.who("tea")
    shop.house.desk(person).do(Factors(("visits",), off=True), lang)
    decided = shop.decide(person, shop.now + timedelta(hours=1))
    told = why(decided["decision"], home=shop.home.folder, lang=lang)
    assert "visits" not in [factor.name for factor in told.factors]
    assert told.not_used[0][1] == {"nl": "u zette dit uit", "en": "you switched this off"}[lang]
