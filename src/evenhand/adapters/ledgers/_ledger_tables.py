"""The tables of a ledger in SQLite, and what must hold of them."""

from __future__ import annotations

__all__ = [
    "APPLICATION",
    "CHECKS",
    "CHECK_PARTS",
    "FILED",
    "FILE_DECISIONS",
    "FILE_IN_PARTS",
    "PRAGMAS",
    "SCHEMA",
    "TREE",
    "TRIGGERS",
    "VERSION",
    "of_subject",
]

APPLICATION = 0x45564844
VERSION = 3
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
CREATE TABLE IF NOT EXISTS intent (run_id TEXT PRIMARY KEY, at TEXT NOT NULL, why TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS entry_no_update BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS entry_no_delete BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA application_id = {APPLICATION};
"""
# Since version 2: what decisions say, encrypted, which can be removed; the roots of full tiles of the tree over the
# entries; and every checkpoint that was signed.
TREE = """
CREATE TABLE IF NOT EXISTS tile (
    level INTEGER NOT NULL, place INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payload (seq INTEGER PRIMARY KEY, sealed BLOB NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_update BEFORE UPDATE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS checkpoint_no_delete BEFORE DELETE ON checkpoint
    BEGIN SELECT RAISE(ABORT, 'append-only'); END;
"""
_PART = 16
"""Entries of which decisions are filed together, as a power of two."""
# Decisions are filed by subject in parts of 65,536 entries each. One index over all of them would change another page
# for nearly every decision, and write a page of 4,096 bytes for each; this writes those of the last part only. Who asks
# about a person looks into every part.
FILED = f"""
CREATE TABLE IF NOT EXISTS decided (
    part INTEGER NOT NULL, subject BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (part, subject, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER IF NOT EXISTS decided_no_update BEFORE UPDATE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER IF NOT EXISTS decided_no_delete BEFORE DELETE ON decided BEGIN SELECT RAISE(ABORT, 'append-only'); END;
PRAGMA user_version = {VERSION};
"""
# Until version 3 there was one index.
FILE_IN_PARTS = f"""
DROP TRIGGER decided_no_update;
DROP TRIGGER decided_no_delete;
ALTER TABLE decided RENAME TO decided_whole;
{FILED}
INSERT INTO decided SELECT seq >> {_PART}, subject, seq FROM decided_whole ORDER BY 1, 2, 3;
DROP TABLE decided_whole;
"""
# Once per transaction, in the order of the index: much faster than one by one.
FILE_DECISIONS = f"""
INSERT INTO decided SELECT seq >> {_PART}, about, seq FROM entry WHERE seq > ? AND kind = 0 ORDER BY 1, 2, 3
"""
_IN_PARTS = f"""
WITH RECURSIVE part (n) AS (
    SELECT 0 UNION ALL SELECT n + 1 FROM part WHERE n < (SELECT max(seq) >> {_PART} FROM entry)
) SELECT decided.seq FROM part CROSS JOIN decided ON decided.part = part.n AND subject = ?
"""
TRIGGERS = {1: 4, 2: 6, 3: 6}
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
"""What must not be, and the query that finds it."""
CHECK_PARTS = (
    "a decision is filed in another part of the index",
    f"SELECT EXISTS (SELECT 1 FROM decided WHERE part IS NOT seq >> {_PART})",
)


def of_subject(version: int) -> str:
    """The query for the numbers of the decisions about a subject, in a file whose tables have this version."""
    return _IN_PARTS if version >= 3 else "SELECT seq FROM decided WHERE subject = ?"
