"""HTML read into a small, always well-nested tree, and written back. Pure.

The standard parser takes time in the square of hostile input (tags and comments left open), and
nh3 in the square of the depth; this reader is linear and stops nesting at DEPTH. It decides
nothing about safety: bridge/html.py filters the tree, and nh3 has the last word.
"""

import html
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


DEPTH = 90  # Matrix allows 100 levels; what we wrap around a message needs a few of them

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
FOLDED = _words("details summary")  # Lemmy's spoilers; the rest opens with a click
BLOCKS = HEADINGS | FOLDED | {"p", "pre", "ul", "ol", "li", "blockquote", "hr"}
INLINE = frozenset({"a", "span", "del", "code", "em", "strong", "b", "i", "u", "sub", "sup"})
_VOID = frozenset({"br", "hr", "img"})
_KEPT = BLOCKS | INLINE

# Other blocks become paragraphs, so that their texts do not run together.
_ALIASES = {"s": "del", "strike": "del", "ins": "u"} | dict.fromkeys(
    _words(
        "address article aside caption center dd div dl dt fieldset figcaption figure"
        " footer form header main nav section table tr"
    ),
    "p",
)
_CELLS = frozenset({"td", "th"})
# The content of these is not text. A rich reply's fallback repeats what others said
# (Client-Server API, "Rich replies").
_DROPPED = _words(
    "script style title textarea iframe xmp noembed noframes noscript template mx-reply"
)
_WANTED = _words("href class rel start value alt title src data-mx-spoiler data-mx-emoticon")

_MARKUP = re.compile(r"<(?=[a-zA-Z/!?])")
_NAME = re.compile(r"<(/?)([a-zA-Z][^ \t\n\f/>]*)")
_BETWEEN = re.compile(r"[ \t\n\f/]*")
_ATTRIBUTE = re.compile(r"[^ \t\n\f/>][^ \t\n\f/>=]*")
_EQUALS = re.compile(r"[ \t\n\f]*+=[ \t\n\f]*+")
_UNQUOTED = re.compile(r"[^ \t\n\f>]*")
_COMMENT_END = re.compile(r"--!?>")
_DROPPED_END = {tag: re.compile(rf"</{tag}(?=[ \t\n\f/>])", re.IGNORECASE) for tag in _DROPPED}
# In attributes a reference without its semicolon is often just a query (`?a=1&copy=2`).
_REFERENCE = re.compile(r"&(?:#[0-9]+;?|#[xX][0-9a-fA-F]+;?|[a-zA-Z0-9]+;)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_TEXT_ESCAPES = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;", 0xA0: "&nbsp;"}
_VALUE_ESCAPES = _TEXT_ESCAPES | {ord('"'): "&quot;"}
_CUT = "\N{HORIZONTAL ELLIPSIS}"


@dataclass(slots=True)
class Node:
    tag: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Child"] = field(default_factory=list)


Child = Node | str


def parse(text: str) -> list[Child]:
    """What `write` gives for a tree reads back as the same tree, here and in a browser."""
    builder = _Builder()
    for token in _tokens(clean(text.replace("\r\n", "\n").replace("\r", "\n"))):
        if isinstance(token, str):
            builder.text(token)
        elif token.closing:
            builder.close(token.tag)
        else:
            builder.open(token.tag, token.attributes)
    return changed(builder.root.children, lambda node: [node])


def links(page: str) -> Iterator[dict[str, str]]:
    """The attributes of each link of a page, in its head or in its text."""
    for token in _tokens(clean(page)):
        if not isinstance(token, str) and token.tag in {"a", "link"} and not token.closing:
            yield token.attributes


def clean(text: str) -> str:
    """Without control characters (tab and newline stay) and lone surrogates."""
    return _CONTROL.sub("", text)


def changed(children: Iterable[Child], change: Callable[[Node], list[Child]]) -> list[Child]:
    """The tree with each node, innermost first, replaced by what `change` makes of it."""
    out: list[Child] = []
    for child in children:
        if isinstance(child, str):
            out.append(child)
        else:
            child.children = changed(child.children, change)
            out.extend(change(child))
    return _tidied(out)


def _tidied(children: Iterable[Child]) -> list[Child]:
    """Neighbouring texts joined; paragraphs with nothing in them left out."""
    out: list[Child] = []
    run: list[str] = []
    for child in children:
        if isinstance(child, str):
            run.append(child)
        elif not _is_empty(child):
            out.extend(filter(None, ["".join(run)]))
            run.clear()
            out.append(_settled(child))
    out.extend(filter(None, ["".join(run)]))
    return out


def _is_empty(node: Node) -> bool:
    if node.tag != "p":
        return False
    return all(isinstance(child, str) and not child.strip(" \t\n") for child in node.children)


def _settled(node: Node) -> Node:
    # A browser drops the first newline of a `pre`: keeping none keeps the text the same.
    if node.tag == "pre" and node.children and isinstance(node.children[0], str):
        node.children[0] = node.children[0].lstrip("\n")
    return node


# Writing


def write(children: Iterable[Child], limit: int) -> str:
    """At most `limit` bytes; what does not fit is cut off, with an ellipsis, every tag closed."""
    pen = _Pen(limit - len(_CUT.encode()))
    pen.write(children)
    return "".join(pen.parts)


