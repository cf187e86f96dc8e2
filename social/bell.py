"""Bells: wake whoever drains a lane. A lost bell costs seconds, because the sweep looks anyway."""

import logging
import os
import threading
import time
from collections.abc import Iterable

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger("ownroom.bell")
PAUSE = 0.005  # seconds; what rings within it goes out as one message

_lanes: dict[str, set[str]] = {}
_ready = threading.Condition()
_ringer: tuple[int, threading.Thread] | None = None


def ring(task: str, lanes: Iterable[str]) -> None:
    """Never blocks and never fails: call it after the commit."""
    global _ringer  # noqa: PLW0603  one ringer per process
    with _ready:
        _lanes.setdefault(task, set()).update(lanes)
        if _ringer is None or _ringer[0] != os.getpid() or not _ringer[1].is_alive():
            thread = threading.Thread(target=_ring_on, name="bell", daemon=True)
            _ringer = (os.getpid(), thread)
            thread.start()
        _ready.notify()


def _ring_on() -> None:
    while True:
        with _ready:
            while not _lanes:
                _ready.wait()
            waiting = dict(_lanes)
            _lanes.clear()
        for task, lanes in waiting.items():
            try:
                current_app.send_task(task, args=[sorted(lanes)])
            except (OperationalError, OSError) as error:
                log.warning("the broker does not answer (%s); the sweep will find the work", error)
        time.sleep(PAUSE)
