"""What a person decided who looked at a decision again (GDPR 22(3)), told beside the decision as it was recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evenhand.policy import Campaign

from ._line import Line
from ._tell import Explanation, Review
from ._text import day, text

__all__ = ["REVIEWED", "reviewed"]

REVIEWED = "reviewed"
"""Key of the line that tells of a review."""


def reviewed(told: Explanation, reviews: Sequence[Review], campaign: Campaign) -> Explanation:
    """The explanation with the reviews of its decision, told before everything else; the record stays as it was.

    Args:
        told: the decision as it was recorded.
        reviews: oldest first.
        campaign: as it was when the decision was made.

    Returns:
        The same explanation where there are none.
    """
    if not reviews:
        return told
    offers = {offer.id: str(getattr(offer.text, told.lang)) for offer in campaign.offers}
    lines = [Line(REVIEWED, 1, _words(one, offers, told.lang)) for one in reviews]
    return replace(told, lines=(*lines, *told.lines), reviews=tuple(reviews))


def _words(one: Review, offers: dict[str, str], lang: str) -> str:
    seen = text("why.reviewed", lang, day=day(one.at, lang))
    if not one.changed:
        return f"{seen} {text('why.reviewed-kept', lang)}"
    offer = offers.get(one.offer, one.offer)
    now = text("why.reviewed-offer", lang, offer=offer) if offer else text("why.reviewed-no-offer", lang)
    return f"{seen} {now} {text('why.reviewed-record', lang)}"
