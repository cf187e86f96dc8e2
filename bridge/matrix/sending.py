"""The parts that messages into a room are made of: words, warnings, kept copies, sizes. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge import html
from bridge.html import Formatted
from bridge.matrix import enclosed, locations, shapes, vocabulary
from bridge.matrix.enclosed import File, Part
from social.acts import Emoji, Ignored, Publish

# Client-Server API, "Size limits": 65,536 bytes with signatures and all that servers add.
LIMIT = 56_000
_SHORT = 12 * 1024
_MENTIONED = 50
_GHOST = "@_ap_"
_LARGE = 16_000  # near the limit of a plain body: what is longer was cut


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """All that is known outside about one act and the room it is told in."""

    bot: str
    pills: Mapping[str, str] = field(default_factory=dict)  # actor URI or link -> Matrix ID
    author_title: str = ""
    author_acct: str = ""  # @bob@example.org
    author_card: Mapping[str, Any] = field(default_factory=dict)  # of whom no ghost may speak for
    event: str = ""  # the event that carries act.post in this room
    root: str = ""  # of the thread
    parent: str = ""  # the event answered
    raw: str = ""  # the activity, verbatim
    act: str = ""  # its URI
    auth: str = "httpsig"
    key: str = ""
    seen: int = 0
    towards: str = ""  # whom a move is about, as its handle
    lone: Mapping[str, Any] = field(default_factory=dict)  # of a boosted post that no room has
    boosted: Publish | None = None  # the post that a boost, reaction or undo is about
    boosted_title: str = ""  # its author's
    quoted: Publish | None = None  # what the post quotes, where it may be shown
    quoted_title: str = ""  # its author's
    quoted_event: str = ""  # where anybody can read it
    quoted_room: str = ""
    redact: str = ""  # the event to redact
    fits: bool = True  # whether all who read this room may read the post
    as_moderator: bool = False  # whoever reads it moderates the group in which it happened
    pending: bool = False  # a follow that waits for the owner's word
    files: Mapping[str, File] = field(default_factory=dict)  # of the post, by their addresses
    parts: tuple[Part, ...] = ()  # its further events in this room
    name_emojis: tuple[Emoji, ...] = ()  # of the names above
    emoticons: Mapping[str, str] = field(default_factory=dict)  # shortcode -> mxc
    tally: str = ""  # the event that tells how a poll stands
    ended: bool = False  # whether the poll was closed in this room already


@dataclass(frozen=True, slots=True)
class Send:
    type: str
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Redact:
    event: str
    reason: str
    content: dict[str, Any]  # kept in the redaction itself


def title(text: str) -> str:
    """A name chosen by a stranger, as HTML."""
    return html.escape(html.warning(text)) or "Somebody"


def stamp(at: int) -> int:
    """Canonical JSON allows no integers beyond 2^53 - 1."""
    return min(max(int(at), 0), shapes.LARGEST)


def message(said: Formatted, msgtype: str = "m.text") -> dict[str, Any]:
    return {
        "msgtype": msgtype,
        "body": said.body,
        "format": shapes.HTML,
        "formatted_body": said.formatted,
    }


def words(post: Publish, refs: Refs) -> dict[str, Any]:
    """A post as everybody in the room reads it, its warning in front; and its first file."""
    said = caption(post, refs)
    shown = enclosed.carried(post.content, refs.files)
    content = enclosed.message(shown[0], said) if shown else message(said)
    return content | locations.keys(post.content.place) | {"m.mentions": mentioned(post, refs)}


def caption(post: Publish, refs: Refs) -> Formatted:
    """Its words, and links to those of its files that the homeserver has not."""
    shown = enclosed.carried(post.content, refs.files)
    described = enclosed.described(shown[0]) if shown else ""
    where = locations.line(post.content.place) if post.content.place else ""
    files = enclosed.links(post.content, refs.files) + described
    written = post.content.html + _options(post) + where + files
    said = html.to_matrix(written, refs.pills, refs.emoticons)
    if len(said.body.encode()) > _LARGE or not (shown or said.body.strip()):
        more = html.to_matrix(_link(post.url or post.post, "Open the post"), {})
        said = Formatted(
            body=f"{said.body}\n{more.body}".strip(), formatted=said.formatted + more.formatted
        )
    return _warned(said, post.content.summary, refs.emoticons)


def mentioned(post: Publish, refs: Refs) -> dict[str, Any]:
    """A ghost reads nothing, and a group is a room: only people of Matrix are to be told."""
    users = [refs.pills.get(mention.actor, "") for mention in post.content.mentions]
    people = (mxid for mxid in dict.fromkeys(users) if mxid.startswith("@"))
    told = [mxid for mxid in people if not mxid.startswith(_GHOST)]
    return {"user_ids": told[:_MENTIONED]} if told else {}


def _warned(said: Formatted, summary: str, emoticons: Mapping[str, str]) -> Formatted:
    if not summary:
        return said
    warning = html.to_matrix(f"<p>{html.escape(html.warning(summary))}</p>", {}, emoticons)
    below = hidden(said.formatted, summary) if said.body.strip() else ""  # else a file alone
    return Formatted(
        body=f"[CW: {html.warning(summary)}]\n\n{said.body}".strip(),
        formatted=warning.formatted + below,
    )


def hidden(formatted: str, reason: str) -> str:
    """Client-Server API, "Spoiler messages"."""
    return f'<span data-mx-spoiler="{html.escape(html.warning(reason))}">{formatted}</span>'


def _options(post: Publish) -> str:
    """Of a poll in which nobody can vote here."""
    options = post.content.poll.options if post.content.poll else ()
    shown = "".join(f"<li>{title(option.name)}</li>" for option in options)
    return f"<ul>{shown}</ul>" if shown else ""


def _link(url: str, label: str) -> str:
    return f'<p><a href="{html.escape(url)}">{html.escape(label)}</a></p>'


def kept(refs: Refs, **about: Any) -> dict[str, Any]:
    """`NS.object`: who said what, and the bytes it came in."""
    proof: dict[str, Any] = {
        "act": refs.act,
        "auth": refs.auth,
        "key": refs.key,
        "seen": stamp(refs.seen),
    }
    found = {key: plain_json(value) for key, value in (proof | about).items()}
    copy = {key: value for key, value in found.items() if value}
    return {"v": 1, **copy, **(storable(refs.raw) if refs.raw else {})}


def plain_json(value: Any) -> Any:
    """As event content may hold it (Matrix appendices, "Canonical JSON"): no floats."""
    match value:
        case str():
            return shapes.clean(value)
        case bool() | None:
            return value
        case int():
            return value if abs(value) <= shapes.LARGEST else str(value)
        case Mapping():
            return {shapes.clean(str(key)): plain_json(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [plain_json(item) for item in value]
        case _:
            return str(value)


def storable(raw: str) -> dict[str, Any]:
    """The text as it is, or only its digest where a room could not give it back unchanged."""
    data = raw.encode("utf-8", "surrogatepass")
    digest = {"sha256": hashlib.sha256(data).hexdigest()}
    if shapes.clean(raw) != raw:
        return {"raw_len": len(data), **digest}
    return {"raw": raw, **digest}


def fitted(kind: str, content: dict[str, Any], *, link: str = "") -> Send | Ignored:
    """The event, made smaller step by step until a homeserver takes it."""
    if _size(content) < LIMIT:
        return Send(kind, content)
    content = _without_raw(content)
    if _size(content) < LIMIT:
        return Send(kind, content)
    content = _short(content, link)
    if _size(content) < LIMIT:
        return Send(kind, content)
    return Ignored(reason="too large for an event")


def _size(content: Mapping[str, Any]) -> int:
    """In canonical JSON: UTF-8 as it is, no spaces."""
    return len(json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode())


def _without_raw(content: dict[str, Any]) -> dict[str, Any]:
    copy = content.get(vocabulary.OBJECT)
    if not isinstance(copy, dict) or "raw" not in copy:
        return content
    smaller = {key: value for key, value in copy.items() if key != "raw"}
    smaller["raw_len"] = len(copy["raw"].encode())
    return content | {vocabulary.OBJECT: smaller}


def _short(content: dict[str, Any], link: str) -> dict[str, Any]:
    """Plain text only, cut, with the way to the whole."""
    dropped = {"format", "formatted_body", *_SOCIAL_TEXTS}
    smaller = {key: value for key, value in content.items() if key not in dropped}
    new = smaller.get("m.new_content")
    if isinstance(new, dict):
        smaller["m.new_content"] = _short(new, link)
        smaller["body"] = "* "
    body = smaller.get("body")
    if isinstance(body, str):
        smaller["body"] = _cut(body, link)
    return smaller


_SOCIAL_TEXTS = tuple(
    f"{vocabulary.SOCIAL}.{key}" for key in ("body", "formatted_body", "relates_to")
)


def _cut(body: str, link: str) -> str:
    data = body.encode()
    if len(data) <= _SHORT:
        return f"{body} {link}".strip() if body == "* " else body
    return f"{data[:_SHORT].decode(errors='ignore')}…\n{link}".strip()
