"""Who each recorded model was fitted on, as bits, and who of them was erased since; versions of pseudonyms."""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    "CREATE TABLE taught (run_id text PRIMARY KEY, campaign text NOT NULL, who bytea NOT NULL)",
    """CREATE TABLE taught_gone (
        run_id text NOT NULL, mark bytea NOT NULL, at bigint NOT NULL, PRIMARY KEY (run_id, mark))""",
    "CREATE TABLE alias (number bigint PRIMARY KEY, kept bytea NOT NULL, at bigint NOT NULL)",
)


def upgrade() -> None:
    """Make the tables."""
    for statement in _STATEMENTS:
        op.execute(statement)
