"""The transactional outbox: rows in the same transaction as the change, a bell after the commit."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from social import bell
from social.models import Delivery

DRAIN = "bridge.tasks.drain_deliveries"


@dataclass(frozen=True, slots=True)
class Address:
    """Where an act goes in a network; acts on one lane arrive in order."""

    lane: str
    to: str
    sender: str = ""  # who speaks there, where that is not the author


def tell(  # noqa: PLR0913  each names one column
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
    if rows:
        Delivery.objects.bulk_create(rows)
        lanes = {row.lane for row in rows}
        transaction.on_commit(lambda: bell.ring(DRAIN, lanes))
