"""Whose turn it is to write. SQLite has one writer, and whoever finds it busy sleeps, looks again
and may be unlucky for seconds: so the threads of one process queue here, in the order they came.
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


_queue = Queue()


@contextmanager
def writing() -> Iterator[None]:
    """A transaction that writes; inside another one, a part of it."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    _queue.take()
    try:
        with transaction.atomic():
            yield
    finally:
        _queue.give()
