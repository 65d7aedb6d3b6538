"""Commands about whom is told of a request, and about how reviews are made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._request_commands import By, Number, Who
from ._speak import Speaker, counted, guarded

__all__ = ["register"]


def register(rights: typer.Typer) -> None:
    """Add the commands of this file to the group."""
    for name, command, examples in _COMMANDS:
        rights.command(name, epilog="Examples: " + " | ".join(examples))(guarded(command))


def outbox(
    everything: Annotated[bool, typer.Option("--all", help="Also what was acknowledged.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List what recipients are still to be told."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.outbox(home=home, everything=everything)
    if json_out:
        voice.document({"messages": [one.to_dict() for one in found]})
        return
    for one in found:
        state = "acknowledged" if one.is_acknowledged else counted(one.attempts, "attempt")
        voice.data(f"{one.number}  {one.kind.value}  {one.recipient}  since {one.since.date()}  {state}")
    voice.talk(counted(len(found), "message"))


def tell(
    number: Number,
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="Who is told, as the outbox names them.")],
    who: Who,
    out: Annotated[Path, typer.Option("--out", help="Write the message to this file; sending it is yours.")],
    by: By = "evenhand",
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Write the message for a recipient, and record the attempt. Do it again until they answer."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    voice.data(str(assembly.tell_recipient(number, recipient, who, out, home=home, by=by, at=moment(None))))


def told(
    number: Number,
    recipient: Annotated[str, typer.Argument(metavar="RECIPIENT", help="Who was told, as the outbox names them.")],
    reference: Annotated[str, typer.Option("--reference", help="Of the recipient's answer.")],
    by: By = "evenhand",
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Record that a recipient has done it."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    done = assembly.acknowledge(number, recipient, reference, home=home, by=by, at=moment(None))
    voice.data(f"{done.number}  {done.recipient}  acknowledged after {counted(done.attempts, 'attempt')}")


def reviews(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Show how people review decisions: time spent, and how often one was changed. Exits with 1 on a rubber stamp."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.review_report(home=home)
    if json_out:
        voice.document(found.to_dict())
    else:
        rate = "" if found.override_rate is None else f" ({found.override_rate:.1%})"
        spent = "of none is it known how long it took"
        if found.median_seconds is not None:
            spent = f"half of those that were started took under {counted(round(found.median_seconds), 'second')}"
        changed = f"{found.changed:,} changed the decision{rate}, {spent}"
        voice.data(
            "no review was answered yet" if not found.reviews else f"{counted(found.reviews, 'review')}, {changed}"
        )
    if found.looks_rubber_stamped:
        voice.talk("Nobody changes anything, and it is done in no time: look at how reviews are made.")
        raise typer.Exit(1)


_R = "R-20261127-3f9a1c"
_COMMANDS: tuple[tuple[str, Any, tuple[str, str]], ...] = (
    ("outbox", outbox, ("evenhand rights outbox", "evenhand rights outbox --all --json")),
    (
        "tell",
        tell,
        (
            f"evenhand rights tell {_R} 'Mail House' 1042 --out message.json",
            f"evenhand rights tell {_R} B 1042 --out m.json --by d",
        ),
    ),
    (
        "told",
        told,
        (
            f"evenhand rights told {_R} 'Mail House' --reference 77",
            f"evenhand rights told {_R} B --reference 78 --by d",
        ),
    ),
    ("reviews", reviews, ("evenhand rights reviews", "evenhand rights reviews --json")),
)
