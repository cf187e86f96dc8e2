"""Tolerant readers of event JSON. Pure.

What comes in is anybody's JSON: every reader answers with a clean value of the right type, or
with its empty value; none of them raises.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge import names
from bridge.matrix.vocabulary import SOCIAL
from social.acts import Ignored

REPOST = f"{SOCIAL}.repost"  # MSC4501
WARNING_3725 = "town.robin.msc3725.content_warning"
SPOILER_4193 = "page.codeberg.everypizza.msc4193.spoiler"
SHORTCODE = "shortcode"  # MSC4027, of a reaction that is a picture
SHORTCODE_BEEPER = "com.beeper.reaction.shortcode"

HTML = "org.matrix.custom.html"
LONGEST_TIME = 253_402_300_799_000  # the last second of the year 9999, in milliseconds
LARGEST = 2**53 - 1  # Client-Server API, "Canonical JSON": integers beyond are refused
_DAY = 86_400_000
_MENTIONED = 50  # as bridge.html_find

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
# RFC 5646, section 4.4.1: 35 letters hold every tag that is in use, and a column of ours no more.
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """The envelope of one event, checked."""

    id: str
    type: str
    sender: str
    at: int
    content: Mapping[str, Any]
    redacts: str = ""  # the older place of the key, up to room version 10


def read(event: Any) -> Event | Ignored:
    """The envelope, or why it cannot be one."""
    if not isinstance(event, dict):
        return Ignored(reason="not an event")
    if "state_key" in event:
        return Ignored(reason="the room's own state is handled elsewhere")
    content = event.get("content")
    if not isinstance(content, dict):
        return Ignored(reason="an event without content")
    sender, event_id = text(event.get("sender")), text(event.get("event_id"))
    if not names.is_user_id(sender):
        return Ignored(reason="the sender is not a user")
    if not names.is_event_id(event_id):
        return Ignored(reason="not an event id of a supported room version")
    return Event(
        id=event_id,
        type=text(event.get("type")),
        sender=sender,
        at=number(event.get("origin_server_ts")),
        content=content,
        redacts=event_ref(event.get("redacts")),
    )


def clean(value: str) -> str:
    """Without what neither network can carry: U+0000 and halves of surrogate pairs."""
    return _UNSTORABLE.sub("", value)


def text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def language(value: Any) -> str:
    """A tag of BCP 47, or nothing."""
    found = text(value)
    return found if _LANGUAGE.fullmatch(found) else ""


def number(value: Any) -> int:
    """Milliseconds; 0 for what is no time of the years 1970 to 9999."""
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return min(max(value, 0), LONGEST_TIME)


def sane_time(value: int, now: int) -> int:
    """A claimed time, unless it is missing or a day ahead of `now` (0: unknown)."""
    if now and (value <= 0 or value > now + _DAY):
        return now
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a list, a single one counting as a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(filter(None, map(text, values)))


def event_ref(value: Any) -> str:
    """An event id, or nothing."""
    found = text(value)
    return found if names.is_event_id(found) else ""


def relation(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(content.get("m.relates_to"))


def replaced(content: Mapping[str, Any]) -> str:
    """The event that this one edits (Client-Server API, "Event replacements")."""
    related = relation(content)
    return event_ref(related.get("event_id")) if related.get("rel_type") == "m.replace" else ""


def answered(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The events that this one answers, the nearest first (Client-Server API, "Threading").

    In a thread the reply target may be there only for clients without threads: it is then the
    latest message, whoever wrote it, and the root counts.
    """
    related = relation(content)
    target = event_ref(mapping(related.get("m.in_reply_to")).get("event_id"))
    root = event_ref(related.get("event_id")) if related.get("rel_type") == "m.thread" else ""
    if root and related.get("is_falling_back") is True:
        target = ""
    return tuple(filter(None, (target, root)))


def annotated(content: Mapping[str, Any]) -> str:
    related = relation(content)
    known = related.get("rel_type") == "m.annotation"
    return event_ref(related.get("event_id")) if known else ""


def referred(content: Mapping[str, Any]) -> str:
    related = relation(content)
    known = related.get("rel_type") == "m.reference"
    return event_ref(related.get("event_id")) if known else ""


def redacted(event: Event) -> str:
    """Room version 11 moved the key into the content."""
    return event_ref(event.content.get("redacts")) or event.redacts


def new_content(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return mapping(content.get("m.new_content"))


def mentioned(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Matrix IDs in `m.mentions`; `room` is ignored, since the fediverse has no such thing."""
    found = texts(mapping(content.get("m.mentions")).get("user_ids"))
    known = dict.fromkeys(mxid for mxid in found if names.is_user_id(mxid))
    return tuple(known)[:_MENTIONED]
