"""Where an act goes in Matrix: which room of whom, and in which lane.

A place is "profile URI", "circle URI", "mirror URI", "desk URI", "direct KEY", "former KEY" or
"outgrown KEY"; an address says what happens there:
"event" a ghost speaks, "past" it says what it said before, "tally" how a poll stands, "receipt" and
"ledger" the bot notes, "notice" and "say" the bot tells, "clear" what repeats a deleted post goes
too, "requote" what quotes it does so no longer, "words" whatever shows somebody's words does so
anew, or no longer, "pins" what is pinned is shown so, "name" and "topic" the room says what was set
at the desk, "unmask" the face of who is gone goes, "ban" and "unban" somebody is out, or not.
"""

import hashlib
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Literal, NoReturn, assert_never

from django.db.models import Q, QuerySet

from bridge import turns
from bridge.errors import Gone, Later
from bridge.loop import alone, in_database
from bridge.matrix import conversations, desks, hearing, measures, registration, rooms, traces
from bridge.matrix.traces import Words
from bridge.models import Ghost, Room
from social import actions, groups, once, outbox, pins, policy, reports
from social.acts import (
    FOLLOWED,
    OPEN,
    Accept,
    Act,
    AskQuote,
    Block,
    Boost,
    Follow,
    Introduce,
    Leave,
    Move,
    PassOn,
    Pin,
    Publish,
    React,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Visibility,
    Vote,
)
from social.measures import Measure
from social.models import Actor, Delivery, Post
from social.outbox import Address

CONTROL = "control"  # the admins' room; there is one
UPGRADED = (Room.Kind.FORMER, Room.Kind.OUTGROWN)
FOR_FOLLOWERS = (Room.Kind.MIRROR, Room.Kind.CIRCLE, Room.Kind.OUTGROWN)


def lane(place: str) -> str:
    if len(place) > 280:
        place = f"{place.split(' ', 1)[0]} {hashlib.sha256(place.encode()).hexdigest()}"
    return f"matrix {place}"


def _at(what: str, place: str) -> Address:
    """Ledger and notices share the desk's lane, receipts the profile's."""
    kind, _, uri = place.partition(" ")
    to = f"{what} {uri}" if kind == "desk" else f"{what} {place}"
    return Address(lane=lane(place), to=to)


def _door(what: str, place: str) -> Address:
    """Who comes in or has to go waits behind no words: those who part read nothing more there."""
    return Address(lane=lane(f"doors {place}"), to=f"{what} {place}")


def say(room: Room, text: str, *, subject: str) -> None:
    """The bot's word in a desk."""
    if text:
        outbox.tell(
            "matrix",
            [
                Address(
                    lane=lane(f"desk {room.actor.uri if room.actor else room.owner}"),
                    to=f"say {room.room_id}",
                )
            ],
            sender=registration.load().bot,
            subject=subject,
            said={"say": text},
        )


def desk_of(actor: Actor) -> Room | None:
    return _room("desk", actor.uri)


def withdraw(strangers: QuerySet[Actor]) -> None:
    """Their ghosts leave every room, and their mirrors are closed to everybody."""
    rooms_of = Q(kind=Room.Kind.MIRROR) & Q(actor__in=strangers)
    for mirror in Room.objects.filter(rooms_of).select_related("actor"):
        if mirror.actor:
            _leave(mirror.actor, f"mirror {mirror.actor.uri}")
    spoken = Ghost.objects.filter(actor__in=strangers).select_related("actor")
    for ghost in spoken:
        stands = Room.objects.filter(anchors__sender=ghost.mxid).exclude(kind=Room.Kind.MIRROR)
        for room in stands.select_related("actor").distinct():
            _leave(ghost.actor, room.place_name)


def show_anew(authors: QuerySet[Actor]) -> None:
    """In quotes and cards of others: their words, or, while they are suspended, none."""
    quoted = Q(posts__uri__in=Post.objects.exclude(quote="").values("quote"))
    boosted = Q(posts__boosts__isnull=False)
    for author in authors.filter(quoted | boosted).distinct():
        addresses = [_at("words", one) for one in sorted(traces.requoting(Words(author.uri)))]
        # Said again after a while it is news again, so the moment is part of its name.
        subject = f"words {time.time_ns()} {author.uri}"[:2048]
        said = {"words": author.uri}
        outbox.tell("matrix", addresses, sender=author.uri, subject=subject, said=said)


def _leave(stranger: Actor, place: str) -> None:
    outbox.tell(
        "matrix",
        [_at("part", place)],
        sender=stranger.uri,
        subject=stranger.uri,
        said={"part": stranger.uri},
    )


# ---- which places


