"""A bundle for an auditor: a ledger in one zip file, made of the same bytes whoever makes it, and read without a key.

Everything in it stands uncompressed and in one order with one date, so that every byte of the file follows from its
content: a bundle in which any byte differs from that is told apart, and the part with the byte is named.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from evenhand.ledger import GENESIS, Head, Intent, Kind, Node, Row, SubjectKeys, Tail
from evenhand.terms import DataError, StoreError

__all__ = ["BundleLedger", "bytes_of", "entries_text", "first_difference", "read_bundle"]

_CHUNK = 16_384
_MOST_BYTES = 8 * 2**30
_UNREADABLE = (zipfile.BadZipFile, ValueError, RuntimeError, OSError, EOFError)
"""What a zip file that was altered may raise; an unknown compression is a `RuntimeError`, too."""


def bytes_of(parts: Mapping[str, bytes]) -> bytes:
    """The zip file of these parts, in their order."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as out:
        for name, content in parts.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o600 << 16
            out.writestr(info, content)
    return sink.getvalue()


def read_bundle(path: Path) -> tuple[bytes, dict[str, bytes], list[str]]:
    """The file's bytes, its parts by name, and the parts that cannot be read whole.

    Raises:
        StoreError: the file cannot be read.
        DataError: it is no bundle at all.
    """
    try:
        whole = path.read_bytes()
    except OSError as error:
        raise StoreError(
            "file-unreadable",
            f"The file {path} cannot be read ({type(error).__name__}).",
            rule="a file that is named must be there, and readable",
            remedy="check its name and its permissions",
        ) from None
    parts: dict[str, bytes] = {}
    broken = []
    try:
        with zipfile.ZipFile(io.BytesIO(whole)) as file:
            if sum(info.file_size for info in file.infolist()) > min(_MOST_BYTES, 2 * len(whole)):
                raise zipfile.BadZipFile
            for info in file.infolist():
                try:
                    parts[info.filename] = file.read(info)
                except _UNREADABLE:
                    broken.append(info.filename)
    except _UNREADABLE:
        raise DataError(
            "bundle-unreadable",
            f"{path.name} is no bundle, or not the whole of one: its list of parts cannot be read.",
            rule="a bundle is the file that evenhand bundle make writes, unchanged",
            remedy="ask for it again, and compare the SHA-256 that was printed when it was made",
        ) from None
    return whole, parts, broken


def first_difference(whole: bytes, parts: Mapping[str, bytes]) -> str:
    """Where the file's bytes first differ from those that its parts make; "" where they do not."""
    made = bytes_of(parts)
    if made == whole:
        return ""
    pairs = zip(whole, made, strict=False)
    at = next((place for place, (one, other) in enumerate(pairs) if one != other), min(len(whole), len(made)))
    with zipfile.ZipFile(io.BytesIO(made)) as file:
        before = [info.filename for info in file.infolist() if info.header_offset <= at < file.start_dir]
    return f"byte {at + 1}, in {before[-1] if before else 'the list of parts'}"


def entries_text(chunks: Iterable[Sequence[Row]], last: int) -> bytes:
    """Entries up to number `last`, one JSON list a line: number, kind, what it is about, hash, body."""
    lines = [
        json.dumps([seq, int(kind), about.hex(), hash_.hex(), body.decode()], ensure_ascii=False)
        for rows in chunks
        for seq, kind, about, hash_, body in rows
        if seq <= last
    ]
    return "".join(f"{line}\n" for line in lines).encode()


