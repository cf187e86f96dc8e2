"""What no request may hold, whatever its view: a character that PostgreSQL cannot look for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest

Answer = Callable[[HttpRequest], HttpResponse]


def no_nul(answer: Answer) -> Answer:
    """Middleware: U+0000 in the address is refused, for it would end as an error of ours."""

    def guarded(request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return HttpResponseBadRequest("U+0000 has no place in an address.")
        return answer(request)

    return guarded
