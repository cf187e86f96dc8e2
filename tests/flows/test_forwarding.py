"""Stories of what travels through a third server (ActivityPub, "Forwarding from Inbox")."""

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Post
from tests.fakes.world import Resident, World, note, post, post_of, said


def test_what_was_passed_on_is_not_believed_but_fetched(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    carol = world.neighbour("carol", host=1, shared_key=False)
    true = bob.post("true words", reply_to="").activity
    world.settle()
    Post.objects.all().delete()
    twisted = {**true, "object": {**true["object"], "content": "<p>twisted words</p>"}}
    assert world.hear(carol, twisted | {"id": f"{bob.id}/again"}) == 202
    world.settle()
    assert "true words" in post(true["object"]["id"]).html


def test_what_was_passed_on_and_cannot_be_fetched_is_not_kept(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    carol = world.neighbour("carol", host=1, shared_key=False)
    invented = said(bob, "Create", note(bob, "never said", cc=[alice.actor]))
    assert world.hear(carol, invented) == 202
    world.settle()
    assert not Post.objects.exists()


def test_a_deletion_that_was_passed_on_is_asked_about(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    carol = world.neighbour("carol", host=1, shared_key=False)
    theirs = bob.post("still here").post
    world.settle()
    deletion = said(bob, "Delete", {"type": "Tombstone", "id": theirs})
    assert world.hear(carol, deletion) == 202
    world.settle()
    assert post(theirs).deleted is None


def test_a_follow_or_like_cannot_be_passed_on(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    carol = world.neighbour("carol", host=1, shared_key=False)
    for forged in (said(bob, "Follow", alice.actor), said(bob, "Like", post_of(event))):
        assert world.hear(carol, forged) == 401


def test_an_answer_to_the_owners_followers_is_passed_on_as_it_came(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    carol = world.neighbour("carol", host=1)
    answer = note(carol, "I do", inReplyTo=post_of(event), cc=[f"{alice.actor}/followers"])
    answer["tag"] = [{"type": "Mention", "href": alice.actor, "name": alice.handle}]
    create = said(carol, "Create", answer)
    assert world.hear(carol, create) == 202
    world.settle()
    # The neighbour believes nobody but the author, so it answers 401 to both kinds of signature.
    found = world.neighbours.received(refused=1)
    passed = [one for one in found if one["id"] == create["id"]]
    assert {one["host"] for one in passed} == {0}
    assert all(one["activity"] == create for one in passed)
