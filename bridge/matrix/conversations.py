"""Rooms for fewer than everybody: circles, which are their owner's, and direct rooms.

A direct room belongs to a set of people: whoever is among them reads there, and nobody else, the
bot neither; one of the ghosts reads it for us. Which rooms there are is kept in each desk, as state
that only its owner and the bot see.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q

from bridge.errors import Forbidden, Gone, Later
from bridge.loop import in_database, run
from bridge.matrix import client, registration, render, rooms, shapes
from bridge.matrix.vocabulary import LEDGER, MIRROR
from bridge.models import Room
from social import outbox, policy
from social.acts import Publish
from social.models import Actor, Delivery
from social.outbox import Address

MOST = 50  # people in a direct room
OVERHEARD = (
    "<p>Somebody can read here who is no part of this conversation. So whatever comes from now on"
    " comes in another room; what you write here still arrives.</p>"
)
SHUT = {"invite", "knock", "private"}  # join rules by which nobody comes in unasked
UNSEALED = (
    "<p>This conversation crosses networks, so it is not end-to-end encrypted: the servers of those"
    " who take part can read it.</p>"
)


# ---- direct rooms


def of(act: Publish, author: Actor) -> Room | None:
    """The row of the room for those whom a remote post addresses by name; made in a moment.

    Whoever has blocked its author here, or is blocked by them, is not among them; nor is a group
    here, which is a room, or a server.
    """
    people = Actor.objects.exclude(Q(kind="group", owner__isnull=False) | Q(kind="application"))
    first = F("owner").desc(nulls_last=True)  # whoever reads here
    named = list(people.filter(uri__in=act.audience, left=None).order_by(first, "uri")[:MOST])
    kept = [one for one in named if not policy.blocked_between(one, author)]
    if not any(one.is_local for one in kept):
        return None
    return expect([author, *kept])


def expect(people: Collection[Actor]) -> Room:
    key = key_of([actor.uri for actor in people])
    room, new = Room.objects.get_or_create(
        key=key, defaults={"kind": Room.Kind.DIRECT, "room_id": key, "ready": False}
    )
    if new:
        room.people.set(people)
    return room


def key_of(people: Collection[str]) -> str:
    return hashlib.sha256("\n".join(sorted(set(people))).encode()).hexdigest()


async def direct(key: str, speaker: str = "") -> Room:
    """The room at a key, made by the ghost who speaks first. Idempotent by its alias."""
    room, people, ghosts = await in_database(_members, key)
    if room.ready:
        return room
    spoken = [await rooms.ghost_of(actor) for actor in ghosts]
    name = await in_database(_next_name, key)
    first = speaker if speaker in spoken else spoken[0]
    invited = [one for one in [*people, *spoken] if one != first]
    with client.acting_as(first):
        room_id = await client.create_room(
            alias=rooms.alias("direct", name),
            preset="trusted_private_chat",
            room_version=rooms.VERSION,
            is_direct=True,
            invite=invited,
            initial_state=[
                _state("m.room.history_visibility", {"history_visibility": "shared"}),
                _state("m.room.guest_access", {"guest_access": "forbidden"}),
                _state(MIRROR, {"v": 1, "participants": [actor.uri for actor in ghosts]}),
            ],
        )
    for ghost in spoken:
        if ghost != first:
            await client.join(room_id, ghost)
    said = render.notice(UNSEALED)
    await client.send(room_id, said.type, said.content, txn=f"unsealed{key[:32]}", user=first)
    return await settle(room, room_id, first)


async def settle(room: Room, room_id: str, reader: str) -> Room:
    """From here on the room is read, and found again after a loss of the database: it is noted
    first, so that whenever we are killed it is noted, or done anew.
    """
    await _note(room, room.key or "", room_id, reader)
    found = await in_database(_settle, room.pk, room_id, reader)
    await rooms.read_from_here(room_id, reader)
    return found


async def _note(room: Room, key: str, room_id: str, reader: str) -> None:
    named = await in_database(_named, room.pk)
    entry = {"op": "room", "kind": "direct", "room_id": room_id, "reader": reader, "people": named}
    for desk in await in_database(_desks, room.pk):
        await client.put_state(desk, LEDGER, {"v": 1, **entry}, key[:64])


async def gather(room: Room) -> None:
    """Who left a conversation is asked in again when somebody goes on with it. Raises Later where
    others can read by now, we were shown out, or it was upgraded: it goes on in another room.
    """
    owners = await in_database(owners_of, room.pk)
    state = await client.all_state(room.room_id, by=room.reader)
    if is_open(state, owners) or _membership(state, room.reader) != "join":
        await let_go(room)
        raise Later("others can read in its room, or nobody of us: it has another one", after=0)
    if any(event["type"] == "m.room.tombstone" for event in state):
        await retire(room)
        raise Later("its room was upgraded: it has another one", after=0)
    try:
        for owner in owners:
            if _membership(state, owner) == "leave":
                await client.invite(room.room_id, owner, by=room.reader)
    except client.MatrixError:
        await retire(room)
        raise Later("who left it may not be asked in again: it has another room", after=0) from None


async def _ask_in(room_id: str, user: str) -> None:
    if await client.membership(room_id, user) == "leave":
        await client.invite(room_id, user)


def _members(key: str) -> tuple[Room, list[str], list[Actor]]:
    room = Room.objects.filter(key=key).first()
    if room is None:
        raise Gone("nobody knows any more who was in this conversation")
    people = list(room.people.all())
    owners = [actor.owner for actor in people if actor.owner]
    return room, owners, [actor for actor in people if not actor.is_local]


def _settle(pk: int, room_id: str, reader: str) -> Room:
    Room.objects.filter(pk=pk).update(room_id=room_id, reader=reader, ready=True)
    return Room.objects.get(pk=pk)


def owners_of(pk: int) -> list[str]:
    people = Actor.objects.local().filter(conversations=pk)
    return [owner for owner in people.values_list("owner", flat=True) if owner]


def _named(pk: int) -> list[str]:
    """Also who leaves it belongs to it: they are asked in again."""
    return list(
        Actor.objects.filter(conversations=pk).order_by("uri").values_list("uri", flat=True)
    )


def _desks(pk: int) -> list[str]:
    desks = Room.objects.filter(kind=Room.Kind.DESK, ready=True, actor__conversations=pk)
    return list(desks.values_list("room_id", flat=True))


def _state(kind: str, content: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "state_key": "", "content": content}


# ---- in which others can read


def came(room: Room, who: str) -> None:
    """Somebody was asked into a direct room, or came in."""
    if not room.is_let_go and who not in owners_of(room.pk):
        run(let_go(room))


def is_open(state: Collection[dict[str, Any]], owners: Collection[str]) -> bool:
    for event in state:
        kind, content, who = event["type"], event["content"], str(event.get("state_key"))
        if kind == "m.room.join_rules" and shapes.text(content.get("join_rule")) not in SHUT:
            return True
        if kind == "m.room.history_visibility" and _is_public(content):
            return True
        known = who in owners or registration.load().ours(who)
        if (
            kind == "m.room.member"
            and not known
            and content.get("membership") in {"join", "invite"}
        ):
            return True
    return False


def _is_public(content: Mapping[str, Any]) -> bool:
    return content.get("history_visibility") == "world_readable"


def _membership(state: Collection[dict[str, Any]], user: str) -> str:
    member = ("m.room.member", user)
    found = [e["content"] for e in state if (e["type"], e.get("state_key")) == member]
    return str(found[0].get("membership")) if found else "leave"


async def let_go(room: Room) -> None:
    """As others can read there, and hear that."""
    said = render.notice(OVERHEARD)
    txn = f"overheard{room.pk}"
    with suppress(client.MatrixError):  # who was shown out says nothing
        await client.send(room.room_id, said.type, said.content, txn=txn, user=room.reader)
    await retire(room)


async def retire(room: Room) -> None:
    """What stands there can still be answered and taken back; what comes has a new room.

    It is noted first. Until its successor is noted in its place the desks name it twice, and a
    rebuild believes that it was let go.
    """
    await _note(room, _bygone(room), room.room_id, room.reader)
    await in_database(_let_go, room.pk)


def _bygone(room: Room) -> str:
    """The key of a room that was let go: it is no longer the one of its people."""
    digest = hashlib.sha256(room.room_id.encode()).hexdigest()
    return room.key or "" if room.is_let_go else f"{(room.key or '')[:31]}-{digest[:32]}"


@transaction.atomic
def _let_go(pk: int) -> None:
    """At one stroke: between the two nobody would know who is in the conversation."""
    room = Room.objects.get(pk=pk)
    if not room.is_let_go:
        key, people = room.key or "", list(room.people.all())
        bygone = _bygone(room)
        Room.objects.filter(pk=pk).update(key=bygone)
        tell_the_old(f"direct {key}", f"direct {bygone}")
        if key == key_of([actor.uri for actor in people]):
            expect(people)


def _next_name(key: str) -> str:
    """Each room that was let go has an alias still."""
    before = Room.objects.filter(kind=Room.Kind.DIRECT, key__startswith=f"{key[:31]}-").count()
    return f"{key} {before}" if before else key


def tell_the_old(place: str, bygone: str) -> None:
    """What waits to be done in a room may be about what stands in the one before it: a deletion, a
    reaction, who has to go. It is done in both; what is new is said in the new one alone.
    """
    waiting = Delivery.objects.filter(network="matrix", state=Delivery.State.WAITING)
    for row in waiting.filter(to__endswith=f" {place}").order_by("pk"):
        new = (row.act or {}).get("act") in {"Publish", "Boost", "Accept"}
        if not new and not row.to.startswith("receipt "):
            at = Address(row.lane.replace(place, bygone), row.to.replace(place, bygone))
            outbox.tell(
                "matrix",
                [at],
                sender=row.sender,
                subject=row.subject,
                said=row.act,
                document=row.document,
            )


async def let_in(room: Room, ghost: str) -> None:
    """Whose conversation it is, and asked in by one of the others."""
    theirs = room.people.filter(ghost__mxid=ghost)
    asked = await client.membership(room.room_id, ghost, by=room.reader) == "invite"
    if asked and await in_database(theirs.exists):
        await client.join(room.room_id, ghost)


# ---- one that somebody here began


async def bound(room_id: str, owner: str, ghost: str) -> str:
    """A ghost was asked into a fresh room by somebody here. Answers what it says to them.

    Nothing goes to the other network before the first message.
    """
    await client.join(room_id, ghost)
    inside = await client.members(room_id, by=ghost)
    others = [one for one in inside if one != owner and not registration.load().ours(one)]
    people: list[Actor] = await in_database(_people, [owner, *inside, ghost])
    if not any(actor.is_local for actor in people):
        return (
            "Only those who have a profile here can write to the fediverse: tell this server's bot"
            " <code>profile create</code>"
        )
    strangers: bool = await in_database(_any_stranger, others)
    if strangers:
        return "Somebody in this room has no profile here, and would read along: I leave it"
    if is_open(await client.all_state(room_id, by=ghost), inside):
        return (
            "Anybody can come into this room, or read in it without: I leave it. Please begin a"
            " conversation for those alone who are asked in"
        )
    if await client.state(room_id, "m.room.encryption", by=ghost):
        return (
            "This room is encrypted, and I cannot read it, so nothing would arrive. Please begin a"
            " conversation without encryption"
        )
    room = await in_database(expect, people)
    if room.ready and room.room_id != room_id:
        return f'Our conversation is <a href="https://matrix.to/#/{room.room_id}">over there</a>'
    await settle(room, room_id, ghost)
    said = render.notice(UNSEALED)
    txn = f"unsealed{(room.key or '')[:32]}"
    await client.send(room_id, said.type, said.content, txn=txn, user=ghost)
    return ""


def _people(users: Collection[str]) -> list[Actor]:
    here = Actor.objects.filter(owner__in=users, left=None)
    return [*here, *Actor.objects.filter(ghost__mxid__in=users, left=None)]


def _any_stranger(users: Collection[str]) -> bool:
    return Actor.objects.filter(owner__in=users, left=None).count() < len(set(users))


# ---- circles


def circle(owner: Actor) -> Room:
    """The owner's room for approved followers; made when first asked for."""
    return run(_circle(owner))


