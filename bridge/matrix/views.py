"""The application-service API: what the homeserver calls (Matrix Application Service API, v1).

A transaction is answered as soon as it is stored, for while one is held back nothing else is
pushed, and what waits in the homeserver's memory is lost if it dies.
"""

import json
import logging
import secrets
from collections.abc import Callable
from typing import Any

import orjson
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import (
    api_view,
    authentication_classes,
    parser_classes,
    permission_classes,
)
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from bridge.matrix import events, registration

log = logging.getLogger("ownroom.matrix")
View = Callable[..., Response]
LIMIT = 16 * 1024 * 1024  # bytes of one transaction: a hundred events fit in seven


class Homeserver:
    """Who calls, once the token is right."""

    is_authenticated = True


class HomeserverToken(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Homeserver, None]:
        header = request.headers.get("Authorization", "")
        given = header.removeprefix("Bearer ").encode("utf-8", "surrogateescape")
        wanted = registration.load().hs_token.encode()
        if not header.startswith("Bearer ") or not secrets.compare_digest(given, wanted):
            raise AuthenticationFailed({"errcode": "M_FORBIDDEN", "error": "Bad token supplied"})
        return Homeserver(), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class IsHomeserver(BasePermission):
    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.user, Homeserver)


class AnyBytes(BaseParser):
    """The body is read by the view, with a limit, whatever its type is called."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        return stream.read(LIMIT + 1)


def _guarded(*methods: str) -> Callable[[View], View]:
    def wrap(view: View) -> View:
        for decorator in (
            authentication_classes([HomeserverToken]),
            permission_classes([IsHomeserver]),
            parser_classes([AnyBytes]),
            api_view(list(methods)),
        ):
            view = decorator(view)
        return view

    return wrap


@_guarded("PUT")
def transactions(request: Request, txn: str) -> Response:
    """Stored, then answered; what cannot be read is answered too, or it would come for ever."""
    sent: Any = request.data  # bytes, or an empty form where nothing was sent
    body = sent if isinstance(sent, bytes) else b""
    document = _document(body) if len(body) <= LIMIT else None
    if not isinstance(document, dict):
        log.warning(
            "a transaction of %s bytes is not a JSON object; nothing in it is kept", len(body)
        )
        return Response({"errcode": "M_NOT_JSON", "error": "not a JSON object"}, status=400)
    found = document.get("events")
    events.receive(found if isinstance(found, list) else [])
    return Response({})


def _document(body: bytes) -> Any:
    """Anything, or None. One event with half a character must not cost us those around it."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body.decode())
    except (ValueError, RecursionError):
        return None


@_guarded("GET")
def users(request: Request, user: str) -> Response:
    """Ghosts are registered before they speak, so nobody else exists."""
    return _nobody()


@_guarded("GET")
def aliases(request: Request, alias: str) -> Response:
    return _nobody()


@_guarded("POST")
def ping(request: Request) -> Response:
    return Response({})


def _nobody() -> Response:
    return Response({"errcode": "M_NOT_FOUND", "error": "nobody of that name"}, status=404)


@_guarded("GET", "PUT", "POST")
def unknown(request: HttpRequest, path: str = "") -> Response:
    return Response({"errcode": "M_UNRECOGNIZED", "error": "no such endpoint"}, status=404)
