"""What the pure translation must know from the index: fills `parse.Refs` and `render.Refs`."""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q

from bridge import names
from bridge.errors import Later
from bridge.matrix import enclosed, parse, polls, registration, render, traces
from bridge.models import Anchor, Document, Ghost, Received, Room, Upload
from social import actions, acts, once, policy, profiles, quoting
from social.acts import (
    OPEN,
    Act,
    Block,
    Boost,
    Decide,
    Emoji,
    Follow,
    Move,
    Profile,
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
from social.models import Boost as BoostRow
from social.models import Reaction as ReactionRow
from social.web import links

ON_ITS_WAY = 2  # tries for which an event may still come that nothing is known of
_ABOUT_ANOTHER = {"m.room.redaction", *polls.RESPONSES, *polls.ENDS}
CLIMB = 50  # how far up a conversation a post that stands in the room is looked for


def for_event(event: Mapping[str, Any], room: Room, met: Mapping[str, Actor]) -> parse.Refs:
    """For reading: who and what the event names; `met`: who was found by the handle written."""
    needs = parse.needs(event)
    actors, shown = _people(needs.users, needs.accounts, met)
    carried = dict(Anchor.objects.filter(event_id__in=needs.events).values_list("event_id", "uri"))
    bases = {uri.split("/update/")[0] for uri in carried.values()}
    stored = _posts({*bases, *needs.posts})
    direct = room.kind == Room.Kind.DIRECT
    last = _last(room) if direct else ""
    stored |= _posts({last, *(post.reply for post in stored.values())} - {""})
    people = {one.uri: (one.url or one.uri, one.acct) for one in _of(room)} if direct else {}
    reg = registration.load()
    sender = _sender(event.get("sender"))
    return parse.Refs(
        kind=room.kind,
        owner=room.owner,
        origin=settings.OWNROOM_ORIGIN,
        files=links.media_origin(),
        bot=reg.bot,
        trusted=_trusted(event, reg),
        actors=actors,
        carried=carried,
        stored=stored,
        answers=_answers(carried, stored) if event.get("type") in polls.RESPONSES else {},
        acts=_acts(carried.values()),
        quotable=_quotable(needs.quote, event.get("sender"), room),
        link=_linker(shown | _by_uri(stored) | people),
        people=tuple(people),
        last=last,
        group=_group(room),
        moderators=frozenset(room.actor.moderators if room.actor else ()),
        voting=sender.voting,
        language=sender.habits.language,
        visibility=sender.habits.visibility,
        warning=sender.habits.warning,
        notices=sender.habits.notices and sender.kind == "service",
        name=sender.name,
        pack=sender.emojis,
        pictures=_pictures(event),
        now=int(time.time() * 1000),
    )


def _group(room: Room) -> str:
    kinds = {Room.Kind.MIRROR, Room.Kind.GROUP, Room.Kind.FORMER}
    said_in = room.actor if room.kind in kinds else None
    return said_in.uri if said_in and said_in.kind == "group" else ""


def _answers(
    carried: Mapping[str, str], stored: Mapping[str, Publish]
) -> dict[str, dict[str, int]]:
    """What the answers of a poll are called in the event that began it."""
    found = dict(Anchor.objects.filter(event_id__in=carried).values_list("event_id", "answers"))
    asked = {
        event: post.content.poll for event, uri in carried.items() if (post := stored.get(uri))
    }
    return {event: found.get(event) or polls.ghosts(poll) for event, poll in asked.items() if poll}


def _quotable(named: str, sender: object, room: Room) -> dict[str, str]:
    """What was named, if it is a post and this person may quote it in this room: where not
    everybody reads, nobody can be asked, so only one's own.
    """
    quoted = _named_post(named) if named else None
    author = Actor.objects.filter(owner=str(sender), left=None).first()
    if quoted is None or author is None or quoted.visibility not in OPEN:
        return {}
    hidden = room.kind in {Room.Kind.CIRCLE, Room.Kind.DIRECT}
    if quoted.author != author:
        local = quoted.author.is_local
        may = quoting.allowed(author, quoted) if local else quoted.quotable != "nobody"
        if hidden or not may or policy.blocked_between(author, quoted.author):
            return {}
    return {named: quoted.uri}


def _named_post(named: str) -> Post | None:
    """By an event that carries it, its URI, or the address of its page."""
    anchored = Anchor.objects.filter(event_id=named).values("uri")
    mine = names.post_uri(settings.OWNROOM_ORIGIN, f"${named.rstrip('/').rsplit('/', 1)[-1]}")
    ours = {mine} if named.startswith(f"{settings.OWNROOM_ORIGIN}/@") else set()
    rows = Post.objects.visible_to(None).select_related("author")
    if named.startswith("$"):
        return rows.filter(uri__in=anchored).first()
    return rows.filter(Q(uri__in={named, *ours}) | Q(url=named)).first()


def _of(room: Room) -> Iterable[Actor]:
    return room.people.filter(left=None).order_by("uri")


def _last(room: Room) -> str:
    """The newest post of a conversation: what is written next goes on from it."""
    posts = Anchor.objects.filter(
        room=room, uri__in=Post.objects.filter(deleted=None).values("uri")
    )
    return posts.order_by("-at", "-id").values_list("uri", flat=True).first() or ""


def _trusted(event: Mapping[str, Any], reg: registration.Registration) -> frozenset[str]:
    sender = event.get("sender")
    return frozenset({sender}) if isinstance(sender, str) and reg.ours(sender) else frozenset()


def _people(
    users: Iterable[str], accounts: Iterable[str], met: Mapping[str, Actor]
) -> tuple[dict[str, str], dict[str, tuple[str, str]]]:
    """Matrix IDs and written handles → actor URIs; and how a link to each is shown."""
    found: dict[str, Actor] = {}
    for actor in Actor.objects.filter(owner__in=users, left=None):
        found[actor.owner or ""] = actor
    for ghost in Ghost.objects.filter(mxid__in=users).select_related("actor"):
        found[ghost.mxid] = ghost.actor
    for written in accounts:
        if actor_ := met.get(written) or by_acct(written):
            found[written] = actor_
    actors = {key: actor.uri for key, actor in found.items()}
    return actors, {key: (actor.url or actor.uri, actor.handle) for key, actor in found.items()}


def by_acct(written: str) -> Actor | None:
    parsed = names.parse_acct(written)
    if parsed is None:
        return None
    user, host = parsed
    domains = {host}
    if host == settings.OWNROOM_DOMAIN:
        domains.add(settings.OWNROOM_HANDLE_DOMAIN)
    return Actor.objects.filter(handle__iexact=user, domain__in=domains, left=None).first()


def _by_uri(stored: Mapping[str, Publish]) -> dict[str, tuple[str, str]]:
    """The authors of what is answered are named in the answer."""
    uris = {post.author for post in stored.values()}
    uris |= {mention.actor for post in stored.values() for mention in post.content.mentions}
    rows = Actor.objects.filter(uri__in=uris)
    return {actor.uri: (actor.url or actor.uri, actor.acct) for actor in rows}


def _linker(shown: Mapping[str, tuple[str, str]]) -> Callable[[str], tuple[str, str] | None]:
    def link(written: str) -> tuple[str, str] | None:
        if written.startswith("#"):
            return f"{settings.OWNROOM_ORIGIN}/tags/{written[1:].lower()}", written
        return shown.get(written)

    return link


def _sender(mxid: object) -> Profile:
    """Their name, the custom emoji of their profile, and their habits."""
    found = Actor.objects.filter(owner=mxid).first() if isinstance(mxid, str) else None
    return profiles.profile_of(found) if found else Profile(uri="", handle="", domain="")


def _pictures(event: Mapping[str, Any]) -> dict[str, Emoji]:
    """Who reacts with a picture that somebody brought from elsewhere says the same as they did."""
    content = event.get("content")
    related = content.get("m.relates_to") if isinstance(content, dict) else None
    key = related.get("key") if isinstance(related, dict) else None
    if not isinstance(key, str) or not key.startswith("mxc://"):
        return {}
    for url in Upload.objects.filter(mxc=key).values_list("url", flat=True)[:5]:
        row = ReactionRow.objects.filter(custom__url=url).first()
        if row and row.custom:
            return {key: Emoji(**row.custom)}
    return {}


def _posts(uris: Iterable[str]) -> dict[str, Publish]:
    rows = Post.objects.filter(uri__in=list(uris), deleted=None).select_related("author")
    return {row.uri: profiles.publish_of(row) for row in rows}


def _acts(uris: Iterable[str]) -> dict[str, React | Boost | Follow | Block]:
    wanted = list(uris)
    found: dict[str, React | Boost | Follow | Block] = {}
    for row in ReactionRow.objects.filter(uri__in=wanted).select_related("author", "post"):
        found[row.uri] = React(
            author=row.author.uri,
            post=row.post.uri,
            uri=row.uri,
            emoji=row.emoji,
            at=row.at,
            custom=Emoji(**row.custom) if row.custom else None,
        )
    for boost in BoostRow.objects.filter(uri__in=wanted).select_related("author", "post"):
        found[boost.uri] = Boost(
            author=boost.author.uri, post=boost.post.uri, uri=boost.uri, at=boost.at
        )
    return found


def wait_for_target(event: Mapping[str, Any], tries: int) -> None:
    """An edit, reaction or redaction may come before its target when pushes were lost.

    Raises Later while the target waits itself, or may still be on its way; after that it is about
    nothing of ours.
    """
    related = event["content"].get("m.relates_to")
    kind = related.get("rel_type") if isinstance(related, dict) else None
    if event.get("type") not in _ABOUT_ANOTHER and kind not in {"m.replace", "m.annotation"}:
        return
    for target in parse.needs(event).events:
        read = Received.objects.filter(network="matrix", key=target)
        state = read.values_list("state", flat=True).first()
        unknown = not state and not Anchor.objects.filter(event_id=target).exists()
        if state == "waiting" or (unknown and tries < ON_ITS_WAY):
            raise Later("what it is about has not arrived yet")


# ---- for sending


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
        boosted=profiles.publish_of(boosted) if boosted and not boosted.deleted else None,
        boosted_title=boosted.author.title if boosted else "",
        name_emojis=_name_emojis(author, boosted.author if boosted else None),
        quoted=profiles.publish_of(quoted) if quoted else None,
        quoted_title=quoted.author.title if quoted else "",
        quoted_event=where.event_id if where else "",
        quoted_room=where.room.room_id if where else "",
        redact=_to_redact(act, room),
        fits=_fits(act, room),
        towards=_towards(act),
        pending=isinstance(act, Follow) and _pending(act),
        parts=_parts(act, room),
        **(_counted(act, room) if isinstance(act, Tally) else {}),
    )


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


