"""Stories of words that were taken back: whoever was given them hears of it, however long ago, and
nobody else hears by it that there was a secret.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge import moderation
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received
from bridge.tasks import prune
from social import reach
from social.models import Actor, Delivery, FormerReader
from tests.fakes.liar import Liar, Somebody, tell
from tests.fakes.world import PUBLIC, Resident, World, note, post, post_of, said
from tests.flows.conftest import Group
from tests.flows.grouping import announced, creates
from tests.flows.quotes import ask
from tests.flows.rooms import WORDS, circle
from tests.rebuilt import lost_and_rebuilt

BOOST = "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"
Stops = Callable[[World, Resident, Neighbour], object]


@pytest.fixture
def carol(world: World) -> Neighbour:
    return world.neighbour("carol", host=1)


def much_later() -> None:
    """Nobody remembers any more what was sent where."""
    Delivery.objects.exclude(state="waiting").delete()


def hosts(world: World, kind: str, uri: str) -> set[int]:
    """Where next door it arrived."""
    found = world.neighbours.received(type=kind)
    return {one["host"] for one in found if uri in about(one["activity"])}


def gone_at(world: World, event: str) -> set[int]:
    return hosts(world, "Delete", post_of(event))


def about(activity: dict[str, Any]) -> set[str]:
    inner = activity["object"]
    return {inner if isinstance(inner, str) else inner["id"]}


def unfollows(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.unfollow(alice.handle)


def leaves(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.delete_actor()


def blocks(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.block(alice.handle)


def is_blocked(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"block {bob.handle}")


def is_removed(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"reject {bob.handle}")


def is_suspended(world: World, alice: Resident, bob: Neighbour) -> None:
    moderation.suspend(Actor.objects.get(uri=bob.id))


@pytest.fixture(autouse=True)
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The homeserver's is ours here, and a story is told in less than what clocks may differ."""
    monkeypatch.setattr(reach, "SKEW", 0)


STOPS = [unfollows, leaves, blocks, is_blocked, is_removed, is_suspended]


# ---- refusals


