"""What became of callers who were handed over to a person."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns."""
    op.add_column("handovers", sa.Column("key", sa.String(64), nullable=False, server_default=""))
    op.add_column("handovers", sa.Column("outcome", sa.String(20), nullable=False, server_default="asked"))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("handovers", "outcome")
    op.drop_column("handovers", "key")
