"""HTML between the two networks, sanitised. Pure.

What strangers or rooms send comes in through `from_fediverse` and `from_matrix` and may then be
shown as it is; nh3 has the last word in both. `to_matrix` writes stored HTML for a room.
"""

import html as _html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import nh3
from markdown_it import MarkdownIt

from bridge import html_emoji, html_text, names
from bridge.html_find import Finder, Link, has_block, paragraphs, wrapped
from bridge.html_tree import (
    BLOCKS,
    FOLDED,
    HEADINGS,
    INLINE,
    Child,
    Node,
    changed,
    clean,
    parse,
    write,
)

__all__ = [
    "Formatted",
    "Link",
    "Written",
    "escape",
    "from_fediverse",
    "from_matrix",
    "plain",
    "to_matrix",
    "warning",
    "without",
]

LIMIT = 256 * 1024  # bytes; four times what an event can hold
FORMATTED_LIMIT = 48 * 1024  # a Matrix event may have 64 KiB in all
BODY_LIMIT = 16 * 1024
_MARKDOWN_LIMIT = 32 * 1024  # the renderer is slow on hostile text; longer text stays as it is
_WARNING_LIMIT = 500

_SCHEMES = frozenset({"http", "https", "mailto", "matrix", "gemini", "magnet"})
_MATRIX_SCHEMES = frozenset({"http", "https", "mailto", "magnet"})
_REL = "nofollow noopener noreferrer"
# Classes that mean the same everywhere: microformats, and what Mastodon's pages style.
_CLASSES = frozenset(
    {"invisible", "ellipsis", "mention", "hashtag", "h-card", "u-url", "quote-inline"}
)

_ATTRIBUTES = {
    "a": {"href", "class", "rel"},
    "span": {"class"},
    "p": {"class"},
    "code": {"class"},
    "ol": {"start"},
    "li": {"value"},
}
_SANITISER = nh3.Cleaner(
    tags=BLOCKS | INLINE | {"br"},
    attributes=_ATTRIBUTES,
    url_schemes=_SCHEMES,
    url_relative="deny",
    link_rel=None,  # written by `_link`
)
_MARKDOWN = MarkdownIt("commonmark", {"html": False})

_LANGUAGE = re.compile(r"language-[A-Za-z0-9_+#.-]{1,40}")
_INTEGER = re.compile(r"-?[0-9]{1,6}")
_LINK_WITHOUT_TARGET = re.compile(r"<a(?! href)")
_FALLBACK = re.compile(r"> (?:\* )?<@[^>\n]{1,255}>")
_SPOILER = "data-mx-spoiler"
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formatted:
    """Of an `m.text`: both say the same."""

    body: str
    formatted: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    html: str
    mentions: tuple[str, ...] = ()  # Matrix IDs that `link` knew; addresses as `@user@host`
    hashtags: tuple[str, ...] = ()  # without '#', as first written
    spoiler: str | None = None  # the reason, "" when none was given, None without a spoiler
    emoticons: tuple[tuple[str, str], ...] = ()  # shortcode, mxc


# From strangers


def from_fediverse(html: str, media_type: str = "text/html") -> str:
    """Allow-listed HTML. Doing it twice changes nothing; time is linear in the length."""
    text = _cut(html, LIMIT)
    match media_type.partition(";")[0].strip().lower():
        case "text/plain":
            return _finished(_linked(paragraphs(clean(text))))
        case "text/markdown" if len(text) <= _MARKDOWN_LIMIT:
            return _finished(_linked(parse(_MARKDOWN.render(clean(text)))))
        case "text/markdown":
            return _finished(_linked(paragraphs(clean(text))))
        case _:
            return _finished(parse(text))


def _linked(children: list[Child]) -> list[Child]:
    return Finder(lambda _: None).tree(children)


def _finished(children: list[Child]) -> str:
    done = _SANITISER.clean(write(changed(children, _allowed), LIMIT))
    # nh3 reads addresses more strictly than `_link`: what it emptied is no link at all.
    if _LINK_WITHOUT_TARGET.search(done):
        done = _SANITISER.clean(write(changed(parse(done), _allowed), LIMIT))
    return done.strip(" \t\n")


def _allowed(node: Node) -> list[Child]:
    """The node as anybody may show it, or what remains of it."""
    match node.tag:
        case "img":
            return [_alternative(node)]
        case "a":
            return _link(node)
        case "span" | "p":
            node.attributes = _classes(node)
        case "code":
            node.attributes = _language(node)
        case "ol":
            node.attributes = _integer(node, "start")
        case "li":
            node.attributes = _integer(node, "value")
        case _:
            node.attributes = {}
    return [node]


def _link(node: Node) -> list[Child]:
    href = node.attributes.get("href", "").strip(" \t\n").replace(" ", "%20")
    if not _is_link(href, _SCHEMES):
        return node.children
    tag = "tag " if "tag" in node.attributes.get("rel", "").split() else ""
    node.attributes = {"href": href, **_classes(node), "rel": f"{tag}{_REL}"}
    return [node]


def _is_link(href: str, schemes: frozenset[str]) -> bool:
    scheme, _, rest = href.partition(":")
    scheme = scheme.lower()
    if scheme not in schemes or not rest:
        return False
    return scheme not in {"http", "https"} or names.host_of(href) != ""


def _alternative(node: Node) -> str:
    return node.attributes.get("alt") or node.attributes.get("title", "")


