"""Commands that copy a home, and make one from a copy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    for command, examples in _COMMANDS:
        app.command(epilog="Examples: " + " | ".join(examples))(guarded(command))


def backup(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where the backup goes; new or empty.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="Copy the keys too, to this folder; keep it apart from the other.")
    ] = None,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Copy a home while runs may go on, and verify the copy."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        made = assembly.backup(folder, keys=keys, home=home, at=moment(None), step=step)
    if json_out:
        voice.document(
            {
                "folder": str(made.folder),
                "keys": str(made.keys) if made.keys else None,
                "entries": made.entries,
                "head": made.head,
            }
        )
        return
    voice.data(f"{made.folder}: {counted(made.entries, 'entry', 'entries')}, verified; head {made.head}")
    if made.keys is None:
        voice.talk("It opens no decision: the keys were not copied. Copy them with --keys, to a place apart.")
    else:
        voice.talk(f"Keys: {made.keys}. Keep them apart, and destroy old copies: an erasure does not reach them.")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The backup.")],
    home: Annotated[Path, typer.Option("--home", help="The new home folder.")],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="The folder with its keys. [default: the backup itself]")
    ] = None,
    marks: Annotated[
        Path | None,
        typer.Option(
            "--marks",
            help="The old home, or later keys: who was erased by then is again; of a home, who spoke is heard.",
        ),
    ] = None,
    schema: Annotated[
        str | None, typer.Option("--schema", metavar="NAME", help="Schema on the server. [default: evenhand]")
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a new home from a backup: in files, or on the server that EVENHAND_DATABASE names."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        done = assembly.restore(folder, keys=keys, marks=marks, schema=schema, home=home, at=moment(None), step=step)
    if json_out:
        voice.document(
            {
                "home": str(done.home),
                "made": done.made.isoformat(),
                "entries": done.entries,
                "head": done.head,
                "erased_again": done.erased_again,
                "later_erasures_known": done.knows_later,
                "erased_elsewhere": done.erased_elsewhere,
                "said_again": done.said_again,
                "asked_again": done.asked_again,
                "looks_again": done.looks_again,
                "vault": done.vault.value,
            }
        )
        return
    voice.data(f"{done.home}: {counted(done.entries, 'entry', 'entries')}, verified; head {done.head}")
    voice.talk(f"It is as it was at {done.made.isoformat(timespec='seconds')}; what was recorded later is not in it.")
    if done.knows_later:
        were = "was" if done.erased_again == 1 else "were"
        people = counted(done.erased_again, "person", "people")
        voice.talk(f"{people} who {were} erased later {were} erased again.")
        if more := done.erased_elsewhere:
            whose, mark = ("was", "mark is") if more == 1 else ("were", "marks are")
            people = counted(more, "person more", "people more")
            voice.talk(f"Of {people} who {whose} erased later there was nothing in the backup; the {mark} kept.")
    else:
        voice.talk("WARNING: whoever was erased after that moment can be read again. Name the old home, or later keys,")
        voice.talk("with --marks, or erase them again: evenhand rights erase.")
    if done.said_again is None:
        voice.talk("WARNING: whoever said no after that moment is not heard here. Name the old home with --marks, or")
        voice.talk("record it again before the next run: evenhand consent withdraw, object ... Requests of that time")
        voice.talk("are not here either.")
    else:
        voice.talk(f"Recorded again, since it was said or corrected later: {done.said_again:,}.")
        voice.talk(f"Requests that came or went on later, as they were: {done.asked_again:,}.")
        voice.talk(f"Notes of who looked at what about people later, as they were: {done.looks_again:,}.")
    voice.talk("Links to people's own pages that were sent before open nothing here. Links to one decision still do.")
    if done.vault != "none":
        voice.talk(f"The vault of sensitive columns: {_VAULT[done.vault.value]}.")


_VAULT = {
    "old home": "as it is now in the old home",
    "backup": "from the backup, without what has had its time and without people whom the marks name",
    "left out": "LEFT OUT, since its key is not there: put the columns in again, or restore with the key",
}
_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (backup, ("evenhand backup /srv/backup/monday", "evenhand backup monday --keys /srv/keys/monday --json")),
    (
        restore,
        (
            "evenhand restore monday --keys keys-monday --home new-home --marks old-home",
            "evenhand restore monday --home new-home --schema spring",
        ),
    ),
)
