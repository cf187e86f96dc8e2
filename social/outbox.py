"""The transactional outbox: rows in the same transaction as the change, a bell after the commit."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from social import bell
from social.models import Delivery

DRAIN = "bridge.tasks.drain_deliveries"


_gathered: ContextVar[tuple[list[Delivery], ...]] = ContextVar("gathered", default=())


@dataclass(frozen=True, slots=True)
class Address:
    """Where an act goes in a network; acts on one lane arrive in order."""

    lane: str
    to: str
    sender: str = ""  # who speaks there, where that is not the author


def tell(
    network: str,
    addresses: Iterable[Address],
    *,
    sender: str,
    subject: str,
    said: dict[str, Any] | None,
    document: str = "",
) -> None:
    """Call inside the transaction that records the act; `said`: its JSON, if sent from it."""
    rows = [
        Delivery(
            network=network,
            lane=address.lane,
            to=address.to,
            sender=address.sender or sender,
            subject=subject,
            act=said,
            document=document,
        )
        for address in addresses
    ]
    if gathered_so_far := _gathered.get():
        gathered_so_far[-1].extend(rows)
    else:
        _write(rows)


@contextmanager
def gathered() -> Iterator[None]:
    """Within a transaction: what is told is written at the end, with one statement.

    Within another it is a part of the transaction that fails alone: then nothing of it was told.
    """
    before, mine = _gathered.get(), list[Delivery]()
    token = _gathered.set((*before, mine))
    try:
        with transaction.atomic():
            yield
            if not before:
                _write(mine)
    finally:
        _gathered.reset(token)
    if before:
        before[-1].extend(mine)


def flush() -> None:
    """For whoever asks about what was told: it is written now."""
    for rows in _gathered.get():
        _write(rows)
        rows.clear()


def _write(rows: Sequence[Delivery]) -> None:
    if rows:
        Delivery.objects.bulk_create(rows)
        lanes = {row.lane for row in rows}
        transaction.on_commit(lambda: bell.ring(DRAIN, lanes))
