"""The decisions of a run, made ready while others still write the ledger: checked, encoded and encrypted.

Only what depends on where the ledger ends has to wait for the turn to write: the number of each entry, the chain and
the tree. So the turn of a large run is short.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from evenhand.policy import Campaign
from evenhand.promises import Ground, Totals, Violation, check_decisions, check_limits, check_run
from evenhand.rules import Law, shipped
from evenhand.terms import DataError, Explained, LedgerError, Model

from ._body import digest_of
from ._columns import bodies_of, columns_from_explained
from ._inspect_people import about_erased
from ._personal import HANDLE, HANDLE_AND_KEY, SubjectKeys, closed_decisions
from ._seal import Seal, withheld
from ._sealing import LatePart, Part, Sealer, handles_of, whose
from ._store import Kind, LedgerStore

__all__ = [
    "WrittenOut",
    "checked_ground",
    "keys_of_people",
    "parts_of",
    "refuse_erased",
    "refuse_violations",
    "write_out",
]

CHUNK = 16_384
"""Decisions that are checked, encoded and appended at a time."""
_PEOPLE = 4_096
"""People whose keys are drawn at a time, so that whoever else draws one does not wait for a million."""
_SECRET = 32


@dataclass(frozen=True, slots=True)
class WrittenOut:
    """All decisions of a run, ready to be recorded. Made by `write_out`, taken by `begin`.

    Attributes:
        explained: what was decided.
        run_id: the run that they can be recorded in.
        ground: what they stand on.
        parts: them.
        handles: uint8[people, 16], of everybody.
        key: of the run, where its prices are sealed; else b"".
    """

    explained: Explained = field(repr=False)
    run_id: str
    ground: Ground = field(repr=False)
    parts: tuple[Part, ...] = field(repr=False)
    handles: NDArray[np.uint8] = field(repr=False)
    key: bytes = field(repr=False)

    def refuse_other(self, store: LedgerStore, ground: Ground, run_id: str) -> None:
        """Refuse to be recorded in another run than they were made ready for, or in a ledger that encrypts nothing.

        Raises:
            LedgerError: it is another.
        """
        if store.people is None or (run_id, *_named(ground)) != (self.run_id, *_named(self.ground)):
            raise LedgerError(
                "ledger-other-run",
                f"The decisions were made ready for another run than {run_id}, or stand on something else.",
                rule="G-15h",
                remedy="Write them out for the run that records them.",
            )


def checked_ground(
    campaign: Campaign, model: Model, at: datetime, run_id: str, priced_by: str = "", law: Law | None = None
) -> Ground:
    """What the decisions of a run stand on. Arguments as of `begin`.

    Raises:
        LedgerError: campaign and model break a promise.
    """
    text = campaign.model_dump_json()
    rulebook = shipped() if law is None else law.rulebook
    balancing = "" if law is None else law.balancing_told(campaign)
    ground = Ground(campaign, text, digest_of(text), model, at, priced_by, rulebook, balancing)
    refuse_violations(check_run(ground), run_id)
    return ground


def write_out(
    explained: Explained,
    *,
    run_id: str,
    at: datetime,
    campaign: Campaign,
    model: Model,
    people: SubjectKeys,
    law: Law | None = None,
) -> WrittenOut:
    """Check, encode and encrypt the decisions of a run that finds its own prices. Nothing is recorded, and nobody is
    kept from writing; each person has a key afterwards. All of them are held in memory.

    Args:
        explained: what was decided.
        run_id, at, campaign, model, law: as `begin` will get them.
        people: keys of people, those of the ledger.

    Raises:
        LedgerError: a decision breaks a promise.
        StoreError: the keys cannot be reached.
    """
    ground = checked_ground(campaign, model, at, run_id, law=law)
    key = people.draw(_SECRET) if campaign.aware_limits else b""
    seal = Seal(run_id, key) if key else None
    subjects = explained.allocated.scored.minimised.permitted.asked.subjects
    keys = keys_of_people(people, subjects, together=_PEOPLE)
    totals = Totals.none(len(campaign.offers))
    parts = tuple(one.whole() for one in parts_of(explained, ground, run_id, seal, people, keys, totals))
    return WrittenOut(explained, run_id, ground, parts, keys[:, :HANDLE].copy(), key)


def parts_of(
    explained: Explained,
    ground: Ground,
    run_id: str,
    seal: Seal | None,
    people: SubjectKeys | None,
    keys: NDArray[np.uint8],
    totals: Totals,
    sealer: Sealer | None = None,
) -> Iterator[Part | LatePart]:
    """The decisions of a batch, checked, encoded and encrypted, part by part.

    Args:
        explained: what was decided.
        ground: what the run stands on.
        run_id: the run.
        seal: of the run, where it has one.
        people: keys of people, where the ledger has them.
        keys: uint8[people, 48], handle and key of each person of the batch; no row where there are no keys.
        totals: of the run so far.
        sealer: encodes and encrypts, where there are keys and no seal; None = it is done here.

    Raises:
        LedgerError: a decision breaks a promise.
    """
    refuse_violations(check_limits(explained.allocated.limits, ground), run_id)
    person = explained.allocated.person
    for start in range(0, len(person), CHUNK):
        stop = min(start + CHUNK, len(person))
        columns = columns_from_explained(explained, start, stop, totals.decisions + 1)
        refuse_violations(check_decisions(columns, ground), run_id)
        totals = totals.plus(columns)
        theirs = b"" if people is None else keys[person[start:stop]].tobytes()
        if people is not None and seal is None and sealer is not None:
            yield LatePart(handles_of(theirs), sealer.begin(columns, theirs), totals)
            continue
        bodies = bodies_of(columns) if seal is None else bodies_of(withheld(columns), seal.close(columns))
        if people is None:
            yield Part(_pseudonyms(columns.subject), bodies, (), totals)
        else:
            yield Part(*closed_decisions(people.draw, whose(theirs), bodies), totals)


def keys_of_people(people: SubjectKeys | None, subjects: NDArray[np.bytes_], *, together: int = 0) -> NDArray[np.uint8]:
    """uint8[people, 48]: handle and key of each person, drawn where there was none; no row where there are no keys.

    Args:
        people: keeps them.
        subjects: pseudonyms (``S32``).
        together: draw for so many at a time, in the order of pseudonyms; 0 = for all at once.
    """
    if people is None:
        _pseudonyms(subjects)
        return np.empty((0, HANDLE_AND_KEY), dtype=np.uint8)
    who = _pseudonyms(subjects)
    if not together or len(who) <= together:
        return np.frombuffer(people.make(who), dtype=np.uint8).reshape(-1, HANDLE_AND_KEY)
    out = np.empty((len(who), HANDLE_AND_KEY), dtype=np.uint8)
    order = np.argsort(subjects, kind="stable")
    for start in range(0, len(order), together):
        places = order[start : start + together]
        made = people.make([who[place] for place in places.tolist()])
        out[places] = np.frombuffer(made, dtype=np.uint8).reshape(-1, HANDLE_AND_KEY)
    return out


def refuse_erased(store: LedgerStore, written: WrittenOut) -> None:
    """Refuse what is encrypted under a key that was destroyed since. The caller holds the claim.

    Raises:
        DataError: one was.
    """
    erased = {row[2].removeprefix(about_erased(b"")) for row in store.of_kind(Kind.SUBJECT_ERASED)}
    first_halves = np.frombuffer(b"".join(handle[: HANDLE // 2] for handle in erased), dtype=np.uint64)
    alike = np.isin(written.handles.view(np.uint64)[:, 0], first_halves)
    if any(row.tobytes() in erased for row in written.handles[alike]):
        raise DataError(
            "erased-meanwhile",
            "Somebody among these people was erased while the run was prepared. Nothing was recorded.",
            rule="G-17: whoever was erased is not decided about",
            remedy="run again",
        )


def refuse_violations(violations: Sequence[Violation], run_id: str) -> None:
    """Raise the first violation; the others are counted."""
    if not violations:
        return
    first = violations[0]
    people = f" (decisions: {len(first.rows)})" if first.rows else ""
    more = f" {len(violations) - 1} more kinds of violation were found." if len(violations) > 1 else ""
    raise LedgerError(
        f"promise-{first.promise}-{first.code}",
        f"Run {run_id} does not keep a promise ({first.promise}): {first.what}{people}{more} Nothing was recorded.",
        rule=first.rule,
        remedy=first.remedy,
    )


def _named(ground: Ground) -> tuple[str, ...]:
    """What a run's start names of its ground."""
    rules = "" if ground.rulebook is None else ground.rulebook.digest
    at = ground.at.isoformat()
    return ground.campaign_digest, ground.model.digest, at, ground.priced_by, rules, ground.balancing


def _pseudonyms(subjects: NDArray[np.bytes_]) -> list[bytes]:
    """The 16 bytes of each pseudonym."""
    digits = subjects.tobytes()
    try:
        packed = bytes.fromhex(digits.decode("ascii"))
    except ValueError:
        packed = b""
    if subjects.dtype.str != "|S32" or packed.hex().encode() != digits:
        raise DataError(
            "subject-not-pseudonym",
            "The subjects are not pseudonyms of 32 hex digits (lower case).",
            rule="G-32",
            remedy="Pseudonymise them before asking.",
        )
    return [packed[i : i + 16] for i in range(0, len(packed), 16)]
