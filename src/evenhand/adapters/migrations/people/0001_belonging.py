"""The first table: whose database this is."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "belonging",
        sa.Column(
            "only_row", sa.SmallInteger, sa.CheckConstraint("only_row = 0", name="belonging_one"), nullable=False
        ),
        sa.Column("mark", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("only_row", name="belonging_key"),
    )
