"""Commands of the live service: serve, and the keys of machines that call it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import Addresses, CodesCommand, CodesFile, HomeFolder, Json, NoColour, Quiet
from ._speak import Speaker, counted, guarded
from ._staff_commands import DevSignIn, StaffFile

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    keys = typer.Typer(no_args_is_help=True, help="Keys of machines that call the service: make, list, rotate, revoke.")
    for command, examples in _KEY_COMMANDS:
        keys.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(keys, name="machine-key")


def serve(
    campaigns: Annotated[
        list[Path] | None, typer.Argument(metavar="CAMPAIGN...", help="Campaign files of one home.")
    ] = None,
    run_id: Annotated[
        str, typer.Option("--prices", metavar="RUN", help="Run whose prices decide. [default: the last with any]")
    ] = "last",
    home: HomeFolder = None,
    host: Annotated[str, typer.Option("--host", envvar="EVENHAND_HOST", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", envvar="EVENHAND_PORT", min=1, max=65535, help="Port to listen on.")
    ] = 8000,
    pages: Annotated[
        str, typer.Option("--pages", help="Have the pages of people below this address too, such as /my.")
    ] = "",
    sources: Annotated[
        Path | None, typer.Option("--sources", help="Folder with the tables that campaigns from the network may name.")
    ] = None,
    codes_file: CodesFile = None,
    codes_command: CodesCommand = "",
    addresses: Addresses = None,
    staff: StaffFile = None,
    dev_sign_in: DevSignIn = False,
    one_process: Annotated[
        bool, typer.Option("--one-process", help="Speak HTTP, decide and encrypt in one process.")
    ] = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Decide over HTTP, in milliseconds and with all gates on; every answer is in the ledger before it is given."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    assembly.serve(
        campaigns or [],
        run=run_id,
        home=home,
        host=host,
        port=port,
        pages=pages,
        sources=sources,
        codes=assembly.CodesBy(codes_file, codes_command, addresses),
        staff=staff or "",
        is_staff_tried=dev_sign_in,
        is_one_process=one_process,
        step=voice.talk,
        told=voice.talk,
    )


def events(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="CSV file to write, for clauses of the monitor.")],
    outcome: Annotated[
        str, typer.Option("--outcome", help="Which event counts: clicked, bought or complained.")
    ] = "bought",
    days: Annotated[float, typer.Option("--days", min=0, help="How long after it was shown it can follow.")] = 7.0,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Write what followed the decisions that were shown, as the monitor reads it; only what is settled."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    rows = assembly.write_events(out, home=home, outcome=outcome, days=days, at=datetime.now(UTC))
    if json_out:
        voice.document({"file": str(out), "rows": rows})
        return
    voice.data(str(out))
    voice.talk(f"{_that_were(rows)} shown, and whether {outcome} followed within {days:g} days.")


_Name = Annotated[str, typer.Argument(metavar="NAME", help="Name of the machine.")]


def make(
    name: _Name,
    scope: Annotated[
        list[str],
        typer.Option("--scope", help="decide, events, consents, read, campaigns, officer, review. Repeat it."),
    ],
    rate: Annotated[
        int, typer.Option("--rate", min=0, help="People per second that it may ask about; 0 = no bound.")
    ] = 0,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a key. It is shown once, on stdout; only its digest is kept."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    _shown(voice, name, assembly.machine_keys(home).make(name, scope, at=datetime.now(UTC), rate=rate), json_out)


def rotate(
    name: _Name,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a new key in place of one that is in use, which is revoked at once."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    _shown(voice, name, assembly.machine_keys(home).rotate(name, at=datetime.now(UTC)), json_out)


def revoke(
    name: _Name,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Let a key do nothing any more, from the next request on."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    assembly.machine_keys(home).revoke(name, at=datetime.now(UTC))
    if json_out:
        voice.document({"name": name, "revoked": True})
    voice.talk(f"The key {name} is revoked.")


def list_keys(
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List the keys: names, what they may do, when they were made or revoked; never the keys themselves."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.machine_keys(home).all()
    if json_out:
        voice.document({"keys": [key.told() for key in found]})
        return
    for key in found:
        state = f"revoked {key.revoked}" if key.revoked else f"in use since {key.made}"
        rate = f", at most {counted(key.rate, 'person', 'people')} a second" if key.rate else ""
        voice.data(f"{key.name}  {key.id}  {','.join(key.scopes)}  {state}{rate}")
    if not found:
        voice.talk("There is no key yet. Make one: evenhand machine-key make my-shop --scope decide")


def _shown(voice: Speaker, name: str, key: str, json_out: bool) -> None:
    if json_out:
        voice.document({"name": name, "key": key})
        return
    voice.data(key)
    voice.talk(f"The key of {name}; it is shown this once. Send it as: Authorization: Bearer KEY")


list_keys.__name__ = "list"
_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (events, ("evenhand events responses.csv", "evenhand events clicks.csv --outcome clicked --days 1 --json")),
    (serve, ("evenhand serve campaign.yaml", "evenhand serve a.yaml b.yaml --home evenhand-home --port 8080")),
)
_KEY_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (make, ("evenhand machine-key make my-shop --scope decide", "evenhand machine-key make crm --scope read --json")),
    (list_keys, ("evenhand machine-key list", "evenhand machine-key list --json")),
    (rotate, ("evenhand machine-key rotate my-shop", "evenhand machine-key rotate my-shop --json")),
    (revoke, ("evenhand machine-key revoke my-shop", "evenhand machine-key revoke my-shop --quiet")),
)


def _that_were(rows: int) -> str:
    return f"{counted(rows, 'decision')} that {'was' if rows == 1 else 'were'}"
