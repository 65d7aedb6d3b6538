"""Commands about receipts: give one, check one, print the program that checks; and key and checkpoints of a ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._looking import note_look
from ._options import UNNAMED, HomeFolder, Json, Lang, Language, Looker, NoColour, Quiet, moment
from ._speak import Speaker, guarded

__all__ = ["LEDGER_COMMANDS", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file that are about receipts."""
    receipt = typer.Typer(no_args_is_help=True, help="Receipts of decisions: give one, check one, without trusting us.")
    for command, examples in _COMMANDS:
        receipt.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(receipt, name="receipt")


def give(
    who: Annotated[str, typer.Argument(metavar="SUBJECT|DECISION", help="A subject's id, or a decision's id.")],
    out: Annotated[
        Path, typer.Option("--out", help="File to write: a page, or plain JSON where it ends in .json.")
    ] = Path("receipt.html"),
    brief: Annotated[
        bool, typer.Option("--brief", help="Leave campaign and model out; then nobody can add the score up again.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Write over a file that is there.")] = False,
    by: Looker = UNNAMED,
    home: HomeFolder = None,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Write the receipt of the latest decision about a subject (or of one decision): a page that checks itself.

    Of a decision that nobody can read any more (erased, or kept for its time) it proves that it was recorded, and holds
    nothing of the person; name such a decision by its id.
    """
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if out.exists() and not force:
        from evenhand.terms import UsageError

        raise UsageError(
            "receipt-exists",
            f"There is a file {out} already; nothing was written.",
            rule="a receipt is somebody's own, and is not written over unasked",
            remedy="name another file with --out, or pass --force",
        )
    given = assembly.give_receipt(who, out, home=home, lang=lang.value, brief=brief)
    try:
        note_look("receipt", by, home, about=given.decision_id)
    except BaseException:
        out.unlink(missing_ok=True)  # who got it is not recorded, so nobody gets it
        raise
    if json_out:
        voice.document({"decision_id": given.decision_id, "receipt": str(out), "closed": given.is_closed})
        return
    voice.data(str(out))
    if given.is_closed:
        voice.talk(f"The receipt of {given.decision_id}, which nobody can read any more. It shows that this is")
        voice.talk(f"on record, and nothing of the person. Check it: evenhand receipt check {out}")
        return
    voice.talk(f"The receipt of {given.decision_id}. It is the person's own; check it: evenhand receipt check {out}")


def check(
    receipt: Annotated[Path, typer.Argument(metavar="RECEIPT", help="The receipt: its page or its JSON file.")],
    key: Annotated[
        str | None, typer.Option("--key", help="The ledger's public key, as the organisation publishes it.")
    ] = None,
    witness: Annotated[
        list[str] | None, typer.Option("--witness", help="Public key of a witness who must have cosigned.")
    ] = None,
    quorum: Annotated[int | None, typer.Option("--quorum", help="How many witnesses suffice. [default: all]")] = None,
    lang: Lang = Language.en,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Check a receipt without any ledger: signed, in the ledger, belonging together, adding up, its words too."""
    from evenhand import assembly
    from evenhand.receipts import told

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    result = assembly.check_receipt(receipt, key=key, witnesses=witness or (), quorum=quorum)
    if json_out:
        voice.document(
            {
                "ok": result.ok,
                "steps": [{"name": name, "holds": holds, "what": what} for name, holds, what in result.steps],
                "facts": result.facts,
                "parts": [{"factor": name, "value": value, "share": share} for name, value, share in result.parts],
                "words": result.words,
            }
        )
    else:
        voice.data(told(result, lang.value))
    if not result.ok:
        raise typer.Exit(5)


def checker(quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Print the program that checks receipts and needs nothing but Python; give it away with your receipts."""
    from evenhand import assembly

    Speaker(quiet=quiet, colour=False if no_color else None).data(assembly.receipt_checker().rstrip())


def key(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Print the ledger's public key. Publish it: whoever has it can check receipts and checkpoints."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.ledger_key(home=home)
    if json_out:
        voice.document({"key": found})
    else:
        voice.data(found)


def checkpoint(
    home: HomeFolder = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign one now, where the last one is older.")] = False,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Print the last signed checkpoint. Kept elsewhere, it shows whether anything before it is ever rewritten."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.sign_checkpoint(home=home, at=moment(None)) if sign else assembly.last_checkpoint(home=home)
    if json_out:
        voice.document({"checkpoint": found})
    else:
        voice.data(found.rstrip("\n"))


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (give, ("evenhand receipt give 1042", "evenhand receipt give 20261123T101500Z-1a2b3c.17 --out receipt.json")),
    (check, ("evenhand receipt check receipt.html", "evenhand receipt check receipt.json --lang nl")),
    (checker, ("evenhand receipt checker", "evenhand receipt checker > check_receipt.py")),
)
LEDGER_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (key, ("evenhand ledger key", "evenhand ledger key --json")),
    (checkpoint, ("evenhand ledger checkpoint > kept.txt", "evenhand ledger checkpoint --sign")),
)
