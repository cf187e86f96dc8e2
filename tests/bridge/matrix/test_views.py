"""The application-service door: only our homeserver comes in, and no event is lost or doubled."""

import json
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.test import Client

from bridge.matrix.registration import BOT
from bridge.models import Received
from tests.bridge.matrix.cast import ALICE, event_id, message, text
from tests.fakes.homeserver import OURS, THEIRS

APP = "/_matrix/app/v1"
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _registered() -> None:
    told = {"id": "ownroom", "as_token": OURS, "hs_token": THEIRS, "sender_localpart": BOT}
    settings.OWNROOM_REGISTRATION.write_text(yaml.safe_dump(told))


def put(client: Client, events: Any, *, txn: str = "1", header: str = f"Bearer {THEIRS}") -> int:
    body = events if isinstance(events, bytes) else json.dumps({"events": events}).encode()
    headers = {"Authorization": header} if header else {}
    path = f"{APP}/transactions/{txn}"
    return int(client.put(path, body, content_type="application/json", headers=headers).status_code)


def said(name: str, **changed: Any) -> dict[str, Any]:
    return message(text(name), event_id=event_id(name), **changed)


# ---- refused


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {THEIRS[:-1]}",
        f"Bearer {THEIRS}x",
        f"Bearer {THEIRS.upper()}",
        f"Bearer {OURS}",
        f"bearer{THEIRS}",
        f"Basic {THEIRS}",
        THEIRS,
        "Bearer \xff\xfe",
    ],
)
@pytest.mark.parametrize("path", ["transactions/1", "users/@x:hs.test", "rooms/%23x:hs.test"])
def test_a_wrong_token_opens_nothing(client: Client, header: str, path: str) -> None:
    headers = {"Authorization": header} if header else {}
    method = client.put if path.startswith("transactions") else client.get
    body: dict[str, Any] = {"events": [said("hello")]}
    answer = method(f"{APP}/{path}", body, content_type="application/json", headers=headers)
    assert answer.status_code in {401, 403}
    assert answer.json()["errcode"]
    assert not Received.objects.exists()


def test_a_token_in_the_address_is_no_token(client: Client) -> None:
    path = f"{APP}/transactions/1?access_token={THEIRS}"
    answer = client.put(path, {"events": [said("hello")]}, content_type="application/json")
    assert answer.status_code in {401, 403}
    assert not Received.objects.exists()


@pytest.mark.parametrize("body", [b"", b"hello", b"[]", b"7", b'{"events":', b"\xff"])
def test_what_is_no_transaction_is_answered_400(client: Client, body: bytes) -> None:
    assert put(client, body) == 400
    assert not Received.objects.exists()


def test_garbage_among_events_is_left_out_and_the_rest_is_kept(client: Client) -> None:
    garbage: list[Any] = [
        None,
        7,
        "text",
        [],
        {},
        {"type": "m.room.message"},
        said("no-room") | {"room_id": 7},
        said("no-sender") | {"sender": "alice"},
        said("no-id") | {"event_id": "x"},
        said("no-content") | {"content": "text"},
        said("no-type") | {"type": None},
    ]
    assert put(client, [*garbage, said("good"), *garbage]) == 200
    assert [row.key for row in Received.objects.all()] == [event_id("good")]


@pytest.mark.parametrize("events", [None, {}, "text", 7])
def test_a_transaction_without_a_list_is_an_empty_one(client: Client, events: Any) -> None:
    assert put(client, events) == 200
    assert not Received.objects.exists()


# ---- taken


def test_a_transaction_seen_twice_is_stored_once(client: Client) -> None:
    events = [said("one"), said("two")]
    assert put(client, events) == put(client, events) == 200
    assert Received.objects.count() == 2


def test_a_transaction_that_comes_split_is_stored_once_in_order(client: Client) -> None:
    events = [said(name) for name in ("one", "two", "three")]
    put(client, events[:1], txn="1")
    put(client, events, txn="2")
    put(client, events[1:], txn="3")
    keys = [row.key for row in Received.objects.order_by("id")]
    assert keys == [event["event_id"] for event in events]


def test_events_of_unknown_rooms_are_kept_until_they_are_read(client: Client) -> None:
    assert put(client, [said("hello", room_id="!unknown:hs.test")]) == 200
    assert Received.objects.get().lane == "from matrix !unknown:hs.test"


def test_our_own_words_are_not_received_again(client: Client) -> None:
    ours = [said("bot", sender=f"@{BOT}:hs.test"), said("ghost", sender="@_ap_bob=40x:hs.test")]
    assert put(client, ours) == 200
    assert not Received.objects.exists()


def test_whoever_only_looks_like_one_of_ours_is_received(client: Client) -> None:
    others = [said("far", sender=f"@{BOT}:evil.test"), said("near", sender=ALICE)]
    assert put(client, others) == 200
    assert Received.objects.count() == 2


def test_a_ping_and_questions_are_answered(client: Client) -> None:
    headers = {"Authorization": f"Bearer {THEIRS}"}
    assert client.post(f"{APP}/ping", headers=headers).status_code == 200
    for path in ("users/@_ap_x:hs.test", "rooms/%23_ap_x:hs.test", "thirdparty/protocol/x"):
        answer = client.get(f"{APP}/{path}", headers=headers)
        assert answer.status_code == 404
        assert answer.json()["errcode"]
