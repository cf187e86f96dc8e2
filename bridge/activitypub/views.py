"""The inbox door: verified first, stored once, answered 202; everything else happens later.

A refusal says why in a word to whoever sent it; nothing that is not proven is ever stored.
"""

import hashlib
import logging
import time
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from bridge import inbox as store
from bridge import names, outage, turns
from bridge.activitypub import actors, followers, jsonld, signatures
from bridge.errors import Later, Trouble, Unreadable
from social import once, policy
from social.models import Actor

log = logging.getLogger("ownroom.inbox")
LIMIT = 1_048_576  # bytes
MORE = 64 * LIMIT  # bytes of a body that is too large, thrown away before the refusal
PATIENCE = 2.0  # seconds for that
TYPES = ("application/activity+json", "application/ld+json")
# Peers use one id again for these, so their signatures tell them apart (docs/federation.md).
REUSED = frozenset({"Follow", "Undo", "Update", "Accept", "Reject"})
# What may be passed on by somebody else: the object is then fetched from its origin.
FORWARDED = frozenset({"Create", "Update", "Delete"})


class Refusal(Exception):
    def __init__(self, status: int, reason: str, *, retry: int = 0) -> None:
        super().__init__(reason)
        self.status, self.retry = status, retry


@csrf_exempt
@require_POST
def inbox(request: HttpRequest, key: str | None = None) -> HttpResponse:
    try:
        with turns.at_the_door(), once.remembered(once.shared):
            _accept(request, key)
    except Refusal as refusal:
        return _refused(refusal)
    except (DatabaseError, InterfaceError) as error:
        if not outage.is_away(error):
            raise
        return _refused(Refusal(503, "the database does not answer", retry=30))
    return HttpResponse(status=202)


def _refused(refusal: Refusal) -> HttpResponse:
    log.info("inbox %s: %s", refusal.status, refusal)
    answer = JsonResponse({"error": str(refusal)}, status=refusal.status)
    if refusal.retry:
        answer["Retry-After"] = str(refusal.retry)
    return answer


def _accept(request: HttpRequest, key: str | None) -> None:
    body = _body(request)
    if key is not None:
        _addressee(key)
    activity = _activity(body)
    actor = jsonld.id_of(activity.get("actor")) if isinstance(activity.get("actor"), str) else ""
    _check_ids(activity, actor)
    host = names.host_of(actor)
    if why := policy.host_refused(host):
        raise Refusal(403, why)
    if _about_an_unknown_self(activity, actor):
        return  # goodbyes of people we never met: the fediverse sends them by the thousand
    signed = wire(request, body)
    signer = _signer(signed)
    if signer.uri != actor and not _passed_on(activity, actor):
        raise Refusal(401, "the signature is not the actor's")
    if signer.suspended:
        raise Refusal(403, "the actor is suspended here")
    store.receive(
        "activitypub",
        [
            store.Arrival(
                key=_key(activity, signer, signed),
                lane=f"from activitypub {host}"[:300],
                body=jsonld.discreet(activity, body.decode("utf-8"))[1],
                signer=signer.uri,
            )
        ],
    )
    followers.compare(signed, signer)
    if signatures.kind_of(signed) == "rfc9421":
        actors.remember_kind(signer.uri, "rfc9421")


def _body(request: HttpRequest) -> bytes:
    kind = request.content_type or ""
    if kind not in TYPES:
        raise Refusal(415, "send application/activity+json")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Refusal(415, "send the body as it is, not compressed")
    body = request.read(LIMIT + 1)
    if len(body) > LIMIT:
        _let_finish(request)
        raise Refusal(413, "the body is too large")
    return body


