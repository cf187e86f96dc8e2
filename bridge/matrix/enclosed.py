"""Files that a post encloses, as events: the first carries its words, others stand alone. Pure.

Client-Server API, "Media captions": in an event of a file `body` is its caption where `filename`
is another. What a picture shows stands in brackets there, and whole in `social.ownroom.alt`.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from bridge import filetypes, html
from bridge.html import Formatted
from bridge.matrix import shapes, vocabulary
from social.acts import Attachment, Content

MOST = 16  # as many as are read (bridge/activitypub/parse_post.py)
_GLANCE = 2_000  # letters of an edit, for clients without edits
_STYLED = {"format", "formatted_body"}
_ALT = 300  # letters of a description where everybody reads it
_NAME = re.compile(r"[\w.-]{1,100}")
_FILE = re.compile(r"[\w.() -]{1,100}\.[A-Za-z0-9]{1,8}")
_BLURHASH = re.compile(r"[0-9A-Za-z#$%*+,./:;=?@\[\]^_{|}~-]{6,160}")
_LABELS = {"image": "Picture", "video": "Video", "audio": "Audio", "file": "File"}


@dataclass(frozen=True, slots=True)
class File:
    """A file that our homeserver has."""

    mxc: str
    type: str
    size: int = 0
    width: int = 0  # pixels, as it is to be held; 0 when unknown
    height: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """A further event of a post with several files, as it stands in a room."""

    event: str
    number: int
    shows: str  # the digest of what stands in it


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A file with what its sender says of it."""

    said: Attachment
    file: File
    content: Content  # of the post

    @property
    def digest(self) -> str:
        """The same for what looks the same in a room."""
        post = self.content
        about = [asdict(self.said), asdict(self.file), post.summary, post.sensitive]
        return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def carried(content: Content, files: Mapping[str, File]) -> Sequence[Enclosed]:
    """What of it the homeserver has, in order."""
    wanted = content.attachments[:MOST]
    return [Enclosed(one, files[one.url], content) for one in wanted if one.url in files]


def links(content: Content, files: Mapping[str, File]) -> str:
    """HTML: where the rest can be opened."""
    rest = (one for one in content.attachments[:MOST] if one.url not in files)
    return "".join(map(_link, rest))


def described(one: Enclosed) -> str:
    """HTML: what the file shows, in brackets."""
    label = _label(one.said)
    return f"<p>[{html.escape(label)}]</p>" if label else ""


def name_of(url: str, media_type: str, said: str = "") -> str:
    """A file's name, as its address ends, its type's where that says nothing; of a document what
    is `said` of it, where that is a name.
    """
    if filetypes.kind(media_type) == "file" and _FILE.fullmatch(said):
        return said
    found = unquote(urlsplit(url).path.rpartition("/")[2])
    if _NAME.fullmatch(found) and "." in found.strip("."):
        return found
    kind, _, short = media_type.partition("/")
    return f"{kind if kind != 'application' else 'file'}.{short.rpartition('+')[2] or 'bin'}"


def message(one: Enclosed, words: Formatted | None) -> dict[str, Any]:
    """The content of an event that shows a file; `words`: its caption."""
    name = name_of(one.said.url, one.file.type, one.said.alt)
    content: dict[str, Any] = {
        "msgtype": f"m.{filetypes.kind(one.file.type)}",
        "body": name,
        "filename": name,
        "url": one.file.mxc,
        "info": _info(one),
        **_warning(one.content),
    }
    if one.said.alt:
        content[vocabulary.ALT] = shapes.clean(one.said.alt)
    if one.said.focus:
        content[vocabulary.FOCUS] = one.said.focus
    if one.said.voice and content["msgtype"] == "m.audio":
        content |= {vocabulary.VOICE: {}, vocabulary.AUDIO: {"duration": one.said.duration}}
    if words and words.body.strip():
        content |= {"body": words.body, "format": shapes.HTML, "formatted_body": words.formatted}
    return content


