"""Who speaks is seen: avatars and headers of others, brought to the homeserver once."""

from typing import Any

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import uploads
from bridge.matrix.vocabulary import BANNER
from bridge.models import Ghost, Upload
from social import policy
from tests.fakes.pictures import SECRET, chunk, png
from tests.fakes.world import Resident, World
from tests.rebuilt import lost_and_rebuilt

PNG = "image/png"


def image(url: str) -> dict[str, Any]:
    return {"type": "Image", "mediaType": PNG, "url": url}


def face(world: World, one: Neighbour) -> str:
    """The address of the avatar that its ghost shows."""
    ghost = Ghost.objects.get(actor__uri=one.id).mxid
    return str(world.home.users[ghost].get("avatar_url", ""))


def mirror_state(world: World, one: Neighbour, kind: str) -> dict[str, Any]:
    found = world.home.rooms.values()
    (room,) = (r for r in found if r.content("social.ownroom.mirror").get("id") == one.id)
    return room.content(kind)


def pictured(world: World, name: str = "bob", **more: bytes) -> Neighbour:
    body = more.get("body", png(chunk(b"eXIf", SECRET)))
    icon = world.neighbours.file(f"{name}.png", PNG, body)
    header = world.neighbours.file(f"{name}-wide.png", PNG, png(width=300))
    return world.neighbour(name, icon=image(icon), image=image(header))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        (PNG, b"<html>log in first</html>"),
        (PNG, b""),
        (PNG, png(width=30_000, height=30_000)),
        (PNG, b"\x89PNG\r\n\x1a\n"),
        ("video/mp4", b"\0\0\0\x18ftypmp42"),
    ],
)
def test_what_is_no_picture_is_nobodys_face(
    world: World, alice: Resident, kind: str, body: bytes
) -> None:
    bob = world.neighbour("bob", icon=image(world.neighbours.file("odd.png", kind, body)))
    world.friends(bob, alice)
    bob.post("faceless words")
    world.settle()
    assert alice.seen("faceless words", world.mirror(bob, alice))
    assert not face(world, bob)
    assert not world.home.uploads


def test_a_picture_larger_than_allowed_is_left_where_it_is(
    world: World, alice: Resident, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_MEDIA_LIMIT = 20
    bob = pictured(world)
    world.friends(bob, alice)
    assert not face(world, bob)
    assert "more than 20 bytes" in Upload.objects.get(url__endswith="/bob.png").note


def test_a_dead_host_is_asked_once_and_words_do_not_wait_for_it(
    world: World, alice: Resident, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.matrix.rooms.GLANCE", 0.2)
    bob = pictured(world)
    world.neighbours.faults("hang", where="file")
    world.friends(bob, alice)
    for number in range(3):
        bob.post(f"words {number}")
    world.settle()
    assert len(alice.seen("words", world.mirror(bob, alice))) == 3
    assert world.neighbours.fetches("bob.png") == 1
    assert not world.neighbours.fetches("bob-wide.png")
    world.neighbours.faults("ok")
    uploads.silent.clear()
    Upload.objects.update(again="2000-01-01T00:00:00Z")
    bob.post("more words")
    world.settle()
    assert face(world, bob)
    assert mirror_state(world, bob, "m.room.avatar")["url"] == face(world, bob)


def test_nothing_is_fetched_from_a_blocked_server(world: World, alice: Resident) -> None:
    url = world.neighbours.file("far.png", PNG, png(), host=1)
    policy.judge(url.split("/")[2].split(":")[0], policy.Instance.Policy.BLOCKED, "spam")
    bob = world.neighbour("bob", icon=image(url))
    world.friends(bob, alice)
    assert not face(world, bob)
    assert not world.neighbours.fetches("far.png")
    assert not Upload.objects.exists()


def test_while_the_homeserver_takes_no_files_words_arrive_without(
    world: World, alice: Resident
) -> None:
    world.home.largest = 10
    bob = pictured(world)
    world.friends(bob, alice)
    bob.post("words")
    world.settle()
    assert alice.seen("words", world.mirror(bob, alice))
    assert "M_TOO_LARGE" in Upload.objects.get(url__endswith="/bob.png").note


def test_a_ghost_and_its_mirror_show_the_actors_face(world: World, alice: Resident) -> None:
    bob = pictured(world)
    world.friends(bob, alice)
    assert mirror_state(world, bob, "m.room.avatar")["url"] == face(world, bob)
    kind, body = world.home.files[face(world, bob).removeprefix("mxc://")]
    assert (kind, body) == (PNG, png())  # without what its camera noted
    (uploader, *_) = (user for user, _ in world.home.uploads)
    assert uploader == Ghost.objects.get(actor__uri=bob.id).mxid
    assert mirror_state(world, bob, BANNER)["url"].startswith("mxc://")
    bob.post("hello")
    world.settle()
    assert world.neighbours.fetches("bob.png") == 1


def test_another_face_replaces_it_and_none_clears_it(world: World, alice: Resident) -> None:
    bob = pictured(world)
    world.friends(bob, alice)
    before = face(world, bob)
    new = world.neighbours.file("new.png", PNG, png(width=99))
    bob.update_profile(icon=image(new))
    world.settle()
    assert face(world, bob) not in {"", before}
    assert mirror_state(world, bob, "m.room.avatar")["url"] == face(world, bob)
    bob.update_profile(icon=None, image=None)
    world.settle()
    assert face(world, bob) == ""
    assert mirror_state(world, bob, "m.room.avatar") == {}
    assert mirror_state(world, bob, BANNER) == {}


def test_the_same_picture_at_two_addresses_is_uploaded_once(world: World, alice: Resident) -> None:
    for name in ("bob", "ben"):
        one = pictured(world, name, body=png(width=77))
        world.friends(one, alice)
    assert Upload.objects.filter(width=77).count() == 2
    assert Upload.objects.filter(width=77).values("mxc").distinct().count() == 1


def test_after_a_loss_faces_stay_and_are_not_fetched_again(world: World, alice: Resident) -> None:
    bob = pictured(world)
    world.friends(bob, alice)
    bob.post("hello")
    world.settle()
    before = face(world, bob)
    lost_and_rebuilt()
    bob.post("after the fire")
    world.settle()
    assert face(world, bob) == before
    assert world.neighbours.fetches("bob.png") == 1
