"""Texts too large for an event: nothing of them is lost with the database."""

from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.loop import run
from bridge.matrix import overflow
from bridge.matrix.parse import parse
from social.acts import Ignored
from social.models import Post
from tests.bridge.matrix import cast
from tests.bridge.test_rebuild import lost_and_rebuilt
from tests.fakes.world import Resident, World, post_of

LONG = "<p>" + "a long story, " * 6_000 + "the end</p>"


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
