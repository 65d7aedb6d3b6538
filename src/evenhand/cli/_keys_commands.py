"""Commands about the keys of a home: what they are kept under."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from ._options import HomeFolder, Json, NoColour, Quiet
from ._speak import Speaker, guarded

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


def rotate(home: HomeFolder = None, json_out: Json = False, quiet: Quiet = False, no_color: NoColour = False) -> None:
    """Keep a home's keys under the newest wrapping key; runs may go on, and asked again it does what is left."""
    from evenhand import assembly

    voice = Speaker(json_out=json_out, quiet=quiet, colour=False if no_color else None)
    with voice.progress() as step:
        state = assembly.rotate_keys(home=home, step=step)
    _tell(voice, state)


def _tell(voice: Speaker, state: KeysState) -> None:
    if voice.json_out:
        voice.document(
            {
                "wrapping": list(state.wrapping),
                "secret": state.secret,
                "people": state.people,
                "changed": state.changed,
                "done": state.is_done,
            }
        )
        return
    named = {"": "in the clear", "environment": "in the environment"}
    voice.data(f"wrapping keys: {', '.join(state.wrapping) or 'none'}")
    voice.data(f"secret key: {named.get(state.secret, f'under {state.secret}')}")
    for name, count in sorted(state.people.items()):
        voice.data(f"keys of people: {count:,} {named.get(name, f'under {name}')}")
    if len(state.wrapping) > 1 and state.is_done:
        voice.talk(
            f"Everything is under {state.wrapping[0]}: the other wrapping keys can go, here and in your backups."
        )
    elif state.wrapping and not state.is_done:
        voice.talk("To do: evenhand keys rotate")


_COMMANDS: tuple[tuple[Any, tuple[str, str]], ...] = (
    (new, ("evenhand keys new", "evenhand keys new --json")),
    (status, ("evenhand keys status", "evenhand keys status --home /srv/evenhand --json")),
    (rotate, ("evenhand keys rotate", "evenhand keys rotate --home /srv/evenhand --json")),
)
