"""The tables of a ledger in SQLite, and what must hold of them."""

from __future__ import annotations

__all__ = ["APPLICATION", "CHECKS", "PRAGMAS", "SCHEMA", "TREE", "TRIGGERS", "VERSION"]

APPLICATION = 0x45564844
VERSION = 2
PRAGMAS = (
    "synchronous = FULL",
    "cache_size = -65536",
    "temp_store = MEMORY",
    "trusted_schema = OFF",
    "secure_delete = ON",
)
SCHEMA = f"""
CREATE TABLE IF NOT EXISTS entry (
    seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, about BLOB NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS entry_about ON entry (about) WHERE kind <> 0;
CREATE INDEX IF NOT EXISTS entry_kind ON entry (kind) WHERE kind <> 0;
CREATE TABLE IF NOT EXISTS decided (
    subject BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (subject, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intent (run_id TEXT PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS decided_no_update BEFORE UPDATE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS decided_no_delete BEFORE DELETE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA application_id = {APPLICATION};
"""
# Since version 2: what decisions say, encrypted, which can be removed; the roots of full tiles of the tree over the
# entries; and every checkpoint that was signed.
TREE = f"""
CREATE TABLE IF NOT EXISTS tile (
    level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payload (seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA user_version = {VERSION};
"""
TRIGGERS = {1: 4, 2: 6}
CHECKS = (
    (
        "a trigger that refuses changes is missing",
        "SELECT count(*) <> ?1 FROM sqlite_master WHERE type = 'trigger' AND sql LIKE '%RAISE(ABORT%'",
    ),
    (
        "a decision is not filed under its subject",
        "SELECT (SELECT count(*) FROM decided) <> (SELECT count(*) FROM entry WHERE kind = 0)",
    ),
    (
        "a decision is filed under another subject",
        "SELECT EXISTS (SELECT 1 FROM decided LEFT JOIN entry USING (seq) WHERE about IS NOT subject OR kind <> 0)",
    ),
)
