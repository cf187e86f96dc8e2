"""The words of a message: what was written, with which warning, naming whom. Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bridge import html, names
from bridge.matrix import attachments, locations, quotes, shapes, vocabulary
from bridge.matrix.readings import Refs
from social.acts import Attachment, Content, Emoji, Ignored, Mention, Publish, Quotable

_READ = frozenset({"m.text", "m.emote", locations.KIND})
_MEDIA = frozenset({*attachments.KINDS, attachments.GALLERY})
_ASKED = 200  # names looked up for one message, hashtags among them
_UNNAMED = "Spoiler"  # a warning of words must say something, or other servers show them
_EMOJIS = 50  # of one post, as many as are read from others
_MENTIONED = 50  # as bridge.html_find
_BEGINS = re.compile(r"\s*<p>", re.IGNORECASE)
_WHOLE = re.compile(r"@[^\s@]+@[^\s@]+")

# What a person may write in front of the text, in its plain and in its HTML form.
_WARNING = re.compile(r"\s*!cw[ \t]+([^\n]*)(?:\n|\Z)")
_WARNING_HTML = re.compile(r"\s*(<p>)?\s*!cw\s.*?(<br\s*/?>|</p>|\n|\Z)", re.DOTALL)
_UNLISTED = re.compile(r"\s*!unlisted()(?:[ \t]*\n|[ \t]+|\Z)")
_UNLISTED_HTML = re.compile(r"\s*(<p>)?\s*!unlisted(?=[\s<]|\Z)[ \t]*(<br\s*/?>|</p>|\n|)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    content: Content
    unlisted: bool  # asked for in front of the text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    body: str
    formatted: str | None
    warning: str = ""
    unlisted: bool = False


def refusal(content: Mapping[str, Any], *, notices: bool = False) -> Ignored | None:
    """Why this kind of message goes nowhere; None for what can be read."""
    kind = content.get("msgtype")
    if notices and kind == "m.notice":
        kind = "m.text"
    if kind in ("m.notice", "m.server_notice"):
        return Ignored(reason="a notice: bots must not answer each other for ever")
    if not isinstance(kind, str) or kind not in _READ | _MEDIA:
        return Ignored(reason="this kind of message is not bridged")
    if not isinstance(content.get("body"), str):
        return Ignored(reason="a message without text")
    return None


def read(
    content: Mapping[str, Any],
    refs: Refs,
    *,
    sender: str,
    author: str,
    parent: Publish | None,
    event: str,
) -> Message | Ignored:
    """The words of `sender`, who is `author`; a reply names whom its `parent` names. Files are
    served under the name of their `event`.
    """
    # A bot may speak by itself; what it answers, another bot could answer for ever.
    refused = refusal(content, notices=refs.notices and parent is None)
    if refused:
        return refused
    files: tuple[Attachment, ...] = ()
    if content.get("msgtype") in _MEDIA or any(attachments.listed(content)):
        carried = attachments.carried(content, refs.files or refs.origin, event)
        if isinstance(carried, Ignored):
            return carried
        files = carried
    quote = refs.quotable.get(named := quotes.named(content), "")
    if quote:
        content = quotes.own_words(content)
    elif quotes.reposted(content):  # what may not be quoted is a link, or nothing at all
        content = quotes.linked(content, refs.stored.get(refs.carried.get(named, "")))
    place = None
    if content.get("msgtype") == locations.KIND:
        place = locations.read(content)
        if place is None:
            return Ignored(reason="a place without coordinates")
    said = _said(content)
    if quote and quotes.by_link(content):
        body, formatted = quotes.without_link(said.body, said.formatted)
        said = replace(said, body=body, formatted=formatted)
    written = _written(content, said, refs, sender)
    if not (files or place) and not html.plain(written.html).strip():
        return Ignored(reason="an empty message")
    options = shapes.mapping(content.get(vocabulary.POST))
    given = shapes.text(options.get("cw")) or said.warning
    summary = html.warning(given or _hidden(content, written, files) or refs.warning)
    found = Content(
        html=written.html,
        summary=summary,
        sensitive=bool(summary) or _flagged(content) or options.get("sensitive") is True,
        language=shapes.language(options.get("lang")) or refs.language,
        mentions=_mentions(content, written, refs, author=author, parent=parent),
        hashtags=written.hashtags,
        attachments=files,
        emojis=_emojis(written, (written.html, summary, *refs.offered), refs, event),
        place=place,
        quote=quote,
        quotable=_quotable(options),
    )
    return Message(content=found, unlisted=said.unlisted)


def _emojis(
    written: html.Written, said: Iterable[str], refs: Refs, event: str
) -> tuple[Emoji, ...]:
    """The pictures in the text, and those of the owner's pack that the text, its warning or the
    answers of its poll name; served as files of this post.
    """
    words = "\n".join(said)
    found = dict(written.emoticons)
    places = {name: attachments.place(mxc) for name, mxc in found.items()}
    for emoji in refs.pack:
        if f":{emoji.shortcode}:" in words:
            places.setdefault(emoji.shortcode, tuple(emoji.url.rsplit("/", 2)[1:]))
    return tuple(
        Emoji(shortcode=name, url=names.media_uri(refs.files or refs.origin, event, *where))
        for name, where in list(places.items())[:_EMOJIS]
        if where
    )


def plain_line(content: Mapping[str, Any]) -> str:
    """The first line of what was typed, without the words of others quoted above it."""
    body = _unquoted(content, shapes.text(content.get("body")))
    return body.strip().split("\n", 1)[0].strip()


def asked(content: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """(Matrix IDs, accounts as written) that `read` will want to know."""
    seen: set[str] = set()

    def note(key: str) -> None:
        if len(seen) < _ASKED:
            seen.add(key)

    if not refusal(content, notices=True):
        said = _said(content)
        html.from_matrix(said.body, said.formatted, note)
    users = {key for key in seen if names.is_user_id(key)}
    accounts = {key for key in seen - users if key.startswith("@") and names.parse_acct(key)}
    return users.union(shapes.mentioned(content)), accounts


def actor_name(uri: str, refs: Refs) -> str:
    """@user@host of an actor, as far as it can be told."""
    for mxid, actor in refs.actors.items():
        if actor == uri and names.is_user_id(mxid):
            return _name(mxid, refs)
    found = refs.link(uri)
    return _at(found[1], uri) if found else f"@{names.host_of(uri)}"


def _said(content: Mapping[str, Any]) -> _Text:
    """The text without quoted fallback, commands in front of it taken off. Of a file its caption;
    where there is none its name says nothing to anybody.
    """
    kind = content.get("msgtype")
    if kind == locations.KIND or (kind in attachments.KINDS and not attachments.caption(content)):
        return _Text(body="", formatted=None)
    body = _unquoted(content, shapes.text(content.get("body")))
    formatted = None
    if content.get("format") == shapes.HTML and isinstance(content.get("formatted_body"), str):
        formatted = shapes.text(content["formatted_body"])
        formatted = (
            formatted.rpartition("</mx-reply>")[2] if "<mx-reply>" in formatted else formatted
        )
    said = _Text(body=body, formatted=formatted)
    if found := _UNLISTED.match(said.body):
        said = _without(said, found, _UNLISTED_HTML)
        said = _Text(body=said.body, formatted=said.formatted, unlisted=True)
    if found := _WARNING.match(said.body):
        warned = _without(said, found, _WARNING_HTML)
        said = _Text(
            body=warned.body,
            formatted=warned.formatted,
            warning=found[1].strip(),
            unlisted=said.unlisted,
        )
    return said


def _without(said: _Text, found: re.Match[str], pattern: re.Pattern[str]) -> _Text:
    body = said.body[found.end() :]
    same = pattern.match(said.formatted) if said.formatted else None
    if not said.formatted or not same:
        # The two forms do not say the same: the plain one, which we understood, counts.
        return _Text(body=body, formatted=None)
    reopened = "<p>" if same[1] and same[2] != "</p>" else ""
    return _Text(body=body, formatted=reopened + said.formatted[same.end() :].lstrip())


def _unquoted(content: Mapping[str, Any], body: str) -> str:
    """Client-Server API, "Rich replies": older clients quote what they answer, above a blank line.

    The quotation may come from a room that nobody else can see, so it never travels.
    """
    body = body.replace("\r\n", "\n")
    if "m.in_reply_to" not in shapes.relation(content) or not body.startswith("> "):
        return body
    lines = body.split("\n")
    kept = next((at for at, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[kept:]).removeprefix("\n")


def _written(content: Mapping[str, Any], said: _Text, refs: Refs, sender: str) -> html.Written:
    if content.get("msgtype") != "m.emote":
        return html.from_matrix(said.body, said.formatted, refs.link)
    name = refs.name or sender[1:].partition(":")[0]
    # A display name is free text: it must not mention anybody.
    name = " ".join(shapes.clean(name).replace("@", "").replace("#", "").split())
    written = html.from_matrix(f"{name} {said.body}", _told_of(name, said.formatted), refs.link)
    told = written.html.replace("<p>", "<p><em>").replace("</p>", "</em></p>")
    return replace(written, html=told)


def _told_of(name: str, formatted: str | None) -> str | None:
    """The name in front of the first words, in their own paragraph where they have one."""
    if not formatted or not html.plain(formatted):
        return None
    begins = _BEGINS.match(formatted)
    at = begins.end() if begins else 0
    return f"{formatted[:at]}{html.escape(name)} {formatted[at:]}"


def _hidden(
    content: Mapping[str, Any], written: html.Written, files: tuple[Attachment, ...]
) -> str:
    """What a spoiler in the text says of itself, or a warning that a client attached."""
    reason = _reason(content) or written.spoiler
    if reason or written.spoiler is not None:
        return reason or _UNNAMED
    # Files are hidden as they are, words only behind a word.
    return _UNNAMED if _flagged(content) and not files else ""


def _flagged(content: Mapping[str, Any]) -> bool:
    """MSC3725 and MSC4193: a client says that what it sends is to be hidden first."""
    warned = isinstance(content.get(shapes.WARNING_3725), dict)
    return warned or content.get(shapes.SPOILER_4193) is True


def _reason(content: Mapping[str, Any]) -> str:
    told = shapes.text(shapes.mapping(content.get(shapes.WARNING_3725)).get("description"))
    flagged = content.get(shapes.SPOILER_4193) is True
    return told or (shapes.text(content.get(f"{shapes.SPOILER_4193}.reason")) if flagged else "")


def _quotable(options: Mapping[str, Any]) -> Quotable:
    match shapes.text(shapes.mapping(options.get("policy")).get("quote")):
        case "public":
            return "public"
        case "followers":
            return "followers"
        case "nobody":
            return "nobody"
        case _:
            return ""


def _mentions(
    content: Mapping[str, Any],
    written: html.Written,
    refs: Refs,
    *,
    author: str,
    parent: Publish | None,
) -> tuple[Mention, ...]:
    """Those named in the text and by the client; in a reply, also those in the conversation."""
    found: dict[str, str] = {}
    if parent:
        found[parent.author] = actor_name(parent.author, refs)
        for mention in parent.content.mentions:
            # Some name nobody, or without a host: who reads on elsewhere needs the whole of it.
            whole = _WHOLE.fullmatch(mention.name)
            named = mention.name if whole else actor_name(mention.actor, refs)
            found.setdefault(mention.actor, named)
    for key in (*written.mentions, *shapes.mentioned(content)):
        actor = _actor(key, refs)
        if actor:
            found[actor] = _name(key, refs)
    found.pop(author, None)
    return tuple(Mention(actor=uri, name=name) for uri, name in found.items())[:_MENTIONED]


def _actor(key: str, refs: Refs) -> str:
    if key in refs.actors or names.is_user_id(key):
        return refs.actors.get(key, "")
    found = refs.link(key)
    return found[0] if found else ""


def _name(key: str, refs: Refs) -> str:
    if not names.is_user_id(key):
        return key
    ghost = names.read_ghost(key[1:].partition(":")[0])
    if ghost:
        return f"@{ghost[0]}@{ghost[1]}"
    found = refs.link(key)
    name = found[1] if found else key[1:].partition(":")[0]
    return _at(name, refs.actors.get(key, ""))


def _at(name: str, uri: str) -> str:
    """Mention tags name the host too, or readers elsewhere take their own: @bob@example.org."""
    name = name.removeprefix("@")
    return f"@{name}" if "@" in name else f"@{name}@{names.host_of(uri)}"
