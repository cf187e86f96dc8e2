"""Stories of a homeserver in trouble: others notice nothing, and all comes through, once."""

import pytest

from bridge import delivering, lanes, processing, tasks
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received, Room
from social.models import Delivery
from tests.fakes.world import PATIENCE, Resident, World, post_of


@pytest.mark.parametrize("trouble", ["429", "500"])
def test_what_comes_while_the_homeserver_refuses_appears_later_once(
    world: World, alice: Resident, bob: Neighbour, trouble: str
) -> None:
    event = alice.post("hello")
    world.settle()
    world.home.trouble = trouble
    sent = [bob.post(f"answer {number}", reply_to=post_of(event)) for number in range(3)]
    assert [one.statuses for one in sent] == [[202]] * 3
    world.settle()
    world.let_time_pass()
    world.settle()
    assert world.home.met >= 2
    assert "answer 2" in world.page(post_of(event))  # readers on the web need not wait
    assert not alice.seen("answer")
    world.home.recover()
    world.let_time_pass()
    world.settle()
    assert [e["content"]["body"].split()[-1] for e in alice.seen("answer")] == ["0", "1", "2"]
    assert not Delivery.objects.exclude(state="done").exists()


def test_what_is_taken_back_while_the_homeserver_is_away_does_not_stay(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("who likes this?")
    world.settle()
    bob.post("I do", reply_to=post_of(event))
    world.settle()
    world.home.trouble = "500"
    like, boost = bob.like(post_of(event)), bob.boost(post_of(event))
    world.settle()
    for one in (like, boost):
        bob.undo(one.id)
    world.settle()
    world.home.recover()
    for _ in range(2):
        world.let_time_pass()
        world.settle()
    assert not alice.timeline(kind="m.reaction")
    assert not alice.seen("boosted")


def test_what_comes_while_the_homeserver_hangs_appears_later_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.post("first", reply_to=post_of(event))
    world.home.hang()
    for lane in lanes.due(Received):
        processing.drain(lane)
    waiting = delivering.drain(lanes.due(Delivery))
    assert world.home.troubled.wait(PATIENCE)
    assert bob.post("second", reply_to=post_of(event)).statuses == [202]
    assert not waiting.done()
    world.home.recover()
    waiting.result(PATIENCE)
    world.let_time_pass()
    world.settle()
    assert len(alice.seen("first")) == len(alice.seen("second")) == 1


def test_what_the_homeserver_forgot_to_push_is_read_from_the_room(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    tasks.catch_up()
    assert Room.objects.get(room_id=alice.room).place
    events = [alice.post(f"news {number}") for number in range(5)]
    assert world.home.lose() == 5
    alice.post("news 5")
    world.settle()
    tasks.catch_up()
    world.settle()
    tasks.catch_up()
    world.settle()
    created = [one["activity"]["object"]["id"] for one in bob.received("Create")]
    assert len(created) == 6
    assert {post_of(event) for event in events} < set(created)


def test_a_transaction_that_is_pushed_again_changes_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.post("once")
    events = list(world.home.waiting)
    world.settle()
    assert world.home.transaction(events) == 200
    assert world.home.transaction(events[:1], txn="other") == 200
    world.settle()
    assert len(bob.received("Create")) == 1


def test_a_lost_answer_of_the_homeserver_doubles_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.post("answer", reply_to=post_of(event))
    world.settle()
    Delivery.objects.filter(network="matrix").update(state="waiting")
    world.settle()
    assert len(alice.seen("answer")) == 1


def test_an_inbox_in_trouble_gets_the_post_once_when_it_is_back(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    world.neighbours.faults("status:503", host=0)
    alice.post("first")
    alice.post("second")
    world.settle()
    assert not bob.received("Create")
    world.neighbours.faults("ok", host=0)
    world.let_time_pass()
    world.settle()
    found = [one["activity"]["object"]["content"] for one in bob.received("Create")]
    assert ["first" in found[0], "second" in found[1], len(found)] == [True, True, 2]
