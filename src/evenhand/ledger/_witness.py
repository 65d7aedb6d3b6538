"""A witness: somebody else who says that they saw this very ledger, only growing, at a moment.

Its statement is a C2SP `tlog-cosignature` (Ed25519, `cosignature/v1`), a line more under the signed checkpoint. A
request has the form of the call `add-checkpoint` of C2SP `tlog-witness`, so witnesses that others run can be asked too,
and a witness made here can be asked by the ledgers of others, whose checkpoints have no extension lines.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from evenhand.terms import DataError

from ._checkpoint import Checkpoint, Verifier, note_parts, read_checkpoint
from ._consistency import is_consistent
from ._note_key import mark_of, published, read_published

__all__ = ["AddCheckpoint", "Cosignature", "Cosigner", "Seen", "WitnessKey", "cosignatures_in", "cosigned"]

_COSIGNATURE = b"\x04"
_DASH = "— "
_MOST_PROOF, _MOST = 63, 64 * 1024
_HASH, _SEED = 32, 32


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The public key of a witness, under its name.

    Attributes:
        name: of the witness; an address without scheme, such as ``example.org/witness``.
        key: Ed25519 public key (32 bytes).
    """

    name: str
    key: bytes

    @property
    def mark(self) -> bytes:
        """Four bytes that tell which key cosigned."""
        return mark_of(_COSIGNATURE, self.name, self.key)

    def __str__(self) -> str:
        """As people publish it: ``name+mark+key`` (C2SP signed-note, type 0x04)."""
        return published(_COSIGNATURE, self.name, self.key)

    @classmethod
    def read(cls, text: str) -> WitnessKey:
        """Read a published key.

        Raises:
            DataError: it is none.
        """
        try:
            found = cls(*read_published(_COSIGNATURE, text))
        except ValueError:
            raise _not_a_witness() from None
        if not _is_name(found.name):
            raise _not_a_witness()
        return found

    def moment_of(self, note: str) -> int | None:
        """When this witness cosigned a note, in seconds since 1970; None where it did not."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            checkpoint, lines = note_parts(note)
            public = Ed25519PublicKey.from_public_bytes(self.key)
        except ValueError:
            return None
        for name, mark, content in lines:
            if name == self.name and mark == self.mark and len(content) == 8 + 64:
                moment = int.from_bytes(content[:8], "big")
                try:
                    public.verify(content[8:], _message(checkpoint, moment))
                except InvalidSignature:
                    continue
                return moment
        return None


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That a witness cosigned, and when (seconds since 1970)."""

    witness: WitnessKey
    at: int


def cosignatures_in(note: str, witnesses: Sequence[WitnessKey]) -> list[Cosignature]:
    """Which of these witnesses cosigned a note; lines of others, and lines that do not hold, count for nothing."""
    found = ((one, one.moment_of(note)) for one in dict.fromkeys(witnesses))
    return [Cosignature(one, at) for one, at in found if at is not None]


def cosigned(note: str, lines: str) -> str:
    """The note with more signature lines, none twice."""
    text, _, signed = note.partition("\n\n")
    all_of = dict.fromkeys(line for line in [*signed.splitlines(), *lines.splitlines()] if line.startswith(_DASH))
    return f"{text}\n\n" + "".join(f"{line}\n" for line in all_of)


class Cosigner:
    """Signs what a witness saw.

    Args:
        seed: the witness' own secret (32 bytes), used for nothing else.
        name: of the witness.
    """

    def __init__(self, seed: bytes, name: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        if len(seed) != _SEED or not _is_name(name):
            raise _not_a_witness()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        self.key = WitnessKey(name, self._private.public_key().public_bytes_raw())

    def sign(self, checkpoint: Checkpoint, at: int) -> str:
        """A line under a note: that as of `at` (seconds since 1970) this is the largest tree it saw of the ledger."""
        content = self.key.mark + at.to_bytes(8, "big") + self._private.sign(_message(checkpoint, at))
        return f"{_DASH}{self.key.name} {b64encode(content).decode()}\n"


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """What a witness is asked: to cosign a checkpoint that continues the one it cosigned last.

    Attributes:
        old: entries of the checkpoint that it cosigned last; 0 of the first.
        proof: that the new one only adds to it.
        note: the signed checkpoint.
    """

    old: int
    proof: tuple[bytes, ...]
    note: str

    def text(self) -> str:
        """As it is sent (C2SP tlog-witness)."""
        return "".join([f"old {self.old}\n", *(f"{b64encode(one).decode()}\n" for one in self.proof), "\n", self.note])

    @classmethod
    def read(cls, text: str) -> AddCheckpoint:
        """Read what was sent.

        Raises:
            DataError: it has not that form.
        """
        try:
            head, _, note = text.partition("\n\n")
            first, *lines = head.split("\n")
            word, digits = first.split(" ")
            proof = tuple(b64decode(line, validate=True) for line in lines)
            if word != "old" or str(int(digits)) != digits or len(text) > _MOST or len(proof) > _MOST_PROOF:
                raise ValueError
            if any(len(one) != _HASH for one in proof) or int(digits) < 0:
                raise ValueError
        except ValueError:
            raise DataError(
                "witness-request",
                "This is no request to a witness.",
                rule="C2SP tlog-witness: old and a size, lines of a proof, an empty line, the signed checkpoint",
                remedy="make one: evenhand ledger ask-witness",
            ) from None
        read_checkpoint(note)
        return cls(int(digits), proof, note)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a witness saw last of one ledger.

    Attributes:
        size: entries.
        root: of the tree over them; b"" before the first.
    """

    size: int = 0
    root: bytes = b""

    def after(self, asked: AddCheckpoint, ledger: Verifier) -> Checkpoint:
        """The checkpoint to be cosigned and remembered, where it is this ledger's and only adds to what was seen.

        Raises:
            DataError: it is not signed by this ledger, does not start from what was seen, or tells another history.
        """
        new = ledger.check(asked.note)
        if new is None:
            raise DataError(
                "witness-unsigned",
                "The checkpoint is not signed by this ledger's key. It was not cosigned.",
                rule="C2SP tlog-witness: 403",
                remedy="ask the organisation for its public key: evenhand ledger key",
            )
        if asked.old != self.size:
            raise DataError(
                "witness-old-size",
                f"This witness cosigned up to {self.size} entries of the ledger; the request starts from {asked.old}.",
                rule="C2SP tlog-witness: 409. A witness starts from what it saw last",
                remedy=f"evenhand ledger ask-witness --old {self.size}",
            )
        if not is_consistent(self.size, self.root, new.size, new.root, asked.proof):
            raise DataError(
                "witness-inconsistent",
                f"The checkpoint over {new.size} entries does not continue the one over {self.size} that was cosigned: "
                "the proof does not hold, or this ledger tells another history. It was not cosigned.",
                rule="C2SP tlog-witness: 409, 422. A witness cosigns one history of a ledger",
                remedy="keep both checkpoints: two that no single history explains are proof of a fork",
            )
        return new


def _message(checkpoint: Checkpoint, moment: int) -> bytes:
    return f"cosignature/v1\ntime {moment}\n{checkpoint.text()}".encode()


def _is_name(name: str) -> bool:
    return 0 < len(name) <= 200 and name.isprintable() and not set(name) & set(" +")


def _not_a_witness() -> DataError:
    return DataError(
        "witness-key",
        "This is not the key of a witness.",
        rule="a witness' public key is its name, four bytes in hex and the key (0x04) in base64, with + between them",
        remedy="copy the whole line that the witness publishes (evenhand witness key prints it)",
    )
