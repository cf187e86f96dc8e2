"""The index made anew from the rooms. Nothing is sent: what the world saw is only put back.

The control room knows the actors, their keys and rooms; receipts in the profile rooms hold every
post byte for byte; copies by ghosts hold what others did there; the desks' ledgers hold the rest.
"""

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from django.conf import settings
from django.db import DatabaseError, DataError, IntegrityError, transaction

from bridge import keys, names, turns
from bridge.activitypub import actors
from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import (
    anchors,
    client,
    conversations,
    events,
    linking,
    membership,
    overflow,
    pinning,
    registration,
    rooms,
    shapes,
    succession,
)
from bridge.matrix import groups as room_groups
from bridge.matrix.parse import Entry, Receipt, Refs, parse
from bridge.matrix.vocabulary import DECISION, KEY, MIRROR, OBJECT
from bridge.models import Key, Room
from bridge.rebuild import decisions, happened, intents, leases, people
from bridge.rebuild.batch import Batch, Event
from social import actions, acts, foresight, once
from social.acts import (
    Follow,
)
from social.models import Actor

log = logging.getLogger("ownroom.rebuild")
# What people did stands on what was said, so the desks come last.
_LATE: dict[str, int] = {
    Room.Kind.FORMER: -1,
    Room.Kind.OUTGROWN: -1,
    Room.Kind.DIRECT: 1,
    Room.Kind.DESK: 2,
}
SEEN = 2.0  # seconds for which a page sees who is known
PAGE = 500  # events in one answer of the homeserver, and in one transaction
TELL = 10.0  # seconds between two words about a room that takes long
_ODD = (Trouble, actions.Refused, KeyError, TypeError, ValueError)
Say = Callable[[str], None]


class NothingToRebuild(Trouble):
    pass


def rebuild(say: Say, *, only: str = "") -> int:
    """Everything, or one room. May be run on an index that is there already: nothing doubles.

    Answers how many rooms could not be read.
    """
    begun = time.monotonic()
    control = run(client.resolve(f"{registration.PREFIX}control"))
    if not control:
        raise NothingToRebuild(
            "the homeserver has no control room of ours: is it the right homeserver, and is the"
            " registration the one from before?"
        )
    admins = rooms.remember(control, Room.Kind.CONTROL, None)
    registered = list(_registered(control))
    for entry in registered:
        _actor(entry)
    owned = _owned(registered)
    say(f"profiles: {sum(room.kind == Room.Kind.PROFILE for room in owned)}")
    hidden, noted = _hidden(owned)
    found = [*owned, *_mirrors(), *hidden]
    wanted = [room for room in found if only in {"", room.room_id}]
    if only and not wanted:
        raise NothingToRebuild(f"{only} is no profile room, desk or mirror room of this server")
    wanted.sort(key=lambda room: _LATE.get(room.kind, 0))
    if not only:
        wanted.append(admins)
    count, unread = _all(wanted, noted, say)
    with turns.writing():
        anchors.forget_unposted()
    if not only:
        _decisions(control)
    for room in found:
        with _apart(room.room_id):
            run(rooms.read_from_here(room.room_id, room.reader))
    if not only:
        intents.mean_again()
    seconds = time.monotonic() - begun
    say(f"{count} events in {seconds:.1f} seconds: {count / seconds:.0f} a second")
    return unread


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
        known = linking.drafted(
            entry["owner"],
            entry["handle"],
            entry["name"],
            entry["created"],
            sealed=entry["sealed"],
            kind=entry.get("kind", "person"),
        )
        linking.begin(known)
    elif not Key.objects.filter(actor__uri=entry["id"]).exists():
        Key.objects.create(actor=Actor.objects.get(uri=entry["id"]), sealed=entry["sealed"])


