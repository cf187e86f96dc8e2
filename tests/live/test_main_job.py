"""The main job on a real homeserver, in the embedded form and in parts: a post crosses both ways.

Every test brings a neighbour of its own name, so that each can run alone and in any order.
"""

import itertools
from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor, NeighbourError
from bridge.demo.person import Event
from tests.live.stage import Resident, Stage, after, containing, every, until

pytestmark = pytest.mark.live

_names = itertools.count(1)


@pytest.fixture
def bob(town: Stage) -> Actor:
    """Somebody next door whom nobody here knows yet."""
    return town.neighbour.actor(f"bob{next(_names)}")


@pytest.fixture
def follower(bob: Actor, alice: Resident) -> Actor:
    assert bob.follow(alice.handle).statuses == [202]
    bob.wait_for("Accept")
    return bob


def reacts(event: Event) -> bool:
    return bool(event["type"] == "m.reaction")


def redacts(event_id: str) -> Any:
    return lambda event: (
        event["type"] == "m.room.redaction"
        and event_id in {event.get("redacts"), event["content"].get("redacts")}
    )


# ---- refusals


def test_an_unsigned_activity_gets_401_and_nothing_is_stored(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    forged = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{follower.id}/forged",
        "type": "Follow",
        "actor": follower.id,
        "object": alice.actor,
    }
    sent = follower.raw(f"{alice.actor}/inbox", forged, sign="none")
    assert sent.statuses == [401]


def test_a_stranger_cannot_delete_what_alice_wrote(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    event = alice.post(f"mine alone {follower.name}")
    follower.wait_for("Create", contains=f"mine alone {follower.name}")
    delete = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{follower.id}/theft",
        "type": "Delete",
        "actor": follower.id,
        "object": alice.uri(event),
    }
    assert follower.raw(f"{alice.actor}/inbox", delete).statuses in ([202], [401])
    # A later activity of the same lane has been worked on: the forged one was before it.
    follower.post(f"after the theft {follower.name}", reply_to=alice.uri(event))
    alice.sees(f"after the theft {follower.name}")
    assert town.server.document(alice.uri(event))[0] == 200


