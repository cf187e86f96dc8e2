"""Local actors, their posts and their acts, served as the bytes that were kept when they were made.

What may not be read by everybody is, for everybody else, the same 404 as what never was.
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponseBase, HttpResponseRedirect
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from bridge import names
from bridge.activitypub import answers, jsonld, render
from bridge.activitypub.answers import Gone, document, show
from bridge.models import Document
from social.acts import OPEN
from social.models import Actor, Post, Stamp
from social.profiles import profile_of
from social.web import wants

_KEY = re.compile(r"[A-Za-z0-9._~=-]{1,255}")


# ---- actors


@document
def instance(request: Request) -> HttpResponseBase:
    """Never needs a signature: whoever wants to check ours must be able to read it."""
    from bridge import keys

    pair = keys.instance()
    return show(
        request,
        render.instance_actor(
            settings.OWNROOM_ORIGIN,
            settings.OWNROOM_HANDLE_DOMAIN,
            pair.key_id,
            pair.public_pem,
            pair.multikey,
        ),
    )


@document
def actor(request: Request, key: str) -> HttpResponseBase:
    found = local(key)
    if _wants_page(request) and found.url:
        return HttpResponseRedirect(found.url)
    answers.demand(request)
    return show(request, render.actor(profile_of(found)))


def local(key: str) -> Actor:
    """Raises NotFound, or Gone for somebody who left or was suspended."""
    if not _KEY.fullmatch(key):
        raise NotFound
    uri = names.actor_uri(settings.OWNROOM_ORIGIN, key)
    found = Actor.objects.local().filter(uri=uri).first()
    if found is None:
        raise NotFound
    _refuse_absent(found)
    return found


def _refuse_absent(author: Actor) -> None:
    if author.suspended or author.left is not None:
        raise Gone


def _wants_page(request: Request) -> bool:
    """Only for those who ask for HTML by name; `*/*` is a machine here."""
    accept = request.headers.get("Accept", "")
    return "text/html" in accept.lower() and not wants.activity(accept)


# ---- posts


@document
def post(request: Request, name: str) -> HttpResponseBase:
    found = readable(request, name)
    page = found.url if found.visibility in OPEN and found.deleted is None else ""
    if page and _wants_page(request):
        return HttpResponseRedirect(page)
    return _of_post(request, found, found.uri)


@document
def create(request: Request, name: str) -> HttpResponseBase:
    found = readable(request, name)
    return _of_post(request, found, f"{found.uri}/create")


@document
def update(request: Request, name: str, edit: str) -> HttpResponseBase:
    found = readable(request, name)
    if not _KEY.fullmatch(edit):
        raise NotFound
    return _of_post(request, found, f"{found.uri}/update/{edit}")


@document
def delete(request: Request, name: str) -> HttpResponseBase:
    found = readable(request, name)
    return _kept(request, names.deletion_uri(found.uri), private=hidden(found))


def readable(request: Request, name: str) -> Post:
    """A local author's post that this reader may see, or could see until it was deleted."""
    who = answers.demand(request)
    uri = _named(f"/ap/o/{name}")
    found = Post.objects.select_related("author").filter(uri=uri, author__owner__isnull=False)
    row = found.first()
    if row is not None and row.visibility in OPEN:
        _refuse_absent(row.author)
        answers.refuse_blocked(request, row.author, who)
        return row
    # A signature costs the same whether there is something to hide or nothing.
    who = who or answers.signer(request)
    if row is None or who is None:
        raise NotFound
    if not Post.objects.meant_for(who).filter(pk=row.pk).exists():
        raise NotFound
    return row


def _named(path: str) -> str:
    uri = f"{settings.OWNROOM_ORIGIN}{path}"
    if not names.event_of(uri, settings.OWNROOM_ORIGIN):
        raise NotFound
    return uri


