"""The outbox is drained: in order, once, and each row ends with an outcome."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection

from bridge import delivering, lanes, processing
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.loop import in_database, run
from bridge.models import Key, Lane, Received
from social.models import Delivery
from tests.fakes.world import PATIENCE, Resident, World, followers


def outbox() -> list[Delivery]:
    return list(Delivery.objects.filter(network="activitypub").order_by("id"))


@pytest.fixture
def follower(world: World, alice: Resident, bob: Neighbour) -> Neighbour:
    bob.follow(alice.handle)
    world.settle()
    assert followers(alice.actor) == {bob.id}
    Delivery.objects.all().delete()
    return bob


def test_a_row_that_is_refused_for_good_is_gone_with_the_reason(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:400", host=0)
    alice.post("refused")
    world.settle()
    (row,) = outbox()
    assert (row.state, row.note) == ("gone", "answered 400")


def test_an_answer_of_500_is_held_against_the_row_alone(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:500", host=0)
    alice.post("one")
    alice.post("two")
    world.settle()
    assert {(row.state, row.note) for row in outbox()} == {("waiting", "answered 500")}
    assert not Lane.objects.filter(failures__gt=0).exists()
    world.neighbours.faults("ok", host=0)
    world.let_time_pass()
    world.settle()
    assert {row.state for row in outbox()} == {"done"}


def test_what_is_about_a_waiting_post_does_not_overtake_it(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:500", host=0, times=1)
    event = alice.post("first words")
    world.settle()
    alice.person.edit(alice.room, event, "second words")
    world.settle()
    world.let_time_pass()
    world.settle()
    kinds = [one["type"] for one in follower.received() if one["type"] in {"Create", "Update"}]
    assert kinds == ["Create", "Update"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_in_trouble_rests_and_keeps_its_order(
    world: World, alice: Resident, follower: Neighbour, status: int
) -> None:
    world.neighbours.faults(f"status:{status}", host=0)
    for text in ("one", "two", "three"):
        alice.post(text)
    world.settle()
    assert {row.state for row in outbox()} == {"waiting"}
    assert Lane.objects.get(failures__gt=0).note == f"answered {status}"
    world.neighbours.faults("ok", host=0)
    world.let_time_pass()
    world.settle()
    found = [one["activity"]["object"]["content"] for one in follower.received("Create")]
    assert found == ["<p>one</p>", "<p>two</p>", "<p>three</p>"]
    assert not Lane.objects.filter(failures__gt=0).exists()


def test_a_dead_server_holds_up_nobody_else(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    carol = world.neighbour("carol", host=1)
    carol.follow(alice.handle)
    world.settle()
    world.neighbours.faults("refuse", host=0)
    alice.post("to whoever is there")
    world.settle()
    assert carol.received("Create")
    assert not follower.received("Create")


def test_a_wish_to_wait_is_honoured(world: World, alice: Resident, follower: Neighbour) -> None:
    world.neighbours.faults("status:429", host=0, retry_after=900)
    alice.post("slowly")
    world.settle()
    lane = Lane.objects.get(failures__gt=0)
    assert 800 < (lane.due - lane.failing_since).total_seconds() <= 901


def test_a_row_that_finds_nobody_for_a_week_is_given_up(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:503", host=0)
    alice.post("nobody home")
    world.settle()
    old = outbox()[0].created - lanes.PATIENCE
    Delivery.objects.update(created=old)
    world.let_time_pass()
    world.settle()
    (row,) = outbox()
    assert row.state == "gone"
    assert "given up after 7 days" in row.note


def test_two_drains_at_once_send_each_row_once(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    for number in range(10):
        alice.post(f"post {number}")
    world.home.push()
    for lane in lanes.due(Received):
        processing.drain(lane)
    names = lanes.due(Delivery)
    for each in [delivering.drain(names) for _ in range(4)]:
        each.result(PATIENCE)
    assert len(follower.received("Create")) == 10
    assert len({one["id"] for one in follower.received("Create")}) == 10


def test_a_post_deleted_before_it_left_is_not_sent_with_its_words(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:503", host=0)
    event = alice.post("regretted words")
    world.settle()
    alice.person.redact(alice.room, event)
    world.settle()
    world.neighbours.faults("ok", host=0)
    world.let_time_pass()
    world.settle()
    assert not follower.received(contains="regretted words")


def poison(lane: str, network: str) -> Delivery:
    """A row that makes its network stumble over itself."""
    return Delivery.objects.create(
        network=network,
        lane=lane,
        to="event mirror nowhere",
        sender="http://nowhere.test/x",
        act={"act": "Nonsense"},
    )


def test_a_poison_row_is_set_aside_with_its_reason_and_blocks_nobody(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.twice = False
    bob.follow(alice.handle)
    world.settle()
    odd = poison(f"matrix profile {alice.actor}", "matrix")
    event = alice.post("something to answer")
    world.settle()
    bob.post("an answer", reply_to=f"{world.url}/ap/o/{event[1:]}")
    world.settle()
    assert alice.seen("an answer")
    for _ in range(5):
        world.let_time_pass()
        world.settle()
    odd.refresh_from_db()
    assert odd.state == "gone"
    assert odd.note == "set aside after 5 tries: our own error: KeyError"  # none of its words
    assert not Lane.objects.filter(failures__gt=0).exists()


def test_a_host_that_refuses_now_and_then_is_not_given_ever_longer_pauses(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    world.neighbours.faults("status:503", every=3)
    for number in range(12):
        alice.post(f"number {number}")
        world.settle()
        assert not Lane.objects.filter(failures__gt=1).exists()
        world.let_time_pass()
    world.settle()
    told = [one["activity"]["object"]["content"] for one in bob.received("Create")]
    assert told == [f"<p>number {number}</p>" for number in range(12)]


def test_what_cannot_be_loaded_rests_with_the_reason_and_holds_up_no_other_lane(
    world: World, bob: Neighbour, caplog: pytest.LogCaptureFixture
) -> None:
    dora = world.resident("dora")  # nobody else's story: her keys are not in memory yet
    ada = world.resident("ada")
    carol = world.neighbour("carol", host=1)
    bob.follow(ada.handle)
    world.settle()
    key = Key.objects.get(actor__uri=dora.actor)
    Key.objects.filter(pk=key.pk).update(sealed="not what was sealed")
    row = Delivery.objects.create(
        network="activitypub",
        lane=f"activitypub {carol.inbox.split('/')[2]}",
        to=carol.inbox,
        sender=dora.actor,
        document=f"{dora.actor}#none",
    )
    ada.post("from somebody whose keys are whole")
    world.settle()
    assert bob.received("Create", contains="keys are whole")
    lane = Lane.objects.get(failures__gt=0)
    assert lane.holder == ""
    assert lane.note.startswith("our own error: ")
    assert "could not be loaded" in caplog.text
    Key.objects.filter(pk=key.pk).update(sealed=key.sealed)
    world.let_time_pass()
    world.settle()
    row.refresh_from_db()
    assert (row.state, row.note) == ("gone", "what it said is no longer here")
    assert not Lane.objects.filter(failures__gt=0).exists()


def test_a_host_that_hangs_holds_up_no_other_however_often_they_are_told(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    carol = world.neighbour("carol", host=1)
    for one in (bob, carol):
        one.follow(alice.handle)
    world.settle()
    world.neighbours.faults("hang", host=1, where="inbox")
    going = []
    for text in ("one", "two"):
        alice.post(text)
        world.home.push()
        for lane in lanes.due(Received):
            processing.drain(lane)
        going.append(delivering.drain(outbox_lanes()))
        assert bob.wait_for("Create", contains=text)
        assert not any(drain.done() for drain in going[:1])
    assert not carol.received("Create")
    world.neighbours.faults("ok", host=1)
    for drain in going:
        drain.result(PATIENCE)


def outbox_lanes() -> list[str]:
    waiting = Delivery.objects.filter(network="activitypub", state="waiting")
    return list(waiting.values_list("lane", flat=True).distinct())


def test_many_rows_in_many_lanes_all_go_in_one_drain(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    """Also where the rows of some lanes leave no place for those of others at first."""
    bob.follow(alice.handle)
    alice.post("the one that is repeated")
    world.settle()
    (row,) = Delivery.objects.filter(subject__contains="/ap/o/", network="activitypub")
    fields = {"network": row.network, "to": "", "sender": row.sender, "document": row.document}
    Delivery.objects.bulk_create(
        Delivery(**fields, lane=f"activitypub {number % 30}", subject=str(number))
        for number in range(30 * 80)
    )
    delivering.drain(outbox_lanes()).result(PATIENCE)
    assert not Delivery.objects.filter(state="waiting").exists()


def test_what_was_said_together_about_a_post_keeps_its_order_too(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:500", host=0)
    event = alice.post("first words")
    alice.person.edit(alice.room, event, "second words")
    alice.post("about something else")
    world.settle()
    create, update, other = outbox()
    assert (create.tries > 0, update.tries, other.tries > 0) == (True, 0, True)
    world.neighbours.faults("ok", host=0)
    world.let_time_pass()
    world.settle()
    told = [one["type"] for one in follower.received(contains="words")]
    assert told == ["Create", "Update"]


def test_whoever_asked_us_to_wait_is_left_alone_though_it_speaks_to_us(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    world.neighbours.faults("status:429", host=0, retry_after=1800, where="inbox")
    alice.post("one")
    world.settle()
    resting = Lane.objects.get(failures__gt=0)
    follower.post("something unrelated", mentions=[alice.handle])
    world.settle()
    assert Lane.objects.get(failures__gt=0).due == resting.due


def test_what_nobody_can_sign_waits_for_a_key_and_holds_up_no_other(world: World) -> None:
    """An author without a key: another process had not stored it yet, or it was put back later."""
    keyless, other = world.resident("keyless"), world.resident("other")
    one = world.neighbour("one")
    one.follow(keyless.handle)
    one.follow(other.handle)
    for lane in processing.drain_together(lanes.due(Received)):
        processing.drain(lane)
    kept = Key.objects.get(actor__uri=keyless.actor)
    kept.delete()
    world.settle()
    assert [answer["activity"]["actor"] for answer in one.received("Accept")] == [other.actor]
    (waiting,) = [row for row in outbox() if row.sender == keyless.actor]
    assert (waiting.state, waiting.note) == (
        "waiting",
        "its author has no key here with which to sign it",
    )
    kept.pk = None
    kept.save(force_insert=True)
    world.let_time_pass()
    world.settle()
    assert len(one.received("Accept")) == 2


@contextmanager
def database_dying(row: Delivery) -> Iterator[None]:
    """Its connection breaks just when this row's end should be written."""
    left = [OperationalError("the server closed the connection unexpectedly")]

    def broken(execute: Callable[..., Any], sql: str, params: Any, *rest: Any) -> Any:
        if left and sql.startswith("UPDATE") and "done" in params and row.pk in params:
            raise left.pop()
        return execute(sql, params, *rest)

    run(in_database(lambda: connection.execute_wrappers.append(broken)))
    yield
    run(in_database(lambda: connection.execute_wrappers.remove(broken)))
    assert not left


def test_what_was_sent_before_the_database_failed_is_not_sent_again(
    world: World, alice: Resident, follower: Neighbour
) -> None:
    alice.post("sent once")
    world.home.push()
    for lane in lanes.due(Received):
        processing.drain(lane)
    (row,) = outbox()
    with database_dying(row):
        world.settle()
    world.let_time_pass()
    world.settle()
    assert {row.state for row in outbox()} == {"done"}
    assert len(follower.received("Create")) == 1
