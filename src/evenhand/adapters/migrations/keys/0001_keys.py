"""Keys of people, marks of who was erased, and keys of runs."""

from alembic import op

revision = "0001"
down_revision = None

_STATEMENTS = (
    """CREATE TABLE subject_key (
        pseudonym bytea PRIMARY KEY CHECK (octet_length(pseudonym) = 16),
        handle bytea NOT NULL UNIQUE CHECK (octet_length(handle) = 16), seed bytea NOT NULL)""",
    "CREATE TABLE suppressed (mark bytea PRIMARY KEY, at bigint NOT NULL)",
    "CREATE TABLE run_key (run_id text PRIMARY KEY, sealed bytea NOT NULL)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