def _of_post(request: Request, found: Post, uri: str) -> HttpResponseBase:
    if found.deleted is not None:
        row = Document.objects.filter(uri=uri, gone=True).first()
        return _gone(found.uri, row.body if row else "", private=hidden(found))
    return _kept(request, uri, private=hidden(found))


def hidden(post: Post) -> bool:
    """Whether not everybody may read it, or not any more."""
    return post.visibility not in OPEN


def _kept(request: Request, uri: str, *, private: bool) -> HttpResponseBase:
    row = Document.objects.filter(uri=uri).first()
    if row is None:
        raise NotFound
    if row.gone:
        return _gone(uri, row.body, private=private)
    return show(request, row.body.encode(), private=private)


def _gone(uri: str, body: str, *, private: bool = False) -> HttpResponseBase:
    """410 with the Tombstone; whatever else was kept there is not shown again."""
    said = orjson.loads(body) if body else {}
    tombstone = body.encode() if "Tombstone" in jsonld.types(said) else None
    plain = {"@context": jsonld.AS2, "id": uri, "type": "Tombstone"}
    response = Response(tombstone or plain, status=410)
    kept = answers.UNKEPT if private else f"max-age={answers.GONE_FRESH}"
    response.headers["Cache-Control"] = kept
    return response


@document
def stamp(request: Request, name: str) -> HttpResponseBase:
    """Consent to a quote. It names two posts and shows none; it goes with the one it is about."""
    answers.demand(request)
    uri = f"{settings.OWNROOM_ORIGIN}/ap/stamps/{name}"
    given = Stamp.objects.filter(uri=uri).select_related("post__author").first()
    if given is None:
        if Document.objects.filter(uri=uri, gone=True).exists():
            return _gone(uri, "")
        raise NotFound
    _refuse_absent(given.post.author)
    if given.post.deleted is not None or hidden(given.post):
        return _gone(uri, "", private=hidden(given.post))
    return _kept(request, uri, private=False)


# ---- acts


@document
def act(request: Request, name: str) -> HttpResponseBase:
    uri = _named(f"/ap/a/{name}")
    answer = _act(request, uri)
    # It is still there for those to whom it has yet to be sent, before what takes it back.
    undone = Document.objects.filter(uri=f"{uri}/undo").exists()
    private = "max-age" not in answer.headers.get("Cache-Control", "")
    return _gone(uri, "", private=private) if undone else answer


@document
def undo(request: Request, name: str) -> HttpResponseBase:
    return _act(request, f"{_named(f'/ap/a/{name}')}/undo")


def _act(request: Request, uri: str) -> HttpResponseBase:
    who = answers.demand(request)
    row = Document.objects.filter(uri=uri).first()
    author = Actor.objects.local().filter(uri=row.author).first() if row else None
    activity = orjson.loads(row.body) if row else {}
    if author is not None and _open(activity, author):
        _refuse_absent(author)
        answers.refuse_blocked(request, author, who)
        return _kept(request, uri, private=False)
    who = who or answers.signer(request)
    if author is None or who is None or who.uri not in _addressed(activity):
        raise NotFound
    _refuse_absent(author)
    return _kept(request, uri, private=True)


def _open(activity: Mapping[str, Any], author: Actor) -> bool:
    """A boost is for everybody, a like is as open as its post, a block concerns two people."""
    if jsonld.PUBLIC in _addressed(activity):
        return True
    match activity:
        case {"type": "Undo", "object": dict() as inner}:
            return _open(inner, author)
        case {"type": "Like", "object": str(target)}:
            return Post.objects.open().filter(uri=target).exists()
        case {"type": "Move"}:
            return True  # the actor's own document says so, to everybody
        case {"type": "Follow"}:
            return not author.hide_network
        case _:
            return False


def _addressed(activity: Mapping[str, Any]) -> list[Any]:
    return [*jsonld.as_list(activity.get("to")), *jsonld.as_list(activity.get("cc"))]


@document
def nothing(request: Request, rest: str = "") -> HttpResponseBase:
    """Every other path under /ap: an error in JSON, never a page."""
    raise NotFound
