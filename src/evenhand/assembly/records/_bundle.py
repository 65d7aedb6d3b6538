"""A bundle for an auditor, who has neither our database nor our keys: made from a home, checked without one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evenhand import __version__
from evenhand.adapters.ledgers.bundle_file import BundleLedger, bytes_of, entries_text, first_difference, read_bundle
from evenhand.adapters.stores.home import find_home, write_atomically
from evenhand.ledger import (
    Kind,
    RunRecord,
    Signer,
    Verification,
    Verifier,
    disclosures,
    latest_checkpoint,
    open_run,
    runs,
    verify,
)
from evenhand.scoring import model_from_json
from evenhand.terms import DataError, EvenhandError, UsageError, number_of

from ..runs._tables_told import SMALLEST, tables_told
from ._records import open_ledger, resolve_run

__all__ = ["BundleChecked", "Step", "check_bundle", "make_bundle"]

_FORMAT = 1
_MANIFEST, _SIGNATURE, _ENTRIES, _CHECKPOINTS = "manifest.json", "manifest.sig", "entries.jsonl", "checkpoints.jsonl"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was checked.

    Attributes:
        name: ``file``, ``signature``, ``ledger``, ``promises``, ``counts`` or ``tables``.
        holds: whether it holds; None where it could not be checked.
        what: how, in a sentence.
    """

    name: str
    holds: bool | None
    what: str


@dataclass(frozen=True, slots=True)
class BundleChecked:
    """What the check of a bundle showed.

    Attributes:
        steps: in the order of checking.
        not_checked: what nobody can check from a bundle, and why.
        runs: the runs that it is about.
        checkpoint: the last signed checkpoint in it.
        digest: SHA-256 of the file.
    """

    steps: tuple[Step, ...]
    not_checked: tuple[str, ...]
    runs: tuple[str, ...] = ()
    checkpoint: str = field(default="", repr=False)
    digest: str = ""

    @property
    def ok(self) -> bool:
        """Whether nothing that could be checked is wrong."""
        return all(step.holds is not False for step in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "ok": self.ok,
            "runs": list(self.runs),
            "sha256": self.digest,
            "steps": [{"name": one.name, "holds": one.holds, "what": one.what} for one in self.steps],
            "not_checked": list(self.not_checked),
            "checkpoint": self.checkpoint,
        }


def make_bundle(
    out: str | Path, run_ids: Sequence[str], *, home: str | Path | None = None, opened: bool = False
) -> tuple[str, tuple[str, ...]]:
    """Write everything that an auditor needs of some runs to one file, signed with the ledger's key.

    The whole chain up to the last checkpoint is in it, since a chain is checked whole: campaigns, models, reports, and
    of each decision a commitment under a random handle. No key and no id is.

    Args:
        out: the file, ending in ``.zip``.
        run_ids: the runs; ``last`` is the last one.
        home: the home folder; see `find_home`.
        opened: open every decision of these runs: pseudonym, bin codes, score, reason. That is personal data.

    Returns:
        SHA-256 (hex) of the file, and the runs.

    Raises:
        UsageError: no run was named.
        DataError: the ledger has no such run, or it was recorded after the last checkpoint.
        LedgerError: no checkpoint was signed yet.
        StoreError: the file cannot be written.
    """
    if not run_ids:
        raise UsageError(
            "bundle-no-run",
            "No run was named.",
            rule="a bundle is about runs",
            remedy="name them (evenhand ledger runs lists them), or write last",
        )
    with open_ledger(find_home(home)) as store:
        names = tuple(dict.fromkeys(resolve_run(store, one) for one in run_ids))
        size, _ = latest_checkpoint(store)
        signer = Signer(store.secret())
        for name in names:
            record = open_run(store, name)
            if record.start + record.summary.decisions >= size:
                raise DataError(
                    "bundle-run-not-signed",
                    f"Run {name} is not under the last checkpoint.",
                    rule="a bundle proves what was signed",
                    remedy="sign one first: evenhand ledger checkpoint --sign",
                )
        notes = [[number, note] for number, note in store.checkpoints() if number <= size]
        parts = {
            _ENTRIES: entries_text(store.read(1, size), size),
            _CHECKPOINTS: "".join(f"{json.dumps(one)}\n" for one in notes).encode(),
        }
        if opened:
            for name in names:
                lines = (json.dumps([seq, salt.hex(), body.decode()]) for seq, salt, body in disclosures(store, name))
                parts[f"opened/{name}.jsonl"] = "".join(f"{line}\n" for line in lines).encode()
    manifest = {
        "bundle": _FORMAT,
        "entries": size,
        "key": str(signer.verifier),
        "made_by": f"evenhand {__version__}",
        "opened": opened,
        "parts": {name: hashlib.sha256(content).hexdigest() for name, content in parts.items()},
        "runs": list(names),
    }
    about = (json.dumps(manifest, indent=1, sort_keys=True) + "\n").encode()
    signature = signer.sign_content("bundle", about).hex().encode() + b"\n"
    whole = bytes_of({_MANIFEST: about, _SIGNATURE: signature, **parts})
    write_atomically(Path(out), whole, private=True)
    return hashlib.sha256(whole).hexdigest(), names


