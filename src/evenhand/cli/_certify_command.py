"""The command that tries whether withheld data can change a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))


def certify(
    what: Annotated[str, typer.Argument(metavar="RUN|CAMPAIGN", help="A run, last, or a campaign file.")],
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Change all that a decision may not use, decide again in memory, and write down whether anything changed."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    path = Path(what)
    with voice.progress() as step:
        found = assembly.certify(path if path.is_file() else what, home=home, at=moment(None), step=step)
    if json_out:
        voice.document({"ok": found.ok, "file": str(found.path), **found.certificate})
    else:
        for trial in found.certificate["trials"]:
            few = "a number of people"  # who could be told from the others
            tried = ", ".join(
                (
                    few if trial["people"] is None else counted(trial["people"], "person", "people"),
                    counted(len(trial["columns"]), "column"),
                    counted(trial["rounds"], "round"),
                )
            )
            told = f"{trial['changed']:,} decisions changed" if trial["rounds"] else "nothing to change"
            voice.data(f"{trial['what']}: {tried}: {told}")
        control = found.certificate["control"]
        voice.data(f"for comparison, {control['what']}: {control['changed']:,} decisions changed")
        if found.certificate["groups_stay"]:
            voice.data(found.certificate["groups_stay"])
        for name in found.certificate["tables"]["small_numbers"]:
            voice.data(f"the report tells a small number of {name}")
        voice.data(f"certificate {found.certificate['sha256']}")
        voice.talk(f"Written to {found.path}")
    if not found.ok:
        raise typer.Exit(1)


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (certify, ("evenhand certify last", "evenhand certify campaign.yaml --json")),
)
