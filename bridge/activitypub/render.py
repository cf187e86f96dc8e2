"""Act → activity. Pure: the same act gives the same bytes.

Addresses stand on the activity and on its object, always as arrays, with the public collection by
its full name: some servers look at the object only, and one reads the short name as direct.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import assert_never
from urllib.parse import quote

from bridge import html, names
from bridge.activitypub import places, render_measures, render_pins, render_polls, render_quotes
from bridge.activitypub.jsonld import AS2, PUBLIC, iso
from bridge.activitypub.render_actor import (
    CONTEXT,
    Json,
    actor,
    emoji_tag,
    instance_actor,
    plain_actor,
)
from social.acts import (
    LIKES,
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Attachment,
    Block,
    BlockHost,
    Boost,
    Content,
    Decide,
    Follow,
    Introduce,
    Leave,
    Move,
    Mute,
    PassOn,
    Pin,
    Publish,
    React,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
)
from social.measures import Appoint, Expel, Feature, Lock, Measure, Remove

__all__ = ["CONTEXT", "Refs", "actor", "instance_actor", "note", "render", "stamp", "tombstone"]

_AGAINST = "\N{THUMBS DOWN SIGN}"
_TITLE = re.compile(r"<p><strong>([^<]+)</strong></p>")
_MOST_WORDS = 3_000  # of a report: PeerTube refuses longer ones, and those of less than two letters
_MEDIA = {"image": "Image", "video": "Video", "audio": "Audio"}
_MEDIA_IN_GROUPS = {"image": "Image"}  # with another kind of file Lemmy refuses the whole post


@dataclass(frozen=True, slots=True, kw_only=True)
class Refs:
    """What an act does not say itself; every URI may be empty when nobody knows it."""

    origin: str
    followers: str = ""  # the author's collection
    post_author: str = ""  # of the post reacted to, boosted or voted in
    group: str = ""  # in which the post reacted to was said
    passed: Json | None = None  # the activity that a group passes on
    edited: int | None = None  # when a poll's question was edited last
    readers: tuple[str, ...] = ()  # whom a deleted post was for, unless that was everybody
    quoting: Json = field(default_factory=dict)  # the post that would quote another, whole


def render(act: Act, refs: Refs) -> Json:
    """The whole activity, ready to be signed."""
    return {"@context": list(CONTEXT), **_activity(act, refs)}


def note(publish: Publish, refs: Refs, *, updated: int | None = None) -> Json:
    """The post as a document of its own."""
    return {"@context": list(CONTEXT), **_note(publish, refs, updated=updated)}


def tombstone(uri: str, at: int) -> Json:
    return {"@context": AS2, **_tombstone(uri, at)}


def stamp(act: AllowQuote) -> Json:
    return {"@context": list(CONTEXT), **render_quotes.stamp(act)}


def _activity(act: Act, refs: Refs) -> Json:  # noqa: C901  one line per act, no logic
    match act:
        case Introduce():
            return _introduce(act, refs)
        case Publish():
            return _create(act, refs)
        case Revise():
            return _update(act, refs)
        case Tally():
            return _count(act, refs)
        case Vote():
            return _vote(act, refs)
        case Pin():
            return render_pins.added(act, _some(refs.followers))
        case Retract():
            return _delete(act, refs)
        case Leave():
            return _leave(act, refs)
        case React():
            return _like(act, refs)
        case Boost():
            return _announce(act, refs)
        case Follow():
            return _about("Follow", act)
        case Block():
            return _about("Block", act)
        case BlockHost() | Mute() | Decide():
            raise ValueError("what is for its author alone is never written down for others")
        case Accept():
            return _answer("Accept", "accepts", act)
        case Reject():
            return _answer("Reject", "rejects", act)
        case Undo():
            return _undo(act, refs)
        case Move():
            return _move(act, refs)
        case Report():
            return _flag(act, refs)
        case PassOn():
            return _pass_on(act, refs)
        case Remove() | Feature() | Lock() | Appoint() | Expel():
            return render_measures.taken(act)
        case AskQuote():
            return render_quotes.ask(act, _some(refs.post_author), refs.quoting)
        case AllowQuote() | RefuseQuote(stamp=""):
            return render_quotes.answer(act)
        case RefuseQuote():
            return render_quotes.revoke(act)
        case _:
            assert_never(act)


def _create(act: Publish, refs: Refs) -> Json:
    return {
        "id": f"{act.post}/create",
        "type": "Create",
        "actor": act.author,
        "published": iso(act.published),
        **_addresses(act, refs),
        "object": _note(act, refs),
    }


def _update(act: Revise, refs: Refs) -> Json:
    # A post whose edit is older than itself is dropped whole by a peer.
    updated = max(act.updated, act.now.published)
    return {
        "id": act.uri,
        "type": "Update",
        "actor": act.author,
        "updated": iso(updated),
        **_addresses(act.now, refs),
        "object": _note(act.now, refs, updated=updated),
    }


def _count(act: Tally, refs: Refs) -> Json:
    """An Update too, whose object is not `updated`: peers read new counts, and show no edit."""
    return {
        "id": act.uri,
        "type": "Update",
        "actor": act.author,
        **_addresses(act.now, refs),
        "object": _note(act.now, refs, updated=refs.edited),
    }


def _vote(act: Vote, refs: Refs) -> Json:
    """For the poll's author alone. Without any content: an empty one would make it a post."""
    to = _some(refs.post_author)
    note = {
        "id": act.uri,
        "type": "Note",
        "attributedTo": act.author,
        "inReplyTo": act.poll,
        "name": act.option,
        "to": to,
    }
    # An id of its own: where both have the same one the vote is silently lost.
    created = {"id": f"{act.uri}/activity", "type": "Create", "actor": act.author, "to": to}
    return {**created, "object": note}


