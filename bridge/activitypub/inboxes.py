"""Which inboxes an act goes to: of one server the shared one, of what is said to one person theirs.

What somebody elsewhere sent to us is passed on from here too, to whom it is for.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import orjson
from django.conf import settings
from django.db.models import Q

from bridge import keys, names
from bridge.activitypub import actors
from social import actions, audience, policy, reach
from social.acts import (
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    Boost,
    Follow,
    Leave,
    PassOn,
    Publish,
    RefuseQuote,
    Reject,
    Report,
    Retract,
    Revise,
    Tally,
    Undo,
    Vote,
)
from social.models import Actor, Delivery, Post, shut_out
from social.outbox import Address

NETWORK = "activitypub"
# Said to one person, at their own door: at the shared one PeerTube reads no answer to a follow.
_TO_ONE = (Accept, AllowQuote, AskQuote, Block, Follow, RefuseQuote, Reject, Vote)


def of(act: Act, hearers: Collection[Actor]) -> list[Address]:
    author = actors.known(act.author)
    if author is None or _stays_here(act):
        return []
    if not author.is_local:
        return _forwarded(act, author)
    if isinstance(act, Report):
        return [
            replace(address, sender=keys.instance_uri())
            for address in _addresses({hearer.inbox for hearer in hearers} - {""})
        ]
    strangers = [hearer for hearer in hearers if not hearer.is_local]
    if isinstance(act.undone if isinstance(act, Undo) else act, _TO_ONE):
        return _addresses({hearer.inbox for hearer in strangers if hearer.inbox})
    return _addresses({*reach.inboxes(strangers), *_told_before(act, author)})


def _forwarded(act: Act, author: Actor) -> list[Address]:
    """ActivityPub 7.1.2: a reply sent to our author's followers is passed on to them, and later
    what changes it. Whoever gets it asks its origin or its proof, so only open ones go on.
    """
    if isinstance(act, Publish):
        post = actions.post(act.post)
        teller = reach.teller(post) if post else None
        doors = reach.following(teller) if teller else set()
    else:
        doors = _told_before(act, author)
    return _addresses({door for door in doors if names.host_of(door) != author.host})


def _told_before(act: Act, author: Actor) -> set[str]:
    """Who had it through us, though its author says nothing new to them: of what is open they hear
    of edits, and of each deletion.
    """
    match act:
        case Leave():
            return reach.ever(author) | reach.shown(author.posts.all())
        case Undo(undone=Boost(at=at)) if author.is_local:
            return reach.formerly(author, at)
        case PassOn(post=uri, corrects=True):
            post = Post.objects.filter(uri=uri).first()
            doors = reach.formerly(author, post.published) if post else set()
            return doors if post and post.deleted else doors - _shut(doors, author)
        case Retract() | Revise():
            return _had_it(act, author)
        case _:
            return set()


def _had_it(act: Retract | Revise, author: Actor) -> set[str]:
    rows = Post.objects.filter(uri=audience.subject(act))
    post = rows.select_related("author", "parent__author").first()
    if post is None or (isinstance(act, Revise) and post.visibility not in OPEN):
        return set()
    doors = reach.had(post)
    return doors if isinstance(act, Retract) else doors - _shut(doors, author)


def _shut(doors: Collection[str], author: Actor) -> set[str]:
    """Of these inboxes those of whom the author has shut out."""
    hosts = author.host_blocks.exists()  # for which everybody must be looked at
    shut = shut_out(author=author) if hosts else Q(pk__in=author.blocks_out.values("target"))
    here = Q(inbox__in=doors) | Q(shared_inbox__in=doors)
    away = Actor.objects.filter(here, shut, owner=None) if doors else ()
    return {door for one in away for door in (one.inbox, one.shared_inbox)}


def _stays_here(act: Act) -> bool:
    match act:
        case (
            Publish(visibility=shown)
            | Revise(now=Publish(visibility=shown))
            | Tally(now=Publish(visibility=shown))
        ):
            return shown == "local"
        case Retract():
            return Post.objects.filter(uri=act.post, visibility="local").exists()
        case _:
            return False


def _addresses(inboxes: Collection[str]) -> list[Address]:
    if not inboxes:
        return []
    hosts = {inbox: names.host_of(inbox) for inbox in sorted(inboxes)}
    refused = policy.hosts_refused(hosts.values())
    return [
        Address(lane=f"{NETWORK} {host}"[:300], to=inbox)
        for inbox, host in hosts.items()
        if host and host not in refused
    ]


# ---- when they go out


def closed(rows: Collection[Delivery], texts: Mapping[str, str]) -> Mapping[int, str]:
    """Why some go nowhere any more, by row: of a post that is not for everybody, or not any more,
    a document goes to those alone whom it is for now. It may have waited while somebody was shut
    out or removed, and it has the words of the newest edit. And what a group passes on has those
    of its author, who may have taken them back.
    """
    posts = {row.document: _post_of(row.document) for row in rows}
    standing = Post.objects.filter(uri__in=set(posts.values()), deleted=None)
    hidden = standing.exclude(visibility__in=OPEN)
    doors = {post.uri: _doors(post) for post in hidden.select_related("author")}
    passed = {row.pk: row.subject for row in rows if _repeats(texts.get(row.document, ""), row)}
    said = Post.objects.filter(uri__in=set(passed.values())) if passed else Post.objects.none()
    gone = set(said.exclude(deleted=None, visibility__in=OPEN).values_list("uri", flat=True))
    return {
        row.pk: "it is for nobody there any more"
        for row in rows
        if row.to not in doors.get(posts[row.document], {row.to}) or passed.get(row.pk) in gone
    }


def _repeats(text: str, row: Delivery) -> bool:
    """Whether a group here passes on what somebody wrote, word for word."""
    if "#announces/" not in row.document or not text:
        return False
    inner = orjson.loads(text).get("object")
    return isinstance(inner, dict) and inner.get("type") in {"Create", "Update"}


def _post_of(document: str) -> str:
    """Whose words it has. A deletion has none, and goes to all who got them."""
    for part in ("/create", "/update/"):
        if names.event_of(document.partition(part)[0], settings.OWNROOM_ORIGIN):
            return document.partition(part)[0]
    return document


def _doors(post: Post) -> set[str]:
    """Of those who may read it now. What somebody elsewhere wrote is passed on to nobody then."""
    if not post.author.is_local:
        return set()
    found = audience.readers(post)
    return {door for one in found for door in (one.inbox, one.shared_inbox)}
