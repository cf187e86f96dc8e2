"""What stands before everything else: what no request may hold, whose host it is, the short way."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBadRequest,
    HttpResponseNotFound,
    HttpResponsePermanentRedirect,
)
from django.urls import Resolver404, resolve

from bridge import outage
from bridge.activitypub.views import inbox
from social.web import links

log = logging.getLogger("ownroom.guard")
WAIT = 30  # seconds
Answer = Callable[[HttpRequest], HttpResponse]


def kept_by_nobody(answer: Answer) -> Answer:
    """Middleware: what says nothing of how long it may be kept is kept by nobody on the way: a
    404 as little as a page (RFC 9111, section 4.2.2, would let a cache guess).
    """

    def guarded(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if request.method in {"GET", "HEAD"}:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


class DatabaseAway:
    """Middleware: while the database is away, full, or takes nothing, whoever asks is told to come
    again: a homeserver and a peer do, and lose nothing.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.answer(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not outage.is_away(error):
            return None
        log.warning("the database does not answer as it should: %s", type(error).__name__)
        headers = {"Retry-After": str(WAIT), "Cache-Control": "no-store"}
        text = "The database is away. Try again later.\n"
        return HttpResponse(text, status=503, content_type="text/plain", headers=headers)


def no_nul(answer: Answer) -> Answer:
    """Middleware: U+0000 in the address is refused, for it would end as an error of ours."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest("U+0000 has no place in an address.")
        return answer(request)

    return guarded


def files_apart(answer: Answer) -> Answer:
    """Middleware: where files have a host of their own, they are there and nothing else is.

    Whatever a stranger's file might do in a browser, it does it where no page of ours lives.
    """

    def guarded(request: HttpRequest) -> HttpResponse:
        host = settings.OWNROOM_MEDIA_HOST
        if not host:
            return answer(request)
        files = request.path.startswith("/media/")
        apart = request.META.get("HTTP_HOST", "").lower() == host
        if apart and not files:
            return HttpResponseNotFound("Only files are here.\n", content_type="text/plain")
        if files and not apart:
            return HttpResponsePermanentRedirect(links.media_origin() + request.get_full_path())
        return answer(request)

    return guarded


def short_way(answer: Answer) -> Answer:
    """Middleware: servers that knock at an inbox pass by what is there for browsers: sessions,
    forms, pages, their headers. Most requests are such, and it costs as much as reading them.
    """

    def guarded(request: HttpRequest) -> HttpResponse:
        if request.method != "POST":
            return answer(request)
        try:
            found = resolve(request.path_info)
        except Resolver404:
            return answer(request)
        if found.func is not inbox:
            return answer(request)
        response: HttpResponse = inbox(request, *found.args, **found.kwargs)
        response.headers.setdefault("Content-Length", str(len(response.content)))
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    return guarded
