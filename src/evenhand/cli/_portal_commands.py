"""Commands about the pages of people: make somebody a link, serve the pages."""

from __future__ import annotations

from typing import Annotated

import typer

from ._options import Addresses, CodesCommand, CodesFile, HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    portal = typer.Typer(no_args_is_help=True, help="The pages on which people see why, and choose what may count.")
    for command, examples in _COMMANDS:
        portal.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(portal, name="portal")


def link(
    who: Annotated[str, typer.Argument(metavar="SUBJECT", help="The person's id in the subjects table.")],
    decision: Annotated[
        str,
        typer.Option("--decision", help="Link to this decision alone, or to the last. Without it: to their own pages."),
    ] = "",
    days: Annotated[int, typer.Option("--days", help="For how many days the link is good.")] = 7,
    site: Annotated[
        str, typer.Option("--site", help="Where the pages stand, such as https://shop.example/privacy.")
    ] = "",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a link for one person. Whoever has it is taken for them: send it to the address that you have of them."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    made = assembly.person_link(who, home=home, at=moment(None), decision=decision, days=days, site=site)
    known = bool(decision) or assembly.is_known(who, home=home)
    if json_out:
        voice.document({"link": made, "days": days, "once": not decision, "known": known})
        return
    voice.data(made)
    voice.talk(f"Good for {counted(days, 'day')}" + ("." if decision else ", and once."))
    voice.warn_unknown(known)


def serve(
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen at.")] = 8040,
    codes_file: CodesFile = None,
    codes_command: CodesCommand = "",
    addresses: Addresses = None,
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Serve the pages of people, until Ctrl-C. Put a proxy with TLS before it; addresses are not logged."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    codes = assembly.CodesBy(codes_file, codes_command, addresses)
    assembly.serve_person_pages(home=home, host=host, port=port, codes=codes, told=voice.talk)


_COMMANDS = (
    (
        link,
        ("evenhand portal link 1042 --site https://shop.example/privacy", "evenhand portal link 1042 --decision last"),
    ),
    (serve, ("evenhand portal serve", "evenhand portal serve --codes-file codes.jsonl --addresses addresses.csv")),
)
