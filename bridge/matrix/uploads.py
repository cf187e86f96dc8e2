"""Strangers' files, brought to our homeserver: fetched once, judged by what they are, remembered.

A file is on disk while it passes, never whole in memory, and nothing here decodes it. What cannot
be had is remembered too, for a while: nobody waits twice for the same dead host.
"""

import asyncio
import contextlib
import hashlib
import io
import logging
import mmap
import tempfile
import time
import weakref
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db.models import Q, Sum
from django.utils import timezone

from bridge import filetypes, http, names, pictures, pieces
from bridge.errors import Busy, Forbidden, Gone, Trouble, Unreadable
from bridge.loop import in_database
from bridge.matrix import client, registration
from bridge.matrix.enclosed import File, name_of
from bridge.models import Upload
from social import policy

__all__ = ["File", "drop", "full", "kept_at", "mxc_of", "remember", "size"]

log = logging.getLogger("ownroom.media")
PATIENCE = 20.0  # seconds for one file: a room's lane waits that long for a slow host
PICTURE = 16 * 1024 * 1024  # bytes of an avatar, a header or an emoji
RESTS = 600.0  # seconds for which nothing is asked of a host that did not answer
AGAIN = timedelta(hours=1)  # after what may pass
NEVER = timedelta(days=1)  # after what will hardly change
_USED = timedelta(days=1)  # how exactly it is known when a file was last asked for
_HOSTS = 1_000


@dataclass(frozen=True, slots=True)
class _Judged:
    body: io.BufferedRandom
    file: File
    sha256: str


_turns: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()
silent: dict[str, float] = {}  # hosts that did not answer, and until when they are left alone


async def mxc_of(
    url: str,
    *,
    by: str = "",
    wanted: Collection[str] = filetypes.PICTURES,
    said: str = "",
    limit: int = PICTURE,
    patience: float = PATIENCE,
) -> File | None:
    """The file behind `url` as our homeserver has it; None where it cannot be had (now).

    `by`: who uploads it, a ghost that is registered, else the bot. `wanted`: media types, or none
    for all that are carried at all; `said`: what its sender calls it. Raises Busy while the
    homeserver is away, and nothing else.
    """
    turn = _turns.setdefault(url, asyncio.Lock())
    async with turn:  # two rooms want it at the same moment: one fetches
        row = await in_database(_recalled, url)
        if row is None:
            row = await _brought(
                url,
                by=by,
                wanted=wanted,
                said=said,
                limit=min(limit, settings.OWNROOM_MEDIA_LIMIT),
                patience=patience,
            )
    if not row.mxc or (wanted and row.type not in wanted):
        return None
    return File(row.mxc, row.type, row.size, row.width, row.height)


def remember(url: str, file: File) -> None:
    """In a rebuild: what the rooms show was fetched before."""
    defaults = _values(file) | {"host": names.host_of(url)[:255]}
    Upload.objects.get_or_create(url=url, defaults=defaults)


# ---- what is known


def _recalled(url: str) -> Upload | None:
    """What became of this address before; None when it is to be asked (again)."""
    if why := policy.host_refused(names.host_of(url)):
        return Upload(url=url, note=why)
    row = Upload.objects.filter(url=url).first()
    now = timezone.now()
    if row is None or (row.again and row.again <= now):
        return Upload(url=url, note="the quota is full") if full() else None
    if now - row.used > _USED or row.dropped:
        Upload.objects.filter(pk=row.pk).update(used=now, dropped=False)
    return row


def held(url: str) -> File | None:
    """What the homeserver has of it already."""
    row = Upload.objects.filter(url=url).exclude(mxc="").first()
    return File(row.mxc, row.type, row.size, row.width, row.height) if row else None


def kept_at(url: str) -> str:
    """The mxc address of a file that a page shows; empty where the homeserver has none."""
    row = _recalled(url)
    return row.mxc if row else ""


def drop(*urls: str, mxc: str = "") -> None:
    """Something that showed these shows them no more: they go, unless something else does."""
    known = [url for url in urls if url]
    if not (known or mxc):
        return
    named = Q(url__in=known) | Q(mxc=mxc, mxc__gt="")
    Upload.objects.filter(named).exclude(mxc="").update(dropped=True)


def full() -> bool:
    """Whether no more is taken in until something goes."""
    quota: int = settings.OWNROOM_MEDIA_QUOTA
    return 0 < quota <= size()


def size() -> int:
    """Bytes that strangers' files take."""
    return int(Upload.objects.exclude(mxc="").aggregate(size=Sum("size"))["size"] or 0)


