"""What was told and waited while its reader parted from its author is not shown to them."""

from collections.abc import Callable

import pytest

from bridge import lanes, moderation, processing
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.demo.person import Event
from bridge.models import Received, Room
from social.models import Actor, Delivery, Post
from tests.fakes.world import Resident, World, note, post_of, said
from tests.flows.rooms import circle

WORDS = "words of somebody"
WAYS = ("block", "server", "suspension")


@pytest.fixture
def carol(world: World) -> Neighbour:
    return world.neighbour("carol", host=1)


def hear(world: World) -> None:
    """What came is worked off, and nothing goes out: the homeserver is away, or others go first."""
    world.neighbours.quiet()
    world.home.push()
    for lane in processing.drain_together(lanes.due(Received)):
        processing.drain(lane)


def part(world: World, who: Resident, other: Neighbour, way: str, port: int) -> None:
    if way == "suspension":
        moderation.suspend(Actor.objects.get(uri=other.id))
    else:
        who.tell_bot(f"block {other.handle if way == 'block' else f'127.0.0.2:{port}'}")
        hear(world)


def everything(world: World, who: Resident) -> str:
    """All that stands in rooms in which they are, or may come into."""
    shown = [
        str(event["content"])
        for room in world.home.rooms.values()
        if room.membership(who.person.user_id) in {"join", "invite"}
        for event in room.events
    ]
    return "\n".join(shown)


def shown_for_a_moment(events: list[Event]) -> list[Event]:
    """Also what was taken out again, which says nothing any more."""
    gone = [event for event in events if "redacted_because" in event.get("unsigned", {})]
    return gone + [event for event in events if WORDS in str(event)]


