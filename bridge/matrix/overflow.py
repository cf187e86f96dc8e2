"""Texts too large for an event: kept as a file of the homeserver, and read back from there.

Whoever reads the event can read the file, and nobody else knows its address. It is there for a
rebuild alone: no page shows it, and it goes with its event (bridge/matrix/storage.py).
"""

import io
import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bridge.errors import Busy, Trouble
from bridge.loop import in_database
from bridge.matrix import client, registration, shapes, vocabulary
from bridge.matrix.sending import Send
from bridge.models import Overflow, Room
from social.models import Delivery, Post

log = logging.getLogger("ownroom.overflow")
KIND = "application/activity+json"
MOST = 4 * 1024 * 1024  # bytes; an inbox takes a quarter of it
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_=-]{1,255})")
_SAID = {"create", "update"}  # copies with the words of a post


# ---- into a room


async def send(
    written: Send,
    raw: str,
    put: Callable[[Send], Awaitable[str]],
    *,
    user: str,
    room_id: str,
    key: str,
) -> str:
    """Sends the event, with the address of what did not fit into it. `key`: of its transaction,
    for the homeserver answers a second try with the event of the first.
    """
    copy = _copy(written.type, written.content)
    if not raw or "sha256" not in copy or "raw" in copy:
        return await put(written)
    mxc = await in_database(_known, key) or await _uploaded(raw, user)
    if not mxc:
        return await put(written)
    size = len(raw.encode("utf-8", "surrogatepass"))
    kept = {name: value for name, value in copy.items() if name != "raw_len"}
    named = Send(written.type, _with(written, kept | {"raw_mxc": mxc, "len": size}))
    await in_database(_remember, key, mxc, room_id, named)
    event_id = await put(named)
    await in_database(_stands, key, event_id)
    return event_id


async def _uploaded(raw: str, user: str) -> str:
    """Its address; empty where the homeserver does not take it: the words still stand in the
    room.
    """
    data = raw.encode("utf-8", "surrogatepass")
    try:
        return await client.upload(io.BytesIO(data), KIND, "activity.json", user=user)
    except Busy:
        raise
    except Trouble as error:
        log.warning("a text too large for an event is not kept: %s", error)
        return ""


