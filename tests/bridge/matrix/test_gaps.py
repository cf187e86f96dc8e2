"""What a homeserver forgot to push is read from the rooms, each event once and in its place."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import gaps
from bridge.models import Received, Room
from tests.fakes.world import Resident, World


@pytest.fixture
def read(world: World, alice: Resident) -> Resident:
    gaps.close()
    world.settle()
    return alice


def keys() -> list[str]:
    return list(Received.objects.order_by("id").values_list("key", flat=True))


def test_what_stood_there_before_is_for_a_rebuild(world: World, alice: Resident) -> None:
    old = alice.post("before")
    world.home.lose()
    Room.objects.update(place="")
    gaps.close()
    assert old not in keys()


def test_missed_events_are_received_in_their_order(world: World, read: Resident) -> None:
    missed = [read.post(f"missed {number}") for number in range(3)]
    world.home.lose()
    gaps.close()
    assert [key for key in keys() if key in missed] == missed
    before = len(keys())
    gaps.close()
    assert len(keys()) == before


def test_more_than_a_page_is_read_on(world: World, read: Resident) -> None:
    missed = [read.post(f"missed {number}") for number in range(gaps.PAGE + 5)]
    world.home.lose()
    gaps.close()
    assert [key for key in keys() if key in missed] == missed


def test_what_was_missed_takes_its_turn_before_what_came(world: World, read: Resident) -> None:
    missed = read.post("missed")
    world.home.lose()
    pushed = read.post("pushed")
    world.home.push()
    gaps.close()
    assert [key for key in keys() if key in {missed, pushed}] == [missed, pushed]


def test_a_homeserver_in_trouble_is_asked_again_later(world: World, read: Resident) -> None:
    missed = read.post("missed")
    world.home.lose()
    world.home.trouble = "500"
    gaps.close()
    assert missed not in keys()
    world.home.recover()
    gaps.close()
    assert missed in keys()


def test_a_room_that_put_us_out_is_not_read(world: World, read: Resident) -> None:
    read.person.kick(read.room, "@_ap_bot:hs.test")
    world.settle()
    read.post("alone again")
    world.home.lose()
    gaps.close()
    assert not Room.objects.get(room_id=read.room).ready
    assert "alone again" not in str(list(Received.objects.values_list("body", flat=True)))


def told(bob: Neighbour) -> list[str]:
    return [one["activity"]["object"]["content"] for one in bob.received("Create")]


def test_what_was_forgotten_goes_out_before_what_came_after_it(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.post("one")
    alice.post("two")
    world.home.waiting.clear()
    alice.post("three")
    world.settle()
    assert told(bob) == ["<p>one</p>", "<p>two</p>", "<p>three</p>"]


def test_a_silent_room_is_read_on_by_the_clock(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.post("unheard")
    world.home.waiting.clear()
    world.settle()
    assert told(bob) == []
    gaps.close()
    world.settle()
    assert told(bob) == ["<p>unheard</p>"]


def test_a_homeserver_that_cannot_be_asked_holds_up_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.post("before the fall")
    world.home.push()
    world.home.trouble = "500"
    world.settle()
    assert told(bob) == ["<p>before the fall</p>"]
