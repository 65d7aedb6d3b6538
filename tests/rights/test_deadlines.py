"""When a request must be answered: the vectors of each law, and what no vector says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenhand.rights import (
    CLOCKS,
    Law,
    RequestKind,
    Unit,
    after,
    clock_on,
    deadlines_of,
    local_day,
    moment_after,
    public_holidays,
)
from evenhand.terms import UsageError

LEAK = clock_on("gdpr.leak-to-authority", date(2026, 1, 1))
DAYS = st.dates(date(2018, 5, 25), date(2100, 12, 31))


def test_a_month_is_a_calendar_month(clocks):
    """G-12. One month and three, for every case of GDPR 12(3): the same day number, else the last of the month."""
    for case in clocks["gdpr_art_12_3"]["cases"]:
        dates = deadlines_of(RequestKind.ACCESS, Law.GDPR, date.fromisoformat(case["received"]))
        assert dates.due.isoformat() == case["one_month"]
        assert dates.latest.isoformat() == case["max_with_extension"]
        assert dates.due.strftime("%A") == case["weekday_of_deadline"]


def test_the_weekend_rule_stands_apart():
    """A Sunday stays the day to work to; the last legal day is the Monday, or the day after Easter Monday."""
    dutch = public_holidays("NL")
    dates = deadlines_of(RequestKind.ACCESS, Law.GDPR, date(2026, 3, 5), dutch)
    assert (dates.due, dates.legal_due) == (date(2026, 4, 5), date(2026, 4, 7))


def test_california_counts_days_and_working_days(clocks):
    """C-7021: 45 and 90 days from receipt. C-7026: 15 working days for an opt-out, holidays between or not."""
    for case in clocks["ccpa_know_delete_correct"]["cases"]:
        dates = deadlines_of(RequestKind.ERASURE, Law.CCPA, date.fromisoformat(case["received"]))
        assert dates.due.isoformat() == case["respond_45_calendar_days"]
        assert dates.latest.isoformat() == case["max_90_calendar_days"]
    plain, thanksgiving = clocks["ccpa_opt_out_and_limit"]["cases_mon_fri_no_holidays"]
    received = date.fromisoformat(plain["received"])
    assert deadlines_of(RequestKind.OPT_OUT, Law.CCPA, received).due.isoformat() == plain["latest"]
    one = frozenset({date(2026, 11, 26)})
    later = deadlines_of(RequestKind.OPT_OUT, Law.CCPA, received, one)
    assert later.due.isoformat() == thanksgiving["latest_if_2026-11-26_is_a_holiday"]
    assert deadlines_of(RequestKind.ACCESS, Law.CCPA, received, one).confirm == date(2026, 12, 8)


def test_a_leak_is_told_within_hours(clocks):
    """Plain clock hours, weekend included."""
    for case in clocks["gdpr_art_33"]["cases"]:
        due = moment_after(datetime.fromisoformat(case["aware"]), LEAK)
        assert due == datetime.fromisoformat(case["due"])
    with pytest.raises(UsageError, match="no day on which it ends"):
        after(date(2026, 1, 1), LEAK)


def test_every_other_clock_of_the_vectors_is_known(clocks):
    """The numbers that the vectors give for other laws stand in the table, with their unit."""
    york, colorado, risk = clocks["ny_ll144"], clocks["co_sb26_189"], clocks["ccpa_risk_assessment"]
    expected = {
        "ny-ll144.audit-age": (york["audit_max_age_days"], Unit.DAYS),
        "ny-ll144.notice": (york["notice_business_days"], Unit.WORKING_DAYS),
        "ny-ll144.information": (york["info_request_days"], Unit.DAYS),
        "ny-ll144.results-online": (york["results_online_after_last_use_months"], Unit.MONTHS),
        "co-sb26-189.explanation": (colorado["adverse_outcome_explanation_days"], Unit.DAYS),
        "co-sb26-189.records": (colorado["records_years"], Unit.YEARS),
        "ccpa.assessment-update": (risk["update_after_material_change_days"], Unit.DAYS),
        "ccpa.assessment-review": (3, Unit.YEARS),
        "ccpa.assessment-keep": (5, Unit.YEARS),
        "ccpa.ask-again": (12, Unit.MONTHS),
        "gdpr.inform-indirect": (1, Unit.MONTHS),
        "tcf.refresh": (13, Unit.MONTHS),
    }
    assert {name: (CLOCKS[name][-1].amount, CLOCKS[name][-1].unit) for name in expected} == expected
    assert clock_on("co-sb26-189.records", date(2027, 1, 1)).since == date.fromisoformat(colorado["in_force"])


def test_the_day_is_the_controllers():
    """Half past midnight in Amsterdam is that day there, and the day before in UTC and California."""
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)
    assert [local_day(moment, country).day for country in ("NL", "US", "XX")] == [23, 22, 22]


@given(DAYS)
def test_dates_are_in_order_and_no_month_is_longer_than_31_days(received):
    """Received, due, latest; the legal day is never before the day to work to, nor on a weekend."""
    dates = deadlines_of(RequestKind.PORTABILITY, Law.GDPR, received)
    assert received + timedelta(days=28) <= dates.due <= received + timedelta(days=31)
    assert dates.due < dates.latest <= received + timedelta(days=92)
    for day, legal in ((dates.due, dates.legal_due), (dates.latest, dates.legal_latest)):
        assert day <= legal <= day + timedelta(days=2)
        assert legal.weekday() < 5


@pytest.mark.parametrize("kind", [RequestKind.OBJECTION, RequestKind.OPT_OUT])
def test_what_holds_at_once_is_never_extended(kind):
    """There is no second date to reach for."""
    dates = deadlines_of(kind, Law.GDPR, date(2026, 1, 31))
    assert (dates.latest, dates.extend_until) == (dates.due, None)
