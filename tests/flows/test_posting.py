"""Stories of posts: written, edited, deleted and answered, both ways and in any order."""

import json
from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Refused
from social.models import Actor, Post
from tests.fakes.world import Resident, World, note, outcome, post, post_of, said

LATER = {"updated": "2026-01-01T13:00:00Z"}
LATEST = {"updated": "2026-01-01T14:00:00Z"}


# ---- refused


def test_nobody_edits_or_deletes_what_another_wrote(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    theirs = bob.post("bob's own words").post
    world.settle()
    forged = note(mallory, "twisted words", **LATER) | {"id": theirs}
    honest = note(mallory, "twisted words", **LATER) | {"id": theirs, "attributedTo": bob.id}
    for lie in (forged, honest):
        world.hear(mallory, said(mallory, "Update", lie))
        world.hear(mallory, said(mallory, "Create", lie))
    world.hear(mallory, said(mallory, "Delete", theirs))
    world.hear(mallory, said(mallory, "Delete", {"type": "Tombstone", "id": theirs}))
    world.settle()
    assert "own words" in post(theirs).html
    assert post(theirs).deleted is None


def test_a_neighbour_on_the_same_host_cannot_touch_a_post_either(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    theirs = bob.post("bob's own words").post
    world.settle()
    eve = world.neighbour("eve", shared_key=False)
    world.hear(eve, said(eve, "Update", note(eve, "twisted", **LATER) | {"id": theirs}))
    world.hear(eve, said(eve, "Delete", theirs))
    world.settle()
    assert "own words" in post(theirs).html
    assert post(theirs).deleted is None


def test_a_post_whose_id_is_on_another_host_is_not_stored(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    for lie in (
        note(mallory, "hello", tag=[_mention(alice)]) | {"id": f"{bob.id}/notes/forged"},
        note(mallory, "hello", tag=[_mention(alice)]) | {"attributedTo": bob.id},
        note(mallory, "hello", tag=[_mention(alice)]) | {"id": f"{alice.actor}/forged"},
    ):
        world.hear(mallory, said(mallory, "Create", lie | {"cc": [alice.actor]}))
    world.settle()
    assert not Post.objects.exists()
    assert not alice.seen("hello")


def _mention(who: Resident) -> dict[str, str]:
    return {"type": "Mention", "href": who.actor, "name": who.handle}


def test_what_concerns_nobody_here_is_not_kept(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    create = said(bob, "Create", note(bob, "spam for all"))
    assert world.hear(bob, create) == 202
    world.settle()
    assert outcome(create["id"]).note.startswith("nobody here follows")
    assert not Post.objects.exists()


def test_a_forged_copy_of_a_post_by_a_guest_counts_for_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    mallory = world.person("mallory")
    mallory.join(alice.room)
    raw = json.dumps(said(bob, "Create", note(bob, "put into his mouth")))
    forged = {"v": 1, "id": f"{bob.id}/notes/1", "by": bob.id, "raw": raw, "vis": "public"}
    mallory.send(alice.room, "look", None, **{"social.ownroom.object": forged})
    ledger = {"v": 1, "op": "follow", "dir": "in", "actor": bob.id}
    with pytest.raises(Refused):
        mallory.send_event(alice.room, "social.ownroom.ledger", ledger)
    world.settle()
    assert not Post.objects.exists()
    assert not bob.received("Create")
    assert "put into his mouth" not in world.page(f"/@{alice.row().handle}")


# ---- from here


def test_a_post_reaches_followers_and_stands_on_the_page(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    uri = post_of(alice.post("hello fediverse", "<p>hello <b>fediverse</b></p>"))
    world.settle()
    (create,) = bob.received("Create")
    assert create["verified"]
    assert create["activity"]["object"]["id"] == uri
    assert world.json(uri)["content"] == create["activity"]["object"]["content"]
    assert "hello" in world.page(f"/@{alice.row().handle}")
    assert world.json(f"{alice.actor}/outbox")["totalItems"] == 1


def test_followers_on_one_host_get_one_delivery(world: World, alice: Resident) -> None:
    for name in ("bob", "carol", "dan"):
        world.neighbour(name).follow(alice.handle)
    world.settle()
    before = world.neighbours.stats()["received"]
    alice.post("one for all")
    world.settle()
    assert world.neighbours.stats()["received"] == before + 1


def test_an_edit_and_a_deletion_follow_the_post(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    event = alice.post("first words")
    world.settle()
    uri = post_of(event)
    alice.person.edit(alice.room, event, "second words")
    world.settle()
    assert "second words" in bob.received("Update")[0]["activity"]["object"]["content"]
    assert "second words" in world.json(uri)["content"]
    assert "first words" not in world.json(uri)["content"]
    alice.person.redact(alice.room, event)
    world.settle()
    assert bob.received("Delete")[0]["activity"]["object"]["id"] == uri
    status, body = world.get(uri)
    assert status == 410
    assert b"Tombstone" in body
    assert b"words" not in body
    assert world.neighbours.seen(uri) is None


def test_an_edit_by_a_guest_changes_nothing(world: World, alice: Resident) -> None:
    guest = world.person("guest")
    guest.join(alice.room)
    event = alice.post("mine")
    guest.edit(alice.room, event, "yours")
    world.settle()
    assert "mine" in post(post_of(event)).html


# ---- from next door


def test_a_followed_neighbours_post_is_mirrored_edited_and_withdrawn(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    theirs = bob.post("good mornign").post
    world.settle()
    (event,) = alice.seen("good mornign", mirror)
    bob.update(theirs, "good morning")
    world.settle()
    (edit,) = (e for e in alice.timeline(mirror) if "m.new_content" in e["content"])
    assert edit["content"]["m.relates_to"]["event_id"] == event["event_id"]
    bob.delete(theirs)
    world.settle()
    assert not alice.seen("good", mirror)
    assert post(theirs).deleted


def test_a_mention_is_told_in_the_desk(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.post("are you there?", mentions=[alice.handle])
    world.settle()
    assert any("are you there?" in line for line in alice.answers())


# ---- conversations


def test_answers_stand_in_one_thread_of_the_room(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("who is there?")
    world.settle()
    first = bob.post("me", reply_to=post_of(root)).post
    world.settle()
    (event,) = alice.seen("me")
    relation = event["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", root)
    carol = world.neighbour("carol", host=1)
    carol.post("me too", reply_to=first, mentions=[alice.handle])
    world.settle()
    (nested,) = alice.seen("me too")
    relation = nested["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", root)
    assert relation["m.in_reply_to"]["event_id"] == event["event_id"]
    answer = alice.person.reply(alice.room, event["event_id"], "nice to see you", root)
    world.settle()
    (create,) = bob.received("Create", contains="nice to see you")
    assert create["activity"]["object"]["inReplyTo"] == first
    assert create["activity"]["object"]["id"] == post_of(answer)
    replies = world.json(f"{post_of(root)}/replies?page=others")
    assert first in json.dumps(replies)
    bob.delete(first)
    world.settle()
    late = alice.person.reply(alice.room, event["event_id"], "typed meanwhile", root)
    world.settle()
    assert world.json(post_of(late))["inReplyTo"] == post_of(root)


def test_an_answer_before_its_parent_brings_the_parent_along(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    carol = world.neighbour("carol", host=1)
    parent = carol.post("the beginning").post  # nobody here was told
    child = bob.post("the answer", reply_to=parent).post
    world.settle()
    assert post(child).parent == post(parent)
    assert "beginning" in post(parent).html
    assert alice.seen("the answer", mirror)


def test_an_answer_whose_parent_cannot_be_had_is_shown_all_the_same(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    answer = note(bob, "lost", inReplyTo=f"{bob.id}/statuses/404")
    world.hear(bob, said(bob, "Create", answer))
    world.settle()
    assert alice.seen("lost", mirror)
    assert post(answer["id"]).parent is None


def test_a_parent_that_comes_later_takes_its_place(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    parent = note(bob, "first")
    child = note(bob, "second", inReplyTo=parent["id"])
    world.hear(bob, said(bob, "Create", child))
    world.settle()
    world.hear(bob, said(bob, "Create", parent))
    world.settle()
    assert post(child["id"]).parent == post(parent["id"])


def _thread_of(event: dict[str, Any]) -> tuple[str, str]:
    relation = event["content"]["m.relates_to"]
    assert relation["rel_type"] == "m.thread"
    return relation["event_id"], relation["m.in_reply_to"]["event_id"]


def test_an_answer_to_what_the_room_lacks_stands_in_the_thread_all_the_same(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("the beginning")
    world.settle()
    carol = world.neighbour("carol", host=1)
    between = carol.post("in between", extra={"inReplyTo": post_of(root)})  # not sent to us
    bob.post("the end", reply_to=between.post, mentions=[alice.handle])
    world.settle()
    (end,) = alice.seen("the end")
    assert _thread_of(end) == (root, root)


def test_what_was_fetched_for_its_answer_is_told_when_it_comes_itself_and_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("the beginning")
    world.settle()
    carol = world.neighbour("carol", host=1)
    between = carol.post("in between", extra={"inReplyTo": post_of(root)})
    bob.post("the end", reply_to=between.post, mentions=[alice.handle])
    world.settle()
    assert not alice.seen("in between")
    world.hear(carol, between.activity)
    world.settle()
    (late,) = alice.seen("in between")
    assert _thread_of(late) == (root, root)
    world.hear(carol, {**between.activity, "id": f"{carol.id}/again"})
    world.settle()
    assert len(alice.seen("in between")) == 1


def test_a_parent_that_comes_later_does_not_move_its_answer_in_the_room(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    parent = note(bob, "first")
    child = note(bob, "second", inReplyTo=parent["id"])
    for one in (child, parent):
        world.hear(bob, said(bob, "Create", one))
        world.settle()
    for words in ("first", "second"):
        (event,) = alice.seen(words, mirror)
        assert "m.relates_to" not in event["content"]
    third = note(bob, "third", inReplyTo=child["id"])
    world.hear(bob, said(bob, "Create", third))
    world.settle()
    (event,) = alice.seen("third", mirror)
    (answered,) = alice.seen("second", mirror)
    assert _thread_of(event) == (answered["event_id"], answered["event_id"])


# ---- any order, any number of times


def test_an_edit_before_its_post_gives_the_newer_words_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    old = note(bob, "old words")
    new = old | {"content": "<p>new words</p>", **LATER}
    world.hear(bob, said(bob, "Update", new))
    world.settle()
    world.hear(bob, said(bob, "Create", old))
    world.settle()
    assert "new words" in post(old["id"]).html
    assert len(alice.seen("words", mirror)) == 1


def test_a_deletion_before_its_post_keeps_it_out(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    gone = note(bob, "regretted")
    world.hear(bob, said(bob, "Delete", {"type": "Tombstone", "id": gone["id"]}))
    world.settle()
    world.hear(bob, said(bob, "Create", gone))
    world.settle()
    assert not Post.objects.filter(uri=gone["id"], deleted=None).exists()
    assert not alice.seen("regretted", mirror)


def test_of_two_edits_the_newer_wins_whichever_comes_first(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    first = note(bob, "one")
    world.hear(bob, said(bob, "Create", first))
    world.hear(bob, said(bob, "Update", first | {"content": "<p>three</p>", **LATEST}))
    world.settle()
    world.hear(bob, said(bob, "Update", first | {"content": "<p>two</p>", **LATER}))
    world.settle()
    assert "three" in post(first["id"]).html


def test_a_post_that_comes_three_times_is_shown_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    sent = bob.post("once")
    bob.resend(sent.id)
    world.settle()
    bob.resend(sent.id)
    world.settle()
    assert len(alice.seen("once", mirror)) == 1
    other = said(bob, "Create", world.neighbours.call("seen", id=sent.post)["post"] or _of(sent))
    world.hear(bob, other)
    world.settle()
    assert len(alice.seen("once", mirror)) == 1


def _of(sent: object) -> dict[str, object]:
    return dict(sent.activity["object"])


# ---- naming those who were never met


def test_who_is_named_by_a_handle_is_looked_for_and_told(world: World, alice: Resident) -> None:
    carol = world.neighbour("carol", host=1)
    event = alice.post(f"hello {carol.handle}")
    world.settle()
    (create,) = carol.received("Create")
    assert create["activity"]["object"]["id"] == post_of(event)
    assert not alice.seen("could not find", alice.desk)


def test_who_cannot_be_found_is_said_in_the_desk_and_the_post_goes_out(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    nobody = f"@nobody@{bob.handle.rpartition('@')[2]}"
    alice.post(f"hello {nobody}")
    world.settle()
    assert bob.received("Create", contains="hello")
    (told,) = alice.seen("could not find", alice.desk)
    assert nobody in told["content"]["body"]


def test_a_guests_words_make_nobody_be_looked_for(world: World, alice: Resident) -> None:
    carol, guest = world.neighbour("carol", host=1), world.person("guest")
    guest.join(alice.room)
    guest.send(alice.room, f"hello {carol.handle}")
    world.settle()
    assert not Actor.objects.filter(uri=carol.id).exists()
