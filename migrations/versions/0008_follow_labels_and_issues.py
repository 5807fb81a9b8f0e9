"""Follow labels under their former names, issues to where they were transferred, and what stops a repository's work.

`automations` holds the labels that issue templates put on and those that start workflows; the index finds what one
person did within seconds.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("labels", sa.Column("former", sa.JSON(), nullable=False, server_default="{}"))
    op.add_column("issues", sa.Column("moved_to", sa.String(64), nullable=True))
    op.add_column("repositories", sa.Column("stopped", sa.Text(), nullable=True))
    op.add_column("repositories", sa.Column("automations", sa.JSON(), nullable=True))
    op.create_index("ix_label_events_actor", "label_events", ["repository_id", "actor", "at"])


def downgrade() -> None:
    op.drop_index("ix_label_events_actor", "label_events")
    for name in ("automations", "stopped"):
        op.drop_column("repositories", name)
    op.drop_column("issues", "moved_to")
    op.drop_column("labels", "former")
