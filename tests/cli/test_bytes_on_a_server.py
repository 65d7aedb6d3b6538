"""What is erased, destroyed or replaced on a server is out of its files; and where it is not, that is told."""

from __future__ import annotations

import json

import psycopg
import pytest

pytestmark = pytest.mark.postgres
NOT_REACHED = "Not reached from here: the server's write-ahead log, its replicas and its backups"
WHO, CANARY = "canary2@mail.example", "desk-kanariehof"


def held(kept, table, schema=""):
    """The bytes of a table's file, as they stand on the server's disk."""
    with psycopg.connect(kept.url, autocommit=True) as database:
        database.execute("CHECKPOINT")
        name = f"{schema or kept.schema}.{table}"
        return database.execute("SELECT pg_read_binary_file(pg_relation_filepath(%s))", (name,)).fetchone()[0]


@pytest.fixture
def call(ran_there, cli):
    """A command beside the home on a server; it must succeed."""

    def run(*words, **more):
        where = {"EVENHAND_HOME": "evenhand-home", "EVENHAND_DATABASE": ran_there.url} | more
        done = cli(ran_there.folder, *words, **where)
        assert done.exit_code == 0, done.output
        return done

    run.kept = ran_there
    return run


def test_what_somebody_said_is_out_of_the_tables_file(call):
    """Erased, no byte of it stands in the file of the trail; before, it did."""
    call("consent", "give", WHO, "DirectMarketing", "--method", CANARY)
    assert CANARY.encode() in held(call.kept, "trail")
    done = json.loads(call("rights", "erase", WHO, "--yes", "--json").stdout)
    assert done["still_held"] == []
    assert CANARY.encode() not in held(call.kept, "trail")


def test_where_somebody_keeps_an_old_view_the_erasure_says_so(call):
    """Another session looks at the data as it was: the tables are named, with what to do; afterwards they are free.
    What no command here reaches, the server's own log and copies, is named each time."""
    call("consent", "give", WHO, "DirectMarketing", "--method", CANARY)
    with psycopg.connect(call.kept.url) as looks:
        looks.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        looks.execute("SELECT 1").fetchone()
        done = call("rights", "erase", WHO, "--yes")
    assert "subject_key" in done.stderr
    assert "trail" in done.stderr
    assert "VACUUM" in done.stderr
    assert CANARY.encode() in held(call.kept, "trail")
    assert NOT_REACHED in done.stderr
    scrubbed = call("db", "scrub")
    assert ("no file" in scrubbed.stdout, NOT_REACHED in scrubbed.stderr) == (True, True)
    assert CANARY.encode() not in held(call.kept, "trail")


def test_where_the_tables_are_somebody_elses_the_erasure_says_so(call):
    """A user who may write and owns nothing cannot free the room, which the server only whispers."""
    kept = call.kept
    with psycopg.connect(kept.url, autocommit=True) as database:
        database.execute("DROP ROLE IF EXISTS clerk")
        database.execute("CREATE ROLE clerk LOGIN")
        for schema in (kept.schema, f"{kept.schema}_keys", f"{kept.schema}_vault"):
            database.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            database.execute(f'GRANT USAGE ON SCHEMA "{schema}" TO clerk')
            database.execute(f'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA "{schema}" TO clerk')
    try:
        url = kept.url.replace("evenhand@", "clerk@")
        done = call("rights", "erase", WHO, "--yes", "--json")
        assert json.loads(done.stdout)["still_held"] == []
        done = call("rights", "erase", "canary3@mail.example", "--yes", "--json", EVENHAND_DATABASE=url)
        assert {"payload", "subject_key", "trail"} <= set(json.loads(done.stdout)["still_held"])
    finally:
        with psycopg.connect(kept.url, autocommit=True) as database:
            database.execute("DROP OWNED BY clerk")
            database.execute("DROP ROLE clerk")


def test_keys_that_were_wrapped_stand_nowhere_as_they_were(call):
    """After a rotation none of the random bytes of before is in the file of the keys."""
    schema = f"{call.kept.schema}_keys"
    with psycopg.connect(call.kept.url) as database:
        before = [row[0] for row in database.execute(f'SELECT seed FROM "{schema}".subject_key LIMIT 20')]
    assert all(bytes(seed)[:32] in held(call.kept, "subject_key", schema) for seed in before)
    call("keys", "rotate", EVENHAND_WRAPPING_KEY="ab" * 32)
    assert not any(bytes(seed)[:32] in held(call.kept, "subject_key", schema) for seed in before)
