"""Files of others cost room: how much is seen, what is unused goes, and what is deleted as well."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from bridge import tasks
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Anchor, Ghost, Upload
from tests.fakes.pictures import png
from tests.fakes.world import Resident, World, post, post_of
from tests.fakes.world import said as said_by
from tests.flows.files import fetch
from tests.flows.test_enclosed import files, picture
from tests.flows.test_faces import pictured
from tests.rebuilt import lost_and_rebuilt

ADMIN = "admin-token"


@pytest.fixture
def mirror(world: World, alice: Resident, bob: Neighbour) -> str:
    world.friends(bob, alice)
    return world.mirror(bob, alice)


@pytest.fixture
def token(world: World, settings: SettingsWrapper) -> None:
    """Of an admin of the homeserver."""
    settings.OWNROOM_HOMESERVER_ADMIN_TOKEN = ADMIN
    world.home.users[ADMIN] = {"admin": True}


def said(*words: str, **options: Any) -> str:
    out = StringIO()
    call_command("media", *words, stdout=out, **options)
    return out.getvalue()


def let_rest(days: int, name: str = "") -> None:
    """Nobody has asked for them since so many days."""
    Upload.objects.filter(url__contains=name).update(used=timezone.now() - timedelta(days=days))


def two(world: World, bob: Neighbour) -> str:
    """A post with two pictures, of which the second is a little larger."""
    attached = [picture(world, "a.png", png(width=1)), picture(world, "b.png", png(width=2))]
    sent = bob.post("two", extra={"attachment": attached})
    world.settle()
    return sent.post


def test_to_prune_one_says_what(world: World) -> None:
    with pytest.raises(CommandError, match="Which"):
        said("prune")


def test_a_token_of_nobody_removes_nothing_and_that_is_said(
    world: World, alice: Resident, bob: Neighbour, mirror: str, settings: SettingsWrapper
) -> None:
    two(world, bob)
    settings.OWNROOM_HOMESERVER_ADMIN_TOKEN = ADMIN
    world.home.users[ADMIN] = {}
    with pytest.raises(CommandError, match=r"2 stay: .*M_FORBIDDEN"):
        said("prune", "--larger", "0.00001")
    assert Upload.objects.count() == 2


def test_without_a_token_what_shows_nothing_else_is_redacted_and_the_rest_is_named(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    two(world, bob)
    with pytest.raises(CommandError, match=r"still has 2 files.*1 events"):
        said("prune", "--host", bob.acct.split("@")[1].split(":")[0])
    (first,) = files(alice, mirror)
    assert first["content"]["body"] == "two"
    assert len(world.home.files) == 2


@pytest.mark.parametrize(("bot", "left"), [(100, 1), (0, 2)])
def test_what_a_ghost_may_not_redact_the_bot_does_and_what_neither_may_is_said(
    world: World, alice: Resident, bob: Neighbour, mirror: str, bot: int, left: int
) -> None:
    two(world, bob)
    room, us = world.home.rooms[mirror], "@_ap_bot:hs.test"
    world.home.member(room, us, Ghost.objects.get(actor__uri=bob.id).mxid, "leave")
    levels = room.content("m.room.power_levels") | {"users": {us: bot}}
    world.home.append(room, "m.room.power_levels", us, levels, "")
    with pytest.raises(CommandError, match=f"{left} events still show"):
        said("prune", "--host", bob.acct.split("@")[1].split(":")[0])
    assert len(files(alice, mirror)) == left
    assert Anchor.objects.filter(part__gt=0).count() == left - 1  # it goes with its post yet


def test_without_a_token_nothing_is_taken_in_beyond_the_quota(
    world: World, alice: Resident, bob: Neighbour, mirror: str, settings: SettingsWrapper
) -> None:
    settings.OWNROOM_MEDIA_QUOTA = 10
    two(world, bob)
    settings.OWNROOM_MEDIA_QUOTA = 1
    bob.post("one more", extra={"attachment": [picture(world, "c.png")]})
    world.settle()
    assert alice.seen("one more", mirror)[0]["content"]["msgtype"] == "m.text"
    assert not world.neighbours.fetches("c.png")


@pytest.mark.usefixtures("token")
def test_what_nobody_asked_for_goes_after_its_days(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    two(world, bob)
    let_rest(179)
    let_rest(181, "a.png")
    tasks.prune()
    assert [row.url.rpartition("/")[2] for row in Upload.objects.all()] == ["b.png"]
    assert len(world.home.files) == 1


@pytest.mark.usefixtures("token")
def test_beyond_the_quota_the_longest_unused_goes(
    world: World, alice: Resident, bob: Neighbour, mirror: str, settings: SettingsWrapper
) -> None:
    two(world, bob)
    let_rest(2, "b.png")
    settings.OWNROOM_MEDIA_QUOTA = sum(Upload.objects.values_list("size", flat=True))
    tasks.prune()
    assert [row.url.rpartition("/")[2] for row in Upload.objects.all()] == ["a.png"]


@pytest.mark.usefixtures("token")
def test_a_face_that_is_shown_stays(
    world: World, alice: Resident, settings: SettingsWrapper
) -> None:
    url = world.neighbours.file("face.png", "image/png", png())
    bob = world.neighbour("bob", icon={"type": "Image", "url": url})
    world.friends(bob, alice)
    let_rest(999)
    settings.OWNROOM_MEDIA_QUOTA = 1
    tasks.prune()
    assert Upload.objects.get().url == url


@pytest.mark.usefixtures("token")
def test_a_file_goes_with_its_post_unless_another_shows_it(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    one = two(world, bob)
    shared = Upload.objects.get(url__contains="b.png").url
    other = bob.post("again", extra={"attachment": [{"type": "Image", "url": shared}]})
    world.settle()
    bob.delete(one)
    world.settle()
    tasks.prune()
    assert [row.url for row in Upload.objects.all()] == [shared]
    bob.delete(other.post)
    world.settle()
    tasks.prune()
    assert not Upload.objects.exists()
    assert not world.home.files


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_picture_that_somebody_here_forwards_is_of_their_post_from_then_on(
    world: World, alice: Resident, bob: Neighbour, mirror: str, *, rebuilt: bool
) -> None:
    original = bob.post("look", extra={"attachment": [picture(world, "a.png", png(width=1))]}).post
    world.settle()
    (shown,) = files(alice, mirror)
    event = alice.person.send_event(alice.room, "m.room.message", shown["content"])
    world.settle()
    (file,) = post(post_of(event)).attachments
    bob.delete(original)
    world.settle()
    if rebuilt:
        lost_and_rebuilt()
    let_rest(1_000)
    tasks.prune()
    assert world.home.files
    assert fetch(file["url"])[0] == 200
    alice.person.redact(alice.room, event)
    world.settle()
    tasks.prune()
    # After a loss nobody knows any more that it came from elsewhere: it is like any file of hers.
    assert bool(world.home.files) == rebuilt
    assert fetch(file["url"])[0] == 404


@pytest.mark.usefixtures("token")
def test_the_admin_sees_of_whom_how_much_and_removes_it(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    two(world, bob)
    host = bob.acct.split("@")[1]
    told = said("list")
    assert f"2 files    0.0 MiB  {host}" in told
    assert "in all: 2 files, 0.0 MiB of 10240.0 MiB" in told
    assert json.loads(said("list", "--json"))["files"] == 2
    assert "would go: 2 files" in said("prune", "--host", host.split(":")[0], "--dry-run")
    assert "would go: 0 files" in said("prune", "--days", "1", "--dry-run")
    assert "removed: 2 files" in said("prune", "--host", host.split(":")[0])
    assert not Upload.objects.exists()
    assert not world.home.files


@pytest.mark.usefixtures("token")
def test_what_the_homeserver_lost_before_is_forgotten(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    two(world, bob)
    world.home.files.clear()
    said("prune", "--larger", "0.00001")
    assert not Upload.objects.exists()


# ---- what nothing shows any more


def left(world: World) -> list[str]:
    """The files of others that are known an hour later."""
    tasks.prune()
    names = sorted(url.rpartition("/")[2] for url in Upload.objects.values_list("url", flat=True))
    assert len(world.home.files) == len(names)
    return names


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("rebuilt", [False, True])
def test_a_picture_that_an_edit_took_out_goes_and_the_others_go_with_their_post(
    world: World, alice: Resident, bob: Neighbour, mirror: str, *, rebuilt: bool
) -> None:
    a, b, c = (picture(world, f"{name}.png", png(width=ord(name))) for name in "abc")
    sent = bob.post("two", extra={"attachment": [a, b]})
    world.settle()
    bob.update(sent.post, "now another first one", extra={"attachment": [c, b]})
    world.settle()
    assert left(world) == ["b.png", "c.png"]
    if rebuilt:
        lost_and_rebuilt()
        tasks.prune()
        assert len(world.home.files) == 2
    bob.update(sent.post, "only the first", extra={"attachment": [c]})
    world.settle()
    assert left(world) == ["c.png"]
    bob.update(sent.post, "words", extra={"attachment": []})
    world.settle()
    assert left(world) == []


def test_the_admin_need_not_wait_for_what_nothing_shows_any_more(
    world: World, alice: Resident, bob: Neighbour, mirror: str, settings: SettingsWrapper
) -> None:
    sent = two(world, bob)
    bob.delete(sent)
    world.settle()
    with pytest.raises(CommandError, match="Only an admin"):
        said("prune", "--gone")
    assert "would go: 0 texts, 2 files" in said("prune", "--gone", "--dry-run")
    settings.OWNROOM_HOMESERVER_ADMIN_TOKEN = ADMIN
    world.home.users[ADMIN] = {"admin": True}
    assert "removed: 2 files" in said("prune", "--gone")
    assert not world.home.files


@pytest.mark.usefixtures("token")
def test_a_boosted_picture_goes_with_its_post_and_with_the_boost(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour, mirror: str
) -> None:
    sent = [
        mallory.post(name, extra={"attachment": [picture(world, f"{name}.png", png(width=width))]})
        for name, width in (("a", 1), ("b", 2))
    ]
    boosts = [bob.boost(one.post) for one in sent]
    world.settle()
    assert left(world) == ["a.png", "b.png"]
    world.hear(mallory, said_by(mallory, "Delete", sent[0].post))
    world.settle()
    assert left(world) == ["b.png"]
    bob.undo(boosts[1].id)
    world.settle()
    assert left(world) == []


@pytest.mark.usefixtures("token")
def test_a_picture_for_fewer_than_read_the_room_goes_from_there(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    root = alice.post("show me")
    world.settle()
    attached = [picture(world, f"{name}.png", png(width=ord(name))) for name in "ab"]
    sent = bob.post("here", reply_to=post_of(root), extra={"attachment": attached})
    world.settle()
    assert left(world) == ["a.png", "b.png"]
    now = sent.activity["object"] | {"to": [f"{bob.id}/followers"], "cc": []}
    world.hear(bob, said_by(bob, "Update", now | {"updated": "2099-01-01T00:00:00Z"}))
    world.settle()
    assert not files(alice, alice.room)
    assert left(world) == []


@pytest.mark.usefixtures("token")
def test_the_face_of_who_deleted_themselves_goes(world: World, alice: Resident) -> None:
    bob = pictured(world)
    world.friends(bob, alice)
    bob.post("look at me")
    world.settle()
    assert left(world) == ["bob-wide.png", "bob.png"]
    ghost = world.home.users[Ghost.objects.get(actor__uri=bob.id).mxid]
    bob.delete_actor()
    world.settle()
    assert ghost["avatar_url"] == ""
    assert not ghost["social.ownroom.actor"]["profile"]["icon"]
    assert left(world) == []


@pytest.mark.usefixtures("token")
def test_a_face_goes_when_another_takes_its_place(world: World, alice: Resident) -> None:
    bob = pictured(world)
    world.friends(bob, alice)
    fresh = world.neighbours.file("fresh.png", "image/png", png(width=77))
    bob.update_profile(icon={"type": "Image", "url": fresh})
    world.settle()
    assert left(world) == ["bob-wide.png", "fresh.png"]


@pytest.mark.usefixtures("token")
def test_custom_emoji_belong_to_their_server_and_stay_for_their_days(
    world: World, alice: Resident, bob: Neighbour, mirror: str
) -> None:
    url = world.neighbours.file("cat.png", "image/png", png())
    tag = {"type": "Emoji", "name": ":cat:", "icon": {"type": "Image", "url": url}}
    sent = bob.post("a :cat:", extra={"tag": [tag]})
    world.settle()
    bob.delete(sent.post)
    world.settle()
    assert left(world) == ["cat.png"]
