"""Stories of actors who leave for good, next door and here."""

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Document
from social.models import Actor, Boost, Follow, Post, Reaction
from tests.fakes.world import Resident, World, post_of, said
from tests.rebuilt import lost_and_rebuilt, shown


def test_nobody_deletes_another_actor(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    assert world.hear(mallory, said(mallory, "Delete", bob.id)) == 202
    assert world.hear(mallory, said(mallory, "Delete", alice.actor)) == 202
    lie = said(mallory, "Delete", bob.id) | {"actor": bob.id, "id": f"{bob.id}#delete"}
    world.hear(mallory, lie)
    world.settle()
    assert not Actor.objects.exclude(left=None).exists()
    assert Follow.objects.count() == 1


def test_the_goodbye_of_somebody_unknown_is_answered_and_forgotten(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    assert world.hear(bob, said(bob, "Delete", bob.id)) == 202
    assert not Actor.objects.filter(uri=bob.id).exists()


def test_with_an_actor_goes_everything_it_wrote(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("stay a while")
    world.settle()
    bob.post("my last words", reply_to=post_of(event))
    bob.like(post_of(event))
    bob.boost(post_of(event))
    world.settle()
    assert "my last words" in world.page(post_of(event))
    bob.delete_actor()
    world.settle()
    assert "my last words" not in world.page(post_of(event))
    assert not Follow.objects.exists()
    assert not Reaction.objects.exists()
    assert not Boost.objects.exists()
    assert not Post.objects.filter(author__uri=bob.id, deleted=None).exists()
    assert not Actor.objects.get(uri=bob.id).summary
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 0


def test_what_an_actor_who_leaves_said_goes_from_the_rooms(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    event = alice.post("stay a while")
    world.settle()
    bob.post("my last words", reply_to=post_of(event))
    bob.post("my last words to followers")
    bob.post("my last words to you", to="direct", mentions=[alice.handle])
    world.settle()
    assert alice.seen("my last words")
    assert alice.seen("my last words", mirror)
    bob.delete_actor()
    world.settle()
    for room in (alice.room, mirror, alice.desk):
        assert not alice.seen("my last words", room)
    assert not Document.objects.filter(body__contains="my last words").exists()
    assert alice.seen("stay a while")


def test_who_left_follows_nobody_after_a_rebuild(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.follow(ada.handle)
    world.settle()
    bob.delete_actor()
    world.settle()
    before = shown()
    lost_and_rebuilt()
    assert not Follow.objects.exists()
    assert shown() == before


def test_who_left_is_not_heard_again(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    world.settle()
    bob.delete_actor()
    world.settle()
    follow = said(bob, "Follow", alice.actor)
    world.hear(bob, follow)
    world.settle()
    assert not Follow.objects.exists()


def test_an_owner_who_leaves_is_gone_everywhere(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("my posts go with me")
    world.settle()
    alice.tell_bot("profile delete")
    world.settle()
    assert world.get(alice.actor)[0] == 200  # it wants the handle typed once more
    alice.tell_bot("profile delete alice")
    world.settle()
    assert bob.received("Delete")[0]["activity"]["object"] == alice.actor
    assert world.get(alice.actor)[0] == 410
    assert world.get(post_of(event))[0] == 410
    assert world.get(f"{world.url}/@alice", "text/html")[0] == 410
    assert "my posts" not in world.page("/")
    assert bob.raw(f"{alice.actor}/inbox", said(bob, "Follow", alice.actor)).statuses == [410]
    assert world.get(f"{world.url}/.well-known/webfinger?resource=acct:{alice.handle[1:]}")[0] in {
        404,
        410,
    }
