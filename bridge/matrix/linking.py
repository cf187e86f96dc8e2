"""Making a room somebody's profile: by the admin's command, by the desk, or in a room they own.

Consent is the owner's: they join the room made for them, or they type the command in their own.
"""

import hashlib
import re
import time
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from bridge import keys, names
from bridge.errors import Forbidden, Later, Unreadable
from bridge.loop import in_database, run
from bridge.matrix import client, conversations, registration, rooms
from bridge.matrix.vocabulary import ACTOR, BRIDGE, KEY
from bridge.models import Key, Room
from social.acts import Kind
from social.models import Actor, Tombstone

_WISH = re.compile(r"\s*!ownroom (link|group delete|group)(?:\s+(\S+))?\s*")
OLDEST = 6  # room versions before it have other event ids


@dataclass(frozen=True, slots=True)
class Linked:
    actor: Actor
    room_id: str
    desk_id: str


def create(owner: str, handle: str = "") -> Linked:
    """A profile for `owner`, with a room made for them. Idempotent. Raises Trouble."""
    return run(_create(owner, handle))


def create_in(owner: str, handle: str, room_id: str) -> Linked:
    """The same in a room that the owner already has."""
    return run(_create(owner, handle, room_id))


async def _create(owner: str, handle: str, room_id: str = "") -> Linked:
    if not names.is_user_id(owner):
        raise Unreadable(f"{owner} is not a Matrix ID; one looks like @name:server")
    await client.register(registration.BOT)
    found = await client.profile(owner)
    if found is None and names.server_of(owner) == settings.OWNROOM_SERVER_NAME:
        raise Unreadable(f"the homeserver knows nobody called {owner}; was it typed right?")
    shown = (found or {}).get("displayname", "")
    if room_id:
        shown = (await client.state(room_id, "m.room.name")).get("name") or shown
    key = await in_database(_key, owner, handle, str(shown or ""))
    control = await rooms.control()
    instance = await in_database(keys.instance_sealed)
    await client.put_state(control, KEY, {"v": 1, "sealed": instance}, keys.instance_uri())
    made = "" if room_id else await in_database(_profile_room, owner)
    made = made or room_id or await rooms.create_profile(key.actor)
    desk = await in_database(desk_of, owner)
    desk_id = desk.room_id if desk else await rooms.create_desk(owner)
    linked = Linked(key.actor, made, desk_id)
    await in_database(_remember, key, linked, control)
    await client.put_state(control, KEY, _registered(key, linked), key.actor.uri)
    if not room_id:
        await announce_self(made, key.actor)
    for room in (made, desk_id):
        await rooms.read_from_here(room)
    return linked


def _registered(key: Key, linked: Linked) -> dict[str, Any]:
    """As a rebuild reads it."""
    actor = linked.actor
    return {
        "v": 1,
        "id": actor.uri,
        "owner": actor.owner,
        "handle": actor.handle,
        "name": actor.name,
        "sealed": key.sealed,
        "created": actor.published,
        "profile_room": linked.room_id,
        "desk": linked.desk_id,
    }


def _profile_room(owner: str) -> str:
    rows = Room.objects.filter(kind=Room.Kind.PROFILE, owner=owner)
    return rows.values_list("room_id", flat=True).first() or ""


def not_admitted(owner: str) -> str:
    """Why somebody may not get a profile by their own word; empty when they may, or have one.

    The admin's own command asks nobody.
    """
    if Actor.objects.filter(owner=owner).exists():
        return ""
    match settings.OWNROOM_SIGNUPS:
        case "anyone":
            return ""
        case "local" if names.server_of(owner) == settings.OWNROOM_SERVER_NAME:
            return ""
        case "local":
            who = f"only users of {settings.OWNROOM_SERVER_NAME} get a profile here by asking me"
        case _:
            who = "profiles are made by this server's admin only"
    return f"{who}. Its admin can make one for you: ask them, and say your Matrix ID, {owner}"


def desk_of(owner: str) -> Room | None:
    """Of the person; each group of theirs has one besides."""
    desks = Room.objects.filter(kind=Room.Kind.DESK, owner=owner)
    return desks.exclude(actor__kind="group").first()


def keep_desk(room_id: str, owner: str) -> Room:
    actor = Actor.objects.filter(owner=owner).first()
    return rooms.remember(room_id, Room.Kind.DESK, actor, owner)


