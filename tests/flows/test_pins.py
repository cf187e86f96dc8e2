"""Stories of what people put on top of their profile, here and elsewhere."""

from typing import Any

import orjson
import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Pin
from tests.fakes.world import Resident, World, index, note, outcome, post, post_of, said
from tests.rebuilt import lost_and_rebuilt

ACTIVITY = "application/activity+json"
KIND = "m.room.pinned_events"


@pytest.fixture
def reader(world: World, alice: Resident, bob: Neighbour) -> Resident:
    """Alice and bob follow each other; bob's profile names his list."""
    bob.update_profile(featured=featured_of(bob))
    world.friends(bob, alice)
    return alice


def featured_of(one: Neighbour) -> str:
    return f"{one.id}/collections/featured"


def pins(world: World, resident: Resident, *events: str) -> None:
    resident.person.put_state(resident.room, KIND, {"pinned": list(events)})
    world.settle()


def hears(world: World, one: Neighbour, kind: str, about: Any, target: str = "") -> Any:
    """What became of the Add or Remove that they sent."""
    activity = said(one, kind, about, target=target or featured_of(one))
    assert world.hear(one, activity) == 202
    world.settle()
    return outcome(activity["id"])


def on_top(world: World, resident: Resident) -> list[str]:
    return list(world.json(f"{resident.actor}/featured")["orderedItems"])


def pinned(world: World, one: Neighbour, resident: Resident) -> list[str]:
    room = world.home.rooms[world.mirror(one, resident)]
    return list(room.content(KIND).get("pinned", []))


def event_of(world: World, one: Neighbour, reader: Resident, words: str) -> str:
    (event,) = reader.seen(words, world.mirror(one, reader))
    return str(event["event_id"])


# ---- refused


