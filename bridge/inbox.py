"""Received: what came over a wire is stored once, before anything else, if it is authentic."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction

from bridge import turns
from bridge.models import Received
from social import bell

DRAIN = "bridge.tasks.drain_received"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    key: str  # unique within the network: what arrives again under it is a duplicate
    lane: str
    body: str
    subject: str = ""
    signer: str = ""


def receive(network: str, arrivals: Iterable[Arrival]) -> None:
    """Durable when it returns. Authenticity is the caller's duty."""
    rows = [
        Received(
            network=network,
            key=arrival.key,
            lane=arrival.lane,
            body=arrival.body,
            subject=arrival.subject,
            signer=arrival.signer,
        )
        for arrival in arrivals
    ]
    if not rows:
        return
    lanes = {row.lane for row in rows}
    with turns.writing():
        Received.objects.bulk_create(rows, ignore_conflicts=True)
        transaction.on_commit(lambda: bell.ring(DRAIN, lanes))