def _key(owner: str, wish: str, shown: str) -> Key:
    """Of who they are, or would be: nobody is anybody here before there is a room for them."""
    known = Actor.objects.filter(owner=owner).first()
    if known:
        if known.left:
            raise Forbidden("this profile was deleted for good; its handle is not given out again")
        if wish and wish.lower() != known.handle:
            raise Forbidden(f"{owner} is @{known.acct} already, and a handle never changes")
        return Key.objects.select_related("actor").get(actor=known)
    return drafted(owner, free_handle(owner, wish), shown, int(time.time() * 1000))


def free_handle(owner: str, wish: str) -> str:
    if wish and not names.is_handle(wish.lower()):
        raise Unreadable(
            f"“{wish}” cannot be a handle: it is reserved, or has more than letters, digits, _ . -"
        )
    base = wish.lower() or names.handle_from(owner)
    taken = Actor.objects.filter(domain=settings.OWNROOM_HANDLE_DOMAIN)
    if not taken.filter(handle__iexact=base).exists() and not _buried(base):
        return base
    if wish:
        raise Forbidden(rooms.TAKEN.format(wish))
    for number in range(2, 1000):
        if not taken.filter(handle__iexact=f"{base}{number}").exists():
            return f"{base}{number}"
    raise Forbidden("no free handle was found; name one")


def _buried(handle: str) -> bool:
    uri = names.actor_uri(settings.OWNROOM_ORIGIN, handle)
    return Tombstone.objects.filter(uri=uri).exists()


def drafted(
    owner: str,
    handle: str,
    shown: str,
    created: int,
    *,
    sealed: str = "",
    kind: Kind = "person",
) -> Key:
    """A local actor with its keys; `sealed` when they are known already (a rebuild). To be begun
    when all that belongs to it is there.
    """
    origin = settings.OWNROOM_ORIGIN
    uri = names.actor_uri(origin, handle)
    sealed = sealed or keys.make(uri)
    pair = keys.open_sealed(uri, sealed)
    actor = Actor(
        uri=uri,
        owner=owner,
        kind=kind,
        handle=handle,
        domain=settings.OWNROOM_HANDLE_DOMAIN,
        host=settings.OWNROOM_DOMAIN,
        name=shown or handle,
        url=f"{origin}/@{handle}",
        inbox=f"{uri}/inbox",
        shared_inbox=f"{origin}/inbox",
        followers=f"{uri}/followers",
        key_id=pair.key_id,
        public_key=pair.public_pem,
        multikey=pair.multikey,
        published=created,
        introduced=created,
    )
    return Key(actor=actor, sealed=sealed)


def begin(key: Key) -> Actor:
    """From now on they are somebody. Raises Later where just now somebody became it."""
    if not key.pk:
        try:
            with transaction.atomic():
                key.actor.save(force_insert=True)
                key.save(force_insert=True)
        except IntegrityError:
            raise Later("somebody else is getting that handle just now") from None
    return key.actor


def keep(actor: Actor, *columns: str) -> None:
    actor.save(update_fields=columns)


@transaction.atomic
def _remember(key: Key, linked: Linked, control: str) -> None:
    actor, room_id, desk_id = begin(key), linked.room_id, linked.desk_id
    owner = actor.owner or ""
    before = Room.objects.filter(kind=Room.Kind.PROFILE, actor=actor).exclude(room_id=room_id)
    for old in before.values_list("room_id", flat=True):
        keep_former(old, actor)
    rooms.remember(room_id, Room.Kind.PROFILE, actor, owner)
    rooms.remember(desk_id, Room.Kind.DESK, actor, owner)
    rooms.remember(control, Room.Kind.CONTROL, None)
    link = names.matrix_link(room_id, via=settings.OWNROOM_SERVER_NAME)
    Actor.objects.filter(pk=actor.pk).update(room_link=link)


def show_address(room: Room, alias: str) -> None:
    """Where a profile's page says that its room is: by its name, where it has one."""
    named = alias if alias.startswith("#") and len(alias) <= 255 else room.room_id
    if room.kind == Room.Kind.PROFILE and room.actor:
        link = names.matrix_link(named, via=settings.OWNROOM_SERVER_NAME)
        Actor.objects.filter(pk=room.actor.pk).update(room_link=link)


def end_lease(room: Room) -> None:
    """Nothing more is published out of it, until its owner says so again."""
    Room.objects.filter(pk=room.pk).update(leased=False)


def found_again(room: Room, *, leased: bool, there: bool) -> None:
    """In a rebuild; `there`: whether the bot is in it."""
    Room.objects.filter(pk=room.pk).update(leased=leased, ready=there)


