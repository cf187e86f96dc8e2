"""A room as a group (FEP-1b12): founded at its owner's desk, with keys and a desk of its own.

The group's actor is owned by the room, not by a person: whoever owns the room speaks for it at its
desk, and whoever may take back others' words in the room moderates it.
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction

from bridge import names
from bridge.errors import Forbidden
from bridge.loop import in_database, run
from bridge.matrix import client, linking, rooms
from bridge.matrix.vocabulary import ACTOR, KEY
from bridge.models import Key, Room
from social import profiles
from social.acts import Introduce
from social.models import Actor

MODERATES = 50  # power in the room
MANY = 10  # groups of one person


def found(owner: str, handle: str) -> Room:
    """The room of a new group, or of theirs by that name. Raises Trouble."""
    return run(_found(owner, handle))


async def _found(owner: str, handle: str) -> Room:
    """Found again where it is theirs already, whatever was missing is made."""
    room = await in_database(_known, owner, handle)
    if room:
        return room
    uri = names.actor_uri(settings.OWNROOM_ORIGIN, await in_database(_free, owner, handle))
    room_id = await rooms.create_group(uri, handle, owner)
    group = await in_database(_actor, room_id, handle)
    await client.put_state(room_id, ACTOR, rooms.public_face(group))
    desk = await rooms.create_desk(owner, group.uri)
    sealed = await in_database(_sealed, group)
    register = {
        "v": 1,
        "id": group.uri,
        "kind": "group",
        "owner": room_id,
        "keeper": owner,
        "handle": handle,
        "name": group.name,
        "sealed": sealed,
        "created": group.published,
        "profile_room": room_id,
        "desk": desk,
    }
    await client.put_state(await rooms.control(), KEY, register, group.uri)
    levels = await client.state(room_id, "m.room.power_levels")
    room = await in_database(_remember, group, room_id, desk, owner, levels)
    for one in (room_id, desk):
        await rooms.read_from_here(one)
    return room


def _known(owner: str, handle: str) -> Room | None:
    theirs = Room.objects.filter(kind=Room.Kind.GROUP, owner=owner, actor__left=None)
    return theirs.filter(actor__handle=handle).select_related("actor").first()


def _free(owner: str, handle: str) -> str:
    if Room.objects.filter(kind=Room.Kind.GROUP, owner=owner).count() >= MANY:
        raise Forbidden(f"nobody has more than {MANY} groups here")
    return linking.free_handle(owner, handle)


def _actor(room_id: str, handle: str) -> Actor:
    known = Actor.objects.filter(owner=room_id).first()
    now = int(time.time() * 1000)
    return known or linking.new_actor(room_id, handle, handle, now, kind="group")


def _sealed(group: Actor) -> str:
    return Key.objects.get(actor=group).sealed


@transaction.atomic
def _remember(group: Actor, room_id: str, desk: str, owner: str, levels: Mapping[str, Any]) -> Room:
    rooms.remember(desk, Room.Kind.DESK, group, owner)
    room = rooms.remember(room_id, Room.Kind.GROUP, group, owner)
    group.room_link = names.matrix_link(room_id)
    linking.keep(group, "room_link")
    appoint(group, levels)
    return room


# ---- who moderates


def appoint(group: Actor, levels: Mapping[str, Any]) -> None:
    """As it stands now; what changes later is told."""
    group.moderators = list(_moderators(levels))
    linking.keep(group, "moderators")


def moderated(group: Actor, levels: Mapping[str, Any], at: int) -> Introduce:
    """The power in the room says who moderates."""
    profile = replace(profiles.profile_of(group), moderators=_moderators(levels))
    return Introduce(author=group.uri, profile=profile, at=at)


def _moderators(levels: Mapping[str, Any]) -> tuple[str, ...]:
    users = levels.get("users")
    strong = [
        user
        for user, power in (users.items() if isinstance(users, dict) else ())
        if isinstance(power, int) and power >= MODERATES
    ]
    rows = Actor.objects.filter(owner__in=strong, left=None).exclude(kind="group")
    return tuple(rows.order_by("uri").values_list("uri", flat=True))
