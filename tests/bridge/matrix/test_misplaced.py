"""What is meant for the bot is said to nobody else, wherever it is typed."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import registration
from tests.bridge.matrix.test_commands import ask
from tests.fakes.world import Resident, World, post_of
from tests.flows.rooms import circle


@pytest.mark.parametrize(
    "line", ["!block @mallory@far.example", "!ownroom status", "!HELP", "help"]
)
def test_a_word_to_the_bot_in_a_room_of_ones_own_is_published_to_nobody(
    world: World, alice: Resident, bob: Neighbour, line: str
) -> None:
    bob.follow(alice.handle)
    for room in (alice.room, circle(world, alice)):
        alice.person.send(room, line)
        world.settle()
        assert f"Say it here instead: `{line}`" in alice.answers()[-1]
    assert not bob.received("Create")
    assert line not in world.page("/@alice")


@pytest.mark.parametrize(
    "line",
    ["follow @mallory@far.example", "Mute mallory@far.example for 7d", "block @_ap_x=40y:hs.test"],
)
def test_a_command_about_somebody_typed_where_one_posts_tells_neither_them_nor_anybody(
    world: World, alice: Resident, bob: Neighbour, line: str
) -> None:
    bob.follow(alice.handle)
    for room in (alice.room, circle(world, alice)):
        alice.person.send(room, line)
        world.settle()
        assert f"Say it here instead: `{line}`" in alice.answers()[-1]
        assert "write it there again with one more word" in alice.answers()[-1]
    assert not bob.received("Create")
    assert "mallory" not in world.page("/@alice")


def test_whom_somebody_recommends_or_answers_with_is_a_post(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    said = ["follow your heart", "Follow @zoe@far.example!", "follow @zoe@far.example, all of you"]
    for number, words in enumerate([*said, "follow @zoe@far.example\nshe sails", "follow"]):
        alice.post(words)
        world.settle()
        assert len(bob.received("Create")) == number + 1, words
    asked = bob.post("whom shall I follow?", mentions=[alice.actor], reply_to=alice_post(alice))
    world.settle()
    (event,) = alice.seen("whom shall I follow?")
    alice.person.reply(alice.room, event["event_id"], "follow @zoe@far.example")
    world.settle()
    assert bob.received("Create")[-1]["activity"]["object"]["inReplyTo"] == asked.post


def alice_post(alice: Resident) -> str:
    return post_of(alice.timeline()[0]["event_id"])


@pytest.mark.parametrize("line", ["help is on its way", "!important", "!cw !block", "block party"])
def test_what_only_looks_a_little_like_it_is_a_post(
    world: World, alice: Resident, bob: Neighbour, line: str
) -> None:
    bob.follow(alice.handle)
    alice.post(f"{line}\nmore")
    world.settle()
    assert bob.received("Create", contains="more")


def test_in_a_room_that_is_nobodys_the_bot_says_what_it_knows_there(
    world: World, alice: Resident
) -> None:
    room = alice.person.create_room(invite=[registration.load().bot])
    world.settle()
    alice.person.send(room, "help")  # of people among themselves
    world.settle()
    before = len(alice.timeline(room))
    alice.person.send(room, "!ownroom help")
    world.settle()
    said = alice.timeline(room)
    assert len(said) == before + 2
    assert "`!ownroom link`" in said[-1]["content"]["body"]
    assert alice.desk in said[-1]["content"]["formatted_body"]


def test_a_guest_at_a_desk_hears_once_whom_the_bot_listens_to(
    world: World, alice: Resident
) -> None:
    guest = world.person("guest")
    alice.person.invite(alice.desk, guest.user_id)
    guest.join(alice.desk)
    for _ in range(2):
        guest.send(alice.desk, "followers")
        world.settle()
    (told,) = [line for line in alice.answers() if "conversation with me" in line]
    assert alice.person.user_id in told


def test_a_picture_or_a_changed_line_at_the_desk_is_answered(world: World, alice: Resident) -> None:
    event = alice.tell_bot("stats")
    world.settle()
    assert "Did you mean: status?" in alice.answers()[-1]
    alice.person.edit(alice.desk, event, "status")
    world.settle()
    assert "Please type it once more" in alice.answers()[-1]
    alice.person.send(alice.desk, "cat.png", msgtype="m.image", url="mxc://hs.test/x")
    world.settle()
    assert ask(world, alice, "   ") == "That line says nothing. Type help to see what I do."


def test_a_word_to_nobody_in_the_room_of_another_is_told_to_be_one_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    for word in ("hello everybody", "is there anybody"):
        alice.person.send(mirror, word)
        world.settle()
    (told,) = [line for line in alice.answers() if "went nowhere" in line]
    assert "with a reply to it" in told
    bob.post("something to answer")
    world.settle()
    (event,) = alice.seen("something to answer", mirror)
    alice.person.reply(mirror, event["event_id"], "an answer")
    world.settle()
    assert len([line for line in alice.answers() if "went nowhere" in line]) == 1
