"""Texts too large for an event: kept as a file of the homeserver, and read back from there.

Whoever reads the event can read the file, and nobody else knows its address.
"""

import io
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any

from bridge.errors import Busy, Trouble
from bridge.matrix import client, registration, shapes, vocabulary
from bridge.matrix.sending import Send

log = logging.getLogger("ownroom.overflow")
KIND = "application/activity+json"
MOST = 4 * 1024 * 1024  # bytes; an inbox takes a quarter of it
_MXC = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_=-]{1,255})")


async def moved(written: Send, raw: str, *, user: str) -> Send:
    """The event with the address of what did not fit into it."""
    copy = _copy(written.type, written.content)
    if not raw or "sha256" not in copy or "raw" in copy:
        return written
    data = raw.encode("utf-8", "surrogatepass")
    try:
        mxc = await client.upload(io.BytesIO(data), KIND, "activity.json", user=user)
    except Busy:
        raise
    except Trouble as error:  # the words still stand in the room
        log.warning("a text too large for an event is not kept: %s", error)
        return written
    kept = {key: value for key, value in copy.items() if key != "raw_len"}
    return Send(written.type, _with(written, kept | {"raw_mxc": mxc, "len": len(data)}))


def _copy(kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """What holds the text: a receipt itself, or the copy within an event."""
    return content if kind == vocabulary.RECEIPT else shapes.mapping(content.get(vocabulary.OBJECT))


def _with(written: Send, kept: dict[str, Any]) -> dict[str, Any]:
    if written.type == vocabulary.RECEIPT:
        return kept
    return {**written.content, vocabulary.OBJECT: kept}


async def every(page: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each event of a page whole. Only ours name such a file: anybody else's is never fetched."""
    ours = registration.load().ours
    return [await whole(event) if ours(event.get("sender", "")) else event for event in page]


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
