"""Shipments, and the effects that were done."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "shipments",
        sa.Column("number", sa.String(6), primary_key=True),
        sa.Column("recipient", sa.String(80), nullable=False),
        sa.Column("phone", sa.String(32), nullable=False, index=True),
        sa.Column("city", sa.String(80), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("delay_reason", sa.String(120), nullable=False, server_default=""),
        sa.Column("due_days", sa.Integer, nullable=False),
        sa.Column("delivery_on", sa.String(10)),
        sa.Column("call_id", sa.String(64)),
    )
    op.create_table(
        "shipments_deeds",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    op.drop_table("shipments_deeds")
    op.drop_table("shipments")
