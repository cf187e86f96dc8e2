"""Polls of others: read and counted in rooms and on pages, closed when their time is over."""

from typing import Any

import pytest

from bridge import counting
from bridge.activitypub import jsonld
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import spans
from social.models import Actor
from tests.fakes.world import Resident, World, outcome, post
from tests.flows import polling
from tests.flows.polling import END, START
from tests.rebuilt import lost_and_rebuilt, shown


@pytest.fixture
def reader(world: World, alice: Resident, bob: Neighbour) -> Resident:
    """Alice reads bob's mirror."""
    world.friends(bob, alice)
    return alice


@pytest.fixture
def note(world: World, reader: Resident, bob: Neighbour) -> dict[str, Any]:
    """The poll that bob has begun, without a vote."""
    found = polling.asks(bob)
    world.settle()
    return found


@pytest.fixture
def room(world: World, reader: Resident, bob: Neighbour, note: dict[str, Any]) -> str:
    """Where it stands."""
    return world.mirror(bob, reader)


# ---- refused


def test_nobody_counts_the_poll_of_somebody_else(
    world: World, reader: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    note = polling.asks(bob, 1, 1)
    mallory.follow(reader.handle)
    world.settle()
    told = note | polling.question(9, 0) | {"attributedTo": mallory.id}
    forged = {"id": f"{mallory.id}/u", "type": "Update", "actor": mallory.id, "to": note["to"]}
    world.hear(mallory, {**forged, "object": told})
    world.settle()
    assert outcome(f"{mallory.id}/u").state == "ignored"
    assert polling.votes(note["id"]) == [1, 1]


def test_counts_of_other_answers_than_were_asked_are_refused(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    note = polling.asks(bob, 1, 1)
    world.settle()
    options = [{"type": "Note", "name": "Neither", "replies": {"totalItems": 7}}]
    polling.tells(world, bob, note, 5, 5, oneOf=options)
    assert "not those that were asked" in outcome(f"{note['id']}#updates").note
    assert polling.votes(note["id"]) == [1, 1]


def test_counts_of_a_poll_that_was_deleted_are_refused(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    note = polling.asks(bob, 1, 1)
    world.settle()
    bob.delete(note["id"])
    world.settle()
    polling.tells(world, bob, note, 5, 5)
    assert "not known here" in outcome(f"{note['id']}#updates").note
    assert post(note["id"]).poll is None


# ---- read and counted


def test_a_poll_is_one_in_the_room_with_its_text_for_those_who_know_no_polls(
    reader: Resident, room: str, note: dict[str, Any]
) -> None:
    (event,) = reader.timeline(room, START)
    asked = event["content"][START]
    assert asked["max_selections"] == 1
    assert asked["kind"] == "org.matrix.msc3381.poll.disclosed"
    until = spans.moment(post(note["id"]).poll["closes"])
    said = f"Tea or coffee?\n(open until {until})"
    assert asked["question"]["org.matrix.msc1767.text"] == said
    answers = [one["org.matrix.msc1767.text"] for one in asked["answers"]]
    assert answers == ["Tea", "Coffee & cake"]
    assert len({one["id"] for one in asked["answers"]}) == 2
    said += "\n1. Tea\n2. Coffee & cake"
    assert event["content"]["org.matrix.msc1767.text"] == said
    assert event["content"]["social.ownroom.object"]["id"] == note["id"]


def test_where_several_may_be_chosen_the_room_allows_as_many(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    options = polling.question()["oneOf"]
    polling.asks(bob, oneOf=None, anyOf=options)
    world.settle()
    (event,) = reader.timeline(world.mirror(bob, reader), START)
    assert event["content"][START]["max_selections"] == 2


def test_a_poll_with_too_many_answers_is_a_list(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    many = [{"type": "Note", "name": f"answer {number}"} for number in range(21)]
    polling.asks(bob, oneOf=many)
    world.settle()
    room = world.mirror(bob, reader)
    assert not reader.timeline(room, START)
    assert reader.seen("answer 19", room)


def test_new_counts_are_one_notice_below_the_poll_which_is_changed(
    world: World, reader: Resident, bob: Neighbour, room: str, note: dict[str, Any]
) -> None:
    (poll,) = reader.timeline(room, START)
    for count in (1, 2, 3):
        polling.tells(world, bob, note, count, 0)
    assert polling.votes(note["id"]) == [3, 0]
    assert not polling.notices(reader, room), "not an event for each vote"
    polling.a_while_later(world)
    (first,) = polling.notices(reader, room)
    assert "Tea: 3" in first["body"]
    assert first["m.relates_to"]["rel_type"] == "m.thread"
    assert first["m.relates_to"]["event_id"] == poll["event_id"]
    polling.tells(world, bob, note, 3, 4)
    polling.a_while_later(world)
    polling.a_while_later(world)
    first, second = polling.notices(reader, room)
    assert second["m.relates_to"]["rel_type"] == "m.replace"
    assert "Coffee & cake: 4" in second["m.new_content"]["body"]
    assert not any("* Tea or" in str(event["content"]) for event in reader.timeline(room, START))


def test_new_counts_are_no_edit(world: World, bob: Neighbour, note: dict[str, Any]) -> None:
    polling.tells(world, bob, note, 1, 0)
    polling.tells(world, bob, note, 2, 0, updated=jsonld.iso(polling.now()))
    assert post(note["id"]).updated is None
    assert polling.votes(note["id"]) == [2, 0]


def test_counts_under_an_id_that_was_used_before_are_counted(
    world: World, bob: Neighbour, note: dict[str, Any]
) -> None:
    """GoToSocial calls all of them `…/activity#Update`."""
    about = {key: note[key] for key in ("to", "cc")}
    update = {"id": f"{note['id']}/activity#Update", "type": "Update", "actor": bob.id, **about}
    for count in (1, 2):
        assert world.hear(bob, {**update, "object": note | polling.question(count, 0)}) == 202
        world.settle()
        assert polling.votes(note["id"]) == [count, 0]


def test_an_edit_of_the_question_changes_the_poll_in_the_room(
    world: World, reader: Resident, bob: Neighbour, room: str, note: dict[str, Any]
) -> None:
    bob.update(note["id"], "Tea or coffee, tomorrow?")
    world.settle()
    _, edit = reader.timeline(room, START)
    assert edit["content"]["m.relates_to"]["rel_type"] == "m.replace"
    asked = edit["content"]["m.new_content"][START]
    assert asked["question"]["body"].startswith("Tea or coffee, tomorrow?\n(open until ")


# ---- closed


def test_a_poll_that_its_server_closes_ends_in_the_room_with_its_result(
    world: World, reader: Resident, bob: Neighbour, room: str, note: dict[str, Any]
) -> None:
    polling.tells(world, bob, note, 5, 2, closed=jsonld.iso(polling.now()))
    (poll,) = reader.timeline(room, START)
    (end,) = reader.timeline(room, END)
    reference = {"rel_type": "m.reference", "event_id": poll["event_id"]}
    assert end["content"]["m.relates_to"] == reference
    assert "Tea: 5" in end["content"]["org.matrix.msc1767.text"]
    assert "The poll is closed (7 people)" in polling.notices(reader, room)[-1]["body"]


def test_a_poll_ends_once_and_its_last_counts_come_after(
    world: World, reader: Resident, bob: Neighbour, room: str, note: dict[str, Any]
) -> None:
    polling.time_is_over(world, note["id"])
    assert len(reader.timeline(room, END)) == 1
    polling.tells(world, bob, note, 8, 2, closed=jsonld.iso(polling.now()))
    assert len(reader.timeline(room, END)) == 1
    assert "Tea: 8" in polling.notices(reader, room)[-1]["body"]
    assert not counting.tell_due()


def test_a_deleted_poll_takes_its_counts_along(
    world: World, reader: Resident, bob: Neighbour, room: str, note: dict[str, Any]
) -> None:
    polling.tells(world, bob, note, 5, 2, closed=jsonld.iso(polling.now()))
    bob.delete(note["id"])
    world.settle()
    assert not reader.timeline(room, START)
    assert not reader.timeline(room, END)
    assert not polling.notices(reader, room)


# ---- shown elsewhere, and found again


def test_the_page_of_an_answered_poll_shows_its_counts(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    root = reader.post("what do you drink?")
    world.settle()
    bob.post("this:", reply_to=f"{world.url}/ap/o/{root[1:]}", extra=polling.question(3, 1))
    world.settle()
    page = world.page(f"{Actor.objects.get(uri=reader.actor).url}/{root[1:]}")
    assert "Coffee &amp; cake" in page
    assert "3 votes" in page
    assert "75 %" in page
    assert "4 people voted" in page
    assert "Open until" in page


def test_polls_and_counts_come_back_from_the_rooms(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    open_, ended = polling.asks(bob), polling.asks(bob)
    world.settle()
    polling.tells(world, bob, open_, 2, 1)
    polling.a_while_later(world)
    polling.tells(world, bob, open_, 2, 3)
    polling.a_while_later(world)
    polling.tells(world, bob, ended, 4, 4)
    polling.a_while_later(world)
    polling.time_is_over(world, ended["id"])
    stood = {uri: post(uri).poll for uri in (open_["id"], ended["id"])}
    before, rooms = shown(), world.home.everything()
    lost_and_rebuilt()
    assert polling.votes(open_["id"]) == [2, 3]
    assert polling.votes(ended["id"]) == [4, 4]
    closed = post(ended["id"]).poll
    assert closed
    assert closed["closed"]
    assert stood[open_["id"]] == post(open_["id"]).poll
    assert shown()["places"] == before["places"]
    polling.a_while_later(world)
    assert world.home.everything() == rooms
