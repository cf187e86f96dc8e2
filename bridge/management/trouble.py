"""What stopped a command, with what to type next."""

import logging

from django.core.management.base import CommandError
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from bridge.errors import Later
from bridge.matrix.client import MatrixError

log = logging.getLogger("ownroom.manage")


def said(error: Exception) -> str:
    """Where the homeserver is silent or says no, the doctor knows more."""
    if isinstance(error, Later | MatrixError):
        return f"{error}. More is said by: python manage.py doctor"
    return str(error)


def demand_migrated() -> None:
    """A database that is newer than we are will do: so a worker runs on while others are renewed.
    One that is away may come back, and those who ask meanwhile are told to come again.

    Raises CommandError.
    """
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except OperationalError as error:
        log.warning("the database does not answer: %s", " ".join(str(error).split())[:300])
        return
    finally:
        connection.close()
    if missing:
        raise CommandError(
            f"the database lacks {len(missing)} migrations. Type: python manage.py migrate"
        )
