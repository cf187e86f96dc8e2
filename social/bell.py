"""Bells: wake whoever drains a lane. A lost bell costs seconds, because the sweep looks anyway."""

import logging
import os
import threading
import time
from collections.abc import Iterable

from celery import current_app
from kombu.exceptions import OperationalError

log = logging.getLogger("ownroom.bell")
PAUSE = 0.05  # seconds between two messages to one task: what rings within it goes out as one

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
    silent: dict[str, float] = {}  # until when
    while True:
        with _ready:
            while not (waiting := _due(silent)):
                left = [silent[task] - time.monotonic() for task in _lanes]
                _ready.wait(max(0.0, min(left)) if left else None)
        for task, lanes in waiting.items():
            try:
                current_app.send_task(task, args=[sorted(lanes)])
            except (OperationalError, OSError) as error:
                log.warning("the broker does not answer (%s); the sweep will find the work", error)
            silent[task] = time.monotonic() + PAUSE


def _due(silent: dict[str, float]) -> dict[str, set[str]]:
    """The first ring goes out at once; those that follow it closely wait for each other."""
    now = time.monotonic()
    return {task: _lanes.pop(task) for task in list(_lanes) if silent.get(task, 0) <= now}
