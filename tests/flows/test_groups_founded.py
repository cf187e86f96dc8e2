"""Stories of a room that somebody has already, and makes a group; and of its end and upgrade."""

from typing import Any

import pytest
from django.conf import settings

from bridge import names
from bridge.demo.person import Person
from bridge.loop import run
from bridge.matrix import rooms
from bridge.models import Room
from social.models import Actor, Post
from tests.fakes.world import Resident, World, followers, post, post_of
from tests.flows.conftest import Group
from tests.flows.grouping import announced, creates
from tests.flows.test_doors import upgraded
from tests.flows.test_linking import _bot, _own_room, _said
from tests.rebuilt import lost_and_rebuilt, shown


def made(world: World, who: Person, name: str = "boats", **options: Any) -> str:
    """A room of theirs, of which they say that it be a group."""
    room = _own_room(who, **options)
    world.settle()
    who.send(room, f"!ownroom group {name}".strip())
    world.settle()
    return room


def group_of(room: str) -> Group:
    row = Room.objects.select_related("actor").get(kind="group", room_id=room)
    assert row.actor
    desk = Room.objects.get(kind="desk", actor=row.actor).room_id
    return Group(row.actor.uri, f"@{row.actor.acct}", room, desk)


# ---- refused


def test_who_does_not_own_a_room_makes_it_no_group(
    world: World, alice: Resident, ada: Resident
) -> None:
    room = _own_room(alice.person)
    world.settle()
    ada.person.join(room)
    ada.person.send(room, "!ownroom group boats")
    world.settle()
    assert "highest power" in _said(alice.person, room)[-1]
    assert not Actor.objects.filter(kind="group").exists()


def test_an_encrypted_room_is_no_group(world: World, alice: Resident) -> None:
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = made(world, alice.person, initial_state=[encrypted])
    assert "encrypted" in _said(alice.person, room)[-1]
    assert not Actor.objects.filter(kind="group").exists()


def test_a_profile_is_no_group_and_a_group_no_profile(world: World, alice: Resident) -> None:
    alice.post("!ownroom group boats")
    world.settle()
    assert "one or the other" in _said(alice.person, alice.room)[-1]
    room = made(world, alice.person)
    alice.person.send(room, "!ownroom link")
    world.settle()
    assert "one or the other" in _said(alice.person, room)[-1]
    assert Actor.objects.local().filter(kind="group").count() == 1
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    ("name", "why"), [("ada", "taken"), ("a/b", "cannot be a handle"), ("admin", "reserved")]
)
def test_a_name_that_cannot_be_had_makes_no_group(
    world: World, alice: Resident, ada: Resident, name: str, why: str
) -> None:
    room = made(world, alice.person, name)
    assert why in _said(alice.person, room)[-1]
    assert not Actor.objects.filter(kind="group").exists()


def test_who_has_no_profile_makes_no_group(world: World) -> None:
    guest = world.person("guest")
    room = made(world, guest)
    assert "a profile here first" in _said(guest, room)[-1]


def test_who_gets_as_much_power_takes_over_no_group(
    world: World, alice: Resident, ada: Resident
) -> None:
    room = made(world, alice.person)
    ada.person.join(room)
    levels = {"users": {alice.person.user_id: 100, ada.person.user_id: 100, _bot(): 50}}
    alice.person.put_state(room, "m.room.power_levels", levels)
    for word in ("!ownroom group", "!ownroom group delete boats"):
        ada.person.send(room, word)
        world.settle()
        assert "owner" in _said(ada.person, room)[-1] or "else's" in _said(ada.person, room)[-1]
    assert Room.objects.get(room_id=room).owner == alice.person.user_id
    assert Actor.objects.get(kind="group", owner__isnull=False).left is None


# ---- made


def test_a_room_becomes_a_group_by_its_owners_word_and_what_was_said_before_stays_in_it(
    world: World, alice: Resident
) -> None:
    room = _own_room(alice.person, name="Boats & Rivers")
    alice.person.send(room, "from long before")
    world.settle()
    alice.person.send(room, "!ownroom group")
    world.settle()
    boats = group_of(room)
    assert boats.handle.startswith("@boats_rivers@")
    said = _said(alice.person, room)[-1]
    assert "is the group @boats_rivers@" in said
    assert "power 50" in said
    document = world.json(boats.id)
    assert (document["type"], document["name"]) == ("Group", "Boats & Rivers")
    assert world.json(f"{boats.id}/moderators")["orderedItems"] == [alice.actor]
    pat = world.neighbour("pat")
    pat.follow(boats.handle)
    world.settle()
    world.hear(pat, creates(pat, boats, "It floats."))
    event = alice.person.send(room, "so it does")
    world.settle()
    assert alice.seen("It floats.", room)
    assert announced(pat) == [Post.objects.get(author__uri=pat.id).uri, post_of(event)]
    assert not Post.objects.filter(html__contains="long before").exists()
    before = shown()
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table
    assert world.json(boats.id) == document
    alice.person.join(boats.desk)
    alice.person.send(boats.desk, "followers")
    world.settle()
    assert pat.handle in str(alice.person.messages(boats.desk)[0]["content"])


