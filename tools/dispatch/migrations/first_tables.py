"""Places, units, what they were sent to, who was handed over to a person, and the effects that were done."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "places",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("east_km", sa.Float, nullable=False),
        sa.Column("north_km", sa.Float, nullable=False),
    )
    op.create_table(
        "units",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(40), nullable=False, unique=True),
        sa.Column("east_km", sa.Float, nullable=False),
        sa.Column("north_km", sa.Float, nullable=False),
        sa.Column("busy_until", sa.String(32), nullable=False, server_default=""),
    )
    op.create_table(
        "incidents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("place", sa.String(40), sa.ForeignKey("places.name"), nullable=False),
        sa.Column("trouble", sa.String(20), nullable=False),
        sa.Column("urgency", sa.String(10), nullable=False),
        sa.Column("unit_id", sa.Integer, sa.ForeignKey("units.id"), nullable=False),
        sa.Column("caller", sa.String(32), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("sent_at", sa.String(32), nullable=False),
        sa.Column("busy_until", sa.String(32), nullable=False),
    )
    op.create_table(
        "handovers",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("place", sa.String(40)),
        sa.Column("caller", sa.String(32), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False),
        sa.Column("asked_at", sa.String(32), nullable=False),
    )
    op.create_table(
        "dispatch_deeds",
        sa.Column("key", sa.String(64), primary_key=True),
        sa.Column("tool", sa.String(64), nullable=False),
        sa.Column("call_id", sa.String(64), nullable=False, index=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
    )


def downgrade() -> None:
    """Drop them."""
    for table in ("dispatch_deeds", "handovers", "incidents", "units", "places"):
        op.drop_table(table)
