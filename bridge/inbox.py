"""Received: what came over a wire is stored once, before anything else, if it is authentic."""

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from bridge import turns
from bridge.models import Received
from social import bell

DRAIN = "bridge.tasks.drain_received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    key: str  # unique within the network: what arrives again under it is a duplicate
    lane: str
    body: str
    signer: str = ""


def receive(network: str, arrivals: Iterable[Arrival]) -> None:
    """Durable when it returns. Authenticity is the caller's duty."""
    rows = [
        Received(
            network=network,
            key=arrival.key,
            lane=arrival.lane,
            body=arrival.body,
            signer=arrival.signer,
        )
        for arrival in arrivals
    ]
    if not rows:
        return
    if connection.in_atomic_block:
        _write(rows)
    else:
        _together(rows)


def _write(rows: Sequence[Received]) -> None:
    lanes = {row.lane for row in rows}
    with turns.writing():
        Received.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(lambda: bell.ring(DRAIN, lanes))


class _Waiting:
    """Rows of one thread, until somebody has written them."""

    def __init__(self, rows: Sequence[Received]) -> None:
        self.rows, self.written = rows, False


_queue: deque[_Waiting] = deque()
_writer = threading.Lock()


def _together(rows: Sequence[Received]) -> None:
    """Whoever comes to write takes along what others brought meanwhile: one commit for all."""
    mine = _Waiting(rows)
    _queue.append(mine)
    with _writer:
        if mine.written:
            return
        batch = [_queue.popleft() for _ in range(len(_queue))]
        try:
            _write([row for waiting in batch for row in waiting.rows])
        except Exception:
            if len(batch) == 1:
                raise
        else:
            for waiting in batch:
                waiting.written = True
            return
        # Each for itself: nobody is refused for what another one brought.
        _queue.extendleft(waiting for waiting in reversed(batch) if waiting is not mine)
        _write(rows)
