"""The index made anew from the rooms. Nothing is sent: what the world saw is only put back.

The control room knows the actors, their keys and rooms; receipts in the profile rooms hold every
post byte for byte; copies by ghosts hold what others did there; the desks' ledgers hold the rest.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import orjson
from django.conf import settings

from bridge import documents, keys, names
from bridge.activitypub import actors
from bridge.activitypub.network import replayed
from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import client, events, linking, membership, registration, rooms
from bridge.matrix.parse import Carried, Entry, Receipt, Refs, parse
from bridge.matrix.vocabulary import GHOST, KEY, MIRROR, TOMBSTONE
from bridge.models import Anchor, Ghost, Key, Room
from social import actions, acts
from social.acts import Boost, Publish, React, Retract
from social.models import Actor

log = logging.getLogger("ownroom.rebuild")
Say = Callable[[str], None]
Event = dict[str, Any]


class NothingToRebuild(Trouble):
    pass


def rebuild(say: Say, *, only: str = "") -> None:
    """Everything, or one room. May be run on an index that is there already: nothing doubles."""
    control = run(client.resolve(f"{registration.PREFIX}control"))
    if not control:
        raise NothingToRebuild(
            "the homeserver has no control room of ours: is it the right homeserver, and is the"
            " registration the one from before?"
        )
    rooms.remember(control, Room.Kind.CONTROL, None)
    registered = list(_registered(control))
    for entry in registered:
        _actor(entry)
    say(f"{len(registered)} profiles")
    found = [*_owned(registered), *_mirrors()]
    for room in found:
        if room.kind != Room.Kind.DESK and only in {"", room.room_id}:
            say(f"{room.kind} {room.room_id}: {_replay(room)} events")
    for room in found:
        if room.kind == Room.Kind.DESK and only in {"", room.room_id}:
            say(f"{room.kind} {room.room_id}: {_replay(room)} events")
    for room in found:
        run(rooms.read_from_here(room.room_id))


# ---- who there is


def _registered(control: str) -> Iterator[dict[str, Any]]:
    ours = registration.load().bot
    for event in run(client.all_state(control)):
        if event["type"] == KEY and event["sender"] == ours and event["content"].get("sealed"):
            yield event["content"]


def _actor(entry: dict[str, Any]) -> None:
    if not entry.get("owner"):
        keys.restore_instance(entry["sealed"])
        return
    if not Actor.objects.filter(uri=entry["id"]).exists():
        linking.new_actor(
            entry["owner"], entry["handle"], entry["name"], entry["created"], entry["sealed"]
        )
    elif not Key.objects.filter(actor__uri=entry["id"]).exists():
        Key.objects.create(actor=Actor.objects.get(uri=entry["id"]), sealed=entry["sealed"])


def _owned(registered: list[dict[str, Any]]) -> list[Room]:
    found = []
    for entry in registered:
        if not entry.get("owner"):
            continue
        actor = Actor.objects.get(uri=entry["id"])
        profile = rooms.remember(entry["profile_room"], Room.Kind.PROFILE, actor, entry["owner"])
        desk = rooms.remember(entry["desk"], Room.Kind.DESK, actor, entry["owner"])
        link = names.matrix_link(profile.room_id)
        Actor.objects.filter(pk=actor.pk).update(room_link=link)
        _profile(actor, profile)
        found += [profile, desk]
    return found


def _profile(actor: Actor, room: Room) -> None:
    """What the owner said of themselves is the room's own state."""
    try:
        state = run(client.all_state(room.room_id))
    except Trouble as error:
        log.warning("room %s cannot be read: %s", room.pk, error)
        return
    for event in sorted(state, key=lambda event: event["origin_server_ts"]):
        if event["sender"] != room.owner:
            continue
        room.actor = Actor.objects.get(pk=actor.pk)
        try:
            for said in membership.state(event, room):
                if said.act:
                    actions.record(said.act)
        except (Trouble, actions.Refused):
            continue  # state that says nothing about the profile


def _mirrors() -> list[Room]:
    found = []
    for room_id in run(client.joined_rooms()):
        content = run(client.state(room_id, MIRROR))
        uri = content.get("id")
        if not isinstance(uri, str):
            continue
        for user in run(client.members(room_id)):
            actor = _ghost_actor(user)
            if actor and actor.uri == uri:
                found.append(rooms.remember(room_id, Room.Kind.MIRROR, actor))
    return found


def _ghost_actor(mxid: str) -> Actor | None:
    """The remote actor that a ghost of ours speaks for, as its own profile says."""
    ghost = Ghost.objects.filter(mxid=mxid).select_related("actor").first()
    if ghost:
        return ghost.actor
    if not registration.load().ours(mxid) or mxid == registration.load().bot:
        return None
    shown = run(client.profile(mxid))
    actor = _from_card(shown.get(GHOST))
    if actor:
        Ghost.objects.get_or_create(
            actor=actor,
            defaults={"mxid": mxid, "registered": True, "named": shown.get("displayname") or ""},
        )
    return actor