class _Pen:
    def __init__(self, room: int) -> None:
        self.parts: list[str] = []
        self.room = room
        self.full = False

    def write(self, children: Iterable[Child]) -> None:
        for child in children:
            if self.full:
                return
            if isinstance(child, str):
                self.text(child)
            else:
                self.element(child)

    def text(self, text: str) -> None:
        piece = text.translate(_TEXT_ESCAPES)
        size = len(piece.encode())
        if size <= self.room:
            self.parts.append(piece)
            self.room -= size
            return
        self.parts.append(fitting(text, self.room) + _CUT)
        self.full = True

    def element(self, node: Node) -> None:
        values = (f' {k}="{v.translate(_VALUE_ESCAPES)}"' for k, v in node.attributes.items())
        start = f"<{node.tag}{''.join(values)}>"
        end = "" if node.tag in _VOID else f"</{node.tag}>"
        size = len(start.encode()) + len(end)
        if size > self.room:
            self.parts.append(_CUT)
            self.full = True
            return
        self.room -= size
        self.parts.append(start)
        self.write(node.children)
        self.parts.append(end)


def fitting(text: str, room: int) -> str:
    """The longest beginning, escaped, that fits into `room` bytes."""
    parts: list[str] = []
    for letter in text[: max(room, 0)]:
        piece = letter.translate(_TEXT_ESCAPES)
        room -= len(piece.encode())
        if room < 0:
            break
        parts.append(piece)
    return "".join(parts)


# Reading


@dataclass(slots=True)
class _Tag:
    tag: str
    closing: bool
    attributes: dict[str, str]


def _tokens(text: str) -> Iterator[str | _Tag]:
    pos = 0
    while found := _MARKUP.search(text, pos):
        if found.start() > pos:
            yield clean(html.unescape(text[pos : found.start()]))
        token, pos = _markup(text, found.start())
        if token:
            yield token
        if pos < 0:
            return
    if pos < len(text):
        yield clean(html.unescape(text[pos:]))


def _markup(text: str, start: int) -> tuple[_Tag | None, int]:
    """A tag and where it ends. HTML, "eof-in-tag": one left open swallows the rest, hence -1."""
    name = _NAME.match(text, start)
    if not name:
        return None, _past_comment(text, start)
    attributes, pos = _attributes(text, name.end())
    tag = name[2].lower()
    if pos >= 0 and not name[1] and tag in _DROPPED:
        end = _DROPPED_END[tag].search(text, pos)
        return None, end.start() if end else -1
    return (None if pos < 0 else _Tag(tag, bool(name[1]), attributes)), pos


def _attributes(text: str, pos: int) -> tuple[dict[str, str], int]:
    found: dict[str, str] = {}
    while True:
        pos = _end(_BETWEEN, text, pos)
        name = _ATTRIBUTE.match(text, pos)
        if not name:
            return found, pos + 1 if pos < len(text) else -1
        value, pos = _value(text, name.end())
        if pos < 0:
            return found, pos
        key = name[0].lower()
        if key in _WANTED and key not in found:
            plain = _REFERENCE.sub(lambda reference: html.unescape(reference[0]), value)
            found[key] = clean(plain)


def _value(text: str, pos: int) -> tuple[str, int]:
    equals = _EQUALS.match(text, pos)
    if not equals:
        return "", pos
    pos = equals.end()
    quote = text[pos : pos + 1]
    if quote not in {'"', "'"}:
        end = _end(_UNQUOTED, text, pos)
        return text[pos:end], end
    end = text.find(quote, pos + 1)
    return ("", -1) if end < 0 else (text[pos + 1 : end], end + 1)


def _end(pattern: re.Pattern[str], text: str, pos: int) -> int:
    found = pattern.match(text, pos)
    return found.end() if found else pos


def _past_comment(text: str, start: int) -> int:
    if not text.startswith("<!--", start):
        return text.find(">", start) + 1 or -1
    if text.startswith((">", "->"), start + 4):  # HTML, "abrupt-closing-of-empty-comment"
        return text.index(">", start) + 1
    end = _COMMENT_END.search(text, start + 4)
    return end.end() if end else -1


class _Builder:
    """Closes by itself what a browser would, so that a browser reads back what we write."""

    def __init__(self) -> None:
        self.root = Node("")
        self.stack = [self.root]
        self.names = [""]  # of the stack: searched in C
        self.too_deep: Counter[str] = Counter()
        self.row: Node | None = None  # of a table, when it has a cell already

    def text(self, text: str) -> None:
        self.stack[-1].children.append(text)

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        tag = _ALIASES.get(tag, tag)
        if tag in _CELLS:
            self._cell()
        if tag in BLOCKS:
            self._make_room(tag)
        if tag == "a":
            self._close_nearest({"a"})
        node = Node(tag, attributes)
        if tag in _VOID:
            self.stack[-1].children.append(node)
        elif tag in _KEPT:
            self._push(node)

    def _cell(self) -> None:
        if self.row is self.stack[-1]:
            self.text(" | ")
        self.row = self.stack[-1]

    def _push(self, node: Node) -> None:
        if len(self.stack) > DEPTH:
            self.too_deep[node.tag] += 1
            return
        self.stack[-1].children.append(node)
        self.stack.append(node)
        self.names.append(node.tag)

    def close(self, tag: str) -> None:
        tag = _ALIASES.get(tag, tag)
        if self.too_deep[tag]:
            self.too_deep[tag] -= 1
            return
        self._close_nearest({tag})

    def _make_room(self, tag: str) -> None:
        self._close_nearest({"p"})
        if tag in HEADINGS:
            self._close_nearest(HEADINGS)
        if tag == "li":
            self._close_nearest({"li"}, barriers={"ul", "ol"})

    def _close_nearest(self, tags: Iterable[str], barriers: Iterable[str] = ()) -> None:
        if not any(tag in self.names for tag in tags):
            return
        for at in range(len(self.names) - 1, 0, -1):
            if self.names[at] in barriers:
                return
            if self.names[at] in tags:
                del self.stack[at:], self.names[at:]
                return
