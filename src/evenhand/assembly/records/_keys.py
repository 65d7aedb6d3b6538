"""The keys of a home: what they are kept under, and keeping them under another."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from evenhand.adapters.keys.wrapping import wrapping_of_environment
from evenhand.adapters.stores.home import KEY_BYTES, Home, find_home, write_atomically
from evenhand.terms import StoreError, UsageError

from ._ledger import keys_of

__all__ = ["KeysState", "keys_status", "new_wrapping_key", "rotate_keys"]

Step = Callable[[str], None]


def _silent(_: str) -> None:
    """No progress."""


@dataclass(frozen=True, slots=True)
class KeysState:
    """What a home's keys are kept under.

    Attributes:
        wrapping: names of the wrapping keys that are there, the newest first; () = none.
        secret: name of the key that the secret key's file is under; "" = in the clear, "environment" = no file.
        people: how many people's random bytes are under which key, by its name; "" = in the clear.
        changed: how many people's were wrapped anew just now.
    """

    wrapping: tuple[str, ...]
    secret: str
    people: dict[str, int]
    changed: int = 0

    @property
    def is_done(self) -> bool:
        """Whether everything is under the newest wrapping key, so that the others may go."""
        newest = self.wrapping[0] if self.wrapping else ""
        return set(self.people) <= {newest} and self.secret in {newest, "environment"}


def new_wrapping_key() -> str:
    """A new wrapping key: 64 hex digits that nobody can foresee. It is kept nowhere."""
    return secrets.token_hex(KEY_BYTES)


def keys_status(*, home: str | Path | None = None) -> KeysState:
    """What a home's keys are kept under. Changes nothing.

    Raises:
        StoreError: they cannot be read, or a wrapping key is missing.
    """
    return _state(find_home(home))


def rotate_keys(*, home: str | Path | None = None, step: Step = _silent) -> KeysState:
    """Keep a home's keys under the newest wrapping key. Pseudonyms, handles, marks, signatures and what is sealed stay
    as they are, and runs may go on meanwhile. Stopped half way, it is done by asking again.

    Raises:
        UsageError: the environment names no wrapping key.
        StoreError: a key that something is under is missing, or something cannot be read or written.
    """
    place = find_home(home)
    wrapping = wrapping_of_environment()
    if not wrapping.names:
        raise UsageError(
            "keys-no-wrapping",
            "No wrapping key is named, so there is nothing to keep the keys under.",
            rule="the newest wrapping key is the first that the environment names",
            remedy="make one with: evenhand keys new, and set EVENHAND_WRAPPING_KEY to it",
        )
    if not place.has_key:
        raise StoreError(
            "home-key-missing",
            f"{place.folder} has no secret key yet.",
            rule="what is not there cannot be wrapped",
            remedy="name the right --home; a new home's key is wrapped when it is made",
        )
    secret = place.key(make=False)
    step("wrapping the keys of people")
    keys = keys_of(place)
    changed = keys.rewrap() if keys.is_there else 0
    step("wrapping the secret key")
    if place.key_file.exists() and wrapping.name_on(place.key_file.read_bytes()) != wrapping.names[0]:
        write_atomically(place.key_file, wrapping.close(secret), private=True)
    return _state(place, changed)


def _state(place: Home, changed: int = 0) -> KeysState:
    wrapping = wrapping_of_environment()
    content = place.key_file.read_bytes() if place.key_file.exists() else None
    keys = keys_of(place)
    return KeysState(
        wrapping.names,
        "environment" if content is None else wrapping.name_on(content),
        keys.under() if keys.is_there else {},
        changed,
    )
