"""Texts too large for an event: nothing of them is lost with the database, nor stays for longer."""

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from bridge import tasks
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.errors import Busy
from bridge.loop import run
from bridge.matrix import overflow, registration, render
from bridge.matrix.parse import parse
from bridge.models import Overflow
from social.acts import Ignored
from social.models import Post
from tests.bridge.matrix import cast
from tests.fakes.world import Resident, World, post, post_of
from tests.flows.files import fetch
from tests.rebuilt import lost_and_rebuilt, shown

LONG = "<p>" + "a long story, " * 6_000 + "the end</p>"
LONG_WORDS = "a long story, " * 6_000


@pytest.fixture
def token(world: World, settings: SettingsWrapper) -> None:
    """Of an admin of the homeserver."""
    settings.OWNROOM_HOMESERVER_ADMIN_TOKEN = "admin-token"
    world.home.users["admin-token"] = {"admin": True}


def texts(world: World) -> list[str]:
    """The files that hold one, as the homeserver has them an hour later."""
    tasks.prune()
    return [key for key, (kind, _) in world.home.files.items() if kind == overflow.KIND]


def told(world: World, alice: Resident, bob: Neighbour) -> tuple[str, str]:
    """A long answer of bob's under a post of alice's: its URI, and the event that shows it."""
    world.friends(bob, alice)
    root = alice.post("tell me")
    world.settle()
    uri = bob.post(html=LONG, reply_to=post_of(root)).post
    world.settle()
    (event,) = alice.seen("a long story")
    assert "raw_mxc" in copy_of(event)
    assert len(texts(world)) == 1
    return uri, event["event_id"]


def copy_of(event: dict[str, Any]) -> dict[str, Any]:
    return dict(event["content"]["social.ownroom.object"])


