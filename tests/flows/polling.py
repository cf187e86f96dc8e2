"""Polls as the stories of them need them: begun, voted in, counted and ended, on either side."""

import time
from typing import Any

from bridge import counting
from bridge.activitypub import jsonld
from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Post
from tests.fakes.world import Resident, World, post, post_of

START, END = "org.matrix.msc3381.poll.start", "org.matrix.msc3381.poll.end"
RESPONSE = "org.matrix.msc3381.poll.response"
TEXT = "org.matrix.msc1767.text"
DISCLOSED = "org.matrix.msc3381.poll.disclosed"
HOUR = 3_600_000


def now() -> int:
    return int(time.time() * 1000)


def question(*counts: int, **more: Any) -> dict[str, Any]:
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": votes}}
        for name, votes in zip(("Tea", "Coffee & cake"), counts or (0, 0), strict=True)
    ]
    asked = {"type": "Question", "oneOf": options, "votersCount": sum(counts)}
    return {**asked, "endTime": jsonld.iso(now() + HOUR), **more}


def asks(bob: Neighbour, *counts: int, **more: Any) -> dict[str, Any]:
    """The note of the poll that bob begins."""
    made = bob.post("Tea or coffee?", extra=question(*counts, **more))
    return dict(made.activity["object"])


def tells(world: World, bob: Neighbour, note: dict[str, Any], *counts: int, **more: Any) -> None:
    """Bob's server tells how his poll goes, as Mastodon does."""
    told = note | question(*counts) | {"endTime": note["endTime"], **more}
    number = len(Post.objects.all()) + sum(counts)
    update = {"id": f"{note['id']}#updates/{number}", "type": "Update", "actor": bob.id}
    assert world.hear(bob, {**update, "to": note["to"], "cc": note["cc"], "object": told}) == 202
    world.settle()


def a_while_later(world: World) -> None:
    Post.objects.filter(poll_due__lte=now() + 2 * 60_000).update(poll_due=0)
    counting.tell_due()
    world.settle()


def time_is_over(world: World, uri: str) -> None:
    row = Post.objects.get(uri=uri)
    assert row.poll
    Post.objects.filter(uri=uri).update(poll=row.poll | {"closes": now() - 1}, poll_due=now() - 1)
    counting.tell_due()
    world.settle()


def notices(reader: Resident, room: str) -> list[dict[str, Any]]:
    found = reader.timeline(room)
    return [event["content"] for event in found if event["content"].get("msgtype") == "m.notice"]


def votes(uri: str) -> list[int]:
    poll = post(uri).poll
    assert poll
    return [option["votes"] for option in poll["options"]]


# ---- written here


def ask(
    alice: Resident, *, several: bool = False, room: str = "", kind: str = DISCLOSED, **more: Any
) -> str:
    """As Element sends it; returns the event."""
    answers = [{"id": f"id-{name}", TEXT: name} for name in ("Tea", "Coffee")]
    poll = {
        "question": {TEXT: "What do you drink?", "body": "What do you drink?", "msgtype": "m.text"},
        "kind": kind,
        "max_selections": 2 if several else 1,
        "answers": answers,
    }
    content = {TEXT: "What do you drink?\n1. Tea\n2. Coffee", START: poll, **more}
    return alice.person.send_event(room or alice.room, START, content)


def choose(who: Any, room: str, event: str, *answers: str) -> str:
    related = {"rel_type": "m.reference", "event_id": event}
    content = {RESPONSE: {"answers": list(answers)}, "m.relates_to": related}
    return str(who.send_event(room, RESPONSE, content))


def pick(who: Any, room: str, event: dict[str, Any], *names: str) -> str:
    """In a poll that a ghost began, by what its answers say."""
    asked = event["content"].get("m.new_content", event["content"])[START]["answers"]
    called = {one[TEXT]: one["id"] for one in asked}
    related = event["content"].get("m.relates_to", {})
    begun = related["event_id"] if "m.new_content" in event["content"] else event["event_id"]
    return choose(who, room, begun, *(called[name] for name in names))


def end(who: Any, room: str, event: str) -> str:
    related = {"rel_type": "m.reference", "event_id": event}
    return str(who.send_event(room, END, {END: {}, TEXT: "Ended.", "m.relates_to": related}))


def ballot(voter: Neighbour, poll: str, author: str, name: str, **more: Any) -> dict[str, Any]:
    """As Mastodon sends it."""
    number = f"{voter.id}#votes/{poll[-8:]}{name}"
    note = {"id": number, "type": "Note", "name": name, "attributedTo": voter.id, "to": author}
    note |= {"inReplyTo": poll} | more
    made = {"id": f"{number}/activity", "type": "Create", "actor": voter.id, "to": author}
    return {**made, "object": note}


def casts(world: World, voter: Neighbour, poll: str, alice: Resident, *names: str) -> None:
    for name in names:
        assert world.hear(voter, ballot(voter, poll, alice.actor, name)) == 202
    world.settle()


def counted(uri: str) -> list[int]:
    """As told in a while."""
    Post.objects.filter(uri=uri).update(poll_due=0)
    counting.tell_due()
    return votes(uri)


def begun(world: World, alice: Resident, **more: Any) -> tuple[str, str]:
    """The event of a poll that everybody knows of, and its URI."""
    event = ask(alice, **more)
    world.settle()
    return event, post_of(event)