def check_bundle(bundle: str | Path, *, key: str | None = None, checkpoints: Sequence[str] = ()) -> BundleChecked:
    """Check a bundle: nothing of ours is needed, no network, no database.

    Args:
        bundle: the file.
        key: the ledger's public key as the organisation publishes it; None = the one that the bundle names.
        checkpoints: signed checkpoints that were kept elsewhere; each must still hold.

    Raises:
        DataError: it is no bundle, or `key` is no key.
        StoreError: the file cannot be read.
    """
    whole, parts, broken = read_bundle(Path(bundle))
    digest = hashlib.sha256(whole).hexdigest()
    steps = [_file(whole, parts, broken)]
    if not steps[0].holds:
        return BundleChecked(tuple(steps), _NOTHING, digest=digest)
    try:
        manifest = json.loads(parts[_MANIFEST])
        named = [str(one) for one in manifest["runs"]]
        steps.append(_signed(manifest, parts, key))
        if not steps[-1].holds:
            return BundleChecked(tuple(steps), _NOTHING, tuple(named), digest=digest)
        notes = [(int(size), str(note)) for size, note in map(json.loads, _lines(parts[_CHECKPOINTS]))]
        given = dict(_given(parts))
        store = BundleLedger(parts[_ENTRIES], notes, str(manifest["key"]), given)
    except (KeyError, ValueError, TypeError, AttributeError):
        steps.append(Step("form", False, "A part of the bundle is not written as evenhand bundle make writes it."))
        return BundleChecked(tuple(steps), _NOTHING, digest=digest)
    found = verify(store, model_from_json, checkpoints=checkpoints)
    steps += _ledger(found)
    records = []
    for name in named:
        try:
            records.append(open_run(store, name))
        except EvenhandError as error:
            steps.append(Step("counts", False, f"{name}: {error.what}"))
    steps += [step for record in records for step in _run(record, store, given, found.ok)]
    last = notes[-1][1] if notes else ""
    return BundleChecked(tuple(steps), tuple(_not_checked(records, store, given)), tuple(named), last, digest)


def _file(whole: bytes, parts: Mapping[str, bytes], broken: Sequence[str]) -> Step:
    """Every byte follows from the parts, and every part has the digest that the manifest names."""
    if broken:
        return Step("file", False, f"These parts were altered: {', '.join(broken)}.")
    try:
        said = json.loads(parts[_MANIFEST])
        if said["bundle"] != _FORMAT:
            return Step("file", False, f"The bundle has format {said['bundle']}; this evenhand reads {_FORMAT}.")
        digests = dict(said["parts"])
    except (KeyError, ValueError, TypeError):
        return Step("file", False, f"{_MANIFEST} is missing, or was altered.")
    for name, content in parts.items():
        if name not in (_MANIFEST, _SIGNATURE) and digests.get(name) != hashlib.sha256(content).hexdigest():
            return Step("file", False, f"{name} is not what {_MANIFEST} says: one of the two was altered.")
    missing = [name for name in digests if name not in parts]
    if missing:
        return Step("file", False, f"These parts are missing: {', '.join(missing)}.")
    where = first_difference(whole, parts)
    if where:
        return Step("file", False, f"The file was altered at {where}.")
    return Step("file", True, f"Every byte is as it was made: {len(whole):,} bytes in {len(parts)} parts.")