class BundleLedger:
    """A ledger out of a bundle, for reading only: no secret, no key of anybody. Implements `ledger.LedgerStore`.

    Args:
        entries: as from `entries_text`.
        checkpoints: number of entries and signed note of each.
        key: the ledger's public key.
        opened: by number of an entry, salt and body of a decision that was opened.

    Raises:
        ValueError: the entries are not written as entries are.
    """

    people: SubjectKeys | None = None

    def __init__(
        self,
        entries: bytes,
        checkpoints: Sequence[tuple[int, str]],
        key: str,
        opened: Mapping[int, tuple[bytes, bytes]],
    ) -> None:
        self._rows: list[Row] = []
        for line in entries.decode().split("\n")[:-1]:
            seq, kind, about, hash_, body = json.loads(line)
            self._rows.append((int(seq), int(kind), bytes.fromhex(about), bytes.fromhex(hash_), str(body).encode()))
        self._checkpoints, self._key, self._opened = list(checkpoints), key, dict(opened)

    def public_key(self) -> str:
        """The public key; see `ledger.Published`."""
        return self._key

    def disclosed(self, first: int, last: int) -> Mapping[int, tuple[bytes, bytes]]:
        """Opened decisions; see `ledger.Disclosing`."""
        return {seq: self._opened[seq] for seq in range(first, last + 1) if seq in self._opened}

    def tail(self) -> Tail:
        """Where the entries end."""
        return Tail(self._rows[-1][0], self._rows[-1][3]) if self._rows else Tail(0, GENESIS)

    def head(self) -> Head | None:
        """The end: what holds it is the checkpoint, since a bundle has no sealed head."""
        return Head(self.tail())

    def read(self, first: int, last: int | None = None) -> Iterator[Sequence[Row]]:
        """Entries in order, in chunks."""
        rows = [row for row in self._rows if row[0] >= first and (last is None or row[0] <= last)]
        for start in range(0, len(rows), _CHUNK):
            yield rows[start : start + _CHUNK]

    def about(self, about: bytes) -> Sequence[Row]:
        """Every entry about something."""
        return [row for row in self._rows if row[2] == about]

    def of_kind(self, kind: Kind, after: int = 0) -> Iterator[Row]:
        """Every entry of a kind above a number."""
        return (row for row in self._rows if row[1] == kind and row[0] > after)

    def last_of_kind(self, kind: Kind, before: int) -> Row | None:
        """The last entry of a kind before a number."""
        return next((row for row in reversed(self._rows) if row[1] == kind and row[0] < before), None)

    def payloads(self, first: int, last: int) -> Mapping[int, bytes]:
        """None: a bundle has no encrypted bodies."""
        del first, last
        return {}

    def hashes(self, first: int, last: int) -> Sequence[bytes]:
        """Hashes of entries."""
        return [row[3] for row in self._rows[first - 1 : last]]

    def tiles(self, level: int, first: int, end: int) -> Sequence[bytes]:
        """None: the tree is made from the entries."""
        del level, first, end
        return []

    def checkpoints(self) -> Iterator[tuple[int, str]]:
        """Every checkpoint that the bundle has."""
        return iter(self._checkpoints)

    @property
    def head_is_apart(self) -> bool:
        """Nothing is committed to a bundle."""
        return False

    def last_checkpoint(self) -> tuple[int, str] | None:
        """The checkpoint that was signed last."""
        return self._checkpoints[-1] if self._checkpoints else None

    def checkpoint_before(self, size: int) -> int:
        """How many entries were under the last checkpoint over fewer than `size`."""
        return max((number for number, _ in self._checkpoints if number < size), default=0)

    def damage(self) -> Sequence[str]:
        """Nothing: the file is checked before it is read."""
        return ()

    def intents(self) -> Sequence[Intent]:
        """Nothing is under way in a bundle."""
        return ()

    def secret(self) -> bytes:
        """There is none."""
        raise _for_reading()

    def keep_head(self, head: Head) -> None:
        """Not in a bundle."""
        del head
        raise _for_reading()

    def claim(self) -> None:
        """Not in a bundle."""
        raise _for_reading()

    def release(self) -> None:
        """Nothing was claimed."""

    def intend(self, intent: Intent) -> None:
        """Not in a bundle."""
        del intent
        raise _for_reading()

    def begin(self) -> None:
        """Not in a bundle."""
        raise _for_reading()

    def append(self, rows: Iterable[Row]) -> None:
        """Not in a bundle."""
        del rows
        raise _for_reading()

    def keep_payloads(self, first: int, payloads: Sequence[bytes]) -> None:
        """Not in a bundle."""
        del first, payloads
        raise _for_reading()

    def drop_payloads(self, handle: bytes) -> None:
        """Not in a bundle."""
        del handle
        raise _for_reading()

    def drop_payloads_between(self, first: int, last: int) -> None:
        """Not in a bundle."""
        del first, last
        raise _for_reading()

    def keep_tree(self, nodes: Sequence[Node], size: int, checkpoint: str) -> None:
        """Not in a bundle."""
        del nodes, size, checkpoint
        raise _for_reading()

    def commit(self, settled: Sequence[str]) -> None:
        """Not in a bundle."""
        del settled
        raise _for_reading()

    def rollback(self) -> None:
        """Nothing was begun."""


def _for_reading() -> StoreError:
    return StoreError(
        "bundle-for-reading",
        "A bundle is for reading only.",
        rule="what an auditor was given stays as it was given",
        remedy="record in the home's own ledger",
    )
