"""What is said beside a decision, made once: the offer's text, the words of its card, and who advertises to whom.

Sources: DSA 26(1) and the OpenRTB DSA extension of IAB Tech Lab with its names of 26 January 2024 (`behalf`, `paid`,
`adrender`, `transparency` with `dsaparams`: 1 profiling, 2 basic advertising); RULES D-26.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from ._texts import LANGUAGES, text

if TYPE_CHECKING:
    from evenhand.policy import Campaign

__all__ = ["ServedCampaign", "dsa_object"]

_MOST = 100
"""Characters of `behalf` and `paid` at most."""
_PROFILING, _BASIC = 1, 2
_HOST = re.compile(
    r"((?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}|(?:[^\W_][\w-]*\.)+xn--[a-z0-9-]+)\.?(?::\d+)?$"
)
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class ServedCampaign:
    """A campaign as answers tell of it. Made by `of`.

    Attributes:
        id: of the campaign.
        offers: JSON of each offer's id and texts, by id.
        ads: JSON of the words of the card, by `Answer.how`.
        dsa: JSON of the OpenRTB DSA object, by `Answer.how`.
        rows: people who are known.
        stops_at_gpc: whether Global Privacy Control reaches anything that the campaign does.
        is_default: whether a question that names no campaign is about this one.
    """

    id: str
    offers: Mapping[str, msgspec.Raw] = field(repr=False)
    ads: Mapping[str, msgspec.Raw] = field(repr=False)
    dsa: Mapping[str, msgspec.Raw] = field(repr=False)
    rows: int = 0
    stops_at_gpc: bool = True
    is_default: bool = False

    @classmethod
    def of(cls, campaign: Campaign, rows: int, *, is_default: bool = False) -> ServedCampaign:
        """Work out everything that is the same in every answer."""
        offers = {
            one.id: _raw({"id": one.id, "text": {"nl": one.text.nl, "en": one.text.en}, "made_by_ai": one.made_by_ai})
            for one in campaign.offers
        }
        labels = {"personal": "ad.label", "contextual": "ad.label-contextual", "chance": "ad.label-chance"}
        ads = {
            how: _raw({"text": {lang: label(campaign, key, lang) for lang in LANGUAGES}, "lead": "explanation"})
            for how, key in labels.items()
        }
        dsa = {how: _raw(dsa_object(campaign, is_profiling=how == "personal")) for how in labels}
        signals = campaign.consents.signals if campaign.consents is not None else None
        stops = signals is None or bool(signals.uses)
        return cls(campaign.campaign, offers, ads, dsa, rows, stops, is_default)

    def honours(self, standing: str) -> bool:
        """Whether a browser's Global Privacy Control was kept to in a decision: it was, unless the person said
        otherwise themselves, later than it was recorded and knowing of it."""
        return standing != "personalised" or not self.stops_at_gpc


def label(campaign: Campaign, key: str, lang: str) -> str:
    """The words of the card: on whose behalf, who pays where that is somebody else, and how it was chosen."""
    name = campaign.controller.name
    if campaign.payer:
        name = text("ad.name-and-payer", lang, name=name, payer=campaign.payer)
    return text(key, lang, name=name)


def dsa_object(campaign: Campaign, *, is_profiling: bool) -> dict[str, object]:
    """The OpenRTB DSA object (``bid.ext.dsa``) of an offer of this campaign.

    Args:
        campaign: its controller advertises, and pays unless it says who does.
        is_profiling: whether personal data chose the offer.
    """
    domain = _domain(campaign.controller.contact)
    used: dict[str, object] = {"domain": domain} if domain else {}
    return {
        "behalf": campaign.controller.name[:_MOST],
        "paid": (campaign.payer or campaign.controller.name)[:_MOST],
        "adrender": 1,
        "transparency": [used | {"dsaparams": [_PROFILING if is_profiling else _BASIC]}],
    }


def _domain(contact: str) -> str:
    """The domain of an address or a page; "" where the contact is neither.

    >>> _domain("privacy@Shop.example"), _domain("https://shop.example:8443/privacy?x=1"), _domain("call 020-1234")
    ('shop.example', 'shop.example', '')
    """
    host = contact.partition("://")[2] or contact
    found = _HOST.match(host.partition("/")[0].partition("?")[0].rpartition("@")[2].strip())
    return found[1].lower() if found else ""


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(_encode(value))
