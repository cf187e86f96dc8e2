"""Stories of blocks: of one person by another, of a server by the admin, and of all but a few."""

import pytest

from bridge import moderation
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.demo.person import Refused
from bridge.models import Ghost, Room
from social.models import Actor, Block, Follow, Post, Site
from tests.fakes.world import Resident, World, followers, note, outcome, post, post_of, said
from tests.rebuilt import lost_and_rebuilt

# ---- one person and another


def test_a_blocked_neighbour_is_told_and_followed_no_more(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    assert bob.received("Block")
    assert bob.received("Reject")
    assert bob.received("Undo")[0]["activity"]["object"]["type"] == "Follow"
    assert not Follow.objects.exists()
    assert any("is blocked" in line for line in alice.answers())


def test_a_blocked_neighbour_reaches_nobody(world: World, alice: Resident, bob: Neighbour) -> None:
    event = alice.post("hello")
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    before = len(alice.answers())
    bob.post("let me in", reply_to=post_of(event))
    bob.post("let me in", mentions=[alice.handle])
    bob.like(post_of(event))
    bob.follow(alice.handle)
    world.settle()
    assert not alice.seen("let me in")
    assert not alice.timeline(kind="m.reaction")
    assert len(alice.answers()) == before
    assert not Follow.objects.exists()
    assert bob.received("Reject")
    assert not bob.received("Accept")
    assert "let me in" not in world.page(post_of(event))


def test_nothing_is_delivered_to_a_blocked_neighbour(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    first = alice.post("hello")
    world.settle()
    bob.post("hey", reply_to=post_of(first))
    bob.follow(alice.handle)
    world.settle()
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    named = alice.post("not for him", None, **{"m.mentions": {"user_ids": [ghost]}})
    alice.person.edit(alice.room, first, "nor this")
    world.settle()
    assert [one["actor"] for one in post(post_of(named)).mentions] == [bob.id]
    assert not [sent for sent in bob.received("Create") if "not for him" in str(sent["activity"])]
    assert not bob.received("Update")


def test_somebody_blocked_does_not_come_in_above_anothers_answer(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    alice.tell_bot(f"block {mallory.handle}")
    world.settle()
    insult = mallory.post("an insult", reply_to=post_of(event)).post
    bob.post("agreed", reply_to=insult, mentions=[alice.handle])
    world.settle()
    assert Post.objects.filter(html__contains="agreed").exists()
    assert not Post.objects.filter(html__contains="insult").exists()
    assert "an insult" not in world.page(post_of(event))


def test_somebody_blocked_does_not_edit_what_they_answered_before(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    answer = note(bob, "polite", inReplyTo=post_of(event), cc=[alice.actor])
    world.hear(bob, said(bob, "Create", answer))
    world.settle()
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    edit = {key: value for key, value in answer.items() if key != "inReplyTo"}
    edit |= {"content": "<p>an insult</p>", "updated": "2026-02-01T12:00:00Z"}
    world.hear(bob, said(bob, "Update", edit))
    world.settle()
    assert "an insult" not in world.page(post_of(event))
    assert not alice.seen("an insult")


def test_an_unblock_lets_both_begin_anew(world: World, alice: Resident, bob: Neighbour) -> None:
    alice.tell_bot(f"block {bob.handle}")
    world.settle()
    alice.tell_bot(f"unblock {bob.handle}")
    world.settle()
    assert bob.received("Undo")[0]["activity"]["object"]["type"] == "Block"
    bob.follow(alice.handle)
    world.settle()
    assert followers(alice.actor) == {bob.id}


@pytest.fixture
def three(world: World, alice: Resident, bob: Neighbour, mallory: Neighbour) -> str:
    """A conversation of alice, bob and mallory, who spoke last."""
    bob.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    letter = note(mallory, "the three of us", to=[alice.actor, bob.id], cc=[])
    world.hear(mallory, said(mallory, "Create", letter))
    world.settle()
    rooms = Room.objects.filter(kind="direct")
    between = next(room.room_id for room in rooms if room.people.count() == 3)
    alice.person.join(between)
    return str(between)


def test_who_blocks_one_of_three_goes_on_with_the_other(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, three: str
) -> None:
    alice.tell_bot(f"block {mallory.handle}")
    world.settle()
    event = alice.person.send(three, "just you and me")
    world.settle()
    (sent,) = bob.received("Create", contains="just you and me")
    assert not mallory.received("Create")
    assert "inReplyTo" not in sent["activity"]["object"]  # nothing goes on from whom one blocks
    answer = note(bob, "what a relief", to=[alice.actor], cc=[], inReplyTo=post_of(event))
    answer["to"] += [mallory.id]
    world.hear(bob, said(bob, "Create", answer))
    world.settle()
    assert alice.seen("what a relief", three)


def test_who_writes_to_nobody_but_whom_they_block_hears_that_it_goes_nowhere(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, three: str
) -> None:
    for one in (bob, mallory):
        alice.tell_bot(f"block {one.handle}")
    world.settle()
    event = alice.person.send(three, "is anybody there?")
    world.settle()
    assert outcome(event).note == "its author has blocked everybody whom it is for"
    assert not Post.objects.filter(author__uri=alice.actor).exists()
    assert any("you block everybody whom it is for" in line for line in alice.answers())


def test_who_is_blocked_from_next_door_loses_follows_both_ways(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.block(alice.handle)
    world.settle()
    assert not Follow.objects.exists()
    alice.post("are you there?")
    world.settle()
    assert not bob.received("Create")


def test_a_block_that_is_taken_back_by_its_bare_id_is_over_for_good(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    block = bob.block(alice.handle)
    world.settle()
    world.hear(bob, said(bob, "Undo", block.id))
    world.settle()
    assert not Block.objects.exists()
    lost_and_rebuilt()
    assert not Block.objects.exists()


def test_who_is_blocked_from_next_door_is_shown_out_of_the_mirror(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    for reader in (alice, ada):
        reader.tell_bot(f"follow {bob.handle}")
    world.settle()
    mirror = world.mirror(bob, alice)
    world.mirror(bob, ada)
    bob.block(alice.handle)  # and not a word more, as GoToSocial does it
    world.settle()
    assert mirror not in alice.person.rooms()
    assert mirror in ada.person.rooms()
    bob.post("not for her", to="private")
    world.settle()
    assert ada.seen("not for her", mirror)
    with pytest.raises(Refused):
        alice.person.messages(mirror)


def test_who_asks_somebody_who_blocks_them_hears_the_refusal_and_it_stays_refused(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.block(alice.handle)
    world.settle()
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    (asked,) = bob.home.received(type="Follow")
    world.hear(bob, said(bob, "Reject", asked["activity"]))
    world.settle()
    assert any("does not let you follow them" in line for line in alice.answers())
    assert not Follow.objects.exists()
    lost_and_rebuilt()
    assert not Follow.objects.exists()
    assert Block.objects.filter(author__uri=bob.id, target__uri=alice.actor).exists()


def test_a_block_by_somebody_else_counts_for_nothing(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    lie = said(mallory, "Block", alice.actor) | {"actor": bob.id, "id": f"{bob.id}#block"}
    assert world.hear(mallory, lie) == 401
    world.settle()
    assert not Block.objects.exists()
    assert followers(alice.actor) == {bob.id}


def test_a_ban_of_a_ghost_in_the_room_is_a_block(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("hello")
    world.settle()
    bob.post("nonsense", reply_to=post_of(event))
    bob.follow(alice.handle)
    world.settle()
    (ghost,) = (e["sender"] for e in alice.seen("nonsense"))
    alice.person.ban(alice.room, ghost)
    world.settle()
    assert bob.received("Block")
    assert not followers(alice.actor)


# ---- a whole server


@pytest.fixture
def far(neighbours: Neighbourhood) -> str:
    """The host on which carol and mallory live."""
    return f"127.0.0.2:{neighbours.port}"


def test_a_blocked_server_is_refused_at_the_door_and_nothing_is_stored(
    world: World, alice: Resident, far: str
) -> None:
    moderation.block(far)
    carol = world.neighbour("carol", host=1)
    create = said(carol, "Create", note(carol, "hello", cc=[alice.actor]))
    assert world.hear(carol, create) == 403
    assert carol.follow(alice.handle).statuses == [403]
    world.settle()
    assert not Post.objects.exists()
    assert not Actor.objects.filter(uri=carol.id).exists()


def test_a_blocked_server_is_never_contacted(
    world: World, alice: Resident, bob: Neighbour, far: str
) -> None:
    carol = world.neighbour("carol", host=1)
    carol.follow(alice.handle)
    bob.follow(alice.handle)
    world.settle()
    moderation.block(far)
    world.settle()
    world.neighbours.reset()
    alice.post(f"a post that also names {carol.handle}")
    alice.tell_bot(f"follow {carol.handle}")
    bob.post("an answer", reply_to=carol.post("far words").post, mentions=[alice.handle])
    world.settle()
    assert bob.received("Create")
    ours = [one for one in world.neighbours.received() if one["actor"].startswith(world.url)]
    assert {one["host"] for one in ours} == {0}
    assert any("have blocked that one" in line for line in alice.answers())
    assert not Post.objects.filter(author__uri=carol.id).exists()


def test_a_block_of_a_server_drops_its_followers(
    world: World, alice: Resident, bob: Neighbour, far: str
) -> None:
    carol = world.neighbour("carol", host=1)
    world.friends(carol, alice)
    bob.follow(alice.handle)
    world.settle()
    moderation.block(far)
    world.settle()
    assert followers(alice.actor) == {bob.id}
    assert not followers(carol.id)
    assert world.json(f"{alice.actor}/followers")["totalItems"] == 1


def test_with_the_allow_list_only_those_on_it_are_heard(
    world: World, alice: Resident, bob: Neighbour, far: str
) -> None:
    moderation.allow(far)
    Site.objects.create(allow_list_only=True)
    carol = world.neighbour("carol", host=1)
    assert bob.follow(alice.handle).statuses == [403]
    assert carol.follow(alice.handle).statuses == [202]
    world.settle()
    assert followers(alice.actor) == {carol.id}
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    assert "have listed" in alice.answers()[-1]
    assert not bob.received()


def test_a_suspended_actor_is_refused_alone(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    world.settle()
    Actor.objects.filter(uri=bob.id).update(suspended=True)
    create = said(bob, "Create", note(bob, "hello", cc=[alice.actor]))
    assert world.hear(bob, create) == 403
    carol = world.neighbour("carol")
    greeting = carol.post("hello", mentions=[alice.handle])
    assert greeting.statuses == [202]
    world.settle()
    assert outcome(f"{greeting.post}/activity").state == "done"
