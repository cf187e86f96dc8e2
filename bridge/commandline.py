"""What an admin types: whatever goes wrong in the world around us is said in a line, with what to
type next. Errors of our own keep their traceback; `--traceback` shows it of all.
"""

import sys
from collections.abc import Sequence

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

INTERRUPTED = 130  # as a shell says it: 128 and SIGINT


def run(argv: Sequence[str]) -> None:
    try:
        settings.INSTALLED_APPS  # noqa: B018  the first name asked for reads them all
    except (ImproperlyConfigured, OSError) as error:
        sys.exit(f"The settings cannot be used: {error}")
    try:
        execute_from_command_line(list(argv))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped.\n")
        sys.exit(INTERRUPTED)
    except (DatabaseError, OSError) as error:
        if "--traceback" in argv:
            raise
        sys.exit(_said(error))


def _said(error: DatabaseError | OSError) -> str:
    words = " ".join(str(error).split())[:300]
    if isinstance(error, OSError):
        return f"The system does not let us: {words}. More is said by: python manage.py doctor"
    if any(sign in words for sign in ("no such table", "no such column", "does not exist")):
        return f"The database is not of this version ({words}). Type: python manage.py migrate"
    return f"The database cannot be used: {words}. More is said by: python manage.py doctor"
