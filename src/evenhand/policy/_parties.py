"""Who answers for a campaign, and how long it may keep what it is made from."""

from __future__ import annotations

from datetime import date
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from ._declared import Declared, Duration

__all__ = ["Controller", "Retention"]


def _day(text: str) -> str:
    """A day that there is, as ISO 8601 writes it."""
    return date.fromisoformat(text).isoformat()


class Controller(Declared):
    """The organisation that decides why the data is used (GDPR 4(7), 13(1)(a))."""

    later: ClassVar[frozenset[str]] = frozenset({"gpc_since"})

    name: str = Field(min_length=1, description="Name that people know it by.")
    contact: str = Field(min_length=3, description="Where people can ask a human: an e-mail address or a page.")
    country: str = Field("NL", pattern=r"^[A-Z]{2}$", description="ISO 3166 country of establishment.")
    gpc_since: Annotated[str, AfterValidator(_day)] | None = Field(
        None,
        pattern=r"^\d{4}-\d\d-\d\d$",
        description="Day on which you last changed how you honour Global Privacy Control. The service tells it to "
        "whoever asks at /.well-known/gpc.json; none = that tells no day.",
    )


class Retention(Declared):
    """How long what is kept (GDPR 5(1)(e)); ISO 8601 durations such as P24M."""

    later: ClassVar[frozenset[str]] = frozenset({"consents", "requests"})

    decisions: Duration = Field(description="Decisions and their reasons.")
    features: Duration = Field(description="The raw data that decisions were made from.")
    consents: Duration | None = Field(
        None, description="Records of consent that no longer stand, as evidence; none = they are kept."
    )
    requests: Duration | None = Field(
        None, description="Requests, after they were closed and everybody was told; none = they are kept."
    )
