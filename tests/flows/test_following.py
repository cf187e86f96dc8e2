"""Stories of following, both ways, told only through the public edges."""

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.fakes.world import Resident, World, followers, outcome


def test_a_follow_from_next_door_is_accepted_and_told_in_the_desk(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    follow = bob.follow(alice.handle)
    assert follow.statuses == [202]
    world.settle()
    assert bob.received("Accept")[0]["activity"]["object"]["id"] == follow.id
    assert followers(alice.actor) == {bob.id}
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 1
    assert any(bob.acct in line for line in alice.answers())
