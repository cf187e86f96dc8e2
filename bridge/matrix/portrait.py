"""What a profile room's own state says of its owner: name, words, pictures, wishes."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bridge import html
from bridge.matrix import attachments, shapes, vocabulary
from bridge.matrix.vocabulary import BANNER, PROFILE
from social.acts import Emoji, Profile
from social.web import links

KINDS = ("m.room.name", "m.room.topic", "m.room.avatar", BANNER, "m.room.join_rules", PROFILE)
KNOCKING = ("knock", "knock_restricted")
QUOTES = ("public", "followers", "nobody")
WISHES = ("locked", "discoverable", "indexable", "hide_network")


def changed(profile: Profile, event: Mapping[str, Any]) -> Profile | None:
    """The profile as the owner's event makes it; None where it says nothing about it."""
    said = _said(event)
    return None if said is None else replace(profile, **said)


def _said(event: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, content = event.get("type"), event["content"]
    readings: dict[object, Callable[[], dict[str, Any]]] = {
        "m.room.name": lambda: {"name": html.warning(shapes.text(content.get("name")))[:255]},
        "m.room.topic": lambda: {"summary": _topic(shapes.text(content.get("topic")))},
        "m.room.avatar": lambda: {"icon": _picture(event)},
        BANNER: lambda: {"header": _picture(event)},
        **dict.fromkeys(vocabulary.PACKS, lambda: {"emojis": _pack(event)}),
        "m.room.join_rules": lambda: {"locked": content.get("join_rule") in KNOCKING},
        PROFILE: lambda: _wishes(content),
    }
    return readings[kind]() if kind in readings else None


def _wishes(content: Mapping[str, Any]) -> dict[str, Any]:
    flags = {key: content[key] for key in WISHES if isinstance(content.get(key), bool)}
    quotes = content.get("quotes")
    return flags | ({"quotes": quotes} if quotes in QUOTES else {})


def _topic(said: str) -> str:
    return html.from_matrix(said, None, lambda _: None).html


def _pack(event: Mapping[str, Any]) -> tuple[Emoji, ...]:
    origin, event_id = links.media_origin(), str(event.get("event_id"))
    return attachments.pack(event["content"], origin, event_id)


def _picture(event: Mapping[str, Any]) -> str:
    origin, event_id = links.media_origin(), str(event.get("event_id"))
    return attachments.picture(event["content"], origin, event_id)
