"""The one asynchronous corner: one event loop and one database thread per process."""

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from django.db import close_old_connections

from bridge import turns
from social import once

T = TypeVar("T")
MOMENT = 1.0  # seconds for which the database thread trusts a connection that worked
_lock = threading.Lock()
_database = ThreadPoolExecutor(1, thread_name_prefix="database")
_loop: asyncio.AbstractEventLoop | None = None
_alone = WeakValueDictionary[str, asyncio.Lock]()
_trusted = 0.0  # until when
_nobody = ContextVar("nobody", default=False)


class Elsewhere(BaseException):  # nobody who handles errors is meant
    """Somebody elsewhere must be asked, but others wait for this thread."""


@contextmanager
def nobody_asked() -> Iterator[None]:
    """Within it `run` raises Elsewhere before anything is sent."""
    token = _nobody.set(True)
    try:
        yield
    finally:
        _nobody.reset(token)


def loop() -> asyncio.AbstractEventLoop:
    global _loop  # noqa: PLW0603  one loop per process is the point
    with _lock:
        if _loop is None or _loop.is_closed():
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="loop", daemon=True).start()
        return _loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Blocks the calling thread (never the loop's own) until `work` is done."""
    try:
        may_ask()
    except Elsewhere:
        work.close()
        raise
    return awaited(begun(work))


def may_ask() -> None:
    """Raises Elsewhere where others wait for this thread."""
    if _nobody.get():
        raise Elsewhere


def begun(work: Coroutine[Any, Any, T]) -> Future[T]:
    return asyncio.run_coroutine_threadsafe(work, loop())


def awaited(work: Future[T]) -> T:
    """Of `begun`, by this thread or another."""
    with turns.aside():
        try:
            return work.result()
        finally:
            once.forget()  # others went on meanwhile


def alone(name: str) -> asyncio.Lock:
    """Of all on the loop who do what has this name, one at a time."""
    return _alone.setdefault(name, asyncio.Lock())


async def in_database(work: Callable[..., T], *args: object) -> T:
    """The loop's database work happens on one thread, in order, with one connection."""
    return await asyncio.get_running_loop().run_in_executor(_database, _connected, work, *args)


def _connected(work: Callable[..., T], *args: object) -> T:
    """To look whether a connection still works is a question to the database of its own: it is
    asked now and then, and after every failure.
    """
    global _trusted  # noqa: PLW0603  only the database thread comes here
    if time.monotonic() > _trusted:
        close_old_connections()
    _trusted = 0.0
    found = work(*args)
    _trusted = time.monotonic() + MOMENT
    return found
