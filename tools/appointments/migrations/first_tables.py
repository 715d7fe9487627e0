"""The practice's hours and services, its appointments, and the effects that were done."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "practice",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slot_minutes", sa.Integer, nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False, server_default=""),
    )
    op.create_table(
        "hours",
        sa.Column("weekday", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("opens", sa.String(8), nullable=False),
        sa.Column("closes", sa.String(8), nullable=False),
    )
    op.create_table(
        "services",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(80), nullable=False, unique=True),
    )
    op.create_table(
        "appointments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("slot", sa.String(16), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("service", sa.String(80)),
        sa.Column("caller", sa.String(32), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("booked_at", sa.String(32), nullable=False),
        sa.Column("cancelled_at", sa.String(32)),
    )
    kept = sa.text("cancelled_at IS NULL")
    op.create_index(
        "one_appointment_a_slot", "appointments", ["slot"], unique=True, sqlite_where=kept, postgresql_where=kept
    )
    op.create_table(
        "appointments_deeds",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("appointments_deeds", "appointments", "services", "hours", "practice"):
        op.drop_table(table)