def test_who_is_named_in_a_secret_that_was_never_sent_to_them_does_not_hear_of_its_end(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    for one in (bob, carol):
        one.follow(alice.handle)
    room = circle(world, alice)
    is_blocked(world, alice, bob)
    world.settle()
    secret = alice.person.send(room, f"{WORDS}, {bob.handle}")
    world.settle()
    alice.person.redact(room, secret)
    world.settle()
    assert bob.id in post(post_of(secret)).audience
    told = world.neighbours.received(contains=post_of(secret))
    assert {(one["host"], one["activity"]["type"]) for one in told} == {
        (1, "Create"),
        (1, "Delete"),
    }


def test_whoever_was_put_out_right_before_a_secret_does_not_hear_of_its_end(
    world: World, alice: Resident, bob: Neighbour, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reach, "SKEW", 300_000)
    bob.follow(alice.handle)
    room = circle(world, alice)
    is_removed(world, alice, bob)
    world.settle()
    secret, event = alice.person.send(room, "he is gone"), alice.post(WORDS)
    world.settle()
    for where, what in ((room, secret), (alice.room, event)):
        alice.person.redact(where, what)
    world.settle()
    assert not gone_at(world, secret)
    assert gone_at(world, event) == {0}  # as its homeserver's clock may go before ours


# ---- whoever was given it


@pytest.mark.parametrize("rebuilt", [False, True], ids=["", "after a rebuild"])
@pytest.mark.parametrize("stops", STOPS)
def test_who_reads_no_longer_hears_of_the_end_of_all_they_were_given(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, stops: Stops, *, rebuilt: bool
) -> None:
    """And nothing of what was said after."""
    for one in (bob, carol):
        one.follow(alice.handle)
    world.settle()
    room = circle(world, alice)
    secret, event = alice.person.send(room, f"{WORDS}, softly"), alice.post(WORDS)
    world.settle()
    stops(world, alice, bob)
    world.settle()
    later = alice.post("after")
    world.settle()
    much_later()
    if rebuilt:
        lost_and_rebuilt()
    for where, what in ((room, secret), (alice.room, event), (alice.room, later)):
        alice.person.redact(where, what)
    world.settle()
    assert gone_at(world, event) == {0, 1}
    assert gone_at(world, secret) == {0, 1}
    assert gone_at(world, later) == {1}


def test_of_what_is_for_everybody_they_hear_of_edits_too_but_who_is_blocked_does_not(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    for one in (bob, carol):
        one.follow(alice.handle)
    room = circle(world, alice)
    secret, event = alice.person.send(room, f"{WORDS}, softly"), alice.post(WORDS)
    world.settle()
    bob.unfollow(alice.handle)
    alice.tell_bot(f"block {carol.handle}")
    world.settle()
    much_later()
    alice.person.edit(room, secret, "other words, softly")
    alice.person.edit(alice.room, event, "other words")
    world.settle()
    assert hosts(world, "Update", post_of(event)) == {0}
    assert not hosts(world, "Update", post_of(secret))


def test_who_was_told_while_their_goodbye_waited_here_hears_of_the_end(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    bob.unfollow(alice.handle)
    an_hour = timedelta(hours=1)
    waiting = Received.objects.filter(state="waiting")
    waiting.update(due=timezone.now() + an_hour, created=timezone.now() - an_hour)
    event = alice.post(WORDS)
    world.settle()
    assert hosts(world, "Create", post_of(event)) == {0}
    world.let_time_pass()
    world.settle()
    assert FormerReader.objects.exists()
    alice.person.redact(alice.room, event)
    world.settle()
    assert gone_at(world, event) == {0}


@pytest.mark.parametrize("waits", [False, True], ids=["", "it waits"])
def test_what_somebody_suspended_takes_back_is_taken_back_everywhere_and_stays_so(
    world: World, alice: Resident, bob: Neighbour, *, waits: bool
) -> None:
    bob.follow(alice.handle)
    event = alice.post(WORDS)
    world.settle()
    world.neighbours.faults("status:503" if waits else "ok", where="inbox")
    if waits:
        alice.person.redact(alice.room, event)
        world.settle()
    moderation.suspend(alice.row())
    world.neighbours.faults("ok")
    alice.person.redact(alice.room, event)
    world.let_time_pass()
    world.settle()
    assert gone_at(world, event) == {0}
    moderation.unsuspend(alice.row())
    world.settle()
    assert world.get(post_of(event))[0] == 410


def test_whoever_was_named_hears_of_it_also_when_they_have_left_since(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    carol.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    event = alice.post(f"{WORDS}, {carol.handle}")
    world.settle()
    carol.delete_actor()
    world.settle()
    much_later()
    alice.person.redact(alice.room, event)
    world.settle()
    assert gone_at(world, event) == {1}


def test_whoever_follows_or_followed_who_boosts_it_hears_of_edits_and_the_end(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    dave = world.resident("dave")
    for one in (bob, carol):
        one.follow(dave.handle)
    event = alice.post(WORDS)
    dave.person.join(alice.room)
    world.settle()
    boost = dave.person.react(alice.room, event, BOOST)
    world.settle()
    carol.unfollow(dave.handle)
    world.settle()
    much_later()
    alice.person.edit(alice.room, event, "other words")
    world.settle()
    assert hosts(world, "Update", post_of(event)) == {0, 1}
    dave.person.redact(alice.room, boost)
    world.settle()
    much_later()
    alice.person.redact(alice.room, event)
    world.settle()
    assert gone_at(world, event) == {0, 1}


@pytest.mark.parametrize("does", ["like", "boost"])
def test_whoever_heard_of_an_edit_because_they_liked_or_boosted_it_hears_of_its_end(
    world: World, alice: Resident, carol: Neighbour, does: str
) -> None:
    other, event = alice.post("nothing for them"), alice.post(WORDS)
    world.settle()
    sent = getattr(carol, does)(post_of(event))
    world.settle()
    alice.person.edit(alice.room, event, "other words")
    world.settle()
    carol.undo(sent.id)
    world.settle()
    much_later()
    for one in (event, other):
        alice.person.redact(alice.room, one)
    world.settle()
    assert gone_at(world, event) == {1}
    assert not gone_at(world, other)


def test_who_left_a_group_hears_of_the_end_of_what_it_told_them(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    sol = world.neighbour("sol", host=1)
    sol.follow(boats.handle)
    world.settle()
    create = creates(pat, boats, "It floats.", "My boat")
    world.hear(pat, create)
    world.settle()
    sol.unfollow(boats.handle)
    world.settle()
    after = creates(pat, boats, "It sank.", "My boat", published="2999-01-01T00:00:00Z")
    world.hear(pat, after)
    world.settle()
    much_later()
    lost_and_rebuilt()
    for one in (create, after):
        world.hear(pat, said(pat, "Delete", {"type": "Tombstone", "id": one["object"]["id"]}))
    world.settle()
    told = world.neighbours.received(type="Announce", contains="Tombstone")
    gone = [about(one["activity"]["object"]) for one in told if one["host"] == 1]
    assert gone == [{create["object"]["id"]}]


def test_an_answer_that_was_passed_on_is_taken_back_from_whoever_got_it(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    cc = [f"{alice.actor}/followers"]
    answer = note(carol, "I do", inReplyTo=post_of(event), to=[alice.actor], cc=[PUBLIC, *cc])
    create = said(carol, "Create", answer)
    last = said(carol, "Delete", {"type": "Tombstone", "id": answer["id"]})
    world.hear(carol, create)
    world.settle()
    bob.unfollow(alice.handle)
    world.settle()
    Delivery.objects.all().delete()  # also what bob's server did not believe, which is most
    world.hear(carol, last)
    world.let_time_pass()
    world.settle()
    found = [one["id"] for one in world.neighbours.received(refused=1)]
    assert {create["id"], last["id"]} <= set(found)


def test_everybody_who_had_anything_hears_that_its_author_leaves(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    event = alice.post(WORDS)
    world.settle()
    carol.like(post_of(event))
    bob.unfollow(alice.handle)
    world.settle()
    much_later()
    alice.tell_bot("profile delete alice")
    world.settle()
    assert hosts(world, "Delete", alice.actor) == {0, 1}


def test_the_inboxes_of_what_is_gone_are_forgotten(
    world: World, alice: Resident, carol: Neighbour
) -> None:
    event = alice.post(WORDS)
    world.settle()
    carol.undo(carol.like(post_of(event)).id)
    world.settle()
    assert FormerReader.objects.count() == 1
    prune()
    assert FormerReader.objects.count() == 1
    alice.person.redact(alice.room, event)
    world.settle()
    prune()
    assert not FormerReader.objects.exists()


def test_of_what_is_said_in_a_group_who_follows_its_author_hears_no_edit(
    world: World, alice: Resident, boats: Group, pat: Neighbour, carol: Neighbour
) -> None:
    carol.follow(alice.handle)
    world.settle()
    topic = alice.person.send(boats.room, "It floats.")
    world.settle()
    alice.person.edit(boats.room, topic, "It sank.")
    world.settle()
    alice.person.redact(boats.room, topic)
    world.settle()
    assert announced(pat, "Update")
    assert announced(pat, "Delete")
    assert not carol.received(contains=post_of(topic))


def test_whom_a_group_blocks_hears_of_no_edit_but_of_the_end(
    world: World, alice: Resident, boats: Group, pat: Neighbour
) -> None:
    sol = world.neighbour("sol", host=1)
    sol.follow(boats.handle)
    world.settle()
    topic = alice.person.send(boats.room, "It floats.")
    world.settle()
    alice.person.send(boats.desk, f"block {sol.handle}")
    world.settle()
    alice.person.edit(boats.room, topic, "It sank.")
    world.settle()
    alice.person.redact(boats.room, topic)
    world.settle()
    found = world.neighbours.received(type="Announce", contains=post_of(topic))
    told = [one["activity"]["object"] for one in found if one["host"] == 1]
    kinds = [one if isinstance(one, str) else one["type"] for one in told]
    assert kinds == ["Create", post_of(topic), "Delete"]


@pytest.mark.parametrize("rebuilt", [False, True], ids=["", "after a rebuild"])
def test_who_read_what_somebody_showed_hears_of_its_end_when_neither_of_them_is_here_any_more(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, *, rebuilt: bool
) -> None:
    dave = world.resident("dave")
    bob.follow(dave.handle)
    event = alice.post(WORDS)
    dave.person.join(alice.room)
    world.settle()
    dave.person.react(alice.room, event, BOOST)
    carol.post("hello", to="direct", mentions=[alice.handle])  # whom her server knows then
    carol.boost(post_of(event))
    world.settle()
    dave.tell_bot("profile delete dave")
    carol.delete_actor()
    world.settle()
    much_later()
    if rebuilt:
        lost_and_rebuilt()
    alice.person.redact(alice.room, event)
    world.settle()
    assert gone_at(world, event) == {0, 1}


def test_who_follows_a_booster_no_longer_hears_that_the_boost_is_taken_back(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    dave = world.resident("dave")
    bob.follow(dave.handle)
    event = alice.post(WORDS)
    dave.person.join(alice.room)
    world.settle()
    boost = dave.person.react(alice.room, event, BOOST)
    world.settle()
    bob.unfollow(dave.handle)
    world.settle()
    dave.person.redact(alice.room, boost)
    world.settle()
    assert bob.home.received(type="Undo", contains=post_of(event))


def test_whom_one_boosts_leaves_and_those_who_read_it_there_hear_of_it(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    dave = world.resident("dave")
    bob.follow(dave.handle)
    event = alice.post(WORDS)
    dave.person.join(alice.room)
    world.settle()
    dave.person.react(alice.room, event, BOOST)
    world.settle()
    bob.unfollow(dave.handle)
    world.settle()
    alice.tell_bot("profile delete alice")
    world.settle()
    assert hosts(world, "Delete", alice.actor) == {0}


def test_an_inbox_that_moved_hears_of_the_end_where_it_is_now(
    world: World, alice: Resident, server: Liar, eve: Somebody
) -> None:
    follow = eve.says("Follow", alice.actor)
    tell(world, eve, follow)
    event = alice.post(WORDS)
    world.settle()
    tell(world, eve, eve.says("Undo", follow))
    shared = {"endpoints": {"sharedInbox": f"{server.url}/inbox"}}
    tell(world, eve, eve.says("Update", {**eve.document(), **shared}))
    alice.person.redact(alice.room, event)
    world.settle()
    found = zip(server.heard, server.heard_at, strict=True)
    assert [path for said, path in found if said["type"] == "Delete"] == ["/inbox"]


def test_who_quotes_it_and_who_voted_hear_of_edits(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    event = alice.post(WORDS)
    world.settle()
    ask(world, carol, post_of(event))
    world.hear(
        carol, said(carol, "Create", note(carol, "so", quote=post_of(event), cc=[alice.actor]))
    )
    world.settle()
    alice.person.edit(alice.room, event, "other words")
    world.settle()
    assert hosts(world, "Update", post_of(event)) == {1}
