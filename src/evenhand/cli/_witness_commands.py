"""Commands of witnesses: a ledger's, which ask and keep; and a witness' own, which look and cosign."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

__all__ = ["LEDGER_WITNESS_COMMANDS", "register"]

Folder = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the witness.")]


def register(app: typer.Typer) -> None:
    """Add the commands of a witness."""
    witness = typer.Typer(no_args_is_help=True, help="Watch the ledgers of others, and cosign while they only grow.")
    for name, command, examples in _COMMANDS:
        witness.command(name, epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(witness, name="witness")


def witnesses(
    keys: Annotated[
        list[str] | None, typer.Argument(metavar="[KEY]...", help="Public keys of all witnesses, as they publish them.")
    ] = None,
    quorum: Annotated[
        int | None, typer.Option("--quorum", help="How many must have cosigned. [default: all of them]")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="Have no witnesses any more.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Name the witnesses of the ledger, in place of those before; without a key, show them and what they cosigned."""
    from evenhand import assembly
    from evenhand.adapters.stores.home import find_home

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    place = find_home(home)
    if keys or none:
        assembly.set_witnesses(keys or (), quorum=quorum, home=home)
    known, notes = assembly.witnesses_of(place), assembly.witnessed_notes(place)
    seen = [(one, {by.witness.name: _at(by.at) for by in one.by}) for one in notes]
    if json_out:
        told = [{"entries": one.size, "by": by, "enough": one.is_enough} for one, by in seen]
        voice.document({"witnesses": [str(one) for one in known.keys], "quorum": known.quorum, "cosigned": told})
        return
    for one in known.keys:
        voice.data(str(one))
    voice.talk(f"{known.quorum} of {len(known.keys)} must have cosigned.")
    for note, by in seen[:10]:
        names = ", ".join(f"{name} at {at}" for name, at in by.items())
        voice.data(f"{counted(note.size, 'entry', 'entries')}: {names}{'' if note.is_enough else ' (not enough)'}")


def ask_witness(
    witness: Annotated[str, typer.Option("--witness", help="Its name. [default: the only one]")] = "",
    old: Annotated[
        int | None, typer.Option("--old", help="Entries of what it cosigned last. [default: as it is kept here]")
    ] = None,
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Print what to send to a witness: the last signed checkpoint, and the proof that it adds to what they saw."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    voice.data(assembly.ask_witness(witness=witness, old=old, home=home).rstrip("\n"))


def cosigned(
    answer: Annotated[Path, typer.Argument(metavar="FILE", help="What the witness answered.")],
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Keep what a witness answered, after its signature was checked; receipts hold it from now on."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    done = assembly.add_cosignatures(_text(answer), home=home)
    names = [one.witness.name for one in done.by]
    if json_out:
        voice.document({"entries": done.size, "by": names, "enough": done.is_enough})
        return
    voice.data(f"{counted(done.size, 'entry', 'entries')}: cosigned by {', '.join(names)}")
    if not done.is_enough:
        voice.talk("That is no quorum yet.")


def make(
    folder: Folder,
    name: Annotated[str, typer.Option("--name", help="Its name: an address of yours without scheme.")],
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Make a witness with a key of its own, and print its public key, to be published."""
    from evenhand import assembly

    Speaker(quiet=quiet, colour=False if no_color else None).data(assembly.make_witness(folder, name))


def key(folder: Folder, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Print the public key of a witness."""
    from evenhand import assembly

    Speaker(quiet=quiet, colour=False if no_color else None).data(assembly.witness_key(folder))


def watch(
    folder: Folder,
    ledger: Annotated[str, typer.Argument(metavar="KEY", help="The ledger's public key (evenhand ledger key).")],
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Let a witness watch a ledger, known by the public key that its organisation publishes."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    voice.data(f"watched: {assembly.witness_watches(folder, ledger)}")


def cosign(
    folder: Folder,
    request: Annotated[Path, typer.Argument(metavar="FILE", help="What evenhand ledger ask-witness printed.")],
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Cosign a checkpoint that only adds to what this witness saw, and print the line; refuse every other."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    voice.data(assembly.witness_cosigns(folder, _text(request), at=moment(None)).rstrip("\n"))


def _text(path: Path) -> str:
    from evenhand.assembly import text_of_file

    return text_of_file(path)


def _at(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


_K1, _K2 = "'w1.example+1a2b3c4d+BE...'", "'w2.example+5e6f7a8b+BE...'"
LEDGER_WITNESS_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (witnesses, (f"evenhand ledger witnesses {_K1} {_K2} --quorum 1", "evenhand ledger witnesses --json")),
    (ask_witness, ("evenhand ledger ask-witness > request.txt", "evenhand ledger ask-witness --witness w1.example")),
    (cosigned, ("evenhand ledger cosigned answer.txt", "evenhand ledger cosigned answer.txt --json")),
)
_COMMANDS: tuple[tuple[str, Any, tuple[str, str]], ...] = (
    ("make", make, ("evenhand witness make watch --name w1.example", "evenhand witness make /srv/watch --name w.nl")),
    ("key", key, ("evenhand witness key watch", "evenhand witness key /srv/watch")),
    (
        "watch",
        watch,
        (
            "evenhand witness watch watch 'evenhand-ledger/0a1b+1a2b3c4d+AE...'",
            'evenhand witness watch watch "$(cat shop.key)"',
        ),
    ),
    (
        "cosign",
        cosign,
        ("evenhand witness cosign watch request.txt", "evenhand witness cosign watch request.txt > answer.txt"),
    ),
)
