"""When the database can answer nobody: it is away, full, or takes nothing."""

from django.db import InterfaceError, InternalError, OperationalError

READ_ONLY = "25006"  # PostgreSQL, appendix A: as a standby is


def is_away(error: BaseException) -> bool:
    """Not because of what it was asked."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, InternalError) and _state(error) == READ_ONLY


def _state(error: BaseException) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))
