"""What somebody types into the form of a new campaign."""

from __future__ import annotations

__all__ = ["AS_TYPED"]

AS_TYPED: dict[str, str | list[str]] = {
    "purpose": "PersonalisedAdvertising",
    "channel": "web",
    "feature": ["visits", "days"],
    "offer.0.use": "yes",
    "offer.0.nl": "Korting op thee",
    "offer.0.en": "Money off tea",
    "offer.0.value": "4,00",
    "offer.0.cost": "0,10",
    "offer.0.capacity": "60",
    "offer.0.ai": "no",
    "budget": "4",
    "contacts": "",
    "bound.sex-reach": "0,8",
    "do": "see",
}
