"""The index is lost and made again from the rooms; and what anybody can see of it."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Q, QuerySet

from bridge import rebuild
from bridge.models import Anchor, Document, Key
from social.models import Actor, Block, Boost, Follow, FormerReader, Post, Reaction, Tombstone


def shown() -> dict[str, list[tuple[Any, ...]]]:
    """What anybody can see, by URI instead of by row number.

    What somebody elsewhere deleted is gone from the rooms, and nobody asks this server for it.
    """
    posts = Post.objects.filter(Q(deleted=None) | Q(author__owner__isnull=False))
    ours = Document.objects.filter(author__startswith=settings.OWNROOM_ORIGIN)
    found: dict[str, QuerySet[Any, tuple[Any, ...]]] = {
        "documents": ours.exclude(uri__contains="#").values_list("uri", "body", "author", "gone"),
        "keys": Key.objects.values_list("actor__uri", "sealed"),
        "actors": Actor.objects.values_list(
            "uri", "owner", "handle", "domain", "name", "inbox", "left"
        ),
        "posts": posts.values_list(
            "uri", "author__uri", "visibility", "html", "parent__uri", "updated", "deleted"
        ),
        "places": Anchor.objects.filter(
            uri__in=posts.filter(deleted=None).values("uri")
        ).values_list("event_id", "room__room_id", "uri", "root", "sender"),
        "reactions": Reaction.objects.values_list("uri", "author__uri", "post__uri", "emoji"),
        "boosts": Boost.objects.values_list("uri", "author__uri", "post__uri", "at"),
        "follows": Follow.objects.values_list("uri", "follower__uri", "target__uri", "state", "at"),
        "former readers": FormerReader.objects.filter(post=None).values_list(
            "author__uri", "inbox", "until"
        ),
        "blocks": Block.objects.values_list("uri", "author__uri", "target__uri", "at"),
        "tombstones": Tombstone.objects.values_list("uri"),
    }
    return {name: sorted(rows, key=str) for name, rows in found.items()}


def wipe() -> None:
    for label in ("social", "bridge"):
        for model in apps.get_app_config(label).get_models():
            model.objects.all().delete()


def lost_and_rebuilt() -> list[str]:
    said: list[str] = []
    wipe()
    rebuild.rebuild(said.append)
    return said
