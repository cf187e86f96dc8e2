"""Event -> act. Pure, and it never raises: what does not fit is `Ignored`, with the reason.

docs/federation.md has the mapping. Our keys count only from our bot and ghosts, and everybody else
speaks for nobody but themselves.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from bridge import html_emoji, names
from bridge.matrix import (
    attachments,
    enclosed,
    messages,
    parse_kept,
    pills,
    polls,
    quotes,
    shapes,
    vocabulary,
)
from bridge.matrix.readings import Ballot, Carried, Command, Entry, Needs, Part, Receipt, Refs
from bridge.matrix.shapes import Event
from social.acts import (
    FOLLOWED,
    LIKE,
    OPEN,
    Act,
    Boost,
    Content,
    Emoji,
    Ignored,
    Mention,
    Poll,
    Publish,
    React,
    Retract,
    Revise,
    Undo,
    Visibility,
)
from social.measures import Remove

__all__ = ["Carried", "Command", "Entry", "Needs", "Part", "Receipt", "Refs", "needs", "parse"]

_BOOST = "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"
_LIKES = frozenset({LIKE, "\N{HEAVY BLACK HEART}", "\N{BLACK HEART SUIT}", "\N{WHITE MEDIUM STAR}"})
_UNSTYLED = re.compile("[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")  # presentation, skin tones
_SHORTCODE = re.compile(r":[A-Za-z0-9_-]{1,100}:")
_EMOJI_LIMIT = 32  # code points; families and flags of regions are long
_EMOJI = frozenset({"So", "Sm", "Me", "Cn"})  # Cn: newer than our tables
_IN_EMOJI = _EMOJI | {"Sk", "Po", "Pd", "Nd", "Cf"}
ENCRYPTED = "encrypted: a bridge cannot read it"
ECHO = "an echo of our own"
NO_REPLY = "not by the room's owner, and no reply to a post"
_ABOUT = re.compile(r"(.+)/(?:update/[A-Za-z0-9_-]+|tally|end)")  # bridge/matrix/traces.py


def needs(event: Any) -> Needs:
    """What to look up before `parse`; small and harmless whatever the event."""
    found = shapes.read(event)
    if isinstance(found, Ignored):
        return Needs()
    content = found.content
    users, accounts, quote = {found.sender}, set[str](), ""
    if found.type == "m.room.message":
        said = shapes.new_content(content) if shapes.replaced(content) else content
        named, accounts = messages.asked(said)
        users |= named
        quote = quotes.named(said)
    if found.type in polls.STARTS and not isinstance(start := polls.asked(content, 0), Ignored):
        named, accounts = messages.asked(start.content)
        users |= named
    events = {
        *shapes.answered(content),
        shapes.replaced(content),
        shapes.annotated(content),
        shapes.referred(content),
        shapes.redacted(found),
        quotes.reposted(content),
    }
    posts = {shapes.text(shapes.mapping(content.get(vocabulary.POST)).get("reply"))}
    return Needs(
        users=frozenset(users),
        events=frozenset(events - {""}),
        accounts=frozenset(accounts),
        posts=frozenset(uri for uri in posts if names.origin_of(uri)),
        quote=quote,
    )


def parse(
    event: Any, refs: Refs
) -> Act | Ballot | Carried | Command | Entry | Part | Receipt | Ignored:
    found = shapes.read(event)
    if isinstance(found, Ignored):
        return found
    if found.sender in refs.trusted:
        return _ours(found, refs)
    if found.sender == refs.bot:
        return Ignored(reason=ECHO)
    return _theirs(replace(found, at=shapes.sane_time(found.at, refs.now)), refs)


# What our bot and ghosts wrote


def _ours(event: Event, refs: Refs) -> Carried | Entry | Part | Receipt | Ignored:
    if event.type == vocabulary.LEDGER:
        return (
            parse_kept.entry(event)
            if refs.kind in {"desk", "control", "mirror"}
            else Ignored(reason="a ledger where none is kept")
        )
    if event.type == vocabulary.RECEIPT:
        return parse_kept.receipt(event)
    kept = event.content.get(vocabulary.OBJECT)
    return parse_kept.carried(event, kept) if isinstance(kept, dict) else _part(event)


def _part(event: Event) -> Part | Ignored:
    mark = shapes.mapping(event.content.get(vocabulary.PART))
    uri, number = shapes.text(mark.get("id")), shapes.number(mark.get("i"))
    if not uri or not 0 < number < enclosed.MOST:
        return Ignored(reason=ECHO)
    return Part(uri=uri, number=number, shows=shapes.text(mark.get("is"))[:16])


# What people wrote


def _theirs(event: Event, refs: Refs) -> Act | Ballot | Command | Ignored:
    match event.type:
        case "m.room.message":
            return _message(event, refs)
        case "m.sticker":  # a picture whose text says what it shows
            shown = {"msgtype": "m.image", vocabulary.ALT: event.content.get("body")}
            return _message(replace(event, content={**event.content, **shown}), refs)
        case "m.reaction":
            return _reaction(event, refs)
        case kind if kind in _POLLS:
            return _poll(event, refs)
        case "m.room.redaction":
            return _redaction(event, refs)
        case "m.room.encrypted":
            return Ignored(reason=ENCRYPTED)
        case _:
            return Ignored(reason="this kind of event is not bridged")


_POLLS = polls.STARTS | polls.RESPONSES | polls.ENDS


def _poll(event: Event, refs: Refs) -> Act | Ballot | Command | Ignored:
    if refs.kind == "desk":
        return Ignored(reason="only a new text message is a command")
    if event.type in polls.STARTS:
        return _question(event, refs)
    post = refs.stored.get(_post_of(shapes.referred(event.content), refs))
    author = _author(event, refs)
    if event.type in polls.ENDS:
        return polls.ended(event, post, author)
    return polls.votes(event, post, author, refs)


def _question(event: Event, refs: Refs) -> Act | Command | Ignored:
    asked = polls.asked(event.content, event.at, refs.voting)
    if isinstance(asked, Ignored):
        return asked
    offered = tuple(option.name for option in asked.poll.options)
    said = _message(replace(event, content=asked.content), replace(refs, offered=offered))
    match said:
        case Publish():
            return replace(said, content=replace(said.content, poll=asked.poll))
        case Revise(now=Publish(content=Content(poll=Poll() as before))) if polls.same(
            before, asked.poll
        ):
            return said
        case Revise():
            return polls.CHANGED
        case _:
            return said


def _message(event: Event, refs: Refs) -> Act | Command | Ignored:
    if refs.kind == "desk":
        return _command(event, refs)
    author = _author(event, refs)
    if not author:
        return Ignored(reason="not by the room's owner, nor by anybody with a profile here")
    if shapes.mapping(event.content.get(vocabulary.PART)).get("of"):
        return Ignored(reason="a further file of a post, which names it itself")
    if shapes.relation(event.content).get("rel_type") == "m.replace":
        return _edit(event, refs, author)
    again = quotes.reposted(event.content)
    if again and quotes.is_bare(event.content):
        post, uri = _post_of(again, refs), names.act_uri(refs.origin, event.id)
        return _boost(Boost(author=author, post=post, uri=uri, at=event.at), refs)
    return _publish(event, refs, author)


def _author(event: Event, refs: Refs) -> str:
    """The actor here whose room life this is.

    A ghost is an actor of another origin: it never speaks through us, trusted or not.
    """
    author = refs.actors.get(event.sender, "")
    return author if names.same_origin(author, refs.origin) else ""


def _command(event: Event, refs: Refs) -> Command | Ignored:
    if event.sender != refs.owner:
        return Ignored(reason="not by the desk's owner")
    if event.content.get("msgtype") != "m.text" or shapes.replaced(event.content):
        return Ignored(reason="only a new text message is a command")
    line = pills.spelled(messages.plain_line(event.content), event.content)
    if not line:
        return Ignored(reason="an empty command")
    return Command(
        author=event.sender,
        words=tuple(line.split()),
        text=line,
        event=event.id,
        answers=next(iter(shapes.answered(event.content)), ""),
        at=event.at,
    )


def _publish(event: Event, refs: Refs, author: str) -> Publish | Ignored:
    options = shapes.mapping(event.content.get(vocabulary.POST))
    reply = _reply(event, refs, options) or refs.last
    parent = refs.stored.get(reply)
    if why := _not_here(event, refs, parent, author):
        return Ignored(reason=why)
    read = messages.read(
        event.content, refs, sender=event.sender, author=author, parent=parent, event=event.id
    )
    if isinstance(read, Ignored):
        return read
    visibility = _visibility(options, refs, parent, author, unlisted=read.unlisted)
    if isinstance(visibility, Ignored):
        return visibility
    content = _addressed(read.content, refs, author)
    named = () if visibility == "local" else content.mentions
    group = refs.group if visibility in OPEN else ""
    return Publish(
        author=author,
        post=names.post_uri(refs.origin, event.id),
        content=content,
        visibility=visibility,
        published=event.at,
        reply=reply,
        audience=_audience(group, named),
        group=group,
    )


def _audience(group: str, mentions: Iterable[Mention]) -> tuple[str, ...]:
    """A group comes first; then those who are named."""
    named = (mention.actor for mention in mentions)
    return tuple(dict.fromkeys(filter(None, (group, *named))))


def _not_here(event: Event, refs: Refs, parent: Publish | None, author: str) -> str:
    """In another's room people answer; what they write there besides is no post of theirs."""
    if refs.kind == "direct":
        return "" if author in refs.people else "its author is not known in this conversation"
    if refs.kind not in {"profile", "circle", "mirror", "group"}:
        return "posts are written in a profile room"
    own = refs.kind in {"profile", "circle"} and event.sender == refs.owner
    return "" if own or parent or refs.group else NO_REPLY


