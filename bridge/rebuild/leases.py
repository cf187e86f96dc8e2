"""Whether a room may be published, found again: what its owner did in it says so, in order.

As it was taken when it happened (bridge/matrix/membership.py, asking.py); nothing is answered.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bridge.matrix import linking, registration, shapes
from bridge.matrix.membership import SAID_IN
from bridge.matrix.vocabulary import BRIDGE
from bridge.models import Room
from bridge.rebuild.batch import Event

_WISH = {Room.Kind.PROFILE: "link", Room.Kind.GROUP: "group"}
_OWN = {*SAID_IN, Room.Kind.DESK, Room.Kind.FORMER, Room.Kind.OUTGROWN}


def begins(event: Event, room: Room) -> bool:
    """Whether from here on a room is published: the bot came, or its owner said so."""
    content, bot = shapes.mapping(event.get("content")), registration.load().bot
    if event.get("type") == "m.room.member" and event.get("state_key") == bot:
        before = shapes.mapping(shapes.mapping(event.get("unsigned")).get("prev_content"))
        return content.get("membership") == "join" != before.get("membership")
    wish = linking.wish(event) if event.get("sender") == room.owner else None
    return wish is not None and wish[0] == _WISH.get(Room.Kind(room.kind))


@dataclass(slots=True)
class Lease:
    """Of one room. That it is registered says yes, until something else is said."""

    room: Room
    granted: bool = True
    refused: bool = False  # another bridge is named
    encrypted: bool = False  # for good

    def follow(self, event: Event) -> None:
        content, bot = shapes.mapping(event.get("content")), registration.load().bot
        mine = event.get("sender") == self.room.owner
        match event.get("type"), event.get("state_key"):
            case "m.room.encryption", "":
                self.encrypted = True
            case "m.room.member", who if who == bot:
                self._bot(content.get("membership"), mine=mine)
            case "m.room.member", who if mine and who == self.room.owner:
                gone = content.get("membership") == "leave"
                self.granted &= not (gone and self.room.kind == Room.Kind.PROFILE)
            case kind, "" if mine and kind == BRIDGE:
                self.granted = content.get("bot") == bot
                self.refused = not self.granted
            case "m.room.message", None if mine:
                wish = linking.wish(event)
                self.granted |= wish is not None and wish[0] == _WISH.get(self._kind)
            case _:
                pass

    @property
    def _kind(self) -> Room.Kind:
        return Room.Kind(self.room.kind)

    def _bot(self, now: object, *, mine: bool) -> None:
        """Removed, it publishes no more, until the owner asks it in again."""
        if now in ("leave", "ban"):  # a tuple: it may be anything
            self.granted = False
        elif now == "invite" and mine and self._kind in SAID_IN:
            self.granted = True

    def keep(self, inside: Collection[str]) -> None:
        """`inside`: the rooms that the bot is in."""
        if self._kind not in _OWN:
            if self.encrypted:  # a conversation: the bot is in none, and nobody grants it
                linking.end_lease(self.room)
            return
        there = self.room.room_id in inside
        granted = there and self.granted and not (self.refused or self.encrypted)
        linking.found_again(self.room, leased=granted, there=there)
