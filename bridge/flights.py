"""One question at a time about one thing: who asks for it meanwhile waits for the answer.

A flight is one request, and nobody on board asks for anything else: so none waits for itself,
whatever refers to itself or to what asks for it. Threads share it. Processes do where they share a
cache (Redis): a mark there says that somebody asks, and who waits for that finds the answer left
for them, or asks then.
"""

import asyncio
import contextlib
import functools
import hashlib
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent import futures
from dataclasses import dataclass
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from redis import RedisError

from bridge import turns
from bridge.loop import awaited, begun, may_ask

T = TypeVar("T")
LEASE = 15  # seconds: longer than one question takes; then whoever asked is dead
KEPT = 3  # seconds for which an answer is left for others
PAUSE = 0.02  # seconds until they look again


@dataclass(frozen=True, slots=True)
class _Flight:
    began: float
    joins: bool
    answer: futures.Future[Any]


_lock = threading.RLock()
_flights: dict[str, _Flight] = {}


def is_on_its_way(key: str) -> bool:
    return key in _flights


def asked(key: str, ask: Callable[[], Coroutine[Any, Any, T]], *, joins: bool) -> T:
    """What all get who ask under this key, errors too. `joins`: what was asked before will do; else
    only what is asked from now on.
    """
    may_ask()
    arrived = time.monotonic()
    while True:
        flight = _boarded(key, ask, joins=joins)
        if joins or (flight.began >= arrived and not flight.joins):
            found: T = awaited(flight.answer)
            return found
        with turns.aside():
            futures.wait([flight.answer])


def _boarded(key: str, ask: Callable[[], Coroutine[Any, Any, Any]], *, joins: bool) -> _Flight:
    with _lock:
        flight = _flights.get(key)
        if flight is None or flight.answer.done():
            work = _among_processes(key, ask, joins=joins) if settings.REDIS_URL else ask()
            flight = _flights[key] = _Flight(time.monotonic(), joins, begun(work))
            flight.answer.add_done_callback(functools.partial(_landed, key, flight))
        return flight


def _landed(key: str, flight: _Flight, _answer: futures.Future[Any]) -> None:
    with _lock:
        if _flights.get(key) is flight:
            del _flights[key]


# ---- among processes


async def _among_processes(
    key: str, ask: Callable[[], Coroutine[Any, Any, T]], *, joins: bool
) -> T:
    board = _Board(hashlib.sha256(key.encode()).hexdigest())
    until = time.monotonic() + LEASE
    while not await asyncio.to_thread(board.take) and time.monotonic() < until:
        await asyncio.sleep(PAUSE)
        if joins and (left := await asyncio.to_thread(board.look)) is not None:
            answer: T = left
            return answer
    found = None
    try:
        found = await ask()
        return found
    finally:
        await asyncio.to_thread(board.leave, found)


class _Board:
    """What processes leave for each other; while it is away each asks for itself."""

    def __init__(self, name: str) -> None:
        self.mark, self.wanted, self.answer = (f"{what}:{name}" for what in ("ask", "want", "had"))

    def take(self) -> bool:
        """Whether to ask; otherwise somebody does."""
        with contextlib.suppress(RedisError, OSError):
            if not cache.add(self.mark, 1, LEASE):
                cache.set(self.wanted, 1, LEASE)
                return False
        return True

    def look(self) -> Any:
        with contextlib.suppress(RedisError, OSError):
            return cache.get(self.answer)
        return None

    def leave(self, found: object) -> None:
        with contextlib.suppress(RedisError, OSError):
            if found is not None and cache.get(self.wanted):
                cache.set(self.answer, found, KEPT)
            cache.delete_many([self.mark, self.wanted])
