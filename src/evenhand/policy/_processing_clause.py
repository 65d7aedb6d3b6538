"""What the record of processing needs beside the campaign itself (GDPR 30(1)), and what consent records tell."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from ._declared import Declared, Identifier, Text

__all__ = ["ProcessingClause", "Recipient"]

_COUNTRY = r"^[A-Z]{2}$"


class Recipient(Declared):
    """Somebody who gets personal data of this campaign (GDPR 4(9))."""

    later: ClassVar[frozenset[str]] = frozenset({"id"})

    id: Identifier | None = Field(
        None, description="Its id on the list of recipients in an own pack, so that rules look at it."
    )
    name: str = Field(min_length=1, description="Name of the organisation.")
    role: Literal["processor", "controller", "joint_controller"] = Field(
        description="processor, controller, or joint_controller."
    )
    country: str = Field(pattern=_COUNTRY, description="ISO 3166 country where it gets the data.")
    contract: str | None = Field(None, min_length=1, description="Id of the contract or arrangement with it.")
    safeguard: str | None = Field(
        None,
        min_length=1,
        description="What a transfer outside the EEA rests on (GDPR 44-49), e.g. an adequacy decision.",
    )


class ProcessingClause(Declared):
    """The organisation's own words for its record of processing, and where people can exercise their rights."""

    people: Text = Field(description="Which people the data is about, e.g. customers of the shop.")
    data: tuple[str, ...] = Field(
        (), description="Categories of personal data in words of your own; none = the meanings of the columns."
    )
    recipients: tuple[Recipient, ...] = Field((), description="Who gets personal data of this campaign.")
    security: Text = Field(description="Technical and organisational measures, in general terms.")
    stored_in: str = Field("NL", pattern=_COUNTRY, description="ISO 3166 country where the data is stored.")
    address: str | None = Field(None, min_length=1, description="Postal address of the controller.")
    officer: str | None = Field(
        None, min_length=1, description="Contact of the data protection officer, if there is one."
    )
    joint: str | None = Field(None, min_length=1, description="The joint controller, if there is one.")
    representative: str | None = Field(
        None, min_length=1, description="The representative in the Union, if there is one."
    )
    authority: str | None = Field(
        None, min_length=1, description="Where people can complain; none = the authority of the controller's country."
    )
    rights_at: str | None = Field(
        None,
        min_length=1,
        description="Page or address where people withdraw and ask; none = the controller's contact.",
    )
