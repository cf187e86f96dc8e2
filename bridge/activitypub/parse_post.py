"""Objects → posts. Pure: a stranger's Note, or whatever else can be read as one.

What is not a Note becomes a card: its title, text, particulars and a link, so that nothing that
somebody wrote is lost. Sizes are bounded here; HTML is sanitised by bridge/html.py.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bridge import html, names
from bridge.activitypub import (
    jsonld,
    parse_cards,
    parse_emoji,
    parse_files,
    parse_poll,
    parse_quotes,
    places,
)
from bridge.activitypub.vocabulary import CARDS, NOT_POSTS, NOTES
from social.acts import Content, Ignored, Mention, Poll, Publish, Visibility

Json = dict[str, Any]

DAY = 86_400_000
MAX_TAGS = 100
MAX_MENTIONS = 50
MAX_ADDRESSES = 1_000
MAX_LISTED = 100

_MEDIA_TYPES = frozenset({"text/html", "text/markdown", "text/plain"})
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,3}")
_CUT = re.compile(r"\s*(?:…|\[…\])$")  # WordPress sets the dots in brackets
_HASHTAG = re.compile(r"[\w\u00b7\u200c\u200d-]{1,100}")


@dataclass(frozen=True, slots=True)
class Wrapper:
    """What the activity around an object says, for objects that leave it out."""

    author: str
    to: Any
    cc: Any
    published: Any


_BARE = Wrapper("", None, None, None)


def post(obj: Any, *, at: int, followers: str = "", wrapper: Wrapper = _BARE) -> Publish | Ignored:
    """`at`: when it was received, in milliseconds; `followers`: its author's collection."""
    if not isinstance(obj, dict):
        return Ignored(reason="the post was not sent along, only its id")
    if refusal := _unfit(obj):
        return Ignored(reason=refusal)
    uri = jsonld.id_of(obj)
    author = author_of(obj) or wrapper.author
    if refusal := foreign(uri, author):
        return Ignored(reason=refusal)
    to, cc = _addresses(obj, wrapper)
    hrefs = [jsonld.text(tag.get("href")) for tag in _tags(obj) if _is(tag, "Mention")]
    if _is(obj, "ChatMessage"):  # Pleroma mentions nobody in a chat
        hrefs += to + cc
    reply = jsonld.id_of(jsonld.first(obj.get("inReplyTo")))
    return Publish(
        author=author,
        post=uri,
        content=_content(obj, uri, at, author, followers),
        visibility=_visibility(to, cc, followers, hrefs),
        # No post is newer than its coming, or it would stand above all others until then.
        published=min(at, sane(at, obj.get("published"), wrapper.published)),
        url=_url(obj),
        reply=reply if names.origin_of(reply) and reply != uri else "",
        audience=_audience(to, cc, followers),
        group=_group(obj, followers),
    )


def author_of(obj: Json) -> str:
    """The first of `attributedTo`; Pleroma and GNU social also write `actor` on the object."""
    return jsonld.id_of(jsonld.first(obj.get("attributedTo"))) or jsonld.id_of(obj.get("actor"))


def foreign(uri: str, author: str) -> str:
    """Why `uri` cannot be this author's object; empty when it can."""
    if not uri:
        return "the object has no id"
    if not author:
        return "the object names no author"
    if not names.origin_of(uri):
        return "the object's id is not a web address"
    if not names.same_origin(uri, author):
        return "the object's id is on another server than its author"
    return ""


def sane(at: int, *times: Any) -> int:
    """The first readable time; `at` for what is far in the future, or when there is none."""
    for time in times:
        found = jsonld.millis(time)
        if found is not None:
            return found if found <= at + DAY else at
    return at


def _unfit(obj: Json) -> str:
    types = jsonld.types(obj)
    if not types:
        return "the object has no type"
    if "Answer" in types or parse_poll.is_vote(obj):
        return "a vote outside of a Create"
    if not NOTES.isdisjoint(types) or not CARDS.isdisjoint(types):
        return ""
    if not NOT_POSTS.isdisjoint(types):
        return f"objects of type {_shown(types)} are not posts"
    if jsonld.text(obj.get("name")) or _text(obj)[0]:
        return ""
    return f"no act for objects of type {_shown(types)}"


