"""Go on with the import of a repository's past where it was: the next page, and when the first one was read."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("repositories", sa.Column("import_place", sa.Text(), nullable=True))
    op.add_column("repositories", sa.Column("import_started", sa.DateTime(), nullable=True))


def downgrade() -> None:
    for name in ("import_started", "import_place"):
        op.drop_column("repositories", name)