def further(one: Enclosed, number: int, *, of: str, post: str) -> dict[str, Any]:
    """The content of a part; `of`: the event that has the words."""
    words = html.to_matrix(described(one), {})
    return message(one, words) | {vocabulary.PART: _mark(one, number, of=of, post=post)}


def first(one: Enclosed, post: str) -> dict[str, Any]:
    """What marks the event with the words."""
    return {vocabulary.PART: _mark(one, 0, of="", post=post)}


def replaced(content: Mapping[str, Any], event: str) -> dict[str, Any]:
    """The same as an edit of what stands there. For clients without edits it is a file as well."""
    new = {key: value for key, value in content.items() if key != "m.relates_to"}
    related = {"rel_type": "m.replace", "event_id": event}
    told = {"body": edited(new["body"]), "m.new_content": new, "m.relates_to": related}
    return {key: new[key] for key in new.keys() - _STYLED} | told


def edited(body: str) -> str:
    """The words of an edit for clients that know none: the whole stands beside them once, or what
    is long would not fit.
    """
    return f"* {body if len(body) <= _GLANCE else f'{body[:_GLANCE]}…'}"


def copied(url: str, file: File) -> dict[str, Any]:
    """A picture of somebody elsewhere that stands for them, as a room's state or a ghost's card:
    `source` finds out again whence it is.
    """
    sides = {"w": file.width, "h": file.height} if file.width and file.height else {}
    info = {"mimetype": file.type, "size": file.size, **sides}
    return {"url": file.mxc, "info": info, vocabulary.PART: {"v": 1, "url": shapes.clean(url)}}


def source(content: Mapping[str, Any]) -> tuple[str, File] | None:
    """Of an event that shows a file of somebody else: whence it is, and the file itself."""
    mark, info = shapes.mapping(content.get(vocabulary.PART)), shapes.mapping(content.get("info"))
    url, mxc = shapes.text(mark.get("url")), shapes.text(content.get("url"))
    if not url or not mxc:
        return None
    sides = shapes.number(info.get("w")), shapes.number(info.get("h"))
    return url, File(
        mxc, shapes.text(info.get("mimetype")), shapes.number(info.get("size")), *sides
    )


def _mark(one: Enclosed, number: int, *, of: str, post: str) -> dict[str, Any]:
    told = {"of": of, "id": shapes.clean(post), "url": shapes.clean(one.said.url)}
    known = {key: value for key, value in told.items() if value}
    return {"v": 1, "i": number, "is": one.digest, **known}


def _info(one: Enclosed) -> dict[str, Any]:
    said, file = one.said, one.file
    info: dict[str, Any] = {"mimetype": file.type, "size": file.size}
    kind = filetypes.kind(file.type)
    if kind in {"image", "video"}:
        sides = (file.width, file.height) if file.width else (said.width, said.height)
        info |= {"w": sides[0], "h": sides[1]} if all(sides) else {}
        if _BLURHASH.fullmatch(said.blurhash):
            info["xyz.amorgan.blurhash"] = said.blurhash  # MSC2448
    if kind in {"audio", "video"} and said.duration:
        info["duration"] = said.duration
    return info


def _warning(content: Content) -> dict[str, Any]:
    """MSC4193 and MSC3725, of which clients know the one or the other."""
    if not content.summary and not content.sensitive:
        return {}
    reason = html.warning(content.summary)
    told: dict[str, Any] = {
        shapes.SPOILER_4193: True,
        shapes.WARNING_3725: {"type": "town.robin.msc3725.spoiler"},
    }
    if reason:
        told[f"{shapes.SPOILER_4193}.reason"] = reason
        told[shapes.WARNING_3725]["description"] = reason
    return told


def _link(found: Attachment) -> str:
    label, named = _label(found), _LABELS[filetypes.kind(found.media_type)]
    shown = f"{named}: {label}" if label else named
    return f'<p><a href="{html.escape(found.url)}">{html.escape(shown)}</a></p>'


def _label(found: Attachment) -> str:
    label = html.warning(found.alt)
    return label if len(label) <= _ALT else f"{label[:_ALT]}…"
