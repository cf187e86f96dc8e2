"""Stories of following, both ways, told only through the public edges."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Refused
from social.models import Follow, Post
from tests.fakes.world import Resident, World, followers, note, outcome, said
from tests.rebuilt import lost_and_rebuilt

LOCKED = {"v": 1, "locked": True}


def lock(world: World, resident: Resident) -> None:
    resident.person.put_state(resident.room, "social.ownroom.profile", LOCKED)
    world.settle()
    assert world.json(resident.actor)["manuallyApprovesFollowers"] is True


# ---- refused


def test_an_accept_by_somebody_else_opens_nothing(
    world: World, alice: Resident, mallory: Neighbour
) -> None:
    shy = world.neighbour("shy", locked=True)
    alice.tell_bot(f"follow {shy.handle}")
    world.settle()
    follow = shy.received("Follow")[0]["activity"]
    lie = said(mallory, "Accept", follow)
    assert world.hear(mallory, lie) == 202
    world.settle()
    assert outcome(lie["id"]).state == "ignored"
    assert not followers(shy.id)
    by_id = said(mallory, "Accept", follow["id"])
    assert world.hear(mallory, by_id) == 202
    world.settle()
    assert outcome(by_id["id"]).state == "ignored"
    assert not followers(shy.id)


def test_an_accept_that_nobody_asked_for_makes_no_follow(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    lie = said(bob, "Accept", {"type": "Follow", "actor": alice.actor, "object": bob.id})
    assert world.hear(bob, lie) == 202
    world.settle()
    assert outcome(lie["id"]).note == "no such follow is waiting for this answer"
    assert not Follow.objects.exists()


def test_an_accept_that_names_the_follow_alone_is_told_and_opens_the_door(
    world: World, alice: Resident
) -> None:
    shy = world.neighbour("shy", locked=True)
    alice.tell_bot(f"follow {shy.handle}")
    world.settle()
    follow = shy.received("Follow")[0]["activity"]
    world.hear(shy, said(shy, "Accept", follow["id"]))
    world.settle()
    assert followers(shy.id) == {alice.actor}
    assert "accepted" in alice.answers()[-1]
    world.mirror(shy, alice)  # she is let in
    lost_and_rebuilt()
    assert followers(shy.id) == {alice.actor}


def test_an_undo_by_somebody_else_ends_no_follow(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    follow = bob.follow(alice.handle)
    world.settle()
    for about in (follow.id, follow.activity):
        world.hear(mallory, said(mallory, "Undo", about))
    world.settle()
    assert followers(alice.actor) == {bob.id}


def test_a_follow_of_nobody_is_not_stored(world: World, alice: Resident, bob: Neighbour) -> None:
    lie = said(bob, "Follow", f"{alice.actor}x")
    assert bob.raw(f"{alice.actor}x/inbox", lie).statuses == [404]
    assert world.hear(bob, lie) == 202  # the shared inbox does not say who lives here
    world.settle()
    assert outcome(lie["id"]).state == "ignored"
    assert not Follow.objects.exists()


def test_the_bot_says_why_somebody_cannot_be_followed(world: World, alice: Resident) -> None:
    nobody = world.neighbour("x").handle.replace("@x", "@nobody")
    for command, why in {
        f"follow {nobody}": "nobody of that name",
        "follow bob": "not a handle",
        "follow": "whom?",
        f"follow {alice.handle}": "cannot follow yourself",
        "dance": "do not know",
    }.items():
        alice.tell_bot(command)
        world.settle()
        assert why in alice.answers()[-1].lower(), command
    assert not Follow.objects.exists()


# ---- followed


def test_a_follow_from_next_door_is_accepted_and_told_in_the_desk(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    follow = bob.follow(alice.handle)
    assert follow.statuses == [202]
    world.settle()
    assert bob.received("Accept")[0]["activity"]["object"]["id"] == follow.id
    assert followers(alice.actor) == {bob.id}
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 1
    assert any(bob.acct in line and "follows you" in line for line in alice.answers())


def test_a_repeated_follow_is_answered_again_and_counted_once(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.twice = False  # here the repetition is the story
    first = bob.follow(alice.handle)
    world.settle()
    bob.raw(world.inbox, first.activity, sign="rfc9421")  # one second signs alike
    world.settle()
    assert len(bob.received("Accept")) == 2
    second = bob.follow(alice.handle)
    world.settle()
    accepts = bob.received("Accept")
    assert len(accepts) == 3
    assert accepts[-1]["activity"]["object"]["id"] == second.id
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 1


def test_who_unfollows_is_sent_nothing_more(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    world.settle()
    bob.unfollow(alice.handle)
    world.settle()
    assert not followers(alice.actor)
    alice.post("only for those who stayed")
    world.settle()
    assert not bob.received("Create")


def test_an_undo_that_names_only_the_id_ends_the_follow(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    follow = bob.follow(alice.handle)
    world.settle()
    world.hear(bob, said(bob, "Undo", follow.id))
    world.settle()
    assert not followers(alice.actor)
    lost_and_rebuilt()
    assert not followers(alice.actor)


def test_the_owner_removes_a_follower_at_the_desk(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"reject {bob.handle}")
    world.settle()
    assert bob.received("Reject")
    assert alice.actor not in bob.state()["following"]
    assert not followers(alice.actor)


def test_a_locked_profile_decides_at_the_desk(world: World, alice: Resident) -> None:
    lock(world, alice)
    bob, carol = world.neighbour("bob"), world.neighbour("carol", host=1)
    bob.follow(alice.handle)
    carol.follow(alice.handle)
    world.settle()
    assert not bob.received("Accept")
    assert any(bob.acct in line and "asks to follow you" in line for line in alice.answers())
    alice.tell_bot(f"!accept {bob.handle}")
    alice.tell_bot(f"!reject {carol.handle}")
    world.settle()
    assert bob.received("Accept")
    assert carol.received("Reject")
    assert not carol.received("Accept")
    assert followers(alice.actor) == {bob.id}


# ---- following


def test_the_owner_follows_from_the_desk_and_reads_in_a_mirror(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    follow = bob.received("Follow")[0]["activity"]
    assert follow["actor"] == alice.actor
    assert followers(bob.id) == {alice.actor}
    assert any("accepted your follow" in line for line in alice.answers())
    mirror = world.mirror(bob, alice)
    bob.post("news from next door")
    world.settle()
    assert len(alice.seen("news from next door", mirror)) == 1
    assert world.json(f"{alice.actor}/following")["totalItems"] == 1


def test_a_locked_neighbour_answers_when_it_likes(world: World, alice: Resident) -> None:
    shy = world.neighbour("shy", locked=True)
    alice.tell_bot(f"follow {shy.handle}")
    world.settle()
    assert not followers(shy.id)
    shy.accept(alice.handle)
    world.settle()
    assert followers(shy.id) == {alice.actor}
    shy.reject(alice.handle)
    world.settle()
    assert not followers(shy.id)
    assert any("does not let you follow" in line for line in alice.answers())


def test_the_owner_unfollows_and_leaves_the_mirror(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    alice.tell_bot(f"unfollow {bob.handle}")
    world.settle()
    assert bob.received("Undo")[0]["activity"]["object"]["type"] == "Follow"
    assert alice.actor not in bob.state()["followers"]
    assert mirror not in alice.person.rooms()
    assert not Follow.objects.exists()


def test_two_people_here_follow_each_other(world: World, alice: Resident, ada: Resident) -> None:
    alice.tell_bot(f"follow {ada.handle}")
    world.settle()
    assert followers(ada.actor) == {alice.actor}
    assert any("follows you now" in line for line in ada.answers())


# ---- in and out of a mirror


def test_who_knocks_at_a_mirror_asks_to_follow_and_who_leaves_it_stops(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    ada.person.knock(mirror)
    world.settle()
    assert followers(bob.id) == {alice.actor, ada.actor}
    assert [one["activity"]["actor"] for one in bob.received("Follow")] == [alice.actor, ada.actor]
    ada.person.join(mirror)
    alice.person.leave(mirror)
    world.settle()
    assert followers(bob.id) == {ada.actor}
    assert bob.received("Undo")[0]["activity"]["actor"] == alice.actor


def test_a_knock_is_answered_by_whom_it_is_about_and_not_by_us(
    world: World, alice: Resident, ada: Resident
) -> None:
    shy = world.neighbour("shy", locked=True)
    alice.tell_bot(f"follow {shy.handle}")
    world.settle()
    shy.accept(alice.handle)
    world.settle()
    mirror = world.mirror(shy, alice)
    ada.person.knock(mirror)
    world.settle()
    assert world.home.rooms[mirror].membership(ada.person.user_id) == "knock"
    shy.reject(ada.handle)
    world.settle()
    assert world.home.rooms[mirror].membership(ada.person.user_id) == "leave"
    assert followers(shy.id) == {alice.actor}


def test_somebody_without_a_profile_knocks_in_vain(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    nobody = world.person("nobody")
    nobody.knock(mirror)
    world.settle()
    assert world.home.rooms[mirror].membership(nobody.user_id) == "knock"
    assert len(bob.received("Follow")) == 1


def test_a_reader_lets_nobody_else_into_a_mirror(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        alice.person.invite(mirror, ada.person.user_id)


# ---- what was written before


def test_the_first_follow_fills_the_mirror_with_open_posts_at_their_own_dates(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    secret = bob.post("for friends of old", to="private")
    old = [bob.post(f"old news {number}", mentions=[alice.actor]) for number in range(22)]
    world.settle()
    told = len(alice.answers())
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    found = alice.seen("old news", mirror)
    assert [event["content"]["social.ownroom.object"]["id"] for event in found] == [
        one.post for one in old[2:]
    ]
    for event in found:
        uri = event["content"]["social.ownroom.object"]["id"]
        assert event["origin_server_ts"] == Post.objects.get(uri=uri).published
    assert not Post.objects.filter(uri=secret.post).exists()
    assert not [line for line in alice.answers()[told:] if "old news" in line]
    ada.tell_bot(f"follow {bob.handle}")
    world.settle()
    assert len(alice.seen("old news", mirror)) == 20


def test_what_was_deleted_is_not_brought_back_by_a_follow(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    kept, gone = bob.post("kept of old"), bob.post("gone of old")
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    bob.delete(gone.post)
    world.settle()
    mirror = world.mirror(bob, alice)
    assert [len(alice.seen(words, mirror)) for words in ("kept of old", "gone of old")] == [1, 0]
    assert Post.objects.get(uri=kept.post).deleted is None


def test_an_outbox_with_the_words_of_somebody_else_fills_no_mirror(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("the words of bob")
    carol = world.neighbour("carol", outbox=f"{bob.id}/outbox")
    alice.tell_bot(f"follow {carol.handle}")
    world.settle()
    assert not Post.objects.filter(html__contains="the words of bob").exists()
    assert not alice.seen("the words of bob", world.mirror(carol, alice))


def test_an_outbox_puts_no_words_into_a_neighbours_mouth(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    forged = [said(bob, "Create", note(bob, "never said"))]
    listed = {"type": "OrderedCollection", "orderedItems": forged}
    carol = world.neighbour("carol", outbox=listed)
    alice.tell_bot(f"follow {carol.handle}")
    world.settle()
    for who in (bob, carol):
        assert not alice.seen("never said", world.mirror(who, alice))
    assert not Post.objects.exists()


def test_an_outbox_sends_us_to_no_strangers_door(world: World, alice: Resident) -> None:
    carol = world.neighbour("carol")
    mine = carol.post("in my own house")
    strangers = [f"http://127.0.0.1:1/notes/{number}" for number in range(3)]
    listed = {"type": "OrderedCollection", "orderedItems": [*strangers, mine.post]}
    carol.update_profile(outbox=listed)
    alice.tell_bot(f"follow {carol.handle}")
    world.settle()
    assert len(alice.seen("in my own house", world.mirror(carol, alice))) == 1


def test_who_takes_back_that_they_let_somebody_in_is_read_no_more(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    follow = bob.received("Follow")[-1]["activity"]
    mirror = world.mirror(bob, alice)
    accept = {"type": "Accept", "actor": bob.id, "object": follow["id"]}
    world.hear(mallory, said(mallory, "Undo", accept | {"actor": mallory.id}))
    world.settle()
    assert alice.actor in followers(bob.id)
    world.hear(bob, said(bob, "Undo", accept | {"id": f"{bob.id}#accepts/1"}))
    world.settle()
    assert alice.actor not in followers(bob.id)
    assert world.home.room(mirror).membership(alice.person.user_id) == "leave"
    assert "does not let you follow" in alice.answers()[-1]
