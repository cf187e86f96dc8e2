"""The control room has those in it whom the settings name now."""

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge import tasks
from bridge.matrix.watch import homeserver
from bridge.models import Room
from tests.fakes.world import Resident, World

ROOT, EVE, NEW = "@root:hs.test", "@eve:hs.test", "@new:hs.test"


@pytest.fixture(autouse=True)
def _a_new_life() -> None:
    homeserver.hang_up()
    homeserver.there = False


def start() -> None:
    homeserver.hang_up()
    homeserver.there = False
    tasks.awake()


def inside(world: World) -> dict[str, str]:
    room = world.home.rooms[Room.objects.get(kind="control").room_id]
    return {user: room.membership(user) for user in (ROOT, EVE, NEW)}


def test_an_admin_named_later_is_asked_in_and_one_named_no_more_is_removed(
    world: World, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_ADMINS = (ROOT, EVE)
    world.resident("alice")
    for name in ("root", "eve"):
        world.person(name).join(Room.objects.get(kind="control").room_id)
    settings.OWNROOM_ADMINS = (ROOT, NEW, "nobody at all")
    start()
    assert inside(world) == {ROOT: "join", EVE: "leave", NEW: "invite"}
    before = len(world.home.rooms[Room.objects.get(kind="control").room_id].events)
    start()
    assert len(world.home.rooms[Room.objects.get(kind="control").room_id].events) == before


def test_without_a_control_room_there_is_nothing_to_do(
    world: World, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_ADMINS = (ROOT,)
    start()
    assert not Room.objects.exists()


def test_while_the_homeserver_is_away_it_is_left_for_the_next_start(
    world: World, alice: Resident, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_ADMINS = (NEW,)
    world.home.trouble = "500"
    start()
    world.home.recover()
    assert inside(world)[NEW] == "leave"
    start()
    assert inside(world)[NEW] == "invite"
