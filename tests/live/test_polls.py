"""Polls, quotes and pins on a real homeserver: between a Matrix client and a server next door."""

import itertools
import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor
from bridge.demo.person import Event, Person
from bridge.demo.server import ACTIVITY
from tests.live.stage import Resident, Stage, every, until

pytestmark = pytest.mark.live

_names = itertools.count(1)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
POLL = "org.matrix.msc3381.poll"
TEXT = "org.matrix.msc1767.text"
PINNED = "m.room.pinned_events"
OPEN = {"interactionPolicy": {"canQuote": {"automaticApproval": [PUBLIC]}}}


def said(author: Actor, kind: str, about: Any, **more: Any) -> dict[str, Any]:
    uri = f"{author.id}/acts/{next(_names)}"
    context = "https://www.w3.org/ns/activitystreams"
    return {
        "@context": context,
        "id": uri,
        "type": kind,
        "actor": author.id,
        "object": about,
    } | more


def tells(author: Actor, alice: Resident, kind: str, about: Any, **more: Any) -> None:
    """Her server says so, in as many words."""
    sent = author.raw(f"{alice.actor}/inbox", said(author, kind, about, **more))
    assert sent.statuses == [202]


def served(url: str, accept: str = ACTIVITY) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers={"Accept": accept})) as answer:
        return str(answer.read().decode())


def page_of(alice: Resident, event: str) -> str:
    return served(json.loads(served(alice.uri(event)))["url"], "text/html")


def asks(alice: Resident, question: str, kind: str = "disclosed") -> str:
    """As Element does."""
    answers = [{"id": name.lower(), TEXT: name} for name in ("Tea", "Coffee")]
    start = {"question": {TEXT: question, "body": question, "msgtype": "m.text"}}
    start |= {"kind": f"{POLL}.{kind}", "max_selections": 1, "answers": answers}
    content = {TEXT: f"{question}\n1. Tea\n2. Coffee", f"{POLL}.start": start}
    return alice.person.send_event(alice.room, f"{POLL}.start", content)


def chooses(who: Person, room: str, poll: str, answer: str) -> None:
    related = {"rel_type": "m.reference", "event_id": poll}
    content = {f"{POLL}.response": {"answers": [answer]}, "m.relates_to": related}
    who.send_event(room, f"{POLL}.response", content)


def ends(who: Person, room: str, poll: str) -> None:
    related = {"rel_type": "m.reference", "event_id": poll}
    who.send_event(room, f"{POLL}.end", {f"{POLL}.end": {}, TEXT: "Over.", "m.relates_to": related})


def found(who: Person, room: str, kind: str, about: str = "") -> Event:
    """The newest event of this kind, or of those about another event."""

    def newest() -> Event | None:
        events = [event for event in every(who, room) if event["type"] == kind]
        fits = [e for e in events if not about or about in json.dumps(e["content"])]
        return fits[-1] if fits else None

    event: Event = until(newest)
    return event


def closed(one: Actor, poll: str) -> dict[str, Any] | None:
    """The poll as its end was told."""
    told = [each["activity"]["object"] for each in one.received("Update", contains=poll)]
    return next((note for note in told if "closed" in note), None)


def friend(town: Stage, alice: Resident, name: str, **document: Any) -> Actor:
    """Follows alice."""
    one = town.neighbour.actor(f"{name}p{next(_names)}", **document)
    one.follow(alice.handle)
    one.wait_for("Accept")
    return one


def read(town: Stage, alice: Resident, one: Actor) -> str:
    """Alice follows them; the room in which she reads them."""
    alice.ask(f"follow {one.handle}", "I asked")
    return alice.room_with(one.acct)


# ---- polls


def test_a_poll_asked_in_matrix_is_voted_in_on_both_sides_and_closed(
    town: Stage, alice: Resident
) -> None:
    bob = friend(town, alice, "bob")
    dora = town.resident("dora")
    dora.person.join(alice.room)
    poll = asks(alice, f"!ends 3d What, {bob.name}?", "undisclosed")
    note = bob.wait_for("Create", contains=alice.uri(poll))["object"]
    assert note["type"] == "Question"
    assert note["content"] == f"<p>What, {bob.name}?</p>"
    assert [one["replies"]["totalItems"] for one in note["oneOf"]] == [None, None]
    chooses(dora.person, alice.room, poll, "coffee")
    chooses(alice.person, alice.room, poll, "tea")
    vote = {"id": f"{bob.id}/votes/{next(_names)}", "type": "Note", "name": "Tea"}
    vote |= {"attributedTo": bob.id, "inReplyTo": note["id"], "to": alice.actor}
    tells(bob, alice, "Create", vote, to=alice.actor)
    assert "votes (" not in page_of(alice, poll)

    def all_told() -> bool:
        lines = [event["content"] for event in every(alice.person, alice.desk)]
        mine = [line for line in lines if line.get("op") == "vote" and alice.uri(poll) in str(line)]
        return len(mine) == 3

    until(all_told)
    ends(alice.person, alice.room, poll)
    result = until(lambda: closed(bob, alice.uri(poll)))
    assert [one["replies"]["totalItems"] for one in result["oneOf"]] == [2, 1]
    assert result["votersCount"] == 3
    assert "Tea: 2" in alice.sees("The poll is closed (3 people)")["content"]["body"]
    until(lambda: "2 votes" in page_of(alice, poll))


