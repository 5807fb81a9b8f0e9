"""Keep each repository's configuration: the file in force, where it came from, and what is wrong with the newest one.

Guesses say whether a rule of that file made them, for those are no prediction of a model.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("config", sa.Text(), nullable=True))
    op.add_column("repositories", sa.Column("config_path", sa.String(length=512), nullable=True))
    op.add_column("repositories", sa.Column("config_problems", sa.JSON(), nullable=True))
    op.add_column("guesses", sa.Column("by_rule", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("guesses", "by_rule")
    for name in ("config_problems", "config_path", "config"):
        op.drop_column("repositories", name)
