"""What an owner says in a room of theirs to make it a profile or a group, and to end a group.

Their word, typed where everybody there reads it, is the consent; whatever speaks against it is
said in the same room.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bridge import html, names
from bridge.errors import Forbidden, Unreadable
from bridge.loop import run
from bridge.matrix import (
    client,
    events,
    groups,
    linking,
    membership,
    misplaced,
    profile_state,
    registration,
    replies,
    rooms,
    succession,
)
from bridge.models import Room
from bridge.network import Said
from social.acts import Leave
from social.models import Actor

OWN = (Room.Kind.PROFILE, Room.Kind.GROUP, Room.Kind.FORMER)


@dataclass(frozen=True, slots=True)
class Wish:
    """As it was typed: `link [HANDLE]`, `group [NAME]` or `group delete NAME`."""

    room_id: str
    sender: str
    cause: str  # the event
    at: int
    what: str
    name: str

    def answer(self, text: str) -> None:
        run(membership.tell(self.cause, self.room_id, text))


def hears(event: dict[str, Any], room: Room | None) -> bool:
    """In a room that is nobody's, nothing but this counts."""
    if room is None:
        return True
    return room.kind in OWN and "state_key" not in event and bool(linking.wish(event))


def read(event: dict[str, Any], room: Room | None) -> Sequence[Said]:
    asked, sender, room_id = linking.wish(event), event.get("sender"), event.get("room_id")
    if not (isinstance(sender, str) and isinstance(room_id, str)):
        raise Unreadable("not a room of ours")
    if not names.is_user_id(sender) or registration.load().ours(sender):
        raise Unreadable("not a room of ours")
    if asked is None:
        _lost(event, room_id, sender)
        raise Unreadable("not a room of ours")
    cause, at = str(event.get("event_id")), int(event.get("origin_server_ts") or 0)
    wish = Wish(room_id, sender, cause, at, *asked)
    try:
        return _do(wish, room)
    except (Forbidden, Unreadable, client.MatrixError) as problem:
        wish.answer(replies.refusal(f"I cannot do that: {problem}"))
        raise


def _do(wish: Wish, room: Room | None) -> Sequence[Said]:
    if room is None and run(succession.circle_before(wish.room_id, wish.sender)):
        raise Forbidden(succession.FOR_FEWER)
    match wish.what:
        case "link":
            return _link(wish, room)
        case "end":
            return _end(wish, room)
        case _:
            return _group(wish, room)


def _lost(event: dict[str, Any], room_id: str, sender: str) -> None:
    """Whoever speaks to the bot where it can do little hears what, and where it can do more."""
    if not misplaced.line(event).lower().startswith("!ownroom"):
        return
    desk = linking.desk_of(sender)
    link = html.escape(names.matrix_link(desk.room_id if desk else registration.load().bot))
    where = "in your desk" if desk else "in a conversation with me"
    text = (
        "<p>In this room I know <code>!ownroom link</code>, which makes it your profile, and"
        " <code>!ownroom group NAME</code>, which makes it a group. All else you tell me"
        f' <a href="{link}">{where}</a>: type <code>help</code> there.</p>'
    )
    with suppress(client.MatrixError):  # where only a ghost is, the bot says nothing
        run(membership.tell(str(event.get("event_id")), room_id, text))


# ---- a profile


def _link(wish: Wish, room: Room | None) -> Sequence[Said]:
    if room and room.kind == Room.Kind.GROUP:
        raise Forbidden("this room is a group, and a room is one or the other")
    problem = (
        linking.not_admitted(wish.sender)
        or run(linking.inspect(wish.room_id, wish.sender))
        or linking.elsewhere(wish.room_id, wish.sender)
    )
    if problem:
        raise Forbidden(problem)
    linked = linking.create_in(wish.sender, wish.name, wish.room_id)
    _begun(wish, linked.actor)
    url, acct = html.escape(linked.actor.url), html.escape(linked.actor.acct)
    wish.answer(
        f"<p>This room is now the profile of <strong>@{acct}</strong>:"
        f' <a href="{url}">{url}</a>.'
        " I invited you to your desk, where you tell me what to do.</p>"
    )
    return [Said(None)]


def _begun(wish: Wish, actor: Actor) -> None:
    rooms.lease_again(wish.room_id)
    run(linking.announce_self(wish.room_id, actor))
    events.receive(_said_before(wish.sender, wish.room_id))


def _said_before(owner: str, room_id: str) -> list[dict[str, Any]]:
    """What the owner of a room said of it before it was somebody's."""
    state = run(client.all_state(room_id))
    mine = [event | {"room_id": room_id} for event in state if event["sender"] == owner]
    kinds = {*profile_state.KINDS, "m.room.canonical_alias"}
    return [event for event in mine if event["type"] in kinds]


# ---- a group


def _group(wish: Wish, room: Room | None) -> Sequence[Said]:
    if room and room.kind == Room.Kind.FORMER:
        raise Forbidden("this room was upgraded; the new one goes on")
    if room and room.kind == Room.Kind.PROFILE:
        raise Forbidden("this room is a profile, and a room is one or the other")
    if room and wish.sender != room.owner:
        raise Forbidden("this room is somebody else's group")
    if not Actor.objects.filter(owner=wish.sender, left=None).exists():
        raise Forbidden(
            "who makes a group has a profile here first. Begin a conversation with me, and type"
            " there: profile create"
        )
    if problem := run(linking.inspect(wish.room_id, wish.sender)):
        raise Forbidden(problem)
    before = groups.upgraded(wish.room_id, wish.sender) if room is None else None
    if before:
        group = groups.go_on(before, wish.room_id)
    else:
        group = groups.found_in(wish.sender, wish.name.lower(), wish.room_id)
    _begun(wish, group)
    wish.answer(_is_group(group, weak=groups.is_weak(wish.room_id)))
    return [Said(None)]


def _is_group(group: Actor, *, weak: bool) -> str:
    acct, url = html.escape(group.acct), html.escape(group.url)
    power = (
        " Give me power 50 here: without it I cannot take out, pin or ban what moderators"
        " elsewhere decide."
    )
    return (
        f'<p>This room is the group <strong>@{acct}</strong> now: <a href="{url}">{url}</a>. What'
        " people with a profile write here is public from now on, and so is what the group's"
        " followers elsewhere write to it; what was said before stays here. Whoever has power 50"
        f" and a profile moderates.{power if weak else ''} I invited you to the group's desk. To"
        f" end it for good: <code>!ownroom group delete {html.escape(group.handle)}</code></p>"
    )


def _end(wish: Wish, room: Room | None) -> Sequence[Said]:
    group = room.actor if room and room.kind == Room.Kind.GROUP else None
    if group is None:
        raise Forbidden("this room is no group")
    if room is None or wish.sender != room.owner:
        raise Forbidden("only the group's owner ends it")
    if wish.name.lower().lstrip("@").partition("@")[0] != group.handle:
        raise Unreadable(f"to end it for good, type: !ownroom group delete {group.handle}")
    wish.answer(
        "<p>The group is gone: its followers are told, and nothing that is written here is"
        " published any more. The room and what is in it stay; the name is not given out"
        " again.</p>"
    )
    return [Said(None if group.left else Leave(author=group.uri, at=wish.at))]
