"""What a profile room's own state says of its owner: name, words, pictures, wishes."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridge import html, names
from bridge.matrix import attachments, shapes, vocabulary
from bridge.matrix.vocabulary import BANNER, PROFILE
from social.acts import Emoji, Field, Profile
from social.habits import Habits
from social.web import links

KINDS = ("m.room.name", "m.room.topic", "m.room.avatar", BANNER, "m.room.join_rules", PROFILE)
KNOCKING = ("knock", "knock_restricted")
QUOTES = ("public", "followers", "nobody")
WISHES = ("locked", "discoverable", "indexable", "hide_network")
DEFAULTS = ("public", "unlisted", "private")
KINDS_OF_OWNERS = {"person": "person", "bot": "service"}  # a group is founded at the desk
FIELDS, ALIASES, DOMAINS = 16, 20, 20  # of one profile
_LABEL, _VALUE = 255, 2000  # letters
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")


def changed(profile: Profile, event: Mapping[str, Any]) -> Profile | None:
    """The profile as the owner's event makes it; None where it says nothing about it."""
    said = _said(profile, event)
    return None if said is None else replace(profile, **said)


def field(name: str, value: str) -> Field:
    """`value` as typed: an address alone becomes a link that says whose page it is."""
    said = html.escape(value[:_VALUE])
    if value.startswith(("https://", "http://")) and " " not in value:
        said = f'<a href="{said}" rel="me nofollow noopener">{said}</a>'
    return Field(name=html.warning(name)[:_LABEL], value=said)


def domain(said: str) -> str:
    """A name of a website, or nothing."""
    found = said.strip().lower().rstrip(".")
    return found if _DOMAIN.fullmatch(found) else ""


def closes(event: Mapping[str, Any]) -> bool:
    """Whether from now on not everybody can come into the room, or read in it."""
    content = shapes.mapping(event.get("content"))
    match event.get("type"):
        case "m.room.join_rules":
            return shapes.text(content.get("join_rule")) not in {"public", *KNOCKING}
        case "m.room.history_visibility":
            return content.get("history_visibility") != "world_readable"
        case _:
            return False


def opens(event: Mapping[str, Any]) -> bool:
    """Whether from now on anybody can come into the room, or read in it without."""
    content = shapes.mapping(event.get("content"))
    match event.get("type"):
        case "m.room.join_rules":
            return shapes.text(content.get("join_rule")) not in {"invite", "private", "knock"}
        case "m.room.history_visibility":
            return content.get("history_visibility") == "world_readable"
        case _:
            return False


def _said(profile: Profile, event: Mapping[str, Any]) -> dict[str, Any] | None:
    kind, content = event.get("type"), event["content"]
    readings: dict[object, Callable[[], dict[str, Any]]] = {
        "m.room.name": lambda: {"name": html.warning(shapes.text(content.get("name")))[:255]},
        "m.room.topic": lambda: {"summary": _topic(content)},
        "m.room.avatar": lambda: {"icon": _picture(event)},
        BANNER: lambda: {"header": _picture(event)},
        **dict.fromkeys(vocabulary.PACKS, lambda: {"emojis": _pack(event)}),
        "m.room.join_rules": lambda: {"locked": content.get("join_rule") in KNOCKING},
        PROFILE: lambda: _wishes(content, profile),
    }
    return readings[kind]() if kind in readings else None


def _wishes(content: Mapping[str, Any], profile: Profile) -> dict[str, Any]:
    """What it does not speak of stays as it is; it may have been said at the desk."""
    found = {key: content[key] for key in WISHES if isinstance(content.get(key), bool)}
    habits = shapes.mapping(content.get("defaults"))
    for quotes in (habits.get("quote_policy"), content.get("quotes")):
        found |= {"quotes": quotes} if quotes in QUOTES else {}
    kind = KINDS_OF_OWNERS.get(shapes.text(content.get("kind")))
    if kind and profile.kind in KINDS_OF_OWNERS.values():
        found["kind"] = kind
    if isinstance(content.get("fields"), list):
        found["fields"] = tuple(_fields(content["fields"]))[:FIELDS]
    if isinstance(content.get("aka"), list):
        named = filter(names.origin_of, shapes.texts(content["aka"]))
        found["aliases"] = tuple(uri for uri in dict.fromkeys(named) if uri != profile.uri)[
            :ALIASES
        ]
    if isinstance(content.get("attribution_domains"), list):
        told = filter(None, map(domain, shapes.texts(content["attribution_domains"])))
        found["attribution_domains"] = tuple(dict.fromkeys(told))[:DOMAINS]
    return found | {"habits": _habits(content, habits, profile.habits)}


def _fields(said: Iterable[Any]) -> Iterator[Field]:
    for one in map(shapes.mapping, said):
        name, value = shapes.text(one.get("name")).strip(), shapes.text(one.get("value")).strip()
        if name and value:
            yield field(name, value)


def _habits(content: Mapping[str, Any], said: Mapping[str, Any], old: Habits) -> Habits:
    found: dict[str, Any] = {}
    if said.get("vis") in DEFAULTS:
        found["visibility"] = said["vis"]
    if isinstance(said.get("lang"), str):
        found["language"] = shapes.language(said["lang"])
    if isinstance(said.get("cw"), str):
        found["warning"] = html.warning(said["cw"])
    if isinstance(content.get("federate_notices"), bool):
        found["notices"] = content["federate_notices"]
    return replace(old, **found)


def _topic(content: Mapping[str, Any]) -> str:
    """MSC3765: the topic may stand there in HTML as well."""
    told = shapes.mapping(content.get("m.topic")).get("m.text")
    forms = [shapes.mapping(one) for one in told[:10]] if isinstance(told, list) else []
    rich = (one for one in forms if one.get("mimetype") == "text/html")
    formatted = next(filter(None, (shapes.text(one.get("body")) for one in rich)), None)
    return html.from_matrix(shapes.text(content.get("topic")), formatted, lambda _: None).html


def _pack(event: Mapping[str, Any]) -> tuple[Emoji, ...]:
    origin, event_id = links.media_origin(), str(event.get("event_id"))
    return attachments.pack(event["content"], origin, event_id)


def _picture(event: Mapping[str, Any]) -> str:
    origin, event_id = links.media_origin(), str(event.get("event_id"))
    return attachments.picture(event["content"], origin, event_id)
