"""Stories of profiles, groups and rooms for fewer that are begun and not finished: nobody sees half
of one, and to ask again is to finish it.
"""

import pytest
from django.conf import settings

from bridge import names
from bridge.demo.person import Person
from bridge.errors import Forbidden, Trouble
from bridge.matrix import linking, registration
from bridge.matrix.vocabulary import ACTOR, KEY, LEDGER, MIRROR, OBJECT
from bridge.models import Anchor, Key, Room
from social.models import Actor
from tests.fakes.homeserver import Room as FakeRoom
from tests.fakes.world import Resident, World
from tests.rebuilt import lost_and_rebuilt

STEPS = 40  # more requests to the homeserver than any of it takes


def _bot() -> str:
    return registration.load().bot


def _people() -> list[Actor]:
    return list(Actor.objects.local())


def _whole(world: World, owner: Person) -> Actor:
    """With a room and a desk into which its owner is let, and which are theirs."""
    actor = Actor.objects.get(owner=owner.user_id)
    for kind in (Room.Kind.PROFILE, Room.Kind.DESK):
        room_id = Room.objects.get(kind=kind, owner=owner.user_id).room_id
        owner.join(room_id)
        levels = (owner.state(room_id, "m.room.power_levels") or {})["users"]
        assert levels[owner.user_id] == 100
        if world.home.rooms[room_id].content("m.room.create")["room_version"] == "11":
            assert levels.get(_bot(), 0) < 100
    profile = Room.objects.get(kind=Room.Kind.PROFILE, owner=owner.user_id).room_id
    if "social.ownroom.profile" in str(world.home.rooms[profile].state):  # made by the bot
        assert (owner.state(profile, ACTOR) or {}).get("public_key_pem") == actor.public_key
    control = world.home.rooms[Room.objects.get(kind=Room.Kind.CONTROL).room_id]
    assert control.content(KEY, actor.uri)["sealed"] == Key.objects.get(actor=actor).sealed
    return actor


def _finger(world: World, handle: str) -> int:
    acct = f"acct:{handle}@{settings.OWNROOM_HANDLE_DOMAIN}"
    return world.get(f"/.well-known/webfinger?resource={acct}")[0]


@pytest.mark.parametrize("way", ["command", "desk", "room"])
def test_whose_invitation_the_homeserver_refuses_has_no_half_of_a_profile(
    world: World, way: str
) -> None:
    owner = world.person("zoe")
    room = owner.create_room(preset="public_chat") if way == "room" else ""
    desk = owner.create_room(is_direct=True, invite=[_bot()]) if way == "desk" else ""
    if room:
        owner.invite(room, _bot())
    world.settle()

    def asks() -> None:
        if way == "command":
            linking.create(owner.user_id)
        else:
            owner.send(room or desk, "!ownroom link" if room else "profile create")
            world.settle()

    world.home.uninvited.add(owner.user_id)
    if way == "command":
        with pytest.raises(Trouble, match="may not be invited"):
            asks()
    else:
        asks()
        assert "may not be invited" in owner.messages(room or desk, 1)[0]["content"]["body"]
    assert not _people()
    assert _finger(world, "zoe") == 404
    assert "@zoe" not in world.page("/")
    world.home.uninvited.clear()
    asks()
    _whole(world, owner)
    assert _finger(world, "zoe") == 200
    there = [r.id for r in world.home.rooms.values() if r.membership(owner.user_id) != "leave"]
    assert len(there) == 2, "what was made for them before is what they have now"


def test_a_room_begun_for_one_owner_is_given_to_no_other(world: World) -> None:
    owner, other = world.person("zoe"), world.person("yan")
    world.home.uninvited.add(owner.user_id)
    with pytest.raises(Trouble):
        linking.create(owner.user_id, "nice")
    with pytest.raises(Forbidden, match="nice is taken"):
        linking.create(other.user_id, "nice")
    assert not _people()
    world.home.uninvited.clear()
    linking.create(owner.user_id, "nice")
    assert _whole(world, owner).handle == "nice"