def test_a_poll_elsewhere_is_voted_in_from_its_room_and_ends_there(
    town: Stage, alice: Resident
) -> None:
    bob = friend(town, alice, "bob")
    room = read(town, alice, bob)
    options = [
        {"type": "Note", "name": name, "replies": {"type": "Collection", "totalItems": 0}}
        for name in ("Tea", "Coffee")
    ]
    asked = {"type": "Question", "oneOf": options, "endTime": "2037-01-01T12:00:00Z"}
    note = bob.post(f"what, {bob.name}?", extra={**asked, "votersCount": 0}).activity["object"]
    event = found(alice.person, room, f"{POLL}.start", note["id"])
    question = event["content"][f"{POLL}.start"]["question"]
    tea, coffee = (one["id"] for one in event["content"][f"{POLL}.start"]["answers"])
    assert question[TEXT].endswith("(open until 1 January 2037, 12:00 UTC)")
    chooses(alice.person, room, event["event_id"], coffee)
    vote = bob.wait_for("Create", contains=note["id"])["object"]
    assert (vote["name"], vote["inReplyTo"]) == ("Coffee", note["id"])
    assert vote["to"] == [bob.id]
    options[1]["replies"]["totalItems"] = 1
    over = {**note, "oneOf": options, "votersCount": 1, "closed": "2026-01-01T12:00:00Z"}
    tells(bob, alice, "Update", over, to=note["to"], cc=note["cc"])
    end = found(alice.person, room, f"{POLL}.end", event["event_id"])
    assert end["sender"] == event["sender"]
    assert "Coffee: 1" in end["content"][TEXT]
    assert "Coffee: 1" in alice.sees("The poll is closed (1 person)", room=room)["content"]["body"]
    chooses(alice.person, room, event["event_id"], tea)
    alice.told("Your vote did not count")


# ---- quotes


def test_a_quote_is_asked_for_allowed_and_taken_back(town: Stage, alice: Resident) -> None:
    bob, carol = friend(town, alice, "bob"), friend(town, alice, "carol")
    room = read(town, alice, carol)
    theirs = carol.post(f"the original by {carol.name}", extra=OPEN).post
    alice.sees(f"the original by {carol.name}", room=room)
    event = alice.post(f"So true, {carol.name}\n{theirs}")
    mine = alice.uri(event)
    asked = carol.wait_for("QuoteRequest", contains=mine)
    assert (asked["object"], asked["instrument"]["id"]) == (theirs, mine)
    assert "quote not approved" in page_of(alice, event)
    stands = {"interactingObject": mine, "interactionTarget": theirs}
    stamp = carol.post(extra={"type": "QuoteAuthorization", **stands}).post
    inner = {"type": "QuoteRequest", "id": asked["id"], "actor": alice.actor}
    inner |= {"object": theirs, "instrument": mine}
    tells(carol, alice, "Accept", inner, result=stamp)
    update = bob.wait_for("Update", contains=stamp)["object"]
    assert (update["quote"], update["quoteAuthorization"]) == (theirs, stamp)
    until(lambda: f"the original by {carol.name}" in page_of(alice, event))
    tells(carol, alice, "Delete", {"id": stamp, "type": "QuoteAuthorization", **stands})
    alice.told("does not let you quote their post")
    until(lambda: "quote" not in json.loads(served(mine)))
    assert f"the original by {carol.name}" not in page_of(alice, event)


def test_who_quotes_somebody_here_gets_a_stamp_until_it_is_taken_back(
    town: Stage, alice: Resident
) -> None:
    bob = friend(town, alice, "bob")
    event = alice.post(f"quotable, {bob.name}")
    mine = alice.uri(event)
    bob.wait_for("Create", contains=mine)
    theirs = bob.post(f"look, says {bob.name}", extra={"quote": mine}).activity["object"]
    tells(bob, alice, "QuoteRequest", mine, instrument=theirs)
    accept = bob.wait_for("Accept", contains=theirs["id"])
    stamp = json.loads(served(accept["result"]))
    assert (stamp["interactingObject"], stamp["interactionTarget"]) == (theirs["id"], mine)
    alice.told(f"{bob.acct}) quotes your post")
    alice.ask(f"unquote {theirs['id']}", "may no longer quote you there")
    told = bob.wait_for("Delete", contains=accept["result"])
    assert told["object"]["id"] == accept["result"]
    with pytest.raises(urllib.error.HTTPError, match="410"):
        served(accept["result"])


# ---- pins


def test_what_is_pinned_on_either_side_is_on_the_other(town: Stage, alice: Resident) -> None:
    bob = friend(town, alice, "bob")
    bob.update_profile(featured=f"{bob.id}/collections/featured")
    event = alice.post(f"on top, {bob.name}")
    bob.wait_for("Create", contains=alice.uri(event))
    alice.person.put_state(alice.room, PINNED, {"pinned": [event]})
    added = bob.wait_for("Add", contains=alice.uri(event))
    assert added["target"] == f"{alice.actor}/featured"
    listed = json.loads(served(f"{alice.actor}/featured"))["orderedItems"]
    assert listed == [alice.uri(event)]
    alice.person.put_state(alice.room, PINNED, {"pinned": []})
    bob.wait_for("Remove", contains=alice.uri(event))
    assert json.loads(served(f"{alice.actor}/featured"))["totalItems"] == 0

    room = read(town, alice, bob)
    post = bob.post(f"mine on top, {bob.name}").post
    shown = alice.sees(f"mine on top, {bob.name}", room=room)
    tells(bob, alice, "Add", post, target=f"{bob.id}/collections/featured")
    until(lambda: pinned(alice, room) == [shown["event_id"]])
    tells(bob, alice, "Remove", post, target=f"{bob.id}/collections/featured")
    until(lambda: pinned(alice, room) == [])


def pinned(alice: Resident, room: str) -> list[str] | None:
    state = alice.person.state(room, PINNED)
    return None if state is None else list(state["pinned"])
