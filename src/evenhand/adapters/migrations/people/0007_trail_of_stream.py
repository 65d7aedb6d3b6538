"""Requests and looks are found without reading every consent."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Make the index."""
    op.create_index("trail_of_stream", "trail", ["stream", "seq"])
