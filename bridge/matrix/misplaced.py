"""What was meant for the bot and typed where others read it: no post, and its author is told."""

from collections.abc import Mapping
from typing import Any

from bridge import html, names
from bridge.errors import Forbidden
from bridge.matrix import messages, shapes
from bridge.matrix.commands.desk import COMMANDS, CREATING
from bridge.models import Room

REASON = "a word to the bot, in a room that is no desk"
WORDS = frozenset({"ownroom", *COMMANDS, *CREATING})


def refuse(event: Mapping[str, Any], room: Room) -> None:
    if room.kind not in {Room.Kind.DESK, Room.Kind.CONTROL} and line(event):
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


def answer(event: Mapping[str, Any]) -> str:
    link = html.escape(names.matrix_link(str(event["room_id"]), str(event["event_id"])))
    typed = html.escape(line(event)[:500])
    return (
        f'<p><a href="{link}">What you typed there</a> was for me, I think, so I published'
        f" nothing. Say it here instead: <code>{typed}</code></p>"
    )
