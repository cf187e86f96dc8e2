"""What reading an event must know from the index: fills `parse.Refs`."""

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db.models import Q

from bridge import names
from bridge.errors import Later
from bridge.matrix import fitting, parse, polls, registration, shapes
from bridge.models import Anchor, Ghost, Received, Room, Upload
from social import policy, profiles, quoting
from social.acts import (
    OPEN,
    Block,
    Boost,
    Emoji,
    Follow,
    Profile,
    Publish,
    React,
)
from social.models import Actor, Post
from social.models import Boost as BoostRow
from social.models import Reaction as ReactionRow
from social.web import links

ON_ITS_WAY = 2  # tries for which an event may still come that nothing is known of
_ABOUT_ANOTHER = {"m.room.redaction", *polls.RESPONSES, *polls.ENDS}


def for_event(event: Mapping[str, Any], room: Room, met: Mapping[str, Actor]) -> parse.Refs:
    """For reading: who and what the event names; `met`: who was found by the handle written."""
    needs = parse.needs(event)
    actors, pills = _people(needs.users, needs.accounts, met)
    carried = dict(Anchor.objects.filter(event_id__in=needs.events).values_list("event_id", "uri"))
    bases = {base for uri in carried.values() for base in (uri, parse.about(uri))}
    done = _acts(carried.values())
    cards = {uri: act.post for uri, act in done.items() if isinstance(act, Boost)}
    stored = _posts({*bases, *cards.values(), *needs.posts})
    direct = room.kind == Room.Kind.DIRECT
    last = _last(room, event.get("sender")) if direct else ""
    stored |= _posts({last, *(post.reply for post in stored.values())} - {""})
    posts = {event: cards.get(uri, uri) for event, uri in carried.items()}
    fitting.refuse_unseen(event, room, stored, posts)
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
        acts=done,
        quotable=_quotable(needs.quote, event.get("sender"), room),
        link=_linker(pills | _by_uri(stored) | people),
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
    hidden = room.kind in {Room.Kind.CIRCLE, Room.Kind.OUTGROWN, Room.Kind.DIRECT}
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


def _last(room: Room, sender: object) -> str:
    """The newest post of a conversation: what is written next goes on from it. Nobody goes on from
    what somebody says whom they have blocked, or what was never for them.
    """
    author = Actor.objects.local().filter(owner=str(sender), left=None).first()
    if author is None:
        return ""
    posts = Anchor.objects.filter(room=room, uri__in=Post.objects.visible_to(author).values("uri"))
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
    kind = shapes.text(shapes.relation(event["content"]).get("rel_type"))
    if event.get("type") not in _ABOUT_ANOTHER and kind not in {"m.replace", "m.annotation"}:
        return
    for target in parse.needs(event).events:
        read = Received.objects.filter(network="matrix", key=target)
        state = read.values_list("state", flat=True).first()
        unknown = not state and not Anchor.objects.filter(event_id=target).exists()
        if state == "waiting" or (unknown and tries < ON_ITS_WAY):
            raise Later("what it is about has not arrived yet")
