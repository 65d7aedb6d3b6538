"""What is asked of a vault's tables, and how a value is sealed and opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from ._vault_cells import derived, padded, plain

__all__ = ["cells_of", "done", "forget_column", "opener", "rows_of", "sealer", "spent_of"]

_NONCE, _FEW = 12, 400


def done(connection: Connection, statement: str, **words: Any) -> int:
    return int(connection.execute(text(statement), words).rowcount)


def rows_of(connection: Connection, statement: str, **words: Any) -> list[Any]:
    return list(connection.execute(text(statement), words).all())


def forget_column(connection: Connection, name: str) -> None:
    for table in ("cell", "kept"):
        done(connection, f"DELETE FROM {table} WHERE name = :name", name=name)


def cells_of(connection: Connection, name: str, marks: Sequence[bytes]) -> dict[bytes, bytes]:
    """Sealed values by mark; of few people these alone, else the whole column."""
    query, words = "SELECT mark, value FROM cell WHERE name = :name", {"name": name}
    if len(marks) > _FEW:
        found = connection.execute(text(query), words)
    else:
        only = text(f"{query} AND mark IN :marks").bindparams(bindparam("marks", expanding=True))
        found = connection.execute(only, {**words, "marks": list(marks)})
    return {bytes(mark): bytes(value) for mark, value in found}


def spent_of(connection: Connection, name: str) -> tuple[list[str], str]:
    lost = rows_of(connection, "SELECT epsilon FROM answer WHERE name = :name", name=name)
    whole = rows_of(connection, "SELECT epsilon FROM budget WHERE name = :name", name=name)
    return [str(one[0]) for one in lost], str(whole[0][0]) if whole else "0"


def sealer(key: bytes) -> Callable[[str, bytes, str], bytes]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(derived(key, b"values"))

    def seal(name: str, mark: bytes, value: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + cipher.encrypt(nonce, padded(value), name.encode() + mark)

    return seal


def opener(key: bytes) -> Callable[[str, bytes, bytes], str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(derived(key, b"values"))
    return lambda name, mark, value: plain(cipher.decrypt(value[:_NONCE], value[_NONCE:], name.encode() + mark))