async def _circle(owner: Actor) -> Room:
    known, desk, readers = await in_database(_known_circle, owner)
    if known and not known.ready:
        raise Forbidden("I was put out of your circle. Ask me in again there")
    if known:
        await _ask_in(known.room_id, owner.owner or "")
        return known
    room_id = await rooms.create_circle(owner)
    for reader in readers:
        with suppress(client.MatrixError):  # who may not be invited can knock
            await _ask_in(room_id, reader)
    if desk:  # before we know of it ourselves: killed in between, it is found and noted anew
        await note_circle(desk, room_id)
    room = await in_database(rooms.remember, room_id, Room.Kind.CIRCLE, owner, owner.owner or "")
    await rooms.read_from_here(room_id)
    return room


async def note_circle(desk: str, room_id: str, before: Sequence[str] = ()) -> None:
    """`before`: the rooms that it was until they were upgraded."""
    entry = {"op": "room", "kind": "circle", "room_id": room_id, "before": list(before)}
    await client.put_state(desk, LEDGER, {"v": 1, **entry}, "circle")


def readers_of(owner: Actor) -> list[str]:
    """Matrix IDs of the approved followers here."""
    readers = Actor.objects.local().filter(
        follows_out__target=owner, follows_out__state="accepted", left=None
    )
    return [reader for reader in readers.values_list("owner", flat=True) if reader]


