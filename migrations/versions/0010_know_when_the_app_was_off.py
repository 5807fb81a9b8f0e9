"""Know when the App was last off a repository: what was opened before is old, though word of it waited.

Of a repository that is on again already, nobody knows any more.
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("off_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    op.drop_column("repositories", "off_at")
