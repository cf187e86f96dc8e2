"""Cards of boosts, when the post in them changes: they repeat what it says and shows now."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from bridge.loop import in_database
from bridge.matrix import client, emoticons, lookups, parts, render, traces
from bridge.models import Anchor, Room
from social.acts import Act, Boost

Txn = Callable[[str, str], str]  # the id of what one user changes at one place


async def say(
    act: Act | traces.Words, room: Room, txn: Txn, clear: Callable[..., Awaitable[None]]
) -> tuple[Anchor, ...]:
    """The anchors of further files that are new. `clear`: redacts an event, by whom it is."""
    made: list[Anchor] = []
    for anchor, boost, known in await in_database(_standing, act, room):
        refs = replace(known, emoticons=await emoticons.of(boost, known))
        if files := parts.of(boost, refs):
            refs = replace(refs, files=await parts.brought(files, anchor.sender))
        written = render.carded(boost, refs, anchor.event_id)
        if not isinstance(written, render.Send):
            continue
        put = partial(_put, room, anchor, txn)
        await put(written)
        file = render.first_file(boost, refs)
        await in_database(parts.shows, anchor.event_id, "", file)
        cleared = partial(clear, by=anchor.sender)
        new = await parts.follow(boost, refs, anchor.event_id, room, put=put, clear=cleared)
        for one in new:
            one.room, one.root, one.sender = room, anchor.root, anchor.sender
            one.uri, one.at = boost.uri, boost.at
        made += new
    return tuple(made)


async def _put(room: Room, anchor: Anchor, txn: Txn, written: render.Send, number: int = 0) -> str:
    place = f"{room.room_id}{anchor.event_id}{number or ''}"
    return await client.send(
        room.room_id,
        written.type,
        written.content,
        txn=txn(place, anchor.sender),
        user=anchor.sender,
    )


def _standing(act: Act | traces.Words, room: Room) -> list[tuple[Anchor, Boost, render.Refs]]:
    found = []
    for anchor, row in traces.to_card(act, room):
        boost = Boost(author=row.author.uri, post=row.post.uri, uri=row.uri, at=row.at)
        refs = lookups.for_act(boost, room, "")
        refs = replace(refs, root=anchor.root, parts=lookups.parts_of(row.uri, room))
        found.append((anchor, boost, refs))
    return found
