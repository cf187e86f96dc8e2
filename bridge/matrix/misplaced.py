"""What was meant for the bot and typed where others read it: no post, and its author is told."""

from collections.abc import Mapping
from typing import Any

from bridge import html, names
from bridge.errors import Forbidden
from bridge.matrix import messages, pills, shapes
from bridge.matrix.commands.desk import COMMANDS, CREATING
from bridge.models import Room

REASON = "a word to the bot, in a room that is no desk"
WORDS = frozenset({"ownroom", *COMMANDS, *CREATING})
# What one says to the bot of somebody by name: published, it would tell them, and everybody.
ABOUT = frozenset(name for name, one in COMMANDS.items() if f"{name} @name@server" in one.usage)


def refuse(event: Mapping[str, Any], room: Room) -> None:
    if room.kind not in {Room.Kind.DESK, Room.Kind.CONTROL} and line(event):
        raise Forbidden(REASON)
    ones_own = room.kind in {Room.Kind.PROFILE, Room.Kind.CIRCLE}
    if ones_own and event.get("sender") == room.owner and bare(event):
        raise Forbidden(REASON)


def line(event: Mapping[str, Any]) -> str:
    """What they typed to the bot: `!` and a word that the bot knows, or just `help`."""
    content = shapes.mapping(event.get("content"))
    text = event.get("type") == "m.room.message" and content.get("msgtype") == "m.text"
    if not text or shapes.replaced(content):
        return ""
    typed = messages.plain_line(content)
    first = typed.split(maxsplit=1)[0].lower() if typed else ""
    lost = typed.lower() in {"help", "/help"}  # what one types who does not know where to ask
    return typed if lost or (first[:1] == "!" and first[1:] in WORDS) else ""


def bare(event: Mapping[str, Any]) -> str:
    """Nothing but a command about somebody, word for word as the desk wants it, and no answer to
    anything. With one more word it is a post, as people recommend one another.
    """
    content = shapes.mapping(event.get("content"))
    text = event.get("type") == "m.room.message" and content.get("msgtype") == "m.text"
    body = shapes.text(content.get("body")).strip()
    if not text or "\n" in body or "m.relates_to" in content:
        return ""
    name, *words = pills.spelled(body, content).split() or [""]
    whom, *more = words or [""]
    ends = not more or (name.lower() == "mute" and len(more) == 2 and more[0] == "for")
    named = names.is_user_id(whom) or names.parse_acct(whom)
    return body if ends and named and name.lower() in ABOUT else ""


def answer(event: Mapping[str, Any]) -> str:
    """What they are told in their desk."""
    link = html.escape(names.matrix_link(str(event["room_id"]), str(event["event_id"])))
    typed = html.escape((line(event) or bare(event))[:500])
    anyway = " If it is a post, write it there again with one more word." if bare(event) else ""
    return (
        f'<p><a href="{link}">What you typed there</a> was for me, I think, so I published'
        f" nothing. Say it here instead: <code>{typed}</code>{anyway}</p>"
    )