# ---- rooms that somebody else made


async def inspect(room_id: str, owner: str) -> str:
    """Why a room cannot become the profile of `owner`; empty when it can."""
    state = {(e["type"], e.get("state_key")): e for e in await client.all_state(room_id)}
    creation = state.get(("m.room.create", ""), {})
    content: dict[str, Any] = creation.get("content", {})
    version = str(content.get("room_version", "1"))
    if version.isdigit() and int(version) < OLDEST:
        return "this room is of an old version; upgrade it first"
    if ("m.room.encryption", "") in state:
        return "this room is encrypted, so its posts could never be published or found again"
    if not _owns(owner, creation, state.get(("m.room.power_levels", ""), {}).get("content", {})):
        return "only whoever has the highest power in a room decides what it is"
    other = state.get((BRIDGE, ""), {}).get("content", {}).get("bot")
    if other and other != registration.load().bot:
        return f"this room is published by {other}; its owner must end that first"
    return ""


def _owns(user: str, creation: dict[str, Any], levels: dict[str, Any]) -> bool:
    content = creation.get("content", {})
    version = str(content.get("room_version", "1"))
    creators = {creation.get("sender"), *content.get("additional_creators", [])}
    if version.isdigit() and int(version) >= 12:  # room version 12: creators outrank everybody
        return user in creators
    users = levels.get("users", {})
    mine = users.get(user, levels.get("users_default", 0))
    return bool(mine >= 100 and mine == max(users.values(), default=0))


def wish(event: dict[str, Any]) -> tuple[str, str] | None:
    """What its owner wants a room to be, "link", "group" or the "end" of one; and the name."""
    content = event.get("content")
    body = content.get("body") if isinstance(content, dict) else None
    asked = _WISH.fullmatch(body) if isinstance(body, str) else None
    if asked is None:
        return None
    what = "end" if asked[1] == "group delete" else asked[1]
    return what, (asked[2] or "").lstrip("!@")


def elsewhere(room_id: str, owner: str) -> str:
    """Why a room and its owner cannot be a pair: one of them is taken; empty when none is."""
    taken = (
        Room.objects.filter(room_id=room_id).exclude(owner=owner).select_related("actor").first()
    )
    if taken and taken.actor:
        return f"this room is @{taken.actor.acct} already"
    rooms_ = Room.objects.filter(kind=Room.Kind.PROFILE, owner=owner).exclude(room_id=room_id)
    found = rooms_.values_list("room_id", flat=True).first()
    if found is None or run(_succeeds(room_id, found)):
        return ""
    return f"your profile is another room: {names.matrix_link(found)}"


async def _succeeds(room_id: str, old: str) -> bool:
    """Whether a room is what another one was upgraded to."""
    return await predecessor(room_id) == old


async def predecessor(room_id: str, *, by: str = "") -> str:
    before = (await client.state(room_id, "m.room.create", by=by)).get("predecessor")
    found = before.get("room_id") if isinstance(before, dict) else ""
    return found if isinstance(found, str) else ""


def upgraded_from(actor: Actor, room_id: str) -> list[Room]:
    """In a rebuild: the rooms before, as far as they say that they were this profile."""
    found: list[Room] = []
    inside = set(run(client.joined_rooms()))
    while (room_id := run(predecessor(room_id))) in inside:
        inside.discard(room_id)  # a circle of rooms ends
        if run(client.state(room_id, ACTOR)).get("id") != actor.uri:
            break
        found.append(keep_former(room_id, actor))
    return found


def keep_former(room_id: str, actor: Actor, kind: Room.Kind = Room.Kind.FORMER) -> Room:
    """A room that was somebody's profile, or their circle, before it was upgraded."""
    key = hashlib.sha256(room_id.encode()).hexdigest()
    before = Room.objects.filter(room_id=room_id).select_related("actor").first()
    room = rooms.remember(room_id, kind, actor, actor.owner or "")
    Room.objects.filter(pk=room.pk).update(key=key)
    room.key = key
    if before and before.kind != kind:
        conversations.tell_the_old(before.place_name, room.place_name)
    return room


async def announce_self(room_id: str, actor: Actor) -> None:
    """In a room the bot has power in, what the world sees is kept beside the posts."""
    try:
        await client.put_state(room_id, ACTOR, rooms.public_face(actor))
    except client.MatrixError:
        return  # the register in the control room has it too
