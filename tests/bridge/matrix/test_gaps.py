"""What the homeserver forgot to push is found in the rooms, and keeps its turn."""

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import gaps
from tests.fakes.world import Resident, World


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