def _signed(manifest: Mapping[str, Any], parts: Mapping[str, bytes], key: str | None) -> Step:
    named = str(manifest["key"])
    verifier = Verifier.read(named)
    if key is not None and str(Verifier.read(key)) != named:
        return Step("signature", False, "The bundle names another key than the one that was published.")
    if not verifier.is_signed("bundle", parts[_MANIFEST], bytes.fromhex(parts[_SIGNATURE].decode().strip())):
        return Step("signature", False, f"{_MANIFEST} is not signed with the ledger's key: it was altered.")
    how = "the published key" if key is not None else "the key that it names itself: compare it with the published one"
    return Step("signature", True, f"Signed by {verifier.name}, with {how}.")


def _lines(content: bytes) -> list[str]:
    return content.decode().split("\n")[:-1]


def _given(parts: Mapping[str, bytes]) -> Iterator[tuple[int, tuple[bytes, bytes]]]:
    """Opened decisions by number."""
    for name, content in parts.items():
        if name.startswith("opened/"):
            for line in _lines(content):
                seq, salt, body = json.loads(line)
                yield int(seq), (bytes.fromhex(salt), str(body).encode())


def _ledger(found: Verification) -> Iterator[Step]:
    """Chain, tree, checkpoints; and the promises of each decision that is open."""
    if not found.ok:
        told = [f"entry {one.seq}: {one.what} ({one.rule})" for one in found.problems[:5]]
        yield Step("ledger", False, f"{number_of(len(found.problems) + found.more, 'problem')}. {' '.join(told)}")
        return
    what = f"{found.entries:,} entries in one chain, {found.checkpoints} signed checkpoints hold: nothing was altered."
    yield Step("ledger", True, what)
    opened = found.decisions - found.closed
    if opened == found.decisions:
        what = f"The four promises hold for each of all {opened:,} decisions; scores were added up again."
    elif opened:
        what = (
            f"The four promises hold for each of {opened:,} decisions that are open here; scores were added up again. "
            f"The other {found.closed:,} are closed and were not looked at: of other runs, or of people erased since."
        )
    else:
        what = (
            f"All {found.closed:,} decisions are closed here, so the promises for each of them, and its score, were "
            "not looked at. That takes them opened: evenhand bundle make --open at the organisation, or a person's "
            "receipt for their own."
        )
    yield Step("decisions", True if opened or not found.decisions else None, what)


def _run(
    record: RunRecord, store: BundleLedger, given: Mapping[int, tuple[bytes, bytes]], is_sound: bool
) -> Iterator[Step]:
    name, first = record.summary.run_id, record.start + 1
    stored = [row for rows in store.read(first, record.start + record.summary.decisions) for row in rows]
    closed = sum(row[1] == Kind.DECISION and row[0] not in given and b"sealed-decision" in row[4][:24]
                 for row in stored)  # fmt: skip
    if not is_sound:
        yield Step("counts", None, f"{name}: not looked at, because the ledger itself does not hold.")
    elif closed:
        are = number_of(closed, "decision is", "decisions are")
        what = f"{name}: totals and limits were compared with the run's own word only; {are} closed."
        yield Step("counts", None, what)
    else:
        yield Step("counts", True, f"{name}: totals and limits follow from all {len(stored):,} decisions.")
    report = record.report
    if report:
        small = tables_told(report)
        yield Step(
            "tables",
            not small,
            f"{name}: the report tells numbers below {SMALLEST} of {', '.join(small)}."
            if small
            else f"{name}: no number of a group in the report is below {SMALLEST}, nor is what is left of its group.",
        )


_NOTHING = ("Nothing else was looked at, because the file is not the one that was made.",)


def _not_checked(
    records: Sequence[RunRecord], store: BundleLedger, given: Mapping[int, tuple[bytes, bytes]]
) -> Iterator[str]:
    yield (
        "Whether groups were counted rightly: sensitive columns never leave the home, so rates per group are the run's "
        "own word."
    )
    yield (
        "Whether the model follows from the history, and bin codes from people's values: that takes the tables "
        "(evenhand replay, at the organisation)."
    )
    yield "Whether a consent is true, and whether a legal basis fits: people answer for that."
    if not given:
        yield (
            "Single decisions: the bundle was made without opening them. A person's receipt opens their own; "
            "evenhand bundle make --open opens a run's."
        )
    if any("sealed" in batch.get("prices", {}) for record in records for batch in record.batches):
        yield "What an aware limit sealed (margins, prices of groups): the run's key stays at the organisation."
    if any(run.priced_by for run in runs(store)):
        yield "Whether later people's share of a limit was lent as said: leases stand outside the ledger."
