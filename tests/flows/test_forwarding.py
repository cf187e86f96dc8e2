"""Stories of what travels through a third server (ActivityPub, "Forwarding from Inbox")."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from bridge import moderation
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received
from social.models import Actor, Delivery, Post
from tests.fakes.liar import Liar, Page, serving
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


# ---- what we pass on


def passed_on(world: World, *activities: dict[str, Any]) -> list[str]:
    """What came of them at the first host next door, of which bob is, in order.

    It believes nobody but the author, so it answers 401, to both kinds of signature.
    """
    wanted = {one["id"]: one for one in activities}
    found = [one for one in world.neighbours.received(refused=1) if one["id"] in wanted]
    assert {one["host"] for one in found} <= {0}
    assert all(one["activity"] == wanted[one["id"]] for one in found)
    return list(dict.fromkeys(one["id"] for one in found))


@pytest.fixture
def carol(world: World) -> Neighbour:
    return world.neighbour("carol", host=1)


def reply(author: Neighbour, alice: Resident, uri: str, **values: Any) -> dict[str, Any]:
    """To alice, and to her followers if `values` do not say otherwise."""
    values = {"cc": [f"{alice.actor}/followers"], **values}
    tag = {"type": "Mention", "href": alice.actor, "name": alice.handle}
    return note(author, "I do", inReplyTo=uri, tag=[tag], **values)


def edited(author: Neighbour, answer: dict[str, Any]) -> dict[str, Any]:
    new = {**answer, "content": "<p>I did</p>", "updated": "2026-01-02T12:00:00Z"}
    return said(author, "Update", new)


def deleted(author: Neighbour, answer: dict[str, Any]) -> dict[str, Any]:
    return said(author, "Delete", {"type": "Tombstone", "id": answer["id"]}, to=answer["to"])


@pytest.mark.parametrize(
    "to_whom",
    [{"cc": []}, {"to": ["{alice}/followers"], "cc": []}],
    ids=["to-nobodys-followers", "followers-only"],
)
def test_an_answer_that_is_not_for_everybody_who_follows_goes_no_further_nor_do_its_changes(
    world: World,
    alice: Resident,
    bob: Neighbour,
    carol: Neighbour,
    to_whom: dict[str, list[str]],
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    addressed = {
        key: [*(one.format(alice=alice.actor) for one in value), alice.actor]
        for key, value in to_whom.items()
    }
    answer = reply(carol, alice, post_of(event), **addressed)
    create = said(carol, "Create", answer)
    # An edit that now names the followers makes nobody hear of what they never heard.
    wider = edited(carol, {**answer, "cc": [f"{alice.actor}/followers"]})
    last = deleted(carol, answer)
    for activity in (create, wider, last):
        assert world.hear(carol, activity) == 202
        world.settle()
    assert post(answer["id"]).deleted
    assert passed_on(world, create, wider, last) == []


def test_a_forged_deletion_of_what_was_passed_on_goes_no_further(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour, mallory: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event), id=carol.post("I do").post)
    create = said(carol, "Create", answer)
    world.hear(carol, create)
    world.settle()
    assert passed_on(world, create)
    claimed = deleted(carol, answer)  # but her server still has it when it is asked
    own = said(mallory, "Delete", answer["id"])
    world.hear(mallory, claimed)
    world.hear(mallory, own)
    world.settle()
    assert post(answer["id"]).deleted is None
    assert passed_on(world, claimed, own) == []


def test_an_answer_to_the_owners_followers_is_passed_on_as_it_came(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    near = world.neighbour("near", host=1)  # whom carol's own server has told
    near.follow(alice.handle)
    world.settle()
    create = said(carol, "Create", reply(carol, alice, post_of(event)))
    assert world.hear(carol, create) == 202
    world.settle()
    assert passed_on(world, create) == [create["id"]]


def tell(world: World, one: Neighbour, *activities: dict[str, Any]) -> None:
    for activity in activities:
        assert world.hear(one, activity) == 202
        world.let_time_pass()  # what bob's server did not believe goes again, as it stands now
        world.settle()


def test_the_edit_and_the_deletion_of_what_was_passed_on_follow_it(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event))
    told = [said(carol, "Create", answer), edited(carol, answer), deleted(carol, answer)]
    tell(world, carol, *told)
    assert passed_on(world, *told) == [one["id"] for one in told]


def test_the_deletion_of_what_was_passed_on_follows_it_though_it_was_for_fewer_by_then(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event))
    create = said(carol, "Create", answer)
    fewer = edited(carol, {**answer, "to": [alice.actor], "cc": []})
    last = deleted(carol, answer)
    tell(world, carol, create, fewer, last)
    assert passed_on(world, create, fewer, last) == [create["id"], last["id"]]


def test_who_has_stopped_following_since_is_not_left_with_what_was_deleted(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event))
    create, last = said(carol, "Create", answer), deleted(carol, answer)
    assert world.hear(carol, create) == 202
    world.settle()
    bob.unfollow(alice.handle)
    assert world.hear(carol, last) == 202
    world.let_time_pass()
    world.settle()
    assert passed_on(world, create, last) == [create["id"], last["id"]]


def test_what_was_deleted_while_it_waited_is_passed_on_without_its_words(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event))
    create, last = said(carol, "Create", answer), deleted(carol, answer)
    world.neighbours.faults("status:503", host=0)
    for activity in (create, last):
        assert world.hear(carol, activity) == 202
        world.settle()
    world.neighbours.faults("ok", host=0)
    before = len(world.neighbours.received(refused=1))
    world.let_time_pass()
    world.settle()
    later = world.neighbours.received(refused=1)[before:]
    assert {one["id"] for one in later} == {last["id"]}


def test_an_answer_that_is_called_like_a_deletion_goes_no_further_when_its_author_is_suspended(
    world: World, alice: Resident, bob: Neighbour, carol: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("who joins?")
    world.settle()
    answer = reply(carol, alice, post_of(event), id=f"{carol.id}/notes/1/delete")
    world.neighbours.faults("status:503", host=0)
    assert world.hear(carol, said(carol, "Create", answer)) == 202
    world.settle()
    waiting = Delivery.objects.filter(network="activitypub", document=answer["id"])
    assert waiting.get().state == "waiting"
    moderation.suspend(Actor.objects.get(uri=carol.id))
    assert waiting.get().note == "its author is suspended here"


# ---- what somebody else says of an author


@pytest.fixture
def evil() -> Iterator[Liar]:
    with serving("127.0.10.11") as liar:
        yield liar


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_its_server_hides_is_not_deleted_by_somebody_else(
    world: World, alice: Resident, far: Liar, evil: Liar, status: int
) -> None:
    writer, mallory = far.somebody("writer", pair="bob"), evil.somebody("mallory", pair="mal")
    secret = writer.note("for alice only", to=alice.actor) | {"to": [alice.actor], "cc": []}
    far.pages[urlsplit(secret["id"]).path] = Page(b"{}", status=status)
    assert writer.knocks(world, writer.says("Create", secret, to=[alice.actor])) == 202
    world.settle()
    forged = writer.says("Delete", {"type": "Tombstone", "id": secret["id"]})
    assert mallory.knocks(world, forged) == 202
    world.settle()
    assert post(secret["id"]).deleted is None


@pytest.mark.parametrize("status", [403, 404, 410])
def test_nobody_leaves_by_somebody_elses_word(
    world: World, alice: Resident, far: Liar, evil: Liar, status: int
) -> None:
    writer, mallory = far.somebody("writer", pair="bob"), evil.somebody("mallory", pair="mal")
    assert writer.knocks(world, writer.creates(writer.note("hi", to=alice.actor))) == 202
    world.settle()
    far.pages["/u/writer"] = Page(b"{}", status=status)
    assert mallory.knocks(world, writer.says("Delete", writer.id)) == 202
    world.settle()
    assert Actor.objects.get(uri=writer.id).left is None


def test_an_answer_passed_on_brings_its_unknown_author_along(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("hello")
    world.settle()
    carol = world.neighbour("carol", host=1, shared_key=False)
    sent = carol.post("carol answers", reply_to=post_of(event)).activity
    world.settle()
    Post.objects.filter(author__uri=carol.id).delete()
    Actor.objects.filter(uri=carol.id).delete()
    Received.objects.all().delete()
    assert world.hear(bob, sent) == 202
    world.settle()
    assert Post.objects.filter(author__uri=carol.id).exists()
