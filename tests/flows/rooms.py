"""Rooms for fewer, and who reads in them."""

from contextlib import suppress

from bridge.demo.person import Refused
from bridge.models import Room
from tests.fakes.world import Resident, World

WORDS = "for whom the bell tolls"


def circle(world: World, owner: Resident) -> str:
    owner.tell_bot("circle")
    world.settle()
    room_id = Room.objects.get(kind="circle", actor__uri=owner.actor).room_id
    owner.person.join(room_id)
    return room_id


def in_rooms(world: World, reader: Resident, words: str = WORDS) -> bool:
    """Whether it stands in any room that they are in, are asked into, or may come into."""
    for room in list(world.home.rooms):
        with suppress(Refused):
            reader.person.join(room)
        with suppress(Refused):
            if any(words in str(e["content"]) for e in reader.person.messages(room, 500)):
                return True
    return False
