"""Events at the door: stored as they came, in the order they came, each once."""

from collections.abc import Iterable
from typing import Any

import orjson

from bridge import inbox, names
from bridge.matrix import registration
from bridge.matrix.vocabulary import LEDGER, RECEIPT

LANE = "from matrix "
LIMIT = 256_000  # characters; a homeserver lets none through beyond 65,536 bytes


def receive(events: Iterable[Any]) -> None:
    """Durable when it returns."""
    inbox.receive("matrix", arrivals(events))


def arrivals(events: Iterable[Any]) -> list[inbox.Arrival]:
    """What is not an event is left out: it can never be anything."""
    reg = registration.load()
    found = [_arrival(event) for event in events if _is_event(event) and not _ours(event, reg)]
    return [arrival for arrival in found if arrival]


def lane(room_id: str) -> str:
    return f"{LANE}{room_id}"[:300]


def _is_event(event: Any) -> bool:
    return (
        isinstance(event, dict)
        and isinstance(event.get("event_id"), str)
        and isinstance(event.get("room_id"), str)
        and isinstance(event.get("sender"), str)
        and isinstance(event.get("type"), str)
        and isinstance(event.get("content"), dict)
        and names.is_event_id(event["event_id"])
        and names.is_room_id(event["room_id"])
        and names.is_user_id(event["sender"])
    )


def _ours(event: dict[str, Any], reg: registration.Registration) -> bool:
    """The homeserver shows us our own words too; they were recorded when they were said."""
    if event["type"] in {LEDGER, RECEIPT}:
        return True
    return reg.ours(event["sender"])


def _arrival(event: dict[str, Any]) -> inbox.Arrival | None:
    event.pop("age", None)
    try:
        body = orjson.dumps(event).decode()
    except (orjson.JSONEncodeError, RecursionError):
        return None
    if len(body) > LIMIT or "\\u0000" in body:
        return None
    return inbox.Arrival(key=event["event_id"], lane=lane(event["room_id"]), body=body)
