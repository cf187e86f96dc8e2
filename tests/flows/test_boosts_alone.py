"""Boosts of posts that stand in no room here: after a loss they are known by their address."""

from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Boost, Post, Reaction
from tests.fakes.world import Resident, World, note, said
from tests.rebuilt import lost_and_rebuilt

BOOST = "\N{CLOCKWISE RIGHTWARDS AND LEFTWARDS OPEN CIRCLE ARROWS}"


@pytest.fixture
def dave(world: World) -> Neighbour:
    """Whom nobody here reads."""
    return world.neighbour("dave", host=1)


def card(world: World, alice: Resident, bob: Neighbour, dave: Neighbour) -> tuple[str, str]:
    """The post, and the event of bob's boost of it; which alice boosts and likes, too."""
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    uri = dave.post("rarely heard").post
    bob.boost(uri)
    world.settle()
    (event,) = alice.seen("rarely heard", mirror)
    for key in (BOOST, "\N{HEAVY BLACK HEART}"):
        alice.person.react(mirror, event["event_id"], key)
    world.settle()
    assert Boost.objects.filter(post__uri=uri).count() == 2
    return uri, event["event_id"]


def is_boost(event: dict[str, Any]) -> bool:
    return bool(event["content"]["m.relates_to"]["key"] == BOOST)


def mine_of(model: Any, alice: Resident, uri: str) -> list[str]:
    return [row.uri for row in model.objects.filter(post__uri=uri, author__uri=alice.actor)]


def rows() -> list[object]:
    """What was boosted and liked, by whom."""
    columns = ("uri", "author__uri", "post__uri", "at")
    return [
        *Boost.objects.order_by("uri").values_list(*columns),
        *Reaction.objects.order_by("uri").values_list(*columns),
    ]


def lost(world: World, *, away: bool = False) -> None:
    if away:
        world.neighbours.faults("status:503", host=1, where="get")
    lost_and_rebuilt()


def test_they_stand_after_a_loss_and_are_served_as_before(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    uri, _ = card(world, alice, bob, dave)
    mine = [*mine_of(Boost, alice, uri), *mine_of(Reaction, alice, uri)]
    page = f"{alice.actor}/outbox?page=true"
    before = rows(), [world.get(one) for one in (*mine, page)]
    assert [status for status, _ in before[1]] == [200, 200, 200]
    lost(world, away=True)
    assert (rows(), [world.get(one) for one in (*mine, page)]) == before
    world.settle()
    assert (rows(), [world.get(one) for one in (*mine, page)]) == before


def test_the_words_come_back_once_their_author_can_be_asked(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    uri, _ = card(world, alice, bob, dave)
    before = Post.objects.filter(uri=uri).values()[0]
    lost(world, away=True)
    world.settle()
    assert not Post.objects.get(uri=uri).html
    assert "rarely heard" not in world.page(alice.actor)
    world.neighbours.faults("ok", host=1)
    world.let_time_pass()
    world.settle()
    after = Post.objects.filter(uri=uri).values()[0]
    numbers = {"id", "author_id"}
    assert {k: v for k, v in after.items() if k not in numbers} == {
        k: v for k, v in before.items() if k not in numbers
    }
    assert "rarely heard" in world.page(alice.actor)


def test_what_was_taken_back_stays_so(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    card(world, alice, bob, dave)
    mirror = world.mirror(bob, alice)
    (boost,) = [e for e in alice.timeline(mirror, "m.reaction") if is_boost(e)]
    alice.person.redact(mirror, boost["event_id"])
    world.settle()
    lost(world)
    assert [row.author.uri for row in Boost.objects.select_related("author")] == [bob.id]


@pytest.mark.parametrize("heard", [True, False], ids=["told", "untold"])
def test_what_its_author_deletes_after_a_loss_goes_from_the_card(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour, *, heard: bool
) -> None:
    uri, _ = card(world, alice, bob, dave)
    mirror = world.mirror(bob, alice)
    lost(world)
    dave.delete(uri)
    if heard:
        world.hear(dave, said(dave, "Delete", uri))
    world.settle()
    assert not alice.seen("rarely heard", mirror)
    assert Post.objects.get(uri=uri).deleted
    lost(world)
    world.settle()
    assert not Post.objects.filter(uri=uri, deleted=None).exists()


def test_an_edit_is_the_first_that_is_known_of_it(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    uri, _ = card(world, alice, bob, dave)
    lost(world, away=True)
    now = {**note(dave, "better said"), "id": uri, "updated": "2031-01-01T00:00:00Z"}
    world.hear(dave, said(dave, "Update", now))
    world.settle()
    post = Post.objects.get(uri=uri)
    assert "better said" in post.html
    assert not post.versions.exists()


def test_nobody_is_made_to_have_said_what_another_boosted(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    """The address stands in what a client may write, too; only our own events count."""
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    about = {"act": "Publish", "author": dave.id, "post": f"{dave.id}/notes/7"}
    alice.person.send(
        mirror, "look", **{"social.ownroom.object": {"kind": "announce", "about": about}}
    )
    world.settle()
    lost(world)
    assert not Post.objects.filter(uri=about["post"]).exists()


def test_a_card_can_be_answered(
    world: World, alice: Resident, bob: Neighbour, dave: Neighbour
) -> None:
    uri, event = card(world, alice, bob, dave)
    alice.person.reply(world.mirror(bob, alice), event, "well said")
    world.settle()
    assert Post.objects.get(author__uri=alice.actor).reply == uri
    assert dave.received("Create")
