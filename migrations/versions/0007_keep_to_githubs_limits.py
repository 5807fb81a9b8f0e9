"""Keep to GitHub's limits: until when an installation waits, and how far an import has come, or why it does not go on.

`limited_at` and `limited_until` are heeded by every process; `pull_not_before` lets failing pulls come later and later.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

INSTALLATIONS = ("limited_at", "limited_until")
REPOSITORIES = ("import_progress", "pull_not_before", "pull_failures", "pull_problem")


def upgrade() -> None:
    for name in INSTALLATIONS:
        op.add_column("installations", sa.Column(name, sa.DateTime(), nullable=True))
    op.add_column("repositories", sa.Column("import_progress", sa.JSON(), nullable=True))
    op.add_column("repositories", sa.Column("pull_not_before", sa.DateTime(), nullable=True))
    op.add_column(
        "repositories",
        sa.Column(
            "pull_failures", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False, server_default="0"
        ),
    )
    op.add_column("repositories", sa.Column("pull_problem", sa.Text(), nullable=True))


def downgrade() -> None:
    for name in REPOSITORIES:
        op.drop_column("repositories", name)
    for name in INSTALLATIONS:
        op.drop_column("installations", name)
