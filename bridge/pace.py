"""How fast one server is asked: a burst at once, then one question a second, by all of a process.

What arrives is looked into when it arrives (who says it, what it answers): that counts, and waits
for nothing. What we read on our own account (`unhurried`) waits for its turn. Who says that it was
asked for too much is asked for nothing until then. Deliveries have lanes, and files places, of
their own.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

RATE = 1.0  # questions a second; GoToSocial answers 300 in five minutes
BURST = 60  # at once: somebody's profile, newest posts, and who is named in them
LONGEST = 300.0  # seconds for which we believe that we shall not ask
PATIENCE = 5.0  # seconds for which an errand waits for its turn
HOSTS = 1_000  # remembered, before those are forgotten who may be asked at will again

_unhurried = ContextVar("unhurried", default=False)


class Pace:
    """A bucket for each host that holds BURST tokens and fills at RATE. `clock`: in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._full: dict[str, float] = {}  # when the bucket is full again
        self._shut: dict[str, float] = {}  # until when nothing may be asked

    def __len__(self) -> int:
        return len(self._full) + len(self._shut)

    def count(self, host: str) -> None:
        """It is asked now, whether there is a token left or not; nobody owes one."""
        with self._lock:
            now = self._clock()
            full = self._full.get(host, now)
            empty = now + BURST / RATE
            self._set(host, max(full, min(max(full, now) + 1 / RATE, empty)), now)

    def turn(self, host: str, patience: float) -> float | None:
        """In how many seconds it may be asked, and the token is taken; None where that is too
        long.
        """
        with self._lock:
            now = self._clock()
            full = max(self._full.get(host, now), now) + 1 / RATE
            wait = max(0.0, full - now - BURST / RATE)
            if wait > patience:
                return None
            self._set(host, full, now)
            return wait

    def shut(self, host: str, seconds: float) -> None:
        with self._lock:
            self._shut[host] = self._clock() + min(seconds, LONGEST)

    def is_shut(self, host: str) -> float:
        """For how many seconds yet."""
        with self._lock:
            return max(0.0, self._shut.get(host, 0.0) - self._clock())

    def forget(self) -> None:
        with self._lock:
            self._full.clear()
            self._shut.clear()

    def _set(self, host: str, full: float, now: float) -> None:
        self._full[host] = full
        if len(self) > HOSTS:
            for known in (self._full, self._shut):
                for old in [name for name, until in known.items() if until <= now]:
                    del known[old]


of_this_process = Pace()


@contextmanager
def unhurried() -> Iterator[None]:
    """Within it nobody waits for what is asked: it goes no faster than a host likes."""
    token = _unhurried.set(True)
    try:
        yield
    finally:
        _unhurried.reset(token)


def is_unhurried() -> bool:
    return _unhurried.get()
