"""Who comes and goes, and what the owner's room says of the profile."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Block
from tests.fakes.world import Resident, World, followers, post_of

BOT = "@_ap_bot:hs.test"


@pytest.mark.parametrize(
    ("kind", "content", "field", "value"),
    [
        ("m.room.name", {"name": "Alice in Wonderland"}, "name", "Alice in Wonderland"),
        ("m.room.topic", {"topic": "Down the hole"}, "summary", "<p>Down the hole</p>"),
        ("m.room.join_rules", {"join_rule": "knock"}, "manuallyApprovesFollowers", True),
        ("social.ownroom.profile", {"v": 1, "locked": True}, "manuallyApprovesFollowers", True),
        ("social.ownroom.profile", {"v": 1, "discoverable": False}, "discoverable", False),
    ],
)
def test_what_the_owner_says_of_the_room_is_said_of_the_profile(
    world: World,
    alice: Resident,
    bob: Neighbour,
    kind: str,
    content: dict[str, object],
    field: str,
    value: object,
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.person.put_state(alice.room, kind, content)
    world.settle()
    assert world.json(alice.actor)[field] == value
    world.let_time_pass()
    world.settle()
    assert bob.received("Update")[-1]["activity"]["object"][field] == value


@pytest.mark.parametrize("name", [7, None, ["x"], {"a": 1}])
def test_a_name_that_is_none_is_taken_for_none(world: World, alice: Resident, name: object) -> None:
    alice.person.put_state(alice.room, "m.room.name", {"name": name})
    world.settle()
    assert world.get(alice.actor)[0] == 200


def test_a_ban_is_a_block_and_its_end_an_unblock(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.post("nonsense", reply_to=post_of(event))
    world.settle()
    (ghost,) = (e["sender"] for e in alice.seen("nonsense"))
    alice.person.ban(alice.room, ghost)
    world.settle()
    assert Block.objects.count() == 1
    alice.person.unban(alice.room, ghost)
    world.settle()
    assert not Block.objects.exists()
    assert bob.received("Undo")


def test_a_kick_removes_a_follower(world: World, alice: Resident, bob: Neighbour) -> None:
    event = alice.post("hello")
    world.settle()
    bob.follow(alice.handle)
    bob.post("nonsense", reply_to=post_of(event))
    world.settle()
    (ghost,) = (e["sender"] for e in alice.seen("nonsense"))
    alice.person.kick(alice.room, ghost)
    world.settle()
    assert not followers(alice.actor)
    assert bob.received("Reject")


def test_the_bot_that_is_invited_again_publishes_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.person.kick(alice.room, BOT)
    world.settle()
    alice.person.invite(alice.room, BOT)
    world.settle()
    alice.post("together again")
    world.settle()
    assert bob.received("Create", contains="together again")


def test_an_invitation_by_a_stranger_makes_no_profile(world: World, alice: Resident) -> None:
    stranger = world.person("stranger")
    room = stranger.create_room(preset="private_chat", invite=[BOT])
    world.settle()
    assert room in stranger.rooms()
    assert world.get("/@stranger", "text/html")[0] == 404
