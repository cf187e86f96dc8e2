"""Watches what our server shows in the stories: each document must be one that peers can read."""

import json
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from tests.schemas.documents import unmet

wrong: list[str] = []  # since the story began
seen: set[str] = set()  # the addresses that were judged
_KINDS = ("application/activity+json", "application/jrd+json", "application/json; profile=")
_PLAIN = "/.well-known/nodeinfo"  # the only one of that kind that peers read


class Watch:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        kind = response.headers.get("Content-Type", "")
        shown = response.status_code in {200, 410} and request.method == "GET"
        if shown and (kind.startswith(_KINDS) or request.path == _PLAIN):
            seen.add(request.get_full_path())
            wrong.extend(f"{request.path}: {line}" for line in unmet(json.loads(response.content)))
        return response
