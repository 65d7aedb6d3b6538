"""Which signals of browsers and apps count, and who we are in them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from evenhand.terms import Use

from ._declared import Declared

__all__ = ["SIGNAL_NAMES", "SignalsClause"]

SIGNAL_NAMES = ("tcf", "gpp", "us_privacy", "gpc")
"""The signals that a column can hold, as the campaign file names them."""

_COLUMN = "Column of the consents table with "


class SignalsClause(Declared):
    """Columns of the consents table that hold signals, and how to understand them."""

    tcf: str | None = Field(None, min_length=1, description=f"{_COLUMN}TC strings of TCF 2.")
    gpp: str | None = Field(None, min_length=1, description=f"{_COLUMN}GPP strings.")
    us_privacy: str | None = Field(None, min_length=1, description=f"{_COLUMN}us_privacy strings.")
    gpc: str | None = Field(
        None,
        min_length=1,
        description=f"{_COLUMN}the value of the Sec-GPC header: 1 (or true) is on, anything else says nothing.",
    )
    vendor: int | None = Field(
        None,
        ge=1,
        le=65_535,
        description="Our id in the Global Vendor List of TCF; none = we are the publisher, and the publisher's own "
        "part of a TC string is what counts.",
    )
    cmps: tuple[Annotated[int, Field(ge=2, le=4095)], ...] = Field(
        (),
        description="Ids of the consent management platforms whose TC strings count; none = of every registered one.",
    )
    uses: tuple[Use, ...] = Field(
        tuple(Use),
        description="What the campaign does with personal data, in the words of United States law: sale, sharing, "
        "targeted_advertising. An opt-out signal stops what it names, and no more; an empty list says that only own "
        "data is used, in its own context.",
    )

    @property
    def columns(self) -> MappingProxyType[str, str]:
        """Name of each signal that has a column, and that column."""
        named = ((name, getattr(self, name)) for name in SIGNAL_NAMES)
        return MappingProxyType({name: column for name, column in named if column is not None})