def _delete(act: Retract, refs: Refs) -> Json:
    return {
        "id": names.deletion_uri(act.post),
        "type": "Delete",
        "actor": act.author,
        "to": list(refs.readers) or [PUBLIC],
        "cc": [] if refs.readers else _some(refs.followers),
        "object": _tombstone(act.post, act.at),
    }


def _leave(act: Leave, refs: Refs) -> Json:
    return {
        "id": f"{act.author}#delete",
        "type": "Delete",
        "actor": act.author,
        "to": [PUBLIC],
        "cc": _some(refs.followers),
        "object": act.author,
    }


def _introduce(act: Introduce, refs: Refs) -> Json:
    return {
        "id": f"{act.author}#updates/{act.at}",
        "type": "Update",
        "actor": act.author,
        "updated": iso(act.at),
        "to": [PUBLIC],
        "cc": _some(refs.followers),
        "object": plain_actor(act.profile),
    }


def _like(act: React, refs: Refs) -> Json:
    # In a group it would count as a vote for what it is against.
    against = bool(refs.group) and act.emoji.rstrip("\ufe0f") == _AGAINST
    plain = act.emoji in LIKES or against
    # FEP-c0e0: a Like with content is a reaction, and still a like where reactions are unknown.
    emoji: Json = {} if plain else {"content": act.emoji, "_misskey_reaction": act.emoji}
    tag = {"tag": [emoji_tag(act.custom)]} if act.custom else {}
    return {
        "id": act.uri,
        "type": "Dislike" if against else "Like",
        "actor": act.author,
        "to": _some(refs.post_author),
        "cc": _some(refs.group),
        **({"audience": refs.group} if refs.group else {}),
        "object": act.post,
        **emoji,
        **tag,
    }


def _announce(act: Boost, refs: Refs) -> Json:
    return {
        "id": act.uri,
        "type": "Announce",
        "actor": act.author,
        "published": iso(act.at),
        "to": [PUBLIC],
        "cc": _some(refs.followers, refs.post_author),
        "object": act.post,
    }


