"""A small campaign that nothing is wrong with, and a way to change one thing in it."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 11, 23, tzinfo=UTC)
FEATURE = {"role": "feature", "meaning": {"nl": "hoe vaak u kwam", "en": "how often you came"}}
PLAIN: dict[str, Any] = {
    "evenhand": 1,
    "campaign": "spring",
    "controller": {"name": "Shop", "contact": "privacy@shop.example"},
    "purpose": "PersonalisedAdvertising",
    "category": "ordinary",
    "channel": "web",
    "subjects": {"file": "people.csv"},
    "history": {"file": "shown.csv", "offer": "offer"},
    "consents": {"file": "consents.csv"},
    "columns": {
        "person": {"role": "identifier"},
        "bought": {"role": "outcome"},
        "visits": FEATURE,
        "sex": {"role": "sensitive"},
    },
    "offers": [
        {"id": "shoes", "text": {"nl": "schoenen", "en": "shoes"}, "value": 5, "cost": 1, "made_by_ai": False},
        {"id": "hats", "text": {"nl": "hoeden", "en": "hats"}, "value": "4.5", "made_by_ai": True},
    ],
    "limits": {"budget": 10, "disparity": [{"id": "sex-even", "groups": ["sex"], "bound": 0.8}]},
    "retention": {"decisions": "P24M", "features": "P6M"},
}


def changed(changes: dict[str, Any], start: dict[str, Any] = PLAIN) -> dict[str, Any]:
    """The plain campaign with dotted paths set (``offers.0.id``); None takes a key out."""
    document = copy.deepcopy(start)
    for path, value in changes.items():
        *way, last = path.split(".")
        here: Any = document
        for part in way:
            here = here[int(part)] if isinstance(here, list) else here.setdefault(part, {})
        if value is None:
            here.pop(int(last) if isinstance(here, list) else last)
        else:
            here[int(last) if isinstance(here, list) else last] = copy.deepcopy(value)
    return document
