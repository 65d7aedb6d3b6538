"""Sensitive columns, the log of questions with its end, budgets and answers. Files made before have some of these."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables that are not there."""
    known = set(sa.inspect(op.get_bind()).get_table_names())
    if "kept" in known:
        op.execute("ALTER TABLE kept ADD COLUMN form INTEGER NOT NULL DEFAULT 0")
    else:
        op.create_table(
            "kept",
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("purpose", sa.Text, nullable=False),
            sa.Column("put", sa.BigInteger, nullable=False),
            sa.Column("until", sa.BigInteger, nullable=False),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("form", sa.SmallInteger, nullable=False),
            sa.PrimaryKeyConstraint("name", name="kept_key"),
        )
    if "cell" not in known:
        op.create_table(
            "cell",
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("mark", sa.LargeBinary, nullable=False),
            sa.Column("value", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("name", "mark", name="cell_key"),
        )
    if "question" not in known:
        op.create_table(
            "question",
            sa.Column("number", sa.BigInteger, autoincrement=False, nullable=False),
            sa.Column("at", sa.BigInteger, nullable=False),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("did", sa.Text, nullable=False),
            sa.Column("names", sa.Text, nullable=False),
            sa.Column("purpose", sa.Text, nullable=False),
            sa.Column("people", sa.BigInteger, nullable=False),
            sa.Column("seal", sa.LargeBinary, nullable=False),
            sa.PrimaryKeyConstraint("number", name="question_key"),
        )
    if "budget" not in known:
        op.create_table(
            "budget",
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("epsilon", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("name", name="budget_key"),
        )
    if "answer" not in known:
        op.create_table(
            "answer",
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("asked", sa.Text, nullable=False),
            sa.Column("epsilon", sa.Text, nullable=False),
            sa.Column("counts", sa.Text, nullable=False),
            sa.PrimaryKeyConstraint("name", "asked", "epsilon", name="answer_key"),
        )
    end = op.create_table(
        "log_end",
        sa.Column("only_row", sa.SmallInteger, sa.CheckConstraint("only_row = 0", name="log_end_one"), nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("only_row", name="log_end_key"),
    )
    op.bulk_insert(end, [{"only_row": 0, "number": 0, "mark": b""}])
