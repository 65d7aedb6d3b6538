"""Entries that nobody changes, what stands beside them, leases, and what monitors know."""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """CREATE TABLE entry (
        seq bigint PRIMARY KEY CHECK (seq > 0), kind smallint NOT NULL, about bytea NOT NULL,
        hash bytea NOT NULL CHECK (octet_length(hash) = 32), body bytea NOT NULL)""",
    "CREATE INDEX entry_about ON entry (about)",
    "CREATE INDEX entry_kind ON entry (kind, seq) WHERE kind <> 0",
    "CREATE TABLE payload (seq bigint PRIMARY KEY, sealed bytea NOT NULL)",
    """CREATE TABLE tile (
        level smallint NOT NULL, place bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (level, place))""",
    "CREATE TABLE checkpoint (size bigint PRIMARY KEY, note text NOT NULL)",
    "CREATE TABLE intent (run_id text PRIMARY KEY, at text NOT NULL, why text NOT NULL)",
    "CREATE TABLE head (only_row smallint PRIMARY KEY CHECK (only_row = 0), kept text NOT NULL)",
    """CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'append-only'; END $$""",
    """CREATE TRIGGER entry_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON entry
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    """CREATE TRIGGER checkpoint_no_change BEFORE UPDATE OR DELETE OR TRUNCATE ON checkpoint
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()""",
    "ALTER TABLE entry ENABLE ALWAYS TRIGGER entry_no_change",
    "ALTER TABLE checkpoint ENABLE ALWAYS TRIGGER checkpoint_no_change",
    """CREATE TABLE pool (
        pool text NOT NULL, cap text NOT NULL, bound bigint NOT NULL CHECK (bound >= 0),
        spent bigint NOT NULL DEFAULT 0 CHECK (spent BETWEEN 0 AND bound), PRIMARY KEY (pool, cap))""",
    """CREATE TABLE lease (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pool text NOT NULL, until bigint NOT NULL,
        holder text NOT NULL)""",
    """CREATE TABLE share (
        lease bigint NOT NULL REFERENCES lease (id) ON DELETE CASCADE, cap text NOT NULL, granted bigint NOT NULL,
        spent bigint NOT NULL DEFAULT 0 CHECK (spent BETWEEN 0 AND granted), PRIMARY KEY (lease, cap))""",
    "CREATE TABLE clock (only_row smallint PRIMARY KEY CHECK (only_row = 0), latest bigint NOT NULL)",
    "INSERT INTO clock VALUES (0, 0)",
    "CREATE TABLE monitor_state (name text PRIMARY KEY, sealed bytea NOT NULL)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
