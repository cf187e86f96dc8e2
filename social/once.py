"""What the work of a moment asks the index again and again, asked once.

Answers are kept for a tenth of a second, or as long as whoever remembers them says, a second or two
at most: who works on many rows in a row sees the index as it was then, as if they had come that
much sooner. Whoever waits for a stranger, or changes what others ask about, calls `forget`
afterwards; what others change elsewhere and must count at once, bridge/partings.py looks after.
"""

import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
MOMENT = 0.1  # seconds


class Memory(dict[Hashable, Any]):
    """Answers by their keys, for `moment` seconds; None means the usual moment."""

    def __init__(self, moment: float | None = None) -> None:
        super().__init__()
        self.moment, self.until = moment, 0.0

    def now(self) -> "Memory":
        """Empty, if what it holds is too old."""
        now = time.monotonic()
        if now > self.until:
            self.clear()
            self.until = now + (MOMENT if self.moment is None else self.moment)
        return self


shared = Memory(0.5)  # of all who knock at the door of this process at the same moment
_missing = object()
_known: ContextVar[Memory | None] = ContextVar("known", default=None)


@contextmanager
def remembered(memory: Memory | None = None) -> Iterator[None]:
    """Within it `ask` keeps its answers, in `memory` where several pieces of work share one.

    A row is changed through the object it gave.
    """
    if memory is None and _known.get() is not None:
        yield
        return
    token = _known.set(Memory() if memory is None else memory)
    try:
        yield
    finally:
        _known.reset(token)


def ask(key: Hashable, question: Callable[[], T]) -> T:
    """The answer known under `key`, else the one to `question`. None is no answer to keep."""
    known = _known.get()
    if known is None:
        return question()
    answer: T = known.now().get(key, _missing)  # what `question` gave for this key before
    if answer is not _missing:
        return answer
    answer = question()
    if answer is not None:
        known[key] = answer
    return answer


def know(key: Hashable, answer: object) -> None:
    """What `ask` would be told: who found the answers to many questions at once says so here."""
    known = _known.get()
    if known is not None:
        known.now()[key] = answer


def known(key: Hashable) -> object:
    """What `ask` would answer without asking; None where it would have to."""
    found = _known.get()
    return None if found is None else found.now().get(key)


def forget() -> None:
    shared.clear()
    known = _known.get()
    if known is not None:
        known.clear()
