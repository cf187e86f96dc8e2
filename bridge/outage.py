"""When the database can answer nobody: it is away, full, or takes nothing."""

import sqlite3

from django.db import (
    DatabaseError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
)

READ_ONLY = "25006"  # PostgreSQL, appendix A: as a standby is
_NO_ROOM = "53"  # the class of those that lack disk, memory or connections
_TAKES_NOTHING = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR}


def is_away(error: BaseException) -> bool:
    """Not because of what it was asked."""
    if isinstance(error, OperationalError | InterfaceError):
        return True
    return isinstance(error, InternalError) and _state(error) == READ_ONLY


def takes_nothing(error: BaseException) -> bool:
    """The connection works, but the disk is full or may not be written: no row is to blame."""
    if not isinstance(error, DatabaseError):
        return False
    code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF  # without what it adds
    state = _state(error)
    return code in _TAKES_NOTHING or state == READ_ONLY or state.startswith(_NO_ROOM)


def meets_all(error: BaseException) -> bool:
    """Whether the next one would fail in the same way; else this one may be to blame."""
    lost = is_away(error) and not connection.is_usable()
    return lost or takes_nothing(error)


def _state(error: BaseException) -> str:
    return str(getattr(error.__cause__, "sqlstate", ""))
