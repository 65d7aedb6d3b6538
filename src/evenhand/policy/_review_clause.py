"""Whether a campaign needs somebody else's look before it starts, and whose."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ._declared import Declared

__all__ = ["REVIEWERS", "ReviewClause"]

REVIEWERS = ("reviewer", "privacy-officer", "auditor")
"""Roles that can review a campaign; without a clause the first of them does."""


class ReviewClause(Declared):
    """Before it starts, somebody with one of these roles who is not its author approves exactly this file."""

    by: tuple[Literal["reviewer", "privacy-officer", "auditor"], ...] = Field(
        ("reviewer",), min_length=1, description="Roles of which one is needed: reviewer, privacy-officer, auditor."
    )
