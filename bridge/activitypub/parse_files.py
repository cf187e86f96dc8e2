"""Files of an object: what is attached, and what a film, a sound or a picture is itself. Pure."""

import re
from collections.abc import Iterator
from typing import Any

from bridge import names
from bridge.activitypub import jsonld
from social.acts import Attachment
from social.framing import focus

Json = dict[str, Any]

MOST = 16
MAX_PIXELS = 100_000
MAX_ALT = 5_000
MAX_FILM = 200_000_000  # bytes: of what says to be larger not even the limit is tried
HEIGHT = 720  # pixels of a film that is watched in a room

_LINKS = 50  # read in `url`, and in each of them
_MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+_-]{1,80}")
_ITSELF = {"Video": "video/mp4", "Audio": "audio/", "Image": "image/"}  # and how its type begins


def of(obj: Json, *, card: bool) -> tuple[Attachment, ...]:
    """`card`: of an object that is no Note its own file and a picture of it as well."""
    items = [*attached(obj), *(_own(obj) if card else ())]
    read = (_attachment(item) for item in items if "Link" not in jsonld.types(item))
    found = {attachment.url: attachment for attachment in read if attachment.url}
    return tuple(found.values())[:MOST]


def attached(obj: Json) -> list[Json]:
    return _objects(obj.get("attachment"), 2 * MOST)


def _objects(value: Any, most: int) -> list[Json]:
    return [item for item in jsonld.as_list(value)[:most] if isinstance(item, dict)]


def _own(obj: Json) -> Iterator[Json]:
    """A cover (PeerTube: several sizes as `icon`), an episode's `audio` (Castopod), the file."""
    covers = _objects(obj.get("image"), MOST) or _objects(obj.get("icon"), MOST)
    if covers:
        yield max(covers, key=lambda cover: _pixels(cover.get("width")))
    yield from _objects(obj.get("audio"), 1)
    begins = next((_ITSELF[kind] for kind in jsonld.types(obj) if kind in _ITSELF), "")
    fits = [link for link in _links(obj) if begins and _type(link).startswith(begins)]
    if fits:
        best = min(fits, key=_fitness)
        size = {key: best.get(key) for key in ("width", "height")}
        told = {"mediaType": _type(best), "duration": obj.get("duration"), **size}
        yield {"type": "Document", "url": jsonld.link(best), **told}


def _links(obj: Json) -> Iterator[Json]:
    """Where it can be had; PeerTube has those of a playlist in its `tag`."""
    for link in _objects(obj.get("url"), _LINKS):
        for one in (link, *_objects(link.get("tag"), _LINKS)):
            size = one.get("size")
            if jsonld.link(one) and not (isinstance(size, int) and size > MAX_FILM):
                yield one


def _fitness(link: Json) -> tuple[bool, int]:
    """The highest up to what a room shows, else the lowest."""
    height = _pixels(link.get("height"))
    return height > HEIGHT, height if height > HEIGHT else -height


def _type(link: Json) -> str:
    found = jsonld.text(link.get("mediaType")).lower()
    return found if _MEDIA_TYPE.fullmatch(found) else ""


def _attachment(item: Json) -> Attachment:
    """GoToSocial writes the description into `summary`, most others into `name`."""
    url = jsonld.link(item.get("url")) or jsonld.link(item)
    if "PropertyValue" in jsonld.types(item) or not names.origin_of(url):
        url = ""
    alt = jsonld.text(item.get("name")) or jsonld.text(item.get("summary"))
    target = jsonld.first(item.get("url"))
    media_type = _type(item) or (_type(target) if isinstance(target, dict) else "")
    return Attachment(
        url=url,
        media_type=media_type,
        alt=alt[:MAX_ALT],
        width=_pixels(item.get("width")),
        height=_pixels(item.get("height")),
        blurhash=jsonld.text(item.get("blurhash"))[:160],
        focus=_focus(item.get("focalPoint")),
        duration=jsonld.duration(item.get("duration")),
        voice=item.get("voice") is True and media_type.startswith("audio/"),
    )


def _focus(value: Any) -> str:
    """Mastodon: two numbers, from the left or the bottom (-1) to the right or the top."""
    match value:
        case [float() | int() as x, float() | int() as y] if not {type(x), type(y)} & {bool}:
            return focus(float(x), float(y)) if max(abs(x), abs(y)) <= 1 else ""
        case _:
            return ""


def _pixels(value: Any) -> int:
    known = isinstance(value, int) and not isinstance(value, bool) and 0 < value < MAX_PIXELS
    return value if known else 0
