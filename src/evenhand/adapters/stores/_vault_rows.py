"""What is asked of a vault's tables, and how a value is sealed and opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, text

from ._vault_cells import derived, padded, plain

__all__ = ["cells_of", "copy_rows", "done", "forget_column", "namer", "opener", "rows_of", "sealer", "spent_of"]

_TABLES = ("kept", "cell", "question", "budget", "answer", "log_end")
_NONCE, _FEW = 12, 400
_WHOSE = _NONCE + 16 + 16
"""Bytes of a sealed pseudonym: nonce, content, tag."""


def done(connection: Connection, statement: str, **words: Any) -> int:
    return int(connection.execute(text(statement), words).rowcount)


def rows_of(connection: Connection, statement: str, **words: Any) -> list[Any]:
    return list(connection.execute(text(statement), words).all())


def copy_rows(reader: Connection, writer: Connection) -> None:
    """Every row of a vault in place of those of another."""
    for name in _TABLES:
        done(writer, f"DELETE FROM {name}")
        result = reader.execution_options(yield_per=5_000).execute(text(f"SELECT * FROM {name}"))
        columns = list(result.keys())
        places = ", ".join(f":{column}" for column in columns)
        insert = text(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({places})")
        for part in result.partitions(5_000):
            writer.execute(insert, [dict(zip(columns, row, strict=True)) for row in part])


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


def sealer(key: bytes, secret: bytes) -> Callable[[str, bytes, str, str], bytes]:
    """Seals a value with whose it is: the value under the vault's key, the pseudonym under the home's too.

    Args:
        key: the vault's.
        secret: the home's.
    """
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, inner = AESGCM(derived(key, b"values")), AESGCM(derived(secret, b"names"))

    def seal(name: str, mark: bytes, value: str, pseudonym: str) -> bytes:
        nonce, bound = secrets.token_bytes(_NONCE), name.encode() + mark
        whose = nonce + inner.encrypt(nonce, bytes.fromhex(pseudonym), bound)
        nonce = secrets.token_bytes(_NONCE)
        return nonce + cipher.encrypt(nonce, padded(value) + whose, bound)

    return seal


def namer(key: bytes, secret: bytes) -> Callable[[str, bytes, bytes], str]:
    """Tells whose a sealed value is: the pseudonym."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, inner = AESGCM(derived(key, b"values")), AESGCM(derived(secret, b"names"))

    def name_of(name: str, mark: bytes, value: bytes) -> str:
        bound = name.encode() + mark
        whose = cipher.decrypt(value[:_NONCE], value[_NONCE:], bound)[-_WHOSE:]
        return inner.decrypt(whose[:_NONCE], whose[_NONCE:], bound).hex()

    return name_of


def opener(key: bytes) -> Callable[[str, bytes, bytes], str]:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher = AESGCM(derived(key, b"values"))
    return lambda name, mark, value: plain(cipher.decrypt(value[:_NONCE], value[_NONCE:], name.encode() + mark))