def _pass_on(act: PassOn, refs: Refs) -> Json:
    """FEP-1b12: the activity of a member, word for word."""
    return {
        "id": act.uri,
        "type": "Announce",
        "actor": act.author,
        "published": iso(act.at),
        "to": [PUBLIC],
        "cc": _some(refs.followers),
        "object": refs.passed or act.said,
    }


def _about(kind: str, act: Follow | Block) -> Json:
    return {
        "id": act.uri,
        "type": kind,
        "actor": act.author,
        "to": [act.target],
        "cc": [],
        "object": act.target,
    }


def _move(act: Move, refs: Refs) -> Json:
    return {
        "id": act.uri,
        "type": "Move",
        "actor": act.author,
        "to": _some(refs.followers),
        "cc": [],
        "object": act.author,
        "target": act.target,
    }


def _flag(act: Report, refs: Refs) -> Json:
    """In the server's name: whoever is reported never learns by whom, nor does their server."""
    by = f"{refs.origin}/ap/actor"
    digest = hashlib.sha256(act.uri.encode()).hexdigest()
    return {
        "id": f"{by}#reports/{digest[:24]}",
        "type": "Flag",
        "actor": by,
        "to": [act.about[0]],
        "cc": [],
        "object": list(act.about),
        "content": act.words[:_MOST_WORDS].ljust(2, "…"),
    }


def _answer(kind: str, path: str, act: Accept | Reject) -> Json:
    """A fresh id each time: a peer may drop an answer whose id it has seen."""
    digest = hashlib.sha256(f"{act.uri or act.follower}|{act.at}".encode()).hexdigest()
    follow = {"id": act.uri} if act.uri else {}
    return {
        "id": f"{act.author}#{path}/{digest[:24]}",
        "type": kind,
        "actor": act.author,
        "to": _some(act.follower),
        "cc": [],
        # Plain ids inside: a peer cannot match a follow whose actor is written out in full.
        "object": {**follow, "type": "Follow", "actor": act.follower, "object": act.author},
    }


def _undo(act: Undo, refs: Refs) -> Json:
    if isinstance(act.undone, Pin):
        return render_pins.removed(act.undone, _some(refs.followers))
    if isinstance(act.undone, Measure):
        said = replace(act.undone, author=act.author, at=act.at)
        return render_measures.taken_back(said, act.uri or f"{said.uri}/undo")
    undone = _activity(act.undone, refs) if act.undone else None
    uri = act.uri or (act.undone.uri if act.undone else "")
    return {
        "id": f"{uri}/undo",
        "type": "Undo",
        "actor": act.author,
        "to": undone["to"] if undone else [],
        "cc": undone["cc"] if undone else [],
        # Whole, since several servers act on nothing but the embedded activity.
        "object": undone or uri,
    }


def _note(publish: Publish, refs: Refs, *, updated: int | None = None) -> Json:
    content = publish.content
    edited = {} if updated is None else {"updated": iso(max(updated, publish.published))}
    title, text = _titled(publish)
    text = render_quotes.with_fallback(content, text + places.line(content.place))
    language = {"contentMap": {content.language: text}} if content.language else {}
    return {
        "id": publish.post,
        **_typed(content, title),
        "attributedTo": publish.author,
        **({"inReplyTo": publish.reply} if publish.reply else {}),
        **({"summary": content.summary} if content.summary else {}),
        "sensitive": content.sensitive,
        "content": text,
        **language,
        **({"url": publish.url} if publish.url else {}),
        "published": iso(publish.published),
        **edited,
        **_addresses(publish, refs),
        **({"audience": publish.group} if publish.group else {}),
        "attachment": [
            _attachment(file, _MEDIA_IN_GROUPS if publish.group else _MEDIA)
            for file in content.attachments
        ],
        "tag": _tags(publish, refs),
        **(render_polls.fields(content.poll) if content.poll else {}),
        **places.fields(content.place),
        **render_quotes.fields(publish, refs.followers),
        **({} if publish.reply else {"context": f"{publish.post}/context"}),
        "replies": f"{publish.post}/replies",
        "likes": f"{publish.post}/likes",
        "shares": f"{publish.post}/shares",
    }


