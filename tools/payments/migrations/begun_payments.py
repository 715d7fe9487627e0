"""Payments that were begun at the telephone network's form, and what it told of those that were made there."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the table and the column."""
    op.create_table(
        "payments_begun",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("account", sa.String(6), sa.ForeignKey("accounts.number"), nullable=False, index=True),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.String(32), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
    )
    op.add_column("payments", sa.Column("confirmation", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("payments", "confirmation")
    op.drop_table("payments_begun")
