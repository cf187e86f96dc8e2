"""An edit that its author redacts: the post says again what it said without it.

Clients let people remove single edits from the history of a message. The homeserver then shows
what is left: that is asked for and read as an edit, and of the words taken out nothing is kept.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings

from bridge import names
from bridge.errors import Later
from bridge.loop import in_database, run
from bridge.matrix import client, lookups, polls, shapes
from bridge.models import Anchor, Room
from social.acts import Act, Ignored, Revise
from social.models import Delivery

_WORDS = {"m.room.message", *polls.STARTS}


@dataclass(frozen=True, slots=True)
class Taken:
    """The edit that is taken back: its URI, and since when the post said so."""

    uri: str
    at: int


def read(event: Mapping[str, Any], room: Room) -> tuple[Mapping[str, Any], Taken | None]:
    """The event as it is; of the redaction of an edit the edit back."""
    found = shapes.read(event) if event.get("type") == "m.room.redaction" else None
    if found is None or isinstance(found, Ignored) or not (edit := shapes.redacted(found)):
        return event, None
    uri = _receipt(edit, found.sender)
    first = names.event_of(uri.partition("/update/")[0], settings.OWNROOM_ORIGIN)
    if not first:
        return event, None
    at, left = run(_left(room, edit, first, found.sender))
    if not left:
        return event, None
    related = {"rel_type": "m.replace", "event_id": first}
    content = {**left["content"], "m.new_content": left["content"], "m.relates_to": related}
    return {**event, "type": left["type"], "content": content}, Taken(uri, at)


def without(act: Act, taken: Taken) -> Act:
    """The edit back forgets what it takes back."""
    if isinstance(act, Revise):
        return replace(act, unsaid=taken.uri, unsaid_at=taken.at)
    return act


async def said_back(act: Revise) -> list[str]:
    """The earlier edits back of a post, by their URIs: each repeats what an edit said that may be
    taken out itself by now.
    """
    room_id, reader, edits = await in_database(lookups.noted_edits, act.now.post)
    found = []
    for uri in edits:
        event = f"${uri.rpartition('/')[2]}"
        if uri == act.uri or not names.is_event_id(event):  # a poll is told by the clock as well
            continue
        with suppress(client.MatrixError):
            if (await client.event(room_id, event, by=reader))["type"] == "m.room.redaction":
                found.append(uri)
    return found


def _receipt(edit: str, sender: str) -> str:
    """The URI of an edit by whoever redacts it now; empty when it is none."""
    ends = f"/update/{edit[1:]}"
    if Delivery.objects.filter(
        network="matrix", state="waiting", to__startswith="receipt ", document__endswith=ends
    ).exists():
        raise Later("the edit is being noted")
    noted = Anchor.objects.filter(room__actor__owner=sender, uri__endswith=ends)
    return noted.values_list("uri", flat=True).first() or ""


async def _left(room: Room, edit: str, first: str, sender: str) -> tuple[int, dict[str, Any]]:
    """When the edit was made; and what clients show without it: the newest edit that is left, or
    the message itself. Empty where that is gone as well.
    """
    redacted = await client.event(room.room_id, edit, by=room.reader)
    original = await client.event(room.room_id, first, by=room.reader)
    left = [original]
    for other in await client.edits(room.room_id, first, by=room.reader):
        found = await client.event(room.room_id, other, by=room.reader)
        new = found["content"].get("m.new_content")
        if found["sender"] == sender and found["type"] == original["type"] and new:
            left.append(found | {"content": new})
    newest = max(left[1:], key=lambda event: event["origin_server_ts"], default=original)
    known = original["type"] in _WORDS and original["content"] and newest["content"]
    return shapes.number(redacted["origin_server_ts"]), newest if known else {}
