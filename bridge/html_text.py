"""A tree (bridge/html_tree.py) as text: for `body`, titles and notices. Pure."""

import re
from collections.abc import Iterable

from bridge.html_tree import BLOCKS, FOLDED, HEADINGS, Child, Node

_SPACES = re.compile(r"[ \t\n]+")
_CUT = "\N{HORIZONTAL ELLIPSIS}"


def words(children: Iterable[Child]) -> str:
    """The bare text, as it stands."""
    return "".join(c if isinstance(c, str) else words(c.children) for c in children)


def plain(children: Iterable[Child]) -> str:
    """One line for each paragraph, item or heading."""
    out: list[str] = []
    _plain(children, out)
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(out).split("\f"))
    return "\n".join(line for line in lines if line)


def _plain(children: Iterable[Child], out: list[str]) -> None:
    # A form feed ends a line: the parser lets none through, so none can be meant.
    for child in children:
        if isinstance(child, str):
            out.append(child)
        elif child.tag == "br":
            out.append(" ")
        elif child.tag in BLOCKS:
            out.append("\f")
            _plain(child.children, out)
            out.append("\f")
        else:
            _plain(child.children, out)


def body(children: Iterable[Child], limit: int) -> str:
    """Text laid out as people type it: `> ` quotes, `- ` lists, code in backticks. In bytes."""
    page = _Page(limit - len(_CUT.encode()))
    page.walk(children)
    page.end_line()
    return "\n".join(page.lines)


class _Page:
    def __init__(self, room: int) -> None:
        self.lines: list[str] = []
        self.line: list[str] = []
        self.prefixes: list[str] = []
        self.gap: str | None = None  # an empty line is due before the next text
        self.room = room
        self.full = False

    def walk(self, children: Iterable[Child]) -> None:
        for child in children:
            if self.full:
                return
            if isinstance(child, str):
                self.line.append(child)
            else:
                self.node(child)

    def node(self, node: Node) -> None:
        match node.tag:
            case "br":
                self.end_line()
            case "a":
                self.walk(node.children)
                self.line.append(_address(node))
            case "code":
                self.line.append("`")
                self.walk(node.children)
                self.line.append("`")
            case "pre":
                self.code_block(node)
            case "blockquote":
                self.indented("> ", node)
                self.paragraph_ends()
            case "ul" | "ol":
                self.list(node)
            case tag if tag in HEADINGS or tag in {"p", "hr"}:
                self.end_line()
                self.walk(node.children or ["---"])
                self.paragraph_ends()
            case tag if tag in FOLDED:
                self.end_line()
                self.walk(node.children)
                self.paragraph_ends()
            case _:
                self.walk(node.children)

    def list(self, node: Node) -> None:
        self.end_line()
        number = _number(node)
        for child in node.children:
            if not isinstance(child, Node) or child.tag != "li":
                self.walk([child])
                continue
            self.gap = None if self.prefixes else self.gap
            self.indented("- " if node.tag == "ul" else f"{number}. ", child)
            self.gap = None
            number += 1
        if not self.prefixes:
            self.paragraph_ends()

    def indented(self, prefix: str, node: Node) -> None:
        self.end_line()
        self.prefixes.append(prefix)
        self.walk(node.children)
        self.end_line()
        self.prefixes.pop()

    def code_block(self, node: Node) -> None:
        self.end_line()
        for line in ["```", *words(node.children).rstrip("\n").split("\n"), "```"]:
            self.emit(line)
        self.paragraph_ends()

    def paragraph_ends(self) -> None:
        self.end_line()
        self.gap = "".join(_later(prefix) for prefix in self.prefixes).rstrip()

    def end_line(self) -> None:
        text = _SPACES.sub(" ", "".join(self.line)).strip(" ")
        self.line.clear()
        if text:
            self.emit(text)

    def emit(self, text: str) -> None:
        if self.full:
            return
        if self.gap is not None and self.lines:
            self._add(self.gap)
        self.gap = None
        self._add("".join(self.prefixes) + text)
        self.prefixes = [_later(prefix) for prefix in self.prefixes]

    def _add(self, line: str) -> None:
        size = len(line.encode()) + 1
        if size > self.room:
            self.full = True
            line = line.encode()[: max(self.room, 0)].decode(errors="ignore") + _CUT
        self.room -= size
        self.lines.append(line)


def _later(prefix: str) -> str:
    """Of the lines after the first: an item has one marker only."""
    return prefix if prefix == "> " else " " * len(prefix)


def _number(node: Node) -> int:
    start = node.attributes.get("start", "")
    return int(start) if re.fullmatch(r"-?[0-9]{1,6}", start) else 1


def _address(node: Node) -> str:
    """Where a link goes, unless its text says it (mentions and hashtags do)."""
    text, href = words(node.children).strip(), node.attributes.get("href", "")
    if not href or re.match(r"[#@]\S+\Z", text) or _bare(text) == _bare(href):
        return ""
    return href if not text else f" ({href})"


def _bare(url: str) -> str:
    return re.sub(r"\A(?:https?://|mailto:)", "", url).rstrip("/")
