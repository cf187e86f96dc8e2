"""Where elsewhere a post went: its edits and its deletion go there, too.

Who reads now is known by their follows. Who reads no longer is noted when that ends, by inbox: the
ledger says so again in a rebuild.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F, Q, QuerySet

from social.acts import LETTERS, OPEN, Visibility
from social.models import Actor, Boost, Follow, FormerReader, Post, Reaction

SKEW = 300_000  # the clock that dates posts may go before ours by so many milliseconds


# ---- whoever reads now


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


def following(*authors: Actor) -> QuerySet[Actor]:
    """Those elsewhere who follow one of these. Whoever is suspended here is sent nothing new."""
    rows = Follow.objects.filter(target__in=authors, state="accepted")
    return Actor.objects.filter(pk__in=rows.values("follower"), owner=None, suspended=False)


def reached(post: Post) -> QuerySet[Actor]:
    """Those elsewhere who have it from who told it, or from who boosts it here."""
    told = teller(post)
    return following(*boosters(Post.objects.filter(pk=post.pk)), *([told] if told else []))


def boosters(posts: QuerySet[Post]) -> QuerySet[Actor]:
    """Those here who show what is open to their followers. Of what others write a group tells its
    members in its own way.
    """
    boosts = Boost.objects.filter(post__in=posts.filter(visibility__in=OPEN))
    boosts = boosts.exclude(author__kind="group", post__author__owner=None)
    return Actor.objects.local().filter(pk__in=boosts.values("author"))


def inboxes(actors: Iterable[Actor]) -> list[str]:
    """One address for each server where it offers a shared one."""
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
    for row in rows.select_related("follower"):
        doors[row.target_id].update(inboxes([row.follower]))
    for target, found in doors.items():
        _keep(target, None, found, at)


def _note_responses(ending: QuerySet[Any], at: int) -> None:
    """Who likes or boosts a post of ours heard of its edits; whoever follows one of ours who
    boosts a post had it through them.
    """
    for row in ending.filter(post__visibility__in=OPEN, post__deleted=None):
        doors = set[str]()
        if row.author.is_local and ending.model is Boost:
            doors = {*inboxes(following(row.author)), *ever(row.author, row.at)}
        elif not row.author.is_local and row.post.author.is_local:
            doors = set(inboxes([row.author]))
        _keep(row.post.author_id, row.post_id, doors, at)


def narrow(post: Post, shown: Visibility, at: int) -> None:
    """Before an edit makes a post be for fewer: nobody could tell afterwards who had it."""
    if post.visibility in OPEN and shown not in OPEN:
        doors = {*formerly(post), *inboxes(reached(post))}
        _keep(post.author_id, post.pk, doors, at)


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


def formerly(post: Post) -> set[str]:
    """Their inboxes. By a follow that ended later than it was said, or only of this post."""
    found = Q(post=post)
    if speaker := teller(post):
        found |= Q(post=None, author=speaker, until__gt=post.published - SKEW)
    found |= Q(
        post=None,
        author__in=boosters(Post.objects.filter(pk=post.pk)),
        author__boosts__post=post,
        until__gt=F("author__boosts__at") - SKEW,
    )
    return _inboxes(FormerReader.objects.filter(found))


def formerly_shown(posts: QuerySet[Post]) -> set[str]:
    """Their inboxes, who once read somebody here who boosts one of these."""
    return _inboxes(FormerReader.objects.filter(post=None, author__in=boosters(posts)))


def ever(author: Actor, since: int = 0) -> set[str]:
    """Their inboxes, whichever of all that was said since then they had."""
    return _inboxes(author.former_readers.filter(until__gt=since - SKEW))


def _inboxes(rows: QuerySet[FormerReader]) -> set[str]:
    return set(rows.values_list("inbox", flat=True))
