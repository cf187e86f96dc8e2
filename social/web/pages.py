"""What stands on a public page. Reads only, and posts only through `visible_to(None)`."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any, Self

from django.db.models import F, OuterRef, Q, QuerySet

from social import acts, pins, quoting
from social.models import Actor, ActorQuerySet, Follow, Post, PostQuerySet, Version, shut_out
from social.web import responses
from social.web.responses import Responses

SIZE = 20  # posts on a page
PEOPLE = 100  # profiles on the first page
UPWARDS = 8  # posts shown above a post
DOWNWARDS = 6  # levels of replies below it
REPLIES = 200  # and in all

_CURSOR = re.compile(r"(?P<at>[0-9]{1,15})(?P<kind>[pb])(?P<key>[0-9]{1,15})")
_TAG = re.compile(r"\w{1,100}")


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in a list: newest first; at the same moment posts before boosts, then the key."""

    at: int
    kind: str  # "p", a post, or "b", a boost
    key: int

    @classmethod
    def read(cls, text: str) -> Self | None:
        found = _CURSOR.fullmatch(text)
        return cls(int(found["at"]), found["kind"], int(found["key"])) if found else None

    def __str__(self) -> str:
        return f"{self.at}{self.kind}{self.key}"

    def older(self, kind: str, *, at: str, key: str) -> Q:
        """The rows of one kind that come after this place; `at` and `key` name their columns."""
        earlier = Q(**{f"{at}__lt": self.at})
        same = Q(**{at: self.at})
        if kind == self.kind:
            return earlier | (same & Q(**{f"{key}__lt": self.key}))
        return earlier | same if kind == "b" else earlier


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A post as it stands on one page."""

    post: Post
    answers: Post | None = None  # the post it replies to, when anybody may see that
    quoted: Post | None = None  # the post it quotes, when it may and anybody may see that
    responses: Responses = responses.NONE
    place: Cursor | None = None
    depth: int = 0

    @property
    def boosted(self) -> bool:
        return self.place is not None and self.place.kind == "b"


@dataclass(frozen=True, slots=True)
class Listing:
    entries: Sequence[Entry]
    older: Cursor | None  # where the next page begins


@dataclass(frozen=True, slots=True)
class Counts:
    posts: int
    followers: int
    following: int


@dataclass(frozen=True, slots=True)
class Thread:
    above: Sequence[Entry]
    entry: Entry
    below: Sequence[Entry]
    more: bool  # there are replies that did not fit


def _open() -> PostQuerySet:
    return Post.objects.visible_to(None).select_related("author")


def people() -> ActorQuerySet:
    """Those who live here. `owner__gt` says "not null" in a way that both databases index."""
    return Actor.objects.local().filter(owner__gt="")


def person(handle: str) -> Actor | None:
    # Sorted by owner, so that the index of those who live here is walked, not the whole table.
    return people().filter(handle__iexact=handle).order_by("owner").first()


def discoverable() -> QuerySet[Actor]:
    return people().shown().filter(discoverable=True, moved_to="").order_by("handle")[:PEOPLE]


def counts(actor: Actor) -> Counts:
    accepted = Follow.objects.filter(state=Follow.State.ACCEPTED)
    return Counts(
        posts=_open().filter(author=actor).count(),
        followers=accepted.filter(target=actor).count(),
        following=accepted.filter(follower=actor).count(),
    )


def timeline(actor: Actor, before: Cursor | None, *, besides: Sequence[Entry] = ()) -> Listing:
    """What `actor` wrote and boosted, newest first, `besides` what stands on the page already."""
    boosts: QuerySet[Any] = (
        _open()
        .welcome_to(actor)
        # One `filter` call, so that the boost found is the one whose time is read.
        .filter(boosts__author=actor)
        .annotate(boosted_at=F("boosts__at"), boost_key=F("boosts__pk"))
        .order_by("-boosted_at", "-boost_key")
    )
    if before:
        boosts = boosts.filter(before.older("b", at="boosted_at", key="boost_key"))
    boosted = (
        Entry(post=post, place=Cursor(post.boosted_at, "b", post.boost_key))
        for post in boosts[: SIZE + 1]
    )
    written = _open().filter(author=actor).exclude(pk__in=[entry.post.pk for entry in besides])
    return _listing([*_written(written, before), *boosted])


def tagged(tag: str, before: Cursor | None) -> Listing | None:
    """Public posts of those here who want to be found; None for what can be no tag.

    The tags of a post are a JSON list. SQLite keeps it as ASCII, PostgreSQL as it is, and neither
    folds case alike, so the usual spellings of the tag are looked for in both forms.
    """
    if not _TAG.fullmatch(tag):
        return None
    wanted = Q()
    for spelling in {tag, tag.lower(), tag.upper(), tag.title()}:
        for quoted in {json.dumps(spelling), json.dumps(spelling, ensure_ascii=False)}:
            wanted |= Q(hashtags__icontains=quoted)
    posts = _open().filter(
        wanted, visibility="public", author__owner__gt="", author__discoverable=True
    )
    return _listing(_written(posts, before))


def _written(posts: QuerySet[Post], before: Cursor | None) -> list[Entry]:
    if before:
        posts = posts.filter(before.older("p", at="published", key="pk"))
    newest = posts.order_by("-published", "-pk")[: SIZE + 1]
    return [Entry(post=post, place=Cursor(post.published, "p", post.pk)) for post in newest]


def _listing(found: Sequence[Entry]) -> Listing:
    entries = sorted(found, key=_order, reverse=True)
    shown = entries[:SIZE]
    older = shown[-1].place if len(entries) > SIZE else None
    return Listing(_answering(shown), older)


def _order(entry: Entry) -> tuple[int, str, int]:
    place = entry.place
    return (place.at, place.kind, place.key) if place else (0, "", 0)


def _answering(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Adds the posts that are replied to and quoted, through the same gate, and what others made
    of each: a query for all of one kind.
    """
    posts = [entry.post for entry in entries]
    answers, quoted, responded = _answered(posts), quoting.shown(posts), responses.to(posts)
    return [
        replace(
            entry,
            answers=answers.get(entry.post.pk),
            quoted=quoted.get(entry.post.pk),
            responses=responded.get(entry.post.pk, responses.NONE),
        )
        for entry in entries
    ]