def _known_circle(owner: Actor) -> tuple[Room | None, str, list[str]]:
    rooms_of = Room.objects.filter(actor=owner)
    desks = rooms_of.filter(kind=Room.Kind.DESK, ready=True)
    desk = desks.values_list("room_id", flat=True).first()
    return rooms_of.filter(kind=Room.Kind.CIRCLE).first(), desk or "", readers_of(owner)


# ---- in a rebuild


class Listed(NamedTuple):
    """A room for fewer than everybody, as a desk remembers it."""

    kind: str
    room_id: str
    key: str
    reader: str
    people: tuple[str, ...]  # URIs
    at: int  # when it was noted

    @property
    def is_let_go(self) -> bool:
        return "-" in self.key


def listed(desk: Room) -> Iterator[Listed]:
    """Each room that a desk remembers; the bot's word alone counts."""
    bot = registration.load().bot
    for event in run(client.all_state(desk.room_id)):
        content = event["content"]
        if event["type"] != LEDGER or event["sender"] != bot or content.get("op") != "room":
            continue
        kind, room_id, reader = (str(content.get(k, "")) for k in ("kind", "room_id", "reader"))
        if room_id and (kind == Room.Kind.CIRCLE or registration.load().ours(reader)):
            key, people = str(event["state_key"]), shapes.texts(content.get("people"))
            yield Listed(kind, room_id, key, reader, people, event["origin_server_ts"])
        for before in shapes.texts(content.get("before")):
            yield Listed(Room.Kind.OUTGROWN, before, "", "", (), 0)


def found_again(row: Listed) -> Room:
    """Its people are known by now, wherever they are."""
    values = {"kind": Room.Kind.DIRECT, "room_id": row.room_id, "reader": row.reader, "ready": True}
    room, _ = Room.objects.update_or_create(key=row.key, defaults=values)
    room.people.set(Actor.objects.filter(uri__in=row.people))
    return room
