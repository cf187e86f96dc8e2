"""Starting the web server: granian, blocking threads, one worker process (see decision 0007)."""

import gc
import os
import sys
from importlib import import_module

from django.core.management.base import CommandError
from django.db import connections
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

THREADS = 12  # requests at a time; those that fetch a stranger's key may take seconds


def serve(host: str, port: int, *, everything: bool) -> None:
    """Stays until a supervisor's signal ends it, which this process takes itself.

    All code is loaded here, before the worker is forked off: once, and in memory that both share.
    """
    os.environ["OWNROOM_PARTS"] = "all" if everything else "web"
    for module in ("bridge.urls", "bridge.tasks"):
        import_module(module)
    connections.close_all()
    gc.collect()
    gc.freeze()  # what is loaded stays: looking through it again and again finds nothing
    server = Granian(
        "bridge.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        backlog=1024,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=20,
    )
    server.on_startup(lambda: _say(host, port))
    try:
        server.serve()
    except RuntimeError as error:
        if "(os error" not in str(error):
            raise
        problem = f"cannot listen on {host}:{port}: {error}. Try another --port"
        raise CommandError(problem) from None


def _say(host: str, port: int) -> None:
    sys.stdout.write(f"Ownroom listens on http://{host}:{port}/ – stop it with Ctrl-C.\n")
    sys.stdout.flush()
