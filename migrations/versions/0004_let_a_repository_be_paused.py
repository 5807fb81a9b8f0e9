"""Let a repository be paused: since when, or null where it is not."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("paused_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("repositories", "paused_at")
