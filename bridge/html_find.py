"""Links, mentions and hashtags in plain text. Pure; linear in the length of the text."""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from linkify_it import LinkifyIt

from bridge import names
from bridge.html_tree import BLOCKS, Child, Node

Link = Callable[[str], tuple[str, str] | None]

MENTIONS = 50  # a post that names more is no conversation
HASHTAGS = 100
_TAG_LENGTH = 100

# Only what is written as a link: `fuzzy` links turn file names and abbreviations into hosts.
_LINKIFY = LinkifyIt(
    {"ftp:": None, "//": None, "mailto:": None},
    {"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False},
)
_START = re.compile(
    r"(?<![\w/@.+-])@(?P<user>[A-Za-z0-9_][A-Za-z0-9_.-]{0,63})@(?P<host>[\w.-]{1,253}(?::\d{1,5})?)"
    r"|(?<![\w/&#])#(?=\w)"
)
_JOINERS = frozenset("_\N{MIDDLE DOT}\N{KATAKANA MIDDLE DOT}\u200c\u200d")


@dataclass
class Finder:
    """Turns text into links, and remembers whom and what it met."""

    link: Link
    mentions: dict[str, None] = field(default_factory=dict)
    hashtags: dict[str, str] = field(default_factory=dict)  # by lower case, as first written

    def tree(self, children: Iterable[Child]) -> list[Child]:
        out: list[Child] = []
        for child in children:
            if isinstance(child, str):
                out.extend(self.text(child))
            elif child.tag == "a":
                out.append(self._pill(child))
            elif child.tag in {"code", "pre"}:
                out.append(child)
            else:
                child.children = self.tree(child.children)
                out.append(child)
        return out

    def text(self, text: str) -> list[Child]:
        out: list[Child] = []
        pos = 0
        for found in _links(text):
            self._names(text, pos, found.index, out)
            out.append(self._pill(Node("a", {"href": found.url}, [found.text])))
            pos = found.last_index
        self._names(text, pos, len(text), out)
        return out

    def _names(self, text: str, pos: int, end: int, out: list[Child]) -> None:
        for found in _START.finditer(text, pos, end):
            if found.start() < pos:
                continue
            stop, node = self._mention(found) if found["user"] else self._hashtag(text, found, end)
            if node:
                out.extend((text[pos : found.start()], node))
                pos = stop
        out.append(text[pos:end])

    def _mention(self, found: re.Match[str]) -> tuple[int, Node | None]:
        written = found[0].rstrip(".-")
        account = names.parse_acct(written)
        host = found["host"].rstrip(".-")
        # A host has a dot or a port: `@one@two` is more often a joke than an address.
        if not account or not re.search(r"[.:]", host) or found["user"][-1] in ".-":
            return found.end(), None
        name = f"@{account[0]}@{account[1]}"
        node = self._known(name) if self._counts(name) else None
        return found.start() + len(written), node

    def _pill(self, node: Node) -> Node:
        href = names.web_link(node.attributes.get("href", ""))
        mxid = names.read_matrix_link(href)
        known = self._known(mxid) if mxid else None
        return known or Node("a", {"href": href}, node.children)

    def _known(self, name: str) -> Node | None:
        found = self.link(name)
        if (
            name.startswith("@")
            and found
            and (name in self.mentions or len(self.mentions) < MENTIONS)
        ):
            self.mentions[name] = None
            return mention(*found)
        return None

    def _counts(self, name: str) -> bool:
        """Written addresses are listed even when nobody knows them yet: the caller may ask."""
        if name not in self.mentions and len(self.mentions) >= MENTIONS:
            return False
        self.mentions[name] = None
        return True

    def _hashtag(self, text: str, found: re.Match[str], end: int) -> tuple[int, Node | None]:
        stop = found.end()
        while stop < end and _in_tag(text[stop]):
            stop += 1
        name = text[found.end() : stop]
        if len(name) > _TAG_LENGTH or not any(letter.isalpha() for letter in name):
            return stop, None
        if name.lower() not in self.hashtags and len(self.hashtags) >= HASHTAGS:
            return stop, None
        self.hashtags.setdefault(name.lower(), name)
        known = self.link(f"#{name}")
        return stop, hashtag(known[0], name) if known else None


def mention(url: str, name: str) -> Node:
    """The shape that Mastodon writes and every client reads."""
    inner: list[Child] = ["@", Node("span", {}, [name.removeprefix("@")])]
    return Node(
        "span", {"class": "h-card"}, [Node("a", {"href": url, "class": "u-url mention"}, inner)]
    )


def hashtag(url: str, name: str) -> Node:
    inner: list[Child] = ["#", Node("span", {}, [name])]
    return Node("a", {"href": url, "class": "mention hashtag", "rel": "tag"}, inner)


def paragraphs(text: str) -> list[Child]:
    """Plain text: an empty line ends a paragraph, a newline a line."""
    out: list[Child] = []
    lines: list[Child] = []
    for line in [*text.replace("\r\n", "\n").split("\n"), ""]:
        if line.strip():
            lines.extend([Node("br"), line] if lines else [line])
        elif lines:
            out.append(Node("p", {}, lines))
            lines = []
    return out


def wrapped(children: Iterable[Child]) -> list[Child]:
    """Each run of text between blocks as a paragraph of its own."""
    out: list[Child] = []
    run: list[Child] = []
    for child in [*children, Node("hr")]:
        if has_block(child):
            if run:
                out.append(Node("p", {}, run))
            run = []
            out.append(child)
        else:
            run.append(child)
    return out[:-1]


def has_block(child: Child) -> bool:
    """Whether it is a block or holds one, and so cannot stand in a paragraph."""
    if isinstance(child, str):
        return False
    return child.tag in BLOCKS or any(map(has_block, child.children))


def _links(text: str) -> Iterable[Any]:
    return _LINKIFY.match(text) or [] if "://" in text else []


def _in_tag(letter: str) -> bool:
    # Marks belong to words: without them a Hindi or Thai hashtag would end in the middle.
    return letter.isalnum() or letter in _JOINERS or unicodedata.category(letter)[0] == "M"
