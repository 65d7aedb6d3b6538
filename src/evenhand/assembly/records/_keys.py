"""The keys of a home: what they are kept under, and keeping them under another."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from evenhand.adapters.keys.wrapping import wrapping_of_environment
from evenhand.adapters.stores.freeing import still_held
from evenhand.adapters.stores.home import KEY_BYTES, Home, find_home, write_atomically
from evenhand.terms import StoreError, UsageError, microseconds_of, moment_at

from ._ledger import keys_of

__all__ = [
    "KeysState",
    "Renewed",
    "keys_status",
    "new_wrapping_key",
    "outward_of",
    "outward_stories",
    "renew_pseudonyms",
    "rotate_keys",
]

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
        pseudonyms: which version of pseudonyms leaves the home; 0 = they were never renewed.
        renewed: when that version began; None where they were never renewed.
        still_held: files or tables that may hold bytes as they were a while longer; see `people.Erased`.
    """

    wrapping: tuple[str, ...]
    secret: str
    people: dict[str, int]
    changed: int = 0
    pseudonyms: int = 0
    renewed: datetime | None = None
    still_held: tuple[str, ...] = ()

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
    return replace(_state(place, changed), still_held=still_held(place) if changed else ())


@dataclass(frozen=True, slots=True)
class Renewed:
    """Pseudonyms that were renewed, or would be.

    Attributes:
        version: the version that leaves the home now; of a look, the one that would.
        people: how many people have a pseudonym.
        done: False where it was only looked at.
    """

    version: int
    people: int
    done: bool


def renew_pseudonyms(*, home: str | Path | None = None, at: datetime, dry_run: bool = False) -> Renewed:
    """Have every pseudonym leave the home as another one from now on. Nobody can join what left before with what leaves
    later: the key of the version before is destroyed, in the one transaction that draws the next.

    Nothing inside the home changes: what is kept about a person is found as before, and so is every mark of somebody
    who was erased. Runs and services may go on meanwhile.

    Args:
        home: the home folder; see `find_home`.
        at: now.
        dry_run: only say what would be done.

    Raises:
        StoreError: the home has no keys of people yet, or they cannot be written.
    """
    place = find_home(home)
    keys = keys_of(place)
    if not place.has_key or not keys.is_there:
        raise StoreError(
            "pseudonyms-none",
            f"{place.folder} has no pseudonyms of people yet. Nothing was changed.",
            rule="what left the home can be cut off from what leaves later",
            remedy="name the right --home; pseudonyms come with the first run, or with what a person says",
        )
    people = sum(keys.under().values())
    if dry_run:
        return Renewed(keys.version().number + 1, people, False)
    version = keys.renew(microseconds_of(at))
    return Renewed(version.number, people, True)


def outward_of(place: Home, pseudonym: str) -> str:
    """A pseudonym (32 hex digits) as it leaves the home now."""
    return keys_of(place).outward([bytes.fromhex(pseudonym)])[0].hex() if pseudonym else ""


def outward_stories(place: Home, report: dict[str, Any]) -> None:
    """Tell the people of a report's stories by the pseudonyms that leave the home now."""
    told = [one for story in report.get("stories", ()) for one in story.values()]
    leave = keys_of(place).outward([bytes.fromhex(one["subject"]) for one in told]) if told else []
    for one, pseudonym in zip(told, leave, strict=True):
        one["subject"] = pseudonym.hex()


def _state(place: Home, changed: int = 0) -> KeysState:
    wrapping = wrapping_of_environment()
    content = place.key_file.read_bytes() if place.key_file.exists() else None
    keys = keys_of(place)
    version = keys.version()
    under = keys.under() if keys.is_there else {}
    if version.number and version.under not in under:
        under[version.under] = 0  # its random bytes are under a key that nobody else's are under
    return KeysState(
        wrapping.names,
        "environment" if content is None else wrapping.name_on(content),
        under,
        changed,
        version.number,
        moment_at(version.since) if version.number else None,
    )
