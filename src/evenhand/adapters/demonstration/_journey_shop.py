"""The demonstration campaign on the web shop: the same households and offers, on another channel, and more of it."""

from __future__ import annotations

import re

__all__ = ["on_the_web"]

_INSTEAD = {
    "# The demonstration campaign: which coupon offer does each grocery household get in the next leaflet?": (
        "# The demonstration campaign.yaml on the grocer's web shop: which coupon offer does a household see there?"
    ),
    "campaign: spring-coupons": "campaign: shop-coupons",
    "Post is a direct channel: whoever objected or did not consent gets nothing at all. Whoever only\n"
    "# wants no personalisation gets an offer chosen without any personal data.\nchannel: post": (
        "A shop is no direct channel: whoever objected, did not consent or wants\n"
        "# no personalisation sees an offer chosen without any personal data.\nchannel: web"
    ),
    "budget: 90.00                  # for printing": "budget: 300.00                 # for showing them",
    "total: 1000                  # at most so many households are written to": (
        "total: 3000                  # at most so often one is shown"
    ),
}
_CAPACITY = re.compile(r"(?<=^    capacity: )\d+$", re.MULTILINE)
_MORE = 4
"""Times as often can an offer be shown as it can be printed."""


def on_the_web(campaign: str) -> str:
    """The text of the campaign file for the web shop, out of that of the leaflet."""
    for leaflet, shop in _INSTEAD.items():
        campaign = campaign.replace(leaflet, shop)
    return _CAPACITY.sub(lambda found: str(_MORE * int(found[0])), campaign)
