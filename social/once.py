"""What one piece of work asks the index again and again, asked once.

Good for as long as nobody waits for a stranger: whoever does calls `forget` afterwards.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")
_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Within it `ask` keeps its answers. A row is changed through the object it gave."""
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def ask(key: Hashable, question: Callable[[], T]) -> T:
    """The answer known under `key`, else the one to `question`. None is no answer to keep."""
    known = _known.get()
    if known is not None and key in known:
        return known[key]  # type: ignore[no-any-return]  # what `question` gave for this key before
    answer = question()
    if known is not None and answer is not None:
        known[key] = answer
    return answer


def forget() -> None:
    known = _known.get()
    if known is not None:
        known.clear()
