"""Files of published posts and pictures of profiles, fetched from the homeserver for whoever has
their address.

Strangers' bytes under our origin: nothing runs here, and what is no picture, sound or film is
saved, not shown. Nothing is kept: the homeserver has the file, and it passes through us.
"""

import logging
import re
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from bridge import names
from bridge.errors import Busy, Trouble
from bridge.loop import run
from bridge.matrix import client, discreet, overflow
from social.models import Actor, Post, Reaction
from social.web import links

log = logging.getLogger("ownroom.media")
CHUNK = 64 * 1024
NO_FILE = "There is no such file."
FRESH = 86_400  # seconds: after a deletion it may stand in a cache for so long
SHOWN = re.compile(r"image/(?:png|jpeg|gif|webp|avif)|(?:video|audio)/[a-z0-9.+-]{1,60}")
Source = client.Download | discreet.Begun | discreet.Cleaned | discreet.Film
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Access-Control-Allow-Origin": "*",
    "Accept-Ranges": "bytes",
}


@require_safe
def media(request: HttpRequest, name: str, server: str, key: str) -> HttpResponseBase:
    """200, 206 for a part, 404 for what no post has (any more), 416, 503 while nobody has it."""
    post = _published(name, server, key)
    if post is None and not _shown(name, server, key):
        return absent()
    if overflow.is_one(f"mxc://{server}/{key.partition('.')[0]}"):
        return absent()  # its readers know the address; nobody passes it on through us
    private = post is not None and post.visibility not in ("public", "unlisted")
    name = key.partition(".")[0]
    return served(request, server, name, private=private, through=discreet.without_notes)


def absent() -> HttpResponse:
    """The doctor knows us by these words."""
    return HttpResponse(f"{NO_FILE}\n", status=404, content_type="text/plain")


def _as_it_is(found: client.Download) -> Source:
    return found


def served(
    request: HttpRequest,
    server: str,
    key: str,
    *,
    private: bool,
    through: Callable[[client.Download], Source] = _as_it_is,
) -> HttpResponseBase:
    """A file of the homeserver: whoever calls has looked who may have it."""
    try:
        found = through(run(client.download(server, key)))
    except Busy as error:
        wait = str(int(error.after or 30))
        return HttpResponse(
            "The homeserver is away. Try again later.\n",
            status=503,
            content_type="text/plain",
            headers={"Retry-After": wait},
        )
    except Trouble as error:
        log.info("a file could not be had: %s", error)
        return HttpResponse("The homeserver lost it.\n", status=404, content_type="text/plain")
    return _answer(request, found, private=private)


def _published(name: str, server: str, key: str) -> Post | None:
    """The post whose file it is: not deleted, by somebody who is still here."""
    uri = names.post_uri(settings.OWNROOM_ORIGIN, f"${name}")
    shown = Post.objects.filter(
        uri=uri, deleted=None, author__owner__isnull=False, author__left=None
    )
    post = shown.filter(author__suspended=False).first()
    known = _addresses(name, server, key)
    if post is None:
        return _reacted(name, known)
    files = {str(file.get("url")) for file in (*post.attachments, *post.emojis)}
    return None if known.isdisjoint(files) else post


def _reacted(name: str, known: set[str]) -> Post | None:
    """The post to which somebody here reacted with it."""
    uri = names.act_uri(settings.OWNROOM_ORIGIN, f"${name}")
    people = Actor.objects.local().shown()
    rows = Reaction.objects.filter(uri=uri, author__in=people, post__deleted=None)
    row = rows.select_related("post").first()
    return row.post if row and (row.custom or {}).get("url") in known else None


def _addresses(name: str, server: str, key: str) -> set[str]:
    """Under which it was published, be it before files had a host of their own."""
    origins = (settings.OWNROOM_ORIGIN, links.media_origin())
    return {names.media_uri(origin, f"${name}", server, key) for origin in origins}


def _shown(name: str, server: str, key: str) -> bool:
    """Whether it is the picture of somebody who lives here, or in their pack, as it is now."""
    known = _addresses(name, server, key)
    people = Actor.objects.local().shown()
    if people.filter(Q(icon__in=known) | Q(header__in=known)).exists():
        return True
    packs = people.filter(emojis__icontains=f"/{key}").values_list("emojis", flat=True)
    return any(emoji.get("url") in known for pack in packs for emoji in pack)


def _answer(request: HttpRequest, found: Source, *, private: bool) -> HttpResponseBase:
    first, last = 0, found.size - 1
    asked = _RANGE.fullmatch(request.headers.get("Range", ""))
    part = bool(asked) and found.size > 0
    if asked and part:
        first, last = _bounds(asked, found.size)
        if first > last:
            run(found.close())
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{found.size}"})
    headers = _SAFE | {
        "Cache-Control": "private, no-store" if private else f"public, max-age={FRESH}",
        "Content-Disposition": "inline" if SHOWN.fullmatch(found.type) else "attachment",
    }
    if found.size:
        headers["Content-Length"] = str(last - first + 1)
    if part:
        headers["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    kind = found.type if SHOWN.fullmatch(found.type) else "application/octet-stream"
    status = 206 if part else 200
    if request.method == "HEAD":
        run(found.close())
        return HttpResponse(status=status, content_type=kind, headers=headers)
    parts = _bytes(found, first, last - first + 1 if found.size else -1)
    return StreamingHttpResponse(parts, status=status, content_type=kind, headers=headers)


def _bounds(asked: re.Match[str], size: int) -> tuple[int, int]:
    if not asked[1]:  # the last so many
        return max(0, size - int(asked[2] or 0)), size - 1
    return int(asked[1]), min(int(asked[2]) if asked[2] else size - 1, size - 1)


def _bytes(found: Source, skip: int, left: int) -> Iterator[bytes]:
    """A chunk at a time, however large the file is. What is skipped is read all the same: Synapse
    knows no ranges (docs/performance.md).
    """
    try:
        while left and (chunk := run(found.read(CHUNK))):
            if skip >= len(chunk):
                skip -= len(chunk)
                continue
            chunk, skip = chunk[skip:], 0
            if left > 0:
                chunk = chunk[:left]
                left -= len(chunk)
            yield chunk
    finally:
        run(found.close())
