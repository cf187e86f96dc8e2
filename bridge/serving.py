"""Starting the web server: granian, blocking threads, one worker process (see decision 0007)."""

import os
import sys
from typing import NoReturn

THREADS = 12  # requests at a time; those that fetch a stranger's key may take seconds


def serve(host: str, port: int, *, everything: bool) -> NoReturn:
    """Replaces this process, so that a supervisor's signals reach the server itself."""
    environment = os.environ | {"OWNROOM_PARTS": "all" if everything else "web"}
    arguments = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi"),
        *("--host", host, "--port", str(port), "--workers", "1"),
        *("--blocking-threads", str(THREADS), "--backlog", "1024"),
        *("--workers-kill-timeout", "20", "--no-ws", "--log-level", "error"),
        "bridge.wsgi:application",
    ]
    os.execve(sys.executable, arguments, environment)  # noqa: S606  our own interpreter
