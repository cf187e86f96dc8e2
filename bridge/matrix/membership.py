"""Who comes and goes, and what a room's own state says: invitations, bans, names, leases."""

import hashlib
from collections.abc import Sequence
from typing import Any, NoReturn

from django.conf import settings

from bridge import html, names
from bridge.errors import Forbidden, Unreadable
from bridge.loop import in_database, run
from bridge.matrix import (
    client,
    conversations,
    groups,
    linking,
    owners,
    pinning,
    places,
    profile_state,
    registration,
    rooms,
    shapes,
    succession,
)
from bridge.matrix.vocabulary import BRIDGE
from bridge.models import Ghost, Room
from bridge.network import Said
from social import profiles
from social.acts import Accept, Act, Block, Follow, Introduce, Leave, Reject, Undo
from social.measures import Expel
from social.models import Actor

WELCOME = (
    "<p>Hello! I am the bot of this Ownroom server. Here you tell me what to do:"
    " type <code>help</code>, or <code>profile create</code> to get a profile"
    " that the fediverse can follow.</p>"
)
OFFER = (
    "<p>Whatever you write in this room I can publish to the fediverse as your profile."
    " That makes it readable by anybody, for good. If you want it, you as the room's owner type:"
    " <code>!ownroom link</code> (or <code>!ownroom link HANDLE</code>)."
    " Or make it a group, which others join and write to: <code>!ownroom group NAME</code>."
    " Otherwise just remove me again.</p>"
)
PUBLISHED = "<p>From here on I publish again what you write in this room.</p>"
FOLLOWED = "<p>From here on your approved followers get again what you write in this room.</p>"
SUCCEEDED = (
    "<p>Your circle goes on here: from now on your approved followers get what you write in this"
    " room. Those on this server are invited. What stands in the old one stays there.</p>"
)
AGAIN = (
    "<p>This room was published once. If it is to be again, its owner types:"
    " <code>!ownroom {word}</code>.</p>"
)
ASK_AGAIN = "<p>This room was a circle once. If it is to be again, its owner asks me in.</p>"
SAID_IN = {Room.Kind.PROFILE: "link", Room.Kind.GROUP: "group NAME", Room.Kind.CIRCLE: ""}


def _sorry(problem: str) -> str:
    return f"<p>Hello! I am the bot of this Ownroom server, but {html.escape(problem)}.</p>"


# ---- membership


def concerns(event: Any) -> bool:
    return isinstance(event, dict) and event.get("type") == "m.room.member"


def read(event: dict[str, Any]) -> Sequence[Said]:
    who, sender, content = event.get("state_key"), event.get("sender"), event.get("content")
    if not (isinstance(who, str) and isinstance(sender, str) and isinstance(content, dict)):
        raise Unreadable("a membership that is not one")
    now, reg = content.get("membership"), registration.load()
    room_id = str(event.get("room_id"))
    if who == reg.bot:
        return _bot(event, room_id, sender, content)
    room = Room.objects.filter(room_id=room_id).select_related("actor").first()
    if reg.ours(who) and room is None and now == "invite" and not reg.ours(sender):
        return [Said(None, answer=run(_ghost_invited(event, who, room_id, sender)))]
    if room and room.kind == Room.Kind.DIRECT and reg.ours(who) and now == "invite":
        run(conversations.let_in(room, who))
        raise Unreadable("a ghost was asked in")
    if room and (reg.ours(who) or (room.kind == Room.Kind.GROUP and who != sender)):
        return owners.showed_out(event, who, room)
    if room and who == sender and room.kind in owners.THEIRS:
        return owners.came_or_went(event, who, room)
    if room and room.kind == Room.Kind.MIRROR and who == sender and not reg.ours(who):
        return _reader_came_or_went(event, who, room, str(now))
    if room and room.kind == Room.Kind.DIRECT and now in {"invite", "join"}:
        conversations.came(room, who)
    raise Unreadable("somebody came or went")


def _reader_came_or_went(event: dict[str, Any], who: str, room: Room, now: str) -> Sequence[Said]:
    """Who knocks at a mirror asks to follow; who goes, stops. Coming in asks for nothing more."""
    reader = Actor.objects.local().filter(owner=who, left=None).first()
    if reader is None or room.actor is None:
        raise Unreadable("somebody without a profile here came or went")
    row = reader.follows_out.filter(target=room.actor).first()
    at = shapes.number(event.get("origin_server_ts"))
    before = shapes.mapping(shapes.mapping(event.get("unsigned")).get("prev_content"))
    if now == "knock" and row and row.state == "accepted":
        run(client.invite(room.room_id, who))
        raise Unreadable("a reader who had gone was let in again")
    if now == "knock" and row is None:
        if run(client.membership(room.room_id, who)) != now:
            raise Unreadable("a reader knocked and is gone again")
        uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
        return [Said(Follow(author=reader.uri, target=room.actor.uri, uri=uri, at=at))]
    if now == "leave" and row and before.get("membership") in {"join", "knock"}:
        said = Follow(author=reader.uri, target=room.actor.uri, uri=row.uri, at=row.at)
        return [Said(Undo(author=reader.uri, uri=row.uri, at=at, undone=said))]
    raise Unreadable("a reader came or went")


