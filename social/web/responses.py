"""How many people liked, reacted to and boosted what stands on a page; who they are is not told."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Value

from social.acts import LIKES
from social.models import Boost, Post, Reaction, shut_out


@dataclass(frozen=True, slots=True)
class Responses:
    likes: int = 0
    reactions: int = 0  # with any other emoji
    boosts: int = 0


NONE = Responses()


def to(posts: Collection[Post]) -> dict[int, Responses]:
    """By the key of the post, where there are any: one query for all. Of posts by people elsewhere
    there are none: we hear of a few, and a number would say that these are all.
    """
    ours = [post.pk for post in posts if post.author.is_local]
    if not ours:
        return {}
    reactions = _shown(Reaction.objects.filter(post__in=ours))
    rows = _counted(reactions.filter(emoji__in=LIKES), "likes").union(
        _counted(reactions.exclude(emoji__in=LIKES), "reactions"),
        _counted(_shown(Boost.objects.filter(post__in=ours)), "boosts"),
        all=True,
    )
    found: dict[int, dict[str, int]] = {}
    for key, kind, number in rows:
        found.setdefault(key, {})[kind] = number
    return {key: Responses(**numbers) for key, numbers in found.items()}


def _shown(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Not of whoever left or is suspended, nor of those whom the post's author has shut out."""
    standing = rows.filter(author__suspended=False, author__left=None)
    return standing.exclude(shut_out("author__", author=OuterRef("post__author")))


def _counted(rows: QuerySet[Any], kind: str) -> QuerySet[Any, Any]:
    """Each person once, whatever they reacted with."""
    people = rows.order_by().values("post").annotate(kind=Value(kind))
    counted: QuerySet[Any, Any] = people.annotate(number=Count("author", distinct=True))
    return counted.values_list("post", "kind", "number")