def test_an_article_too_large_for_its_event_comes_back_whole(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    mirror = world.mirror(bob, alice)
    uri = bob.post(html=LONG, extra={"type": "Article", "name": "Long"}).post
    world.settle()
    (event,) = alice.seen("a long story", mirror)
    copy = copy_of(event)
    assert "raw" not in copy
    assert copy["raw_mxc"].startswith("mxc://")
    assert copy["len"] > 56_000
    assert len(event["content"]["body"].encode()) <= 17 * 1024
    assert uri.rsplit("/", 1)[-1] in event["content"]["body"]  # the way to the whole
    before = Post.objects.get(uri=uri).html
    assert "the end" in before
    lost_and_rebuilt()
    assert Post.objects.get(uri=uri).html == before


def test_what_the_world_was_given_of_a_large_post_is_served_again(
    world: World, alice: Resident
) -> None:
    uri = post_of(alice.post("b" * 60_000))
    world.settle()
    before = world.get(uri)
    assert before[0] == 200
    (receipt,) = alice.timeline(kind="social.ownroom.receipt")
    assert "raw" not in receipt["content"]
    assert receipt["content"]["raw_mxc"]
    lost_and_rebuilt()
    assert world.get(uri) == before


@pytest.mark.parametrize("address", ["mxc://hs.test/gone", "https://evil.test/1", "mxc://x", 7])
def test_a_text_that_cannot_be_had_leaves_the_event_as_it_is(world: World, address: Any) -> None:
    copy = {"id": "https://x.example/1", "sha256": "0", "raw_mxc": address}
    content = {"msgtype": "m.text", "body": "x", "social.ownroom.object": copy}
    event = {"type": "m.room.message", "event_id": "$x", "content": content}
    assert run(overflow.whole(event)) == event


def test_another_text_than_the_one_that_was_kept_is_not_believed(
    world: World, alice: Resident
) -> None:
    other = alice.person.upload("application/activity+json", b'{"id": "https://x.example/1"}')
    copy = {"id": "https://x.example/1", "sha256": "0" * 64, "raw_mxc": other}
    content = {"msgtype": "m.text", "body": "x", "social.ownroom.object": copy}
    event = cast.message(content, sender=cast.BOB)
    read = parse(run(overflow.whole(event)), cast.refs())
    assert isinstance(read, Ignored)
    assert "checksum" in read.reason


# ---- how long they stay


@pytest.mark.usefixtures("token")
def test_with_a_deleted_post_its_text_goes(world: World, alice: Resident, bob: Neighbour) -> None:
    uri, _ = told(world, alice, bob)
    bob.delete(uri)
    world.settle()
    assert not texts(world)
    assert not Overflow.objects.exists()


@pytest.mark.usefixtures("token")
def test_with_its_author_it_goes(world: World, alice: Resident, bob: Neighbour) -> None:
    told(world, alice, bob)
    bob.delete_actor()
    world.settle()
    assert not texts(world)


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize("words", ["<p>short now</p>", LONG.replace("long", "longer")])
def test_what_an_edit_replaced_goes_and_what_it_says_now_comes_back(
    world: World, alice: Resident, bob: Neighbour, words: str
) -> None:
    uri, _ = told(world, alice, bob)
    (before,) = texts(world)
    bob.update(uri, html=words)
    world.settle()
    assert before not in texts(world)
    assert len(texts(world)) == (words != "<p>short now</p>")
    known = shown()
    lost_and_rebuilt()
    assert shown() == known
    assert post(uri).html == words
    assert len(texts(world)) == (words != "<p>short now</p>")
    bob.delete(uri)
    world.settle()
    assert not alice.seen("long")
    assert not texts(world)


@pytest.mark.usefixtures("token")
def test_what_is_for_fewer_now_leaves_no_text_behind_for_the_others(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    uri, _ = told(world, alice, bob)
    before = texts(world)
    bob.update(uri, html=LONG, extra={"to": [f"{bob.id}/followers"], "cc": []})
    world.settle()
    assert post(uri).visibility == "private"
    assert not set(before) & set(texts(world))
    assert not alice.seen("a long story")


@pytest.mark.usefixtures("token")
def test_what_the_rooms_owner_takes_out_goes_and_what_nobody_might_redact_stays(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    _, event = told(world, alice, bob)
    room = world.home.rooms[alice.room]
    forged = {"redacts": event, "reason": "I wish"}
    world.home.append(room, "m.room.redaction", world.person("eve").user_id, forged)
    world.settle()
    assert len(texts(world)) == 1
    alice.person.redact(alice.room, event)
    world.home.trouble = "500"
    assert len(texts(world)) == 1
    world.home.recover()
    world.settle()
    assert not texts(world)


@pytest.mark.usefixtures("token")
def test_of_ones_own_post_the_text_goes_with_it(world: World, alice: Resident) -> None:
    event = alice.post(LONG_WORDS[:60_000])
    world.settle()
    assert len(texts(world)) == 1
    alice.person.redact(alice.room, event)
    world.settle()
    assert not texts(world)


@pytest.mark.usefixtures("token")
def test_of_ones_own_edited_post_the_first_text_goes_and_the_same_is_served_again(
    world: World, alice: Resident
) -> None:
    event = alice.post(LONG_WORDS[:60_000])
    world.settle()
    alice.person.edit(alice.room, event, "in short")
    world.settle()
    assert not texts(world)
    uris = [post_of(event), f"{post_of(event)}/create"]
    before, known = [world.get(uri) for uri in uris], shown()
    assert [status for status, _ in before] == [200, 200]
    lost_and_rebuilt()
    assert [world.get(uri) for uri in uris] == before
    assert shown() == known


@pytest.mark.usefixtures("token")
def test_a_text_that_the_homeserver_lost_is_served_in_no_part(
    world: World, alice: Resident
) -> None:
    event = alice.post(LONG_WORDS[:60_000])
    world.settle()
    world.home.files.clear()
    lost_and_rebuilt()
    for uri in (post_of(event), f"{post_of(event)}/create"):
        assert world.get(uri)[0] == 404


def test_without_a_token_it_stays_and_the_admin_is_told(
    world: World, alice: Resident, bob: Neighbour, settings: SettingsWrapper
) -> None:
    uri, _ = told(world, alice, bob)
    bob.delete(uri)
    world.settle()
    assert len(texts(world)) == 1
    out = StringIO()
    call_command("media", "list", stdout=out)
    assert "1 texts of posts that are gone" in out.getvalue()


def test_nobody_is_given_it_by_us_even_where_somebody_posts_its_address(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    told(world, alice, bob)
    (found,) = alice.seen("a long story")
    mxc = copy_of(found)["raw_mxc"]
    content = {"msgtype": "m.file", "body": "x.json", "url": mxc}
    mine = alice.person.send_event(alice.room, "m.room.message", content)
    world.settle()
    (file,) = post(post_of(mine)).attachments
    assert fetch(file["url"])[0] == 404


def test_a_second_try_names_the_file_of_the_first(world: World) -> None:
    """For the homeserver may have taken the event at the first one, and its answer was lost."""
    bot, tries = registration.load().bot, list[str]()
    raw = json.dumps({"type": "Create", "object": LONG})
    written = render.receipt(
        "$e", "https://x.example/1", "", raw, visibility="", to=(), cc=(), at=1
    )

    async def put(send: render.Send) -> str:
        tries.append(send.content["raw_mxc"])
        if len(tries) == 1:
            raise Busy("it broke off")
        return "$receipt"

    with pytest.raises(Busy):
        run(overflow.send(written, raw, put, user=bot, room_id="!r", key="txn"))
    assert run(overflow.send(written, raw, put, user=bot, room_id="!r", key="txn")) == "$receipt"
    assert tries[0] == tries[1]
    assert len(texts(world)) == 1


@pytest.mark.usefixtures("token")
def test_what_never_came_into_a_room_goes_when_nobody_tries_any_more(world: World) -> None:
    world.home.files["hs.test/lost"] = (overflow.KIND, b"{}")
    row = Overflow.objects.create(key="1", mxc="mxc://hs.test/lost", about="https://x.example/1")
    assert len(texts(world)) == 1
    Overflow.objects.filter(pk=row.pk).update(made=timezone.now() - timedelta(days=9))
    assert not texts(world)
