"""Whoever asks not to be bridged is carried into no room, and can still speak to people here."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social import policy
from social.models import Actor
from tests.fakes.world import Resident, World, post_of

MARKS = {
    "in the words": {"summary": "<p>I like rooms of my own. #NoBridge</p>"},
    "in the bio, as a link": {
        "summary": '<p>hello <a href="https://n.example/tags/nobot">#<span>nobot</span></a></p>'
    },
    "in a field": {
        "attachment": [{"type": "PropertyValue", "name": "bots", "value": "#nobridge please"}]
    },
}


@pytest.mark.parametrize("where", MARKS)
def test_who_asks_not_to_be_bridged_is_followed_by_nobody(
    world: World, alice: Resident, where: str
) -> None:
    shy = world.neighbour("shy", **MARKS[where])
    alice.tell_bot(f"follow {shy.handle}")
    world.settle()
    assert "not to be bridged" in alice.answers()[-1]
    assert not shy.received("Follow")
    assert not alice.row().follows_out.exists()


def test_a_mark_set_later_ends_the_mirroring(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    bob.post("before")
    world.settle()
    mirror = world.mirror(bob, alice)
    assert alice.seen("before", mirror)
    bob.update_profile(summary="<p>#nobridge</p>")
    world.settle()
    bob.post("afterwards")
    world.settle()
    assert not alice.seen("afterwards", mirror)


def test_no_card_shows_their_posts(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    shy = world.neighbour("shy", summary="<p>#nobot</p>")
    shown = shy.post("not for cards")
    bob.boost(shown.post)
    world.settle()
    assert not alice.seen("not for cards", world.mirror(bob, alice))


def test_their_answers_and_letters_arrive(world: World, alice: Resident) -> None:
    shy = world.neighbour("shy", summary="<p>#nobot</p>")
    event = alice.post("a question")
    world.settle()
    shy.post("an answer", reply_to=post_of(event), mentions=[alice.handle])
    shy.post("a letter", to="direct", mentions=[alice.handle])
    world.settle()
    assert alice.seen("an answer")
    rooms = [room.id for room in world.home.rooms.values()]
    assert any("a letter" in str(world.home.rooms[room].events) for room in rooms)


def test_the_mark_counts_in_a_name_too(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    bob.update_profile(name="Bob #nobridge")
    world.settle()
    assert policy.opted_out(Actor.objects.get(uri=bob.id))


@pytest.mark.parametrize("words", ["#nobridges", "nobridge", "no bots", "#nobotany"])
def test_other_words_say_nothing(world: World, alice: Resident, words: str) -> None:
    one = world.neighbour("loud", summary=f"<p>{words}</p>")
    alice.tell_bot(f"follow {one.handle}")
    world.settle()
    assert one.received("Follow")
