"""A circle, or a conversation, goes on in the room that it was upgraded to.

Both rooms have to say so: the new one's creation names the old one, and the old one's tombstone,
by its owner or one of its people, names the new one. That they ask us in is the consent. What was
for few stays for few: a circle's next room becomes nobody's profile, and no group.
"""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from django.db import transaction

from bridge import names
from bridge.errors import Forbidden
from bridge.loop import in_database, run
from bridge.matrix import client, conversations, linking, powers, profile_state, rooms, shapes
from bridge.models import Room
from social.models import Actor

TOMBSTONE = "m.room.tombstone"
FOR_FEWER = (
    "your circle was upgraded to this room, and what is for followers alone is never published for"
    " everybody. Type circle in your desk, and it goes on here"
)
UNSAID = (
    "your circle does not say that this room took its place. Upgrade it with your client, so that"
    " both rooms say so"
)
GONE_ON = "your circle goes on in another room"
OPEN = (
    "anybody can come into this room, or read in it without. Let people in by invitation, or when"
    " they knock"
)
WEAK = (
    "I need the power to invite and to remove people here (50), or whoever follows you no longer"
    " would read on"
)
NO_DESK = "I am not in your desk, where I note which room it is. Ask me in there first"


def replacement(event: Any) -> str:
    """The room that a tombstone says goes on."""
    named = (event.get("type"), event.get("state_key")) == (TOMBSTONE, "")
    found = shapes.text(shapes.mapping(event.get("content")).get("replacement_room"))
    return found if named and names.is_room_id(found) else ""


async def circle_before(room_id: str, owner: str) -> Room | None:
    """The circle of theirs that a room says it follows."""
    before = await linking.predecessor(room_id)
    return await in_database(_circle_of, before, owner) if before else None


def _circle_of(room_id: str, owner: str) -> Room | None:
    kinds = (Room.Kind.CIRCLE, Room.Kind.OUTGROWN)
    found = Room.objects.filter(room_id=room_id, owner=owner, kind__in=kinds, actor__left=None)
    return found.select_related("actor").first()


async def go_on(before: Room, room_id: str) -> str:
    """Answers why it does not. Done again, it changes nothing."""
    old = await _state(before)
    problem = await _why_not(before, old, room_id)
    if problem or before.actor is None:
        return problem
    desk, readers, rooms_before = await in_database(_standing, before)
    if not desk:
        return NO_DESK
    # Whoever went, or was shown out, is not asked in again; they can knock.
    gone = {str(e.get("state_key")) for e in old if _is_gone(e)}
    for reader in readers:
        with suppress(client.MatrixError):  # who may not be invited
            if reader not in gone and await client.membership(room_id, reader) == "leave":
                await client.invite(room_id, reader)
    await conversations.note_circle(desk, room_id, rooms_before)
    await in_database(_move, before, before.actor, room_id)
    await rooms.read_from_here(room_id)
    return ""


async def _state(before: Room) -> list[dict[str, Any]]:
    try:
        return await client.all_state(before.room_id)
    except client.MatrixError:
        return []  # we were put out of it: so it says nothing to us


async def _why_not(before: Room, old: list[dict[str, Any]], room_id: str) -> str:
    if before.kind != Room.Kind.CIRCLE:
        return GONE_ON
    if _named_by({before.owner}, old) != room_id:
        return UNSAID
    problem = await linking.inspect(room_id, before.owner)
    if problem:
        return problem
    state = await client.all_state(room_id)
    if any(profile_state.opens(event) for event in state):
        return OPEN
    levels = [event["content"] for event in state if event["type"] == powers.KIND]
    return WEAK if powers.is_weak(levels[0] if levels else {}) else ""


def _named_by(owners: Collection[str], state: Collection[dict[str, Any]]) -> str:
    said = [replacement(event) for event in state if event["sender"] in owners]
    return next(filter(None, said), "")


def _is_gone(event: dict[str, Any]) -> bool:
    now = shapes.mapping(event.get("content")).get("membership")
    return event["type"] == "m.room.member" and now in {"leave", "ban"}


