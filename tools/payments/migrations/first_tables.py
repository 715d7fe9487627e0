"""Accounts, the cards on file by their tokens, payments, and the effects that were done."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "accounts",
        sa.Column("number", sa.String(6), primary_key=True),
        sa.Column("holder", sa.String(80), nullable=False),
        sa.Column("postcode", sa.String(5), nullable=False),
        sa.Column("balance_cents", sa.Integer, nullable=False),
    )
    op.create_table(
        "cards",
        sa.Column("account", sa.String(6), sa.ForeignKey("accounts.number"), primary_key=True),
        sa.Column("token", sa.String(40), nullable=False),
        sa.Column("brand", sa.String(20), nullable=False),
        sa.Column("last_four", sa.String(4), nullable=False),
    )
    op.create_table(
        "payments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account", sa.String(6), sa.ForeignKey("accounts.number"), nullable=False),
        sa.Column("amount_cents", sa.Integer, nullable=False),
        sa.Column("brand", sa.String(20), nullable=False),
        sa.Column("last_four", sa.String(4), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("paid_at", sa.String(32), nullable=False),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
    )
    op.create_table(
        "payments_deeds",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("payments_deeds", "payments", "cards", "accounts"):
        op.drop_table(table)
