"""Stories of becoming somebody: in the desk, in a room one owns already, and being refused."""

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge.demo.person import Person
from bridge.errors import Unreadable
from bridge.matrix import linking, registration
from bridge.models import Room
from social.models import Actor, Delivery
from tests.fakes.homeserver import SERVER
from tests.fakes.world import Resident, World, followers, outcome, post_of
from tests.flows.rooms import circle
from tests.rebuilt import lost_and_rebuilt


def _bot() -> str:
    return registration.load().bot


def _said(person: Person, room: str) -> list[str]:
    events = person.messages(room, 100)[::-1]
    return [
        e["content"]["body"] for e in events if e["sender"] == _bot() and "body" in e["content"]
    ]


def _own_room(person: Person, **options: object) -> str:
    room = person.create_room(preset="public_chat", **options)
    person.invite(room, _bot())
    return room


# ---- refused


def test_who_does_not_own_the_room_cannot_publish_it(world: World, alice: Resident) -> None:
    owner, guest = world.person("owner"), world.person("guest")
    room = _own_room(owner)
    world.settle()
    guest.join(room)
    guest.send(room, "!ownroom link")
    world.settle()
    assert "highest power" in _said(owner, room)[-1]
    assert Actor.objects.local().count() == 1


def test_who_is_invited_by_a_guest_says_why_it_cannot_publish(
    world: World, alice: Resident
) -> None:
    owner, guest = world.person("owner"), world.person("guest")
    room = owner.create_room(
        preset="public_chat", power_level_content_override={"users": {owner.user_id: 100}}
    )
    guest.join(room)
    owner.put_state(room, "m.room.power_levels", {"users": {owner.user_id: 100}, "invite": 0})
    guest.invite(room, _bot())
    world.settle()
    assert "cannot publish" in _said(owner, room)[-1]


def test_an_encrypted_room_is_refused_with_the_reason(world: World, alice: Resident) -> None:
    owner = world.person("owner")
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = _own_room(owner, initial_state=[encrypted])
    world.settle()
    assert "encrypted" in _said(owner, room)[-1]
    owner.send(room, "!ownroom link")
    world.settle()
    assert "encrypted" in _said(owner, room)[-1]
    assert Actor.objects.local().count() == 1


def test_an_encrypted_conversation_with_the_bot_is_no_desk(world: World) -> None:
    owner = world.person("owner")
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = owner.create_room(is_direct=True, invite=[_bot()], initial_state=[encrypted])
    world.settle()
    assert "without encryption" in _said(owner, room)[-1]
    owner.send(room, "profile create")
    world.settle()
    assert not Actor.objects.local().exists()


@pytest.mark.parametrize(
    ("handle", "why"),
    [("alice", "taken"), ("no/good", "cannot be a handle"), ("admin", "reserved")],
)
def test_a_handle_that_cannot_be_had_is_refused_with_the_reason(
    world: World, alice: Resident, handle: str, why: str
) -> None:
    owner = world.person("owner")
    desk = owner.create_room(is_direct=True, invite=[_bot()])
    world.settle()
    owner.send(desk, f"profile create {handle}")
    world.settle()
    assert why in _said(owner, desk)[-1]
    assert Actor.objects.local().count() == 1


def test_a_handle_never_changes(world: World, alice: Resident) -> None:
    alice.tell_bot("profile create alicia")
    world.settle()
    assert "is @alice@" in alice.answers()[-1]
    assert "never changes" in alice.answers()[-1]


def test_commands_want_a_profile_first(world: World) -> None:
    owner = world.person("owner")
    desk = owner.create_room(is_direct=True, invite=[_bot()])
    world.settle()
    owner.send(desk, "followers")
    world.settle()
    assert "no profile here yet" in _said(owner, desk)[-1]


def test_a_guest_of_the_desk_commands_nothing(world: World, alice: Resident) -> None:
    bob, guest = world.neighbour("bob"), world.person("guest")
    alice.person.invite(alice.desk, guest.user_id)
    guest.join(alice.desk)
    guest.send(alice.desk, f"follow {bob.handle}")
    world.settle()
    assert not bob.received("Follow")


