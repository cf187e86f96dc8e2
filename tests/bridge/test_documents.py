"""What stands at our URIs: bytes that were made once, follow edits, and go with a deletion."""

import json

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Document
from tests.fakes.world import Resident, World, post_of


def test_the_bytes_that_are_served_are_the_bytes_that_were_sent(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    uri = post_of(alice.post("word for word"))
    world.settle()
    (sent,) = bob.received("Create")
    assert world.get(f"{uri}/create")[1].decode() == sent["text"]
    assert world.get(f"{uri}/create")[1] == world.get(f"{uri}/create")[1]


def test_after_an_edit_the_old_words_stand_nowhere(world: World, alice: Resident) -> None:
    event = alice.post("old words")
    world.settle()
    alice.person.edit(alice.room, event, "new words")
    world.settle()
    uri = post_of(event)
    for path in (uri, f"{uri}/create"):
        status, body = world.get(path)
        assert status == 200
        assert b"new words" in body
        assert b"old words" not in body
    assert not Document.objects.filter(body__contains="old words").exists()


def test_after_a_deletion_the_words_stand_nowhere(world: World, alice: Resident) -> None:
    event = alice.post("old words")
    world.settle()
    edit = alice.person.edit(alice.room, event, "new words")
    world.settle()
    alice.person.redact(alice.room, event)
    world.settle()
    uri = post_of(event)
    for path in (uri, f"{uri}/create", f"{uri}/update/{edit[1:]}"):
        status, body = world.get(path)
        assert status == 410, path
        assert json.loads(body)["type"] == "Tombstone"
    assert world.get(f"{uri}/delete")[0] == 200
    assert not Document.objects.filter(body__contains=" words").exists()


def test_every_act_of_ours_can_be_fetched_by_its_id(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("hello")
    world.settle()
    alice.person.edit(alice.room, event, "hello again")
    alice.person.redact(alice.room, event)
    world.settle()
    for one in bob.received():
        if one["actor"] == alice.actor and one["type"] in {"Create", "Update", "Delete", "Follow"}:
            assert world.get(one["id"])[0] in {200, 410}, one["id"]


def test_an_act_that_was_taken_back_is_not_served_any_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.post("boost me")
    world.settle()
    room = world.mirror(bob, alice)
    (shown,) = alice.seen("boost me", room)
    arrows = "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"
    boost = alice.person.react(room, shown["event_id"], arrows)
    world.settle()
    assert world.get(f"{world.url}/ap/a/{boost[1:]}")[0] == 200
    alice.person.redact(room, boost)
    world.settle()
    assert bob.received("Undo")
    assert world.get(f"{world.url}/ap/a/{boost[1:]}")[0] == 410
