"""The doors of a person's own rooms: who knocks, whom they show out, and when they go away."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db.models import Q

from bridge import html, names
from bridge.errors import Unreadable
from bridge.loop import in_database, run
from bridge.matrix import client, linking, registration, render, rooms, shapes
from bridge.models import Ghost, Room
from bridge.network import Said
from social.acts import Act, Block, Follow, Reject, Undo
from social.measures import Expel
from social.models import Actor
from social.models import Block as BlockRow

THEIRS = (Room.Kind.PROFILE, Room.Kind.CIRCLE)


# ---- whom they show out


def showed_out(event: dict[str, Any], who: str, room: Room) -> Sequence[Said]:
    """A ban of a ghost is a block, a kick the softer kind; and back again."""
    sender = str(event.get("sender"))
    owner = _shown_out_by(sender, room)
    target = Actor.objects.filter(Q(ghost__mxid=who) | Q(owner=who), left=None).first()
    act = _act(event, room, owner, target) if owner and target else None
    if act is None or owner is None:
        raise Unreadable("somebody came or went")
    moderator = _moderator(sender, owner) if room.kind == Room.Kind.GROUP else None
    return [Said(_measure(act, moderator, event) if moderator else act)]


def _shown_out_by(sender: str, room: Room) -> Actor | None:
    """The owner; in a conversation whoever of its people has the power to ban; in a group, which
    then speaks itself, whoever has it.
    """
    if room.kind == Room.Kind.DIRECT:
        return room.people.filter(owner=sender, left=None).first()
    if room.kind == Room.Kind.GROUP:
        return None if registration.load().ours(sender) else room.actor
    mine = room.actor is not None and room.actor.is_local and sender == room.owner
    return room.actor if mine else None


def _moderator(sender: str, group: Actor) -> Actor | None:
    """In whose name the group's members hear of it; of who has no profile the group says it."""
    rows = Actor.objects.filter(owner=sender, left=None, uri__in=group.moderators)
    return rows.first()


def _measure(act: Act, moderator: Actor, event: dict[str, Any]) -> Act:
    said = act.undone if isinstance(act, Undo) else act
    if not isinstance(said, Block):
        return act
    reason = shapes.text(event["content"].get("reason"))[:500]
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    at = shapes.number(event.get("origin_server_ts"))
    by, group = moderator.uri, said.author
    out = Expel(author=by, target=said.target, group=group, uri=uri, at=at, reason=reason)
    return Undo(author=by, uri="", at=at, undone=out) if isinstance(act, Undo) else out


def _act(event: dict[str, Any], room: Room, owner: Actor, target: Actor) -> Act | None:
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    at = shapes.number(event.get("origin_server_ts"))
    now, before = event["content"].get("membership"), _before(event)
    if now == "ban":
        return Block(author=owner.uri, target=target.uri, uri=uri, at=at)
    if now == "leave" and before == "ban":
        row = BlockRow.objects.filter(author=owner, target=target).first()
        if row is None:
            return None
        said = Block(author=owner.uri, target=target.uri, uri=row.uri, at=row.at)
        return Undo(author=owner.uri, uri=row.uri, at=at, undone=said)
    follow = target.follows_out.filter(target=owner).first()
    if now == "leave" and follow and room.kind != Room.Kind.DIRECT:
        return Reject(author=owner.uri, follower=target.uri, uri=follow.uri, at=at)
    return None


def _before(event: dict[str, Any]) -> str:
    previous = shapes.mapping(shapes.mapping(event.get("unsigned")).get("prev_content"))
    return shapes.text(previous.get("membership"))


# ---- who knocks, and when they go themselves


def came_or_went(event: dict[str, Any], who: str, room: Room) -> Sequence[Said]:
    now = event["content"].get("membership")
    if who == room.owner:
        if now == "leave" and room.kind == Room.Kind.PROFILE:
            linking.end_lease(room)
            raise Unreadable("its owner left the room: it is no longer published")
        raise Unreadable("the owner came or went")
    if now != "knock":
        raise Unreadable("somebody came or went")
    return _knocked(event, who, room)


def _knocked(event: dict[str, Any], who: str, room: Room) -> Sequence[Said]:
    """Whoever has a profile here asks to follow; of others the owner hears."""
    reader = Actor.objects.local().filter(owner=who, left=None).first()
    if room.actor is None or run(client.membership(room.room_id, who)) != "knock":
        raise Unreadable("somebody knocked and is gone again")
    if reader is None:
        _say_who_knocked(who, room)
        raise Unreadable("somebody without a profile here knocked: the owner was told")
    row = reader.follows_out.filter(target=room.actor).first()
    if row and row.state == "accepted":
        run(client.invite(room.room_id, who))
        raise Unreadable("a follower was let in")
    if row:
        raise Unreadable("a follower who waits for an answer knocked")
    uri = names.act_uri(settings.OWNROOM_ORIGIN, str(event.get("event_id")))
    at = shapes.number(event.get("origin_server_ts"))
    return [Said(Follow(author=reader.uri, target=room.actor.uri, uri=uri, at=at))]


def _say_who_knocked(who: str, room: Room) -> None:
    """Once for each, however often they knock."""
    desk = linking.desk_of(room.owner)
    if desk is None:
        return
    link = html.escape(names.matrix_link(room.room_id))
    said = render.notice(
        f"<p><code>{html.escape(who)}</code>, who has no profile here, knocks at"
        f' <a href="{link}">your room</a>. You can let them in with your own client.</p>'
    )
    txn = rooms.alias("knock", f"{room.room_id} {who}")
    bot = registration.load().bot
    run(client.send(desk.room_id, said.type, said.content, txn=txn, user=bot))


async def answer_knock(what: str, room: Room, person: str) -> None:
    """A profile is for everybody to read: only who knocked waits for a word there."""
    if await client.membership(room.room_id, person) != "knock":
        return
    if what == "open":
        await client.invite(room.room_id, person)
    else:
        await client.kick(room.room_id, person, "not let in by its owner")


async def shut_out(what: str, room: Room, act: Act) -> None:
    """As who moderates a group decided; who was banned in the room itself is out already."""
    said = act.undone if isinstance(act, Undo) else act
    who = await in_database(_mxid, said.target) if isinstance(said, Expel) else ""
    if not who or not isinstance(said, Expel):
        return
    now = await client.membership(room.room_id, who)
    if what == "ban" and now != "ban":
        await client.ban(room.room_id, who, said.reason or "put out of the group")
    elif what == "unban" and now == "ban":
        await client.unban(room.room_id, who)


def _mxid(uri: str) -> str:
    owner = Actor.objects.filter(uri=uri).values_list("owner", flat=True).first()
    return (
        owner or Ghost.objects.filter(actor__uri=uri).values_list("mxid", flat=True).first() or ""
    )