def _shown(types: tuple[str, ...]) -> str:
    return html.warning(types[0])[:50]


# ---- who may read


def _addresses(obj: Json, wrapper: Wrapper) -> tuple[list[str], list[str]]:
    """From the object, else from the activity around it."""
    to, cc = obj.get("to"), obj.get("cc")
    if to is None and cc is None:
        to, cc = wrapper.to, wrapper.cc
    return _uris(to), _uris(cc)


def _uris(value: Any) -> list[str]:
    uris = (jsonld.id_of(item) for item in jsonld.as_list(value)[:MAX_ADDRESSES])
    return [uri for uri in uris if uri]


def _visibility(
    to: list[str], cc: list[str], followers: str, mentioned: Iterable[str]
) -> Visibility:
    if any(map(jsonld.is_public, to)):
        return "public"
    if any(map(jsonld.is_public, cc)):
        return "unlisted"
    if followers and followers in {*to, *cc}:
        return "private"
    return "direct" if {*to, *cc} <= set(mentioned) else "limited"


def _audience(to: list[str], cc: list[str], followers: str) -> tuple[str, ...]:
    named = (
        uri
        for uri in (*to, *cc)
        if uri != followers and not jsonld.is_public(uri) and names.origin_of(uri)
    )
    return tuple(dict.fromkeys(named))[:MAX_ADDRESSES]


def _group(obj: Json, followers: str) -> str:
    """FEP-1b12: the group in which it is said."""
    uri = jsonld.id_of(jsonld.first(obj.get("audience")))
    known = names.origin_of(uri) and uri != followers and not jsonld.is_public(uri)
    return uri if known else ""


# ---- what it says


def _content(obj: Json, uri: str, at: int, author: str, followers: str) -> Content:
    types = jsonld.types(obj)
    is_note = not NOTES.isdisjoint(types)
    written, language = _text(obj)
    asked = parse_poll.poll(obj, at)
    emojis = parse_emoji.tagged(obj)
    said = _note_html(obj, written, uri, asked) if is_note else _card(obj, written, uri)
    quote, stamp = parse_quotes.quoted(obj, _tags(obj))
    said = parse_quotes.without_fallback(said) if quote else said
    place = places.read(obj)
    said = places.without_line(said, place)
    warning = html.warning(jsonld.text(obj.get("summary"))) if is_note or _warns(obj) else ""
    return Content(
        html=parse_emoji.renamed(said, emojis),
        summary=html.warning(parse_emoji.renamed(warning, emojis)),
        sensitive=obj.get("sensitive") is True,
        language=language,
        mentions=_mentions(obj),
        hashtags=_hashtags(obj),
        attachments=parse_files.of(obj, card=not is_note),
        emojis=tuple(emojis.values()),
        poll=asked,
        quote=quote,
        stamp=stamp,
        quotable=parse_quotes.quotable(obj, author, followers),
        place=place,
    )


def _text(obj: Json) -> tuple[str, str]:
    """Content and language; `contentMap` names the language of `content`, or replaces it."""
    written = jsonld.text(obj.get("content"))
    spoken = obj.get("contentMap")
    versions = [
        (key, jsonld.text(value))
        for key, value in (spoken.items() if isinstance(spoken, dict) else ())
        if isinstance(key, str)
    ]
    if not written:
        language, written = next(((key, text) for key, text in versions if text), ("", ""))
    else:
        same = (key for key, text in versions if text == written)
        language = next(same, versions[0][0] if len(versions) == 1 else "")
    said = (language, _identifier(obj.get("language")), parse_cards.spoken(obj))
    return written, next(filter(None, map(_language, said)), "")


def _identifier(language: Any) -> str:
    """Lemmy writes the language as an object: see its samples."""
    return jsonld.text(language.get("identifier")) if isinstance(language, dict) else ""


def _language(code: str) -> str:
    return code if _LANGUAGE.fullmatch(code) and code != "und" else ""