def _bot(
    event: dict[str, Any], room_id: str, sender: str, content: dict[str, Any]
) -> Sequence[Said]:
    match content.get("membership"):
        case "invite":
            direct, cause = bool(content.get("is_direct")), str(event.get("event_id"))
            return [Said(None, answer=run(_invited(room_id, sender, cause, direct=direct)))]
        case "leave" | "ban":
            Room.objects.filter(room_id=room_id).update(ready=False, leased=False)
            raise Unreadable("the bot was removed: the room is no longer published")
        case _:
            raise Unreadable("the bot came")


async def _invited(room_id: str, sender: str, cause: str, *, direct: bool) -> str:
    known = await in_database(_known, room_id)
    if known:
        await _back_again(known, sender, cause)
        return ""
    await client.join(room_id, via=[names.server_of(sender)])
    before = await succession.circle_before(room_id, sender)
    if before:
        problem = await succession.go_on(before, room_id)
        await tell(cause, room_id, _goes_on(problem))
        return ""
    if direct:
        desk = await in_database(linking.desk_of, sender)
        if desk and desk.ready and desk.room_id != room_id:
            link = names.matrix_link(desk.room_id)
            text = (
                f'<p>Your desk is <a href="{link}">over there</a>: I listen to you in that one.</p>'
            )
            await tell(cause, room_id, text)
            await client.leave(room_id)
            return ""
        if await client.state(room_id, "m.room.encryption"):
            await tell(
                cause,
                room_id,
                "<p>This room is encrypted, and what you wrote to me could never be found again"
                " after a loss. Please start a conversation with me without encryption.</p>",
            )
            await client.leave(room_id)
            return ""
        await in_database(linking.keep_desk, room_id, sender)
        await rooms.read_from_here(room_id)
        problem = await in_database(linking.not_admitted, sender)
        await tell(cause, room_id, WELCOME if not problem else _sorry(problem))
        return ""
    problem = await in_database(linking.not_admitted, sender)
    problem = problem or await linking.inspect(room_id, sender)
    await tell(
        cause, room_id, f"<p>I cannot publish it: {html.escape(problem)}.</p>" if problem else OFFER
    )
    return ""


def _goes_on(problem: str) -> str:
    if problem:
        return (
            f"<p>Your circle cannot go on here: {html.escape(problem)}. Until then what you write"
            " here goes nowhere. When it is mended, type <code>circle</code> in your desk.</p>"
        )
    return SUCCEEDED


def _known(room_id: str) -> Room | None:
    return Room.objects.filter(room_id=room_id).first()


async def _back_again(room: Room, sender: str, cause: str) -> None:
    """What was said while it was out is not for it; to publish again takes the owner's word."""
    out = room.room_id not in await client.joined_rooms()
    if out:
        await in_database(_change, room, {"place": ""})
    await client.join(room.room_id, via=[names.server_of(sender)])
    if room.ready and not out:
        return  # the same invitation, read a second time
    await rooms.read_from_here(room.room_id)
    if room.kind in SAID_IN:
        await tell(cause, room.room_id, await _published_again(room, sender))
    await in_database(_change, room, {"ready": True})


async def _published_again(room: Room, sender: str) -> str:
    if sender != room.owner:
        word = SAID_IN[Room.Kind(room.kind)]
        return AGAIN.format(word=word) if word else ASK_AGAIN
    problem = await linking.inspect(room.room_id, sender)
    await in_database(_change, room, {"leased": not problem})
    if problem:
        return f"<p>I cannot publish it: {html.escape(problem)}.</p>"
    return FOLLOWED if room.kind == Room.Kind.CIRCLE else PUBLISHED


def _change(room: Room, values: dict[str, Any]) -> None:
    Room.objects.filter(pk=room.pk).update(**values)


async def tell(cause: str, room_id: str, text: str, *, user: str = "") -> None:
    """Once for each event that is answered so, however often it is read."""
    from bridge.matrix import render

    said = render.notice(text)
    speaker = user or registration.load().bot
    txn = f"tell{hashlib.sha256(f'{cause} {text}'.encode()).hexdigest()[:32]}"
    await client.send(room_id, said.type, said.content, txn=txn, user=speaker)


async def _ghost_invited(event: dict[str, Any], ghost: str, room_id: str, sender: str) -> str:
    """Somebody begins a conversation with a ghost, as with anybody in Matrix."""
    if not await _is_asked_in(room_id, ghost):
        return ""  # the same invitation, read a second time
    problem = await succession.conversation(room_id, sender, ghost)
    if problem is None:
        problem = await conversations.bound(room_id, sender, ghost)
    if problem:
        await tell(str(event.get("event_id")), room_id, f"<p>{problem}.</p>", user=ghost)
        await client.leave(room_id, ghost)
    return ""


async def _is_asked_in(room_id: str, ghost: str) -> bool:
    try:
        return await client.membership(room_id, ghost, by=ghost) in {"invite", "join"}
    except client.MatrixError as error:
        if error.code != "M_FORBIDDEN":
            raise
        return True  # who is asked in and has not come yet may not look


