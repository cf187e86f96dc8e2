"""Avatar and header of a profile here: the room's own pictures, served while they are its own."""

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from tests.fakes.world import Resident, World
from tests.flows.files import BYTES, fetch
from tests.rebuilt import lost_and_rebuilt

BANNER = "page.codeberg.everypizza.room.banner"


def show(world: World, who: Resident, kind: str, key: str, media_type: str = "image/png") -> str:
    world.home.files[f"hs.test/{key}"] = (media_type, BYTES)
    content = {"url": f"mxc://hs.test/{key}", "info": {"mimetype": media_type}}
    event = who.person.put_state(who.room, kind, content)
    world.settle()
    return str(event)


@pytest.mark.parametrize(
    "content",
    [{}, {"url": ""}, {"url": 5}, {"url": "https://far.example/a.png"}, {"url": "mxc://x"}],
)
def test_what_is_no_picture_of_the_homeserver_is_shown_nowhere(
    world: World, alice: Resident, content: dict[str, object]
) -> None:
    show(world, alice, "m.room.avatar", "face")
    alice.person.put_state(alice.room, "m.room.avatar", content)
    world.settle()
    assert "icon" not in world.json(alice.actor)


def test_nobody_but_the_owner_dresses_a_profile(world: World, alice: Resident) -> None:
    levels = world.home.room(alice.room).content("m.room.power_levels")
    other = world.person("eve")
    other.join(alice.room)
    alice.person.put_state(
        alice.room,
        "m.room.power_levels",
        levels | {"users": levels["users"] | {other.user_id: 99}},
    )
    other.put_state(alice.room, "m.room.avatar", {"url": "mxc://hs.test/mask"})
    world.settle()
    assert "icon" not in world.json(alice.actor)


def test_the_rooms_pictures_are_the_actors(world: World, alice: Resident, bob: Neighbour) -> None:
    bob.follow(alice.handle)
    world.settle()
    show(world, alice, "m.room.avatar", "face")
    show(world, alice, BANNER, "wide", "image/jpeg")
    world.let_time_pass()
    world.settle()
    shown = world.json(alice.actor)
    assert (shown["icon"]["mediaType"], shown["image"]["mediaType"]) == ("image/png", "image/jpeg")
    (update,) = bob.received("Update")
    assert update["activity"]["object"]["icon"] == shown["icon"]
    for picture in (shown["icon"]["url"], shown["image"]["url"]):
        status, headers, body = fetch(picture)
        assert (status, body) == (200, BYTES)
        assert headers["Content-Disposition"] == "inline"
        assert f'src="{picture}"' in world.page("/@alice")
    lost_and_rebuilt()
    assert world.json(alice.actor) == shown


def test_an_old_picture_is_served_no_longer(world: World, alice: Resident) -> None:
    show(world, alice, "m.room.avatar", "face")
    old = world.json(alice.actor)["icon"]["url"]
    assert fetch(old)[0] == 200
    show(world, alice, "m.room.avatar", "mask")
    assert fetch(old)[0] == 404
    assert fetch(old.replace("face", "mask"))[0] == 404  # of another event
    new = world.json(alice.actor)["icon"]["url"]
    alice.tell_bot("profile delete alice")
    world.settle()
    assert fetch(new)[0] == 404


def test_a_picture_that_could_run_is_saved_and_not_shown(world: World, alice: Resident) -> None:
    show(world, alice, "m.room.avatar", "face", "image/svg+xml")
    status, headers, _ = fetch(world.json(alice.actor)["icon"]["url"])
    assert (status, headers["Content-Type"]) == (200, "application/octet-stream")
    assert headers["Content-Disposition"] == "attachment"
