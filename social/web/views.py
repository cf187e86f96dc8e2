"""The public pages. They read, answer, and never send anybody to another host."""

import re
from urllib.parse import quote

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.templatetags.static import static
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe

from social import backlinks, conversations
from social.models import Actor
from social.web import links, pages, wants

_ACTIVITY = "application/activity+json"
_ASK = "no-cache"  # each time: what was open may have been taken back, or be for fewer now
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ACCT = re.compile(r"(?:acct:|@)?(?P<acct>[\w.+-]{1,100}@[\w.:-]{1,255})")


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    context = {
        "people": pages.discoverable(),
        "server_name": settings.OWNROOM_SERVER_NAME,
        "canonical": links.here("/"),
        "indexable": True,
    }
    return _page(request, "index", context)


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    """For those who ask for it where it used to be, without reading a page."""
    return HttpResponseRedirect(static("web/ownroom.svg"))


@require_safe
def profile(request: HttpRequest, handle: str) -> HttpResponse:
    actor = _person(handle)
    if wants.activity(request.headers.get("Accept", "")):
        return _elsewhere(actor.uri)
    if _is_gone(actor):
        return _gone(request, "gone_profile")
    path = links.profile(actor)
    before = _before(request)
    pinned = pages.pinned(actor) if before is None else ()
    context = {
        "actor": actor,
        "counts": pages.counts(actor),
        "verified": backlinks.verified(actor),
        "listing": pages.timeline(actor, before, besides=pinned),
        "newest": before is None,
        "pinned": pinned,
        "room_link": links.web(actor.room_link),
        "canonical": links.here(f"{path}?before={before}" if before else path),
        "activity": actor.uri,
        "indexable": actor.indexable,
    }
    return _page(request, "profile", context)


@require_safe
def post(request: HttpRequest, handle: str, name: str) -> HttpResponse:
    author = _person(handle)
    uri = links.post_uri(author, name)
    if wants.activity(request.headers.get("Accept", "")):
        # Whether it exists, and for whom, is decided there; here every name gets this answer.
        return _elsewhere(links.post_uri(author, quote(name, safe=":")))
    shown = pages.post(uri, author)
    if shown is None:
        if pages.was_deleted(uri, author):
            return _gone(request, "gone_post")
        raise Http404
    thread = pages.thread(shown)
    answers = [entry.post for entry in thread.below if entry.depth == 1]
    conversations.seen([entry.post for entry in thread.above], shown, answers)
    context = {
        "actor": author,
        "post": shown,
        "thread": thread,
        "earlier": pages.earlier(shown) if shown.updated else (),
        "canonical": links.here(links.post(shown)),
        "activity": shown.uri,
        "indexable": author.indexable,
    }
    return _page(request, "post", context)


@require_safe
def feed(request: HttpRequest, handle: str) -> HttpResponse:
    actor = _person(handle)
    if _is_gone(actor):
        return _gone(request, "gone_profile")
    posts = pages.feed(actor)
    changes = [each.updated or each.published for each in posts]
    context = {
        "actor": actor,
        "posts": posts,
        "updated": max([*changes, actor.introduced]),
        "self": links.here(f"{links.profile(actor)}/feed.atom"),
    }
    answer = render(request, "web/feed.atom", context, content_type="application/atom+xml")
    # XML 1.0 §2.2 knows no control characters, and one of them would spoil the whole feed.
    answer.content = _NOT_XML.sub("", answer.text).encode()
    answer["Cache-Control"] = _ASK
    if not actor.indexable:
        answer["X-Robots-Tag"] = "noindex"
    return answer


@require_safe
def tag(request: HttpRequest, tag: str) -> HttpResponse:
    listing = pages.tagged(tag, _before(request))
    if listing is None:
        raise Http404
    canonical = links.here(f"/tags/{quote(tag.lower())}")
    return _page(request, "tag", {"tag": tag, "listing": listing, "canonical": canonical})


@require_safe
def interaction(request: HttpRequest) -> HttpResponse:
    """Other servers send people here to follow somebody. It explains, and redirects nowhere.

    Whoever asks learns of nobody whether we know them: what was asked for is said again.
    """
    asked = request.GET.get("uri", "").strip()
    acct = _ACCT.fullmatch(asked)
    context = {
        "whom": f"@{acct['acct']}" if acct else links.web(asked),
        "asked": asked,
        "linked": not acct,
        "server_name": settings.OWNROOM_SERVER_NAME,
    }
    return _page(request, "interaction", context)


def _person(handle: str) -> Actor:
    actor = pages.person(handle)
    if actor is None:
        raise Http404
    return actor


def _is_gone(actor: Actor) -> bool:
    return actor.suspended or actor.left is not None


def _before(request: HttpRequest) -> pages.Cursor | None:
    text = request.GET.get("before")
    if text is None:
        return None
    cursor = pages.Cursor.read(text)
    if cursor is None:
        raise Http404
    return cursor


def _page(request: HttpRequest, name: str, context: dict[str, object]) -> HttpResponse:
    answer = render(request, f"web/{name}.html", context)
    answer["Cache-Control"] = _ASK
    if "activity" in context:
        answer["Link"] = f'<{context["activity"]}>; rel="alternate"; type="{_ACTIVITY}"'
        patch_vary_headers(answer, ["Accept"])
    return answer


def _gone(request: HttpRequest, name: str) -> HttpResponse:
    answer = render(request, f"web/{name}.html", status=410)
    patch_vary_headers(answer, ["Accept"])
    return answer


def _elsewhere(uri: str) -> HttpResponse:
    answer = HttpResponseRedirect(uri)
    patch_vary_headers(answer, ["Accept"])
    return answer