def test_killed_wherever_it_is_a_profile_is_whole_or_not_there_and_asked_again_is_finished(
    world: World,
) -> None:
    for step in range(STEPS):
        owner = world.person(f"zoe{step}")
        world.home.good_for = step
        try:
            linking.create(owner.user_id)
        except Trouble:
            undisturbed = False
        else:
            undisturbed = True
        world.home.recover()
        begun = Actor.objects.filter(owner=owner.user_id).first()
        if begun:
            kinds = set(Room.objects.filter(actor=begun).values_list("kind", flat=True))
            assert kinds == {Room.Kind.PROFILE, Room.Kind.DESK}, step
        linking.create(owner.user_id)
        actor = _whole(world, owner)
        assert begun is None or begun.public_key == actor.public_key, step
        if undisturbed:
            break
    assert undisturbed
    before = dict(Actor.objects.local().values_list("uri", "public_key"))
    lost_and_rebuilt()
    assert dict(Actor.objects.local().values_list("uri", "public_key")) == before


def test_a_group_is_whole_or_not_there(world: World, alice: Resident) -> None:
    for step in range(STEPS):
        name = f"boats{step}"
        uri = names.actor_uri(settings.OWNROOM_ORIGIN, name)
        alice.tell_bot(f"group create {name}")
        world.home.push()
        met = world.cut_off(after=step)
        begun = Actor.objects.filter(uri=uri).first()
        if begun:
            kinds = set(Room.objects.filter(actor=begun).values_list("kind", flat=True))
            assert kinds == {Room.Kind.GROUP, Room.Kind.DESK}, step
        for _ in range(3):
            world.let_time_pass()
            world.settle()
        assert "is a group now" in alice.answers()[-1], step
        assert Room.objects.filter(kind=Room.Kind.GROUP, actor__uri=uri).count() == 1
        room = Room.objects.get(kind=Room.Kind.GROUP, actor__uri=uri).room_id
        alice.person.join(room)
        Room.objects.filter(kind=Room.Kind.GROUP).update(owner="")  # so that one may have more
        if not met:
            break
    assert not met


# ---- rooms for fewer


def _conversations(world: World) -> list[FakeRoom]:
    return [room for room in world.home.rooms.values() if "participants" in room.content(MIRROR)]


def _unknown_letters(world: World) -> list[str]:
    """What ghosts say in conversations and the index does not have."""
    events = [event for room in _conversations(world) for event in room.events]
    said = [event["event_id"] for event in events if OBJECT in event["content"]]
    return sorted(set(said) - set(Anchor.objects.values_list("event_id", flat=True)))


@pytest.mark.parametrize("lost", ["at once", "later"])
def test_killed_wherever_it_is_a_rebuild_finds_the_room_that_was_let_go_and_its_successor(
    world: World, alice: Resident, lost: str
) -> None:
    let_go: dict[str, str] = {}
    for step in range(STEPS):
        pat = world.neighbour("pat")
        pat.post("still among us", to="direct", mentions=[alice.handle])
        world.settle()
        old = Room.objects.get(kind="direct", ready=True, people__uri=pat.id).room_id
        let_go[pat.id] = old
        alice.person.join(old)
        history = {"history_visibility": "world_readable"}
        alice.person.put_state(old, "m.room.history_visibility", history)
        world.settle()
        pat.post("for you alone", to="direct", mentions=[alice.handle])
        world.neighbours.quiet()
        met = world.cut_off(after=step)
        if lost == "at once":
            lost_and_rebuilt()
        world.let_time_pass()
        pat.post(f"after the kill {step}.", to="direct", mentions=[alice.handle])
        world.settle()
        assert f"after the kill {step}." not in str(world.home.rooms[old].events)
        (new,) = (r for r in _conversations(world) if f"after the kill {step}." in str(r.events))
        assert new.membership(alice.person.user_id) == "invite", step
        if not met:
            break
    assert not met
    lost_and_rebuilt()
    assert not _unknown_letters(world)
    for uri, room_id in let_go.items():
        assert Room.objects.get(room_id=room_id).people.filter(uri=uri).exists()


def test_killed_wherever_it_is_a_circle_is_one_that_its_owners_desk_knows(world: World) -> None:
    for step in range(STEPS):
        owner, reader = world.resident(f"owner{step}"), world.resident(f"reader{step}")
        reader.tell_bot(f"follow {owner.handle}")
        world.settle()
        owner.tell_bot("circle")
        world.home.push()
        met = world.cut_off(after=step)
        world.let_time_pass()
        world.settle()
        circle = Room.objects.get(kind=Room.Kind.CIRCLE, actor__uri=owner.actor).room_id
        assert world.home.rooms[owner.desk].content(LEDGER, "circle")["room_id"] == circle, step
        owner.person.join(circle)
        reader.person.join(circle)
        if not met:
            break
    assert not met
