"""Collections of local actors and posts: pages of 40, newest first, by cursors of time and URI.

Nothing in them depends on the index: an empty database filled from the same rooms gives the same
bytes. Only what is open to everybody is listed, whoever asks.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote

import orjson
from django.conf import settings
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Concat
from django.http import HttpResponseBase
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from bridge import names
from bridge.activitypub import answers, documents
from bridge.activitypub import followers as known
from bridge.activitypub.answers import BadRequest, document, show
from bridge.activitypub.documents import hidden
from bridge.activitypub.jsonld import AS2
from bridge.models import Document
from social import pins
from social.acts import OPEN
from social.models import Actor, Boost, Follow, Post

PAGE = 40
DEEP, MANY = 50, 1000  # levels and posts of a conversation
_CURSOR = re.compile(r"([0-9]{1,16}):([^\x00-\x20\x7f]{0,2048})")

Place = tuple[int, str]  # time and URI: where in the order something stands


@document
def outbox(request: Request, key: str) -> HttpResponseBase:
    author = _owner(request, key)
    uri = f"{author.uri}/outbox"
    posts = Post.objects.open().filter(author=author)
    boosts = Boost.objects.filter(author=author, post__visibility__in=OPEN, post__deleted=None)
    if not _paged(request):
        return show(request, _top(uri, posts.count() + boosts.count()))
    written = posts.annotate(
        at=F("published"), document=Concat(F("uri"), Value("/create"), output_field=CharField())
    )
    shared = boosts.annotate(document=F("uri"))
    rows = _merged(written, shared, _before(request))
    return show(request, _page(uri, rows, items=_activities([row[2] for row in rows[:PAGE]])))


def _merged(
    written: QuerySet[Any], shared: QuerySet[Any], before: Place | None
) -> list[tuple[int, str, str]]:
    """Sorted by the database alone: two sorts by two rules would lose or repeat what is equal."""
    parts = [
        _older(rows, before, "at", "uri").values_list("at", "uri", "document").order_by()
        for rows in (written, shared)
    ]
    return list(parts[0].union(parts[1], all=True).order_by("-at", "-uri")[: PAGE + 1])


def _activities(uris: Sequence[str]) -> list[orjson.Fragment]:
    kept = Document.objects.filter(uri__in=uris, gone=False).values_list("uri", "body")
    bodies = dict(kept)
    return [orjson.Fragment(bodies[uri]) for uri in uris if uri in bodies]


@document
def followers(request: Request, key: str) -> HttpResponseBase:
    return _network(request, key, "followers", "target", "follower")


@document
def following(request: Request, key: str) -> HttpResponseBase:
    return _network(request, key, "following", "follower", "target")


@document
def synchronization(request: Request, key: str) -> HttpResponseBase:
    """FEP-8fcf: to each server who of its own people follows, and nobody else."""
    owner = documents.local(key)
    who = answers.signer(request)
    if who is None:
        raise answers.NotSigned
    answers.refuse_blocked(request, owner, who)
    found = known.of_origin(owner, names.origin_of(who.uri))
    uri = f"{owner.uri}/followers_synchronization"
    return show(
        request, {**_top(uri, len(found), listed=False), "orderedItems": found}, private=True
    )


def _network(request: Request, key: str, path: str, mine: str, theirs: str) -> HttpResponseBase:
    owner = _owner(request, key)
    uri = f"{owner.uri}/{path}"
    shown = {f"{theirs}__suspended": False, f"{theirs}__left": None}
    rows = Follow.objects.filter(**{mine: owner}, state=Follow.State.ACCEPTED, **shown)
    if owner.hide_network or not _paged(request):
        return show(request, _top(uri, rows.count(), listed=not owner.hide_network))
    older = _older(rows, _before(request), "at", f"{theirs}__uri")
    places = older.order_by("-at", f"-{theirs}__uri").values_list("at", f"{theirs}__uri")
    found = list(places[: PAGE + 1])
    return show(request, _page(uri, found, items=[place[1] for place in found[:PAGE]]))


@document
def featured(request: Request, key: str) -> HttpResponseBase:
    owner = _owner(request, key)
    found = list(pins.shown(owner).values_list("uri", flat=True))
    top = _top(f"{owner.uri}/featured", len(found), listed=False)
    return show(request, {**top, "orderedItems": found})


@document
def moderators(request: Request, key: str) -> HttpResponseBase:
    """FEP-1b12: only of a group."""
    owner = _owner(request, key)
    if owner.kind != "group":
        raise NotFound
    uri = f"{owner.uri}/moderators"
    top = _top(uri, len(owner.moderators), listed=False)
    return show(request, {**top, "orderedItems": owner.moderators})


@document
def instance_outbox(request: Request) -> HttpResponseBase:
    uri = f"{settings.OWNROOM_ORIGIN}/ap/actor/outbox"
    return show(request, {**_top(uri, 0, listed=False), "orderedItems": []})


# ---- below a post


@document
def replies(request: Request, name: str) -> HttpResponseBase:
    """Its author's own first, inline: that is how a thread is told. Then everybody else's."""
    post = _standing(request, name)
    uri = f"{post.uri}/replies"
    match request.GET.get("page"):
        case None:
            first = _reply_page(post, uri, "own", None)
            top = {"@context": AS2, "id": uri, "type": "Collection", "first": first}
            return show(request, top, private=hidden(post))
        case "own" | "others" as part:
            page = _reply_page(post, uri, part, _before(request))
            return show(request, {"@context": AS2, **page}, private=hidden(post))
        case _:
            raise BadRequest


def _reply_page(post: Post, uri: str, part: str, before: Place | None) -> dict[str, Any]:
    own = Q(author=post.author_id)
    welcome = Post.objects.open().welcome_to(post.author)
    below = welcome.filter(own if part == "own" else ~own, reply=post.uri)
    places = _older(below, before, "published", "uri").order_by("-published", "-uri")
    found = list(places.values_list("published", "uri")[: PAGE + 1])
    here = f"{uri}?page={part}"
    page: dict[str, Any] = {"type": "CollectionPage", "id": here + _suffix(before), "partOf": uri}
    if len(found) > PAGE:
        page["next"] = here + _suffix(found[PAGE - 1])
    elif part == "own":
        page["next"] = f"{uri}?page=others"
    return {**page, "items": [place[1] for place in found[:PAGE]]}


@document
def context(request: Request, name: str) -> HttpResponseBase:
    """FEP-f228: the whole conversation that a post here began, as far as anybody may read it."""
    root = _standing(request, name)
    uri = f"{root.uri}/context"
    found = sorted(_conversation(root), reverse=True)
    top = {**_top(uri, len(found)), "attributedTo": root.author.uri}
    if not _paged(request):
        return show(request, top, private=hidden(root))
    before = _before(request)
    older = [place for place in found if before is None or place < before]
    page = _page(uri, older, items=[place[1] for place in older[:PAGE]])
    return show(request, page, private=hidden(root))


def _conversation(root: Post) -> list[Place]:
    """Level by level, so that a circle of answers ends; nothing below what is not open is seen."""
    found: dict[int, Place] = {}
    level = list(Post.objects.open().filter(pk=root.pk).values_list("pk", "published", "uri"))
    welcome = Post.objects.open().welcome_to(root.author)
    for _ in range(DEEP):
        fresh = [row for row in level if row[0] not in found][: MANY - len(found)]
        if not fresh:
            break
        found |= {key: (at, uri) for key, at, uri in fresh}
        below = welcome.filter(parent__in=[row[0] for row in fresh])
        level = list(
            below.order_by("published", "uri").values_list("pk", "published", "uri")[:MANY]
        )
    return list(found.values())


@document
def likes(request: Request, name: str) -> HttpResponseBase:
    post = _standing(request, name)
    return _count(request, post, "likes", post.reactions.count())


@document
def shares(request: Request, name: str) -> HttpResponseBase:
    post = _standing(request, name)
    return _count(request, post, "shares", post.boosts.filter(author__left=None).count())


def _count(request: Request, post: Post, path: str, total: int) -> HttpResponseBase:
    """How many, not who: that is told to the author only."""
    uri = f"{post.uri}/{path}"
    body = {"@context": AS2, "id": uri, "type": "Collection", "totalItems": total}
    return show(request, body, private=hidden(post))


def _standing(request: Request, name: str) -> Post:
    post = documents.readable(request, name)
    if post.deleted is not None:
        raise answers.Gone
    return post


# ---- pages and places


def _owner(request: Request, key: str) -> Actor:
    who = answers.demand(request)
    owner = documents.local(key)
    answers.refuse_blocked(request, owner, who)
    return owner


def _top(uri: str, total: int, *, listed: bool = True) -> dict[str, Any]:
    top = {"@context": AS2, "id": uri, "type": "OrderedCollection", "totalItems": total}
    return {**top, "first": f"{uri}?page=true"} if listed else top


def _page(uri: str, rows: Sequence[tuple[Any, ...]], *, items: Iterable[Any]) -> dict[str, Any]:
    page: dict[str, Any] = {
        "@context": AS2,
        "id": f"{uri}?page=true",
        "type": "OrderedCollectionPage",
        "partOf": uri,
    }
    if len(rows) > PAGE:
        page["next"] = f"{uri}?page=true" + _suffix((rows[PAGE - 1][0], rows[PAGE - 1][1]))
    return {**page, "orderedItems": list(items)}


def _paged(request: Request) -> bool:
    return "page" in request.GET


def _before(request: Request) -> Place | None:
    written = request.GET.get("before")
    if written is None:
        return None
    found = _CURSOR.fullmatch(written)
    if not found:
        raise BadRequest("The cursor cannot be read.")
    return int(found[1]), found[2]


def _suffix(place: Place | None) -> str:
    return "" if place is None else f"&before={place[0]}:{quote(place[1], safe='')}"


def _older(rows: QuerySet[Any], place: Place | None, time: str, uri: str) -> QuerySet[Any]:
    if place is None:
        return rows
    at, last = place
    earlier = Q(**{f"{time}__lt": at})
    return rows.filter(earlier | Q(**{time: at, f"{uri}__lt": last}))
