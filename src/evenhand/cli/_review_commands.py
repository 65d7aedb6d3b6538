"""Commands by which somebody else looks at a campaign before it starts: send, give, show."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from ._options import CampaignFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, guarded

__all__ = ["register"]


class Verdict(StrEnum):
    """What came of a review."""

    approved = "approved"
    refused = "refused"


class Reviewing(StrEnum):
    """The role in which somebody at this terminal reviews."""

    reviewer = "reviewer"
    privacy_officer = "privacy-officer"
    auditor = "auditor"


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(no_args_is_help=True, help="Have somebody else look at a campaign before it starts.")
    for command, examples in _COMMANDS:
        group.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(group, name="review")


def send(
    campaign: CampaignFile,
    by: Annotated[
        str, typer.Option("--by", help="Who sends it, and so cannot review it; it stays in the ledger.")
    ] = "",
    reviewer: Annotated[
        list[str] | None, typer.Option("--reviewer", help="Name of somebody who is asked. Repeat it.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What they should know; it stays in the ledger.")] = "",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Send exactly this campaign file for review: from then on it starts only as somebody else approved it."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.send_campaign(campaign, by=by, reviewers=reviewer or (), note=note, home=home, at=moment(None))
    _tell(voice, found)


def give(
    campaign: CampaignFile,
    verdict: Annotated[Verdict, typer.Argument(help="approved or refused.")],
    by: Annotated[str, typer.Option("--by", help="Who looked; not its author. It stays in the ledger.")] = "",
    reason: Annotated[str, typer.Option("--reason", help="Why, for the author; it stays in the ledger.")] = "",
    role: Annotated[Reviewing, typer.Option("--role", help="In which role.")] = Reviewing.reviewer,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Approve or refuse exactly this campaign file, which was sent for review."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.review_campaign(
        campaign, verdict.value, by=by, roles=[role.value], reason=reason, home=home, at=moment(None)
    )
    _tell(voice, found)


def show(
    campaign: CampaignFile,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Tell how the review of this very file stands; exit 1 where it needs an approval and has none."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.review_of(campaign, home=home, at=moment(None))
    _tell(voice, found)
    if found.needed and found.state != "approved":
        raise typer.Exit(1)


def _tell(voice: Speaker, found: Any) -> None:
    if voice.json_out:
        voice.document(found.to_dict())
        return
    needed = "needs an approval to start" if found.needed else "needs no review"
    voice.data(f"{found.campaign}: {found.state}; {needed}")
    voice.data(f"file (SHA-256): {found.digest}")
    told = found.told
    if told:
        asked = f", asked: {', '.join(told['sent_reviewers'])}" if told["sent_reviewers"] else ""
        voice.data(f"sent by {told['sent_by']} at {told['sent_at']}{asked}")
    if "by" in told:
        voice.data(f"{found.state} by {told['by']} ({told['role']}) at {told['verdict_at']}: {told['reason']}")


_COMMANDS = (
    (
        send,
        (
            'evenhand review send campaign.yaml --by "Noor de Wit" --reviewer "Rosa Review"',
            'evenhand review send campaign.yaml --by "Noor de Wit" --note "age left out" --json',
        ),
    ),
    (
        give,
        (
            'evenhand review give campaign.yaml approved --by "Rosa Review" --reason "fits the guideline"',
            'evenhand review give campaign.yaml refused --by "Rosa Review" --reason "the text misleads"',
        ),
    ),
    (show, ("evenhand review show campaign.yaml", "evenhand review show campaign.yaml --json")),
)
