"""How a request for a document is answered: media types, errors as JSON, caching, and who reads.

The Host header is used nowhere: every URI is made from OWNROOM_ORIGIN.
"""

import hashlib
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import orjson
from django.conf import settings
from django.db.models import Q
from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.decorators import api_view, content_negotiation_class, renderer_classes
from rest_framework.exceptions import APIException, NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from bridge import names
from bridge.activitypub import signatures
from bridge.errors import Trouble
from social.hosts import names_over
from social.models import Actor

View = Callable[..., HttpResponseBase]

FRESH = 180  # seconds
GONE_FRESH = 600
VARY = "Accept, Signature, Signature-Input"
UNKEPT = "private, no-store"  # what not everybody may read is kept by nobody on the way


class Gone(APIException):
    status_code = 410
    default_detail = "This is gone."
    default_code = "gone"


class NotSigned(APIException):
    status_code = 401
    default_detail = "This server shows its documents to signed requests only."
    default_code = "not_signed"


class BadRequest(APIException):
    status_code = 400
    default_detail = "The request cannot be read."
    default_code = "bad_request"


class ActivityJSON(BaseRenderer):
    """Takes bytes that were kept, or a mapping. What Django says of an error is plain JSON."""

    media_type = "application/activity+json"
    format = "json"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        response = (renderer_context or {}).get("response")
        if response is not None and response.exception:
            response["Content-Type"] = "application/json; charset=utf-8"
        return data if isinstance(data, bytes) else orjson.dumps(data)


class Whatever(BaseContentNegotiation):
    """One form of each document: an odd Accept header is no reason to refuse it."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self,
        request: Request,
        renderers: Any,
        format_suffix: str | None = None,
    ) -> Any:
        return renderers[0], renderers[0].media_type


def document(view: Callable[..., HttpResponseBase]) -> View:
    """A view of a document: GET and HEAD, ActivityStreams out."""

    @wraps(view)
    def varied(request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return view(request, *args, **kwargs)

    negotiated = content_negotiation_class(Whatever)(renderer_classes([ActivityJSON])(varied))
    answer: View = api_view(["GET", "HEAD"])(negotiated)

    @wraps(answer)
    def headed(*args: Any, **kwargs: Any) -> HttpResponseBase:
        response = answer(*args, **kwargs)
        response.headers["Vary"] = VARY
        if settings.OWNROOM_SECURE_FETCH:
            response.headers["Cache-Control"] = UNKEPT
        return response

    return headed


def show(
    request: Request, body: bytes | Mapping[str, Any], *, fresh: int = FRESH, private: bool = False
) -> HttpResponseBase:
    """200, or 304 when the client has these bytes already. `private`: not everybody may read it,
    or not any more.
    """
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    response: HttpResponseBase = Response(text)
    etag = f'"{hashlib.sha256(text).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = UNKEPT if private else f"max-age={fresh}"
    return get_conditional_response(request, etag=etag, response=response) or response  # type: ignore[arg-type]  # it reads headers only


# ---- who reads


def signer(request: Request) -> Actor | None:
    """Who signed the request; looked at only where it matters, since it may cost a fetch."""
    from bridge.activitypub.views import signer as verified

    return verified(request)


def demand(request: Request) -> Actor | None:
    """With secure fetch on, nobody reads without saying who they are."""
    if not settings.OWNROOM_SECURE_FETCH:
        return None
    who = signer(request)
    if who is None:
        raise NotSigned
    return who


def refuse_blocked(request: Request, author: Actor, who: Actor | None) -> None:
    """To somebody blocked, the author's things are as good as absent. Whoever only says to be them
    is believed: that costs nobody else anything.
    """
    key = "" if who else _claimed_key(request)
    if not (who or key):
        return
    named = Q(target__key_id=key) if key else Q(target=who)
    over = who.names_over if who else names_over(names.host_of(key))
    blocked = author.blocks_out.filter(named).exists()
    if blocked or author.host_blocks.filter(host__in=over).exists():
        raise NotFound


def _claimed_key(request: Request) -> str:
    from bridge.activitypub.views import wire

    if "Signature" not in request.headers:
        return ""
    try:
        return signatures.key_id_of(wire(request, b""))
    except Trouble:
        return ""
