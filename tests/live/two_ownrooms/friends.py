"""alice and bert, who live on two servers, and how their rooms are looked at."""

from collections.abc import Callable
from dataclasses import dataclass

from bridge.demo.person import Event
from tests.live.stage import Resident, Town, containing, every, until

ADMIN = "keeper"  # of the first town


@dataclass(frozen=True, slots=True)
class Friends:
    """alice and bert, and the room in which each reads the other."""

    alice: Resident
    bert: Resident
    alice_at_bert: str  # alice's mirror, on bert's homeserver
    bert_at_alice: str


def follows(one: Resident, other: Resident) -> str:
    """Asks, is accepted, and comes into the mirror; returns its room."""
    one.ask(f"follow {other.handle}", "I asked")
    other.told(f"{one.handle[1:]}) follows you now")
    one.told(f"{other.handle[1:]}) accepted your follow")
    return one.room_with(other.handle[1:])


def reacting(key: str) -> Callable[[Event], bool]:
    return lambda event: (
        event["type"] == "m.reaction"
        and event["content"].get("m.relates_to", {}).get("key", "").rstrip("\ufe0f") == key
    )


def taking_back(event_id: str) -> Callable[[Event], bool]:
    return lambda event: (
        event["type"] == "m.room.redaction"
        and event_id in {event.get("redacts"), event["content"].get("redacts")}
    )


def nowhere(town: Town, text: str, *but: str) -> bool:
    """Whether no other room of that homeserver has these words, in the eyes of who lives there."""
    for one in town.residents.values():
        for room in one.person.rooms():
            if room not in but and any(containing(text)(e) for e in every(one.person, room)):
                return False
    return True


def newest(one: Resident, room: str, kind: str, about: str) -> Event:
    """Of those events of a kind that name this."""

    def seen() -> Event | None:
        events = (event for event in every(one.person, room) if event["type"] == kind)
        return next((event for event in events if about in str(event["content"])), None)

    event: Event = until(seen)
    return event
