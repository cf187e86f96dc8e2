"""Pushes are not durable: a homeserver that dies with events in memory never sends them again.

So each room has a place up to which it has been read. It is read on from there before the lane of
the room is worked on, at every start, and every few minutes. What was missed takes its turn before
what came after it; what was pushed as well is a duplicate and dies on its unique key.
"""

import logging
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from bridge import inbox, lanes
from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import client, events, rooms
from bridge.models import Received, Room
from social import bell

log = logging.getLogger("ownroom.gaps")
PAGE = 100  # events in one answer
PAGES = 100  # of a room in one go; the next round reads on


def close() -> None:
    """Reads every room on. Rooms that cannot be read are left for the next round."""
    holder = lanes.Holder()
    for room in Room.objects.filter(ready=True).exclude(kind=Room.Kind.CONTROL):
        lane = events.lane(room.room_id)
        if not holder.claim([lane]):
            continue  # whoever holds it reads on first
        try:
            found = _read_on(room)
        except Trouble as error:
            log.warning("room %s could not be read on: %s", room.pk, error)
            found = False
        finally:
            holder.release([lane])
        if found:
            bell.ring(inbox.DRAIN, [lane])


def close_one(lane: str) -> bool:
    """Before the lane of a room is worked on, by its holder. Answers whether anything was missed.

    When the homeserver cannot be asked the work goes on: it has lost nothing that came before.
    """
    room = Room.objects.filter(room_id=lane.removeprefix(events.LANE), ready=True).first()
    if room is None:
        return False
    try:
        return _read_on(room)
    except Trouble as error:
        log.info("room %s could not be read on: %s", room.pk, error)
        return False


def _read_on(room: Room) -> bool:
    if not room.place:  # from now on: what was before is for a rebuild
        run(rooms.read_from_here(room.room_id, room.reader))
        return False
    found, start = False, room.place
    for _ in range(PAGES):
        page = run(
            client.messages(room.room_id, start=start, direction="f", limit=PAGE, by=room.reader)
        )
        chunk = [event for event in page.get("chunk") or [] if isinstance(event, dict)]
        found |= _insert(events.arrivals(chunk))
        end = page.get("end")
        if not end or end == start:
            break
        _keep(room, end)
        start = end
        if len(chunk) < PAGE:
            break
    return found


@transaction.atomic
def _insert(arrivals: Sequence[inbox.Arrival]) -> bool:
    """Stores what was missed; rows that wait behind it are stored anew, to keep the order."""
    keys = [arrival.key for arrival in arrivals]
    known = {row.key: row for row in Received.objects.filter(network="matrix", key__in=keys)}
    missed = next((n for n, key in enumerate(keys) if key not in known), None)
    if missed is None:
        return False
    behind = [known[key].pk for key in keys[missed:] if key in known]
    overtaken = Received.objects.filter(pk__in=behind, state=Received.State.WAITING, tries=0)
    overtaken.delete()
    inbox.receive("matrix", arrivals[missed:])
    return True


def _keep(room: Room, place: Any) -> None:
    if isinstance(place, str) and len(place) <= 255:
        Room.objects.filter(pk=room.pk).update(place=place)
