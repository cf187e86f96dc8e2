"""What files of ours cost the homeserver, and how they go again: by age, by quota, by hand, and
with what they belong to.

Only an admin of the homeserver may remove files there. Without such a token nothing more is taken
in once the quota is full (bridge/matrix/uploads.py), and whoever asks is told what stays.
"""

import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain, islice
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from bridge.errors import Busy, Forbidden, Trouble
from bridge.loop import run
from bridge.matrix import client, overflow, registration, uploads
from bridge.models import Anchor, Ghost, Overflow, Room, Upload
from social.models import Actor, Boost, Post
from social.web import links

log = logging.getLogger("ownroom.media")
ASKED = 500  # names in one question to the database
AT_ONCE = 1_000  # files that one hour removes at most
ROOM_LEFT = 0.9  # of the quota, after it was exceeded: not every new file shall remove one
NOBODY = frozenset({"M_FORBIDDEN", "M_UNKNOWN_TOKEN", "M_MISSING_TOKEN"})  # as whom we came
UNSENT = timedelta(days=8)  # after which nobody tries any more to send an event
FORGOTTEN = timedelta(days=7)  # after which it is no news that a file could not be had


@dataclass
class Removed:
    files: int = 0
    size: int = 0
    stays: int = 0  # files that the homeserver did not remove
    why: str = ""


def kept() -> QuerySet[Upload]:
    return Upload.objects.exclude(mxc="")


def spare() -> QuerySet[Upload]:
    """Without the faces that are shown now: those go when another takes their place. Nor what
    somebody here shows themselves, as by forwarding a picture: it is of their post by then.
    """
    mirrors = Actor.objects.filter(rooms__kind=Room.Kind.MIRROR).exclude(header="")
    return kept().exclude(
        Q(mxc__in=_forwarded())
        | Q(url__in=Ghost.objects.exclude(pictured="").values("pictured"))
        | Q(url__in=mirrors.values("header"))
    )


def _forwarded() -> set[str]:
    """Files of others in what people here posted, or in their own faces."""
    posts = Post.objects.filter(author__owner__isnull=False, deleted=None)
    listed = posts.exclude(attachments=[]).values_list("attachments", flat=True).iterator()
    people = Actor.objects.local().filter(left=None).values_list("icon", "header")
    shown = chain(
        (file["url"] for files in listed for file in files),
        (face for faces in people.iterator() for face in faces),
    )
    mine = (f"mxc://{'/'.join(url.rsplit('/', 2)[1:])}" for url in shown if links.ours(url))
    found = set[str]()
    while some := list(islice(mine, ASKED)):
        found.update(kept().filter(mxc__in=some).values_list("mxc", flat=True))
    return found


def by_host() -> list[dict[str, Any]]:
    """The dearest first: host, files, bytes, oldest, used_last, failed."""
    have = ~Q(mxc="")
    told = Upload.objects.values("host").annotate(
        files=Count("pk", filter=have),
        bytes=Sum("size", filter=have, default=0),
        oldest=Min("fetched", filter=have),
        used_last=Max("used", filter=have),
        failed=Count("pk", filter=Q(mxc="")),
    )
    return [dict(row) for row in told.order_by("-bytes", "host")]


def chosen(
    *, unused_since: datetime | None = None, host: str = "", larger: int = 0
) -> QuerySet[Upload]:
    """Of those that may go, the longest unused first."""
    found = spare()
    if unused_since:
        found = found.filter(used__lt=unused_since)
    if host:
        found = found.filter(Q(host=host) | Q(host__startswith=f"{host}:"))
    if larger:
        found = found.filter(size__gt=larger)
    return found.order_by("used", "pk")


def orphans() -> QuerySet[Upload]:
    """Files of posts and boosts that were taken back, or that nothing shows any more. Custom emoji
    belong to their server, not to a post: they go by age.
    """
    there = Anchor.objects.filter(file=OuterRef("url"))
    posts = Post.objects.filter(uri=OuterRef("uri"), deleted=None)
    boosts = Boost.objects.filter(uri=OuterRef("uri"), post__deleted=None)
    stands = Exists(posts) | Exists(boosts)
    shown_once = Exists(there) | Q(dropped=True)
    return spare().filter(shown_once).exclude(Exists(there.filter(stands)))


def remove(rows: Iterable[Upload]) -> Removed:
    """From the homeserver, then from our memory. A file that came from two addresses goes with
    the second of them. Where the homeserver is away, or lets us remove nothing, it ends at once.
    """
    return _each([partial(_upload, row) for row in rows])


