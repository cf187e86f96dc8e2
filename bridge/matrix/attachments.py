"""Files that a message carries -> attachments of a post, under addresses of our own. Pure.

The address has the post's name and the file's: only who was given the post knows it, and once the
post is gone it leads nowhere.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from bridge import html_emoji, names
from bridge.matrix import shapes, vocabulary
from social.acts import Attachment, Emoji, Ignored
from social.framing import focus

KINDS = {"m.image": "image", "m.video": "video", "m.audio": "audio", "m.file": "application"}
GALLERY = "dm.filament.gallery"  # MSC4274
PACK = 100  # pictures of one pack
MOST = 16  # in one post, as many as are read from others
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_=-]{1,255})")
_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]{1,100}")
ENCRYPTED = "an encrypted file: nobody outside of the room could open it"
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,./:;=?@\[\]^_{|}~-]{6,160}")
_ALT = 5_000  # letters, as many as are read from others
_NUMBER = re.compile(r"-?[01](?:\.\d{1,6})?", re.ASCII)
_LONGEST = 31 * 86_400_000  # milliseconds
_ENDINGS = {f"image/{kind}": f".{kind}" for kind in ("png", "jpeg", "gif", "webp")}


def carried(
    content: Mapping[str, Any], origin: str, event: str
) -> tuple[Attachment, ...] | Ignored:
    """All files of one message; Ignored where one of them is encrypted or no file at all."""
    found = tuple(_files(content))[:MOST]
    if any("file" in one for one in found):
        return Ignored(reason=ENCRYPTED)
    read = tuple(_attachment(one, origin, event) for one in found)
    if not read or not all(one.url for one in read):
        return Ignored(reason="a file without an address")
    return read


def left_out(content: Mapping[str, Any]) -> str:
    """What its author should hear of it, as HTML; empty where all its files go out."""
    new = shapes.new_content(content) if shapes.replaced(content) else content
    count = sum(1 for _ in _files(new))
    if count <= MOST:
        return ""
    return f"<p>A post has {MOST} files at most: of yours the first {MOST} of {count} went out.</p>"


def still_described(
    now: Iterable[Attachment], before: Iterable[Attachment]
) -> tuple[Attachment, ...]:
    """The files of an edit: what was said of one that stays holds, if nothing else is said now."""
    said = {one.url: one for one in before}
    return tuple(
        replace(one, alt=one.alt or old.alt, focus=one.focus or old.focus)
        if (old := said.get(one.url))
        else one
        for one in now
    )


def picture(content: Mapping[str, Any], origin: str, event: str) -> str:
    """A room's avatar or banner, as a picture of its owner's profile; empty where there is none.

    Its address ends as files of its type do: servers read the type off it.
    """
    found = _MXC.fullmatch(shapes.text(content.get("url")))
    if not found:
        return ""
    kind = shapes.text(shapes.mapping(content.get("info")).get("mimetype"))
    return names.media_uri(origin, event, *found.groups()) + _ENDINGS.get(kind.lower(), "")


def place(mxc: str) -> tuple[str, ...]:
    """Server and key; nothing for what is no address of a file."""
    found = _MXC.fullmatch(mxc)
    return found.groups() if found else ()


def pack(content: Mapping[str, Any], origin: str, event: str) -> tuple[Emoji, ...]:
    """Client-Server API, "Image packs": those of its pictures that are meant for texts."""
    whole = shapes.mapping(content.get("pack")).get("usage")
    found: dict[str, Emoji] = {}
    for name, image in list(shapes.mapping(content.get("images")).items())[: 4 * PACK]:
        said = shapes.mapping(image)
        where = place(shapes.text(said.get("url")))
        usage = said.get("usage") or whole
        if not where or (isinstance(usage, list) and usage and "emoticon" not in usage):
            continue
        kind = shapes.text(shapes.mapping(said.get("info")).get("mimetype")).lower()
        kind = kind if kind in _ENDINGS else ""
        url = names.media_uri(origin, event, *where) + _ENDINGS.get(kind, "")
        code = html_emoji.shortcode(str(name))
        found.setdefault(code, Emoji(shortcode=code, url=url, media_type=kind))
    return tuple(found.values())[:PACK]


def caption(content: Mapping[str, Any]) -> bool:
    """Client-Server API, "Media captions": words are one only where the file has another name."""
    filename = shapes.text(content.get("filename"))
    return bool(filename) and filename != shapes.text(content.get("body"))


def _files(content: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if content.get("msgtype") in KINDS:
        yield content
    for item in _items(content.get("itemtypes") if content.get("msgtype") == GALLERY else ()):
        yield item | {"msgtype": item.get("itemtype")}
    yield from listed(content)


def listed(content: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Further files of a post from our own pages, each as the content of an event of its own."""
    yield from _items(shapes.mapping(content.get(vocabulary.POST)).get("parts"))


def _items(value: Any) -> Iterator[dict[str, Any]]:
    yield from (
        item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict)
    )


def _attachment(content: Mapping[str, Any], origin: str, event: str) -> Attachment:
    info = shapes.mapping(content.get("info"))
    found = _MXC.fullmatch(shapes.text(content.get("url")))
    media_type = _media_type(content, info)
    return Attachment(
        url=names.media_uri(origin, event, *found.groups()) if found else "",
        media_type=media_type,
        alt=(shapes.text(content.get(vocabulary.ALT)) or _file_name(content))[:_ALT],
        width=_size(info.get("w")),
        height=_size(info.get("h")),
        blurhash=_blurhash(info),
        focus=_focus(content.get(vocabulary.FOCUS)),
        duration=min(shapes.number(info.get("duration")), _LONGEST),
        voice=isinstance(content.get(vocabulary.VOICE), dict) and media_type.startswith("audio/"),
    )


def _file_name(content: Mapping[str, Any]) -> str:
    """Of a document the name says what it is; that of a picture is its camera's."""
    if content.get("msgtype") != "m.file":
        return ""
    return shapes.text(content.get("filename")) or shapes.text(content.get("body"))


def _focus(value: Any) -> str:
    x, _, y = shapes.text(value).partition(",")
    return focus(float(x), float(y)) if _NUMBER.fullmatch(x) and _NUMBER.fullmatch(y) else ""


def _media_type(content: Mapping[str, Any], info: Mapping[str, Any]) -> str:
    """What the client said, if it goes with what it sent; else the kind alone."""
    kind = KINDS.get(shapes.text(content.get("msgtype")), "application")
    said = shapes.text(info.get("mimetype")).partition(";")[0].strip().lower()
    if _TYPE.fullmatch(said) and (kind == "application" or said.startswith(f"{kind}/")):
        return said
    return {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}.get(kind, "")


def _size(value: Any) -> int:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000
        else 0
    )


def _blurhash(info: Mapping[str, Any]) -> str:
    for key in ("blurhash", "xyz.amorgan.blurhash"):
        found = shapes.text(info.get(key))
        if _BLURHASH.fullmatch(found):
            return found
    return ""
