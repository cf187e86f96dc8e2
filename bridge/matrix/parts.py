"""The files of a post on their way into a room: brought along, sent after its words, taken out."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from django.conf import settings

from bridge.loop import in_database
from bridge.matrix import client, enclosed, render, uploads
from bridge.models import Anchor, Room
from social.acts import Act, Attachment, Boost, Publish, Revise
from social.web import links

log = logging.getLogger("ownroom.media")
Put = Callable[[render.Send, int], Awaitable[str]]
Clear = Callable[[str], Awaitable[None]]


def of(act: Act, refs: render.Refs) -> Sequence[Attachment]:
    """What the act shows here of others' files; ours the homeserver has, and our pages show."""
    match act:
        case Publish(content=content) | Revise(now=Publish(content=content)):
            found = content.attachments
        case Boost() if refs.boosted and not refs.event:  # else the post itself stands here
            found = refs.boosted.content.attachments
        case _:
            return ()
    return [one for one in found[: enclosed.MOST] if not links.ours(one.url)]


async def brought(files: Sequence[Attachment], by: str) -> dict[str, uploads.File]:
    """Those that can be had, by their addresses; all at once, so that one wait is all.

    Raises Busy while the homeserver is away.
    """
    asked = (
        uploads.mxc_of(
            one.url, by=by, wanted=(), said=one.media_type, limit=settings.OWNROOM_MEDIA_LIMIT
        )
        for one in files
    )
    found = await asyncio.gather(*asked, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    pairs = zip(files, found, strict=True)
    return {one.url: file for one, file in pairs if isinstance(file, uploads.File)}


async def follow(
    act: Act, refs: render.Refs, event: str, room: Room, *, put: Put, clear: Clear
) -> list[Anchor]:
    """The further files of what was just said as `event`; the anchors of those that are new."""
    made: list[Anchor] = []
    if isinstance(act, Revise):
        await in_database(shows, event, "", render.first_file(act, refs))
    for change in render.further(act, refs, event):
        if change.send is None:
            await clear(change.event)
            await in_database(_forget, change.event)
            continue
        try:
            sent = await put(change.send, change.number)
        except client.MatrixError as error:
            log.warning("a file of a post in room %s is not shown: %s", room.pk, error)
            continue
        if change.event:
            await in_database(shows, change.event, change.shows, change.file)
        elif sent:
            shown = {"shows": change.shows, "file": change.file}
            made.append(Anchor(event_id=sent, part=change.number, **shown))
    return made


def _forget(event: str) -> None:
    emptied(event)
    Anchor.objects.filter(event_id=event).delete()


def shows(event: str, digest: str, file: str) -> None:
    """What it showed before is not shown by it any more."""
    rows = Anchor.objects.filter(event_id=event)
    uploads.drop(*rows.exclude(file=file).values_list("file", flat=True))
    rows.update(shows=digest, file=file)


def emptied(event: str) -> None:
    """It was redacted."""
    shows(event, "", "")