def of(act: Act, hearers: Collection[Actor]) -> list[Address]:
    author = actions.actor(act.author)
    if author is None:
        # Who has no profile here can vote in a room: the poll's author keeps that it was done.
        mine = [one for one in hearers if one.is_local and isinstance(act, Vote)]
        return [_at("ledger", f"desk {one.uri}") for one in mine]
    found = _of_local(act, author) if author.is_local else _of_remote(act, author)
    if isinstance(act, Report):
        found += [_at("ledger", CONTROL), _at("notice", CONTROL)]
        moderators = reports.moderators(act.about, act.author)
        found += [_at("notice", f"desk {uri}") for uri in moderators]
    found += [_at(what, place) for what, place in measures.of(act)]
    return [*found, *_repeated(act, author), *_in_desks(act, author, hearers)]


def _of_local(act: Act, author: Actor) -> list[Address]:
    """What the owner did is in a room already; here it is noted in theirs."""
    match act:
        case Publish() | Revise() | Retract():
            return [_receipt(act, author)]
        case PassOn() | AskQuote():
            return []
        case Tally():
            told = _counted(act)  # by the bot, who is in no direct room
            return [_receipt(act, author), *(at for at in told if " direct " not in at.to)]
        case _ if _is_kept_by_the_group(act, author):
            return []
        case _:
            return [_at("ledger", f"desk {author.uri}"), *_doors(act, author)]


def _is_kept_by_the_group(act: Act, author: Actor) -> bool:
    """What is done in a group here, whoever moderates it, stands in one ledger, in order."""
    said = act.undone if isinstance(act, Undo) else act
    return isinstance(said, Measure) and bool(groups.here(said.group)) and said.group != author.uri


def _counted(act: Tally) -> list[Address]:
    """Below the poll, wherever it stands, and its end where it has one."""
    stands = sorted(traces.carrying(act.now.post))
    found = [_at("tally", place) for place in stands]
    closed = act.now.content.poll and act.now.content.poll.closed is not None
    return found + [_at("event", place) for place in stands if closed]


def _receipt(act: Publish | Revise | Tally | Retract, author: Actor) -> Address:
    """Beside the post, where those read for whom it is; of a direct one in the owner's desk."""
    match act:
        case (
            Publish(visibility=said)
            | Revise(now=Publish(visibility=said))
            | Tally(now=Publish(visibility=said))
        ):
            shown: str = said
        case Retract():
            shown = _visibility(act.post)
        case _:
            assert_never(act)
    kind = "profile" if shown in OPEN else "circle" if shown in FOLLOWED else "desk"
    place = _former_place(act, author) or f"{kind} {author.uri}"
    return Address(lane=lane(place), to=f"receipt {place}")


def _former_place(act: Publish | Revise | Tally | Retract, author: Actor) -> str:
    """Client-Server API, "Forming relationships": a reference stays in the room of its event."""
    if isinstance(act, Publish):
        return ""
    uri = act.post if isinstance(act, Retract) else act.now.post
    former = Room.objects.filter(kind__in=UPGRADED, actor=author, anchors__uri=uri).first()
    return former.place_name if former else ""


def _in_desks(act: Act, author: Actor, hearers: Collection[Actor]) -> list[Address]:
    return [_at(what, f"desk {one.uri}") for what, one in desks.towards(act, author, hearers)]


def _visibility(post: str) -> Visibility | Literal[""]:
    """As it is now: an edit narrows whom a post is for, and never widens it."""
    return Post.objects.filter(uri=post).values_list("visibility", flat=True).first() or ""


def _doors(act: Act, author: Actor) -> list[Address]:
    """Rooms that people of Matrix come into, or have to leave, as a relation begins or ends."""
    match act:
        case Undo(undone=Follow(target=target)):
            found = Room.objects.filter(actor__uri=target, kind__in=FOR_FOLLOWERS)
            return [_door("close", room.place_name) for room in found.select_related("actor")]
        case Accept(follower=follower) | Reject(follower=follower):
            kinds = {Room.Kind.PROFILE, Room.Kind.CIRCLE, Room.Kind.GROUP}
            kinds |= {Room.Kind.OUTGROWN} if isinstance(act, Reject) else set()
            own = Room.objects.filter(kind__in=kinds, actor=author)
            if not Actor.objects.local().filter(uri=follower).exists():
                return []
            what = "open" if isinstance(act, Accept) else "close"
            return [_door(what, room.place_name) for room in own.select_related("actor")]
        case Leave():
            followed = Room.objects.filter(
                kind__in=FOR_FOLLOWERS,
                actor__follows_in__follower=author,
            )
            return [_door("close", room.place_name) for room in followed.select_related("actor")]
        case _:
            return []


