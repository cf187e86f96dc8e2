"""A room as a group (FEP-1b12): founded at its owner's desk or in a room of theirs, with keys and a
desk of its own.

The group's actor is owned by the room, not by a person: whoever owns the room speaks for it at its
desk, and whoever has power 50 in the room, or made it, moderates it.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from bridge import names
from bridge.errors import Forbidden, Unreadable
from bridge.loop import in_database, run
from bridge.matrix import client, linking, registration, rooms, shapes
from bridge.matrix.vocabulary import ACTOR, KEY
from bridge.models import Key, Room
from bridge.network import Said
from social import profiles
from social.acts import Act, Introduce, Undo
from social.measures import Appoint
from social.models import Actor

MODERATES = 50  # power in the room
MANY = 10  # groups of one person


def found(owner: str, handle: str) -> Room:
    """The room of a new group, or of theirs by that name. Raises Trouble."""
    return run(_found(owner, handle))


async def _found(owner: str, handle: str) -> Room:
    """Found again where it is theirs already, whatever was missing is made."""
    known = await in_database(_known, owner, handle)
    if known:
        room_id = known.room_id
    else:
        await in_database(_free, owner, handle)
        uri = names.actor_uri(settings.OWNROOM_ORIGIN, handle)
        room_id = await rooms.create_group(uri, handle, owner)
    room = await _furnish(owner, room_id, handle, handle)
    await client.put_state(room_id, ACTOR, rooms.public_face(_of(room)))
    return room


def found_in(owner: str, handle: str, room_id: str) -> Actor:
    """A room that they own already as a group. Raises Trouble."""
    return run(_found_in(owner, handle, room_id))


async def _found_in(owner: str, handle: str, room_id: str) -> Actor:
    known = await in_database(_owned_by_room, room_id)
    if known and known.left:
        raise Forbidden("this room was a group that is gone for good; another room can be one")
    if known and handle not in {"", known.handle}:
        raise Forbidden(f"this room is the group @{known.acct} already, and a name never changes")
    shown = str((await client.state(room_id, "m.room.name")).get("name") or "")
    wanted = known.handle if known else await in_database(_free, owner, handle or _slug(shown))
    return _of(await _furnish(owner, room_id, wanted, shown or wanted))


def _slug(shown: str) -> str:
    """What a room of this name is called where only a few signs are allowed."""
    found = re.sub(r"[^a-z0-9]+", "_", shown.lower()).strip("_")[:30]
    if not found:
        raise Unreadable("what is the group called? Say it like this: !ownroom group NAME")
    return found


async def _furnish(owner: str, room_id: str, handle: str, shown: str) -> Room:
    """Keys, a desk, and the register of both; done again, nothing doubles."""
    key = await in_database(_key, room_id, handle, shown)
    desk = await rooms.create_desk(owner, key.actor.uri)
    levels = await powers(room_id, owner)
    room = await in_database(_begin, key, room_id, desk, owner, levels)
    await _register(key.actor, room_id, owner, desk)
    for one in (room_id, desk):
        await rooms.read_from_here(one)
    return room


async def _register(group: Actor, room_id: str, owner: str, desk: str) -> None:
    """In the control room, for a rebuild. Said again, it changes in nothing but the rooms."""
    control = await rooms.control()
    before = await client.state(control, KEY, group.uri)
    register = {
        "v": 1,
        "id": group.uri,
        "kind": "group",
        "owner": group.owner,
        "keeper": owner,
        "handle": group.handle,
        "name": before.get("name") or group.name,
        "sealed": await in_database(_sealed, group),
        "created": group.published,
        "profile_room": room_id,
        "desk": desk,
    }
    await client.put_state(control, KEY, register, group.uri)


def _of(room: Room) -> Actor:
    if room.actor is None:
        raise Forbidden("the room is no group")
    return room.actor


def _known(owner: str, handle: str) -> Room | None:
    theirs = Room.objects.filter(kind=Room.Kind.GROUP, owner=owner, actor__left=None)
    return theirs.filter(actor__handle=handle).select_related("actor").first()


def _free(owner: str, handle: str) -> str:
    if Room.objects.filter(kind=Room.Kind.GROUP, owner=owner).count() >= MANY:
        raise Forbidden(f"nobody has more than {MANY} groups here")
    return linking.free_handle(owner, handle)


def _key(room_id: str, handle: str, shown: str) -> Key:
    if known := _owned_by_room(room_id):
        return Key.objects.select_related("actor").get(actor=known)
    now = int(time.time() * 1000)
    return linking.drafted(room_id, handle, shown[:255], now, kind="group")


def _owned_by_room(room_id: str) -> Actor | None:
    """After an upgrade the group still has its first room as its owner."""
    stands = Actor.objects.filter(rooms__room_id=room_id, rooms__kind=Room.Kind.GROUP).first()
    return stands or Actor.objects.filter(owner=room_id).first()


def _sealed(group: Actor) -> str:
    return Key.objects.get(actor=group).sealed


@transaction.atomic
def _begin(key: Key, room_id: str, desk: str, owner: str, levels: Mapping[str, Any]) -> Room:
    return _remember(linking.begin(key), room_id, desk, owner, levels)


@transaction.atomic
def _remember(group: Actor, room_id: str, desk: str, owner: str, levels: Mapping[str, Any]) -> Room:
    rooms.remember(desk, Room.Kind.DESK, group, owner)
    room = rooms.remember(room_id, Room.Kind.GROUP, group, owner)
    group.room_link = names.matrix_link(room_id, via=settings.OWNROOM_SERVER_NAME)
    linking.keep(group, "room_link")
    appoint(group, levels)
    return room


# ---- when its room is upgraded


def upgraded(room_id: str, owner: str) -> Room | None:
    """The room of a group of theirs that this one says it follows."""
    before = run(linking.predecessor(room_id))
    rows = Room.objects.filter(room_id=before, kind=Room.Kind.GROUP, owner=owner, actor__left=None)
    return rows.select_related("actor").first() if before else None


def go_on(before: Room, room_id: str) -> Actor:
    """The same group in the room that its room was upgraded to. Raises Trouble."""
    return run(_go_on(before, room_id))


async def _go_on(before: Room, room_id: str) -> Actor:
    group = _of(before)
    desk = await in_database(_desk_of, group)
    await _register(group, room_id, before.owner, desk)
    levels = await powers(room_id, before.owner)
    await in_database(_move, before, group, room_id, desk, levels)
    await rooms.read_from_here(room_id)
    return group


@transaction.atomic
def _move(before: Room, group: Actor, room_id: str, desk: str, levels: Mapping[str, Any]) -> None:
    linking.keep_former(before.room_id, group)
    _remember(group, room_id, desk, before.owner, levels)


def _desk_of(group: Actor) -> str:
    return Room.objects.get(kind=Room.Kind.DESK, actor=group).room_id


def is_weak(room_id: str) -> bool:
    """Whether the bot has too little power to moderate for those elsewhere."""
    levels = run(client.state(room_id, "m.room.power_levels"))
    users = levels.get("users")
    mine = users.get(registration.load().bot) if isinstance(users, dict) else None
    power = mine if isinstance(mine, int) else levels.get("users_default", 0)
    return not (isinstance(power, int) and power >= MODERATES)


# ---- who moderates


async def powers(room_id: str, owner: str) -> dict[str, Any]:
    """The power levels, with those whose power stands in no list."""
    levels = await client.state(room_id, "m.room.power_levels")
    return _with(levels, await _creators(room_id, owner))


def _with(levels: Mapping[str, Any], creators: Mapping[str, int]) -> dict[str, Any]:
    return {**levels, "users": {**shapes.mapping(levels.get("users")), **creators}}


async def _creators(room_id: str, owner: str) -> dict[str, int]:
    """Room version 12: who made a room has all power in it, and no level."""
    creation = await client.state(room_id, "m.room.create")
    also = creation.get("additional_creators")
    named = [one for one in also if isinstance(one, str)] if isinstance(also, list) else []
    return dict.fromkeys([owner, *named], 100)


def appoint(group: Actor, levels: Mapping[str, Any]) -> None:
    """As it stands now; what changes later is told."""
    group.moderators = list(_moderators(levels))
    group.restricted = _is_restricted(levels)
    linking.keep(group, "moderators", "restricted")


def moderated(group: Actor, event: Mapping[str, Any], room: Room) -> Sequence[Said]:
    """The power in the room says who moderates, and whether anybody may begin a topic."""
    at = shapes.number(event.get("origin_server_ts"))
    levels = _with(event["content"], run(_creators(room.room_id, room.owner)))
    wanted, before = set(_moderators(levels)), set(group.moderators)
    by = Actor.objects.filter(owner=event.get("sender"), uri__in=before, left=None).first()
    known = replace(profiles.profile_of(group), restricted=_is_restricted(levels))
    if by is None:  # nobody in whose name the members could hear of it
        shown = replace(known, moderators=tuple(sorted(wanted)))
        return [Said(Introduce(author=group.uri, profile=shown, at=at))]
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    changed = [*sorted(wanted - before), *sorted(before - wanted, key=lambda one: one == by.uri)]
    told = [
        Appoint(
            author=by.uri,
            target=one,
            group=group.uri,
            uri=f"{uri}#moderators/{number}",
            at=at,
            collection=f"{group.uri}/moderators",
        )
        for number, one in enumerate(changed)
    ]
    acts: list[Act] = [
        one if one.target in wanted else Undo(author=by.uri, uri="", at=at, undone=one)
        for one in told
    ]
    if known.restricted != group.restricted or not acts:
        acts.insert(0, Introduce(author=group.uri, profile=known, at=at))
    return [Said(act) for act in acts]


def _is_restricted(levels: Mapping[str, Any]) -> bool:
    """Whether it takes a moderator's power to say something in the room."""
    events = levels.get("events")
    named = events.get("m.room.message") if isinstance(events, dict) else None
    needed = named if isinstance(named, int) else levels.get("events_default", 0)
    return isinstance(needed, int) and needed >= MODERATES


def _moderators(levels: Mapping[str, Any]) -> tuple[str, ...]:
    """Of those with a profile here, and of those elsewhere by the power of their ghosts."""
    users = levels.get("users")
    strong = [
        user
        for user, power in (users.items() if isinstance(users, dict) else ())
        if isinstance(power, int) and power >= MODERATES
    ]
    named = Q(owner__in=strong) | Q(ghost__mxid__in=strong)
    rows = Actor.objects.filter(named, left=None).exclude(kind="group")
    return tuple(rows.order_by("uri").values_list("uri", flat=True))
