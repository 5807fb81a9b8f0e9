"""Suggest labels in GitHub's own interface, where a repository has that: whether it has, and which predictions did.

`checked_at` is when GitHub was last asked how people answered; of a dismissal it sends no word.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("native_suggestions", sa.Boolean(), nullable=True))
    op.add_column("predictions", sa.Column("native", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("predictions", sa.Column("checked_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    for name in ("checked_at", "native"):
        op.drop_column("predictions", name)
    op.drop_column("repositories", "native_suggestions")
