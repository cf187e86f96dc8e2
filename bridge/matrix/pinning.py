"""Pinned events ⇄ pinned posts: what owners pin in their room, in a mirror what its actor pins, in
a group's who moderates it.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from bridge import names
from bridge.errors import Later, Unreadable
from bridge.loop import in_database
from bridge.matrix import client, places, registration, shapes
from bridge.matrix.parse import ECHO
from bridge.models import Anchor, Received, Room
from bridge.network import Said
from social import pins
from social.acts import OPEN, Pin, Undo
from social.measures import Feature
from social.models import Actor, Post

KIND = "m.room.pinned_events"
SOON = timedelta(minutes=1)


def read(event: dict[str, Any], room: Room) -> Sequence[Said]:
    """What is pinned now and was not, and the other way round; the newest come last in the list.

    A client writes the whole list each time, so one that counts as none is a mistake of nobody's.
    """
    author = room.actor
    if author is None or not room.leased:
        raise Unreadable("the room's owner has ended the lease of this server")
    wanted = _posts(shapes.texts(event["content"].get("pinned")), room, author)
    before = {row.post.uri: row for row in pins.standing(author)}
    at = shapes.number(event.get("origin_server_ts"))
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    if pins.is_read(author, f"{uri}#pins/"):  # a post of it deleted since makes room for no other
        raise Unreadable("this list was read before")
    collection = f"{author.uri}/featured"
    acts: list[Pin | Undo] = []
    for post in before.keys() - set(wanted):
        row = before[post]
        said = Pin(author=author.uri, post=post, uri=row.uri, at=row.at, collection=collection)
        acts.append(Undo(author=author.uri, uri=row.uri, at=at, undone=said))
    acts += [
        Pin(
            author=author.uri,
            post=post,
            uri=f"{uri}#pins/{number}",
            at=at + number,  # the list has an order
            collection=collection,
        )
        for number, post in enumerate(wanted)
        if post not in before
    ]
    if not acts:
        raise Unreadable("no post of the owner's was pinned or unpinned")
    return [Said(act) for act in acts]


def _posts(events: Sequence[str], room: Room, author: Actor) -> list[str]:
    """The owner's own open posts among them."""
    uris = _uris(events, room)
    open_ = Post.objects.filter(uri__in=uris, author=author, deleted=None, visibility__in=OPEN)
    known = set(open_.values_list("uri", flat=True))
    return [uri for uri in uris if uri in known][-pins.SHOWN :]


def _uris(events: Sequence[str], room: Room) -> list[str]:
    rows = Anchor.objects.filter(room=room, event_id__in=events)
    carried = dict(rows.values_list("event_id", "uri"))
    return [carried[event] for event in dict.fromkeys(events) if event in carried]


# ---- topics on top of a group


def featured(event: dict[str, Any], group: Actor, room: Room) -> Sequence[Said]:
    """The same by who moderates; other things than topics may be pinned there too."""
    by = Actor.objects.filter(owner=event.get("sender"), left=None).first()
    if by is None or not room.leased:
        raise Unreadable("only who has a profile here moderates a group")
    events, at = (
        shapes.texts(event["content"].get("pinned")),
        shapes.number(event["origin_server_ts"]),
    )
    if _is_on_its_way(events, room, at):
        raise Later("what is pinned has not been noted yet")
    uris = _uris(events, room)
    topics = Post.objects.filter(uri__in=uris, group=group.uri, reply="", deleted=None)
    wanted, before = set(topics.values_list("uri", flat=True)), _pinned(group)
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    told = [
        Feature(
            author=by.uri,
            post=post,
            group=group.uri,
            uri=f"{uri}#pins/{number}",
            at=at + number,
            collection=f"{group.uri}/featured",
        )
        for number, post in enumerate([*(before - wanted), *(u for u in uris if u in wanted)])
        if (post in wanted) is not (post in before)
    ]
    if not told:
        raise Unreadable("no topic of the group was pinned or unpinned")
    return [
        Said(one if one.post in wanted else Undo(author=by.uri, uri="", at=at, undone=one))
        for one in told
    ]


def _is_on_its_way(events: Sequence[str], room: Room, at: int) -> bool:
    """A ghost's words stand in the room a moment before we know that they do."""
    known = Anchor.objects.filter(room=room, event_id__in=events).values_list("event_id", flat=True)
    missing = set(events) - set(known)
    if not missing or at < (timezone.now() - SOON).timestamp() * 1000:
        return False
    read = Received.objects.filter(network="matrix", key__in=missing).exclude(note=ECHO)
    return bool(missing - set(read.values_list("key", flat=True)))


def _pinned(author: Actor) -> set[str]:
    return set(pins.standing(author).values_list("post__uri", flat=True))


# ---- mirrors, and what was decided elsewhere


async def show(target: str) -> None:
    """As the actor has them now, however many acts it took."""
    room = await places.room_at(target)
    said = shapes.texts((await client.state(room.room_id, KIND)).get("pinned"))
    wanted = await in_database(_events, room, said)
    if list(said) != wanted:
        await client.put_state(room.room_id, KIND, {"pinned": wanted})


def _events(room: Room, said: Sequence[str]) -> list[str]:
    """In a group's room here what is pinned and no topic stays."""
    if room.actor is None:
        return []
    posts = Post.objects.filter(uri__in=_uris(said, room)).values_list("uri", flat=True)
    topics = Anchor.objects.filter(room=room, uri__in=list(posts), event_id__in=said)
    known = set(topics.values_list("event_id", flat=True))
    kept = [one for one in said if one not in known] if room.kind == Room.Kind.GROUP else []
    order = pins.standing(room.actor).order_by("at", "pk")
    uris = list(order.values_list("post__uri", flat=True))
    rows = Anchor.objects.filter(room=room, uri__in=uris).order_by("-at", "-id")
    stands = dict(rows.values_list("uri", "event_id"))
    return [*kept, *(stands[uri] for uri in uris if uri in stands)]


def found_again(room: Room, state: Sequence[dict[str, Any]]) -> list[Pin | Feature]:
    """In a rebuild: what a mirror shows pinned, as our bot said; nobody else's word counts."""
    ours = registration.load().bot
    said = [one for one in state if one.get("type") == KIND and one.get("sender") == ours]
    if room.actor is None or not said:
        return []
    uris = _uris(shapes.texts(said[0]["content"].get("pinned")), room)
    by = room.actor.uri
    if room.actor.kind == "group":
        return [
            Feature(author=by, group=by, post=uri, uri="", at=number)
            for number, uri in enumerate(uris)
        ]
    return [Pin(author=by, post=uri, uri="", at=number) for number, uri in enumerate(uris)]
