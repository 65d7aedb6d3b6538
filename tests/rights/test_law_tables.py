"""What the law says by number, day and country stands in tables with dates, and an answer names the version it used."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from evenhand.rights import (
    CLOCKS,
    COUNTRIES,
    Law,
    RequestKind,
    Said,
    Sender,
    asking_again_after,
    authority_of,
    clock_on,
    complaint_to,
    country_on,
    deadlines_of,
    local_day,
    may_ask_again_from,
    public_holidays,
    time_zone,
)

EEA = re.findall(r"\w+", "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK")
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize("versions", [*CLOCKS.values(), *COUNTRIES.values()])
def test_versions_follow_each_other_without_a_gap(versions):
    """Each begins where the one before ends, and the last has no end."""
    for before, after in pairwise(versions):
        assert before.until == after.since
    assert versions[-1].until is None


def test_every_clock_names_its_text_and_every_law_its_first_day_and_place():
    """Only what is no law (a specification of the industry) has neither."""
    for period in (one for versions in CLOCKS.values() for one in versions):
        assert period.source
        assert period.known_from in ("text", "summary", "memory")
        assert (period.since is None) == (period.place == "") == (period.clock == "tcf.refresh")


def test_a_deadline_names_the_version_that_held_when_the_request_came():
    """California moved its rules in 2023: an opt-out of 2022 was counted by the text of 2022."""
    texts = [
        [one.source for one in deadlines_of(RequestKind.OPT_OUT, Law.CCPA, day).counted_by]
        for day in (date(2022, 6, 1), date(2023, 3, 28), date(2023, 3, 29))
    ]
    assert texts == [["11 CCR 999.315"], ["11 CCR 999.315"], ["11 CCR 7026(f)"]]
    access = deadlines_of(RequestKind.ACCESS, Law.GDPR, date(2026, 3, 5)).counted_by
    assert [(one.source, one.since) for one in access] == [
        ("GDPR 12(3)", date(2018, 5, 25)),
        ("GDPR 12(3): two further months", date(2018, 5, 25)),
    ]
    assert clock_on("gdpr.answer", date(2001, 1, 1)) == clock_on("gdpr.answer", date(2026, 1, 1))


def test_every_country_of_the_eea_has_its_own_clock_and_authority():
    """A request counts in the controller's own days; Germany has an authority per Land, so none is named."""
    assert set(EEA) <= set(COUNTRIES)
    for code in EEA:
        country = country_on(code)
        assert ZoneInfo(country.zone)
        assert bool(country.authority) == bool(country.web) == (code != "DE")
        assert date(2026, 12, 25) in public_holidays(code)
    assert local_day(datetime(2026, 11, 28, 22, 30, tzinfo=UTC), "RO") == date(2026, 11, 29)
    assert (time_zone("HR"), time_zone("XX")) == ("Europe/Zagreb", "UTC")


def test_a_letter_names_the_authority_of_its_day():
    """Sweden's has another name since 2021; of a country that is not in the table none is named."""
    shop = Sender("Shop", "privacy@shop.example", "SE")
    assert "Datainspektionen" in complaint_to(shop, "en", date(2020, 12, 31))
    assert authority_of(shop) == "Integritetsskyddsmyndigheten (imy.se)"
    assert "the one for data protection in your country" in complaint_to(Sender("S", "s@s.example", "DE"), "en")
    assert authority_of(Sender("S", "s@s.example", "XX")) == ""


def _said(status, at=NOON, kind="sale", purpose=""):
    return Said(kind, purpose, status, at)


def test_nobody_is_asked_for_a_yes_to_sale_within_twelve_months_of_a_no():
    """Cal. Civ. Code 1798.135(c)(4): counted from the last no, browser signals included, until they took it back."""
    assert asking_again_after(NOON) == date(2027, 11, 29)
    assert may_ask_again_from([]) is None
    assert may_ask_again_from([_said("SaleOptedOut")]) == date(2027, 11, 29)
    later = datetime(2027, 2, 1, tzinfo=UTC)
    assert may_ask_again_from([_said("SignalledNo", later, "signal", "gpc"), _said("SaleOptedOut")]) == date(2028, 2, 2)
    assert may_ask_again_from([_said("SaleOptedOut"), _said("SaleOptOutWithdrawn", later)]) is None
    assert may_ask_again_from([_said("Objected", kind="objection"), _said("OptedOut", kind="opt_out")]) is None


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "America/New_York"])
@pytest.mark.parametrize("hour", [0, 8, 23])
def test_twelve_months_have_passed_when_somebody_may_ask_again(zone, hour):
    """Day 364 is too early, day 366 is not; by the clocks of UTC and of the United States."""
    out = datetime(2026, 11, 28, hour, 59, tzinfo=UTC)
    begins = datetime.combine(asking_again_after(out), time(), ZoneInfo(zone))
    assert begins >= out.replace(year=2027)
    assert out.date() + timedelta(days=364) < asking_again_after(out) <= out.date() + timedelta(days=366)