def _classes(node: Node) -> dict[str, str]:
    written = dict.fromkeys(node.attributes.get("class", "").split())
    kept = " ".join(name for name in written if name in _CLASSES)
    return {"class": kept} if kept else {}


def _language(node: Node) -> dict[str, str]:
    for name in node.attributes.get("class", "").split():
        if _LANGUAGE.fullmatch(name):
            return {"class": name}
    return {}


def _integer(node: Node, key: str) -> dict[str, str]:
    value = node.attributes.get(key, "")
    return {key: value} if _INTEGER.fullmatch(value) else {}


def without(html: str, name: str) -> str:
    """Sanitised HTML without the elements of one class, and all that is in them."""
    if name not in html:
        return html
    kept = changed(
        parse(html), lambda node: [] if name in node.attributes.get("class", "").split() else [node]
    )
    return write(kept, LIMIT).strip(" \t\n")


# To a room


def to_matrix(
    html: str, pills: Mapping[str, str], emoticons: Mapping[str, str] | None = None
) -> Formatted:
    """`pills`: the address of a link and the Matrix ID that it stands for in the room;
    `emoticons`: the word between two colons and the mxc of its picture.
    """

    def change(node: Node) -> list[Child]:
        return _for_room(node, pills)

    tree = changed(parse(_cut(html, LIMIT)), change)
    return Formatted(
        body=html_text.body(tree, BODY_LIMIT),
        formatted=write(html_emoji.shown(tree, emoticons or {}), FORMATTED_LIMIT),
    )


def _for_room(node: Node, pills: Mapping[str, str]) -> list[Child]:
    match node.tag:
        case "span":
            return node.children
        case "a":
            return _room_link(node, pills)
        case "p":
            node.attributes = {}
        case _:
            return _allowed(node)
    return [node]


def _room_link(node: Node, pills: Mapping[str, str]) -> list[Child]:
    href = node.attributes.get("href", "").strip(" \t\n")
    target = names.matrix_link(pills[href]) if href in pills else names.web_link(href)
    if not _is_link(target, _MATRIX_SCHEMES):
        return node.children
    node.attributes = {"href": target}
    return [node]


# From a room


def from_matrix(body: str, formatted: str | None, link: Link) -> Written:
    """A message as HTML that every server of the fediverse shows alike.

    `link` is asked for `@user:server`, `@user@host` and `#tag`, and answers with an address and a
    name, or None for what it does not know.
    """
    tree = parse(_cut(formatted or "", LIMIT))
    reason = _spoiler(tree)
    taker = html_emoji.Taker()

    def change(node: Node) -> list[Child]:
        word = taker.word(node) if node.tag == "img" else ""
        return [word] if word else _for_fediverse(node)

    tree = html_emoji.apart(changed(tree, change), taker.found)
    if not html_text.words(tree).strip():
        tree = paragraphs(_without_fallback(clean(_cut(body, LIMIT))))
    finder = Finder(link)
    return Written(
        html=_finished(finder.tree(wrapped(tree))),
        mentions=tuple(finder.mentions),
        hashtags=tuple(finder.hashtags.values()),
        spoiler=reason,
        emoticons=tuple(taker.found.items()),
    )


def _for_fediverse(node: Node) -> list[Child]:
    """Mastodon drops what it does not know: here it becomes something that it does."""
    match node.tag:
        case "img":
            return [_alternative(node)]
        case "span" | "sub" | "sup":
            return node.children
        case "hr":
            return [Node("p", {}, ["---"])]
        case "a":
            node.attributes = {"href": node.attributes.get("href", "")}
        case tag if tag in HEADINGS:
            return node.children if any(map(has_block, node.children)) else [_title(node)]
        case tag if tag in FOLDED:
            return wrapped(node.children)
        case "p":
            node.attributes = {}
        case _:
            pass  # `_allowed` decides
    return [node]


def _title(node: Node) -> Node:
    return Node("p", {}, [Node("strong", {}, node.children)])


def _spoiler(children: list[Child]) -> str | None:
    """The reason of the first spoiler that gives one; empty where none does."""
    reasons = list(_reasons(children))
    return warning(next(filter(None, reasons), "")) if reasons else None


def _reasons(children: list[Child]) -> Iterator[str]:
    for child in children:
        if isinstance(child, str):
            continue
        if child.tag == "span" and _SPOILER in child.attributes:
            yield child.attributes[_SPOILER]
        else:
            yield from _reasons(child.children)


def _without_fallback(body: str) -> str:
    """Client-Server API, "Fallbacks for rich replies": older clients quote the message answered."""
    if not _FALLBACK.match(body):
        return body
    lines = body.split("\n")
    first = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[first:])


# Text


def plain(html: str) -> str:
    """One line for each paragraph: for titles, notices and feeds."""
    return html_text.plain(parse(_cut(html, LIMIT)))


def escape(text: str) -> str:
    return _html.escape(clean(text))


def warning(text: str) -> str:
    """A content warning: one line that can neither hide nor turn round what stands beside it."""
    line = " ".join(_BIDI.sub("", clean(text)).split())
    return line if len(line) <= _WARNING_LIMIT else line[: _WARNING_LIMIT - 1] + "…"


def _cut(text: str, limit: int) -> str:
    return text.encode(errors="ignore")[:limit].decode(errors="ignore")
