"""Commands about the database of a home: how far its tables are, and bringing them up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet
from ._speak import SERVERS_OWN, Speaker, guarded

if TYPE_CHECKING:
    from evenhand.assembly import DatabaseState

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    database = typer.Typer(no_args_is_help=True, help="The database that a home keeps its records in.")

    @database.callback()
    def _database() -> None:
        """The database that a home keeps its records in."""

    for command, examples in _COMMANDS:
        database.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(database, name="db")


def upgrade(
    home: HomeFolder = None,
    variable: Annotated[
        str | None,
        typer.Option(
            "--variable",
            metavar="NAME",
            help="Environment variable that holds the server's address. [default: EVENHAND_DATABASE]",
        ),
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", metavar="NAME", help="Schema on the server. [default: evenhand]")
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Bring a home's tables up to date; on a server this also places the home there."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    _tell(voice, assembly.upgrade_database(home=home, variable=variable, schema=schema))


def status(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Say where a home lives and whether its tables are those of this evenhand (exit code 4 where they are not)."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    state = assembly.database_status(home=home)
    _tell(voice, state)
    if not state.is_ready:
        voice.talk("To do: evenhand db upgrade")
        raise typer.Exit(4)


def scrub(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Write tables anew of which rows about people were removed; on a server others wait meanwhile (exit code 4 where
    something is left)."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    held = assembly.scrub_database(home=home)
    if json_out:
        voice.document({"still_held": list(held)})
    elif not held:
        voice.data("no file of the home's databases holds what was removed")
        if assembly.database_status(home=home).schema:
            voice.talk(f"Not reached from here: {SERVERS_OWN}. They hold it until they end.")
    else:
        voice.tell_held(held)
    if held:
        raise typer.Exit(4)


def _tell(voice: Speaker, state: DatabaseState) -> None:
    if voice.json_out:
        parts = [
            {"part": part.part, "has": part.has, "needs": part.needs, "ready": part.is_ready} for part in state.parts
        ]
        voice.document(
            {
                "where": state.where,
                "schema": state.schema,
                "ready": state.is_ready,
                "parts": parts,
                "ledger": {
                    "format": state.ledger.has,
                    "writes": state.ledger.needs,
                    "filed_anew": state.ledger.is_filed_anew and not state.schema,
                },
                "warnings": list(state.warnings),
            }
        )
        return
    voice.data(f"in {state.where}" + (f", schema {state.schema}" if state.schema else ", in files"))
    for part in state.parts:
        ready = "ready" if part.is_ready else f"needs {part.needs}"
        voice.data(f"{part.part}: {part.has or 'nothing yet'}, {ready}")
    if not state.schema:
        voice.data(_format_of(state))
    for warning in state.warnings:
        voice.data(f"warning: {warning}")


def _format_of(state: DatabaseState) -> str:
    """Of a ledger in files; on a server it is one of the parts."""
    ledger = state.ledger
    if not ledger.is_filed_anew:
        return f"ledger: format {ledger.has}, ready" if ledger.has else "ledger: nothing yet, ready"
    return (
        f"ledger: format {ledger.has}; this evenhand files it anew in format {ledger.needs} when it writes next, and "
        "older ones refuse it from then on: make a backup first"
    )


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (upgrade, ("evenhand db upgrade", "evenhand db upgrade --home /srv/evenhand --schema spring")),
    (status, ("evenhand db status", "evenhand db status --home /srv/evenhand --json")),
    (scrub, ("evenhand db scrub", "evenhand db scrub --home /srv/evenhand --json")),
)
