"""Polls, quotes with consent, and pins: asked and answered by Matrix clients and by Fedify."""

import time
from typing import Any

import pytest

from bridge.demo.person import Event
from tests.live.fedify.peer import Fedify, mirrored, shown
from tests.live.stage import Resident, Town, after, containing, until
from tests.live.test_polls import PINNED, POLL, TEXT, asks, chooses, ends, found

pytestmark = pytest.mark.live


# ---- polls


@pytest.mark.parametrize("kind", ["disclosed", "undisclosed"])
def test_fedify_votes_in_a_poll_asked_in_matrix_and_hears_the_counts(
    alice: Resident, follower: Fedify, kind: str
) -> None:
    fay = follower
    poll = asks(alice, f"What, {fay.mark}?", kind)
    asked = fay.reads("Create", alice.uri(poll))["object"]
    assert (asked["class"], asked["voters"]) == ("Question", 0)
    open_to_all = kind == "disclosed"
    assert counts(asked) == ({"Tea": 0, "Coffee": 0} if open_to_all else {})
    assert asked["endTime"]
    fay.do("vote", poll=alice.uri(poll), choice="Coffee")
    alice.person.wait_for(alice.desk, lambda one: votes_for(one, alice.uri(poll)))
    chooses(alice.person, alice.room, poll, "tea")
    ends(alice.person, alice.room, poll)
    over = fay.reads("Update", '"closed"')["object"]
    assert (counts(over), over["voters"]) == ({"Tea": 1, "Coffee": 1}, 2)
    closed = after(poll, containing("The poll is closed (2 people)"))
    assert "Coffee: 1" in alice.person.wait_for(alice.room, closed)["content"]["body"]
    fay.do("vote", poll=alice.uri(poll), choice="Tea")  # too late
    alice.ask("help", "follow")
    assert counts(fay.do("look", what=alice.uri(poll))) == {"Tea": 1, "Coffee": 1}


def votes_for(line: Event, poll: str) -> bool:
    return line["content"].get("op") == "vote" and poll in str(line["content"])


def counts(question: Any) -> dict[str, int]:
    options = question["exclusiveOptions"]
    assert [one["name"] for one in options] == ["Tea", "Coffee"]
    counted = {one["name"]: one["replies"].get("totalItems") for one in options}
    return {name: votes for name, votes in counted.items() if votes is not None}


def test_a_poll_on_fedify_is_voted_in_from_its_room_counted_and_ended(
    alice: Resident, fay: Fedify
) -> None:
    mirror = mirrored(alice, fay)
    asked = fay.posts(f"what, {fay.mark}?", options=["Tea", "Coffee"])
    event = found(alice.person, mirror, f"{POLL}.start", asked)
    start = event["content"][f"{POLL}.start"]
    assert [one[TEXT] for one in start["answers"]] == ["Tea", "Coffee"]
    assert start["max_selections"] == 1
    chooses(alice.person, mirror, event["event_id"], start["answers"][1]["id"])
    vote = fay.reads("Create", asked)
    assert (vote["actorId"], vote["object"]["class"]) == (alice.actor, "Note")
    assert (vote["object"]["name"], vote["object"]["replyTargetId"]) == ("Coffee", asked)
    assert "content" not in vote["object"]
    fay.do("count", poll=asked, votes={"Tea": 0, "Coffee": 1}, voters=1, over=True)
    end = found(alice.person, mirror, f"{POLL}.end", event["event_id"])
    assert end["sender"] == event["sender"]
    assert "Coffee: 1" in end["content"][TEXT]