# ---- the state of a profile room


def state(event: dict[str, Any], room: Room) -> Sequence[Said]:
    kind, content = event.get("type"), event.get("content")
    if not isinstance(content, dict) or event.get("state_key") != "":
        raise Unreadable("this kind of event is not bridged")
    if kind == "m.room.canonical_alias" and event.get("sender") == room.owner:
        linking.show_address(room, shapes.text(content.get("alias")))
        raise Unreadable("the room's address stands on its profile's page")
    if kind == BRIDGE and event.get("sender") == room.owner:
        mine = content.get("bot") == registration.load().bot
        Room.objects.filter(pk=room.pk).update(leased=mine)
        raise Unreadable(
            "the lease was renewed" if mine else "the lease was given to another bridge"
        )
    if kind == "m.room.encryption":
        _encrypted(event, room)
    own = {Room.Kind.PROFILE, Room.Kind.GROUP}
    if room.kind not in own or room.actor is None:
        raise Unreadable("this kind of event is not bridged")
    if room.kind == Room.Kind.GROUP and (found := _of_group(event, room.actor, room)):
        return found
    if event.get("sender") != room.owner:
        raise Unreadable("this kind of event is not bridged")
    if kind == pinning.KIND and room.kind == Room.Kind.PROFILE:
        return pinning.read(event, room)
    profile = profile_state.changed(profiles.profile_of(room.actor), event)
    if profile is None:
        raise Unreadable("this kind of event is not bridged")
    at = shapes.number(event.get("origin_server_ts"))
    return [Said(Introduce(author=profile.uri, profile=profile, at=at))]


def _encrypted(event: dict[str, Any], room: Room) -> NoReturn:
    Room.objects.filter(pk=room.pk).update(leased=False)
    said = "<p>This room is encrypted now: I can no longer publish it.</p>"
    run(tell(str(event.get("event_id")), room.room_id, said, user=room.reader))
    raise Unreadable("the room was encrypted: it is no longer published")


def _of_group(event: dict[str, Any], group: Actor, room: Room) -> Sequence[Said] | None:
    """What power decides, and not who owns the room."""
    match event.get("type"):
        case "m.room.power_levels":
            return groups.moderated(group, event, room)
        case pinning.KIND:
            return pinning.featured(event, group, room)
        case _:
            return None


# ---- mirrors


async def mirror(what: str, act: Act, target: str) -> None:
    """Followers here come into the mirror when they are accepted, and go when they unfollow."""
    if what == "unmask":
        await rooms.unmask(act.author)
        return
    room = await (places.room_at if what == "open" else places.standing)(target)
    if what == "introduce":
        topic = await in_database(rooms.mirror_topic, _of(room))
        await client.put_state(room.room_id, "m.room.name", {"name": rooms.mirror_name(_of(room))})
        await client.put_state(room.room_id, "m.room.topic", topic)
        await rooms.ghost_of(_of(room))
        await rooms.show_face(room.room_id, _of(room))
        return
    if what in {"ban", "unban"}:
        await owners.shut_out(what, room, act)
        return
    person = await in_database(_reader, act)
    if person and room.kind == Room.Kind.PROFILE:
        await owners.answer_knock(what, room, person)
    elif person and what == "open":
        if await client.membership(room.room_id, person) not in {"invite", "join"}:
            await client.invite(room.room_id, person)
    elif person and what == "close":
        await client.kick(room.room_id, person, "no longer followed")
    elif isinstance(act, Leave) and room.kind == Room.Kind.MIRROR:
        ghost = await in_database(_ghost_of, room)
        if ghost:
            await client.leave(room.room_id, ghost)


async def part(target: str, stranger: str) -> None:
    """The ghost of somebody who is blocked here leaves; out of its mirror everybody goes first."""
    room = await places.standing(target)
    ghost = await in_database(_ghost_mxid, stranger)
    bot = registration.load().bot
    if room.kind == Room.Kind.MIRROR:
        for event in await client.all_state(room.room_id):
            who = event.get("state_key")
            if event.get("type") == "m.room.member" and who not in {ghost, bot}:
                await client.kick(room.room_id, str(who), "its server is blocked here")
    if ghost and await client.membership(room.room_id, ghost) == "join":
        await client.leave(room.room_id, ghost)


def _of(room: Room) -> Actor:
    if room.actor is None:
        raise Forbidden("the room is nobody's mirror")
    return room.actor


def _reader(act: Act) -> str:
    match act:
        case Accept() | Reject():
            uri = act.follower
        case Block() | Expel():
            uri = act.target
        case Undo(undone=Follow()) | Leave():
            uri = act.author
        case _:
            return ""
    return Actor.objects.filter(uri=uri).values_list("owner", flat=True).first() or ""


def _ghost_of(room: Room) -> str:
    return _ghost_mxid(room.actor.uri) if room.actor else ""


def _ghost_mxid(uri: str) -> str:
    return Ghost.objects.filter(actor__uri=uri).values_list("mxid", flat=True).first() or ""
