"""The embedded form: web, worker and scheduler in one process, Celery's broker in its memory.

Safe because the tables hold the truth: what memory forgets, the sweep finds.
"""

import atexit
import logging
import os
import threading

from celery.beat import Scheduler, Service

from bridge.celery import app

log = logging.getLogger("ownroom.embedded")
THREADS = 6
QUEUES = ("inbox", "deliver", "maintenance")


class Beat(Scheduler):
    """Celery's schedule without a file: it starts anew with the process."""


def start() -> None:
    """Starts worker and scheduler threads; they end with the process."""
    worker = app.WorkController(
        pool="threads",
        concurrency=THREADS,
        queues=QUEUES,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
    )
    beat = Service(app, scheduler_cls=Beat, max_interval=1)
    ending = threading.Event()

    def work() -> None:
        worker.start()
        if not ending.is_set():  # its broker died under it: whoever supervises us starts us anew
            log.critical("the worker has ended by itself, so this process ends")
            os._exit(1)

    threading.Thread(target=work, name="worker", daemon=True).start()
    threading.Thread(target=beat.start, kwargs={"embedded_process": False}, daemon=True).start()
    threading.Thread(target=wake, name="wake", daemon=True).start()

    def stop() -> None:
        ending.set()
        beat.stop()
        worker.stop(in_sighandler=False)

    atexit.register(stop)


def wake() -> None:
    """At every start: take what an earlier life left, and ask the homeserver for what it holds."""
    from bridge import tasks

    tasks.awake()