FITTING: dict[str, set[str]] = {
    "private": {Room.Kind.MIRROR, Room.Kind.CIRCLE, Room.Kind.DIRECT},
    "local": {Room.Kind.CIRCLE},
    "limited": {Room.Kind.DIRECT},
    "direct": {Room.Kind.DIRECT},
}


def _fits(act: Act, room: Room) -> bool:
    """By what the post is in the index, where no edit widens whom it is for."""
    match act:
        case Publish(visibility=shown):
            pass
        case Revise(now=Publish(visibility=said, post=uri)):
            known = actions.post(uri)
            return _may_stand(known.visibility if known else said, room)
        case _:
            return True
    return _may_stand(shown, room)


def _may_stand(shown: str, room: Room) -> bool:
    return shown in OPEN or room.kind in FITTING[shown]


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


def old_words(post: str) -> list[tuple[str, str, str]]:
    """Room and event of each receipt and each edit of a post; and which ghost reads there, if
    the bot does not.
    """
    written = Anchor.objects.filter(room__actor__posts__uri=post, uri__startswith=f"{post}/")
    copies = written.exclude(uri=f"{post}/delete")
    found = list(copies.values_list("room__room_id", "event_id", "room__reader"))
    stood = Anchor.objects.filter(uri=post)
    where = stood.values_list("room__room_id", "room__reader").order_by("at", "id").first()
    edits = {
        uri.rsplit("/", 1)[1] for uri in copies.values_list("uri", flat=True) if "/update/" in uri
    }
    typed = sorted(edit for edit in edits if names.is_event_id(f"${edit}"))  # not by an answer
    return found + [(where[0], f"${edit}", where[1]) for edit in typed if where]