def test_a_key_forged_by_somebody_in_the_room_counts_for_nothing(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    mallory = town.homeserver.person("mallory")
    mallory.join(alice.room)
    forged = {"v": 1, "id": f"{follower.id}/forged", "type": "Note", "by": follower.id}
    content = {"msgtype": "m.text", "body": "forged words"}
    mallory.send_event(alice.room, "m.room.message", content | {"social.ownroom.object": forged})
    alice.post(f"an honest word {follower.name}")
    follower.wait_for("Create", contains=f"an honest word {follower.name}")
    assert not follower.received(contains="forged words")


def test_a_command_that_nobody_knows_is_answered_in_plain_words(alice: Resident) -> None:
    assert "help" in alice.ask("frobnicate", "I do not know")


def test_following_nobody_says_what_went_wrong(alice: Resident, town: Stage) -> None:
    unknown = f"@nobody.at.all@127.0.0.1:{town.neighbour.port}"
    alice.ask(f"follow {unknown}", "knows nobody of that name")


# ---- posts


def test_a_post_reaches_a_follower_as_a_signed_create(alice: Resident, follower: Actor) -> None:
    event = alice.post(f"hello **fediverse** #{follower.name}")
    create = follower.wait_for("Create", contains=f"#{follower.name}")
    note = create["object"]
    assert note["id"] == alice.uri(event)
    assert note["attributedTo"] == create["actor"] == alice.actor
    received = next(
        one for one in follower.home.received(type="Create") if one["id"] == create["id"]
    )
    assert received["verified"]
    assert [tag["name"] for tag in note["tag"]] == [f"#{follower.name}"]


def test_an_answer_appears_in_alices_room_as_a_thread(alice: Resident, follower: Actor) -> None:
    event = alice.post(f"a question for {follower.name}")
    follower.wait_for("Create", contains=f"a question for {follower.name}")
    follower.post(f"an answer by {follower.name}", reply_to=alice.uri(event))
    answer = alice.sees(f"an answer by {follower.name}")
    relation = answer["content"]["m.relates_to"]
    assert (relation["rel_type"], relation["event_id"]) == ("m.thread", event)
    assert answer["sender"].startswith("@_ap_")
    alice.person.reply(alice.room, answer["event_id"], f"thanks {follower.name}", thread_root=event)
    thanks = follower.wait_for("Create", contains=f"thanks {follower.name}")["object"]
    assert thanks["inReplyTo"] == answer["content"]["social.ownroom.object"]["id"]
    assert follower.id in [tag["href"] for tag in thanks["tag"] if tag["type"] == "Mention"]


def test_a_like_is_a_reaction_and_its_undo_takes_it_away(alice: Resident, follower: Actor) -> None:
    event = alice.post(f"likeable {follower.name}")
    follower.wait_for("Create", contains=f"likeable {follower.name}")
    like = follower.like(alice.uri(event))
    reaction = alice.person.wait_for(alice.room, after(event, reacts))
    assert reaction["content"]["m.relates_to"]["event_id"] == event
    follower.undo(like.id)
    alice.person.wait_for(alice.room, redacts(reaction["event_id"]))


def test_a_boost_is_told_in_the_room_and_its_undo_takes_it_away(
    alice: Resident, follower: Actor
) -> None:
    event = alice.post(f"boostable {follower.name}")
    follower.wait_for("Create", contains=f"boostable {follower.name}")
    boost = follower.boost(alice.uri(event))
    card = alice.person.wait_for(alice.room, after(event, containing("boosted")))
    follower.undo(boost.id)
    alice.person.wait_for(alice.room, redacts(card["event_id"]))


def test_edits_and_deletions_follow_the_post(town: Stage, alice: Resident, follower: Actor) -> None:
    event = alice.post(f"first words {follower.name}")
    uri = alice.uri(event)
    first = follower.wait_for("Create", contains=f"first words {follower.name}")["object"]
    alice.person.edit(alice.room, event, f"second words {follower.name}")
    update = follower.wait_for("Update", contains=f"second words {follower.name}")["object"]
    assert update["id"] == uri
    assert update["published"] == first["published"]
    assert update["updated"] > first["published"]
    alice.person.redact(alice.room, event)
    follower.wait_for("Delete", contains=uri)
    assert until(lambda: town.server.document(uri)[0] == 410)


def test_a_single_edit_that_is_redacted_is_taken_back(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    """A homeserver shows what is left: an edit that it redacted has no relation any more."""
    event, name = alice.post(f"at first {follower.name}"), follower.name
    for words in ("better", "hunter2"):
        edit = alice.person.edit(alice.room, event, f"{words} {name}")
        follower.wait_for("Update", contains=f"{words} {name}")
    alice.person.redact(alice.room, edit)
    until(lambda: len(follower.received("Update", contains=f"better {name}")) == 2)
    assert b"better" in town.server.document(alice.uri(event))[1]
    until(lambda: "hunter2" not in str(every(alice.person, alice.room)))


def test_what_the_neighbour_edits_and_deletes_changes_in_the_room(
    alice: Resident, follower: Actor
) -> None:
    event = alice.post(f"talk to me {follower.name}")
    follower.wait_for("Create", contains=f"talk to me {follower.name}")
    reply = follower.post(f"a slip {follower.name}", reply_to=alice.uri(event))
    carried = alice.sees(f"a slip {follower.name}")
    follower.update(reply.post, f"mended {follower.name}")
    edit = alice.sees(f"mended {follower.name}")
    assert edit["content"]["m.relates_to"]["rel_type"] == "m.replace"
    assert edit["content"]["m.relates_to"]["event_id"] == carried["event_id"]
    follower.delete(reply.post)
    alice.person.wait_for(alice.room, redacts(carried["event_id"]))


def test_alices_reaction_and_its_withdrawal_reach_the_author(
    alice: Resident, follower: Actor
) -> None:
    event = alice.post(f"say something {follower.name}")
    follower.wait_for("Create", contains=f"say something {follower.name}")
    reply = follower.post(f"something {follower.name}", reply_to=alice.uri(event))
    carried = alice.sees(f"something {follower.name}", room=alice.room)
    carried = alice.person.wait_for(
        alice.room, after(event, containing(f"something {follower.name}"))
    )
    reaction = alice.person.react(alice.room, carried["event_id"], "👍")
    like = follower.wait_for("Like")
    assert like["object"] == reply.post
    alice.person.redact(alice.room, reaction)
    assert follower.wait_for("Undo")["object"]["id"] == like["id"]


# ---- relationships


def test_alice_reads_whom_she_follows_in_a_mirror_room(alice: Resident, bob: Actor) -> None:
    alice.ask(f"follow {bob.handle}", "I asked")
    bob.wait_for("Follow")
    alice.told(f"{bob.acct}) accepted your follow")
    mirror = alice.room_with(bob.acct)
    bob.post(f"news of {bob.name}")
    assert alice.sees(f"news of {bob.name}", room=mirror)["sender"].startswith("@_ap_")
    assert bob.acct in alice.ask("following", "You follow (")
    assert f"news of {bob.name}" in alice.ask("home", "Newest first")
    alice.ask(f"unfollow {bob.handle}", "no longer follow")
    assert bob.wait_for("Undo")["object"]["type"] == "Follow"
    until(lambda: mirror not in alice.person.rooms())


def test_followers_are_listed_and_go_when_they_unfollow(alice: Resident, follower: Actor) -> None:
    assert follower.acct in alice.ask("followers", "Your followers")
    follower.unfollow(alice.actor)

    def gone() -> bool:
        return follower.acct not in alice.ask("followers", "ollow")

    assert until(gone)


def test_a_block_removes_the_follower_and_keeps_them_out(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    friend = town.neighbour.actor(f"friend{next(_names)}")
    friend.follow(alice.handle)
    friend.wait_for("Accept")
    alice.ask(f"block {follower.handle}", "is blocked")
    assert follower.wait_for("Reject")["actor"] == alice.actor
    follower.wait_for("Block")
    follower.follow(alice.actor)
    until(lambda: len(follower.received("Reject")) > 1)
    # A friend on that server follows still: it gets the post for them, and knows for whom.
    alice.post(f"behind their back {follower.name}")
    friend.wait_for("Create", contains=f"behind their back {follower.name}")
    assert not follower.received("Create", contains=f"behind their back {follower.name}")
    alice.ask(f"unblock {follower.handle}", "no longer blocked")
    assert follower.wait_for("Undo")["object"]["type"] == "Block"
    follower.follow(alice.actor)
    alice.post(f"welcome back {follower.name}")
    follower.wait_for("Create", contains=f"welcome back {follower.name}")


# ---- the desk


def test_help_lists_the_commands(alice: Resident) -> None:
    answer = alice.ask("help", "What you can type here")
    for command in ("follow", "unfollow", "block", "unblock", "followers", "status", "why"):
        assert command in answer


def test_who_answers_has_a_name_and_a_face(alice: Resident) -> None:
    levels = alice.person.state(alice.desk, "m.room.power_levels") or {}
    (bot,) = levels["users"].keys() - {alice.person.user_id}
    shown = alice.person.profile(bot)
    assert shown["displayname"] == "Ownroom"
    assert shown["avatar_url"].startswith("mxc://")
    member = alice.person.state(alice.desk, "m.room.member", bot) or {}
    assert member["avatar_url"] == shown["avatar_url"]


def test_status_tells_who_one_is(alice: Resident) -> None:
    assert alice.handle in alice.ask("status", "You are")


def test_why_tells_what_became_of_a_post(alice: Resident, follower: Actor) -> None:
    event = alice.post(f"what became of it {follower.name}")
    follower.wait_for("Create", contains=f"what became of it {follower.name}")
    until(lambda: "Sent to" in alice.ask(f"why {alice.uri(event)}", "Received"))


# ---- profiles


def test_alices_new_name_reaches_her_followers(
    town: Stage, alice: Resident, follower: Actor
) -> None:
    name = f"Alice the {follower.name}"
    alice.person.put_state(alice.room, "m.room.name", {"name": name})
    told = follower.wait_for("Update", contains=name, timeout=60)  # what else changes goes along
    assert told["object"]["id"] == alice.actor
    assert town.server.json(alice.actor)["name"] == name


def test_what_alice_sets_at_her_desk_stands_in_her_room_and_is_told_once(
    alice: Resident, follower: Actor
) -> None:
    name, words = f"Alice of {follower.name}", f"I know {follower.name}"
    alice.ask(f"set name {name}", "Your name is changed")
    alice.ask(f"set bio {words}", "Your bio is changed")
    until(lambda: alice.person.state(alice.room, "m.room.name") == {"name": name})
    until(lambda: (alice.person.state(alice.room, "m.room.topic") or {})["topic"] == words)
    follower.wait_for("Update", contains=name, timeout=60)
    assert len(follower.received("Update", contains=name)) == 1


def test_the_neighbours_new_name_is_worn_by_the_ghost(alice: Resident, follower: Actor) -> None:
    event = alice.post(f"who are you {follower.name}")
    follower.wait_for("Create", contains=f"who are you {follower.name}")
    follower.post(f"guess {follower.name}", reply_to=alice.uri(event))
    ghost = alice.sees(f"guess {follower.name}")["sender"]
    follower.update_profile(name=f"Robert {follower.name}")
    follower.post(f"it is me {follower.name}", reply_to=alice.uri(event))
    alice.sees(f"it is me {follower.name}")
    until(lambda: alice.person.profile(ghost)["displayname"] == f"Robert {follower.name}")


def test_a_locked_profile_is_followed_only_with_its_owners_word(town: Stage, bob: Actor) -> None:
    locked = town.resident("greta")
    locked.person.put_state(locked.room, "social.ownroom.profile", {"v": 1, "locked": True})
    until(lambda: town.server.json(locked.actor)["manuallyApprovesFollowers"])
    bob.follow(locked.handle)
    locked.told("asks to follow you")
    locked.post(f"not for {bob.name} yet")
    locked.ask("followers", "(waiting)")
    assert not bob.received("Accept")
    locked.ask(f"accept {bob.handle}", "follows you now")
    bob.wait_for("Accept")
    locked.post(f"now for {bob.name} too")
    bob.wait_for("Create", contains=f"now for {bob.name} too")
    assert not bob.received("Create", contains=f"not for {bob.name} yet")
    locked.ask(f"reject {bob.handle}", "does not follow you")
    bob.wait_for("Reject")


def test_a_deleted_neighbour_is_gone_from_the_followers(alice: Resident, follower: Actor) -> None:
    follower.delete_actor()
    until(lambda: follower.acct not in alice.ask("followers", "ollow"))
    with pytest.raises(NeighbourError):
        follower.wait_for("Create", contains="never sent", timeout=0.1)
