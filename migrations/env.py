"""Run migrations on the engine that `bot.database` passes in."""

from alembic import context

from bot.models import Base

with context.config.attributes["engine"].execution_options(immediate=True).connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
