"""What others said of words that are gone, or no longer theirs to show: said without them. And
with them, where the right to show them was only found later.
"""

from collections.abc import Callable
from dataclasses import replace

from bridge.loop import in_database
from bridge.matrix import client, lookups, parts, render, speakers, traces
from bridge.models import Anchor, Room
from social import profiles
from social.acts import Act, Publish
from social.models import Actor


async def say(act: Act | traces.Words, room: Room, txn: Callable[[str, str], str]) -> None:
    """`txn`: the id of what one user changes at one place."""
    for anchor, author, post, known in await in_database(_standing, act, room):
        files = await parts.brought(parts.of(post, known), anchor.sender)
        refs = replace(known, files=files or known.files)
        written = render.requoted(post, refs)
        if not isinstance(written, render.Send):
            continue
        if anchor.sender == refs.bot:
            written = speakers.in_the_name_of(speakers.name_of(author), written, "")
        await client.send(
            room.room_id,
            written.type,
            written.content,
            txn=txn(f"{room.room_id}{anchor.event_id}", anchor.sender),
            user=anchor.sender,
        )


def _standing(
    act: Act | traces.Words, room: Room
) -> list[tuple[Anchor, Actor, Publish, render.Refs]]:
    found = []
    for anchor, post in traces.to_requote(act, room):
        now = profiles.publish_of(post)
        refs = replace(lookups.for_act(now, room, ""), event=anchor.event_id)
        found.append((anchor, post.author, now, refs))
    return found