def _standing(before: Room) -> tuple[str, list[str], list[str]]:
    """(desk, readers, the rooms before the new one)"""
    own = Room.objects.filter(actor=before.actor)
    desk = own.filter(kind=Room.Kind.DESK, ready=True).values_list("room_id", flat=True).first()
    past = own.filter(kind=Room.Kind.OUTGROWN).order_by("pk").values_list("room_id", flat=True)
    readers = conversations.readers_of(before.actor) if before.actor else []
    return desk or "", readers, [*past, before.room_id]


@transaction.atomic
def _move(before: Room, owner: Actor, room_id: str) -> None:
    linking.keep_former(before.room_id, owner, Room.Kind.OUTGROWN)
    rooms.remember(room_id, Room.Kind.CIRCLE, owner, before.owner)


def found_again(row: conversations.Listed, owner: Actor) -> Room:
    """A circle, or what it was before, in a rebuild."""
    if row.kind == Room.Kind.OUTGROWN:
        return linking.keep_former(row.room_id, owner, Room.Kind.OUTGROWN)
    return rooms.remember(row.room_id, Room.Kind.CIRCLE, owner, owner.owner or "")


# ---- by a word in the desk


def circle(owner: Actor) -> Room:
    """The owner's circle; where it was upgraded, in the room that it goes on in from now on."""
    known = Room.objects.filter(kind=Room.Kind.CIRCLE, actor=owner, ready=True).first()
    if known:
        run(_follow(known))
    return conversations.circle(owner)


async def _follow(room: Room) -> None:
    new = _named_by({room.owner}, await _state(room))
    if not new:
        return
    inside = new in await client.joined_rooms()
    before = await circle_before(new, room.owner) if inside else None
    problem = await go_on(before, new) if before else "ask me in there, and it goes on"
    if problem:
        raise Forbidden(f"your circle was upgraded to {names.matrix_link(new)}: {problem}")


# ---- conversations


async def conversation(room_id: str, owner: str, ghost: str) -> str | None:
    """A ghost was asked into a room: where a conversation of both was upgraded to it, it goes on
    there. Answers what the ghost says, or None where it is no such room.
    """
    await client.join(room_id, ghost)
    named = await linking.predecessor(room_id, by=ghost)
    before = await in_database(_conversation_of, named, owner, ghost) if named else None
    if before is None or not await _goes_on(before, room_id, ghost):
        return None
    if not before.is_let_go:
        await conversations.retire(before)
    people = await in_database(lambda: list(before.people.all()))
    room = await in_database(conversations.expect, people)
    if room.ready and room.room_id != room_id:
        return f'Our conversation is <a href="{names.matrix_link(room.room_id)}">over there</a>'
    await conversations.settle(room, room_id, ghost)
    for one in await in_database(conversations.owners_of, room.pk):
        with suppress(client.MatrixError):  # where a ghost may not, whoever upgraded it can
            if await client.membership(room_id, one, by=ghost) == "leave":
                await client.invite(room_id, one, by=ghost)
    return ""


def _conversation_of(room_id: str, owner: str, ghost: str) -> Room | None:
    found = Room.objects.filter(room_id=room_id, kind=Room.Kind.DIRECT, ready=True)
    return found.filter(people__owner=owner).filter(people__ghost__mxid=ghost).first()


async def _goes_on(before: Room, room_id: str, ghost: str) -> bool:
    """Nobody reads in the new one who did not belong to the old one."""
    owners = await in_database(conversations.owners_of, before.pk)
    try:
        old = await client.all_state(before.room_id, by=before.reader)
    except client.MatrixError:
        return False  # it was shown out of the old one
    state = await client.all_state(room_id, by=ghost)
    inside = {str(e.get("state_key")) for e in state if e["type"] == "m.room.member"}
    inside -= {str(e.get("state_key")) for e in state if _is_gone(e)}
    known = await in_database(_known, before, owners)
    shut = not conversations.is_open(state, owners) and inside <= known
    encrypted = any(event["type"] == "m.room.encryption" for event in state)
    return shut and not encrypted and _named_by(owners, old) == room_id


def _known(before: Room, owners: Collection[str]) -> set[str]:
    return {
        *owners,
        *before.people.filter(ghost__isnull=False).values_list("ghost__mxid", flat=True),
    }