def _titled(publish: Publish) -> tuple[str, str]:
    """A topic of a group may have a title: a first line that is nothing but strong. A Page whose
    summary warns says so by `sensitive`.
    """
    written, content = publish.content.html, publish.content
    found = _TITLE.match(written)
    if (
        content.poll
        or not found
        or not publish.group
        or publish.reply
        or found.end() == len(written)
    ):
        return "", written
    if content.summary and not content.sensitive:
        return "", written
    title = html.warning(html.plain(found[1]))
    same = html.from_fediverse(f"<p><strong>{html.escape(title)}</strong></p>") == found[0]
    return (title, written[found.end() :]) if same else ("", written)


def _typed(content: Content, title: str) -> Json:
    if content.poll:
        return {"type": "Question"}
    return {"type": "Page", "name": title} if title else {"type": "Note"}


def _addresses(publish: Publish, refs: Refs) -> Json:
    followers, audience = _some(refs.followers), list(publish.audience)
    group: list[str] = []
    if publish.group in audience[:1] and publish.visibility in OPEN:
        # It is for the members, and no news to those who follow the author.
        followers, group, audience = [], audience[:1], audience[1:]
    match publish.visibility:
        case "public":
            return {"to": [PUBLIC, *group], "cc": _some(*followers, *audience)}
        case "unlisted":
            return {"to": [*followers, *group], "cc": _some(PUBLIC, *audience)}
        case "private":
            return {"to": followers, "cc": audience}
        case "limited" | "direct":
            return {"to": audience, "cc": []}
        case "local":
            return {"to": [], "cc": []}
        case _:
            assert_never(publish.visibility)


def _tags(publish: Publish, refs: Refs) -> list[Json]:
    mentions = [
        {"type": "Mention", "href": mention.actor, "name": mention.name}
        for mention in publish.content.mentions
    ]
    hashtags = [
        {
            "type": "Hashtag",
            "href": f"{refs.origin}/tags/{quote(tag.lower(), safe='')}",
            "name": f"#{tag}",
        }
        for tag in publish.content.hashtags
    ]
    emojis = map(emoji_tag, publish.content.emojis)
    return [*mentions, *hashtags, *emojis, *render_quotes.tags(publish.content)]


def _attachment(attachment: Attachment, kinds: Mapping[str, str]) -> Json:
    kind = kinds.get(attachment.media_type.partition("/")[0], "Document")
    media_type = {"mediaType": attachment.media_type} if attachment.media_type else {}
    # One half of the fediverse reads the description from `name`, the other from `summary`.
    alt = {"name": attachment.alt, "summary": attachment.alt} if attachment.alt else {}
    # PeerTube tells the width of its pictures and the height of its films.
    known = {"width": attachment.width, "height": attachment.height}
    size = {side: pixels for side, pixels in known.items() if pixels}
    shown = {"type": kind, **media_type, "url": attachment.url, **alt, **size}
    if attachment.blurhash:
        shown["blurhash"] = attachment.blurhash
    if attachment.focus:
        shown["focalPoint"] = [float(part) for part in attachment.focus.split(",")]
    if attachment.duration:
        shown["duration"] = f"PT{attachment.duration / 1_000:.3f}".rstrip("0").rstrip(".") + "S"
    if attachment.voice:
        shown["voice"] = True
    return shown


def _tombstone(uri: str, at: int) -> Json:
    return {"id": uri, "type": "Tombstone", "formerType": "Note", "deleted": iso(at)}


def _some(*uris: str) -> list[str]:
    """Each URI once, none empty."""
    return list(dict.fromkeys(uri for uri in uris if uri))
