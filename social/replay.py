"""In a rebuild: many posts at once, as `actions.record` writes them one by one."""

import json
from collections.abc import Collection, Iterable, Sequence
from itertools import islice
from typing import Any

from django.db.models import F, Q, QuerySet

from social import actions, once
from social.acts import Publish, Retract, Visibility
from social.models import Actor, Post, Tombstone

PAGE = 500  # posts looked at together
# What its author said of a post; all else is how it stands here.
_SAID = (
    *("visibility", "html", "summary", "sensitive", "language", "mentions", "hashtags"),
    *("attachments", "emojis", "poll", "poll_due", "url", "reply", "audience", "quote", "stamp"),
    *("quotable", "place", "published", "updated"),
)


def record_posts(posts: Sequence[Publish]) -> set[str]:
    """Answers which may stand."""
    uris = [act.post for act in posts]
    buried = set(Tombstone.objects.filter(uri__in=uris).values_list("uri", "author"))
    standing = [act for act in posts if (act.post, act.author) not in buried]
    rows = [
        actions.row_of(act, author) for act in standing if (author := actions.actor(act.author))
    ]
    Post.objects.bulk_create(rows, ignore_conflicts=True)
    _fill(rows)
    keys = dict(Post.objects.filter(uri__in=uris).values_list("uri", "pk"))
    _address((keys[act.post], act.audience) for act in standing if act.post in keys)
    _adopt(uris)
    return {row.uri for row in rows}


def readdress() -> set[str]:
    """Once all rooms are read: a post may name whom a later room told of. Answers whom posts of
    people here name and no room told of.
    """
    strangers = set[str]()
    posts = Post.objects.filter(deleted=None).exclude(audience=[])
    rows = posts.order_by("pk").values_list("pk", "audience", "author__owner").iterator()
    while some := list(islice(rows, PAGE)):
        unknown = _address((key, named) for key, named, _ in some)
        strangers |= unknown & {uri for _, named, owner in some if owner for uri in named}
    return strangers


def address(actor: Actor) -> None:
    """Somebody of whom no room told, and who is known now that they could be asked after."""
    once.forget()
    here = Post.objects.filter(deleted=None, author__owner__gt="")
    named = Q(audience__icontains=json.dumps(actor.uri))
    named |= Q(audience__icontains=json.dumps(actor.uri, ensure_ascii=False))
    rows = here.filter(named).values_list("pk", "audience")
    _address((key, {actor.uri} & set(uris)) for key, uris in rows)


def _address(posts: Iterable[tuple[int, Collection[str]]]) -> set[str]:
    """Answers whom they name and nobody here knows."""
    pairs = [(key, uri) for key, uris in posts for uri in uris]
    named = _by_uri(Actor.objects.all(), {uri for _, uri in pairs})
    link = Post.addressed.through
    links = [link(post_id=key, actor_id=named[uri]) for key, uri in pairs if uri in named]
    link.objects.bulk_create(links, ignore_conflicts=True)
    return {uri for _, uri in pairs} - named.keys()


def stand_in(act: Publish) -> bool:
    """A post that stands in no room, but something does that is about it: for now by its address
    alone. Whether it is new here.
    """
    try:
        return actions.record(act)
    except actions.Refused:
        return False


def wordless(uri: str) -> Post | None:
    """Of which a rebuild had no more than the address."""
    return _bare().filter(uri=uri).select_related("author").first()


def complete(act: Publish) -> None:
    """As its author has it, now that it could be asked for."""
    author = actions.actor(act.author)
    if author:
        once.forget()
        _fill([actions.row_of(act, author)])
        _adopt([act.post])


def _bare() -> QuerySet[Post]:
    rows = Post.objects.filter(html="", summary="", attachments=[], quote="")
    return rows.filter(deleted=None, author__owner=None, poll__isnull=True)


def _fill(rows: Sequence[Post]) -> None:
    """The words of those that were known by their address alone."""
    bare = _by_uri(_bare(), {row.uri for row in rows})
    found = [row for row in rows if row.uri in bare]
    for row in found:
        row.pk = bare[row.uri]
    Post.objects.bulk_update(found, _SAID)


def _by_uri(rows: QuerySet[Any], uris: Collection[str]) -> dict[str, int]:
    return dict(rows.filter(uri__in=uris).values_list("uri", "pk")) if uris else {}


def _adopt(uris: Collection[str]) -> None:
    """Answers among these posts, and answers to them, get their parents."""
    lone = Post.objects.filter(Q(uri__in=uris) | Q(reply__in=uris), parent=None)
    orphans = list(lone.exclude(reply="").exclude(reply=F("uri")).only("pk", "reply"))
    parents = _by_uri(Post.objects.all(), {orphan.reply for orphan in orphans})
    found = [orphan for orphan in orphans if orphan.reply in parents]
    for orphan in found:
        orphan.parent_id = parents[orphan.reply]
    Post.objects.bulk_update(found, ["parent"])


def remember_deleted(act: Retract, visibility: Visibility) -> None:
    """A deleted post whose words are gone, so that its address still says so."""
    author = actions.actor(act.author)
    if author is None:
        return
    Post.objects.get_or_create(
        uri=act.post,
        defaults={
            "author": author,
            "visibility": visibility,
            "published": act.at,
            "deleted": act.at,
        },
    )
