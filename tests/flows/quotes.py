"""Posts that quote: asked for, allowed, and how they are shown."""

from typing import Any

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Room
from tests.fakes.world import PUBLIC, Resident, World, note, said

OPEN = {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}}
SHUT = "quote not approved"


def ask(world: World, one: Neighbour, quoted: str, **values: Any) -> dict[str, Any]:
    """Asks to quote with a note of their own; the note."""
    written = note(one, "look at this", quote=quoted)
    world.hear(one, said(one, "QuoteRequest", quoted, instrument=written, **values))
    world.settle()
    return written


def stamped(author: Neighbour, quoted: str, quoting: str, **values: Any) -> str:
    """The address of a stamp next door."""
    named = {"interactingObject": quoting, "interactionTarget": quoted}
    return author.post(extra={"type": "QuoteAuthorization", **named, **values}).post


def quote(one: Neighbour, quoted: str, by: Neighbour | None = None) -> str:
    """A post that quotes, with the consent of whom it quotes."""
    first = one.post("hear hear", extra={"quote": quoted}).post
    if by:
        stamp = stamped(by, quoted, first)
        changed = {"quote": quoted, "quoteAuthorization": stamp}
        one.update(first, "hear hear indeed", extra=changed)
    return first


def circle_of(world: World, resident: Resident) -> str:
    resident.tell_bot("circle")
    world.settle()
    room = str(Room.objects.get(kind=Room.Kind.CIRCLE, owner=resident.person.user_id).room_id)
    resident.person.join(room)
    return room


def now(resident: Resident, words: str, room: str) -> dict[str, Any]:
    """The content of a message as a client shows it, after all edits."""
    events = resident.timeline(room)
    (first, *_) = [e for e in events if words in str(e["content"].get("body"))]
    content = first["content"]
    for event in events:
        related = event["content"].get("m.relates_to", {})
        if (related.get("rel_type"), related.get("event_id")) == ("m.replace", first["event_id"]):
            content = event["content"]["m.new_content"]
    return dict(content)


def known(world: World, alice: Resident, one: Neighbour, text: str, **extra: Any) -> str:
    """A post that alice reads."""
    world.friends(one, alice)
    found = one.post(text, extra={**OPEN, **extra}).post
    world.settle()
    return found
