"""Commands about whoever works here: their pages, what they read, and what records name them by."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ._options import HomeFolder, Json, NoColour, Quiet
from ._speak import Speaker, counted, guarded

__all__ = ["DevSignIn", "StaffFile", "register"]

StaffFile = Annotated[
    Path | None, typer.Option("--staff", help="YAML file that says at which issuer staff sign in, and their roles.")
]
DevSignIn = Annotated[
    bool,
    typer.Option(
        "--dev-sign-in", help="Try the pages for staff with sample people and no password; on this machine only."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    staff = typer.Typer(no_args_is_help=True, help="Whoever works here: their pages, and what they read.")
    for command, examples in _COMMANDS:
        staff.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(staff, name="staff")


def serve(
    staff: StaffFile = None,
    dev_sign_in: DevSignIn = False,
    host: Annotated[str, typer.Option("--host", help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="Port to listen at.")] = 8042,
    home: HomeFolder = None,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Serve the pages for staff alone, until Ctrl-C. Put a proxy with TLS before it; requests are not logged."""
    from evenhand import assembly

    voice = Speaker(quiet=quiet, colour=False if no_color else None)
    assembly.serve_staff_pages(
        home=home, settings=staff or "", is_tried=dev_sign_in, host=host, port=port, told=voice.talk
    )


def check(
    staff: Annotated[Path, typer.Option("--staff", help="YAML file that says how staff sign in.")],
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Ask the issuer what a sign-in asks it, and tell what to register there; exit 4 where it cannot be reached."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    told = assembly.staff_check(staff)
    if json_out:
        voice.document(told)
        return
    voice.data(f"issuer      {told['issuer']}  ({counted(told['keys'], 'key')})")
    voice.data(f"sign-in     {told['sign_in']}")
    voice.data(f"way back    {told['way_back']}  (register it at the issuer)")
    voice.data(f"sign-out    {told['sign_out'] or 'the issuer names none'}")
    voice.data(f"logout      {told['told_of_logout'] or 'the issuer tells of none'}")
    voice.data(f"secret      {'in the environment' if told['has_secret'] else 'none: the client is a public one'}")
    for role, words in told["roles"].items():
        voice.data(f"role        {role}: {', '.join(words)}")


def reads(
    about: Annotated[str, typer.Option("--about", help="Only of this request or decision.")] = "",
    who: Annotated[str, typer.Option("--who", help="Only by this mark; see: evenhand staff mark.")] = "",
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """List what staff read about people on their pages, oldest first; evenhand rights verify proves the list."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    found = assembly.staff_reads(home=home, about=about, who=who)
    if json_out:
        voice.document({"reads": [one.to_dict() for one in found]})
        return
    for one in found:
        voice.data(f"{one.at.isoformat(timespec='seconds')}  {one.who}  {one.kind.value:8} {one.about}")
    voice.talk(counted(len(found), "look"))


def mark(
    subject: Annotated[
        str, typer.Argument(metavar="SUBJECT", help="The claim `sub` by which the issuer tells them apart.")
    ],
    staff: Annotated[Path, typer.Option("--staff", help="YAML file that says how staff sign in.")],
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Tell the mark by which records name somebody who works here."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    made = assembly.staff_mark(subject, staff, home=home)
    if json_out:
        voice.document({"mark": made})
    else:
        voice.data(made)


def end(
    mark: Annotated[
        str, typer.Argument(metavar="MARK", help="Whom, as records name them; see: evenhand staff mark.")
    ] = "",
    everybody: Annotated[bool, typer.Option("--all", help="Everybody.")] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Sign somebody out of the pages for staff at once, or everybody, in every process of the home."""
    from evenhand import assembly
    from evenhand.terms import UsageError

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if bool(mark) == everybody:
        raise UsageError(
            "staff-end-whom",
            "Nobody is named whose sessions end, or somebody and everybody at once.",
            rule="one person by their mark, or everybody with --all",
            remedy="evenhand staff end staff-6f26c0c2c11a, or evenhand staff end --all",
        )
    count = assembly.end_staff_sessions(mark, home=home)
    if json_out:
        voice.document({"ended": count})
    else:
        voice.talk(f"{counted(count, 'session')} ended.")


_COMMANDS = (
    (serve, ("evenhand staff serve --staff staff.yaml", "evenhand staff serve --dev-sign-in --port 9000")),
    (check, ("evenhand staff check --staff staff.yaml", "evenhand staff check --staff staff.yaml --json")),
    (reads, ("evenhand staff reads", "evenhand staff reads --about R-20261127-3f9a1c --json")),
    (mark, ("evenhand staff mark u-17 --staff staff.yaml", "evenhand staff mark u-17 --staff staff.yaml --json")),
    (end, ("evenhand staff end staff-6f26c0c2c11a", "evenhand staff end --all --json")),
)
