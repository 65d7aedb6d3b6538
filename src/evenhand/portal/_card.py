"""The card of an offer: that it is an advertisement, how it was chosen, on whose behalf, who pays, and the way to why.

The same words twice: as markup that a shop's server puts into its page, and as plain values out of which the script
`card_script` builds that markup in the browser. Neither asks anything of anybody but the shop.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha384
from typing import Any
from urllib.parse import urlsplit

from evenhand.explanation import Lang, text

from ._pages import asset, fragment

__all__ = ["CARD_VERSION", "Card", "card_html", "card_integrity", "card_script", "card_style", "card_values", "is_link"]

CARD_VERSION = 2
"""Of the script, the newest. Files of one version never change, since pages name them by their digest, and each version
stays served."""
_FORM, _STYLE = 1, 1
_LONGEST = 2_000
_SCHEMES = ("http", "https")


@dataclass(frozen=True, slots=True)
class Card:
    """An offer that is shown to a person (DSA 26(1); RULES D-26).

    Attributes:
        offer: its words, in the reader's language.
        kind: how it was chosen: ``personal``, ``contextual`` or ``chance``.
        sender: on whose behalf it is shown.
        why: where the person learns why, and changes it.
        payer: who pays, where that is not the sender; "" where it is.
        made_by_ai: AI helped to make the words or the picture.
        link: where the offer leads; "" = nowhere.
        stops_at_gpc: a browser that sends Global Privacy Control may not show it, if it is personal: the person has not
            said otherwise since, and the campaign does something that the signal is about.
    """

    offer: str
    kind: str
    sender: str
    why: str
    payer: str = ""
    made_by_ai: bool = False
    link: str = ""
    stops_at_gpc: bool = True


def card_values(card: Card, lang: Lang) -> dict[str, Any]:
    """What the script places: words in one language and two addresses, nothing about anybody.

    Raises:
        ValueError: an address is none that a browser may be led to.
        KeyError: there is no such language, or no such kind.
    """
    if not is_link(card.why) or not (card.link == "" or is_link(card.link)):
        raise ValueError("not a path or a page")
    by = text("portal.ad.by", lang, sender=card.sender)
    if card.payer:
        by = text("portal.ad.by-paid", lang, sender=card.sender, payer=card.payer)
    how = {
        "personal": "portal.card.how.personal",
        "contextual": "portal.card.how.contextual",
        "chance": "portal.card.how.chance",
    }[card.kind]
    why = text("portal.card.why", lang)
    return {
        "card": _FORM,
        "lang": lang,
        "personal": card.kind == "personal",
        "gpc": "stops" if card.kind == "personal" and card.stops_at_gpc else "passes",
        "name": text("portal.card.name", lang, offer=card.offer),
        "label": text("portal.card.label", lang),
        "how": text(how, lang),
        "offer": {"text": card.offer, "link": card.link},
        "from": by,
        "made": text("why.made-by-ai", lang) if card.made_by_ai else "",
        "why": {"text": why, "name": f"{why} {card.offer}", "link": card.why},
    }


def card_html(card: Card, lang: Lang) -> str:
    """The same as markup, escaped; it needs no script and has no style of its own.

    Raises:
        ValueError, KeyError: as `card_values`.
    """
    return fragment("card.html", card=card_values(card, lang))


def card_script(version: int = CARD_VERSION) -> str:
    """The script that places cards.

    Args:
        version: the newest, or one that pages were made with before.

    Raises:
        KeyError: there is no such version.
    """
    if version not in range(1, CARD_VERSION + 1):
        raise KeyError(f"card-{version}.js")
    return asset(f"card-{version}.js")


def card_style() -> str:
    """A style sheet for cards. It is not needed."""
    return asset(f"card-{_STYLE}.css")


def card_integrity(content: str) -> str:
    """How a page names a file so that a browser runs no other: ``integrity="..."`` (W3C Subresource Integrity).

    >>> card_integrity("")[:16]
    'sha384-OLBgp1Gsl'
    """
    return "sha384-" + b64encode(sha384(content.encode()).digest()).decode()


def is_link(address: str) -> bool:
    r"""Whether an address is a path of this server or a page elsewhere: no script, no other server in disguise.

    >>> [is_link(one) for one in ("/tea?x=1", "https://shop.example/tea", "javascript:alert(1)", "//evil.example")]
    [True, True, False, False]
    """
    if len(address) > _LONGEST or any(one <= " " or one in '\\<>"' or one == "\x7f" for one in address):
        return False
    if address.startswith("/"):
        return not address.startswith("//")
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.username is None
