"""Being worn out: what is too much is refused early, and what is odd holds up nobody."""

import json
import queue
import threading
from collections.abc import Callable
from typing import Any

from django.apps import apps

from bridge.models import Received
from social.models import Reaction
from tests.bridge.security.claims import WORDS, shown
from tests.fakes.liar import PUBLIC, Liar, Somebody
from tests.fakes.world import Resident, World, post_of


def body_of(eve: Somebody, **values: Any) -> bytes:
    return json.dumps({**eve.says("Follow", "x"), **values}).encode()


def _nested(eve: Somebody) -> bytes:
    inner: Any = "x"
    for _ in range(50):
        inner = {"type": "Announce", "actor": eve.id, "object": inner}
    return body_of(eve, type="Announce", object=inner)


UNREADABLE: tuple[Callable[[Somebody], bytes], ...] = (
    lambda eve: b"",
    lambda eve: b"<html>",
    lambda eve: b"[]",
    lambda eve: b"\xef\xbb\xbf" + body_of(eve),
    lambda eve: body_of(eve).decode().encode("utf-16"),
    lambda eve: body_of(eve)[:-9],
    lambda eve: body_of(eve)[:-1] + b',"n":NaN}',
    lambda eve: body_of(eve)[:-1] + b',"n":' + b"9" * 5000 + b"}",
    lambda eve: body_of(eve)[:-1] + b',"n":"\\ud800"}',
    lambda eve: body_of(eve)[:-1] + b',"n":"\xff"}',
    lambda eve: b'{"type":"Create","x":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    lambda eve: body_of(eve, type=["Follow", "Create"]),
    lambda eve: body_of(eve, type={}),
    lambda eve: body_of(eve, id=f"{eve.id}/" + "x" * 100_000),
    lambda eve: body_of(eve, id=f"{eve.id}/\0"),
    lambda eve: body_of(eve, id=7),
    lambda eve: body_of(eve, object=["x"] * 10_000),
    lambda eve: body_of(eve, **{"@context": [{"actor": "as:object"}]}),
    lambda eve: body_of(eve, **{"@context": [{f"k{n}": "x" for n in range(20_000)}]}),
    _nested,
)


