"""What does a person see of a decision about them, and what can they do about it?

The idea: the true sentence first, all of it for whoever opens it, and controls of which the effect is counted in the
ledger and shown. Pages are functions of plain facts, and a form becomes one of a few typed intents; so what a
person sees can be tested without a server, and no web framework is in here. Sources: DSA 26, 27 and 38 (main parameters
and how to change them), GDPR 12, 15(1)(h) and 21, AI Act 50 as a design promise, EDPB Guidelines 03/2022 on deceptive
design, WCAG 2.2 AA (RULES D-26, D-27, G-15h, G-21b).

It knows nobody: who may see which page is decided at the rim, by signed links. It decides no request; people do that.
"""

from ._card import CARD_VERSION, Card, card_html, card_integrity, card_script, card_style, card_values, is_link
from ._effects import Trace, effect_of
from ._facts import Asked, Choice, Decided, Effect, Fairness, Me, Purpose, Signal, Switch, Why
from ._intents import (
    Ask,
    Consent,
    Factors,
    Intent,
    Objection,
    Personalisation,
    Right,
    intent_of,
    is_protective,
    lacks_words,
    typed_in,
)
from ._otherwise import Otherwise, features_of, otherwise
from ._pages import (
    MOST_ROWS,
    Place,
    code_page,
    door_page,
    enter_page,
    how_page,
    left_page,
    me_page,
    refused_page,
    root_page,
    style,
    why_page,
)
from ._why_view import named_features
from ._words import Word, choices_of, said_once, signals_out, since, standing, words_of

__all__ = [
    "CARD_VERSION",
    "MOST_ROWS",
    "Ask",
    "Asked",
    "Card",
    "Choice",
    "Consent",
    "Decided",
    "Effect",
    "Factors",
    "Fairness",
    "Intent",
    "Me",
    "Objection",
    "Otherwise",
    "Personalisation",
    "Place",
    "Purpose",
    "Right",
    "Signal",
    "Switch",
    "Trace",
    "Why",
    "Word",
    "card_html",
    "card_integrity",
    "card_script",
    "card_style",
    "card_values",
    "choices_of",
    "code_page",
    "door_page",
    "effect_of",
    "enter_page",
    "features_of",
    "how_page",
    "intent_of",
    "is_link",
    "is_protective",
    "lacks_words",
    "left_page",
    "me_page",
    "named_features",
    "otherwise",
    "refused_page",
    "root_page",
    "said_once",
    "signals_out",
    "since",
    "standing",
    "style",
    "typed_in",
    "why_page",
    "words_of",
]
