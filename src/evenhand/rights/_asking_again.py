"""From which day may somebody ask for a yes to sale or sharing again, after a no? (Cal. Civ. Code 1798.135(c)(4))"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta

from ._clocks import clock_on
from ._consents import Said
from ._deadlines import after

__all__ = ["asking_again_after", "may_ask_again_from"]


def asking_again_after(opted_out: datetime) -> date:
    """The first day on which whoever opted out of sale and sharing may be asked again: when it begins, twelve months
    have passed, by the clocks of UTC and of the United States.

    Example:
        >>> asking_again_after(datetime(2026, 11, 28, 12, tzinfo=UTC)).isoformat()
        '2027-11-29'
    """
    day = opted_out.astimezone(UTC).date()
    return after(day, clock_on("ccpa.ask-again", day)) + timedelta(days=1)


def may_ask_again_from(history: Iterable[Said]) -> date | None:
    """From which day a person may be asked for a yes to sale or sharing; None where no opt-out of these stands.

    An opt-out is what they said, or Global Privacy Control; it stands until they took it back themselves. Their own yes
    is no answer to a question and counts at any time (11 CCR 7026, 7028).
    """
    out: datetime | None = None
    for one in sorted(history, key=lambda one: one.at):
        if one.status == "SaleOptedOut" or (one.kind == "signal" and one.purpose == "gpc" and one.is_no):
            out = one.at
        elif one.status == "SaleOptOutWithdrawn":
            out = None
    return asking_again_after(out) if out else None
