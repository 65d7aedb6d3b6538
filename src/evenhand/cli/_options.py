"""The options that several commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "UNNAMED",
    "Addresses",
    "At",
    "CampaignFile",
    "CodesCommand",
    "CodesFile",
    "Format",
    "HomeFolder",
    "Json",
    "Lang",
    "Language",
    "Looker",
    "NoColour",
    "Quiet",
    "Weight",
    "moment",
    "written_moment",
]


class Language(StrEnum):
    """Languages that people are addressed in."""

    nl = "nl"
    en = "en"


class Weight(StrEnum):
    """How much a finding weighs: `terms.Severity`, which is not loaded for ``--help``."""

    note = "note"
    warning = "warning"
    error = "error"


class Format(StrEnum):
    """Output formats of findings."""

    text = "text"
    json = "json"
    sarif = "sarif"


CampaignFile = Annotated[Path, typer.Argument(metavar="CAMPAIGN", help="The campaign file (YAML).")]
HomeFolder = Annotated[
    Path | None,
    typer.Option(
        "--home", help="Home folder with key, ledger and results. [env: EVENHAND_HOME; default: beside CAMPAIGN]"
    ),
]
Looker = Annotated[
    str, typer.Option("--by", help="Who looks: a role or a staff number. It is recorded, and the person can see it.")
]
"""Who looks at something about a person."""
UNNAMED = "command line"
"""Who is recorded as looking where a command names nobody."""
CodesFile = Annotated[
    Path | None,
    typer.Option("--codes-file", help="Append one-time codes for people to this file, for a program that sends them."),
]
CodesCommand = Annotated[
    str,
    typer.Option("--codes-command", help="Start this for each one-time code, with a line of JSON on its input."),
]
Addresses = Annotated[
    Path | None,
    typer.Option("--addresses", help="CSV file with address and subject: people may name their address for a code."),
]
At = Annotated[
    str | None,
    typer.Option("--at", help="The moment of the decision, ISO 8601 (UTC where it names no zone). [default: now]"),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, no talk.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No talk, only data and errors.")]
NoColour = Annotated[bool, typer.Option("--no-color", help="No colours. [env: NO_COLOR]")]
Lang = Annotated[Language, typer.Option("--lang", envvar="EVENHAND_LANG", help="Language of texts for people.")]


def moment(text: str | None, option: str = "--at") -> datetime:
    """The time that ``--at``, or another option, names; or now.

    Raises:
        UsageError: it is not an ISO 8601 time.
    """
    if text is None:
        return datetime.now(UTC)
    at = written_moment(text, option)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def written_moment(text: str, option: str) -> datetime:
    """A time as somebody wrote it down, who may have named no zone.

    Raises:
        UsageError: it is not an ISO 8601 time.
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        from evenhand.terms import UsageError

        raise UsageError(
            "at-not-a-time",
            f"{option} is not a time.",
            rule="ISO 8601",
            remedy="write it as 2026-11-23 or 2026-11-23T12:00:00Z",
        ) from None
