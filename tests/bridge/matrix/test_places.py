"""Which room an act is told in: a table of acts and places."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import conversations, places
from bridge.models import Room
from social.acts import Content, Publish
from social.models import Delivery
from tests.fakes.world import Resident, World, post_of
from tests.social.web.cast import NOON, local, remote


def told() -> set[str]:
    """What waits to be told in Matrix: "what kind", without whose."""
    rows = Delivery.objects.filter(network="matrix").values_list("to", flat=True)
    words = ([part for part in to.split(" ") if "://" not in part] for to in rows)
    return {" ".join(part for part in found if len(part) < 64) for found in words}  # no keys


@pytest.fixture
def friend(world: World, alice: Resident, bob: Neighbour) -> Neighbour:
    world.friends(bob, alice)
    Delivery.objects.all().delete()
    return bob


def test_the_owners_post_is_noted_in_their_room(world: World, alice: Resident) -> None:
    Delivery.objects.all().delete()
    alice.post("hello")
    world.settle()
    assert told() == {"receipt profile"}


def test_a_followed_actors_post_goes_to_the_mirror(world: World, friend: Neighbour) -> None:
    friend.post("hello")
    world.settle()
    assert told() == {"event mirror"}


def test_an_answer_goes_to_the_room_where_the_conversation_began(
    world: World, alice: Resident, friend: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    Delivery.objects.all().delete()
    friend.post("hi", reply_to=post_of(event))
    world.settle()
    assert told() == {"event profile"}


def test_a_mention_is_told_in_the_desk_too(
    world: World, alice: Resident, friend: Neighbour
) -> None:
    friend.post("hello", mentions=[alice.handle])
    world.settle()
    assert told() == {"event mirror", "notice"}


@pytest.mark.parametrize(("audience", "room"), [("private", "mirror"), ("direct", "direct")])
def test_what_is_not_for_everybody_goes_only_where_nobody_else_reads(
    world: World, alice: Resident, friend: Neighbour, audience: str, room: str
) -> None:
    friend.post("psst", to=audience, mentions=[alice.handle])
    world.settle()
    assert told() == {f"event {room}"}


def test_a_post_of_nobody_we_follow_goes_nowhere(world: World, alice: Resident) -> None:
    Delivery.objects.all().delete()
    world.neighbour("stranger").post("hello", mentions=[alice.handle])
    world.settle()
    assert told() == {"notice"}


def test_a_lane_of_a_very_long_name_fits_and_stays_its_own() -> None:
    long = "mirror https://far.example/" + "x" * 400
    assert len(places.lane(long)) <= 300
    assert places.lane(long) != places.lane(long + "y")
    assert places.lane(long).startswith("matrix mirror ")


@pytest.mark.django_db
def test_of_more_people_than_a_room_takes_those_here_are_in_it_each_time_the_same() -> None:
    bob = remote("bob")
    crowd = [remote(str(n), uri=f"http://a.example/{n:02}") for n in range(conversations.MOST)]
    alice = local("alice")
    named = tuple(one.uri for one in (*crowd, alice))
    words = Content(html="<p>psst</p>")
    for audience in (named, named[::-1]):
        letter = Publish(
            author=bob.uri,
            post=f"{bob.uri}/1",
            content=words,
            visibility="limited",
            published=NOON,
            audience=audience,
        )
        room = conversations.of(letter, bob)
        assert room
        assert alice in room.people.all()
    assert Room.objects.filter(kind="direct").count() == 1
