"""In a rebuild: many posts at once, as `actions.record` writes them one by one."""

from collections.abc import Collection, Sequence
from typing import Any

from django.db.models import F, Q, QuerySet

from social import actions
from social.acts import Publish, Retract
from social.models import Actor, Post, Tombstone


def record_posts(posts: Sequence[Publish]) -> set[str]:
    """Answers which may stand."""
    uris = [act.post for act in posts]
    buried = set(Tombstone.objects.filter(uri__in=uris).values_list("uri", "author"))
    standing = [act for act in posts if (act.post, act.author) not in buried]
    rows = [
        actions.row_of(act, author) for act in standing if (author := actions.actor(act.author))
    ]
    Post.objects.bulk_create(rows, ignore_conflicts=True)
    keys = dict(Post.objects.filter(uri__in=uris).values_list("uri", "pk"))
    link = Post.addressed.through
    named = _by_uri(Actor.objects.all(), {uri for act in standing for uri in act.audience})
    links = [
        link(post_id=keys[act.post], actor_id=named[uri])
        for act in standing
        for uri in act.audience
        if uri in named and act.post in keys
    ]
    link.objects.bulk_create(links, ignore_conflicts=True)
    _adopt(uris)
    return {row.uri for row in rows}


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


def remember_deleted(act: Retract, visibility: str) -> None:
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