def test_who_has_as_much_power_as_the_owner_does_not_take_the_profile(
    world: World, alice: Resident
) -> None:
    eve, bob = world.person("eve"), world.neighbour("bob")
    bob.follow(alice.handle)
    eve.join(alice.room)
    powers = {alice.person.user_id: 100, eve.user_id: 100, _bot(): 50}
    alice.person.put_state(alice.room, "m.room.power_levels", {"users": powers})
    world.settle()
    eve.send(alice.room, "!ownroom link eve")
    world.settle()
    assert "is @alice@" in _said(eve, alice.room)[-1]
    assert not Actor.objects.filter(owner=eve.user_id).exists()
    alice.post("still mine")
    world.settle()
    assert bob.received("Create", contains="still mine")


# ---- refused by the admin's choice


@pytest.mark.parametrize(
    ("signups", "name", "why"),
    [
        ("local", "zoe:far.test", "users of hs.test get a profile here by asking me"),
        ("invited", "owner", "made by this server's admin only"),
        ("invited", "zoe:far.test", "made by this server's admin only"),
    ],
)
def test_whom_the_admin_does_not_admit_gets_no_profile_by_asking_and_hears_why(
    world: World,
    alice: Resident,
    settings: SettingsWrapper,
    signups: str,
    name: str,
    why: str,
) -> None:
    settings.OWNROOM_SIGNUPS = signups
    owner = _guest(world, name)
    desk = owner.create_room(is_direct=True, invite=[_bot()])
    room = _own_room(owner)
    world.settle()
    assert why in _said(owner, desk)[-1]
    assert why in _said(owner, room)[-1]
    owner.send(desk, "profile create")
    owner.send(room, "!ownroom link")
    world.settle()
    for said in (_said(owner, desk), _said(owner, room)):
        assert len(said) == 2
        assert why in said[-1]
        assert owner.user_id in said[-1]
    assert Actor.objects.local().count() == 1


