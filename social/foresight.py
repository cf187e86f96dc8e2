"""What admitting and recording many new posts would ask one by one, asked at once.

Only asks. The answers wait where the questions look for them (`social/once.py`), for a moment.
"""

from collections.abc import Collection

from social import once, policy
from social.acts import Follow as FollowAct
from social.models import Actor, Follow, Post, Tombstone


def foresee(posts: Collection[tuple[str, str]]) -> None:
    """`posts`: the URI of each and its author's, who say so themselves: not yet believed."""
    _of_posts(posts)
    authors = list(Actor.objects.filter(uri__in={author for _, author in posts}))
    policy.foresee({author.host for author in authors})
    readers = Follow.objects.filter(target__in=authors, follower__owner__isnull=False)
    followed = set(readers.filter(state="accepted").values_list("target_id", flat=True))
    for author in authors:
        once.know(("actor", author.uri), author)
        once.know(("followed", author.pk), author.pk in followed)


def _of_posts(posts: Collection[tuple[str, str]]) -> None:
    uris = [uri for uri, _ in posts]
    buried = set(Tombstone.objects.filter(uri__in=uris).values_list("uri", "author"))
    standing = set(Post.objects.filter(uri__in=uris).values_list("uri", flat=True))
    lone = Post.objects.filter(reply__in=uris, parent=None)
    awaited = set(lone.values_list("reply", flat=True))
    for uri, author in posts:
        once.know(("gone", uri, author), (uri, author) in buried)
        once.know(("stands", uri), uri in standing)
        once.know(("orphans", uri), uri in awaited)


def follows(acts: Collection[FollowAct]) -> None:
    """In a rebuild: whether each was taken back, and which may stand already."""
    uris = {act.uri for act in acts}
    buried = set(Tombstone.objects.filter(uri__in=uris).values_list("uri", flat=True))
    rows = Follow.objects.filter(
        target__uri__in={act.target for act in acts}, follower__uri__in={act.author for act in acts}
    )
    standing = set(rows.values_list("follower__uri", "target__uri"))
    for act in acts:
        if act.uri not in buried:
            once.know(("taken back", act.uri, act.author, act.at), answer=False)
        if (act.author, act.target) not in standing:
            once.know(("may follow", act.author, act.target), answer=False)
