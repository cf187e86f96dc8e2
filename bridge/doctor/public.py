"""Ourselves as others see us: name and actor, asked for from the public address."""

from typing import Any

import orjson
from django.conf import settings

from bridge import http
from bridge.doctor.findings import Finding, fail, ok, warn
from bridge.errors import Trouble
from bridge.matrix.media import NO_FILE

ACTIVITY = "application/activity+json"
PROXY = "Compare the proxy with the samples in deploy/: host and path must come through unchanged."

FILES = (
    "Lead this host here by the proxy, /media/ alone and with its name: see the samples in deploy/."
)


def webfinger() -> Finding:
    domain, actor = settings.OWNROOM_HANDLE_DOMAIN, f"{settings.OWNROOM_ORIGIN}/ap/actor"
    url = f"{settings.OWNROOM_SCHEME}://{domain}/.well-known/webfinger?resource=acct:instance@{domain}"
    found = _get(url, "application/jrd+json, application/json")
    if isinstance(found, Finding):
        return found
    cure = PROXY
    if domain != settings.OWNROOM_DOMAIN:
        cure = f"{domain} must redirect /.well-known/webfinger here, with its query."
    if found.status != 200:
        return fail(f"{url} answers {found.status}", cure)
    links = _json(found.body).get("links") or []
    if not any(isinstance(link, dict) and link.get("href") == actor for link in links):
        return fail(f"{url} is answered by somebody else", cure)
    kind = _kind(found)
    if kind != "application/jrd+json":
        return fail(f"it is served as {kind or 'nothing'} instead of application/jrd+json", PROXY)
    return ok(f"handles on {domain} are found")


def actor() -> Finding:
    uri = f"{settings.OWNROOM_ORIGIN}/ap/actor"
    found = _get(uri, ACTIVITY)
    if isinstance(found, Finding):
        return found
    if found.status != 200:
        return fail(f"{uri} answers {found.status}", PROXY)
    if _json(found.body).get("id") != uri:
        return fail(f"{uri} is answered by somebody else", PROXY)
    if _kind(found) != ACTIVITY:
        cure = "Something between changes the type, or gives a cached page for it. " + PROXY
        return fail(f"it is served as {_kind(found) or 'nothing'} instead of {ACTIVITY}", cure)
    return ok(f"{uri} is served as it should be")


def files() -> Finding:
    """Where they have a host of their own: whether it is one, ours, and has nothing else."""
    host = settings.OWNROOM_MEDIA_HOST
    if not host:
        return ok("files are served beside the pages")
    if host in {settings.OWNROOM_DOMAIN, settings.OWNROOM_HANDLE_DOMAIN}:
        cure = "Give OWNROOM_MEDIA_HOST a name that serves nothing else, or leave it out."
        return fail(f"files are on {host}, where pages are as well", cure)
    for path, wanted in (("/media/no/such/file", NO_FILE), ("/", "")):
        url = f"{settings.OWNROOM_SCHEME}://{host}{path}"
        found = _get(url, "*/*")
        if isinstance(found, Finding):
            return found
        if found.status != 404 or not found.body.startswith(wanted.encode()):
            why = "is answered by somebody else" if wanted else "shows something else than files"
            return fail(f"{url} {why}", FILES)
    return ok(f"{host} has our files and nothing else")


def _get(url: str, accept: str) -> http.Response | Finding:
    try:
        return http.get(url, accept=accept)
    except http.Refused as error:
        return warn(
            f"this machine sees its own address as a private one ({error})",
            f"Ask from another machine: curl -L '{url}'",
        )
    except Trouble as error:
        cure = "Address record, firewall, certificate, proxy, in this order; is Ownroom running?"
        return fail(f"{url} is not reached: {error}", cure)


def _json(raw: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _kind(response: http.Response) -> str:
    return response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