def _answer(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    carol.post(WORDS, reply_to=post)


def _mention(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    carol.post(WORDS, mentions=[alice.handle])


def _letter(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    carol.post(WORDS, to="direct", mentions=[alice.handle])


def _boost(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    bob.boost(carol.post(WORDS).post)


def _followed(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    world.friends(carol, alice)
    world.mirror(carol, alice)
    carol.post(WORDS)


def _edit(world: World, alice: Resident, bob: Neighbour, carol: Neighbour, post: str) -> None:
    first = note(carol, "well", inReplyTo=post)
    world.hear(carol, said(carol, "Create", first))
    world.settle()
    again = first | {"content": f"<p>{WORDS}</p>", "updated": "2026-02-01T12:00:00Z"}
    world.hear(carol, said(carol, "Update", again))


TOLD: dict[str, Callable[[World, Resident, Neighbour, Neighbour, str], None]] = {
    "an answer in the owner's room": _answer,
    "a mention, told in the desk": _mention,
    "a letter": _letter,
    "a card of a boost by a friend": _boost,
    "a post of somebody followed": _followed,
    "an edit of an answer": _edit,
}


@pytest.mark.parametrize(
    ("what", "way"),
    [*((what, "block") for what in TOLD), *((next(iter(TOLD)), way) for way in WAYS[1:])],
)
def test_what_waited_is_not_shown_to_who_parted_meanwhile(
    world: World,
    neighbours: Neighbourhood,
    alice: Resident,
    bob: Neighbour,
    carol: Neighbour,
    what: str,
    way: str,
) -> None:
    world.friends(bob, alice)
    world.mirror(bob, alice)
    event = alice.post("hello")
    world.settle()
    TOLD[what](world, alice, bob, carol, post_of(event))
    hear(world)
    assert Post.objects.filter(html__contains=WORDS).exists()
    assert Delivery.objects.filter(network="matrix", state="waiting").exists()
    part(world, alice, carol, way, neighbours.port)
    world.settle()
    assert WORDS not in everything(world, alice)
    assert not Delivery.objects.filter(state="waiting").exists()


@pytest.mark.parametrize("way", ["deleted", "narrowed", "left"])
@pytest.mark.parametrize("what", ["an answer", "a mention"])
def test_words_that_were_taken_back_while_they_waited_are_shown_to_nobody(
    world: World, alice: Resident, carol: Neighbour, what: str, way: str
) -> None:
    event = alice.post("hello")
    world.settle()
    reply = {"inReplyTo": post_of(event)} if what == "an answer" else {"cc": [alice.actor]}
    first = note(carol, WORDS, **reply)
    world.hear(carol, said(carol, "Create", first))
    hear(world)
    fewer = {"content": "<p>for few</p>", "to": [f"{carol.id}/followers"], "cc": []}
    then = {
        "deleted": said(carol, "Delete", first["id"]),
        "narrowed": said(carol, "Update", first | fewer | {"updated": "2026-02-01T12:00:00Z"}),
        "left": said(carol, "Delete", carol.id),
    }
    world.hear(carol, then[way])
    hear(world)
    world.settle()
    rooms = [event for room in world.home.rooms.values() for event in room.events]
    assert not shown_for_a_moment(rooms)
    assert "for few" not in everything(world, alice)


def test_what_was_for_followers_and_is_for_one_by_now_is_shown_to_no_other(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    for reader in (alice, ada):
        world.friends(bob, reader)
    first = note(bob, WORDS, to=[f"{bob.id}/followers"], cc=[])
    world.hear(bob, said(bob, "Create", first))
    hear(world)
    now = first | {"to": [alice.actor], "updated": "2026-02-01T12:00:00Z"}
    world.hear(bob, said(bob, "Update", now))
    hear(world)
    world.settle()
    assert not shown_for_a_moment(world.home.rooms[world.mirror(bob, ada)].events)
    between = Room.objects.get(kind="direct").room_id
    alice.person.join(between)
    assert alice.seen(WORDS, between)


def test_a_letter_to_several_still_reaches_those_who_did_not_part(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    dave = world.resident("dave")
    letter = note(carol, WORDS, to=[alice.actor, dave.actor], cc=[])
    world.hear(carol, said(carol, "Create", letter))
    hear(world)
    part(world, alice, carol, "block", 0)
    world.settle()
    assert WORDS not in everything(world, alice)
    assert WORDS in everything(world, dave)
    (room,) = Room.objects.filter(kind="direct", ready=True)
    assert {one.uri for one in room.people.all()} == {dave.actor, carol.id}


def test_who_parts_leaves_the_room_before_the_words_that_wait_in_it(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    """Others read on there, and see them."""
    dave = world.resident("dave")
    world.friends(carol, alice)
    world.friends(carol, dave)
    mirror = world.mirror(carol, alice)
    world.mirror(carol, dave)
    carol.post(WORDS)
    hear(world)
    alice.tell_bot(f"block {carol.handle}")
    hear(world)
    world.settle()
    assert WORDS not in everything(world, alice)
    assert dave.seen(WORDS, mirror)
    waiting = Delivery.objects.filter(to__startswith="close ").values_list("lane", flat=True)
    assert set(waiting) == {f"matrix doors mirror {carol.id}"}


# ---- what waits for servers elsewhere


def private(world: World, alice: Resident, words: str) -> str:
    room = circle(world, alice)
    event = alice.person.send(room, words)
    hear(world)
    return post_of(event)


def test_who_is_removed_or_blocked_gets_no_secret_that_waited_for_their_server(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    dan = world.neighbour("dan")
    for one in (bob, carol, dan):
        one.follow(alice.handle)
    circle(world, alice)
    uri = private(world, alice, WORDS)
    alice.tell_bot(f"block {carol.handle}")
    hear(world)
    world.settle()
    assert not carol.received("Create", contains=WORDS)
    assert dan.received("Create", contains=WORDS)
    assert [
        row.note for row in Delivery.objects.filter(document=f"{uri}/create", state="gone")
    ] == ["it is for nobody there any more"]


def test_an_edit_for_fewer_is_not_passed_on_with_what_waits_of_the_post(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("hello")
    world.settle()
    cc = [f"{carol.id}/followers", f"{alice.actor}/followers"]
    first = note(carol, "well", inReplyTo=post_of(event), cc=cc)
    world.hear(carol, said(carol, "Create", first))
    hear(world)
    assert Delivery.objects.filter(network="activitypub", document=first["id"]).exists()
    fewer = {"content": f"<p>{WORDS}</p>", "to": [alice.actor], "cc": []}
    edit = first | fewer | {"updated": "2026-02-01T12:00:00Z"}
    world.hear(carol, said(carol, "Update", edit))
    hear(world)
    world.settle()
    assert not bob.received(contains=WORDS)