def test_a_body_that_cannot_be_read_one_way_is_refused_before_anybody_is_asked(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    for make in UNREADABLE:
        body = make(eve)
        assert eve.knocks(world, body) == 400, body[:200]
    assert not evil.asked
    assert not Received.objects.filter(network="activitypub").exists()


def test_a_body_beyond_all_measure_is_told_so(world: World, alice: Resident, evil: Liar) -> None:
    eve = evil.somebody("eve")
    assert eve.knocks(world, b'{"x":"' + b"a" * 20_000_000 + b'"}') == 413
    assert not evil.asked


def test_a_compressed_body_is_not_unpacked(world: World, alice: Resident, evil: Liar) -> None:
    eve = evil.somebody("eve")
    body = b"\x1f\x8b"
    headers = {**eve.signs(world.inbox, body), "Content-Encoding": "gzip"}
    assert world.status(body, headers) == 415


ODD_NOTES: dict[str, dict[str, Any]] = {
    "NUL": {"content": "a\0b", "summary": "\0", "name": "\0"},
    "content that is a number": {"content": 5},
    "content that is a list": {"content": ["a"]},
    "tags of all kinds": {"tag": ["x", 5, None, {}, [[]], {"type": "Mention", "href": 5}]},
    "attachments of all kinds": {
        "attachment": [1, None, {"type": "Image"}, {"url": [{"href": 5}]}]
    },
    "a date that is none": {"published": "0000-99-99T99:99:99Z"},
    "a date far away": {"published": "+292277026596-12-04T15:30:08Z"},
    "a date that is a list": {"published": []},
    "an answer to a list": {"inReplyTo": [5, {}]},
    "words in a list of languages": {"contentMap": [5]},
    "links of all kinds": {"url": [{"href": {}}, 5]},
    "a poll of many": {"type": "Question", "oneOf": [{"replies": {"totalItems": 2**70}}]},
    "a very long emoji": {"tag": [{"type": "Emoji", "name": ":" + "a" * 100_000 + ":"}]},
    "tall letters": {"content": "\u202e" + "\u0301" * 20_000},
    "deep markup": {"content": "<div>" * 50_000},
    "a maze of links": {"content": "<a href='" + "a:" * 100_000 + " @" * 50_000 + "#" * 50_000},
    "nearly a megabyte": {"content": "<p>" + "a" * 900_000},
    "itself as its parent": {"inReplyTo": "itself"},
    "two thousand mentions": {
        "tag": [{"type": "Mention", "href": f"http://127.0.10.12:1/{n}"} for n in range(2_000)]
    },
}


def test_odd_posts_end_with_a_reason_or_are_shown_and_hold_up_nobody(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    for odd, values in ODD_NOTES.items():
        note = {**eve.note("x", to=alice.actor), **values}
        if values == {"inReplyTo": "itself"}:
            note["inReplyTo"] = note["id"]
        assert eve.knocks(world, eve.creates(note)) == 202, odd
    assert eve.knocks(world, eve.creates(eve.note(WORDS, to=alice.actor))) == 202
    world.settle()
    assert shown()
    assert not Received.objects.filter(note__contains="our own error").exists()
    assert not Received.objects.filter(state="waiting").exists()
    assert evil.fetches("/u/eve") == 1


LONG = "w" * 20_000
HUGE: dict[str, Any] = {
    "name": LONG,
    "preferredUsername": LONG,
    "summary": LONG,
    "url": f"https://evil.example/{LONG}",
    "icon": {"type": "Image", "url": f"https://evil.example/{LONG}"},
    "alsoKnownAs": [f"https://evil.example/{LONG}"] * 50,
    "attachment": [{"type": "PropertyValue", "name": LONG, "value": LONG}] * 50,
    "generator": {"type": "Application", "name": LONG},
}
LONG_NOTE: dict[str, Any] = {
    "summary": LONG,
    "url": f"https://evil.example/{LONG}",
    "contentMap": {LONG: "x"},
    "context": f"https://evil.example/{LONG}",
    "attachment": [{"type": "Image", "mediaType": LONG, "url": "https://e.example/", "name": LONG}],
    "tag": [
        {"type": "Hashtag", "name": f"#{LONG}"},
        {"type": "Mention", "href": f"https://evil.example/{LONG}", "name": f"@{LONG}"},
    ],
}


def too_long() -> list[str]:
    """Columns that hold more than they promise: SQLite lets them, PostgreSQL does not."""
    return [
        f"{model.__name__}.{column.name}"
        for label in ("social", "bridge")
        for model in apps.get_app_config(label).get_models()
        for column in model._meta.concrete_fields
        if column.max_length
        for value in model._default_manager.values_list(column.attname, flat=True)
        if value and len(str(value)) > column.max_length
    ]


def test_nothing_is_stored_that_is_longer_than_its_column(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve, long = evil.somebody("eve"), evil.somebody("long", **HUGE)
    root = post_of(alice.post("react to me"))
    world.settle()
    for one in (eve, long):
        one.knocks(world, one.says("Follow", alice.actor))
        one.knocks(world, one.creates({**one.note(WORDS, to=alice.actor), **LONG_NOTE}))
        one.knocks(world, one.says("EmojiReact", root, content=LONG))
        one.knocks(world, one.says("Like", root, content=f":{LONG}:"))
        one.knocks(world, one.says("Announce", root, to=[PUBLIC]))
    changed = {**eve.document(), **HUGE, "preferredUsername": "eve"}
    eve.knocks(world, eve.says("Update", changed))
    world.settle()
    assert shown()
    assert not too_long()
    assert not Received.objects.filter(note__contains="our own error").exists()


def test_a_flood_of_reactions_by_one_actor_ends_at_twenty(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    root = post_of(alice.post("react to me"))
    world.settle()
    for number in range(25):
        eve.knocks(world, eve.says("EmojiReact", root, content=chr(0x1F600 + number)))
    world.settle()
    assert Reaction.objects.filter(post__uri=root).count() == 20


def test_an_endless_conversation_is_climbed_twenty_steps(
    world: World, alice: Resident, evil: Liar
) -> None:
    eve = evil.somebody("eve")
    for step in range(40):
        above = f"{evil.url}/chain/{step + 1}"
        eve.note("x", to=alice.actor, id=f"{evil.url}/chain/{step}", inReplyTo=above)
    first = eve.note("first", to=alice.actor, inReplyTo=f"{evil.url}/chain/0")
    eve.knocks(world, eve.creates(first))
    world.settle()
    assert len([path for path in evil.asked if path.startswith("/chain/")]) == 20


def test_a_host_that_does_not_answer_takes_few_places_and_the_rest_may_come_again(
    world: World, alice: Resident, evil: Liar
) -> None:
    crowd = [evil.somebody(f"e{number}") for number in range(8)]
    evil.gate.clear()
    answers: queue.Queue[tuple[int, Somebody]] = queue.Queue()

    def knock(one: Somebody) -> None:
        answers.put((one.knocks(world, one.says("Follow", alice.actor)), one))

    threads = [threading.Thread(target=knock, args=(one,)) for one in crowd]
    for thread in threads:
        thread.start()
    told = [answers.get(timeout=30) for _ in range(4)]  # while the host is still silent
    assert {status for status, _ in told} == {503}
    evil.gate.set()
    for thread in threads:
        thread.join()
    for _, one in told:
        assert one.knocks(world, one.says("Follow", alice.actor)) == 202


def test_collections_and_mentions_of_a_post_are_not_walked(
    world: World, alice: Resident, evil: Liar
) -> None:
    pages = {"id": f"{evil.url}/c", "type": "Collection", "first": f"{evil.url}/c/1"}
    eve = evil.somebody("eve", featured=f"{evil.url}/c", outbox=f"{evil.url}/c")
    tag = [{"type": "Mention", "href": f"{evil.url}/u/x{n}"} for n in range(200)]
    eve.knocks(world, eve.creates(eve.note("x", to=alice.actor, replies=pages, tag=tag)))
    world.settle()
    assert evil.asked == ["/u/eve"]