def _clean(obj: Json, written: str) -> str:
    kind = jsonld.text(obj.get("mediaType")).partition(";")[0].strip().lower()
    return html.from_fediverse(written, kind if kind in _MEDIA_TYPES else "text/html")


def _note_html(obj: Json, written: str, uri: str, asked: Poll | None) -> str:
    parts = [
        parse_cards.title(obj),
        _clean(obj, written),
        "" if asked else _options(obj, uri),
        *parse_cards.links(obj),
    ]
    return "".join(part for part in parts if part)


def _card(obj: Json, written: str, uri: str) -> str:
    text = _clean(obj, written)
    excerpt = "" if _warns(obj) else _excerpt(obj, text)
    link = "" if _is_whole(obj, text, uri) else _url(obj) or uri
    return parse_cards.card(obj, text, excerpt=excerpt, link=link)


def _warns(obj: Json) -> bool:
    """A topic of a group is a Page: what stands before it is a warning if it calls for one."""
    return _is(obj, "Page") and obj.get("sensitive") is True


def _is_whole(obj: Json, text: str, uri: str) -> bool:
    """Whether nothing of a topic is left to read where it came from."""
    page = _url(obj)
    return _is(obj, "Page") and bool(text or page) and names.same_origin(page or uri, uri)


def _excerpt(obj: Json, text: str) -> str:
    """Here `summary` is no warning, and often just how the text begins."""
    excerpt = html.plain(html.from_fediverse(jsonld.text(obj.get("summary")))).strip()
    if not excerpt or html.plain(text).strip().startswith(_CUT.sub("", excerpt)):
        return ""
    lines = (f"<p>{html.escape(line)}</p>" for line in excerpt.splitlines() if line)
    return html.from_fediverse("".join(lines))


def _options(obj: Json, uri: str) -> str:
    """What is no poll to vote in is read as a list of its answers, with the way to where it is."""
    choices = jsonld.as_list(obj.get("oneOf")) or jsonld.as_list(obj.get("anyOf"))
    listed = [choice for choice in choices[:MAX_LISTED] if isinstance(choice, dict)]
    named = [html.warning(jsonld.text(choice.get("name"))) for choice in listed]
    shown = "".join(f"<li>{html.escape(name)}</li>" for name in named if name)
    if not shown:
        return ""
    more = "<li>…</li>" if len(choices) > MAX_LISTED else ""
    page = html.escape(_url(obj) or uri)
    return html.from_fediverse(f'<ul>{shown}{more}</ul><p><a href="{page}">{page}</a></p>')


def _url(obj: Json) -> str:
    """The page for people: among several links the one of type text/html."""
    links = jsonld.as_list(obj.get("url"))
    pages = [link for link in links if isinstance(link, dict) and _page(link)]
    found = jsonld.link(pages) or jsonld.link(links)
    return found if names.origin_of(found) else ""


def _page(link: Json) -> bool:
    return jsonld.text(link.get("mediaType")).startswith("text/html")


# ---- tags


def _is(item: Json, kind: str) -> bool:
    return kind in jsonld.types(item)


def _tags(obj: Json) -> list[Json]:
    return [tag for tag in jsonld.as_list(obj.get("tag"))[:MAX_TAGS] if isinstance(tag, dict)]


def _mentions(obj: Json) -> tuple[Mention, ...]:
    found: dict[str, Mention] = {}
    for tag in _tags(obj):
        actor = jsonld.id_of({"id": tag.get("href")})
        if _is(tag, "Mention") and names.origin_of(actor):
            name = html.warning(jsonld.text(tag.get("name")))
            found.setdefault(actor, Mention(actor=actor, name=name))
    return tuple(found.values())[:MAX_MENTIONS]


def _hashtags(obj: Json) -> tuple[str, ...]:
    found: dict[str, str] = {}
    for tag in _tags(obj):
        name = jsonld.text(tag.get("name")).strip().removeprefix("#")
        if _is(tag, "Hashtag") and _HASHTAG.fullmatch(name):
            found.setdefault(name.lower(), name)
    return tuple(found.values())