def _owned(registered: list[dict[str, Any]]) -> list[Room]:
    found = []
    for entry in registered:
        if not entry.get("owner"):
            continue
        actor = Actor.objects.get(uri=entry["id"])
        owner = entry.get("keeper") or entry["owner"]  # of a group, which its room owns, a person
        kind = Room.Kind.GROUP if actor.kind == "group" else Room.Kind.PROFILE
        profile = rooms.remember(entry["profile_room"], kind, actor, owner)
        found += [profile, rooms.remember(entry["desk"], Room.Kind.DESK, actor, owner)]
        link = names.matrix_link(profile.room_id, via=settings.OWNROOM_SERVER_NAME)
        Actor.objects.filter(pk=actor.pk).update(room_link=link)
        with _apart(profile.room_id):
            _profile(actor, profile)
            if kind == Room.Kind.GROUP:
                _moderators(actor, profile)
            found += linking.upgraded_from(actor, profile.room_id)
    return found


@contextmanager
def _apart(room_id: str) -> Iterator[None]:
    """What the homeserver does not let us read of one room keeps no other from coming back."""
    try:
        yield
    except client.MatrixError as error:
        log.warning("room %s cannot be read: %s", room_id, error)


def _moderators(group: Actor, room: Room) -> None:
    levels = run(room_groups.powers(room.room_id, room.owner))
    for user in shapes.mapping(levels.get("users")):
        people.ghost_actor(user)  # who may moderate
    room_groups.appoint(group, levels)


def _profile(actor: Actor, room: Room) -> None:
    """What the owner said of themselves is the room's own state."""
    state = run(client.all_state(room.room_id))
    for event in sorted(state, key=lambda event: event["origin_server_ts"]):
        if event["sender"] != room.owner or event["type"] == "m.room.encryption":
            continue  # of which the room was told already
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
        uri = run(client.state(room_id, MIRROR)).get("id")
        if not isinstance(uri, str) or not _is_made_by_us(room_id):
            continue
        for user in run(client.members(room_id)):
            actor = people.ghost_actor(user)
            if actor and actor.uri == uri:
                found.append(rooms.remember(room_id, Room.Kind.MIRROR, actor))
    return found


def _is_made_by_us(room_id: str) -> bool:
    """Whoever asks the bot and a ghost into a room of their own can say there what they like."""
    state = {(e["type"], e.get("state_key")): e for e in run(client.all_state(room_id))}
    return {state[kind, ""]["sender"] for kind in ("m.room.create", MIRROR)} == {
        registration.load().bot
    }


def _hidden(owned: Sequence[Room]) -> tuple[list[Room], dict[str, int]]:
    """Circles and direct rooms, as the desks remember them; what one says was let go was. And when
    each circle was noted.
    """
    found: dict[str, Room] = {}
    noted: dict[str, int] = {}
    rows: list[conversations.Listed] = []
    for desk in owned:
        if desk.kind != Room.Kind.DESK:
            continue
        with _apart(desk.room_id):
            for row in conversations.listed(desk):
                if row.kind == Room.Kind.DIRECT:
                    rows.append(row)
                elif desk.actor:
                    found[row.room_id] = succession.found_again(row, desk.actor)
                    noted[row.room_id] = row.at
    for row in sorted(rows, key=lambda row: not row.is_let_go):
        if row.room_id not in found:
            with _apart(row.room_id):
                found[row.room_id] = _direct(row)
    return list(found.values()), noted


def _direct(row: conversations.Listed) -> Room:
    for user in run(client.ever_in(row.room_id, by=row.reader)):
        people.ghost_actor(user)
    return conversations.found_again(row)


def _foreseen(readings: Sequence[Any]) -> None:
    """Whom the ledger lines of a page are about is made, and what they ask is asked, at once.

    Where that fails each line does it by itself.
    """
    lines = [read.raw for read in readings if isinstance(read, Entry)]
    with suppress(*_ODD, DatabaseError), transaction.atomic():
        cards = [line["who"] for line in lines if line.get("who")]
        actors.keep_new([(people.profile_on(card), int(card["at"])) for card in cards])
        said = [acts.load(line["said"]) for line in lines]
        foresight.follows([act for act in said if isinstance(act, Follow)])


def _decisions(control: str) -> None:
    """What the admins decided holds over all that the rooms say; of a server, over what they once
    decided of its people.
    """
    ours = registration.load().bot
    state = run(client.all_state(control))
    said = [one for one in state if one["type"] == DECISION and one["sender"] == ours]
    for event in sorted(said, key=lambda one: one["content"].get("kind") == "server"):
        with suppress(KeyError, ValueError):
            decisions.put_back(event["content"], event["origin_server_ts"])


