"""What an admin types: whatever goes wrong in the world around us is said in a line, with what to
type next. Errors of our own keep their traceback; `--traceback` shows it of all.
"""

import sys
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

INTERRUPTED = 130  # as a shell says it: 128 and SIGINT


def run(argv: Sequence[str]) -> None:
    try:
        hasattr(settings, "INSTALLED_APPS")  # the first name asked for reads them all
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(f"The settings cannot be used: {_words(error)}")
    try:
        execute_from_command_line(list(argv))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(INTERRUPTED)
    except (DatabaseError, OSError, InvalidTag) as error:
        if "--traceback" in argv:
            raise
        sys.exit(_said(error))


def _words(error: Exception) -> str:
    """Of the system, whose own text begins with a number."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split())[:300].rstrip(".?!")


def _said(error: Exception) -> str:
    words = _words(error)
    if isinstance(error, InvalidTag):
        return (
            "The signing keys were sealed with another secret. Put back the one from the backup:"
            " secret_key in the data folder, or OWNROOM_SECRET_KEY"
        )
    if isinstance(error, OSError):
        return f"The system does not let us. {words}. More is said by: python manage.py doctor"
    if any(sign in words for sign in ("no such table", "no such column", "does not exist")):
        return f"The database is not of this version ({words}). Type: python manage.py migrate"
    return f"The database cannot be used: {words}. More is said by: python manage.py doctor"