def test_nobody_pins_what_somebody_else_wrote(
    world: World, reader: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    mine, hers = reader.post("mine"), mallory.post("hers")
    written = bob.post("his")
    world.settle()
    assert hears(world, bob, "Add", post_of(mine)).state == "ignored"
    assert hears(world, bob, "Add", hers.post).state == "ignored"
    mallory.follow(reader.handle)
    world.settle()
    hears(world, mallory, "Add", written.post, featured_of(bob))
    forged = said(bob, "Add", written.post, target=featured_of(bob))
    world.hear(mallory, forged)
    world.settle()
    assert not Pin.objects.exists()
    assert pinned(world, bob, reader) == []


def test_another_list_than_the_one_that_the_profile_names_is_not_read(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    written = bob.post("his")
    world.settle()
    found = hears(world, bob, "Add", written.post, f"{bob.id}/collections/other")
    assert found.note == "not the list of what they pinned"
    assert not Pin.objects.exists()


def test_a_post_to_followers_is_pinned_for_nobody(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    hidden = note(bob, "for my followers", to=[f"{bob.id}/followers"], cc=[])
    assert world.hear(bob, said(bob, "Create", hidden)) == 202
    world.settle()
    assert post(hidden["id"]).visibility == "private"
    found = hears(world, bob, "Add", hidden["id"])
    assert found.note == "only public and unlisted posts can be pinned"
    assert pinned(world, bob, reader) == []


def test_of_somebody_whom_nobody_reads_nothing_is_pinned(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.update_profile(featured=featured_of(bob))
    bob.follow(alice.handle)
    world.settle()
    found = hears(world, bob, "Add", bob.post("his").post)
    assert found.note == "nobody here follows them"
    assert not Pin.objects.exists()


def test_only_the_owner_of_a_room_says_what_is_pinned_on_the_profile(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    event = reader.post("hello")
    carol = world.resident("carol")
    theirs = carol.post("not alice's")
    world.settle()
    answer = bob.post("an answer", reply_to=post_of(event))
    world.settle()
    (shown,) = reader.seen("an answer")
    pins(world, reader, theirs, shown["event_id"], "$nothing")
    assert on_top(world, reader) == []
    assert post(answer.post).author.uri == bob.id
    levels = dict(world.home.rooms[reader.room].content("m.room.power_levels"))
    levels["users"] = {**levels["users"], carol.person.user_id: 100}
    reader.person.put_state(reader.room, "m.room.power_levels", levels)
    carol.person.join(reader.room)
    carol.person.put_state(reader.room, KIND, {"pinned": [event]})
    world.settle()
    assert on_top(world, reader) == []
    assert not bob.received("Add")


def test_odd_lists_pin_nothing(world: World, reader: Resident) -> None:
    for odd in ({"pinned": 7}, {"pinned": [{}, None, 3]}, {"pinned": {"a": "b"}}):
        reader.person.put_state(reader.room, KIND, odd)
    world.settle()
    assert on_top(world, reader) == []


# ---- from here


def test_what_an_owner_pins_stands_on_top_and_is_told_to_the_followers(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    first, second = reader.post("first"), reader.post("second")
    world.settle()
    pins(world, reader, first, second)
    assert on_top(world, reader) == [post_of(second), post_of(first)]
    told = [one["activity"] for one in bob.received("Add")]
    assert {one["object"] for one in told} == {post_of(first), post_of(second)}
    assert {one["target"] for one in told} == {f"{reader.actor}/featured"}
    page = world.page(f"{world.url}/@alice")
    assert "Pinned" in page
    pins(world, reader, second)
    assert on_top(world, reader) == [post_of(second)]
    (removed,) = (one["activity"] for one in bob.received("Remove"))
    assert (removed["object"], removed["target"]) == (post_of(first), f"{reader.actor}/featured")
    pins(world, reader, second)
    assert len(bob.received("Add")) == 2


def test_the_newest_five_are_shown_and_a_redacted_one_is_none_of_them(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    events = [reader.post(f"post {number}") for number in range(6)]
    world.settle()
    pins(world, reader, *events)
    assert on_top(world, reader) == [post_of(event) for event in events[:0:-1]]
    reader.person.redact(reader.room, events[5])
    world.settle()
    heard = len(bob.received("Add"))
    for _ in range(2):
        assert on_top(world, reader) == [post_of(event) for event in events[4:0:-1]]
        lost_and_rebuilt()
        world.settle()
    assert len(bob.received("Add")) == heard


# ---- from elsewhere


def test_what_somebody_elsewhere_pins_is_pinned_in_their_room_until_it_is_taken_out(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    first, second = bob.post("first of his"), bob.post("second of his")
    world.settle()
    assert hears(world, bob, "Add", first.post).state == "done"
    assert hears(world, bob, "Add", second.post).state == "done"
    events = [event_of(world, bob, reader, f"{one} of his") for one in ("first", "second")]
    assert pinned(world, bob, reader) == events
    assert hears(world, bob, "Add", first.post).state == "ignored"  # as it is already
    assert hears(world, bob, "Remove", first.post).state == "done"
    assert pinned(world, bob, reader) == events[1:]
    bob.delete(second.post)
    world.settle()
    assert pinned(world, bob, reader) == []


def test_what_is_no_longer_for_everybody_is_pinned_no_longer(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    first, second = bob.post("first of his"), bob.post("second of his")
    world.settle()
    for one in (first, second):
        hears(world, bob, "Add", one.post)
    narrowed = note(bob, "first of his", to=[f"{bob.id}/followers"], cc=[], id=first.post)
    world.hear(bob, said(bob, "Update", narrowed))
    world.settle()
    assert pinned(world, bob, reader) == [event_of(world, bob, reader, "second of his")]
    bob.update(second.post, "second of his, edited")
    world.settle()
    assert len(pinned(world, bob, reader)) == 1


def test_what_stood_on_top_before_anybody_here_followed_is_pinned_at_the_first_follow(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    old, hers = bob.post("an old one"), mallory.post("not his")
    place = world.neighbours.file("featured", ACTIVITY, b"{}")
    listed = {"id": place, "type": "OrderedCollection", "orderedItems": [hers.post, old.post]}
    world.neighbours.file("featured", ACTIVITY, orjson.dumps(listed))
    bob.update_profile(featured=place)
    world.friends(bob, alice)
    assert pinned(world, bob, alice) == [event_of(world, bob, alice, "an old one")]


# ---- lost and found again


def test_a_rebuild_pins_the_same_and_serves_the_same_bytes(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    mine = [reader.post(text) for text in ("one", "two", "three")]
    his = [bob.post(text) for text in ("his one", "his two")]
    world.settle()
    pins(world, reader, *mine)
    pins(world, reader, mine[2], mine[1])
    for one in his:
        hears(world, bob, "Add", one.post)
    before = world.get(f"{reader.actor}/featured")
    shown = pinned(world, bob, reader)
    rows = set(Pin.objects.values_list("author__uri", "post__uri"))
    assert len(rows) == 4
    lost_and_rebuilt()
    assert world.get(f"{reader.actor}/featured") == before
    assert orjson.loads(before[1])["totalItems"] == 2
    assert set(Pin.objects.values_list("author__uri", "post__uri")) == rows
    hears(world, bob, "Remove", his[0].post)
    assert pinned(world, bob, reader) == shown[1:]
    assert index()


def test_whoever_names_another_list_pins_in_that_one_from_then_on(
    world: World, reader: Resident, bob: Neighbour
) -> None:
    written = bob.post("mine to show")
    world.settle()
    bob.update_profile(featured=f"{bob.id}/top")
    world.settle()
    assert hears(world, bob, "Add", written.post).note == "not the list of what they pinned"
    assert hears(world, bob, "Add", written.post, f"{bob.id}/top").state == "done"
    assert pinned(world, bob, reader) == [event_of(world, bob, reader, "mine to show")]
