"""Custom emoji in the tree of a text: `:shortcode:` and the picture that it stands for. Pure."""

import re
from collections.abc import Iterable, Mapping

from bridge.html_tree import Child, Node

MOST = 100  # pictures in one text
_WORD = re.compile(r":([A-Za-z0-9_-]{1,100}):")
_AS_IT_IS = frozenset({"code", "pre"})


def shown(children: Iterable[Child], pictures: Mapping[str, str]) -> list[Child]:
    """`pictures`: shortcode -> mxc. Client-Server API, "Image packs": how a client writes them."""
    return _Shower(pictures).tree(children) if pictures else list(children)


class _Shower:
    def __init__(self, pictures: Mapping[str, str]) -> None:
        self.pictures = pictures
        self.left = MOST

    def tree(self, children: Iterable[Child]) -> list[Child]:
        out: list[Child] = []
        for child in children:
            if isinstance(child, str):
                out.extend(self.text(child))
            elif child.tag in _AS_IT_IS:
                out.append(child)
            else:
                out.append(Node(child.tag, child.attributes, self.tree(child.children)))
        return out

    def text(self, text: str) -> list[Child]:
        out: list[Child] = []
        at = 0
        for found in _WORD.finditer(text):
            mxc = self.pictures.get(found[1])
            if not mxc or not self.left:
                continue
            self.left -= 1
            out += [text[at : found.start()], _picture(found[0], mxc)]
            at = found.end()
        return [piece for piece in (*out, text[at:]) if piece != ""]


def _picture(word: str, mxc: str) -> Node:
    said = {"src": mxc, "alt": word, "title": word, "height": "32"}
    return Node("img", {"data-mx-emoticon": "", **said})
