"""Where elsewhere a post went: its edits and its deletion go there, too.

Who reads now is known by their follows. Who reads no longer is noted when that ends, by inbox: the
ledger says so again in a rebuild.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.db.models import Min, QuerySet, Value
from django.db.models.functions import Coalesce, NullIf

from social.acts import LETTERS, OPEN, Visibility
from social.models import Actor, Boost, Follow, FormerReader, Post, Reaction

SKEW = 300_000  # the clock that dates posts may go before ours by so many milliseconds


def _door(path: str = "") -> Coalesce:
    """One address for each server where it offers a shared one."""
    return Coalesce(NullIf(f"{path}shared_inbox", Value("")), f"{path}inbox")


# ---- where it is by now


def teller(post: Post) -> Actor | None:
    """Who of ours told their followers of it: its author; or whom it answers, in passing it on. A
    group tells its members itself.
    """
    if post.author.is_local:
        elsewhere = post.visibility in LETTERS or post.group in post.audience
        return None if elsewhere else post.author
    owner = post.parent.author if post.parent else None
    passed = owner and owner.is_local and owner.followers in post.audience
    return owner if passed and post.visibility in OPEN else None


def had(post: Post) -> set[str]:
    """The inboxes of all who were told of it, or of its edits, and are not known otherwise."""
    told, alone = teller(post), _inboxes(FormerReader.objects.filter(post=post))
    # Of a secret not even for the sake of clocks: whoever was put out right before hears nothing.
    since = post.published + (0 if post.visibility in OPEN else SKEW)
    return {*alone, *shown([post]), *(readers(told, since) if told else ())}


def shown(posts: Collection[Post] | QuerySet[Post]) -> set[str]:
    """The inboxes of those to whom somebody here shows what is open. Of what others write a group
    tells its members in its own way.
    """
    boosts = Boost.objects.filter(post__in=posts, post__visibility__in=OPEN)
    boosts = boosts.exclude(author__kind="group", post__author__owner=None)
    ours = boosts.filter(author__owner__isnull=False).order_by()
    first = ours.values_list("author").annotate(first=Min("at"))
    return {door for booster, at in first for door in readers(booster, at)}


def readers(author: Actor | int, since: int) -> set[str]:
    """The inboxes of those elsewhere who follow somebody here, or did after that."""
    return following(author) | formerly(author, since)


def following(author: Actor | int) -> set[str]:
    """Not of those who are suspended here: they are sent nothing new."""
    rows = Follow.objects.filter(target=author, state="accepted").values("follower")
    found = Actor.objects.filter(pk__in=rows, owner=None, suspended=False).exclude(inbox="")
    return set(found.values_list(_door(), flat=True).distinct())


def formerly(author: Actor | int, since: int) -> set[str]:
    """Of those whose reading ended after that."""
    rows = FormerReader.objects.filter(author=author, post=None, until__gt=since - SKEW)
    return _inboxes(rows)


def ever(author: Actor) -> set[str]:
    """Of those who had anything, be it one post."""
    return _inboxes(author.former_readers.all())


def _inboxes(rows: QuerySet[FormerReader]) -> set[str]:
    return set(rows.values_list("inbox", flat=True))


def inboxes(actors: Iterable[Actor]) -> list[str]:
    return sorted({actor.shared_inbox or actor.inbox for actor in actors if actor.inbox})


# ---- whoever reads no longer


def end(rows: QuerySet[Any], at: int) -> int:
    """Deletes what somebody takes back, and answers how much; who read because of it is noted."""
    if rows.model is Follow:
        _note_followers(rows, at)
    elif rows.model in {Reaction, Boost}:
        _note_responses(rows.select_related("author", "post__author"), at)
    return rows.delete()[0]


def interrupt(actors: QuerySet[Actor], at: int) -> None:
    """They are suspended from now on: their follows stay, but nothing new is sent to them."""
    _note_followers(Follow.objects.filter(follower__in=actors.filter(suspended=False)), at)


def _note_followers(ending: QuerySet[Follow], at: int) -> None:
    """Who follows somebody here had all that was said until now."""
    rows = ending.filter(state="accepted", follower__owner=None, target__owner__isnull=False)
    doors: dict[int, set[str]] = defaultdict(set)
    for target, door in rows.exclude(follower__inbox="").values_list("target", _door("follower__")):
        doors[target].add(door)
    for target, found in doors.items():
        _keep(target, None, found, at)


def _note_responses(ending: QuerySet[Any], at: int) -> None:
    """Who likes or boosts a post of ours heard of its edits; whoever follows one of ours who
    boosts a post had it through them.
    """
    for row in ending.filter(post__visibility__in=OPEN, post__deleted=None):
        doors = set[str]()
        if row.author.is_local and ending.model is Boost:
            doors = readers(row.author, row.at)
        elif not row.author.is_local and row.post.author.is_local:
            doors = set(inboxes([row.author]))
        _keep(row.post.author_id, row.post_id, doors, at)


def narrow(post: Post, shown: Visibility, at: int) -> None:
    """Before an edit makes a post be for fewer: nobody could tell afterwards who had it."""
    if post.visibility in OPEN and shown not in OPEN:
        _keep(post.author_id, post.pk, had(post), at)


def _keep(author: int, post: int | None, doors: Collection[str], at: int) -> None:
    if not doors:
        return
    rows = FormerReader.objects.filter(author=author, post=post)
    known = set(rows.filter(inbox__in=doors).values_list("inbox", flat=True))
    rows.filter(inbox__in=known, until__lt=at).update(until=at)
    FormerReader.objects.bulk_create(
        FormerReader(author_id=author, post_id=post, inbox=door, until=at)
        for door in sorted({*doors} - known)
    )


def move(actor: Actor, before: str) -> None:
    """Whoever is told at an inbox that a server no longer has is told at the one it has now."""
    now = inboxes([actor])
    if now and urlsplit(before).netloc == actor.host:  # of no other server's they decide
        FormerReader.objects.filter(inbox=before).exclude(inbox__in=now).update(inbox=now[0])


def prune() -> None:
    """Of what was deleted everybody was told."""
    FormerReader.objects.exclude(post=None).exclude(post__deleted=None).delete()
