"""When must a request be answered? Calendar arithmetic as the law does it, with no look at a clock."""

from __future__ import annotations

import calendar
from collections.abc import Container
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from evenhand.terms import UsageError

from ._clocks import Period, Unit, clock_on
from ._countries import country_on
from ._words import Law, RequestKind

__all__ = [
    "Deadlines",
    "after",
    "deadlines_of",
    "local_day",
    "moment_after",
    "public_holidays",
]

NO_HOLIDAYS: frozenset[date] = frozenset()


@dataclass(frozen=True, slots=True)
class Deadlines:
    """The dates of one request, in the calendar of the controller.

    Attributes:
        received: the day on which it came.
        due: the day to work to: by then it is answered, unless it was extended.
        legal_due: the last day by Regulation 1182/71 3(4): where `due` is a Saturday, Sunday or public holiday, the
            next working day. It is shown apart, and nothing is counted from it.
        latest: the last day where it was extended; the same as `due` where the law knows no extension.
        legal_latest: likewise, moved to a working day.
        confirm: the day by which its receipt is confirmed; None where the law names none.
        extend_until: the last day on which it may be extended; None where the law knows no extension.
        counted_by: the periods that it was counted by, as they held on the day on which it came.
    """

    received: date
    due: date
    legal_due: date
    latest: date
    legal_latest: date
    confirm: date | None
    extend_until: date | None
    counted_by: tuple[Period, ...] = ()

    @property
    def days(self) -> dict[str, date | None]:
        """Every day by its name."""
        names = ("received", "due", "legal_due", "latest", "legal_latest", "confirm", "extend_until")
        return {name: getattr(self, name) for name in names}


def after(start: date, period: Period, holidays: Container[date] = NO_HOLIDAYS) -> date:
    """The day on which a period ends that begins on `start`.

    A month ends on the day with the same number, or on the last day of a month that has none (GDPR 12(3) as the ICO
    and the EDPB count it). Working days are Monday to Friday that are no holiday; `start` is not counted.

    Raises:
        UsageError: the period is counted in hours, which have no day.

    Example:
        >>> after(date(2024, 1, 31), clock_on("gdpr.answer", date(2024, 1, 31)))
        datetime.date(2024, 2, 29)
    """
    if period.unit is Unit.DAYS:
        return start + timedelta(days=period.amount)
    if period.unit is Unit.WORKING_DAYS:
        day = start
        for _ in range(period.amount):
            day = _working_day(day + timedelta(days=1), holidays)
        return day
    if period.unit is Unit.HOURS:
        raise UsageError(
            "period-in-hours",
            "A period in hours has no day on which it ends.",
            rule="GDPR 33(1) counts hours from a moment",
            remedy="use moment_after, with the moment",
        )
    months = period.amount * (12 if period.unit is Unit.YEARS else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    return date(year, month + 1, min(start.day, calendar.monthrange(year, month + 1)[1]))


def moment_after(start: datetime, period: Period) -> datetime:
    """The moment at which a period in hours ends: plain clock hours, weekends included.

    Example:
        >>> from datetime import UTC
        >>> known = datetime(2026, 11, 20, 17, tzinfo=UTC)
        >>> moment_after(known, clock_on("gdpr.leak-to-authority", known.date())).isoformat()
        '2026-11-23T17:00:00+00:00'
    """
    return start + timedelta(hours=period.amount)


def deadlines_of(kind: RequestKind, law: Law, received: date, holidays: Container[date] = NO_HOLIDAYS) -> Deadlines:
    """The dates of a request that came on a day.

    Args:
        kind: what is asked.
        law: by which law; which one applies is a person's judgement.
        received: in the calendar of the controller.
        holidays: public holidays there.

    Example:
        >>> dates = deadlines_of(RequestKind.ACCESS, Law.GDPR, date(2026, 3, 5))
        >>> dates.due.isoformat(), dates.legal_due.isoformat(), dates.latest.isoformat()
        ('2026-04-05', '2026-04-06', '2026-06-05')
    """
    names = _counted_by(kind, law)
    periods = {what: clock_on(name, received) for what, name in names.items()}
    ends = {what: after(received, period, holidays) for what, period in periods.items()}
    due = ends["due"]
    latest = due if kind.is_at_once else ends.get("latest", due)
    used = tuple(period for what, period in periods.items() if what != "latest" or not kind.is_at_once)
    return Deadlines(
        received,
        due,
        _working_day(due, holidays),
        latest,
        _working_day(latest, holidays),
        ends.get("confirm"),
        None if kind.is_at_once else due,
        used,
    )


def _counted_by(kind: RequestKind, law: Law) -> dict[str, str]:
    """Which clock counts what."""
    if law is Law.GDPR:
        return {"due": "gdpr.answer", "latest": "gdpr.answer-extended"}
    if kind.is_at_once:
        return {"due": "ccpa.opt-out"}
    return {"due": "ccpa.answer", "latest": "ccpa.answer-extended", "confirm": "ccpa.confirm"}


def local_day(moment: datetime, country: str) -> date:
    """The day of a moment in the calendar of a country: deadlines are counted in the controller's time zone.

    A country with several zones counts by the one in which we know its rules (US: California); one that we do not
    know counts in UTC.

    Example:
        >>> from datetime import UTC
        >>> local_day(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), "NL").isoformat()
        '2026-11-23'
    """
    return moment.astimezone(ZoneInfo(time_zone(country, moment.date()))).date()


def time_zone(country: str, day: date | None = None) -> str:
    """The time zone in which a country's days are counted, as IANA names it; ``UTC`` of a country that we do not know.

    Args:
        country: ISO 3166.
        day: as it was then; None = as it is.

    Example:
        >>> time_zone("NL"), time_zone("GR"), time_zone("XX")
        ('Europe/Amsterdam', 'Europe/Athens', 'UTC')
    """
    known = country_on(country, day)
    return known.zone if known else "UTC"


def local_moment(moment: datetime, country: str) -> datetime:
    """A moment that somebody wrote down; where they named no zone, by the clocks of their country.

    Of an hour that the clocks show twice it is the first.

    Example:
        >>> local_moment(datetime(2026, 11, 27, 12), "NL").isoformat()
        '2026-11-27T12:00:00+01:00'
    """
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(time_zone(country, moment.date())))


@cache
def public_holidays(country: str) -> Container[date]:
    """Public holidays of a country (US: of California); none of a country that the library does not know."""
    import holidays

    if country not in holidays.list_supported_countries():
        return NO_HOLIDAYS
    known = country_on(country)
    return holidays.country_holidays(country, subdiv=known.holidays or None if known else None)


def _working_day(day: date, holidays: Container[date]) -> date:
    """This day, or the next one that is neither in a weekend nor a holiday."""
    while day.weekday() >= 5 or day in holidays:
        day += timedelta(days=1)
    return day
