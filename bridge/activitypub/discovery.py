"""WebFinger, host-meta and NodeInfo: how others find people and software. Open to everybody."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import unquote

import orjson
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBase
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from bridge import names
from bridge.activitypub.answers import BadRequest, Gone, View, document
from social.models import Actor, Post

LONG = 3 * 86_400  # seconds
HALF_HOUR = 1_800
MISS = 60
ACTIVITY = "application/activity+json"
SUBSCRIBE = "http://ostatus.org/schema/1.0/subscribe"
AVATAR = "http://webfinger.net/rel/avatar"
PROFILE_PAGE = "http://webfinger.net/rel/profile-page"
SERVICE = "https://www.w3.org/ns/activitystreams#Service"
APPLICATION = "https://www.w3.org/ns/activitystreams#Application"
SCHEMA = "http://nodeinfo.diaspora.software/ns/schema"
INSTANCE = "instance"  # the handle of the server's own actor


def opened(*, fresh: int) -> Callable[[Callable[..., HttpResponseBase]], View]:
    """For every website to read, errors too; cached whatever the rules for other documents."""

    def decorate(view: Callable[..., HttpResponseBase]) -> View:
        answer = document(view)

        @wraps(answer)
        def with_headers(*args: Any, **kwargs: Any) -> HttpResponseBase:
            response = answer(*args, **kwargs)
            seconds = {200: fresh, 404: MISS}.get(response.status_code)
            response.headers["Access-Control-Allow-Origin"] = "*"
            response.headers["Cache-Control"] = f"max-age={seconds}" if seconds else "no-store"
            del response.headers["Vary"]
            return response

        return with_headers

    return decorate


def _json(body: Any, content_type: str) -> HttpResponse:
    return HttpResponse(orjson.dumps(body), content_type=content_type)


# ---- WebFinger


@opened(fresh=LONG)
def webfinger(request: Request) -> HttpResponseBase:
    resource = request.GET.get("resource", "").strip()
    if not resource:
        raise BadRequest("Say which resource.")
    found = _instance(resource) or _person(resource)
    rels = request.GET.getlist("rel")
    if rels:  # RFC 7033, section 4.3
        found["links"] = [link for link in found["links"] if link["rel"] in rels]
    return _json(found, "application/jrd+json; charset=utf-8")


def _instance(resource: str) -> dict[str, Any] | None:
    """The server itself: FEP-d556 for its address, and the account that its actor goes by."""
    origin, domain = settings.OWNROOM_ORIGIN, settings.OWNROOM_HANDLE_DOMAIN
    uri = f"{origin}/ap/actor"
    if resource in {origin, f"{origin}/"}:
        link = {"rel": SERVICE, "type": ACTIVITY, "href": uri}
        return {"subject": f"{origin}/", "links": [link]}
    parsed = names.parse_acct(resource)
    named = parsed is not None and _ours(parsed[1]) and parsed[0].lower() in {INSTANCE, parsed[1]}
    if resource != uri and not named:
        return None
    links = [{"rel": "self", "type": ACTIVITY, "href": uri}]
    return {"subject": names.acct(INSTANCE, domain), "aliases": [uri], "links": links}


def _person(resource: str) -> dict[str, Any]:
    actor = _found(resource)
    if actor is None:
        raise NotFound
    if actor.suspended or actor.left is not None:
        raise Gone
    ask = f"{settings.OWNROOM_ORIGIN}/authorize_interaction?uri={{uri}}"
    links = [
        {"rel": "self", "type": ACTIVITY, "href": actor.uri},
        {"rel": PROFILE_PAGE, "type": "text/html", "href": actor.url},
        {"rel": SUBSCRIBE, "template": ask},
        {"rel": AVATAR, "href": actor.icon},
    ]
    return {
        # One subject whichever domain was asked: the other one follows from it (split domain).
        "subject": names.acct(actor.handle, actor.domain),
        "aliases": [alias for alias in (actor.url, actor.uri) if alias],
        "links": [link for link in links if link.get("href") or link.get("template")],
    }


def _found(resource: str) -> Actor | None:
    local = Actor.objects.local()
    if parsed := names.parse_acct(resource):
        user, host = parsed
        return local.filter(handle__iexact=user).first() if _ours(host) else None
    if not names.same_origin(resource, settings.OWNROOM_ORIGIN):
        return None
    profile = f"{settings.OWNROOM_ORIGIN}/@"
    if resource.startswith(profile):
        handle = unquote(resource.removeprefix(profile))
        return local.filter(handle__iexact=handle).first() if "\0" not in handle else None
    return local.filter(uri=resource).first()


def _ours(host: str) -> bool:
    return host in {settings.OWNROOM_DOMAIN, settings.OWNROOM_HANDLE_DOMAIN}


# ---- host-meta


def _template() -> str:
    return f"{settings.OWNROOM_ORIGIN}/.well-known/webfinger?resource={{uri}}"


@opened(fresh=LONG)
def host_meta(request: Request) -> HttpResponseBase:
    xrd = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">'
        f'<Link rel="lrdd" type="application/jrd+json" template="{_template()}"/></XRD>\n'
    )
    return HttpResponse(xrd, content_type="application/xrd+xml; charset=utf-8")


@opened(fresh=LONG)
def host_meta_json(request: Request) -> HttpResponseBase:
    link = {"rel": "lrdd", "type": "application/jrd+json", "template": _template()}
    return _json({"links": [link]}, "application/jrd+json; charset=utf-8")


# ---- NodeInfo


@opened(fresh=LONG)
def nodeinfo_links(request: Request) -> HttpResponseBase:
    origin = settings.OWNROOM_ORIGIN
    links = [
        {"rel": f"{SCHEMA}/{version}", "href": f"{origin}/nodeinfo/{version}"}
        for version in ("2.0", "2.1")
    ]
    application = {"rel": APPLICATION, "href": f"{origin}/ap/actor"}  # FEP-2677
    return _json({"links": [*links, application]}, "application/json; charset=utf-8")


@opened(fresh=HALF_HOUR)
def nodeinfo(request: Request, version: str) -> HttpResponseBase:
    users, posts = cache.get_or_set("nodeinfo", _usage, 600) or (0, 0)
    body = {
        "version": version,
        "software": {"name": "ownroom", "version": settings.VERSION},
        "protocols": ["activitypub"],
        "services": {"inbound": [], "outbound": ["atom1.0"]},
        "openRegistrations": False,
        "usage": {"users": {"total": users}, "localPosts": posts},
        # Some apps guess from the name what a server can do, and give up at one they do not know.
        "metadata": {"nodeName": "Ownroom", "upstream": {"name": "mastodon"}},
    }
    profile = f'application/json; profile="{SCHEMA}/{version}#"; charset=utf-8'
    return _json(body, profile)


def _usage() -> tuple[int, int]:
    people = Actor.objects.local().shown()
    return people.count(), Post.objects.open().filter(author__owner__isnull=False).count()