def _answered(posts: Sequence[Post]) -> dict[int, Post]:
    """By the key of the answer; of whom its author has shut out since nobody is told."""
    keys = [post.pk for post in posts if post.parent_id]
    above: QuerySet[Any] = (
        _open()
        .filter(replies__in=keys)
        .annotate(answer=F("replies__pk"), answerer=F("replies__author"))
        .exclude(shut_out("author__", author=OuterRef("answerer")))
    )
    return {post.answer: post for post in above}


def pinned(actor: Actor) -> Sequence[Entry]:
    """What stands on top of the profile."""
    return _answering([Entry(post=post) for post in pins.shown(actor)])


def feed(actor: Actor) -> QuerySet[Post]:
    """Public posts only: a feed is carried off to places where nothing can be taken back."""
    return _open().filter(author=actor, visibility="public").order_by("-published", "-pk")[:SIZE]


def post(uri: str, author: Actor) -> Post | None:
    return _open().filter(uri=uri, author=author).first()


def earlier(shown: Post) -> QuerySet[Version]:
    """What it said before, oldest first, of a post that its reader may see."""
    return shown.versions.order_by("at", "pk")


def was_deleted(uri: str, author: Actor) -> bool:
    """Said only of what anybody could see before: that a private post existed stays private."""
    return Post.objects.filter(
        uri=uri,
        author=author,
        visibility__in=acts.OPEN,
        deleted__isnull=False,
        author__suspended=False,
    ).exists()


def thread(shown: Post) -> Thread:
    below, more = _below(shown)
    entries = _answering([*(Entry(post=each) for each in _above(shown)), Entry(post=shown), *below])
    place = len(entries) - len(below) - 1
    return Thread(entries[:place], entries[place], entries[place + 1 :], more)


def _above(shown: Post) -> Sequence[Post]:
    """What it answers, topmost first, up to the first post that is not for everybody, or by
    somebody whom its author has shut out since.
    """
    steps = ["__".join(["parent"] * step) + "_id" for step in range(1, UPWARDS + 1)]
    keys = _open().filter(pk=shown.pk).values_list(*steps).first() or ()
    parents = _open().welcome_to(shown.author).in_bulk([key for key in keys if key])
    chain = [parents[key] for key in takewhile(lambda key: key in parents, keys)]
    return chain[::-1]


def _below(shown: Post) -> tuple[Sequence[Entry], bool]:
    """Replies, one query for each level. A reply to a hidden reply is not reached."""
    children: dict[int, list[Post]] = {}
    level = [shown.pk]
    seen = {shown.pk}  # liars' posts may answer each other in a circle
    room = REPLIES
    welcome = Post.objects.visible_to(None).welcome_to(shown.author).select_related("author")
    more = False
    for _ in range(DOWNWARDS):
        replies = welcome.filter(parent__in=level).exclude(pk__in=seen)
        found = list(replies.order_by("published", "pk")[: room + 1])
        more = len(found) > room
        for child in found[:room]:
            children.setdefault(child.parent_id or 0, []).append(child)
        level = [child.pk for child in found[:room]]
        seen.update(level)
        room -= len(level)
        if not level or more:
            break
    return list(_flat(children, shown.pk, depth=1)), more


def _flat(children: Mapping[int, Sequence[Post]], key: int, *, depth: int) -> Iterator[Entry]:
    for child in children.get(key, ()):
        yield Entry(post=child, depth=depth)
        yield from _flat(children, child.pk, depth=depth + 1)