def _addressed(content: Content, refs: Refs, author: str) -> Content:
    """In a conversation everybody is named: a post that names nobody finds nobody's notice."""
    if refs.kind != "direct":
        return content
    known = {mention.actor for mention in content.mentions} | {author}
    rest = tuple(
        Mention(actor=uri, name=messages.actor_name(uri, refs))
        for uri in refs.people
        if uri not in known
    )
    inside = tuple(mention for mention in content.mentions if mention.actor in refs.people)
    return replace(content, mentions=(*inside, *rest))


def _reply(event: Event, refs: Refs, options: Any) -> str:
    """The post answered: what our own pages said, or what the event answered carries."""
    given = shapes.text(options.get("reply"))
    if names.origin_of(given):
        return given
    posts = [_post_of(event_id, refs) for event_id in shapes.answered(event.content)]
    # What was deleted while somebody typed is no more to be answered; what it stood below is.
    standing = (uri for uri in posts if uri in refs.stored)
    return next(standing, "") or next(filter(None, posts), "")


def _post_of(event_id: str, refs: Refs) -> str:
    """The post that an event carries, be it an edit of it, somebody's boost of it, or how its poll
    stands.
    """
    uri = refs.carried.get(event_id, "") if event_id else ""
    act = refs.acts.get(uri)
    if act:
        return act.post if isinstance(act, Boost) else ""
    if uri in refs.stored:
        return uri
    return about(uri)


