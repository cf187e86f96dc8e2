"""What stopped a command, with what to type next."""

from django.core.management.base import CommandError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from bridge.errors import Later
from bridge.matrix.client import MatrixError


def said(error: Exception) -> str:
    """Where the homeserver is silent or says no, the doctor knows more."""
    if isinstance(error, Later | MatrixError):
        return f"{error}. More is said by: python manage.py doctor"
    return str(error)


def demand_migrated() -> None:
    """A database that is newer than we are will do: so a worker runs on while others are renewed.

    Raises CommandError.
    """
    executor = MigrationExecutor(connection)
    missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connection.close()
    if missing:
        raise CommandError(
            f"the database lacks {len(missing)} migrations. Type: python manage.py migrate"
        )