def _of_remote(  # noqa: C901  one line an act
    act: Act, author: Actor
) -> list[Address]:
    match act:
        case Publish():
            return [_at("event", place) for place in _places_of_post(act, author)]
        case Revise():
            places = [_at("event", place) for place in _places_of_edit(act, author)]
            return [*places, *_unpinned(author, act.now.post)]
        case Tally():
            return _counted(act)
        case Pin() | Undo(undone=Pin()):
            return _pinned(author)
        case Retract():
            return [*_where_it_stands(act.post), *_unpinned(author, act.post)]
        case React():
            stands = _where_it_stands(act.post)
            return [one for one in stands if hearing.is_heard(author, one.to.partition(" ")[2])]
        case Boost():
            return [_at("event", place) for place in _places_of_boost(act, author)]
        case Undo(undone=React() | Boost() as said):
            return _where_it_stands(act.uri, about=said.post)
        case Leave():
            closed = [_at("close", f"mirror {author.uri}")] if _has_mirror(author) else []
            return [*closed, _at("unmask", f"mirror {author.uri}")]
        case Introduce() | Move():
            return [_at("introduce", f"mirror {author.uri}")] if _has_mirror(author) else []
        case Accept():
            wanted = hearing.readers_of(author).exists() and not policy.opted_out(author)
            return [_door("open", f"mirror {author.uri}")] if wanted else []
        case Reject() | Block():  # some servers say no more than the block
            return [_door("close", f"mirror {author.uri}")] if _has_mirror(author) else []
        case _:
            return []


def _pinned(author: Actor) -> list[Address]:
    """At the first follow the mirror is only about to be made."""
    shown = _has_mirror(author) or hearing.is_read_here(author)
    return [_at("pins", f"mirror {author.uri}")] if shown else []


def _unpinned(author: Actor, post: str) -> list[Address]:
    """Where a post that was pinned is no longer for everybody, or nobody's any more."""
    return _pinned(author) if pins.has_fallen(author, post) else []


def _places_of_boost(act: Boost, author: Actor) -> list[str]:
    """What a group passes on is told in its room as the words of who wrote it, and once."""
    read, room = hearing.is_read_here(author, act.post), f"mirror {author.uri}"
    if author.kind == "group":
        return [room] if read and room not in traces.carrying(act.post) else []
    own = [f"profile {owner.uri}" for owner in [_local_author(act.post)] if owner]
    return [*own, *([room] if read else [])]


def _places_of_edit(act: Revise, author: Actor) -> list[str]:
    """Where it stands: it is changed there, or taken out where it is not for all of them any more.
    And where it belongs now, should it not stand there yet.
    """
    shown = _visibility(act.now.post)
    stands = traces.carrying(act.now.post)
    if stands and shown in OPEN:
        return sorted(stands)
    now = replace(act.now, visibility=shown) if shown else act.now
    return sorted({*stands, *_places_of_post(now, author)})


def past(act: Publish | Boost) -> list[Address]:
    """At the time when it was written: where the conversation stands that it belongs to, else in
    the author's mirror; what a group passes on in its own.
    """
    author = actions.actor(act.author)
    if isinstance(act, Boost):
        group = author if author and author.kind == "group" and not author.is_local else None
        found = _places_of_boost(act, group) if group else []
        return [_at("past", place) for place in found if not _is_unwanted_answer(act.post, place)]
    if author is None or author.is_local or act.visibility not in OPEN:
        return []
    if policy.opted_out(author):
        return []
    wanted = _places_of_answer(act, author) or _open_places(act, author)
    stands = traces.carrying(act.post)
    return [] if stands & set(wanted) else [_at("past", place) for place in wanted]


def _is_unwanted_answer(uri: str, place: str) -> bool:
    """Nobody sent it, so nobody there need see whom they block or mute."""
    post = actions.post(uri)
    return post is not None and bool(post.reply) and hearing.is_apart(post.author, place)


def _places_of_answer(act: Publish, author: Actor) -> list[str]:
    """The one room in which the post that it answers stands, unless somebody there would see whom
    they block or mute.
    """
    stands = traces.carrying(act.reply) if act.reply else set()
    for kind in (Room.Kind.PROFILE, Room.Kind.MIRROR):
        for place in sorted(place for place in stands if place.startswith(f"{kind} ")):
            return [] if hearing.is_apart(author, place) else [place]
    return []


def _places_of_post(act: Publish, author: Actor) -> list[str]:
    if act.visibility in OPEN:
        return _open_places(act, author)
    mirror = act.visibility == "private" and hearing.is_read_here(author)
    direct = conversations.of(_to_strangers(act, author), author)
    heard = direct and hearing.is_heard(author, direct.place_name)
    return [
        *([f"mirror {author.uri}"] if mirror else []),
        *([direct.place_name] if direct and heard else []),
    ]