# ---- what happened


def _all(wanted: Sequence[Room], noted: Mapping[str, int], say: Say) -> tuple[int, int]:
    """Events, and rooms that could not be read: who put the bot out keeps nobody else away."""
    count = unread = 0
    inside = set(run(client.joined_rooms()))
    for room in wanted:
        try:
            since = max(room.actor.published or 0 if room.actor else 0, noted.get(room.room_id, 0))
            count += _replay(room, since, say, inside)
        except client.MatrixError as error:
            say(f"{room.kind} {room.room_id} cannot be read, and is left out: {error}")
            leases.Lease(room, granted=False).keep(inside)
            unread += 1
    return count, unread


def _replay(room: Room, since: int, say: Say, inside: Collection[str]) -> int:
    count, told, lease = 0, time.monotonic(), leases.Lease(room)
    unreceipted: list[Event] = []
    for page in _history(room.room_id, room.reader):
        count += len(page)
        _meet(page)
        with turns.writing(), once.remembered(once.Memory(SEEN)):
            unreceipted = _page(page, Batch(room), since, unreceipted)
        for event in page:
            lease.follow(event)
        if time.monotonic() - told > TELL:
            told = time.monotonic()
            say(f"{room.kind} {room.room_id}: {count} events so far")
    if room.kind == Room.Kind.MIRROR:
        _pins(room)
    say(f"{room.kind} {room.room_id}: {count} events")
    lease.keep(inside)
    # What was typed after the last receipt may never have left: it goes the ordinary way now.
    events.receive(unreceipted)
    return count


def _pins(room: Room) -> None:
    for act in pinning.found_again(room, run(client.all_state(room.room_id))):
        with suppress(actions.Refused):
            actions.record(act)


def _meet(page: Sequence[Event]) -> None:
    """The ghosts who speak on a page, or for whom the bot does; the homeserver is asked who they
    are, once.
    """
    speakers = {event.get("sender", "") for event in page}
    copies = [shapes.mapping(event.get("content", {}).get(OBJECT)) for event in page]
    for mxid in speakers | {shapes.text(copy.get("ghost")) for copy in copies}:
        people.ghost_actor(mxid)


def _page(page: Sequence[Event], batch: Batch, since: int, unreceipted: list[Event]) -> list[Event]:
    """Answers what the owner typed after what the last receipt is of."""
    room = batch.room
    readings = [parse(event, _refs(event, room)) for event in page]
    _foreseen(readings)
    for event, read in zip(page, readings, strict=True):
        if isinstance(read, Receipt):
            unreceipted = _after(read.event, unreceipted)
        elif leases.begins(event, room):
            unreceipted = []  # what was said before was for those who were there
        elif (
            room.kind in {Room.Kind.PROFILE, Room.Kind.CIRCLE}
            and event["sender"] == room.owner
            and event["origin_server_ts"] >= since  # before it was one's own it was no post
        ):
            unreceipted.append(event)
        try:
            happened.record(event, read, batch)
        except (*_ODD, IntegrityError, DataError) as error:
            known = isinstance(error, actions.Refused)  # so already, or not any more
            level = logging.DEBUG if known else logging.INFO
            log.log(level, "an event of %s is left out: %s", room.room_id, error)
    batch.write_posts()
    batch.write_places()
    return unreceipted


def _after(receipted: str, typed: list[Event]) -> list[Event]:
    """What came before the event of a receipt has its own, or never gets one; one that was typed
    elsewhere tells nothing of its time here, and ends them all.
    """
    ids = [event["event_id"] for event in typed]
    return typed[ids.index(receipted) + 1 :] if receipted in ids else []


def _history(room_id: str, reader: str = "") -> Iterator[list[Event]]:
    """From the first event on, a page at a time."""
    start = ""
    while True:
        page = run(client.messages(room_id, start=start, direction="f", limit=PAGE, by=reader))
        if chunk := page.get("chunk"):
            yield run(overflow.every(chunk, room_id))
        end = page.get("end")
        if not end or end == start or not chunk:
            return
        start = end


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
