"""Know when a repository was last paused or resumed, so that a command that is told late does not undo a newer one."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("pause_told_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("repositories", "pause_told_at")
