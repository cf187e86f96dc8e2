"""What somebody set at their desk stands in their own room as well: its name and its topic.

The bot writes it there, and what the bot writes is no word of the owner's: so nothing comes back of
it, and what the owner changes in their client is never written over.
"""

from typing import Any

from bridge import html, names, turns
from bridge.loop import in_database
from bridge.matrix import client, places, profile_state, rooms
from bridge.models import Room
from bridge.network import UNCHANGED, Said
from social import actions, outbox, profiles
from social.models import Actor, Delivery
from social.outbox import Address

KINDS = {"name": "m.room.name", "topic": "m.room.topic"}


def follow(said: Said | None, problem: str) -> None:
    """Also where it was so already: the room may still say something else."""
    if said is None or said.act is None or not said.shown or problem not in {"", UNCHANGED}:
        return
    actor = actions.actor(said.act.author)
    if actor is None:
        return
    place = f"{Room.Kind.GROUP if actor.kind == 'group' else Room.Kind.PROFILE} {actor.uri}"
    outbox.tell(
        "matrix",
        [Address(lane=places.lane(place), to=f"{said.shown} {place}")],
        sender=actor.uri,
        subject=f"{said.shown} {actor.uri}"[:2048],
        said={said.shown: actor.uri},
    )


async def show(what: str, place: str, row: Delivery) -> None:
    """As it is by now, unless the room says so already."""
    room = await places.standing(place)
    actor, may = room.actor, room.leased
    if may and actor:
        try:
            if not _says(await client.state(room.room_id, KINDS[what]), what, actor):
                await client.put_state(room.room_id, KINDS[what], _content(what, actor))
        except client.MatrixError as error:
            if error.code != "M_FORBIDDEN":
                raise
            may = False
    if not may:
        await in_database(_tell, what, room, row)


def _says(content: dict[str, Any], what: str, actor: Actor) -> bool:
    profile = profiles.profile_of(actor)
    return profile_state.changed(profile, {"type": KINDS[what], "content": content}) == profile


def _content(what: str, actor: Actor) -> dict[str, Any]:
    if what == "name":
        return {"name": actor.name}
    return rooms.topic(html.plain(actor.summary), html.to_matrix(actor.summary, {}).formatted)


def _tell(what: str, room: Room, row: Delivery) -> None:
    desk = places.desk_of(room.actor) if room.actor else None
    if desk is None:
        return
    link = html.escape(names.matrix_link(room.room_id))
    text = (
        f'<p><a href="{link}">Your room</a> keeps the {what} that it has: I may not change it'
        " there. You can, in your client.</p>"
    )
    with turns.writing():
        places.say(desk, text, subject=f"kept {row.pk}")
