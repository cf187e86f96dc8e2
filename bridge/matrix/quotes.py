"""Quotes in rooms: whole for every client, and MSC4501's for those who know it. Pure.

Somebody quotes by what their client says of it (MSC4501), or with a link to one post, and no other
link, as the last line below words of their own. A link alone is a link.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge import html, names
from bridge.matrix import enclosed, locations, shapes, vocabulary
from bridge.matrix.sending import Refs, caption, mentioned, message, title, words
from social.acts import OPEN, Publish

_RELATES = f"{vocabulary.SOCIAL}.relates_to"
_BODY, _FORMATTED = f"{vocabulary.SOCIAL}.body", f"{vocabulary.SOCIAL}.formatted_body"
_ALIKE = ("m.social", vocabulary.SOCIAL, "org.matrix.msc3639.social")  # its names before and after
_LINK = re.compile(r"<?(https?://[^\s<>]{1,2000})>?")
_EVENT = re.compile(r"https?://matrix\.to/#/[^/?\s]+/(\$[^/?\s]+)", re.IGNORECASE)
_SNIPPET = 4_000  # characters kept of what is quoted, for clients that know quotes


# ---- read


def named(content: Mapping[str, Any]) -> str:
    """The event or the link that a message may quote; whether it does, who looks it up says."""
    given = shapes.text(shapes.mapping(content.get(vocabulary.POST)).get("quote"))
    return given or reposted(content) or _last_link(shapes.text(content.get("body")))


def reposted(content: Mapping[str, Any]) -> str:
    """The event that MSC4501 says is repeated or quoted; what else it says is not believed."""
    for prefix in _ALIKE:
        related = shapes.mapping(content.get(f"{prefix}.relates_to"))
        if shapes.text(related.get("rel_type")) == f"{prefix}.repost":
            return shapes.event_ref(related.get("event_id"))
    return ""


def is_bare(content: Mapping[str, Any]) -> bool:
    """A repost without a word of one's own is a boost."""
    inline = any(
        shapes.mapping(content.get(f"{prefix}.relates_to")).get("content_inline") is True
        for prefix in _ALIKE
    )
    return inline or bool(_LINK.fullmatch(shapes.text(content.get("body")).strip()))


def by_link(content: Mapping[str, Any]) -> bool:
    """The link is how it was said, and no part of the words."""
    given = shapes.text(shapes.mapping(content.get(vocabulary.POST)).get("quote"))
    return not given and not reposted(content)


def own_words(content: Mapping[str, Any]) -> Mapping[str, Any]:
    """A message without what its client wrote below it for those who know no quotes."""
    for prefix in _ALIKE:
        body = content.get(f"{prefix}.body")
        if isinstance(body, str) and reposted(content):
            bare = {k: v for k, v in content.items() if k not in {"format", "formatted_body"}}
            formatted = content.get(f"{prefix}.formatted_body")
            html_of_it = {"format": shapes.HTML, "formatted_body": formatted}
            return bare | {"body": body} | (html_of_it if isinstance(formatted, str) else {})
    return content


def linked(content: Mapping[str, Any], post: Publish | None) -> Mapping[str, Any]:
    """A message without the words of others, with a link to them if they are for everybody."""
    bare = own_words(content)
    if post is None or post.visibility not in OPEN or bare is content:
        return bare
    url = post.url or post.post
    below = {"body": f"{bare['body']}\n\n{url}".strip()}
    if isinstance(formatted := bare.get("formatted_body"), str):
        shown = html.escape(url)
        below["formatted_body"] = f'{formatted}<p><a href="{shown}">{shown}</a></p>'
    return {**bare, **below}


def _last_link(body: str) -> str:
    """The event that it leads to, or the link itself."""
    above, _, last = body.rstrip().rpartition("\n")
    found = _LINK.fullmatch(last.strip())
    if not found or not above.strip() or "://" in above:
        return ""
    event = _EVENT.match(found[1])
    return event[1] if event and names.is_event_id(event[1]) else found[1]


def without_link(body: str, formatted: str | None) -> tuple[str, str | None]:
    """Both forms of a text without the link that was its last line."""
    above, _, last = body.rstrip().rpartition("\n")
    link = _LINK.fullmatch(last.strip())
    if not link or formatted is None:
        return above.rstrip(), None
    shown = re.escape(html.escape(link[1]))
    anchor = rf'(?:<a href="{shown}"[^<>]*>[^<>]*</a>|{shown})'
    tail = re.compile(rf"(?:<p>\s*{anchor}\s*</p>|(?:<br\s*/?>|\n)\s*{anchor}\s*(</p>)?)\s*\Z")
    found = tail.search(formatted)
    if not found:  # the two forms do not say the same: the plain one, which we understood, counts
        return above.rstrip(), None
    return above.rstrip(), formatted[: found.start()] + (found[1] or "")


# ---- written


def said(post: Publish, refs: Refs) -> dict[str, Any]:
    """A post as `words` writes it, with what it quotes below, or a link where it may not."""
    uri = post.content.quote
    if not uri:
        return words(post, refs)
    quoted = refs.quoted if refs.quoted and refs.quoted.post == uri else None
    own = caption(post, refs)
    below = html.to_matrix(_block(quoted, refs) if quoted else _line(uri), refs.pills)
    whole = html.Formatted(
        body=f"{own.body}\n\n{below.body}".strip(),
        formatted=own.formatted + below.formatted,
    )
    shown = enclosed.carried(post.content, refs.files)
    content = enclosed.message(shown[0], whole) if shown else message(whole)
    content |= locations.keys(post.content.place) | {"m.mentions": mentioned(post, refs)}
    if not quoted:
        return content
    return content | {
        _BODY: own.body,
        _FORMATTED: own.formatted,
        _RELATES: _related(quoted, refs),
    }


def _line(uri: str) -> str:
    shown = html.escape(uri)
    return f'<p>RE: <a href="{shown}">{shown}</a> (quote not approved)</p>'


def _block(quoted: Publish, refs: Refs) -> str:
    """What stands behind a warning stays there: who wants to read it follows the link."""
    link = html.escape(quoted.url or quoted.post)
    heading = f'<p><strong>{title(refs.quoted_title)}</strong> <a href="{link}">wrote</a>:</p>'
    warning = html.escape(html.warning(quoted.content.summary))
    text = f"<p>[CW: {warning}]</p>" if warning else quoted.content.html
    files = "" if warning or not quoted.content.attachments else "<p>(with attachments)</p>"
    return f"<blockquote>{heading}{text}{files}</blockquote>"


def _related(quoted: Publish, refs: Refs) -> dict[str, Any]:
    inner = caption(quoted, replace(refs, files={}))
    said = message(inner)
    if len(inner.body) + len(inner.formatted) > _SNIPPET:
        said = {"msgtype": "m.text", "body": f"{inner.body[:_SNIPPET]}…"}
    found = {
        "event_id": refs.quoted_event,
        "room_id": refs.quoted_room,
        "sender": refs.pills.get(quoted.author, ""),
        "displayname": html.plain(title(refs.quoted_title)),
        "content": said,
    }
    return {"rel_type": shapes.REPOST, **{key: value for key, value in found.items() if value}}
