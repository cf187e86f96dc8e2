"""`:shortcode:` in a text for a page: the picture, where we serve it ourselves."""

import re
from collections.abc import Mapping
from html import escape
from html.parser import HTMLParser

from social.models import Actor, Post
from social.web import links

MOST = 100
_WORD = re.compile(r":([A-Za-z0-9_-]{1,100}):")


def of(thing: Post | Actor) -> dict[str, str]:
    """Its pictures, as our pages load them: never from where others live."""
    found: dict[str, str] = {}
    for one in thing.emojis:
        url = str(one.get("url"))
        here = links.attached(thing, url) if isinstance(thing, Post) else links.face(thing, url)
        if here:
            found[str(one.get("shortcode"))] = here
    return found


def drawn(html: str, pictures: Mapping[str, str]) -> str:
    """Sanitised HTML in; the caller sanitises it again."""
    if not pictures:
        return html
    pen = _Pen(pictures)
    pen.feed(html)
    pen.close()
    return "".join(pen.parts)


class _Pen(HTMLParser):
    """Everything as it came, but for words that stand for a picture."""

    def __init__(self, pictures: Mapping[str, str]) -> None:
        super().__init__(convert_charrefs=False)
        self.pictures = pictures
        self.parts: list[str] = []
        self.left = MOST
        self.code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.code += tag in {"code", "pre"}
        self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.code -= tag in {"code", "pre"}
        self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(data if self.code > 0 else _WORD.sub(self.picture, data))

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")

    def picture(self, word: re.Match[str]) -> str:
        url = self.pictures.get(word[1])
        if not url or not self.left:
            return word[0]
        self.left -= 1
        src, said = escape(url), escape(word[0])
        return f'<img class="emoji" src="{src}" alt="{said}" title="{said}" loading="lazy">'
