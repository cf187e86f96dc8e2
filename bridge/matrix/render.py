"""Act -> what to send into a room. Pure; docs/federation.md has the mapping.

What a ghost sends keeps the activity verbatim, as one string: event content allows no floats and
JSON written anew would not be what was signed. HTML comes from `html.to_matrix` alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from bridge import html
from bridge.html import Formatted
from bridge.matrix import enclosed, notices, polls, quotes, shapes, vocabulary
from bridge.matrix.notices import notice, notice_for
from bridge.matrix.render_kept import ledger, receipt
from bridge.matrix.sending import (
    Redact,
    Refs,
    Send,
    caption,
    fitted,
    kept,
    message,
    plain_json,
    stamp,
    title,
    words,
)
from social.acts import (
    LIKE,
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    BlockHost,
    Boost,
    Decide,
    Follow,
    Ignored,
    Introduce,
    Leave,
    Move,
    Mute,
    PassOn,
    Pin,
    Poll,
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
from social.measures import Appoint, Expel, Feature, Lock, Remove

__all__ = [
    "Change",
    "Redact",
    "Refs",
    "Send",
    "carded",
    "first_file",
    "further",
    "ledger",
    "notice",
    "notice_for",
    "receipt",
    "render",
    "requoted",
    "root",
    "tally",
]

_CARD = "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"
_ABSENT = Ignored(reason="the post is not in this room")


@dataclass(frozen=True, slots=True)
class Change:
    """A further event of a post: new where there is none yet, gone where nothing is to be sent."""

    number: int
    event: str
    send: Send | None
    shows: str = ""
    file: str = ""  # whence it is


def render(act: Act, refs: Refs) -> Send | Redact | Ignored:  # noqa: C901  one per act
    match act:
        case Publish():
            return _publish(act, refs)
        case Revise():
            return _revise(act, refs)
        case Tally():
            return _end(act, refs)
        case Retract():
            return _redact(refs.redact or refs.event, "deleted by its author", act.post, act)
        case React():
            return _react(act, refs)
        case Boost():
            return _boost(act, refs)
        case Undo(undone=Lock() as said):
            return _locked(said, refs, back=True)
        case Undo():
            return _redact(refs.redact, "taken back", act.uri, act)
        case BlockHost() | Mute() | Decide() | Report():
            return Ignored(reason="told in ledgers and desks, not as an event of its own")
        case Remove():
            return Redact(refs.event, "removed by a moderator", {}) if refs.event else _ABSENT
        case Lock():
            return _locked(act, refs)
        case Feature() | Appoint() | Expel():
            return Ignored(reason="shown by the room, not as an event of its own")
        case PassOn():
            return Ignored(reason="what is passed on stands in the room as it was said")
        case Pin():
            return Ignored(reason="shown by the room, not as an event of its own")
        case Vote():
            return Ignored(reason="who voted for what is told to nobody")
        case Introduce() | Follow() | Accept() | Reject() | Block() | Leave() | Move():
            return Ignored(reason="told in profiles and in the ledger, not as an event of its own")
        case AskQuote() | AllowQuote() | RefuseQuote():
            return Ignored(reason="told in the ledger and by the posts themselves")
        case _:
            assert_never(act)


def _publish(act: Publish, refs: Refs) -> Send | Ignored:
    if not refs.fits:
        return Ignored(reason="it is for fewer people than read this room")
    more = _thread(refs) | {vocabulary.OBJECT: _post_copy(act, refs, kind="create")}
    if act.content.poll and act.content.poll.options:
        sent = fitted(polls.START, _asked(act, act.content.poll, refs) | more)
        if isinstance(sent, Send):
            return sent
    content = quotes.said(act, refs) | _first(act, act.post, refs) | more
    return fitted("m.room.message", content, link=act.url or act.post)


def _asked(act: Publish, poll: Poll, refs: Refs) -> dict[str, Any]:
    """A poll shows no file: they are links in its question."""
    question = replace(act, content=replace(act.content, poll=None))
    return polls.start(words(question, replace(refs, files={})), poll)


def _post_copy(act: Publish, refs: Refs, *, kind: str, edited: int = 0) -> dict[str, Any]:
    return kept(
        refs,
        id=act.post,
        type="Note",
        by=act.author,
        kind=kind,
        vis=act.visibility,
        published=stamp(act.published),
        edited=stamp(edited),
        reply=act.reply,
        stamp=act.content.stamp,
    )


def _thread(refs: Refs) -> dict[str, Any]:
    """Client-Server API, "Threading": every child names the root, threads do not nest."""
    if not refs.root:
        answer = {"m.in_reply_to": {"event_id": refs.parent}}
        return {"m.relates_to": answer} if refs.parent else {}
    return {
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": refs.root,
            "is_falling_back": False,
            "m.in_reply_to": {"event_id": refs.parent or refs.root},
        }
    }


def _revise(act: Revise, refs: Refs) -> Send | Redact | Ignored:
    if not refs.event:
        return _ABSENT
    if not refs.fits:  # no tombstone: to those it is for now, it is still there
        return Redact(refs.event, "no longer for everybody here", {})
    copy = _post_copy(act.now, refs, kind="update", edited=act.updated)
    return _replaced(act.now, refs, copy)


def _replaced(post: Publish, refs: Refs, copy: dict[str, Any]) -> Send | Ignored:
    more = {
        "m.mentions": {},  # those named were told of the post
        "m.relates_to": {"rel_type": "m.replace", "event_id": refs.event},
        vocabulary.OBJECT: copy,
    }
    if post.content.poll and post.content.poll.options:
        asked = _asked(post, post.content.poll, refs)
        return fitted(polls.START, asked | {"m.new_content": asked} | more)
    new = quotes.said(post, refs)
    content = enclosed.replaced(new, refs.event) if "url" in new else _plainly(new, refs.event)
    content |= _first(post, post.post, refs) | more
    return fitted("m.room.message", content, link=post.url or post.post)


def requoted(post: Publish, refs: Refs) -> Send | Ignored:
    """The post as before; only what it quotes has changed, or may no longer be shown."""
    copy = kept(refs, id=post.post, by=post.author, kind="quote", stamp=post.content.stamp)
    return _replaced(post, refs, {key: copy[key] for key in copy if key not in {"raw", "sha256"}})


def _plainly(new: Mapping[str, Any], event: str) -> dict[str, Any]:
    return {
        "msgtype": new["msgtype"],
        "body": enclosed.edited(new["body"]),
        "m.new_content": new,
        "m.relates_to": {"rel_type": "m.replace", "event_id": event},
    }


def _first(post: Publish, uri: str, refs: Refs) -> dict[str, Any]:
    shown = enclosed.carried(post.content, refs.files)
    return enclosed.first(shown[0], uri) if shown else {}


def further(act: Act, refs: Refs, event: str) -> list[Change]:
    """What follows on the event of a post or of a card, or on an edit of it: its other files.

    Those that stand there already are changed only where they show something else now.
    """
    uri, shown = _shown(act, refs)
    wanted = {number: one for number, one in enumerate(shown) if number}
    there = {part.number: part for part in refs.parts}
    gone = [
        Change(part.number, part.event, None) for part in refs.parts if part.number not in wanted
    ]
    below = isinstance(act, Boost) and refs.event and not refs.root
    related = _beside(_under(refs) if below else refs, event)
    changes = list[Change]()
    for number, one in wanted.items():
        old = there.get(number)
        if old and old.shows == one.digest:
            continue
        content = enclosed.further(one, number, of=event, post=uri)
        content = enclosed.replaced(content, old.event) if old else content | related
        sent = fitted("m.room.message", content)
        if isinstance(sent, Send):
            there_now = old.event if old else ""
            changes.append(Change(number, there_now, sent, one.digest, one.said.url))
    return [*gone, *changes]


def first_file(act: Act, refs: Refs) -> str:
    """Whence the file is that stands with the words; empty for words alone."""
    _, shown = _shown(act, refs)
    return shown[0].said.url if shown else ""


def _shown(act: Act, refs: Refs) -> tuple[str, Sequence[enclosed.Enclosed]]:
    """What the events are about, and the files in them."""
    match act:
        case Publish(post=uri, content=content) | Revise(now=Publish(post=uri, content=content)):
            shown = enclosed.carried(content, refs.files)
            return uri, [] if content.poll else shown  # a poll's are links
        case Boost(uri=uri) if refs.boosted:
            return uri, enclosed.carried(refs.boosted.content, refs.files)
        case _:
            return "", []


def _beside(refs: Refs, event: str) -> dict[str, Any]:
    """In a thread, below the event with the words; else simply after it."""
    if not refs.root:
        return {}
    answered = {"is_falling_back": True, "m.in_reply_to": {"event_id": event}}
    return {"m.relates_to": {"rel_type": "m.thread", "event_id": refs.root, **answered}}


def tally(act: Tally, refs: Refs) -> Send | Ignored:
    """How a poll stands, below it; told again, what was told is changed."""
    poll = act.now.content.poll
    if not refs.event or poll is None:
        return _ABSENT
    content = polls.notice(poll)
    if refs.tally:
        related = {"rel_type": "m.replace", "event_id": refs.tally}
        content |= {"m.new_content": dict(content), "m.relates_to": related}
        content["body"] = f"* {content['body']}"
    else:
        content |= _thread(refs)
    copy = kept(refs, id=act.now.post, type="Question", by=act.author, kind="tally", act=act.uri)
    return fitted("m.room.message", content | {vocabulary.OBJECT: copy})


def _end(act: Tally, refs: Refs) -> Send | Ignored:
    poll = act.now.content.poll
    if not refs.event or poll is None:
        return _ABSENT
    if refs.ended:
        return Ignored(reason="the poll is closed in this room already")
    copy = kept(refs, id=act.now.post, type="Question", by=act.author, kind="end", act=act.uri)
    return fitted(polls.END, polls.end(poll, refs.event) | {vocabulary.OBJECT: copy})


def _locked(act: Lock, refs: Refs, *, back: bool = False) -> Send | Ignored:
    """Below the topic, for clients that know nothing of locks."""
    if not refs.event:
        return _ABSENT
    content = notices.locked(act, refs, back=back).content | _thread(refs)
    kind = "unlock" if back else "lock"
    copy = kept(refs, id=act.post, by=act.author, kind=kind, act=act.uri, seen=stamp(act.at))
    copy = {key: copy[key] for key in copy if key not in {"raw", "sha256"}}
    return fitted("m.room.message", content | {vocabulary.OBJECT: copy})


def _redact(event: str, reason: str, uri: str, act: Retract | Undo) -> Redact | Ignored:
    """Whose it was says who takes it out, unless the bot does."""
    if not event:
        return _ABSENT
    told = {"id": shapes.clean(uri), "at": stamp(act.at), "by": shapes.clean(act.author)}
    return Redact(event, reason, {vocabulary.TOMBSTONE: told})


def _react(act: React, refs: Refs) -> Send | Ignored:
    if not refs.event:
        return _ABSENT
    # Client-Server API, "Event annotations and reactions": emoji are sent with their presentation
    # selector, or clients count the same thumb twice.
    key = f"{LIKE}\N{VARIATION SELECTOR-16}" if act.emoji == LIKE else shapes.clean(act.emoji)[:100]
    named: dict[str, Any] = {}
    picture = refs.emoticons.get(act.custom.shortcode, "") if act.custom else ""
    if picture:  # MSC4027: the picture is the key, and its name stands beside it
        named = dict.fromkeys((shapes.SHORTCODE, shapes.SHORTCODE_BEEPER), key)
        key = picture
    related = {"rel_type": "m.annotation", "event_id": refs.event, "key": key}
    copy = kept(refs, id=act.uri, type="Like", by=act.author, kind="react", act=act.uri)
    content = {"m.relates_to": related, **named, vocabulary.OBJECT: copy}
    return fitted("m.reaction", content)


def _boost(act: Boost, refs: Refs) -> Send | Ignored:
    """A card: whole in every client, and a repost for those who know MSC4501."""
    copy = kept(refs, id=act.uri, type="Announce", by=act.author, kind="announce", act=act.uri)
    copy |= {"role": "card", "object": shapes.clean(act.post)} | plain_json(refs.lone)
    post = refs.boosted
    if not post:
        said = html.to_matrix(f"{_heading(act.post, refs)}</p>", refs.pills, refs.emoticons)
        return fitted("m.room.message", message(said) | {vocabulary.OBJECT: copy}, link=act.post)
    if post.visibility not in OPEN:
        return Ignored(reason="only public and unlisted posts are shown to others")
    content = _card(post, act.uri, refs)
    if refs.event:
        content |= _thread(refs if refs.root else _under(refs))
    return fitted("m.room.message", content | {vocabulary.OBJECT: copy}, link=post.url or post.post)


def carded(act: Boost, refs: Refs, event: str) -> Send | Ignored:
    """A card as its post is now, in place of what stands there."""
    post = refs.boosted
    if not post or post.visibility not in OPEN:
        return _ABSENT
    copy = kept(refs, id=act.uri, by=act.author, kind="card")
    new = _card(post, act.uri, refs)
    content = enclosed.replaced(new, event) if "url" in new else _plainly(new, event)
    content |= {"m.mentions": {}, vocabulary.OBJECT: copy}
    return fitted("m.room.message", content, link=post.url or post.post)


def _under(refs: Refs) -> Refs:
    return Refs(bot=refs.bot, root=refs.event, parent=refs.event)


def root(sent: Send) -> str:
    """Of the thread in which it stands."""
    related = shapes.relation(sent.content)
    return str(related["event_id"]) if related.get("rel_type") == "m.thread" else ""


def _card(post: Publish, uri: str, refs: Refs) -> dict[str, Any]:
    inner = caption(post, refs)
    heading = html.to_matrix(
        f"{_heading(post.url or post.post, refs)}:</p>", refs.pills, refs.emoticons
    )
    quoted = "\n".join(f"> {line}" for line in inner.body.split("\n"))
    said = Formatted(
        body=f"{heading.body}\n\n{quoted}",
        formatted=f"{heading.formatted}<blockquote>{inner.formatted}</blockquote>",
    )
    shown = enclosed.carried(post.content, refs.files)
    content = enclosed.message(shown[0], said) if shown else message(said)
    return content | {
        **_first(post, uri, refs),
        "m.mentions": {},
        f"{vocabulary.SOCIAL}.body": inner.body,
        f"{vocabulary.SOCIAL}.formatted_body": inner.formatted,
        f"{vocabulary.SOCIAL}.relates_to": _repost(post, refs),
    }


def _heading(url: str, refs: Refs) -> str:
    """An opened paragraph; the caller closes it."""
    whose = f"a post by {title(refs.boosted_title)}" if refs.boosted_title else "a post"
    link = f'<a href="{html.escape(url)}">{whose}</a>'
    return f"<p>{_CARD} <strong>{title(refs.author_title)}</strong> boosted {link}"


def _repost(post: Publish, refs: Refs) -> dict[str, Any]:
    found = {
        "event_id": refs.event,
        "sender": refs.pills.get(post.author, ""),
        "displayname": html.plain(title(refs.boosted_title)),
    }
    return {
        "rel_type": shapes.REPOST,
        "content_inline": True,
        **{key: value for key, value in found.items() if value},
    }
