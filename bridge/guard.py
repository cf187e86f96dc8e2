"""What stands before everything else: one thing no request may hold, and a short way in."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import Resolver404, resolve

from bridge.activitypub.views import inbox

Answer = Callable[[HttpRequest], HttpResponse]


def no_nul(answer: Answer) -> Answer:
    """Middleware: U+0000 in the address is refused, for it would end as an error of ours."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest("U+0000 has no place in an address.")
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
