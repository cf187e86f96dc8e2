"""Stories of moving, in and out: followers come along only where both homes say so."""

import itertools

from bridge.demo.neighbourhood import Actor as Neighbour
from social.models import Actor, Follow
from tests.fakes.world import Resident, World, followers, outcome, said
from tests.rebuilt import lost_and_rebuilt, shown


def followed(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    assert followers(bob.id) == {alice.actor}


def moves(world: World, one: Neighbour, to: str) -> str:
    """What became of it."""
    move = said(one, "Move", one.id, target=to)
    assert world.hear(one, move) == 202
    world.settle()
    return str(outcome(move["id"]).note)


# ---- refused


def test_a_move_that_the_new_home_does_not_confirm_takes_nobody_along(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    stranger = world.neighbour("stranger", host=1)
    followed(world, alice, bob)
    assert "does not name it as an alias" in moves(world, bob, stranger.id)
    assert not followers(stranger.id)
    assert followers(bob.id) == {alice.actor}
    assert not stranger.received("Follow")


def test_nobody_moves_somebody_else(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    followed(world, alice, bob)
    mallory.update_profile(alsoKnownAs=[bob.id])
    lie = said(mallory, "Move", bob.id, target=mallory.id)
    world.hear(mallory, lie)
    forged = {**said(bob, "Move", bob.id, target=mallory.id), "id": f"{bob.id}#moves/forged"}
    world.hear(mallory, forged)
    world.settle()
    assert outcome(lie["id"]).note == "nobody can move somebody else"
    assert not followers(mallory.id)
    assert followers(bob.id) == {alice.actor}


def test_nobody_follows_along_to_where_one_has_moved_away_from(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    third = world.neighbour("third")
    second = world.neighbour("second", alsoKnownAs=[bob.id], movedTo=third.id)
    followed(world, alice, bob)
    assert "moved away itself" in moves(world, bob, second.id)
    assert followers(bob.id) == {alice.actor}


def test_who_moves_again_within_a_week_takes_nobody_along(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    first = world.neighbour("first", alsoKnownAs=[bob.id])
    second = world.neighbour("second", alsoKnownAs=[bob.id])
    followed(world, alice, bob)
    assert not moves(world, bob, first.id)
    followed(world, alice, bob)
    assert "seven days" in moves(world, bob, second.id)
    assert not followers(second.id)
    Actor.objects.filter(uri=bob.id).update(moved=1)
    assert not moves(world, bob, second.id)
    assert followers(second.id) == {alice.actor}


def test_who_has_moved_three_times_takes_nobody_along(world: World, alice: Resident) -> None:
    homes = [world.neighbour("home")]
    for _ in range(4):
        homes.append(world.neighbour("home", alsoKnownAs=[homes[-1].id]))
    followed(world, alice, homes[0])
    for old, new in itertools.pairwise(homes[:4]):
        assert not moves(world, old, new.id)
    assert "too often" in moves(world, homes[3], homes[4].id)
    assert followers(homes[3].id) == {alice.actor}


def test_nobody_follows_along_to_whom_they_block(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    new = world.neighbour("new", alsoKnownAs=[bob.id])
    followed(world, alice, bob)
    alice.tell_bot(f"block {new.handle}")
    world.settle()
    assert not moves(world, bob, new.id)
    assert not new.received("Follow")
    assert not Follow.objects.exists()


def test_one_does_not_move_to_a_home_that_does_not_name_this_one(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"move {bob.handle} alice")
    world.settle()
    assert "does not name you yet" in alice.answers()[-1]
    assert not bob.received("Move")
    assert not alice.row().moved_to


# ---- moved


def test_people_here_follow_along_and_are_told(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    new = world.neighbour("new", host=1, alsoKnownAs=[bob.id])
    followed(world, alice, bob)
    mirror = world.mirror(bob, alice)
    assert not moves(world, bob, new.id)
    assert followers(new.id) == {alice.actor}
    assert new.received("Follow")[0]["activity"]["actor"] == alice.actor
    assert bob.received("Undo")[0]["activity"]["object"]["type"] == "Follow"
    assert not followers(bob.id)
    assert any("has moved to" in line and new.acct in line for line in alice.answers())
    assert new.acct in world.home.rooms[mirror].content("m.room.topic")["topic"]
    assert world.mirror(new, alice)


def test_a_move_is_still_known_after_a_rebuild(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    new = world.neighbour("new", alsoKnownAs=[bob.id])
    followed(world, alice, bob)
    assert not moves(world, bob, new.id)
    before, moved = shown(), Actor.objects.get(uri=bob.id).moved
    lost_and_rebuilt()
    assert shown() == before
    again = Actor.objects.get(uri=bob.id)
    assert (again.moved_to, again.moved) == (new.id, moved)


def test_an_alias_is_shown_to_everybody_and_lets_one_move_here(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    followed(world, ada, bob)
    alice.tell_bot(f"alias add {bob.handle}")
    world.settle()
    assert world.json(alice.actor)["alsoKnownAs"] == [bob.id]
    world.let_time_pass()
    world.settle()
    assert bob.received("Update")[-1]["activity"]["object"]["alsoKnownAs"] == [bob.id]
    assert not moves(world, bob, alice.actor)
    assert ada.actor in followers(alice.actor)
    lost_and_rebuilt()
    assert world.json(alice.actor)["alsoKnownAs"] == [bob.id]
    alice.tell_bot(f"alias remove {bob.handle}")
    world.settle()
    assert "alsoKnownAs" not in world.json(alice.actor)


def test_who_moves_away_says_so_twice_and_their_followers_are_told(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    new = world.neighbour("new", alsoKnownAs=[alice.actor])
    bob.follow(alice.handle)
    ada.tell_bot(f"follow {alice.handle}")
    world.settle()
    alice.tell_bot(f"move {new.handle}")
    world.settle()
    assert "If you mean it" in alice.answers()[-1]
    assert not bob.received("Move")
    alice.tell_bot(f"move {new.handle} alice")
    world.settle()
    move = bob.received("Move")[0]["activity"]
    assert (move["object"], move["target"]) == (alice.actor, new.id)
    assert world.json(alice.actor)["movedTo"] == new.id
    assert world.json(move["id"])["type"] == "Move"
    assert followers(new.id) == {ada.actor}
    lost_and_rebuilt()
    assert world.json(alice.actor)["movedTo"] == new.id
    assert world.json(move["id"])["type"] == "Move"


def test_who_waits_for_an_answer_when_one_moves_away_is_told_no_and_let_in_by_nobody(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    new, asker = world.neighbour("new", alsoKnownAs=[alice.actor]), world.neighbour("asker", host=1)
    bob.follow(alice.handle)
    world.settle()
    alice.person.put_state(alice.room, "m.room.join_rules", {"join_rule": "knock"})
    world.settle()
    asker.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"move {new.handle} alice")
    world.settle()
    assert asker.received("Reject")
    assert not asker.received("Move")
    assert not bob.received("Reject")
    for again in (False, True):
        alice.tell_bot(f"accept {asker.handle}")
        world.settle()
        assert "has not asked to follow you" in alice.answers()[-1]
        assert not asker.received("Accept")
        assert followers(alice.actor) == {bob.id}
        if not again:
            lost_and_rebuilt()
