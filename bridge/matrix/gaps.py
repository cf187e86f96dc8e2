"""Pushes are not durable: a homeserver that dies with events in memory never sends them again.

So each room has a place up to which it has been read, and is read on from there at every start
and every few minutes. What was pushed as well is a duplicate and dies on its unique key.
"""

import logging
from typing import Any

from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import client, events, rooms
from bridge.models import Room

log = logging.getLogger("ownroom.gaps")
PAGES = 100  # of a room in one go; the next round reads on


def close() -> None:
    """Reads every room on. Rooms that cannot be read are left for the next round."""
    for room in Room.objects.filter(ready=True).exclude(kind=Room.Kind.CONTROL):
        try:
            _read_on(room)
        except Trouble as error:
            log.warning("room %s could not be read on: %s", room.pk, error)


def _read_on(room: Room) -> None:
    start = room.place
    if not start:  # from now on: what was before is for a rebuild
        run(rooms.read_from_here(room.room_id))
        return
    for _ in range(PAGES):
        page = run(client.messages(room.room_id, start=start, direction="f"))
        chunk = page.get("chunk") or []
        events.receive([event for event in chunk if isinstance(event, dict)])
        end = page.get("end")
        if not chunk or not end or end == start:
            return
        _keep(room, end)
        start = end


def _keep(room: Room, place: Any) -> None:
    if isinstance(place, str) and len(place) <= 255:
        Room.objects.filter(pk=room.pk).update(place=place)