def about(uri: str) -> str:
    """The post of which an edit, or how its poll stands, is called so."""
    found = _ABOUT.fullmatch(uri)
    return found[1] if found else uri


def _visibility(
    options: Any, refs: Refs, parent: Publish | None, author: str, *, unlisted: bool
) -> Visibility | Ignored:
    """For whom a room's own readers allow it, and never for more than the post it answers.

    An answer to somebody's followers-only post goes to them and those it names: the followers of
    one are not those of the other.
    """
    if refs.kind == "direct":
        return "direct"
    wanted = shapes.text(options.get("vis")) or ("private" if refs.kind == "circle" else "")
    wanted = wanted or refs.visibility
    narrow = parent is not None and parent.visibility not in OPEN
    if narrow and refs.kind == "profile":
        return Ignored(reason="a reply to a followers-only post may not be public")
    if narrow and parent and (parent.author != author or parent.visibility not in FOLLOWED):
        return "local" if wanted == "local" else "direct"
    if refs.kind == "circle":
        if wanted not in FOLLOWED:
            return Ignored(reason="only posts for followers can be written in this room")
        return "local" if "local" in {wanted, parent.visibility if parent else ""} else "private"
    if wanted not in OPEN:
        return Ignored(reason="only public and unlisted posts can be written in this room")
    quiet = unlisted or wanted == "unlisted" or (parent and parent.visibility == "unlisted")
    return "unlisted" if quiet else "public"


def _edit(event: Event, refs: Refs, author: str) -> Revise | Ignored:
    """Client-Server API, "Validity of replacement events": only one's own message."""
    old = refs.stored.get(_post_of(shapes.replaced(event.content), refs))
    if not old:
        return Ignored(reason="an edit of something that is not a post")
    if old.author != author:
        return Ignored(reason="an edit by somebody else")
    new = dict(shapes.new_content(event.content))
    new.setdefault(vocabulary.POST, event.content.get(vocabulary.POST))
    parent = refs.stored.get(old.reply)
    first = names.event_of(old.post, refs.origin)  # whose files they are
    # An edit quotes neither more nor something else: its words below the link may have changed.
    same = {key: uri for key, uri in refs.quotable.items() if uri == old.content.quote}
    # What one usually says of a post was said of this one, or it was not.
    usual = refs.warning if old.content.summary == refs.warning else ""
    read = messages.read(
        new,
        replace(refs, quotable=same, language=old.content.language or refs.language, warning=usual),
        sender=event.sender,
        author=author,
        parent=parent,
        event=first,
    )
    if isinstance(read, Ignored):
        return read
    content = replace(
        read.content,
        attachments=attachments.still_described(read.content.attachments, old.content.attachments),
        poll=old.content.poll,
        quote=old.content.quote,
        stamp=old.content.stamp,
        quotable=old.content.quotable,
    )
    if old.reply and not parent:
        # Whom a reply names because of its parent cannot be read from the text alone.
        known = {mention.actor for mention in content.mentions}
        kept = (mention for mention in old.content.mentions if mention.actor not in known)
        content = replace(content, mentions=(*content.mentions, *kept))
    if old.visibility not in OPEN:
        # Whom it was for it stays for; an edit of a secret tells nobody else of it.
        return _revise(event, old, author, replace(content, mentions=old.content.mentions))
    return _revise(event, old, author, content)


