"""Stories of moderation: what an admin decides holds at once, on both networks."""

import json

import pytest

from bridge import directory, moderation, rows
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.errors import Forbidden
from bridge.models import Received
from bridge.names import host_of
from social.models import Actor, Delivery, Follow
from tests.fakes.world import Resident, World, followers, post_of


def count(one: Neighbour) -> int:
    return len(one.received())


def test_a_blocked_server_is_refused_at_the_door(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.block(host_of(bob.id), "spam")
    world.settle()
    assert bob.follow(alice.handle).statuses == [403]
    assert bob.post("hello?", mentions=[alice.actor]).statuses == [403]
    world.settle()
    assert not alice.seen("hello?")
    assert followers(alice.actor) == set()


def test_a_blocked_server_is_never_contacted_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.block(host_of(bob.id))
    world.settle()
    before = count(bob)
    alice.post("not for everybody")
    alice.tell_bot(f"follow {bob.handle}")
    world.settle()
    assert count(bob) == before
    assert not Follow.objects.exists()
    assert any("have blocked that one" in line for line in alice.answers())


def test_what_was_on_its_way_to_a_blocked_server_is_given_up_with_the_reason(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    world.neighbours.faults("503")
    alice.post("it will not arrive")
    world.settle()
    moderation.block(host_of(bob.id))
    world.neighbours.faults("ok")
    world.let_time_pass()
    world.settle()
    (row,) = Delivery.objects.filter(network="activitypub", subject__contains="/ap/o/")
    assert (row.state, row.note) == ("gone", "this server is blocked here")
    assert not bob.received("Create")


def test_every_follow_ends_on_both_sides_and_the_people_are_told_which_and_why(
    world: World, alice: Resident, ada: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.block(host_of(bob.id), "they <harass> people")
    world.settle()
    (told,) = [line for line in alice.answers() if "have blocked" in line]
    assert "they <harass> people" in told
    assert f"@{bob.acct.lstrip('@')} no longer follows you" in told
    assert f"you no longer follow @{bob.acct.lstrip('@')}" in told
    assert not [line for line in ada.answers() if "have blocked" in line]


def test_the_ends_stand_in_the_ledger_so_that_a_rebuild_does_not_bring_the_follows_back(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.block(host_of(bob.id))
    world.settle()
    lines = alice.timeline(alice.desk, "social.ownroom.ledger")
    last = {(e["content"]["dir"], e["content"]["state"]) for e in lines[-2:]}
    assert last == {("out", "undone"), ("out", "rejected")}, [e["content"] for e in lines]


def test_a_mirror_is_closed_to_its_readers_and_the_ghost_goes_from_all_rooms(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    event = alice.post("hello")
    world.settle()
    bob.post("hi alice", reply_to=post_of(event), mentions=[alice.actor])
    world.settle()
    (reply,) = alice.seen("hi alice")
    ghost = reply["sender"]
    assert ghost in alice.person.members(alice.room)
    moderation.block(host_of(bob.id))
    world.settle()
    assert ghost not in alice.person.members(alice.room)
    assert mirror not in alice.person.rooms()
    assert world.home.rooms[mirror].membership(ghost) == "leave"


def test_what_a_blocked_server_wrote_is_no_longer_shown(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("hello")
    world.settle()
    bob.post("a reply to hide", reply_to=post_of(event), mentions=[alice.actor])
    world.settle()
    page = f"{world.url}/@alice/{post_of(event).rsplit('/', 1)[-1]}"
    assert "a reply to hide" in world.page(page)
    moderation.block(host_of(bob.id))
    assert "a reply to hide" not in world.page(page)
    moderation.unblock(host_of(bob.id))
    assert "a reply to hide" in world.page(page)


def test_after_an_unblock_people_follow_anew_and_read_each_other_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    moderation.block(host_of(bob.id))
    world.settle()
    assert "do not come back" in moderation.unblock(host_of(bob.id))
    world.settle()
    assert followers(alice.actor) == set()
    world.friends(bob, alice)
    alice.person.join(mirror)
    bob.post("here again")
    world.settle()
    assert alice.seen("here again", mirror)


def test_blocking_twice_equals_blocking_once(world: World, alice: Resident, bob: Neighbour) -> None:
    world.friends(bob, alice)
    moderation.block(host_of(bob.id))
    world.settle()
    assert "0 follows ended" in moderation.block(host_of(bob.id))
    world.settle()
    assert len([line for line in alice.answers() if "have blocked" in line]) == 1


def test_somebody_suspended_by_name_stays_so_when_their_server_is_unblocked(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    row = Actor.objects.get(uri=bob.id)
    moderation.suspend(row, "rude")
    moderation.block(host_of(bob.id))
    moderation.unblock(host_of(bob.id))
    row.refresh_from_db()
    assert (row.suspended, row.suspension) == (True, "rude")


@pytest.mark.parametrize("written", ["", "not a host", "https://", "@", "a b.example"])
def test_what_is_no_server_cannot_be_blocked(world: World, written: str) -> None:
    with pytest.raises(Exception, match="not the name of a server"):
        moderation.block(written)


def test_this_server_cannot_block_itself(world: World) -> None:
    with pytest.raises(Forbidden, match="this server itself"):
        moderation.block(world.url)


def test_an_address_or_a_handle_names_the_server_too(world: World) -> None:
    assert directory.host("https://Far.Example/about") == "far.example"
    assert directory.host("@bob@far.example") == "far.example"
    assert directory.host("*.far.example") == "far.example"


# ---- actors


def test_somebody_suspended_is_gone_for_the_world_and_told_why(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("hello")
    world.settle()
    moderation.suspend(alice.row(), "sold <things>")
    world.settle()
    assert world.get(alice.actor)[0] == 410
    assert world.get(post_of(event))[0] == 410
    assert world.get(f"{alice.actor}/outbox")[0] == 410
    assert world.get(f"{world.url}/@alice", "text/html")[0] == 410
    (told,) = [line for line in alice.answers() if "suspended your profile" in line]
    assert "sold <things>" in told


def test_what_somebody_suspended_writes_is_not_sent(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.suspend(alice.row())
    alice.post("unheard")
    world.settle()
    assert not bob.received("Create")
    moderation.unsuspend(alice.row())
    alice.post("heard again")
    world.settle()
    (create,) = bob.received("Create")
    assert "heard again" in json.dumps(create)


def test_what_waits_of_somebody_suspended_is_given_up_even_when_run_again(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    world.neighbours.faults("503")
    alice.post("it will not arrive")
    world.settle()
    moderation.suspend(alice.row())
    world.neighbours.faults("ok")
    Delivery.objects.filter(network="activitypub", state="gone").update(state="waiting")
    world.let_time_pass()
    world.settle()
    assert not bob.received("Create")
    (row,) = Delivery.objects.filter(network="activitypub", subject__contains="/ap/o/")
    assert (row.state, row.note) == ("gone", "its author is suspended here")


def test_a_suspended_stranger_is_refused_at_the_door_and_hidden(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    moderation.suspend(Actor.objects.get(uri=bob.id), "rude")
    assert bob.post("hello?", mentions=[alice.actor]).statuses == [403]
    before = count(bob)
    alice.post("not for bob")
    world.settle()
    assert count(bob) == before


def test_the_servers_own_actor_cannot_be_suspended(world: World) -> None:
    with pytest.raises(Forbidden, match="own actor"):
        moderation.suspend(Actor.objects.get(handle="instance"))


# ---- what an admin reads


def _shown() -> str:
    received = [rows.shown_body(row) for row in Received.objects.all()]
    return "".join([*received, *(rows.shown_act(row) for row in Delivery.objects.all())])


def test_words_that_are_gone_are_not_shown_to_admins(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    event = alice.post("ALICE")
    world.settle()
    alice.person.edit(alice.room, event, "ALICE again")
    sent = bob.post("BOB", reply_to=post_of(event))
    world.settle()
    assert "ALICE" in _shown()
    assert "BOB" in _shown()
    bob.delete(sent.post)
    alice.person.redact(alice.room, event)
    world.settle()
    assert "ALICE" not in _shown()
    assert "BOB" not in _shown()


def test_the_words_of_who_left_are_not_shown_to_admins(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    bob.post("BOB")
    world.settle()
    bob.delete_actor()
    world.settle()
    assert "BOB" not in _shown()


def test_what_a_guest_says_in_a_profile_room_is_not_shown_to_admins(
    world: World, alice: Resident
) -> None:
    guest = world.person("guest")
    guest.join(alice.room)
    guest.send(alice.room, "GUEST")
    world.settle()
    assert "GUEST" not in _shown()
