"""Whoever asks not to be bridged is carried into no room, and can still speak to people here."""

import pytest
from django.utils import timezone

from bridge.activitypub import actors
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received
from social import policy
from social.models import Actor
from tests.fakes.world import Resident, World, post_of
from tests.flows.quotes import quote
from tests.rebuilt import lost_and_rebuilt

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


@pytest.mark.parametrize("seen", ["told", "looked up", "found with a post"])
def test_a_mark_set_later_takes_down_what_stands_here(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, seen: str
) -> None:
    for resident in (alice, ada):
        world.friends(bob, resident)
    carol = world.neighbour("carol", host=1)
    world.friends(carol, ada)
    shown = bob.post("for my readers").post
    event = ada.post("a question")
    world.settle()
    bob.post("an answer", reply_to=post_of(event))
    carol.boost(shown)
    carol.post("indeed", extra={"quote": shown})
    world.settle()
    mirror, other = world.mirror(bob, alice), world.mirror(carol, ada)
    assert alice.seen("for my readers", mirror)
    assert ada.seen("for my readers", other)
    bob.update_profile(summary="<p>#nobridge</p>")
    if seen != "told":
        _see(world, ada, bob, carol, seen)
    world.settle()
    stands = str([event for room in world.home.rooms.values() for event in room.events])
    assert "for my readers" not in stands
    assert ada.seen("an answer")  # what was said to people here is theirs, too
    assert len(bob.received("Undo")) == 2
    assert not alice.row().follows_out.exists()
    assert alice.person.user_id not in alice.person.members(mirror, "join")
    assert "asks not to be bridged" in " ".join(alice.answers())
    lost_and_rebuilt()
    assert not alice.row().follows_out.exists()
    assert policy.opted_out(Actor.objects.get(uri=bob.id))


def _see(world: World, ada: Resident, bob: Neighbour, carol: Neighbour, seen: str) -> None:
    """The `Update` was lost, and a day later their server is asked for another reason."""
    Received.objects.filter(state="waiting").delete()
    known = Actor.objects.filter(uri=bob.id)
    known.update(fetched=timezone.now() - actors.FRESH)
    match seen:
        case "looked up":
            ada.tell_bot(f"mute {bob.handle}")
        case "found with a post":
            written = bob.post("unheard of").post
            Received.objects.filter(state="waiting").delete()
            carol.boost(written)


def test_whoever_takes_the_mark_away_is_read_again_by_those_who_ask(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.post("for my readers")
    world.settle()
    mirror = world.mirror(bob, alice)
    bob.update_profile(summary="<p>#nobridge</p>")
    world.settle()
    bob.update_profile(summary="<p>come in</p>")
    world.settle()
    bob.post("unheard")
    world.settle()
    assert "unheard" not in str(world.home.rooms[mirror].events)
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    alice.person.join(mirror)
    bob.post("heard again")
    world.settle()
    for words in ("for my readers", "unheard", "heard again"):
        assert alice.seen(words, mirror), words


def test_no_card_shows_their_posts(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    shy = world.neighbour("shy", summary="<p>#nobot</p>")
    shown = shy.post("not for cards")
    bob.boost(shown.post)
    world.settle()
    assert not alice.seen("not for cards", world.mirror(bob, alice))


def test_no_quote_shows_their_words(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    shy = world.neighbour("shy", summary="<p>#nobot</p>")
    quote(bob, shy.post("not for quotes").post, by=shy)
    world.settle()
    mirror = world.mirror(bob, alice)
    assert alice.seen("hear hear", mirror)
    assert not alice.seen("not for quotes", mirror)


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
