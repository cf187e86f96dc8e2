"""After a loss: what we meant to do by ourselves is meant again, as far as rooms show it undone."""

import pytest

from bridge import rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Errand, Room
from bridge.rebuild import intents
from social.models import Delivery, Post
from tests.fakes.liar import Liar, Page, Somebody
from tests.fakes.world import Resident, World
from tests.flows.quotes import SHUT, now, quote
from tests.flows.talking import collection, ids, known, look
from tests.flows.test_conversations import arrives, talk
from tests.flows.test_groups_past import carol, dogs, follow, lists, topic  # noqa: F401  fixtures
from tests.flows.test_groups_past import talk as below
from tests.flows.test_quotes_later import away, back
from tests.rebuilt import lost_and_rebuilt, shown


@pytest.fixture
def lena(far: Liar) -> Somebody:
    """Whose outbox could not be had when alice began to follow her."""
    return far.somebody("lena", outbox=f"{far.url}/u/lena/outbox")


def begins_to_follow(world: World, alice: Resident, lena: Somebody) -> None:
    alice.tell_bot(f"follow {lena.id}")
    world.settle()
    asked = next(said for said in lena.server.heard if said["type"] == "Follow")
    lena.knocks(world, lena.says("Accept", asked["id"]))
    world.settle()


def wrote(lena: Somebody) -> list[str]:
    """Two posts, in her outbox."""
    notes = [lena.note(f"old news {number}", to="") for number in range(2)]
    for one in notes:
        lena.server.serve(one["id"].removeprefix(lena.server.url), one)
    items = [lena.creates(one) for one in reversed(notes)]
    collection(lena.server, "/u/lena/outbox", None, type="OrderedCollection", orderedItems=items)
    return ids(*notes)


def meant(kind: str) -> list[str]:
    return sorted(
        Errand.objects.filter(kind=kind).exclude(due=None).values_list("about", flat=True)
    )


# ---- not meant


def test_of_whom_nobody_follows_and_of_what_stands_nothing_is_meant(
    world: World, alice: Resident, bob: Neighbour, lena: Somebody
) -> None:
    world.friends(bob, alice)
    world.mirror(bob, alice)
    bob.post("stands in the mirror")
    begins_to_follow(world, alice, lena)
    world.settle()
    alice.tell_bot(f"unfollow {lena.id}")
    world.settle()
    wrote(lena)
    lost_and_rebuilt()
    assert not meant("past")
    assert not meant("quote")
    world.settle()
    assert not Delivery.objects.filter(network="activitypub").exists()


def test_who_is_no_longer_followed_when_it_is_due_is_asked_nothing(
    world: World, alice: Resident, lena: Somebody
) -> None:
    begins_to_follow(world, alice, lena)
    wrote(lena)
    lost_and_rebuilt()
    assert meant("past") == [lena.id]
    alice.tell_bot(f"unfollow {lena.id}")
    world.home.push()
    Errand.objects.filter(kind="past").update(due=None)
    world.settle()
    asked = len(lena.server.asked)
    Errand.objects.filter(kind="past").update(due="2026-01-01T00:00Z")
    world.settle()
    assert lena.server.asked[asked:] == []
    assert not Post.objects.filter(author__uri=lena.id).exists()


def test_so_much_is_meant_at_a_time_and_of_one_room_nothing(
    world: World,
    alice: Resident,
    lena: Somebody,
    bob: Neighbour,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begins_to_follow(world, alice, lena)
    world.friends(bob, alice)
    Errand.objects.all().delete()
    rebuild.rebuild(print, only=alice.room)
    assert not meant("past")
    monkeypatch.setattr(intents, "MANY", 1)
    rebuild.rebuild(print)
    assert len(meant("past")) == 1


def test_a_server_in_trouble_is_asked_again_later(
    world: World, alice: Resident, lena: Somebody
) -> None:
    begins_to_follow(world, alice, lena)
    (one, two), page = wrote(lena), lena.server.pages["/u/lena"]
    lost_and_rebuilt()
    lena.server.pages["/u/lena"] = Page(b"", status=503)
    world.settle()
    assert not known({"id": one}, {"id": two})
    lena.server.pages["/u/lena"] = page
    look(world)
    assert known({"id": one}, {"id": two}) == {one, two}


# ---- meant again


def test_a_mirror_that_was_never_filled_is_filled_after_a_loss_and_once(
    world: World, alice: Resident, lena: Somebody
) -> None:
    begins_to_follow(world, alice, lena)
    assert not Post.objects.filter(author__uri=lena.id).exists()
    wrote(lena)
    lost_and_rebuilt()
    world.settle()
    mirror = Room.objects.get(kind="mirror", actor__uri=lena.id).room_id
    alice.person.join(mirror)
    assert [event["content"]["body"] for event in alice.seen("old news", mirror)] == [
        "old news 0",
        "old news 1",
    ]
    before = shown()
    rebuild.rebuild(print)
    assert not meant("past")
    world.settle()
    assert shown() == before
    assert len(alice.seen("old news", mirror)) == 2


def test_below_the_topics_of_a_group_it_is_read_after_a_loss_too(
    world: World,
    alice: Resident,
    dogs: Somebody,  # noqa: F811
    carol: Somebody,  # noqa: F811
) -> None:
    _, first, second = below(dogs, carol)
    room = follow(world, alice, dogs)
    assert len(meant("conversation")) == 1
    lost_and_rebuilt()
    look(world)
    assert known(first, second) == set(ids(first, second))
    for words in ("first", "second"):
        assert len(alice.seen(words, room)) == 1, words
    lost_and_rebuilt()
    assert not meant("past")
    look(world)
    assert len(alice.seen("first", room)) == 1


def test_topics_of_a_group_that_nobody_read_are_read_after_a_loss(
    world: World,
    alice: Resident,
    dogs: Somebody,  # noqa: F811
) -> None:
    room = follow(world, alice, dogs)
    lists(dogs, topic(dogs))
    assert not alice.seen("bone", room)
    lost_and_rebuilt()
    world.settle()
    assert len(alice.seen("bone", room)) == 1


def test_where_somebody_answered_lately_it_is_read_on(
    world: World, alice: Resident, lena: Somebody, other: Liar
) -> None:
    begins_to_follow(world, alice, lena)
    root, first, _ = talk(lena, other)
    arrives(world, lena, root)
    mirror = world.mirror(lena, alice)
    (event,) = alice.seen("begun", mirror)
    alice.person.reply(mirror, event["event_id"], "my answer")
    world.settle()
    lost_and_rebuilt()
    assert root["id"] in meant("conversation")
    look(world)
    assert known(first)
    assert len(alice.seen("first", mirror)) == 1


def test_whether_a_post_may_quote_is_asked_after_a_loss_too(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror, dora = world.mirror(bob, alice), world.neighbour("dora", host=1)
    first = quote(bob, dora.post("the original").post, by=dora)
    away(world)
    world.settle()
    assert SHUT in now(alice, "hear hear", mirror)["body"]
    lost_and_rebuilt()
    assert meant("quote") == [first]
    back(world)
    look(world)
    assert "> the original" in now(alice, "hear hear", mirror)["body"]