def _revise(event: Event, old: Publish, author: str, content: Content) -> Revise:
    kept = old.audience if old.visibility not in OPEN else ()
    audience = kept or _audience(old.group, content.mentions)
    return Revise(
        author=author,
        now=replace(old, content=content, audience=audience),
        uri=f"{old.post}/update/{event.id[1:]}",
        updated=event.at,
    )


def _reaction(event: Event, refs: Refs) -> React | Boost | Ignored:
    author = _author(event, refs)
    if not author:
        return Ignored(reason="a reaction by nobody with a profile here")
    post = _post_of(shapes.annotated(event.content), refs)
    if not post:
        return Ignored(reason="a reaction to something that is not a post")
    key = shapes.text(shapes.relation(event.content).get("key"))
    plain = _UNSTYLED.sub("", key)
    uri = names.act_uri(refs.origin, event.id)
    if plain == _BOOST:
        return _boost(Boost(author=author, post=post, uri=uri, at=event.at), refs)
    if place := attachments.place(key):
        custom = refs.pictures.get(key) or _custom(event, place, refs.files or refs.origin)
        word = f":{custom.shortcode}:"
        return React(author=author, post=post, uri=uri, emoji=word, at=event.at, custom=custom)
    emoji = LIKE if plain in _LIKES else key
    if not _is_emoji(plain) and not _SHORTCODE.fullmatch(key):
        return Ignored(reason="only an emoji can travel as a reaction")
    return React(author=author, post=post, uri=uri, emoji=emoji, at=event.at)


def _custom(event: Event, place: tuple[str, ...], origin: str) -> Emoji:
    """MSC4027: the key is a picture, and its name stands beside it."""
    said = (event.content.get(key) for key in (shapes.SHORTCODE, shapes.SHORTCODE_BEEPER))
    word = next((name for name in said if isinstance(name, str) and name.strip(": ")), "emoji")
    url = names.media_uri(origin, event.id, *place)
    return Emoji(shortcode=html_emoji.shortcode(word), url=url)


def _boost(boost: Boost, refs: Refs) -> Boost | Ignored:
    post = refs.stored.get(boost.post)
    if not post or post.visibility not in OPEN:
        return Ignored(reason="only public and unlisted posts can be boosted")
    return boost


def _is_emoji(plain: str) -> bool:
    """Symbols only: letters and words mean nothing to the servers that get them."""
    if not 0 < len(plain) <= _EMOJI_LIMIT:
        return False
    # Signs of ASCII are parts of an emoji (keycaps), never one: "+1" is a word.
    kinds = [unicodedata.category(letter) if letter > "~" else "Nd" for letter in plain]
    if any(letter.isascii() and letter not in "0123456789#*" for letter in plain):
        return False
    return set(kinds) <= _IN_EMOJI and bool(_EMOJI & set(kinds))


def _redaction(event: Event, refs: Refs) -> Retract | Remove | Undo | Ignored:
    uri = refs.carried.get(shapes.redacted(event), "")
    author = _author(event, refs)
    post, act = refs.stored.get(uri), refs.acts.get(uri)
    if post and author == post.author:
        return Retract(author=author, post=uri, at=event.at)
    if act and author == act.author:
        return Undo(author=author, uri=uri, at=event.at, undone=act)
    if post and author and author in refs.moderators:
        return _removal(event, refs, author, uri)
    if post or act:
        return Ignored(reason="only its author can take something back")
    return Ignored(reason="a redaction of something that is not bridged")


def _removal(event: Event, refs: Refs, author: str, post: str) -> Remove:
    return Remove(
        author=author,
        post=post,
        group=refs.group,
        uri=names.act_uri(refs.origin, event.id),
        at=event.at,
        reason=shapes.text(event.content.get("reason"))[:500],
    )
