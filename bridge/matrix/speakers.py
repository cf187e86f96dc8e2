"""Who says in a room what somebody elsewhere wrote: their ghost, or the bot in their name.

Each member of a room costs every homeserver in it something for ever. So a group's room takes in a
bounded number of ghosts; of whoever comes later the bot repeats the words (MSC4144).
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from bridge import html
from bridge.matrix import registration, render, shapes, vocabulary
from bridge.models import Anchor, Room
from social.acts import Act, Boost, React, Retract, Revise, Tally, Undo
from social.measures import Lock, Remove
from social.models import Actor

_FALLBACK = "data-mx-profile-fallback"


@dataclass(frozen=True, slots=True)
class Name:
    """In whose name the bot speaks."""

    id: str
    shown: str


def is_full(room: Room, author: Actor) -> bool:
    """Whether a room has ghosts enough without this author's."""
    if room.actor is None or room.actor.kind != "group" or room.actor == author:
        return False
    spoken = Anchor.objects.filter(room=room, sender__startswith=f"@{registration.PREFIX}")
    spoken = spoken.exclude(sender=registration.load().bot)
    if spoken.filter(sender=_ghost(author)).exists():
        return False
    many = spoken.values("sender").distinct().count()
    return int(many) >= int(settings.OWNROOM_ROOM_GHOSTS)


def by_bot(act: Act, room: Room, author: Actor, event: str) -> bool:
    """`event`: what the act is about, as it stands in the room."""
    said = act.undone if isinstance(act, Undo) else act
    if isinstance(said, Lock):
        return False  # the bot tells it in its own name
    if isinstance(act, Remove):
        return True  # whoever moderates elsewhere has no power here
    if isinstance(act, Revise | Retract | Undo):
        return Anchor.objects.filter(event_id=event, sender=registration.load().bot).exists()
    if isinstance(act, Tally) and author.is_local:
        return False  # the bot tells it in its own name
    return author.is_local or is_full(room, author) or _is_silenced(room, author)


def _is_silenced(room: Room, author: Actor) -> bool:
    """Where only who moderates may speak, no other ghost has the power to."""
    group = room.actor if room.kind == Room.Kind.GROUP else None
    return bool(group and group.restricted and author.uri not in group.moderators)


def keeps_silent(act: Act) -> bool:
    """A reaction by the bot would say nothing of who reacts."""
    return isinstance(act, React | Boost)


def in_the_name_of(name: Name, written: render.Send, ghost: str) -> render.Send:
    content = dict(written.content)
    new = content.get("m.new_content")
    if isinstance(new, dict):
        content["m.new_content"] = _named(name, new)
    content = _named(name, content)
    copy = content.get(vocabulary.OBJECT)
    if isinstance(copy, dict) and ghost:
        content[vocabulary.OBJECT] = {**copy, "ghost": ghost}
    return render.Send(written.type, content)


def _named(name: Name, content: dict[str, Any]) -> dict[str, Any]:
    """With the name in front, for clients that do not know the key."""
    said = html.escape(name.shown)
    mark = {"id": name.id, "displayname": name.shown, "has_fallback": True}
    named = {**content, vocabulary.MESSAGE_PROFILE: mark}
    named["body"] = f"{name.shown}: {content.get('body', '')}"
    formatted = content.get("formatted_body")
    if isinstance(formatted, str):
        named["formatted_body"] = f"<strong {_FALLBACK}>{said}: </strong>{formatted}"
        named["format"] = shapes.HTML
    return named


def name_of(author: Actor) -> Name:
    shown = html.warning(author.title)[:100] or author.handle
    return Name(id=f"@{author.acct}"[:255], shown=shown)


def _ghost(author: Actor) -> str:
    ghost = getattr(author, "ghost", None)
    return ghost.mxid if ghost else ""
