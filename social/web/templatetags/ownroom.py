"""What the templates may ask of a value."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import nh3
from django import template
from django.conf import settings
from django.utils.html import escape, strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from social import backlinks, geography
from social.geography import Place
from social.models import Actor, Post
from social.profiles import poll_of
from social.web import emoji, links

register = template.Library()

_LAST = 253_402_300_799_000  # the last day of the year 9999, in milliseconds
_TINTS = 6
_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_FOLDED = {"details", "summary"}
_BLOCKS = {"p", "br", "hr", "pre", "ul", "ol", "li", "blockquote"} | _HEADINGS | _FOLDED
_INLINE = {"a", "span", "del", "code", "em", "strong", "b", "i", "u", "sub", "sup"}
_CLASSES = {
    "a": {"mention", "hashtag", "u-url"},
    "span": {"mention", "h-card", "invisible", "ellipsis"},
    "img": {"emoji"},
}
_BLOCK_END = re.compile(r"</(?:p|li|h[1-6]|blockquote|pre)>|<br[^>]*>", re.IGNORECASE)
_FOCUS = re.compile(r"(-?[0-9.]{1,6}),(-?[0-9.]{1,6})")
_BLANKS = re.compile(r"\s+")


def _clean(html: str, rel: str, pictures: Mapping[str, str] | None = None) -> SafeString:
    """`pictures`: of the words between colons; no other picture stands on a page of ours."""
    shown = set((pictures or {}).values())

    def attribute(tag: str, name: str, value: str) -> str | None:
        return None if (tag, name) == ("img", "src") and value not in shown else value

    kept = nh3.clean(
        emoji.drawn(html, pictures or {}),
        tags=_BLOCKS | _INLINE | ({"img"} if shown else set()),
        attributes={"a": {"href"}, "img": {"src", "alt", "title", "loading"}},
        attribute_filter=attribute,
        allowed_classes=_CLASSES,
        url_schemes={"http", "https", "mailto", "matrix", "gemini", "magnet"},
        link_rel=rel,
    )
    return mark_safe(kept)  # noqa: S308  nh3 made it safe on the line above


@register.simple_tag
def domain() -> str:
    """Of no view: what a page that is not there shows has none."""
    return str(settings.OWNROOM_DOMAIN)


@register.filter
def kept(html: str) -> SafeString:
    """HTML was sanitised on its way in; this second net makes a hole there harmless here."""
    return _clean(html, "nofollow noopener")


@register.filter
def kept_with(html: str, thing: Post | Actor) -> SafeString:
    """The same, with the custom emoji of a post or an actor as pictures."""
    return _clean(html, "nofollow noopener", emoji.of(thing))


@register.filter
def drawn_with(text: str, thing: Post | Actor) -> SafeString:
    """Plain words, a warning or an answer of a poll, with the same pictures."""
    return _clean(escape(text), "nofollow noopener", emoji.of(thing))


@register.filter
def kept_mine(html: str) -> SafeString:
    """The same for a profile's fields, whose links say "this is me too" (microformats, rel=me)."""
    return _clean(html, "me nofollow noopener")


@register.filter
def leads_back(field: dict[str, Any], verified: set[str]) -> str:
    """The host of the page that a field names, if that page names the profile too."""
    url = backlinks.named(field.get("value", ""))
    return urlsplit(url).netloc if url in verified else ""


@register.filter
def plain(html: str) -> str:
    """One line of text. The templates escape it again, so entities are read back first."""
    cleaned = nh3.clean(_BLOCK_END.sub(" ", html), tags=set())
    return _BLANKS.sub(" ", _unescaped(strip_tags(cleaned))).strip()


def _unescaped(text: str) -> str:
    for entity, sign in (("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(entity, sign)
    return text


@register.filter
def told(post: Post) -> str:
    """The post in a line, as link previews show it: never what stands behind a warning."""
    return Truncator(post.summary or plain(post.html)).chars(200)


@register.filter
def moment(at: int) -> datetime:
    return datetime.fromtimestamp(min(max(at, 0), _LAST) / 1000, UTC)


@register.filter
def page(thing: Actor | Post) -> str:
    return links.post(thing) if isinstance(thing, Post) else links.profile(thing)


@register.filter
def whole(path: str) -> str:
    """An address of ours with its host; other addresses stay as they are."""
    return links.here(path) if path.startswith("/") else path


@register.filter
def face(actor: Actor) -> str:
    return links.face(actor, actor.icon)


@register.filter
def banner(actor: Actor) -> str:
    return links.face(actor, actor.header)


@register.filter
def web(address: str) -> str:
    return links.web(address)


@register.filter
def kind_here(file: dict[str, Any]) -> str:
    """image, video or audio, where a page shows it; of others' files pictures alone, as far as
    the homeserver has them.
    """
    kind = str(file.get("media_type", "")).partition("/")[0]
    shown = {"image", "video", "audio"} if links.ours(str(file.get("url", ""))) else {"image"}
    return kind if kind in shown else ""


@register.filter
def loads(post: Post, file: dict[str, Any]) -> str:
    return links.attached(post, str(file.get("url", "")))


@register.filter
def in_sight(focus: str) -> str:
    """Classes that keep this point of a picture where it is cut: in tenths, from left and top.
    The policy for contents forbids styles in a page.
    """
    found = _FOCUS.fullmatch(focus)
    if not found:
        return ""
    across, down = (float(found[1]) + 1) / 2, (1 - float(found[2])) / 2
    if not (0 <= across <= 1 and 0 <= down <= 1):
        return ""
    return f"across-{round(across * 10)} down-{round(down * 10)}"


@register.filter
def poll(post: Post) -> dict[str, Any]:
    """A poll as a page shows it: with the share of each option, and whether one may still vote."""
    asked = poll_of(post)
    if asked is None:
        return {}
    whole = (asked.voters if asked.multiple else 0) or sum(one.votes for one in asked.options)
    options = [
        {"name": one.name, "votes": one.votes, "percent": min(100, one.votes * 100 // (whole or 1))}
        for one in asked.options
    ]
    return {
        "options": options,
        "multiple": asked.multiple,
        "voters": asked.voters,
        "hidden": asked.hidden,
        "closes": asked.closed or asked.closes,
        "ended": asked.ended(int(time.time() * 1000)),
    }


@register.filter
def map_of(place: dict[str, Any]) -> str:
    return geography.on_a_map(Place(**place))


@register.filter
def place_name(place: dict[str, Any]) -> str:
    return geography.shown(Place(**place))


@register.filter
def initial(actor: Actor) -> str:
    return next((sign for sign in actor.title if sign.isalnum()), "?").upper()


@register.filter
def tint(actor: Actor) -> int:
    """Which colour stands in for a missing picture: always the same one for the same actor."""
    return sum(actor.acct.encode()) % _TINTS