def _from_card(card: Any) -> Actor | None:
    try:
        profile = acts.load({"act": "Introduce", "author": "", **card}).profile  # type: ignore[union-attr]
        known = actors.known(profile.uri)
        return known or actors.keep(profile, at=card["at"])
    except (Trouble, KeyError, TypeError, AttributeError):
        return None


# ---- what happened


def _replay(room: Room) -> int:
    count, unreceipted = 0, list[Event]()
    for event in _history(room.room_id):
        count += 1
        if _is_receipt(event, room):
            unreceipted.clear()
        elif room.kind == Room.Kind.PROFILE and event.get("sender") == room.owner:
            unreceipted.append(event)
        try:
            _event(event, room)
        except (Trouble, actions.Refused, KeyError, TypeError, ValueError) as error:
            log.info("an event of room %s is left out: %s", room.pk, error)
    # What was typed after the last receipt may never have left: it goes the ordinary way now.
    events.receive(unreceipted)
    return count


def _history(room_id: str) -> Iterator[Event]:
    """From the first event on, a page at a time."""
    start = ""
    while True:
        page = run(client.messages(room_id, start=start, direction="f", limit=500))
        yield from page.get("chunk") or []
        end = page.get("end")
        if not end or end == start or not page.get("chunk"):
            return
        start = end


def _is_receipt(event: Event, room: Room) -> bool:
    return isinstance(parse(event, _refs(event, room)), Receipt)


def _refs(event: Event, room: Room) -> Refs:
    """Trust as in the live line: our bot and our ghosts, and nobody else."""
    reg = registration.load()
    sender = event.get("sender", "")
    return Refs(
        kind=room.kind,
        owner=room.owner,
        bot=reg.bot,
        trusted=frozenset({sender}) if reg.ours(sender) else frozenset(),
    )


def _event(event: Event, room: Room) -> None:
    reg, sender = registration.load(), event["sender"]
    if event["type"] == "m.room.redaction" and reg.ours(sender):
        _tombstone(event)
        return
    match parse(event, _refs(event, room)):
        case Receipt() as receipt:
            _receipt(receipt, event, room)
        case Entry() as entry:
            _entry(entry)
        case Carried() as carried if carried.raw and carried.role != "copy":
            _carried(carried, event, room)
        case Carried() as carried if carried.raw:
            _remembered(carried)
        case _:
            if not reg.ours(sender) and event["type"] == "m.room.message":
                _typed(event, room)


def _receipt(receipt: Receipt, event: Event, room: Room) -> None:
    """The activity as the world got it: the post is read from it, and served from it again."""
    anchored(event, room, receipt.act)
    activity = orjson.loads(receipt.raw)
    act = replayed(receipt.raw, at=receipt.at)
    author = actors.known(act.author)
    if author is None or not author.is_local or author != room.actor:
        return
    actions.record(act)
    if isinstance(act, Retract):
        actions.remember_deleted(act, receipt.visibility)
    documents.keep_activity(act, author, activity)


def _carried(carried: Carried, event: Event, room: Room) -> None:
    """What a ghost said here. Its author is whom the ghost stands for, whatever the copy says."""
    author = _ghost_actor(event["sender"])
    if author is None:
        return
    act = replayed(carried.raw, at=carried.seen, followers=author.followers)
    if act.author != author.uri:
        return
    actions.record(act)
    documents.keep(act, carried.raw)
    if isinstance(act, Publish | React | Boost):
        anchored(event, room, act.post if isinstance(act, Publish) else act.uri)


def _remembered(carried: Carried) -> None:
    """A notice in a desk may hold the only copy of a direct post."""
    author = actors.known(carried.by)
    act = replayed(carried.raw, at=carried.seen, followers=author.followers if author else "")
    if author and isinstance(act, Publish) and act.author == author.uri:
        actions.record(act)


def _entry(entry: Entry) -> None:
    _from_card(entry.raw.get("who"))
    act = acts.load(entry.raw["said"])
    actions.record(act)
    author = actors.known(act.author)
    raw = entry.raw.get("raw")
    if author and author.is_local and isinstance(raw, str) and raw:
        documents.keep_activity(act, author, orjson.loads(raw))


def _tombstone(event: Event) -> None:
    marked = event.get("content", {}).get(TOMBSTONE)
    uri = marked.get("id") if isinstance(marked, dict) else None
    author = _ghost_actor(event["sender"])
    if isinstance(uri, str) and author:
        actions.bury(uri, author.uri, int(event["origin_server_ts"]))


def _typed(event: Event, room: Room) -> None:
    """Where somebody's own post stands: its receipt may be in another room."""
    anchored(event, room, names.post_uri(settings.OWNROOM_ORIGIN, event["event_id"]))


def anchored(event: Event, room: Room, uri: str) -> None:
    related = event["content"].get("m.relates_to") or {}
    if related.get("rel_type") == "m.replace":
        return
    root = related.get("event_id", "") if related.get("rel_type") == "m.thread" else ""
    Anchor.objects.get_or_create(
        event_id=event["event_id"],
        defaults={
            "room": room,
            "uri": uri,
            "root": root,
            "sender": event["sender"],
            "at": event["origin_server_ts"],
        },
    )
