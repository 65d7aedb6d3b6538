"""Commands about bundles: what an auditor needs of some runs in one file, and its check without our stores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet
from ._speak import Speaker, guarded

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    bundle = typer.Typer(no_args_is_help=True, help="Bundles for an auditor: make one, check one without our stores.")
    for command, examples in _COMMANDS:
        bundle.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(bundle, name="bundle")
    app.command("audit", epilog="Examples: " + " | ".join(_AUDIT))(guarded(check))


def make(
    out: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The file to write, such as audit.zip.")],
    runs: Annotated[list[str], typer.Argument(metavar="RUN...", help="The runs it is about; last is the last one.")],
    open_: Annotated[
        bool,
        typer.Option("--open", help="Open every decision of these runs, so that all can be checked: personal data."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Write the ledger up to its last checkpoint, with what these runs stand on, to one signed file without keys."""
    from evenhand import assembly
    from evenhand.terms import UsageError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if out.exists() and not force:
        raise UsageError(
            "bundle-exists",
            f"There is a file {out} already; nothing was written.",
            rule="what an auditor was given is not written over unasked",
            remedy="name another file, or pass --force",
        )
    digest, names = assembly.make_bundle(out, runs, home=home, opened=open_)
    if json_out:
        voice.document({"bundle": str(out), "sha256": digest, "runs": list(names), "opened": open_})
        return
    voice.data(str(out))
    voice.talk(f"SHA-256 {digest}")
    if open_:
        voice.talk("It holds personal data: pseudonyms and bin codes of everybody in these runs. Send it as such.")
    voice.talk(f"Check it anywhere: evenhand bundle check {out} --key 'KEY' (evenhand ledger key prints the key)")


def check(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="The file that evenhand bundle make wrote.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The ledger's public key, as the organisation publishes it.")
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="A checkpoint or a receipt kept elsewhere; it must still hold."),
    ] = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Check a bundle without our database, keys or network: the file, its signature, the ledger, promises, counts."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.check_bundle(bundle, key=key, checkpoints=assembly.kept_checkpoints(checkpoint or ()))
    if json_out:
        voice.document(found.to_dict())
    else:
        marks = {True: "holds", False: "BROKEN", None: "not checked"}
        for step in found.steps:
            voice.data(f"{marks[step.holds]:<12} {step.name:<10} {step.what}")
        voice.data("Not checked, because a bundle cannot show it:")
        for what in found.not_checked:
            voice.data(f"  - {what}")
    if not found.ok:
        raise typer.Exit(5)


_AUDIT = ("evenhand audit audit.zip", "evenhand audit audit.zip --key 'evenhand-ledger/...'")
_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (make, ("evenhand bundle make audit.zip last", "evenhand bundle make audit.zip 20261123T101500Z-1a2b3c --open")),
    (check, ("evenhand bundle check audit.zip", "evenhand bundle check audit.zip --key 'evenhand-ledger/...'")),
)
