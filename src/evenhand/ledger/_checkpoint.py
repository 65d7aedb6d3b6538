"""A checkpoint: how many entries there are and the root of their tree, signed, so that anybody can hold us to it.

The text is a C2SP `tlog-checkpoint` in a C2SP `signed-note`, signed with Ed25519 (RFC 8032): witnesses and verifiers
that others wrote can read it. Whoever holds two checkpoints of one ledger that no single history explains holds proof
that it was forked.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode
from dataclasses import dataclass

from evenhand.terms import DataError

from ._note_key import mark_of, published, read_published

__all__ = ["Checkpoint", "Signer", "Verifier", "note_parts", "read_checkpoint"]

_ED25519 = b"\x01"
_DASH = "— "
_ROOT_BYTES, _SIGNATURE_BYTES = 32, 64
_MOST_CHARACTERS = 16_384
_MOST_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger was at one moment.

    Attributes:
        origin: name of the ledger.
        size: how many entries it had.
        root: root of the Merkle tree over their hashes (32 bytes).
    """

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """What is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Verifier:
    """The public key of a ledger, under the ledger's name.

    Attributes:
        name: of the ledger; the origin of its checkpoints.
        key: Ed25519 public key (32 bytes).
    """

    name: str
    key: bytes

    @property
    def mark(self) -> bytes:
        """Four bytes that tell which key signed."""
        return mark_of(_ED25519, self.name, self.key)

    def __str__(self) -> str:
        """As people publish it: ``name+mark+key`` (C2SP signed-note)."""
        return published(_ED25519, self.name, self.key)

    @classmethod
    def read(cls, text: str) -> Verifier:
        """Read a published key.

        Raises:
            DataError: it is none.
        """
        try:
            return cls(*read_published(_ED25519, text))
        except ValueError:
            raise _not_a_key() from None

    def is_signed(self, what: str, content: bytes, signature: bytes) -> bool:
        """Whether this key signed the content for a use other than a checkpoint; see `Signer.sign_content`."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, _for_use(self.name, what, content))
        except (InvalidSignature, ValueError):
            return False
        return True

    def check(self, note: str) -> Checkpoint | None:
        """The checkpoint that a note holds; None unless this key signed it."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            checkpoint, signatures = note_parts(note)
            public = Ed25519PublicKey.from_public_bytes(self.key)
        except ValueError:
            return None
        for name, mark, signature in signatures:
            if checkpoint.origin == name == self.name and mark == self.mark and len(signature) == _SIGNATURE_BYTES:
                try:
                    public.verify(signature, checkpoint.text().encode())
                except InvalidSignature:
                    return None
                return checkpoint
        return None


class Signer:
    """Signs the checkpoints of one ledger.

    Args:
        secret: the ledger's own secret (at least 32 bytes); the signing key is derived from it, so there is no second
            secret to keep.
        name: of the ledger; "" = a name made of the key.
    """

    def __init__(self, secret: bytes, name: str = "") -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        seed = hmac.new(secret, b"evenhand checkpoint signing key", hashlib.sha256).digest()
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        public = self._private.public_key().public_bytes_raw()
        self.verifier = Verifier(name or f"evenhand-ledger/{hashlib.sha256(public).hexdigest()[:16]}", public)

    def sign(self, size: int, root: bytes) -> str:
        """A checkpoint as a signed note."""
        checkpoint = Checkpoint(self.verifier.name, size, root)
        signature = self._private.sign(checkpoint.text().encode())
        line = b64encode(self.verifier.mark + signature).decode()
        return f"{checkpoint.text()}\n{_DASH}{self.verifier.name} {line}\n"

    def sign_content(self, what: str, content: bytes) -> bytes:
        """A signature over a content, for one use (``bundle``); 64 bytes."""
        return self._private.sign(_for_use(self.verifier.name, what, content))


def _for_use(name: str, what: str, content: bytes) -> bytes:
    """What is signed of a content: it can never be taken for a checkpoint, whose first line is the ledger's name."""
    return f"evenhand {what}/v1\n{name}\n{hashlib.sha256(content).hexdigest()}\n".encode()


def read_checkpoint(note: str) -> Checkpoint:
    """What a note says, whoever signed it.

    Raises:
        DataError: it is not a signed checkpoint.
    """
    try:
        return note_parts(note)[0]
    except ValueError:
        raise DataError(
            "checkpoint-unreadable",
            "This is not a signed checkpoint of a ledger.",
            rule="a checkpoint is three lines (ledger, entries, root), an empty one, and a signature",
            remedy="pass the whole text as it was given out",
        ) from None


def note_parts(note: str) -> tuple[Checkpoint, list[tuple[str, bytes, bytes]]]:
    """A note's checkpoint and its signature lines (name, mark, content), of any kind; ValueError where it is none."""
    if len(note) > _MOST_CHARACTERS:
        raise ValueError
    text, _, signed = note.partition("\n\n")
    origin, digits, encoded = text.split("\n")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS or str(int(digits)) != digits:
        raise ValueError
    checkpoint = Checkpoint(origin, int(digits), b64decode(encoded, validate=True))
    if not origin or len(checkpoint.root) != _ROOT_BYTES or checkpoint.text() != text + "\n":
        raise ValueError
    signatures = []
    for line in signed.splitlines():
        name, _, encoded = line.removeprefix(_DASH).rpartition(" ")
        raw = b64decode(encoded, validate=True)
        if not line.startswith(_DASH) or len(raw) < 4 + _SIGNATURE_BYTES:
            raise ValueError
        signatures.append((name, raw[:4], raw[4:]))
    if not signatures:
        raise ValueError
    return checkpoint, signatures


def _not_a_key() -> DataError:
    return DataError(
        "verifier-unreadable",
        "This is not the public key of a ledger.",
        rule="a ledger's public key is its name, four bytes in hex and the key in base64, with + between them",
        remedy="copy the whole line that the organisation publishes (evenhand ledger key prints it)",
    )