def _same(sha256: str) -> str:
    """The address at the homeserver of a file that came from elsewhere before."""
    known = Upload.objects.filter(sha256=sha256).exclude(mxc="")
    return known.values_list("mxc", flat=True).first() or ""


def _kept(url: str, values: dict[str, object]) -> Upload:
    fresh = {"mxc": "", "note": "", "again": None, "dropped": False, "fetched": timezone.now()}
    values = fresh | {"used": timezone.now(), "host": names.host_of(url)[:255]} | values
    return Upload.objects.update_or_create(url=url, defaults=values)[0]


def _values(file: File) -> dict[str, object]:
    sides = {"width": file.width, "height": file.height}
    return {"mxc": file.mxc, "type": file.type, "size": file.size, **sides}


# ---- fetched, judged, sent on


async def _brought(
    url: str, *, by: str, wanted: Collection[str], said: str, limit: int, patience: float
) -> Upload:
    with contextlib.ExitStack() as stack:
        try:
            draft = stack.enter_context(_draft())
            await _fetched(url, draft, limit, patience)
            judged = await asyncio.to_thread(_judged, draft, said, stack)
            if wanted and judged.file.type not in wanted:
                raise Unreadable(f"of the type {judged.file.type}")
            mxc = await in_database(_same, judged.sha256) or await _sent(url, judged, by)
        except _Away as error:
            raise error.reason from None
        except Trouble as error:
            return await _failed(url, error)
        except OSError as error:  # of our own disk: words do not wait for it
            return await _failed(url, http.Crowded(f"it cannot be put on disk: {error.strerror}"))
        file = judged.file
        values = _values(File(mxc, file.type, file.size, file.width, file.height))
        return await in_database(_kept, url, values | {"sha256": judged.sha256})


class _Away(Exception):
    """The homeserver, not the stranger's host."""

    def __init__(self, reason: Busy) -> None:
        super().__init__()
        self.reason = reason


async def _failed(url: str, error: Trouble) -> Upload:
    final = isinstance(error, Gone | Unreadable | Forbidden)
    again = timezone.now() + (NEVER if final else AGAIN)
    host = names.host_of(url)
    if isinstance(error, http.Unreachable):
        _left_alone(host)
    log.info("a file of %s could not be had: %s", host, error)
    return await in_database(_kept, url, {"note": str(error)[:200], "again": again})


def _left_alone(host: str) -> None:
    now = time.monotonic()
    if len(silent) >= _HOSTS:
        for old in [known for known, until in silent.items() if until < now]:
            del silent[old]
    if len(silent) < _HOSTS:
        silent[host] = now + RESTS


async def _fetched(url: str, into: io.BufferedRandom, limit: int, patience: float) -> None:
    if silent.get(names.host_of(url), 0.0) > time.monotonic():
        raise http.Crowded("its host did not answer a moment ago")
    found = await http.download(url, into, limit=limit, total=patience)
    if found.status in {404, 410}:
        raise Gone(f"the answer is {found.status}")
    if found.status != 200:
        raise http.Crowded(f"the answer is {found.status}")
    if not found.size:
        raise Unreadable("an empty file")
    into.flush()


def _judged(draft: io.BufferedRandom, said: str, stack: contextlib.ExitStack) -> _Judged:
    """On a thread: large files take a moment."""
    draft.seek(0)
    media_type = filetypes.of(draft.read(filetypes.HEAD), said)
    if not media_type:
        raise Unreadable("a kind of file that is not carried")
    body, width, height = draft, 0, 0
    if media_type in filetypes.PICTURES:
        with mmap.mmap(draft.fileno(), 0, access=mmap.ACCESS_READ) as data:
            picture = pictures.read(data, media_type)
            width, height = picture.width, picture.height
            if pieces.changed(picture.pieces, len(data)):
                body = stack.enter_context(_draft())
                body.writelines(pieces.written(data, picture.pieces))
    size = body.seek(0, 2)
    body.seek(0)
    digest = hashlib.file_digest(body, "sha256").hexdigest()
    body.seek(0)
    return _Judged(body, File("", media_type, size, width, height), digest)


async def _sent(url: str, judged: _Judged, by: str) -> str:
    name = name_of(url, judged.file.type)
    user = by or registration.load().bot
    try:
        return await client.upload(judged.body, judged.file.type, name, user=user)
    except Busy as error:
        raise _Away(error) from None


@contextlib.contextmanager
def _draft() -> Iterator[io.BufferedRandom]:
    """Without a name: whatever happens, nothing stays behind."""
    with tempfile.TemporaryFile(dir=settings.OWNROOM_DATA) as file:
        yield file