def test_the_counts_of_an_open_poll_are_told_both_ways_a_minute_later(
    town: Town, alice: Resident, follower: Fedify
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    poll = asks(alice, f"Still open, {fay.mark}?")
    mine = alice.uri(poll)
    fay.wait_for("Create", mine)
    theirs = fay.posts(f"open too, {fay.mark}?", options=["Tea", "Coffee"])
    start = found(alice.person, mirror, f"{POLL}.start", theirs)
    fay.do("count", poll=theirs, votes={"Tea": 3, "Coffee": 5}, voters=8)
    fay.do("vote", poll=mine, choice="Coffee")  # what came before it from there is counted by then
    alice.person.wait_for(alice.desk, lambda one: votes_for(one, mine))
    let_a_minute_pass(town, mine, theirs)
    told = fay.reads("Update", mine)["object"]
    assert (counts(told), told["voters"]) == ({"Tea": 0, "Coffee": 1}, 1)
    assert "closed" not in told
    assert counts(fay.do("look", what=mine)) == counts(told)
    alice.person.wait_for(mirror, after(start["event_id"], containing("Coffee: 5")))


def let_a_minute_pass(town: Town, *polls: str) -> None:
    """What would be told of each in a minute, and is not yet, is due now."""
    soon = f"Post.objects.filter(uri__in={polls}, poll_due__lte={(time.time() + 60) * 1000:.0f})"
    code = f"from social.models import Post; print({soon}.update(poll_due=0))"
    assert town.server.manage("shell", "--no-imports", "-c", code).split() == [str(len(polls))]


def test_several_answers_may_be_chosen_where_fedify_lets_them(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    asked = fay.posts(f"which, {fay.mark}?", options=["Tea", "Coffee"], multiple=True)
    event = found(alice.person, mirror, f"{POLL}.start", asked)
    assert event["content"][f"{POLL}.start"]["max_selections"] == 2
    offered = event["content"][f"{POLL}.start"]["answers"]
    both = {"answers": [one["id"] for one in offered]}
    related = {"rel_type": "m.reference", "event_id": event["event_id"]}
    content = {f"{POLL}.response": both, "m.relates_to": related}
    alice.person.send_event(mirror, f"{POLL}.response", content)
    for name in ("Tea", "Coffee"):
        assert fay.reads("Create", f'"name": "{name}"')["object"]["replyTargetId"] == asked


# ---- quotes (FEP-044f)


def test_alice_asks_fedify_for_a_quote_and_shows_it_while_it_is_allowed(
    alice: Resident, follower: Fedify
) -> None:
    fay, mirror = follower, mirrored(alice, follower)
    theirs = fay.posts(f"the original by {fay.mark}", quotable="ask")
    alice.sees(f"the original by {fay.mark}", room=mirror)
    mine = alice.uri(alice.post(f"so true, {fay.mark}\n{theirs}"))
    asked = fay.wait_for("QuoteRequest", mine)
    assert (asked["read"]["objectId"], asked["read"]["instrument"]["id"]) == (theirs, mine)
    assert asked["read"]["instrument"]["quoteId"] == theirs
    stamp = fay.do("letQuote", request=asked)["result"]
    update = fay.reads("Update", stamp)["object"]
    assert (update["quoteId"], update["quoteAuthorizationId"]) == (theirs, stamp)
    fay.do("takeBack", stamp=stamp, to=alice.actor)
    notice = alice.told(f"{fay.acct}) does not let you quote their post")
    assert mine in notice["content"]["formatted_body"]
    until(lambda: "quote" not in (shown(mine) or {"quote"}))


def test_what_fedify_does_not_let_alice_quote_is_not_quoted(alice: Resident, fay: Fedify) -> None:
    mirror = mirrored(alice, fay)
    theirs = fay.posts(f"not yours, {fay.mark}", quotable="ask")
    alice.sees(f"not yours, {fay.mark}", room=mirror)
    mine = alice.uri(alice.post(f"look, {fay.mark}\n{theirs}"))
    asked = fay.wait_for("QuoteRequest", mine)
    assert shown(mine)["quote"] == theirs
    fay.do("refuseQuote", request=asked)
    notice = alice.told(f"{fay.acct}) does not let you quote their post")
    assert mine in notice["content"]["formatted_body"]
    until(lambda: "quote" not in shown(mine))


def test_fedify_is_given_a_stamp_until_alice_takes_it_back(
    alice: Resident, follower: Fedify
) -> None:
    fay = follower
    mine = alice.uri(alice.post(f"quotable, {fay.mark}"))
    created = fay.reads("Create", mine)["object"]
    assert created["canQuote"] == ["https://www.w3.org/ns/activitystreams#Public"]
    theirs = fay.posts(f"look, says {fay.mark}", quote=mine)
    fay.do("askToQuote", post=theirs)
    accept = fay.reads("Accept", theirs)
    assert accept["object"]["class"] == "QuoteRequest"
    stamp = fay.do("look", what=accept["resultId"])
    assert (stamp["class"], stamp["attributionId"]) == ("QuoteAuthorization", alice.actor)
    assert (stamp["interactingObjectId"], stamp["interactionTargetId"]) == (theirs, mine)
    alice.told(f"{fay.acct}) quotes your post")
    alice.ask(f"unquote {theirs}", "may no longer quote you there")
    gone = fay.reads("Delete", stamp["id"])["object"]
    assert (gone["class"], gone["id"]) == ("QuoteAuthorization", stamp["id"])
    until(lambda: shown(stamp["id"]) is None)


def test_fedify_is_refused_a_quote_of_somebody_who_wants_none(town: Town, fay: Fedify) -> None:
    nils = town.resident(f"nils{fay.mark}")
    nils.ask("set quotes nobody", "uote")
    mine = nils.uri(nils.post(f"not for quotes, {fay.mark}"))
    until(lambda: shown(mine))
    assert fay.do("look", what=mine)["canQuote"] == [nils.actor]
    theirs = fay.posts(f"even so, says {fay.mark}", quote=mine)
    fay.do("askToQuote", post=theirs)
    refused = fay.reads("Reject", theirs)
    assert (refused["actorId"], refused["object"]["class"]) == (nils.actor, "QuoteRequest")


# ---- pins


def test_what_alice_pins_fedify_reads_in_her_collection(alice: Resident, follower: Fedify) -> None:
    fay = follower
    event = alice.post(f"on top, {fay.mark}")
    fay.wait_for("Create", alice.uri(event))
    alice.person.put_state(alice.room, PINNED, {"pinned": [event]})
    added = fay.reads("Add", alice.uri(event))
    assert added["targetId"] == f"{alice.actor}/featured"
    (top,) = fay.do("featured", of=alice.actor)
    assert (top["class"], top["id"]) == ("Note", alice.uri(event))
    alice.person.put_state(alice.room, PINNED, {"pinned": []})
    removed = fay.reads("Remove", alice.uri(event))
    assert removed["targetId"] == f"{alice.actor}/featured"
    assert fay.do("featured", of=alice.actor) == []


def test_what_fedify_pins_is_pinned_in_its_room(alice: Resident, fay: Fedify) -> None:
    early = fay.posts(f"pinned before, {fay.mark}")
    fay.do("pin", post=early)
    mirror = mirrored(alice, fay)  # what stands in the collection then is read
    before = alice.sees(f"pinned before, {fay.mark}", room=mirror)["event_id"]
    until(lambda: pins(alice, mirror) == [before])
    late = fay.posts(f"pinned later, {fay.mark}")
    after = alice.sees(f"pinned later, {fay.mark}", room=mirror)["event_id"]
    fay.do("pin", post=late)
    until(lambda: set(pins(alice, mirror)) == {before, after})
    fay.do("unpin", post=late)
    until(lambda: pins(alice, mirror) == [before])


def pins(alice: Resident, room: str) -> list[str]:
    return list((alice.person.state(room, PINNED) or {}).get("pinned", []))