def tell_the_others(act: Act, place: str, row: Delivery) -> None:
    """Whoever is left of those to whom a letter was written, where one of them hears its author no
    more.
    """
    author = actions.actor(act.author)
    if not isinstance(act, Publish) or author is None or not place.startswith(Room.Kind.DIRECT):
        return
    with turns.writing():
        left = [one for one in _places_of_post(act, author) if one.startswith(Room.Kind.DIRECT)]
        outbox.tell(
            "matrix",
            [_at("event", one) for one in left if one != place],
            sender=row.sender,
            subject=row.subject,
            said=row.act,
            document=row.document,
        )


def _to_strangers(act: Publish, author: Actor) -> Publish:
    """Of those named in a post to followers, who follows reads it in the mirror; the others here
    get it in a room with its author alone: they know nothing of who else reads.
    """
    if act.visibility != "private":
        return act
    named = Actor.objects.local().filter(uri__in=act.audience)
    readers = author.follows_in.filter(state="accepted").values("follower")
    strangers = named.exclude(pk__in=readers).values_list("uri", flat=True)
    return replace(act, audience=tuple(strangers))


def _open_places(act: Publish, author: Actor) -> list[str]:
    """The conversation's room where it began with somebody here, else the author's mirror."""
    if groups.here(act.group):
        return [f"group {act.group}"]
    owner = traces.began_with(act.reply)
    if owner and not policy.blocked_between(owner, author):
        return [f"profile {owner.uri}"]
    return [f"mirror {author.uri}"] if hearing.is_read_here(author) else []


def _local_author(uri: str) -> Actor | None:
    return Actor.objects.local().filter(posts__uri=uri).first()


def _has_mirror(author: Actor) -> bool:
    return Room.objects.filter(kind=Room.Kind.MIRROR, actor=author).exists()


def _where_it_stands(uri: str, *, about: str = "") -> list[Address]:
    return [_at("event", place) for place in sorted(traces.carrying(uri, about=about))]


def _repeated(act: Act, author: Actor) -> list[Address]:
    found = sorted(traces.repeating(act, author))
    quoting = sorted(traces.requoting(act))
    return [
        *(Address(lane=lane(place), to=f"clear {place}") for place in found),
        *(Address(lane=lane(place), to=f"requote {place}") for place in quoting),
    ]


# ---- the rooms at them


async def room_at(place: str) -> Room:
    """Made where there is none: once, however many rows want it at the same time."""
    kind, _, uri = place.partition(" ")
    async with alone(place):
        found = await in_database(_room, kind, uri)
        if found is None and kind == "mirror":
            return await rooms.mirror_of(await in_database(_actor, uri))
        if found is None and kind == "direct":
            return await conversations.direct(uri)
        return found or await _none(kind, uri)


async def standing(place: str) -> Room:
    """As it is now: where there is none, none is made."""
    kind, _, uri = place.partition(" ")
    return await in_database(_room, kind, uri) or await _none(kind, uri)


def room_now(place: str) -> Room | None:
    """The same for whoever is in the database already."""
    kind, _, uri = place.partition(" ")
    return once.ask(("room", place), lambda: _room(kind, uri))


def meant(place: str) -> Room | None:
    """What is known of a room that is not made yet."""
    kind, _, uri = place.partition(" ")
    if kind == Room.Kind.DIRECT:
        return Room.objects.filter(key=uri).first()
    actor = actions.actor(uri)
    return Room(kind=kind, actor=actor) if actor else None


async def _none(kind: str, uri: str) -> NoReturn:
    """What is kept in a room alone waits for the bot to be asked in again."""
    shut = Room.objects.filter(actor__uri=uri, kind=kind, ready=False)
    if kind in {Room.Kind.DESK, Room.Kind.CIRCLE} and await in_database(shut.exists):
        raise Later(f"the bot was put out of the {kind}: its owner can ask it in again")
    raise Gone(f"there is no {kind} room")


def _actor(uri: str) -> Actor:
    found = Actor.objects.filter(uri=uri).first()
    if found is None:
        raise Gone("whose room it is is no longer known")
    return found


def _room(kind: str, uri: str) -> Room | None:
    named = Q(key=uri) if kind in {Room.Kind.DIRECT, *UPGRADED} else Q(actor__uri=uri)
    named = Q() if kind == CONTROL else named
    rooms_of = Room.objects.filter(named, kind=kind, ready=True)
    return rooms_of.select_related("actor").first()
