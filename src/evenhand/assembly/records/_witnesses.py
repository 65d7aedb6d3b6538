"""Witnesses of a home's ledger: who they are, what they are asked, and what they cosigned."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from evenhand.adapters.stores.home import Home, find_home, json_bytes, write_atomically
from evenhand.ledger import (
    AddCheckpoint,
    Cosignature,
    LedgerStore,
    Problem,
    WitnessKey,
    consistency_of,
    cosignatures_in,
    cosigned,
    latest_checkpoint,
    read_checkpoint,
)
from evenhand.terms import DataError, LedgerError, StoreError, UsageError, number_of

from ._kept import text_of_file
from ._records import open_ledger

__all__ = [
    "Witnessed",
    "Witnesses",
    "add_cosignatures",
    "ask_witness",
    "set_witnesses",
    "witness_problems",
    "witnessed_notes",
    "witnesses_of",
]

_POLICY = "policy.json"
_NEWEST = 1_000
"""Checkpoints, from the newest on, under which a cosignature is looked for."""


@dataclass(frozen=True, slots=True)
class Witnesses:
    """Who must see a ledger.

    Attributes:
        keys: of the witnesses.
        quorum: how many of them must have cosigned a checkpoint; 0 where there are none.
    """

    keys: tuple[WitnessKey, ...] = ()
    quorum: int = 0


@dataclass(frozen=True, slots=True)
class Witnessed:
    """A checkpoint that witnesses cosigned.

    Attributes:
        size: how many entries are under it.
        note: the checkpoint with every signature line.
        by: who cosigned, and when.
        is_enough: whether that is a quorum.
    """

    size: int
    note: str
    by: tuple[Cosignature, ...]
    is_enough: bool


def set_witnesses(keys: Sequence[str], *, quorum: int | None = None, home: str | Path | None = None) -> Witnesses:
    """Say who the witnesses of a home's ledger are, in place of those before.

    Args:
        keys: their public keys, as they publish them; none = no witnesses any more.
        quorum: how many must have cosigned; None = all of them.
        home: the home folder; see `find_home`.

    Raises:
        UsageError: the quorum is none.
        DataError: a key is none.
        StoreError: it cannot be written.
    """
    found = tuple(dict.fromkeys(WitnessKey.read(one) for one in keys))
    least = len(found) if quorum is None else quorum
    if not min(1, len(found)) <= least <= len(found):
        raise UsageError(
            "witness-quorum",
            f"A quorum of {least} of {number_of(len(found), 'witness', 'witnesses')} is none.",
            rule="at least one, and no more than there are",
            remedy="name the witnesses, and how many of them suffice: --quorum",
        )
    place = find_home(home)
    with open_ledger(place):
        pass  # nobody makes a ledger by naming its witnesses
    write_atomically(_folder(place) / _POLICY, json_bytes({"quorum": least, "witnesses": [str(one) for one in found]}))
    return Witnesses(found, least)


def witnesses_of(place: Home) -> Witnesses:
    """Who the witnesses of a home's ledger are.

    Raises:
        StoreError: the file that says so was damaged.
    """
    try:
        said = json.loads((_folder(place) / _POLICY).read_text("utf-8"))
        return Witnesses(tuple(map(WitnessKey.read, said["witnesses"])), int(said["quorum"]))
    except FileNotFoundError:
        return Witnesses()
    except (OSError, ValueError, KeyError, TypeError, DataError):
        raise StoreError(
            "witness-policy",
            f"The file {_folder(place) / _POLICY} cannot be read.",
            rule="a ledger's witnesses are known by their keys",
            remedy="name them again: evenhand ledger witnesses KEY ... --quorum N",
        ) from None


def ask_witness(*, witness: str = "", old: int | None = None, home: str | Path | None = None) -> str:
    """What to send to a witness: the last signed checkpoint, and the proof that it continues what they cosigned last.

    Args:
        witness: name of the witness; "" = the only one, or one that never cosigned.
        old: entries of the checkpoint that they cosigned last; None = as it is kept here.
        home: the home folder; see `find_home`.

    Raises:
        UsageError: there is no witness of this name, or `old` is more than the ledger has.
        LedgerError: no checkpoint was signed yet.
    """
    place = find_home(home)
    known = witnesses_of(place)
    names = [one.name for one in known.keys]
    if witness and witness not in names:
        raise UsageError(
            "witness-unknown",
            "This ledger has no witness of that name.",
            rule="a witness is known by its key",
            remedy="name them: evenhand ledger witnesses KEY ... --quorum N",
        )
    asked = witness or (names[0] if len(names) == 1 else "")
    if old is None:
        old = max(
            (one.size for one in witnessed_notes(place) if any(by.witness.name == asked for by in one.by)), default=0
        )
    with open_ledger(place) as store:
        size, note = latest_checkpoint(store)
        if not 0 <= old <= size:
            raise UsageError(
                "witness-old",
                f"The last checkpoint is over {number_of(size, 'entry', 'entries')}, so none was cosigned over {old}.",
                rule="a request starts from the checkpoint that the witness cosigned last",
                remedy="sign a newer one: evenhand ledger checkpoint --sign; or ask the witness for its size",
            )
        return AddCheckpoint(old, tuple(consistency_of(store, old, size)), note).text()


def add_cosignatures(lines: str, *, home: str | Path | None = None) -> Witnessed:
    """Keep what witnesses answered, with the checkpoint that they cosigned.

    Args:
        lines: their signature lines, or the checkpoint with them.
        home: the home folder; see `find_home`.

    Raises:
        UsageError: no line is a cosignature by a witness of this ledger under one of its last 1,000 checkpoints.
        StoreError: it cannot be written.
    """
    place = find_home(home)
    known = witnesses_of(place)
    signed = [line for line in lines.splitlines() if line.startswith("\u2014 ")]
    with open_ledger(place) as store:
        for size, note in _newest(store):
            mine = [line for line in signed if cosignatures_in(cosigned(note, line), known.keys)]
            if mine:
                path = _folder(place) / f"{size}.note"
                kept = path.read_text("utf-8") if path.exists() else note
                whole = cosigned(kept, "\n".join(mine))
                write_atomically(path, whole)
                return _witnessed(size, whole, known)
    raise UsageError(
        "cosignature-none",
        "No line is a cosignature by a witness of this ledger, under one of its last checkpoints. Nothing was kept.",
        rule="C2SP tlog-cosignature: only lines of known keys that hold count",
        remedy="name the witness first (evenhand ledger witnesses KEY), and pass its answer whole",
    )


def witnessed_notes(place: Home) -> list[Witnessed]:
    """Every checkpoint that was cosigned, the newest first.

    Raises:
        LedgerError: a file of one was altered.
    """
    known, found = witnesses_of(place), []
    for path in _folder(place).glob("*.note"):
        note = text_of_file(path)
        try:
            size = read_checkpoint(note).size
        except DataError:
            size = -1
        if str(size) != path.stem:
            raise LedgerError(
                "cosigned-altered",
                f"The cosigned checkpoint {path} was altered.",
                rule="G-5-2",
                remedy="restore it from a copy; or remove it, and ask the witnesses for their signatures again",
            )
        found.append(_witnessed(size, note, known))
    return sorted(found, key=lambda one: one.size, reverse=True)


def witness_problems(place: Home, notes: Sequence[Witnessed]) -> Iterator[Problem]:
    """What is wrong with the witnesses of a ledger that has some; whether their checkpoints hold, verification says."""
    known = witnesses_of(place)
    if known.keys and not any(one.is_enough for one in notes):
        yield Problem(
            0,
            f"No checkpoint has the cosignatures of {known.quorum} of the "
            f"{number_of(len(known.keys), 'witness', 'witnesses')}.",
            "a ledger with witnesses is shown to them",
            "Ask them: evenhand ledger ask-witness; and keep their answers: evenhand ledger cosigned FILE.",
        )


def _witnessed(size: int, note: str, known: Witnesses) -> Witnessed:
    by = tuple(cosignatures_in(note, known.keys))
    return Witnessed(size, note, by, 0 < known.quorum <= len(by))


def _newest(store: LedgerStore) -> list[tuple[int, str]]:
    return list(store.checkpoints())[-_NEWEST:][::-1]


def _folder(place: Home) -> Path:
    return place.folder / "witnesses"
