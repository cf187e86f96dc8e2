"""Starting the web server: granian, blocking threads, one worker process (see decision 0007)."""

import gc
import os
from importlib import import_module

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
    Granian(
        "bridge.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        backlog=1024,
        websockets=False,
        log_level=LogLevels.error,
        workers_kill_timeout=20,
    ).serve()
