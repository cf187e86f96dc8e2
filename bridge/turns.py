"""Whose turn it is among the threads of one process: to write, and to work at all.

SQLite has one writer, and whoever finds it busy sleeps, looks again and may be unlucky for
seconds: so writers queue here. Python runs one thread at a time: so one thread at a
time works on rows, and it lets those pass for whom another server waits.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


class Queue:
    """A lock that is handed on: a thread that has just let go does not come first again."""

    def __init__(self) -> None:
        self.guard, self.held = threading.Lock(), False
        self.waiting: deque[threading.Lock] = deque()

    def take(self) -> None:
        with self.guard:
            if not self.held:
                self.held = True
                return
            mine = threading.Lock()
            mine.acquire()
            self.waiting.append(mine)
        mine.acquire()  # until whoever goes before lets go of it

    def give(self) -> None:
        with self.guard:
            if self.waiting:
                self.waiting.popleft().release()
            else:
                self.held = False


BUSY = 4  # requests at the door; fewer leave enough time for the work behind it
PATIENCE = 0.2  # seconds that rows wait for them at most, before some go on for a moment
_writers, _work = Queue(), Queue()
_mine = threading.local()
_door = threading.Condition()
_at_the_door = 0


@contextmanager
def at_the_door() -> Iterator[None]:
    global _at_the_door  # noqa: PLW0603  one door per process
    with _door:
        _at_the_door += 1
    try:
        yield
    finally:
        with _door:
            _at_the_door -= 1
            if _at_the_door < BUSY:
                _door.notify_all()


@contextmanager
def working() -> Iterator[None]:
    """On rows that are stored already: they wait while many are at the door, for a moment."""
    with _door:
        _door.wait_for(lambda: _at_the_door < BUSY, PATIENCE)
    _work.take()
    _mine.work = True
    try:
        yield
    finally:
        _mine.work = False
        _work.give()


@contextmanager
def aside() -> Iterator[None]:
    """While a thread waits for a stranger, another one may work."""
    if not getattr(_mine, "work", False):
        yield
        return
    _work.give()
    try:
        yield
    finally:
        _work.take()


def wanted() -> bool:
    """Whether somebody waits for whoever is writing."""
    return bool(_writers.waiting)


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes; inside another one, a part of it."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    _writers.take()
    try:
        with transaction.atomic():
            yield
    finally:
        _writers.give()
