"""What writing an act into a room must know from the index: fills `render.Refs`."""

import time
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.db.models import Q

from bridge import names
from bridge.matrix import enclosed, fitting, registration, render, traces
from bridge.models import Anchor, Document, Room
from social import actions, acts, once, policy, profiles, quoting
from social.acts import (
    Act,
    Boost,
    Content,
    Decide,
    Emoji,
    Follow,
    Move,
    Publish,
    React,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
)
from social.measures import Appoint, Expel, Lock, Remove
from social.models import Actor, Post, shutting_out

CLIMB = 50  # how far up a conversation a post that stands in the room is looked for


def for_act(act: Act, room: Room, document: str) -> render.Refs:
    """For writing `act` into `room`: where what it is about stands there."""
    author = actions.actor(act.author)
    about = "" if isinstance(act, Publish) else _about(act)
    anchor = _anchor(about, room)
    said = act.undone if isinstance(act, Undo) else act
    parent = anchor if isinstance(said, Tally | Lock) else _parent(act, room)
    boosted = actions.post(about)
    quoted = _quoted(act, room)
    where = _read_by_all(quoted, room) if quoted else None
    return render.Refs(
        bot=registration.load().bot,
        pills=_pills(act),
        author_title=author.title if author else "",
        author_acct=f"@{author.acct}" if author else "",
        author_card=_card(author, room),
        event=anchor.event_id if anchor else "",
        root=_thread(act, anchor, parent) if room.kind != Room.Kind.DIRECT else "",
        parent=parent.event_id if parent else "",
        raw=_text(document),
        act=document,
        key=author.key_id if author else "",
        seen=_seen(act),
        lone=lone(act) if isinstance(act, Boost) and room.kind != Room.Kind.DESK else {},
        boosted=_boosted(boosted),
        boosted_title=boosted.author.title if boosted else "",
        name_emojis=_name_emojis(author, boosted.author if boosted else None),
        quoted=profiles.publish_of(quoted) if quoted else None,
        quoted_title=quoted.author.title if quoted else "",
        quoted_event=where.event_id if where else "",
        quoted_room=where.room.room_id if where else "",
        redact=_to_redact(act, room),
        fits=fitting.fits(act, room),
        towards=_towards(act),
        pending=isinstance(act, Follow) and _pending(act),
        parts=_parts(act, room),
        **(_counted(act, room) if isinstance(act, Tally) else {}),
    )


def lone(act: Act) -> dict[str, Any]:
    """Beside a boost or reaction: what it is about, without a word of it, and by whom, where no
    room has it.
    """
    post = actions.post(act.post) if isinstance(act, React | Boost) else None
    if post is None or post.deleted or post.author.is_local:
        return {}
    if Anchor.objects.filter(uri=post.uri).exists():
        return {}
    return {"about": acts.dump(profiles.address_of(post)), "of": profiles.card(post.author)}


def _boosted(post: Post | None) -> Publish | None:
    """Its words are nobody's to show while its author is suspended."""
    if post is None or post.deleted:
        return None
    shown = profiles.publish_of(post)
    if not post.author.suspended:
        return shown
    return replace(shown, content=Content(html="<p>Its author is suspended here.</p>"))


def _card(author: Actor | None, room: Room) -> dict[str, Any]:
    """Beside what they did, in a desk. Who lives here is known by their own rooms, and what they
    wish for themselves is for nobody else's desk.
    """
    known = author is None or author.is_local or room.kind != Room.Kind.DESK
    return profiles.card(author) if author and not known else {}


def _seen(act: Act) -> int:
    """When it came, as the index has it; a post has a time of its own besides."""
    return int(time.time() * 1000) if isinstance(act, Publish | Revise) else acts.when(act)


def _name_emojis(*actors: Actor | None) -> tuple[Emoji, ...]:
    return tuple(Emoji(**emoji) for actor in actors if actor for emoji in actor.emojis)


def _counted(act: Tally, room: Room) -> dict[str, Any]:
    told = _anchor(traces.tally_of(act.now.post), room)
    ended = _anchor(traces.end_of(act.now.post), room) is not None
    return {"tally": told.event_id if told else "", "ended": ended}


def _quoted(act: Act, room: Room) -> Post | None:
    """What the post quotes, if it may, and everybody who reads this room may see it."""
    said = act.now if isinstance(act, Revise) else act
    if not isinstance(said, Publish) or not said.content.quote or room.kind == Room.Kind.DESK:
        return None
    post = actions.post(said.post)
    quoted = quoting.shown([post]).get(post.pk) if post else None
    if quoted is None or policy.opted_out(quoted.author):
        return None
    blocked = shutting_out(quoted.author) | Q(blocks_in__author=quoted.author)
    follows = Q(follows_out__target=room.actor, follows_out__state="accepted")
    readers = Actor.objects.local().filter(follows | Q(rooms=room) | Q(conversations=room))
    return None if readers.filter(blocked).exists() else quoted


def _read_by_all(post: Post, room: Room) -> Anchor | None:
    """Where it stands in this room, or in one that anybody may read: no other is named here."""
    stands = Anchor.objects.filter(uri=post.uri).select_related("room").order_by("at", "id")
    return stands.filter(Q(room=room) | Q(room__kind=Room.Kind.PROFILE)).first()


def _about(act: Act) -> str:
    match act:
        case Publish() | Retract() | React() | Boost() | Remove() | Lock():
            return act.post
        case Revise() | Tally():
            return act.now.post
        case Decide():
            return act.about
        case Undo(undone=React() | Boost() | Lock() as said):
            return said.post
        case _:
            return ""


