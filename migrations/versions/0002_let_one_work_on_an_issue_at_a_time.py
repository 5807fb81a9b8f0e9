"""Let only one worker at a time work on an issue, and one trainer on a repository.

Two deliveries about one issue, handled at the same moment, could each find no comment of ours and write one. Rows from
before have no subject: they are handled as they were.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
TABLES = ("deliveries", "training_runs")


def upgrade() -> None:
    running = sa.text("status = 'running'")
    for table in TABLES:
        op.add_column(table, sa.Column("subject", sa.String(length=64), nullable=True))
        op.create_index(f"ix_{table}_subject", table, ["subject", "status"])
        where = {"sqlite_where": running, "postgresql_where": running}
        op.create_index(f"ix_{table}_alone", table, ["subject"], unique=True, **where)


def downgrade() -> None:
    for table in TABLES:
        op.drop_index(f"ix_{table}_alone", table)
        op.drop_index(f"ix_{table}_subject", table)
        op.drop_column(table, "subject")