def _let_finish(request: HttpRequest) -> None:
    """Whoever still sends would hear no answer (RFC 9112, section 9.6): some is thrown away."""
    end = time.monotonic() + PATIENCE
    for _ in range(MORE // LIMIT):
        if time.monotonic() > end or not request.read(LIMIT):
            return


def _addressee(key: str) -> None:
    uri = names.actor_uri(settings.OWNROOM_ORIGIN, key)
    actor = Actor.objects.local().filter(uri=uri).only("left", "suspended").first()
    if actor is None:
        raise Refusal(404, "nobody has that inbox")
    if actor.left or actor.suspended:
        raise Refusal(410, "whoever had that inbox is gone")


def _activity(body: bytes) -> dict[str, Any]:
    try:
        return jsonld.loads(body)
    except Unreadable as error:
        raise Refusal(400, str(error)) from error


def _check_ids(activity: dict[str, Any], actor: str) -> None:
    host = names.host_of(actor)
    if not host:
        raise Refusal(400, "the actor must be named by its URL")
    if host == settings.OWNROOM_DOMAIN:
        raise Refusal(401, "that actor lives here and does not knock at this door")
    if not isinstance(activity.get("type"), str):
        raise Refusal(400, "the activity has no type, or several")
    uri = activity.get("id")
    if uri is not None and not (isinstance(uri, str) and names.same_origin(uri, actor)):
        raise Refusal(400, "the activity's id is on another server than its actor")


def _about_an_unknown_self(activity: dict[str, Any], actor: str) -> bool:
    about = jsonld.id_of(activity.get("object"))
    if activity["type"] not in {"Delete", "Update"} or about != actor:
        return False
    return actors.known(actor) is None


def wire(request: HttpRequest, body: bytes) -> signatures.Request:
    """The request as the signature saw it. Whether that host is ours, `_signer` asks."""
    host = request.headers.get("Host", "")
    return signatures.Request(
        method=request.method or "",
        url=f"{settings.OWNROOM_SCHEME}://{host}{request.get_full_path()}",
        headers=tuple((name.lower(), value) for name, value in request.headers.items()),
        body=body,
    )


def _signer(signed: signatures.Request) -> Actor:
    if names.host_of(signed.url) != settings.OWNROOM_DOMAIN:
        raise Refusal(400, "this server has another name")
    try:
        return verified(signed)
    except Later as error:
        raise Refusal(503, f"the key could not be fetched: {error}", retry=60) from error
    except Trouble as error:
        raise Refusal(401, str(error)) from error


def verified(signed: signatures.Request) -> Actor:
    """Who signed; a key that does not fit is fetched anew once. Raises Trouble."""
    now = timezone.now().timestamp()
    actor = actors.by_key(signatures.key_id_of(signed))
    try:
        signatures.verify(signed, signatures.load_public(actor.public_key), now=now)
    except signatures.BadSignature:
        renewed = actors.refreshed(actor)
        if renewed is None or renewed.public_key == actor.public_key:
            raise
        signatures.verify(signed, signatures.load_public(renewed.public_key), now=now)
        return renewed
    return actor


def signer(request: HttpRequest) -> Actor | None:
    """Who signed a request to read, or None for somebody unknown."""
    if "Signature" not in request.headers:
        return None
    try:
        actor = verified(wire(request, b""))
    except Trouble:
        return None
    gone = actor.suspended or actor.left is not None
    return None if gone or policy.host_refused(actor.host) else actor


def _passed_on(activity: dict[str, Any], actor: str) -> bool:
    if activity["type"] not in FORWARDED:
        return False
    author = actors.known(actor)
    return author is not None or (
        activity["type"] == "Create"
        and names.same_origin(jsonld.id_of(activity.get("object")), actor)
    )


def _key(activity: dict[str, Any], signer: Actor, signed: signatures.Request) -> str:
    """What arrives again under it is a duplicate.

    The signer is part of it: whoever passes on, or makes up, an activity under somebody else's id
    must not keep out the author's own.
    """
    uri, mark = jsonld.text(activity.get("id")), b""
    if not uri:
        mark = signed.body
    elif activity["type"] in REUSED:
        mark = signatures.mark_of(signed)
    told_apart = hashlib.sha256(signer.uri.encode() + b"\0" + mark).hexdigest()
    return f"{uri or signer.uri}#{told_apart[:32]}"