def test_whoever_has_a_profile_already_is_not_refused_any_more(
    world: World, alice: Resident, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_SIGNUPS = "invited"
    alice.tell_bot("profile create")
    world.settle()
    assert "@alice@" in alice.answers()[-1]


def test_the_admins_own_command_asks_nobody(world: World, settings: SettingsWrapper) -> None:
    settings.OWNROOM_SIGNUPS = "invited"
    assert linking.create(_guest(world, "zoe:far.test").user_id).actor.handle == "zoe"


def test_nobody_gets_a_profile_whom_the_homeserver_does_not_know(world: World) -> None:
    with pytest.raises(Unreadable, match="knows nobody called @typo:"):
        linking.create(f"@typo:{SERVER}")
    assert not Actor.objects.local().exists()


def test_a_server_open_to_anyone_takes_users_of_other_homeservers(
    world: World, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_SIGNUPS = "anyone"
    owner = _guest(world, "zoe:far.test")
    room = _own_room(owner)
    owner.send(room, "!ownroom link")
    world.settle()
    assert "is now the profile of" in _said(owner, room)[-1]


def _guest(world: World, name: str) -> Person:
    """Somebody of our homeserver, or of another one where the name says so."""
    user = name if ":" in name else f"{name}:{SERVER}"
    return Person(world.home.url, f"@{user}", world.home.person(name))


# ---- linked


def test_a_desk_command_makes_a_profile_with_its_room(world: World) -> None:
    owner, bob = world.person("owner"), world.neighbour("bob")
    desk = owner.create_room(is_direct=True, invite=[_bot()])
    world.settle()
    assert "profile create" in _said(owner, desk)[-1]
    owner.send(desk, "profile create nice_name")
    world.settle()
    assert "@nice_name@" in _said(owner, desk)[-1]
    actor = Actor.objects.get(owner=owner.user_id)
    bob.follow(f"@{actor.acct}")
    world.settle()
    (room,) = (r for r, s in _invited(world, owner).items() if s)
    owner.join(room)
    owner.send(room, "my first post")
    world.settle()
    assert bob.received("Create", contains="my first post")


def _invited(world: World, person: Person) -> dict[str, bool]:
    rooms = world.home.rooms.values()
    return {r.id: True for r in rooms if r.membership(person.user_id) == "invite"}


def test_a_room_one_owns_becomes_a_profile_by_ones_own_word(world: World) -> None:
    owner, bob = world.person("owner"), world.neighbour("bob")
    room = _own_room(owner)
    owner.send(room, "before the link")
    world.settle()
    assert "!ownroom link" in _said(owner, room)[-1]
    owner.send(room, "!ownroom link nice")
    world.settle()
    actor = Actor.objects.get(owner=owner.user_id)
    assert f"@{actor.acct}" in _said(owner, room)[-1]
    bob.follow(f"@{actor.acct}")
    event = owner.send(room, "after the link")
    world.settle()
    (create,) = bob.received("Create")
    assert create["activity"]["object"]["id"] == post_of(event)
    assert "before the link" not in world.page("/@nice")


def test_what_is_about_something_older_than_the_link_is_ignored(world: World) -> None:
    owner = world.person("owner")
    room = owner.create_room(preset="public_chat")
    old = owner.send(room, "old")
    world.home.lose()  # the bot was not there
    owner.invite(room, _bot())
    owner.send(room, "!ownroom link nice")
    world.settle()
    about = [
        owner.react(room, old, "\N{THUMBS UP SIGN}"),
        owner.edit(room, old, "older"),
        owner.redact(room, old),
    ]
    for _ in range(3):
        world.settle()
        world.let_time_pass()
    assert [outcome(event).state for event in about] == ["ignored"] * 3


def test_a_room_whose_bot_is_removed_is_published_no_more(world: World, alice: Resident) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    alice.person.kick(alice.room, _bot())
    alice.post("private again")
    world.settle()
    assert not bob.received("Create")
    assert "private again" not in world.page("/@alice")


def test_what_was_said_while_the_bot_was_out_stays_among_those_who_were_there(
    world: World, alice: Resident
) -> None:
    alice.person.kick(alice.room, _bot())
    world.settle()
    alice.post("among us")
    world.home.lose()  # nobody of the bridge is there, so nothing is pushed
    alice.person.invite(alice.room, _bot())
    world.settle()
    assert "publish again" in _said(alice.person, alice.room)[-1]
    alice.post("for everybody")
    world.settle()
    page = world.page("/@alice")
    assert "among us" not in page
    assert "for everybody" in page


def test_a_circle_goes_on_when_its_owner_asks_the_bot_in_again(
    world: World, alice: Resident
) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    room = circle(world, alice)
    alice.person.kick(room, _bot())
    world.settle()
    alice.tell_bot("circle")
    world.settle()
    assert "Ask me in again there" in alice.answers()[-1]
    alice.person.invite(room, _bot())
    world.settle()
    assert "your approved followers get again" in _said(alice.person, room)[-1]
    alice.person.send(room, "for followers")
    world.settle()
    assert bob.received("Create", contains="for followers")
    lost_and_rebuilt()
    assert Room.objects.get(kind="circle").leased


def test_a_group_goes_on_when_its_owner_asks_the_bot_in_again(
    world: World, alice: Resident
) -> None:
    alice.tell_bot("group create ships")
    world.settle()
    room = Room.objects.get(kind="group").room_id
    alice.person.join(room)
    pat = world.neighbour("pat")
    pat.follow(f"@{Actor.objects.get(handle='ships').acct}")
    alice.person.kick(room, _bot())
    world.settle()
    alice.person.invite(room, _bot())
    world.settle()
    assert "publish again" in _said(alice.person, room)[-1]
    alice.person.send(room, "a topic")
    world.settle()
    assert pat.received("Announce", contains="a topic")


def test_what_happens_while_the_bot_is_out_of_a_desk_stands_there_later(
    world: World, alice: Resident
) -> None:
    bob = world.neighbour("bob")
    alice.person.kick(alice.desk, _bot())
    world.settle()
    bob.follow(alice.handle)
    world.settle()
    waiting = Delivery.objects.filter(state="waiting")
    assert waiting.filter(note__startswith="the bot was put out of the desk").exists()
    alice.person.invite(alice.desk, _bot())
    world.settle()
    world.let_time_pass()
    world.settle()
    assert any("follows you now" in line for line in alice.answers())
    lost_and_rebuilt()
    assert followers(alice.actor) == {bob.id}


def test_a_guest_who_brings_the_bot_back_does_not_publish_the_room(
    world: World, alice: Resident
) -> None:
    guest = world.person("guest")
    guest.join(alice.room)
    levels = {"users": {alice.person.user_id: 100, _bot(): 50}, "invite": 0}
    alice.person.put_state(alice.room, "m.room.power_levels", levels)
    alice.person.kick(alice.room, _bot())
    world.settle()
    guest.invite(alice.room, _bot())
    world.settle()
    assert "its owner types" in _said(guest, alice.room)[-1]
    alice.post("not for the fediverse")
    world.settle()
    assert "not for the fediverse" not in world.page("/@alice")
    alice.post("!ownroom link")
    alice.post("for everybody again")
    world.settle()
    assert "for everybody again" in world.page("/@alice")


def test_a_lease_given_away_is_not_had_back_by_an_invitation(world: World, alice: Resident) -> None:
    other = {"v": 1, "bot": "@other:hs.test"}
    alice.person.put_state(alice.room, "social.ownroom.bridge", other)
    alice.person.kick(alice.room, _bot())
    world.settle()
    alice.person.invite(alice.room, _bot())
    world.settle()
    assert "published by @other:hs.test" in _said(alice.person, alice.room)[-1]
    alice.post("published elsewhere")
    world.settle()
    assert "published elsewhere" not in world.page("/@alice")


def test_a_room_that_is_encrypted_later_is_published_no_more(world: World, alice: Resident) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    alice.person.put_state(alice.room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    world.settle()
    assert alice.seen("encrypted now")
    alice.post("still readable by mistake")
    world.settle()
    assert not bob.received("Create")


def test_what_is_written_encrypted_is_published_by_nobody_and_its_author_told_once(
    world: World, alice: Resident
) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    told = len(alice.answers())
    for _ in range(3):
        sealed = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgAEnAC", "session_id": "s"}
        world.home.append(
            world.home.rooms[alice.room], "m.room.encrypted", alice.person.user_id, sealed
        )
        world.settle()
    assert not bob.received("Create")
    (answer,) = alice.answers()[told:]
    assert "went nowhere: it is encrypted" in answer


def test_what_is_typed_encrypted_at_the_desk_is_answered(world: World, alice: Resident) -> None:
    desk = world.home.rooms[alice.desk]
    alice.person.put_state(alice.desk, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    world.settle()
    assert any("encrypted now" in line for line in alice.answers())
    world.home.append(desk, "m.room.encrypted", alice.person.user_id, {"ciphertext": "AwgAEnAC"})
    world.settle()
    assert "encrypted: a bridge cannot read it" in alice.answers()[-1]


def test_a_lease_given_to_another_bridge_ends_ours(world: World, alice: Resident) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    alice.person.put_state(alice.room, "social.ownroom.bridge", {"v": 1, "bot": "@other:hs.test"})
    alice.post("published elsewhere")
    world.settle()
    assert not bob.received("Create")


def test_the_bot_stands_below_the_owner(world: World, alice: Resident) -> None:
    for room in (alice.room, alice.desk):
        levels = alice.person.state(room, "m.room.power_levels") or {}
        assert levels["users"][alice.person.user_id] > levels["users"][_bot()]


def test_the_word_that_links_a_room_is_no_post_and_may_be_said_twice(
    world: World, alice: Resident
) -> None:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    alice.post("!ownroom link")
    world.settle()
    assert "is now the profile" in _said(alice.person, alice.room)[-1]
    assert not bob.received("Create")


def test_a_second_room_does_not_become_a_second_profile(world: World, alice: Resident) -> None:
    room = _own_room(alice.person)
    alice.person.send(room, "!ownroom link")
    world.settle()
    assert alice.room in _said(alice.person, room)[-1]
    assert Actor.objects.local().count() == 1
