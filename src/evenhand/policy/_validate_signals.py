"""Rules about signals of browsers and apps: what must be declared, and what would count for nothing."""

from __future__ import annotations

from collections.abc import Iterator

from evenhand.terms import Surface, Use

from ._campaign import Campaign
from ._finding import PolicyFinding, found
from ._purposes import tcf_covers

__all__ = ["review_signals"]

_PATH = ("consents", "signals")
_TAKEN = {"subject", "kind", "purpose", "status", "at"}


def review_signals(campaign: Campaign) -> Iterator[PolicyFinding]:
    """Everything that is wrong about the signals that a campaign declares."""
    signals = None if campaign.consents is None else campaign.consents.signals
    if signals is None:
        return
    columns = tuple(signals.columns.values())
    if not columns:
        yield found(
            "EH-POL-100",
            _PATH,
            "Signals are declared, and no column that holds one is named.",
            "Name the columns of the consents table: tcf, gpp, us_privacy or gpc.",
        )
    if len(set(columns)) < len(columns) or _TAKEN & set(columns):
        yield found(
            "EH-POL-101",
            _PATH,
            "Two signals name one column, or a signal names a column that means something else.",
            "Give each signal a column of its own; subject, kind, purpose, status and at have their own meaning.",
        )
    if "tcf" in signals.columns and (campaign.channel.is_direct or not tcf_covers(campaign.purpose)):
        what = f"the channel {campaign.channel}" if campaign.channel.is_direct else f"the purpose {campaign.purpose}"
        yield found(
            "EH-POL-102",
            (*_PATH, "tcf"),
            f"A TC string is about advertising on a site or in an app, so it counts for nothing with {what}.",
            "Record the consent for this purpose itself (kind consent), or take tcf out.",
        )
    if campaign.surface is Surface.ONLINE_PLATFORM and {Use.SHARING, Use.TARGETED_ADVERTISING} - set(signals.uses):
        yield found(
            "EH-POL-103",
            (*_PATH, "uses"),
            "On somebody else's platform data is shared and advertising is targeted, and uses does not say so.",
            "Add sharing and targeted_advertising to uses, or set surface: own.",
        )
    if not signals.uses:
        yield found(
            "EH-POL-104",
            (*_PATH, "uses"),
            "The campaign says that it sells and shares nothing, so no opt-out signal stops it.",
            "Check that every column was seen by your own organisation, in the context where the offer is shown.",
        )
