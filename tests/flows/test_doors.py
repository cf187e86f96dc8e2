"""Doors of rooms and follows are the same thing: who knocks, who is shown out, who goes."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Person
from bridge.matrix.registration import BOT as LOCALPART
from bridge.models import Ghost
from social.models import Actor, Block, Follow
from tests.fakes.homeserver import SERVER
from tests.fakes.world import Resident, World, followers, outcome, post_of
from tests.flows.rooms import circle
from tests.rebuilt import lost_and_rebuilt

BOT = f"@{LOCALPART}:{SERVER}"


def lock(world: World, who: Resident) -> None:
    who.person.put_state(who.room, "m.room.join_rules", {"join_rule": "knock"})
    world.settle()


def inside(world: World, room: str, user: str) -> str:
    return world.home.rooms[room].membership(user)


# ---- who knocks


def test_a_room_that_is_locked_locks_the_profile_and_back(world: World, alice: Resident) -> None:
    lock(world, alice)
    assert world.json(alice.actor)["manuallyApprovesFollowers"] is True
    alice.person.put_state(alice.room, "m.room.join_rules", {"join_rule": "public"})
    world.settle()
    assert world.json(alice.actor)["manuallyApprovesFollowers"] is False


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("m.room.join_rules", {"join_rule": "invite"}),
        ("m.room.history_visibility", {"history_visibility": "joined"}),
    ],
)
def test_who_shuts_their_room_hears_that_it_is_published_all_the_same(
    world: World, alice: Resident, bob: Neighbour, kind: str, content: dict[str, str]
) -> None:
    bob.follow(alice.handle)
    alice.person.put_state(alice.room, kind, content)
    world.settle()
    (told,) = (line for line in alice.answers() if "for everybody all the same" in line)
    assert "circle" in told
    alice.post("still heard")
    world.settle()
    assert bob.received("Create", contains="still heard")


def test_who_opens_their_circle_hears_that_anybody_reads_there(
    world: World, alice: Resident
) -> None:
    room = circle(world, alice)
    for rule in ("invite", "public"):
        alice.person.put_state(room, "m.room.join_rules", {"join_rule": rule})
    world.settle()
    assert len([line for line in alice.answers() if "Anybody can come" in line]) == 1


def test_who_knocks_at_a_locked_profile_asks_to_follow_and_waits(
    world: World, alice: Resident, ada: Resident
) -> None:
    lock(world, alice)
    ada.person.knock(alice.room)
    world.settle()
    assert Follow.objects.get(follower__uri=ada.actor).state == "pending"
    assert ada.handle in alice.answers()[-1]
    assert inside(world, alice.room, ada.person.user_id) == "knock"
    alice.tell_bot(f"accept {ada.handle}")
    world.settle()
    assert followers(alice.actor) == {ada.actor}
    assert inside(world, alice.room, ada.person.user_id) == "invite"
    lost_and_rebuilt()
    assert followers(alice.actor) == {ada.actor}


def test_who_is_refused_waits_at_the_door_no_longer(
    world: World, alice: Resident, ada: Resident
) -> None:
    lock(world, alice)
    ada.person.knock(alice.room)
    world.settle()
    alice.tell_bot(f"reject {ada.handle}")
    world.settle()
    assert not Follow.objects.exists()
    assert inside(world, alice.room, ada.person.user_id) == "leave"


def test_a_follower_who_knocks_is_let_in(world: World, alice: Resident, ada: Resident) -> None:
    ada.tell_bot(f"follow {alice.handle}")
    world.settle()
    lock(world, alice)
    ada.person.knock(alice.room)
    world.settle()
    assert inside(world, alice.room, ada.person.user_id) == "invite"
    assert Follow.objects.count() == 1


def test_who_is_accepted_and_did_not_knock_is_not_asked_into_the_room(
    world: World, alice: Resident, ada: Resident
) -> None:
    ada.tell_bot(f"follow {alice.handle}")
    world.settle()
    assert followers(alice.actor) == {ada.actor}
    assert inside(world, alice.room, ada.person.user_id) == "leave"


def test_who_knocks_at_a_circle_asks_to_follow(
    world: World, alice: Resident, ada: Resident
) -> None:
    lock(world, alice)
    alice.tell_bot("circle")
    world.settle()
    circle = next(
        room.id
        for room in world.home.rooms.values()
        if "for followers" in str(room.content("m.room.name").get("name"))
    )
    ada.person.knock(circle)
    world.settle()
    assert inside(world, circle, ada.person.user_id) == "knock"
    alice.tell_bot(f"accept {ada.handle}")
    world.settle()
    assert inside(world, circle, ada.person.user_id) == "invite"


def test_of_a_stranger_who_knocks_the_owner_hears_once(world: World, alice: Resident) -> None:
    lock(world, alice)
    nobody = world.person("nobody")
    for _ in range(3):
        nobody.knock(alice.room)
        world.settle()
        nobody.leave(alice.room)
        world.settle()
    nobody.knock(alice.room)
    world.settle()
    assert len([said for said in alice.answers() if nobody.user_id in said]) == 1
    assert inside(world, alice.room, nobody.user_id) == "knock"


# ---- whom one shows out


@pytest.fixture
def talk(world: World, alice: Resident, bob: Neighbour) -> tuple[str, str]:
    """A conversation that bob began, and his ghost."""
    bob.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    ghost = Ghost.objects.get(actor__uri=bob.id).mxid
    room = next(r.id for r in world.home.rooms.values() if r.membership(ghost) == "join")
    alice.person.join(room)
    levels = {"users": {alice.person.user_id: 100}, "users_default": 0}
    found = world.home.room(room)
    world.home.append(found, "m.room.power_levels", ghost, levels, "")
    return room, ghost


def test_a_ban_in_a_conversation_is_a_block_and_its_end_an_unblock(
    world: World, alice: Resident, bob: Neighbour, talk: tuple[str, str]
) -> None:
    room, ghost = talk
    alice.person.ban(room, ghost)
    world.settle()
    assert Block.objects.filter(author__uri=alice.actor, target__uri=bob.id).exists()
    assert bob.received("Block")


def test_a_kick_out_of_a_conversation_ends_no_follow(
    world: World, alice: Resident, bob: Neighbour, talk: tuple[str, str]
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.person.kick(*talk)
    world.settle()
    assert bob.id in followers(alice.actor)


# ---- when the owner goes


def test_a_room_that_its_owner_left_is_published_no_more_until_they_say_so(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    alice.person.leave(alice.room)
    world.settle()
    alice.person.join(alice.room)
    event = alice.post("am I heard?")
    world.settle()
    assert not bob.received("Create", contains="am I heard?")
    assert "ended the lease" in outcome(event).note
    assert world.get(alice.actor)[0] == 200  # frozen, not gone
    alice.post("!ownroom link")
    world.settle()
    event = alice.post("and now?")
    world.settle()
    assert bob.received("Create", contains="and now?")
    assert world.get(post_of(event))[0] == 200


def test_a_guest_who_goes_changes_nothing(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    guest = world.person("guest")
    guest.join(alice.room)
    guest.leave(alice.room)
    world.settle()
    alice.post("still here")
    world.settle()
    assert bob.received("Create", contains="still here")


# ---- who has the power


def levels(world: World, room: str, **users: int) -> dict[str, object]:
    before = world.home.rooms[room].content("m.room.power_levels")
    named = {f"@{name}:{SERVER}": power for name, power in users.items()}
    return before | {"users": {**before["users"], **named}}


def test_who_gave_the_power_in_their_room_away_hears_so_and_nobody_else_speaks_for_them(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    eve = world.resident("eve")
    eve.person.join(alice.room)
    guest = world.person("guest")
    guest.join(alice.room)
    alice.person.put_state(alice.room, "m.room.name", {"name": "Alice of old"})
    alice.person.put_state(alice.room, "m.room.topic", {"topic": "In her own words"})
    world.settle()
    before = world.json(alice.actor)
    assert before["name"] == "Alice of old"
    told = levels(world, alice.room, alice=50, eve=100, guest=50)
    alice.person.put_state(alice.room, "m.room.power_levels", told)
    world.settle()
    assert "more power than you" in alice.answers()[-1]
    for kind, content in (
        ("m.room.name", {"name": "Eve was here"}),
        ("m.room.topic", {"topic": "Eve was here"}),
        ("social.ownroom.profile", {"v": 1, "fields": [{"name": "Eve", "value": "was here"}]}),
        ("social.ownroom.bridge", {"v": 1, "bot": "@other:hs.test", "base": "https://x.example"}),
        ("m.room.join_rules", {"join_rule": "knock"}),
        ("m.room.tombstone", {"replacement_room": eve.room}),
    ):
        eve.person.put_state(alice.room, kind, content)
    for who in (eve.person, guest):
        who.send(alice.room, "!ownroom link")
        who.send(alice.room, "!ownroom group boats")
        who.send(alice.room, "in whose name?")
    world.settle()
    alice.post("still me")
    world.settle()
    assert world.json(alice.actor) == before
    assert bob.received("Create", contains="still me")
    assert not bob.received("Create", contains="in whose name?")
    assert Actor.objects.local().filter(kind="group").count() == 0
    lost_and_rebuilt()
    assert world.json(alice.actor) == before
    alice.post("after a loss")
    world.settle()
    assert bob.received("Create", contains="after a loss")


def test_a_circle_in_which_the_bot_can_let_nobody_out_is_told_to_its_owner(
    world: World, alice: Resident
) -> None:
    room = circle(world, alice)
    alice.person.put_state(room, "m.room.power_levels", levels(world, room, _ap_bot=0))
    world.settle()
    assert "I can let nobody in or out any more" in alice.answers()[-1]


def test_a_circle_that_somebody_else_opens_is_told_to_its_owner(
    world: World, alice: Resident
) -> None:
    room, eve = circle(world, alice), world.person("eve")
    alice.person.invite(room, eve.user_id)
    eve.join(room)
    alice.person.put_state(room, "m.room.power_levels", levels(world, room, eve=100))
    eve.put_state(room, "m.room.join_rules", {"join_rule": "public"})
    world.settle()
    assert "Anybody can come into your circle" in alice.answers()[-1]


# ---- when the room is upgraded


def upgraded(world: World, who: Resident, *, by: Person | None = None, room: str = "") -> str:
    """As a homeserver does it for a client: some state is copied, nobody is brought along."""
    person, room = by or who.person, room or who.room
    old = world.home.rooms[room]
    new = person.create_room(
        preset="public_chat",
        name="Alice",
        creation_content={"predecessor": {"room_id": room}},
        power_level_content_override=old.content("m.room.power_levels")
        | {"users": {person.user_id: 100, BOT: 50}},
    )
    if by is None:
        person.put_state(room, "m.room.tombstone", {"replacement_room": new})
        avatar = {"url": "mxc://hs.test/face", "info": {"mimetype": "image/png"}}
        person.put_state(new, "m.room.avatar", avatar)
    person.invite(new, BOT)
    world.settle()
    return new


def test_an_upgraded_room_goes_on_as_the_same_profile_when_its_owner_says_so(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    kept, edited, gone = (alice.post(text) for text in ("kept", "to edit", "to delete"))
    world.settle()
    answer = bob.post("an answer", reply_to=post_of(kept), mentions=[alice.actor])
    world.settle()
    new = upgraded(world, alice)
    alice.person.send(new, "too early")
    world.settle()
    assert not bob.received("Create", contains="too early")
    alice.person.send(new, "!ownroom link")
    world.settle()
    event = alice.person.send(new, "in the new room")
    alice.person.send(alice.room, "in the old room")
    alice.person.edit(alice.room, edited, "was edited")
    alice.person.redact(alice.room, gone)
    bob.update(answer.post, "a better answer")
    world.settle()
    (create,) = bob.received("Create", contains="in the new room")
    assert create["activity"]["actor"] == alice.actor
    assert create["activity"]["object"]["id"] == post_of(event)
    assert not bob.received("Create", contains="in the old room")
    assert bob.received("Update", contains="was edited")
    assert bob.received("Delete", contains=post_of(gone))
    assert alice.seen("a better answer", alice.room)
    later = bob.post("to an old post", reply_to=post_of(kept), mentions=[alice.actor])
    world.settle()
    assert alice.seen("to an old post", new)
    shown = {
        uri: world.get(uri) for uri in (alice.actor, *map(post_of, (kept, edited, gone, event)))
    }
    assert b"face" in shown[alice.actor][1]
    lost_and_rebuilt()
    assert {uri: world.get(uri) for uri in shown} == shown
    thread = world.page(f"/@alice/{kept[1:]}")
    assert "a better answer" in thread
    assert "to an old post" in thread
    bob.delete(later.post)
    alice.person.redact(alice.room, kept)
    world.settle()
    assert world.get(post_of(kept))[0] == 410
    assert not alice.seen("to an old post", new)


def test_what_was_to_be_deleted_just_before_an_upgrade_is_deleted_in_the_old_room(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    event = alice.post("before")
    world.settle()
    answer = bob.post("an answer", reply_to=post_of(event), mentions=[alice.actor])
    world.settle()
    new = upgraded(world, alice)
    world.home.trouble = "500"
    bob.delete(answer.post)
    world.settle()
    assert alice.seen("an answer")
    world.home.recover()
    alice.person.send(new, "!ownroom link")
    world.settle()
    world.let_time_pass()
    world.settle()
    assert not alice.seen("an answer")
    assert not alice.seen("an answer", new)


def test_nobody_takes_a_profile_by_calling_their_room_its_successor(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    eve = world.person("eve")
    new = upgraded(world, alice, by=eve)
    eve.send(new, "!ownroom link")
    world.settle()
    assert Actor.objects.get(owner=eve.user_id).uri != alice.actor
    bob.follow(alice.handle)
    world.settle()
    alice.post("still me")
    world.settle()
    assert bob.received("Create", contains="still me")


# ---- the room's name


def test_a_rooms_address_is_where_its_page_leads(world: World, alice: Resident) -> None:
    def leads() -> str:
        page = world.page("/@alice")
        return page.split('class="button" href="', 1)[1].split('"', 1)[0]

    by_id = leads()
    assert by_id.endswith("?via=hs.test")  # or nobody from another homeserver finds it
    content = {"alias": "#alice:hs.test"}
    alice.person.put_state(alice.room, "m.room.canonical_alias", content)
    world.settle()
    assert leads() == "https://matrix.to/#/%23alice:hs.test"
    lost_and_rebuilt()
    assert leads() == "https://matrix.to/#/%23alice:hs.test"
    for odd in ({}, {"alias": 7}, {"alias": "javascript:alert(1)"}):
        alice.person.put_state(alice.room, "m.room.canonical_alias", odd)
        world.settle()
        assert leads() == by_id
