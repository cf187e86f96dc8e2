"""The one asynchronous corner: one event loop and one database thread per process."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import close_old_connections

from bridge import turns
from social import once

T = TypeVar("T")
_lock = threading.Lock()
_database = ThreadPoolExecutor(1, thread_name_prefix="database")
_loop: asyncio.AbstractEventLoop | None = None


def loop() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603  one loop per process is the point
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="loop", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Blocks the calling thread (never the loop's own) until `work` is done."""
    with turns.aside():
        try:
            return asyncio.run_coroutine_threadsafe(work, loop()).result()
        finally:
            once.forget()  # others went on meanwhile


async def in_database(work: Callable[..., T], *args: object) -> T:
    """The loop's database work happens on one thread, in order, with one connection."""
    return await asyncio.get_running_loop().run_in_executor(_database, _connected, work, *args)


def _connected(work: Callable[..., T], *args: object) -> T:
    close_old_connections()
    return work(*args)
