"""What people said and asked: an append-only trail, and the mark of its end."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, with an empty trail."""
    op.create_table(
        "trail",
        sa.Column("seq", sa.BigInteger, autoincrement=False, nullable=False),
        sa.Column("stream", sa.Text, nullable=False),
        sa.Column("about", sa.Text, nullable=False),
        sa.Column("handle", sa.LargeBinary, nullable=True),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("recorded", sa.BigInteger, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("salt", sa.LargeBinary, nullable=False),
        sa.Column("commitment", sa.LargeBinary, nullable=False),
        sa.Column("link", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="trail_key"),
    )
    op.create_index("trail_of_person", "trail", ["handle"])
    op.create_index("trail_of_request", "trail", ["about"])
    head = op.create_table(
        "trail_head",
        sa.Column(
            "only_row", sa.SmallInteger, sa.CheckConstraint("only_row = 0", name="trail_head_one"), nullable=False
        ),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("mark", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("only_row", name="trail_head_key"),
    )
    op.bulk_insert(head, [{"only_row": 0, "seq": 0, "mark": b""}])