def _copy(kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds the text: a receipt itself, or the copy within an event."""
    return content if kind == vocabulary.RECEIPT else shapes.mapping(content.get(vocabulary.OBJECT))


def _with(written: Send, kept: dict[str, Any]) -> dict[str, Any]:
    if written.type == vocabulary.RECEIPT:
        return kept
    return {**written.content, vocabulary.OBJECT: kept}


# ---- back from there


async def every(page: Iterable[dict[str, Any]], room_id: str) -> list[dict[str, Any]]:
    """Each event of a page whole. Only ours name such a file: anybody else's is never fetched."""
    ours = registration.load().ours
    return [
        await _found(event, room_id) if ours(event.get("sender", "")) else event for event in page
    ]


async def _found(event: dict[str, Any], room_id: str) -> dict[str, Any]:
    kind, content = shapes.text(event.get("type")), shapes.mapping(event.get("content"))
    mxc, event_id = shapes.text(_copy(kind, content).get("raw_mxc")), event.get("event_id", "")
    if _MXC.fullmatch(mxc):
        named = Send(kind, dict(content))
        await in_database(_remember, event_id, mxc, room_id, named, event_id)
    return await whole(event)


async def whole(event: dict[str, Any]) -> dict[str, Any]:
    """An event of ours as if it had fitted. Whether the text is the right one its checksum says,
    to whoever reads the event.
    """
    kind, content = shapes.text(event.get("type")), shapes.mapping(event.get("content"))
    copy = _copy(kind, content)
    found = _MXC.fullmatch(shapes.text(copy.get("raw_mxc")))
    if not found or "raw" in copy:
        return event
    try:
        raw = await _read(*found.groups())
    except Busy:
        raise
    except Trouble as error:
        log.warning(
            "a text that was too large for event %s is lost: %s", event.get("event_id"), error
        )
        return event
    kept = {**copy, "raw": raw}
    return {**event, "content": _with(Send(kind, dict(content)), kept)}


async def _read(server: str, key: str) -> str:
    found, data = await client.download(server, key), b""
    try:
        while len(data) <= MOST and (chunk := await found.read(MOST)):
            data += chunk
    finally:
        await found.close()
    return data.decode("utf-8", "surrogatepass") if len(data) <= MOST else ""


# ---- which there are, and which nobody is to read any more


def _known(key: str) -> str:
    found = Overflow.objects.filter(key=key)
    return found.values_list("mxc", flat=True).first() or ""


def _remember(key: str, mxc: str, room_id: str, named: Send, event_id: str = "") -> None:
    """In a rebuild of an index that is there already the event may be known by its transaction."""
    if event_id and Overflow.objects.filter(event_id=event_id).exists():
        return
    copy = _copy(named.type, named.content)
    values = {"mxc": mxc, "room_id": room_id, "event_id": event_id, "about": copy.get("id", "")}
    Overflow.objects.get_or_create(key=key, defaults={**values, "edited": _edited(named)})


def _edited(named: Send) -> int | None:
    """0 for the first words of a post, nothing for what is no post's."""
    copy = _copy(named.type, named.content)
    if named.type != vocabulary.RECEIPT:
        return shapes.number(copy.get("edited")) if copy.get("kind") in _SAID else None
    act = shapes.text(copy.get("act"))
    if act.endswith("/create"):
        return 0
    return shapes.number(copy.get("at")) if "/update/" in act else None


def _stands(key: str, event_id: str) -> None:
    Overflow.objects.filter(key=key).update(event_id=event_id)


def dropped(event_id: str) -> None:
    """The event was redacted by us."""
    Overflow.objects.filter(event_id=event_id, spent=None).update(spent=timezone.now())


def doubted(event: Mapping[str, Any]) -> None:
    """Somebody redacts: whether they might, the homeserver is asked later."""
    content = shapes.mapping(event.get("content"))
    target = shapes.text(content.get("redacts")) or shapes.text(event.get("redacts"))
    if event.get("type") == "m.room.redaction" and target:
        Overflow.objects.filter(event_id=target, spent=None).update(doubted=True)


def in_doubt() -> list[tuple[Overflow, str]]:
    """And who reads there for us."""
    rows = list(Overflow.objects.filter(doubted=True, spent=None))
    found = Room.objects.filter(room_id__in=[row.room_id for row in rows])
    readers = dict(found.values_list("room_id", "reader"))
    return [(row, readers.get(row.room_id, "")) for row in rows]


def settle(row: Overflow, *, stands: bool) -> None:
    """What became of a doubt."""
    spent = None if stands else timezone.now()
    Overflow.objects.filter(pk=row.pk).update(doubted=False, spent=spent)


def end(unsent_since: datetime) -> None:
    """What is said no longer: its post was deleted, or says something else now, where that stands
    already; and what never came into a room.
    """
    taken_back = Q(about__in=Post.objects.exclude(deleted=None).values("uri"))
    unsent = Q(event_id="", made__lt=unsent_since)
    rows = Overflow.objects.filter(spent=None).filter(taken_back | unsent | _said_anew())
    rows.update(spent=timezone.now())


def _said_anew() -> Q:
    newer = Overflow.objects.filter(room_id=OuterRef("room_id"), about=OuterRef("about"))
    newer = newer.filter(pk__gt=OuterRef("pk")).exclude(event_id="")
    edited = Post.objects.filter(uri=OuterRef("about"), updated__gt=OuterRef("edited"))
    under_way = Delivery.objects.filter(subject=OuterRef("about"), state="waiting")
    return Q(Exists(newer)) | (Q(Exists(edited)) & ~Q(Exists(under_way)))


def spent() -> QuerySet[Overflow]:
    return Overflow.objects.exclude(spent=None).order_by("spent", "pk")


def forget(row: Overflow) -> None:
    """The homeserver has it no more."""
    Overflow.objects.filter(pk=row.pk).delete()


def is_one(mxc: str) -> bool:
    return Overflow.objects.filter(mxc=mxc).exists()
