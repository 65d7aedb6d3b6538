"""The command that takes in what a person brings along from another controller."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._options import Json, NoColour, Quiet
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(rights: typer.Typer) -> None:
    """Add the command of this file to the group."""
    examples = (
        "evenhand rights import portability.json --subject 2077 --out brought",
        "evenhand rights import portability.csv --subject 2077 --out brought --json",
    )
    rights.command("import", epilog="Examples: " + " | ".join(examples))(guarded(import_))


def import_(
    package: Annotated[Path, typer.Argument(metavar="PACKAGE", help="portability.json or portability.csv.")],
    subject: Annotated[str, typer.Option("--subject", help="The person's id with you, as your tables have it.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the tables: one CSV file per source.")],
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Turn a portability package that a person brings along into tables; consents to others are not taken over."""
    from evenhand.adapters.stores.home import write_atomically
    from evenhand.rights import read_portability
    from evenhand.terms import DataError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    try:
        text = package.read_text("utf-8-sig")
    except (OSError, ValueError) as error:
        raise DataError(
            "portability-unreadable",
            f"The package cannot be read ({type(error).__name__}).",
            rule="G-20: what a person takes along can be read again",
            remedy="name the file portability.json or portability.csv, as it was given",
        ) from None
    brought = read_portability(text)
    files = []
    for source, table in brought.tables(subject).items():
        files.append(out / f"{source}.csv")
        write_atomically(files[-1], table, private=True)
    if json_out:
        left = len(brought.consents)
        voice.document({"files": [str(file) for file in files], "values": len(brought.items), "consents_left": left})
        return
    for file in files:
        voice.data(str(file))
    voice.talk(f"{counted(len(brought.items), 'value')}. Nothing went into a home: put into your tables what you need.")
    if brought.consents:
        theirs = counted(len(brought.consents), "record")
        voice.talk(f"{theirs} of what they said to another controller: not taken over. Ask them anew.")
