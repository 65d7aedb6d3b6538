"""Commands about the keys of a home: what they are kept under."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet, moment
from ._speak import Speaker, counted, guarded

if TYPE_CHECKING:
    from evenhand.assembly import KeysState

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    keys = typer.Typer(no_args_is_help=True, help="The keys of a home, and what they are kept under.")

    @keys.callback()
    def _keys() -> None:
        """The keys of a home, and what they are kept under."""

    for command, examples in _COMMANDS:
        keys.command(epilog="Examples: " + " | ".join(examples))(guarded(command))
    app.add_typer(keys, name="keys")


def new(json_out: Json = False) -> None:
    """Print a new wrapping key; it is kept nowhere else."""
    from evenhand import assembly

    made = assembly.new_wrapping_key()
    voice = Speaker(json_out=json_out)
    if json_out:
        voice.document({"key": made})
    else:
        voice.data(made)


def status(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Say what a home's secret key and the keys of its people are kept under."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    _tell(voice, assembly.keys_status(home=home))


def rotate(
    pseudonyms: Annotated[
        bool, typer.Option("--pseudonyms", help="Renew the pseudonyms that leave the home instead.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --pseudonyms: only say what would be done.")] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="With --pseudonyms: do not ask; needed where there is no terminal.")
    ] = False,
    home: HomeFolder = None,
    json_out: Json = False,
    quiet: Quiet = False,
    no_color: NoColour = False,
) -> None:
    """Keep a home's keys under the newest wrapping key; runs may go on, and asked again it does what is left."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    if pseudonyms:
        _renew(voice, home, dry_run=dry_run, yes=yes)
        return
    with voice.progress() as step:
        state = assembly.rotate_keys(home=home, step=step)
    _tell(voice, state)


def _renew(voice: Speaker, home: Path | None, *, dry_run: bool, yes: bool) -> None:
    """Pseudonyms that leave the home become others; what left before cannot be joined with them."""
    from evenhand import assembly

    question = "Renew the pseudonyms? What left before can then be joined with nothing that leaves later."
    if (
        not dry_run
        and not yes
        and not (sys.stdin.isatty() and not voice.json_out and typer.confirm(question, err=True))
    ):
        from evenhand.terms import UsageError

        raise UsageError(
            "pseudonyms-not-confirmed",
            "Nothing was renewed.",
            rule="a key that was destroyed cannot be brought back",
            remedy="confirm it, or pass --yes; --dry-run shows what would be done",
        )
    done = assembly.renew_pseudonyms(home=home, at=moment(None), dry_run=dry_run)
    if voice.json_out:
        voice.document({"version": done.version, "people": done.people, "done": done.done})
        return
    said = "leaves the home" if done.done else "would leave the home"
    voice.data(
        f"version {done.version} of the pseudonyms of {counted(done.people, 'person', 'people')} {said} from now on"
    )
    voice.talk("Consents, marks, requests and decisions are found as before. To do after it: a new backup of the keys.")


def _tell(voice: Speaker, state: KeysState) -> None:
    if voice.json_out:
        voice.document(
            {
                "wrapping": list(state.wrapping),
                "secret": state.secret,
                "people": state.people,
                "changed": state.changed,
                "done": state.is_done,
                "pseudonyms": state.pseudonyms,
                "renewed": state.renewed.isoformat() if state.renewed else None,
                "still_held": list(state.still_held),
            }
        )
        return
    named = {"": "in the clear", "environment": "in the environment"}
    voice.data(f"wrapping keys: {', '.join(state.wrapping) or 'none'}")
    voice.data(f"secret key: {named.get(state.secret, f'under {state.secret}')}")
    for name, count in sorted(state.people.items()):
        voice.data(f"keys of people: {count:,} {named.get(name, f'under {name}')}")
    voice.tell_held(state.still_held)
    if state.renewed is not None:
        voice.data(f"pseudonyms: version {state.pseudonyms}, since {state.renewed.date().isoformat()}")
    if len(state.wrapping) > 1 and state.is_done:
        voice.talk(
            f"Everything is under {state.wrapping[0]}: the other wrapping keys can go, here and in your backups."
        )
    elif state.wrapping and not state.is_done:
        voice.talk("To do: evenhand keys rotate")


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (new, ("evenhand keys new", "evenhand keys new --json")),
    (status, ("evenhand keys status", "evenhand keys status --home /srv/evenhand --json")),
    (rotate, ("evenhand keys rotate", "evenhand keys rotate --pseudonyms --dry-run")),
)
