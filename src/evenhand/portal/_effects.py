"""What came of a choice: counted over the decisions that are recorded, not taken from what was promised."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from ._facts import Effect

__all__ = ["Trace", "effect_of"]


@dataclass(frozen=True, slots=True)
class Trace:
    """What one recorded decision used of a person.

    Attributes:
        at: the moment for which it was made.
        used: columns of which it has a code of this person.
        is_personal: whether it was personalised at all.
        reached_directly: whether it gave an offer on a channel that is aimed at the person.
        purpose: the DPV term that it was made for.
        campaign: id of its campaign.
    """

    at: datetime
    used: frozenset[str]
    is_personal: bool
    reached_directly: bool
    purpose: str = ""
    campaign: str = ""


def effect_of(kind: str, about: str, since: datetime, traces: Iterable[Trace]) -> Effect:
    """Decisions after a choice, and how many of them went against it.

    Args:
        kind: ``factor``, ``opt_out``, ``consent`` (a no), ``signal`` (that stops all personal use) or ``objection``.
        about: of a factor the column, of a consent the purpose.
        since: when the choice was made.
        traces: everything that was decided about the person.

    Example:
        >>> from datetime import UTC
        >>> days = [datetime(2026, 1, day, tzinfo=UTC) for day in (1, 2, 3)]
        >>> traces = [Trace(day, frozenset({"visits"} if day.day < 3 else ()), True, False) for day in days]
        >>> effect = effect_of("factor", "visits", days[1], traces)
        >>> effect.decisions, effect.against
        (1, 0)
    """
    later = [one for one in traces if one.at > since and (kind != "consent" or one.purpose == about)]
    match kind:
        case "factor":
            against = sum(about in one.used for one in later)
        case "opt_out" | "consent" | "signal":
            against = sum(one.is_personal for one in later)
        case _:
            against = sum(one.is_personal or one.reached_directly for one in later)
    return Effect(since, len(later), against)
