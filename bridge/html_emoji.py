"""Custom emoji in the tree of a text: `:shortcode:` and the picture that it stands for. Pure."""

import re
from collections.abc import Iterable, Mapping

from bridge.html_tree import Child, Node

MOST = 100  # pictures in one text
_WORD = re.compile(r":([A-Za-z0-9_-]{1,100}):")
_MXC = re.compile(r"mxc://[A-Za-z0-9.:\[\]-]{1,255}/[A-Za-z0-9_=-]{1,255}")
_ODD = re.compile(r"[^A-Za-z0-9_]+")
_BETWEEN = "\N{ZERO WIDTH SPACE}"
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


def shortcode(written: str) -> str:
    """Letters, digits and `_`, two at least: what every server takes for one."""
    found = _ODD.sub("_", written.strip().strip(":"))[:100].strip("_")
    return found if len(found) > 1 else f"{found or 'emoji'}_"


class Taker:
    """Inline emoticons of a message: each picture becomes a word, with a name of its own."""

    def __init__(self) -> None:
        self.found: dict[str, str] = {}  # shortcode -> mxc

    def word(self, node: Node) -> str:
        """Empty for what is no emoticon."""
        said, mxc = node.attributes, node.attributes.get("src", "")
        if "data-mx-emoticon" not in said or not _MXC.fullmatch(mxc):
            return ""
        name = first = shortcode(said.get("alt") or said.get("title") or "")
        number = 1
        while self.found.get(name, mxc) != mxc:
            number += 1
            name = f"{first}_{number}"
        if name not in self.found and len(self.found) >= MOST:
            return ""
        self.found[name] = mxc
        return f":{name}:"


def apart(children: Iterable[Child], words: Iterable[str]) -> list[Child]:
    """Mastodon sees no emoji in a word that touches a letter or another emoji."""
    names = "|".join(re.escape(word) for word in words)
    if not names:
        return list(children)
    before = re.compile(rf"(?<=[^\W_]|:)(?=:(?:{names}):)")
    after = re.compile(rf"(:(?:{names}):)(?=[^\W_])")
    return _parted(children, before, after)


def _parted(
    children: Iterable[Child], before: re.Pattern[str], after: re.Pattern[str]
) -> list[Child]:
    out: list[Child] = []
    for child in children:
        if isinstance(child, str):
            out.append(after.sub(rf"\1{_BETWEEN}", before.sub(_BETWEEN, child)))
        else:
            out.append(Node(child.tag, child.attributes, _parted(child.children, before, after)))
    return out
