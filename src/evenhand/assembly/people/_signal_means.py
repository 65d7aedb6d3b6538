"""What a signal of a browser or an app means for what one campaign does."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum, unique

import numpy as np

from evenhand.permission import hear
from evenhand.policy import Campaign

from ..runs._consents import AS_OPT_OUTS

__all__ = ["GPC", "GPC_ON", "Means", "means_of", "says_no", "strongest"]

GPC = "gpc"
GPC_ON = "1"
"""Its one value, as a record of it has it."""


@unique
class Means(StrEnum):
    """What a signal means for what a campaign does, the weakest first; of several the last here counts."""

    NOTHING = "nothing"
    """It says nothing about this."""
    OPEN = "open"
    """The person did not opt out. It is no consent."""
    PERMITS = "permits"
    UNUSABLE = "unusable"
    """It grants nothing: too old, of somebody else, or the person was not asked."""
    UNCLEAR = "unclear"
    """Nobody can say whether it opts out, so no personal data is used."""
    REFUSES = "refuses"
    OPTS_OUT = "opts-out"


_ORDER = tuple(Means)
_WORDS = {
    "SIGNAL_GIVEN": Means.PERMITS,
    "SIGNAL_REFUSED": Means.REFUSES,
    "SIGNAL_UNUSABLE": Means.UNUSABLE,
    "OPEN": Means.OPEN,
    "UNCLEAR": Means.UNCLEAR,
    "OPTED_OUT": Means.OPTS_OUT,
}


def means_of(name: str, signal: str, campaign: Campaign, at: datetime) -> Means:
    """What a signal in a table, or a string that the home recorded, means for what one campaign does, to whoever
    received it at that moment.

    Example:
        >>> from types import SimpleNamespace
        >>> from evenhand.terms import Channel
        >>> campaign = SimpleNamespace(purpose="PersonalisedAdvertising", channel=Channel.WEB, consents=None)
        >>> means_of("us_privacy", "1YYN", campaign, datetime(2026, 1, 1, tzinfo=UTC)).value
        'opts-out'
    """
    moment = np.array([at.astimezone(UTC).replace(tzinfo=None)], dtype="datetime64[us]")
    heard = hear({name: [signal]}, moment, campaign, AS_OPT_OUTS)
    now = int(moment.astype(np.int64)[0])
    return strongest(
        Means.UNUSABLE if until < now else _WORDS[word]
        for word, until in zip(heard.words, heard.until.tolist(), strict=True)
    )


def strongest(found: Iterable[Means]) -> Means:
    """Of several the one that permits least."""
    return max(found, key=_ORDER.index, default=Means.NOTHING)


def says_no(found: Iterable[Means]) -> bool:
    """Whether what signals mean holds something back that the person would be asked for."""
    return strongest(found) in (Means.REFUSES, Means.OPTS_OUT, Means.UNCLEAR)
