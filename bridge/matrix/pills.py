"""Whom a line typed to the bot names by a pill: clients show a name and mean a Matrix ID. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from bridge import html_text, html_tree, names
from bridge.html_tree import Child
from bridge.matrix import shapes

MANY = 20  # in one line
_MARKDOWN = re.compile(r"\[[^\[\]]{0,255}\]\((https?://matrix\.to/#/[^\s()]{1,500})\)")


def spelled(line: str, content: Mapping[str, Any]) -> str:
    """The line with the Matrix ID of each person where it shows their name."""
    line = _MARKDOWN.sub(lambda link: names.read_matrix_link(link[1]) or link[0], line)
    if content.get("format") != shapes.HTML:
        return line
    done = len(line.split(" ", 1)[0])  # the command itself is nobody's name
    for shown, mxid in _shown(html_tree.parse(shapes.text(content.get("formatted_body"))[:65_536])):
        at = line.find(shown, done)
        if at >= 0:
            line = f"{line[:at]}{mxid}{line[at + len(shown) :]}"
            done = at + len(mxid)
    return line


def _shown(children: list[Child]) -> Iterator[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    def note(node: html_tree.Node) -> list[Child]:
        mxid = names.read_matrix_link(node.attributes.get("href", "")) if node.tag == "a" else ""
        label = html_text.plain(node.children).strip()
        if mxid and label:
            found.append((label, mxid))
        return [node]

    html_tree.changed(children, note)
    return iter(found[:MANY])