def _each(removals: Sequence[Callable[[], int]]) -> Removed:
    """Each says how many bytes it removed."""
    done = Removed()
    for go in removals:
        try:
            size = go()
        except Trouble as error:
            done.stays, done.why = done.stays + 1, str(error)
            if _is_for_all(error):
                done.stays = len(removals) - done.files
                break
        else:
            done.files, done.size = done.files + 1, done.size + size
    return done


def _upload(row: Upload) -> int:
    if not Upload.objects.filter(mxc=row.mxc).exclude(pk=row.pk).exists():
        _gone_from_the_homeserver(row.mxc)
    Upload.objects.filter(pk=row.pk).delete()
    return row.size


def _text(row: Overflow) -> int:
    """No quota counts it."""
    _gone_from_the_homeserver(row.mxc)
    overflow.forget(row)
    return 0


def _is_for_all(error: Trouble) -> bool:
    """Whether the next file will fare no better."""
    return isinstance(error, Busy | Forbidden) or getattr(error, "code", "") in NOBODY


def _gone_from_the_homeserver(mxc: str) -> None:
    """What it lost before is gone as well."""
    server, _, key = mxc.removeprefix("mxc://").partition("/")
    try:
        run(client.remove_media(server, key))
    except client.MatrixError as error:
        if error.code != "M_NOT_FOUND":
            raise


def hide(rows: Iterable[Upload]) -> tuple[int, int]:
    """Where nobody may remove files: events that show nothing else are redacted. How many were,
    and how many are left because they have words, or the homeserver does not let us.
    """
    hidden = left = 0
    for anchor in Anchor.objects.filter(file__in=[row.url for row in rows]).select_related("room"):
        if not anchor.part or not _redacted(anchor):
            left += 1
            continue
        Anchor.objects.filter(pk=anchor.pk).delete()
        hidden += 1
    return hidden, left


def _redacted(anchor: Anchor) -> bool:
    """By whoever sent it, else by the bot where it has the power."""
    told = {"redacts": anchor.event_id, "reason": "removed by the admin"}
    txn = f"hide{hashlib.sha256(anchor.event_id.encode()).hexdigest()[:32]}"
    room, kind = anchor.room.room_id, "m.room.redaction"
    for number, user in enumerate((anchor.sender, registration.load().bot)):
        with suppress(client.MatrixError):
            run(client.send(room, kind, told, txn=f"{txn}.{number}", user=user))
            return True
    return False


def prune() -> None:
    """Every hour: what nobody asked for since so long, and what exceeds the quota."""
    now = timezone.now()
    Upload.objects.filter(mxc="", fetched__lt=now - FORGOTTEN).delete()
    look_at_texts()
    if not settings.OWNROOM_HOMESERVER_ADMIN_TOKEN:
        return
    _told(remove_gone())
    if settings.OWNROOM_MEDIA_DAYS:
        old = now - timedelta(days=settings.OWNROOM_MEDIA_DAYS)
        _told(remove(chosen(unused_since=old)[:AT_ONCE]))
    if uploads.full():
        _told(remove(_above(settings.OWNROOM_MEDIA_QUOTA * ROOM_LEFT)))


def remove_gone() -> Removed:
    """What nothing shows any more."""
    texts = _each([partial(_text, row) for row in overflow.spent()[:AT_ONCE]])
    files = remove(orphans()[:AT_ONCE])
    return Removed(
        texts.files + files.files, files.size, texts.stays + files.stays, texts.why or files.why
    )


def look_at_texts() -> None:
    """Which texts too large for their events are to be read by nobody any more."""
    for row, reader in overflow.in_doubt():
        try:
            event = run(client.event(row.room_id, row.event_id, by=reader))
        except Busy:
            return
        except client.MatrixError as error:
            log.info("an event of room %s cannot be looked at: %s", row.room_id, error)
            continue
        overflow.settle(row, stands=bool(event.get("content")))
    overflow.end(timezone.now() - UNSENT)


def _above(limit: float) -> list[Upload]:
    """So many of the longest unused that the rest is below the limit."""
    over, found = uploads.size() - limit, list[Upload]()
    for row in chosen()[:AT_ONCE]:
        if over <= 0:
            break
        over -= row.size
        found.append(row)
    return found


def _told(done: Removed) -> None:
    if done.files or done.stays:
        log.info("files: %s removed, %s stay %s", done.files, done.stays, done.why)