def test_who_made_a_room_of_version_12_moderates_its_group_though_no_list_says_so(
    world: World, alice: Resident
) -> None:
    levels = {"users": {}, "invite": 0}
    room = made(world, alice.person, room_version="12", power_level_content_override=levels)
    boats = group_of(room)
    assert world.json(f"{boats.id}/moderators")["orderedItems"] == [alice.actor]
    lost_and_rebuilt()
    assert world.json(f"{boats.id}/moderators")["orderedItems"] == [alice.actor]


def test_said_twice_it_is_one_group(world: World, alice: Resident) -> None:
    room = made(world, alice.person)
    alice.person.send(room, "!ownroom group")
    alice.person.send(room, "!ownroom group ships")
    world.settle()
    assert "never changes" in _said(alice.person, room)[-1]
    assert Actor.objects.filter(kind="group").count() == 1
    assert Room.objects.filter(kind="desk").count() == 2


def test_a_group_that_a_kill_left_half_made_is_finished_by_who_wanted_it_and_nobody_else(
    world: World, alice: Resident, ada: Resident
) -> None:
    name = "ferry"
    uri = names.actor_uri(settings.OWNROOM_ORIGIN, name)
    room = run(rooms.create_group(uri, name, alice.person.user_id))
    ada.tell_bot(f"group create {name}")
    world.settle()
    assert "taken" in ada.answers()[-1]
    alice.tell_bot(f"group create {name}")
    world.settle()
    assert "is a group now" in alice.answers()[-1]
    assert group_of(room).id == uri
    pat = world.neighbour("pat")
    pat.follow(f"@{name}@{settings.OWNROOM_HANDLE_DOMAIN}")
    world.settle()
    assert followers(uri) == {pat.id}
    ada.tell_bot(f"group create {name}")
    world.settle()
    assert "taken" in ada.answers()[-1]
    lost_and_rebuilt()
    assert followers(uri) == {pat.id}


def test_its_owner_ends_a_group_by_its_name(world: World, alice: Resident) -> None:
    room = made(world, alice.person, "rafts")
    rafts, pat = group_of(room), world.neighbour("pat")
    pat.follow(rafts.handle)
    world.settle()
    alice.person.send(room, "!ownroom group delete ships")
    world.settle()
    assert "group delete rafts" in _said(alice.person, room)[-1]
    assert followers(rafts.id) == {pat.id}
    alice.person.send(room, "!ownroom group delete rafts")
    world.settle()
    assert pat.received("Delete")[-1]["activity"]["object"] == rafts.id
    assert world.get(rafts.id)[0] == 410
    alice.person.send(room, "just a room again")
    alice.person.send(room, "!ownroom group rafts")
    world.settle()
    assert "gone for good" in _said(alice.person, room)[-1]
    assert not Post.objects.exists()


# ---- upgraded


def test_an_upgraded_room_goes_on_as_the_same_group(world: World, alice: Resident) -> None:
    alice.tell_bot("group create boats")
    world.settle()
    boats = group_of(Room.objects.get(kind="group").room_id)
    alice.person.join(boats.room)
    alice.person.join(boats.desk)
    pat = world.neighbour("pat")
    pat.follow(boats.handle)
    world.settle()
    create = creates(pat, boats, "It floats.", "My boat")
    world.hear(pat, create)
    world.settle()
    new = upgraded(world, alice, room=boats.room)
    eve = world.person("eve")
    false = upgraded(world, alice, by=eve, room=boats.room)
    eve.send(false, "!ownroom group boats")
    world.settle()
    assert group_of(boats.room)
    alice.person.send(new, "!ownroom group")
    world.settle()
    assert group_of(new).id == boats.id
    assert group_of(new).desk == boats.desk
    event = alice.person.send(new, "in the new room")
    alice.person.send(boats.room, "in the old room")
    world.hear(pat, creates(pat, boats, "still here"))
    edited = {**create["object"], "content": "<p>It sank.</p>", "updated": "2026-01-02T12:00:00Z"}
    world.hear(pat, {**create, "id": f"{create['id']}/update", "type": "Update", "object": edited})
    world.settle()
    assert alice.seen("still here", new)
    assert alice.seen("It sank.", boats.room)
    assert post_of(event) in announced(pat)
    assert not Post.objects.filter(html__contains="old room").exists()
    document = world.json(boats.id)
    posts = sorted(Post.objects.values_list("uri", "group", "html"))
    lost_and_rebuilt()
    assert sorted(Post.objects.values_list("uri", "group", "html")) == posts
    assert world.json(boats.id) == document
    assert group_of(new).id == boats.id
    assert followers(boats.id) == {pat.id}
    alice.person.redact(new, event)
    alice.person.redact(boats.room, alice.seen("It floats.", boats.room)[0]["event_id"], "old")
    world.settle()
    assert world.get(post_of(event))[0] == 410
    assert post(create["object"]["id"]).group == ""
