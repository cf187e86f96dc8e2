"""Which inboxes an act goes to: of one server the shared one, of what is said to one person theirs.

What somebody elsewhere sent to us is passed on from here too, to whom it is for.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

import orjson
from django.conf import settings
from django.db.models import Q, QuerySet

from bridge import keys, names
from bridge.activitypub import actors
from social import actions, audience, policy
from social.acts import (
    OPEN,
    Accept,
    Act,
    AllowQuote,
    AskQuote,
    Block,
    Follow,
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
    if isinstance(act, Retract | Revise):
        return _addresses({*audience.inboxes(strangers), *_told_before(act, author)})
    return _addresses(audience.inboxes(strangers))


def _forwarded(act: Act, author: Actor) -> list[Address]:
    """ActivityPub 7.1.2: a reply sent to our author's followers is passed on to them, and later
    what changes it. Whoever gets it asks its origin or its proof, so only open ones go on.
    """
    match act:
        case Publish(post=uri, reply=reply):
            named, shown = list(act.audience), str(act.visibility)
        case Revise() | Retract():
            # As it was published: no later edit makes others hear of it, or fewer.
            post = Post.objects.filter(uri=audience.subject(act)).first()
            if post is None:
                return []
            uri, reply = post.uri, post.reply
            named, shown = post.audience, post.visibility
            if isinstance(act, Retract) and shown not in OPEN:  # since an edit: who has older words
                return _addresses(set(_passed_on_to(uri)))
        case _:
            return []
    parent = actions.post(reply) if shown in OPEN else None
    owner = parent.author if parent else None
    if owner is None or not owner.is_local or owner.followers not in named:
        return []
    readers = Actor.objects.filter(
        follows_out__target=owner, follows_out__state="accepted", owner=None
    ).exclude(host=author.host)
    return _addresses({*audience.inboxes(readers), *_passed_on_to(uri)})


def _passed_on_to(uri: str) -> QuerySet[Delivery, str]:
    """Also who has followed no longer since then should not be left with old words."""
    rows = Delivery.objects.filter(network=NETWORK, document=uri)
    return rows.values_list("to", flat=True).distinct()


def _told_before(act: Retract | Revise, author: Actor) -> set[str]:
    """Who got it and follows no longer, as long as it is remembered to whom it went: with what is
    open they hear of edits, and of each deletion.
    """
    post = audience.subject(act)
    rows = Delivery.objects.filter(network=NETWORK, sender=author.uri, subject=post)
    doors = set(rows.values_list("to", flat=True))
    if isinstance(act, Retract) or not doors:
        return doors
    if not Post.objects.filter(uri=post, visibility__in=OPEN).exists():
        return set()
    shut = Actor.objects.filter(shut_out(author=author), owner=None)
    away = shut.filter(Q(inbox__in=doors) | Q(shared_inbox__in=doors))
    return doors - {door for pair in away.values_list("inbox", "shared_inbox") for door in pair}


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