def _text(document: str) -> str:
    return Document.objects.filter(uri=document).values_list("body", flat=True).first() or ""


def _parent(act: Act, room: Room) -> Anchor | None:
    """What it answers; where that is not in the room, the nearest post above it that is."""
    uri = act.reply if isinstance(act, Publish) else ""
    found = _anchor(uri, room)
    for _ in range(CLIMB):
        if found or not uri:
            break
        above = actions.post(uri)
        uri = above.reply if above else ""
        found = _anchor(uri, room)
    return found


def _anchor(uri: str, room: Room) -> Anchor | None:
    """Where a post or an act stands in a room: its words; the oldest, should a crash have left
    two.
    """
    found = Anchor.objects.filter(room=room, uri=uri).order_by("part", "at", "id")
    return found.first() if uri else None


def _parts(act: Act, room: Room) -> tuple[enclosed.Part, ...]:
    """Its further events, of what is changed or taken out."""
    if not isinstance(act, Revise | Retract | Undo):
        return ()
    return parts_of(_to_redact_uri(act) if isinstance(act, Undo) else _about(act), room)


def parts_of(uri: str, room: Room) -> tuple[enclosed.Part, ...]:
    found = Anchor.objects.filter(room=room, uri=uri, part__gt=0).order_by("part", "at", "id")
    rows = found.values_list("event_id", "part", "shows")
    return tuple(enclosed.Part(*row) for row in rows)


def _thread(act: Act, anchor: Anchor | None, parent: Anchor | None) -> str:
    """The root of the thread in which something stands, or will."""
    if isinstance(act, Revise):
        return anchor.root if anchor else ""
    return _root(parent) if parent else ""


def _root(parent: Anchor) -> str:
    """Threads do not nest: a reply to a reply stands in the same thread."""
    return parent.root or parent.event_id


def _pills(act: Act) -> dict[str, str]:
    content = act.content if isinstance(act, Publish) else None
    if isinstance(act, Revise):
        content = act.now.content
    uris = frozenset(mention.actor for mention in content.mentions) if content else frozenset()
    return once.ask(("pills", uris), lambda: _pills_of(uris)) if uris else {}


def _pills_of(uris: Collection[str]) -> dict[str, str]:
    pills: dict[str, str] = {}
    for actor in Actor.objects.filter(uri__in=uris).select_related("ghost"):
        ghost = getattr(actor, "ghost", None)
        mxid = actor.owner or (ghost.mxid if ghost else "")
        if mxid:
            pills |= {actor.uri: mxid} | ({actor.url: mxid} if actor.url else {})
    return pills


def _to_redact(act: Act, room: Room) -> str:
    found = _anchor(_to_redact_uri(act), room)
    return found.event_id if found else ""


def _to_redact_uri(act: Act) -> str:
    match act:
        case Retract():
            return act.post
        case Undo(uri="", undone=React(uri=uri) | Boost(uri=uri)) | Undo(uri=uri):
            return uri
        case _:
            return ""


def _pending(act: Follow) -> bool:
    target = Actor.objects.filter(uri=act.target).first()
    return bool(target and target.locked)


def _towards(act: Act) -> str:
    target, said = None, act.undone if isinstance(act, Undo) else act
    if isinstance(act, Move):
        target = actions.actor(act.target)
    elif isinstance(said, Appoint | Expel):
        target = actions.actor(said.group)
    elif isinstance(act, Report):
        target = Actor.objects.filter(Q(uri__in=act.about) | Q(posts__uri__in=act.about)).first()
    return f"@{target.acct}" if target else ""


def receipt_of(document: str, post: str) -> tuple[str, Anchor | None, str]:
    """Text, where the post stands, and its visibility."""
    kept = Document.objects.filter(uri=document, gone=False)
    text = kept.values_list("body", flat=True).first() or ""
    shown = Post.objects.filter(uri=post).values_list("visibility", flat=True).first() or ""
    return text, Anchor.objects.filter(uri=post).order_by("at", "id").first(), shown


def receipts_of(edit: str) -> list[tuple[str, str, str]]:
    """Room and event of each; and which ghost reads there, if the bot does not."""
    noted = Anchor.objects.filter(uri=edit)
    return list(noted.values_list("room__room_id", "event_id", "room__reader"))


def noted_edits(post: str) -> tuple[str, str, list[str]]:
    """Where a post stands, which ghost reads there, if the bot does not, and its edits that have a
    receipt, by their URIs.
    """
    stood = Anchor.objects.filter(uri=post).order_by("at", "id")
    room, reader = stood.values_list("room__room_id", "room__reader").first() or ("", "")
    noted = Anchor.objects.filter(uri__startswith=f"{post}/update/")
    return room, reader, sorted(set(noted.values_list("uri", flat=True)))


def old_words(post: str) -> list[tuple[str, str, str]]:
    """Room and event of each receipt and each edit of a post; and which ghost reads there, if
    the bot does not.
    """
    written = Anchor.objects.filter(room__actor__posts__uri=post, uri__startswith=f"{post}/")
    copies = written.exclude(uri=names.deletion_uri(post))
    found = list(copies.values_list("room__room_id", "event_id", "room__reader"))
    stood = Anchor.objects.filter(uri=post)
    where = stood.values_list("room__room_id", "room__reader").order_by("at", "id").first()
    edits = {
        uri.rsplit("/", 1)[1] for uri in copies.values_list("uri", flat=True) if "/update/" in uri
    }
    typed = sorted(edit for edit in edits if names.is_event_id(f"${edit}"))  # not by an answer
    return found + [(where[0], f"${edit}", where[1]) for edit in typed if where]
