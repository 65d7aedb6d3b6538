"""Deciding by lot about a few, to learn from."""

from __future__ import annotations

from pydantic import Field

from ._declared import Declared

__all__ = ["Exploration"]


class Exploration(Declared):
    """Deciding by lot about a few, to learn from: what came of it shows what any policy would have brought."""

    share: float = Field(
        gt=0,
        le=0.5,
        description="Share of the people with personal decisions who get one of the offers, or nothing, by lot.",
    )
