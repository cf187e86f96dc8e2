"""A database that is away, full or read-only: who asks is told to come again, and loses nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.db import Error, InterfaceError, InternalError, OperationalError, connection
from django.test import Client
from pytest_django import Settings as SettingsWrapper

from bridge import answered, outage
from bridge.errors import Busy
from bridge.loop import run
from bridge.matrix import client as homeserver
from bridge.matrix import discreet, uploads
from bridge.matrix.registration import BOT
from bridge.models import Received
from social.models import Delivery
from tests.bridge.activitypub.world import ORIGIN, written
from tests.fakes.homeserver import SERVER, THEIRS, Homeserver
from tests.fakes.pictures import jpeg
from tests.social.web.cast import local

pytestmark = pytest.mark.django_db


class _Cause(Exception):
    sqlstate = "25006"


def _read_only() -> Error:
    error = InternalError("cannot execute INSERT in a read-only transaction")
    error.__cause__ = _Cause()
    return error


ERRORS = {
    "away": OperationalError("server closed the connection"),
    "full": OperationalError("database or disk is full"),
    "cut": InterfaceError("connection already closed"),
    "read-only": _read_only(),
}


@contextmanager
def failing(error: Exception) -> Iterator[None]:
    def fail(execute: Any, *rest: Any) -> Any:
        raise error

    with connection.execute_wrapper(fail):
        yield


@pytest.fixture
def alice(home: Homeserver, settings: SettingsWrapper) -> None:
    settings.OWNROOM_HOMESERVER_URL, settings.OWNROOM_SERVER_NAME = home.url, SERVER
    settings.OWNROOM_ORIGIN, settings.OWNROOM_DOMAIN = ORIGIN, "social.test"
    file = {"url": f"{ORIGIN}/media/{'post':x<16}/{SERVER}/abc", "media_type": "image/jpeg"}
    written(local(), "post", attachments=[file])
    home.files[f"{SERVER}/abc"] = ("image/jpeg", jpeg())
    run(homeserver.register(BOT))


def _transaction() -> bytes:
    event = {"event_id": f"${'x' * 43}", "room_id": "!r:hs.test", "sender": "@a:hs.test"}
    return orjson.dumps({"events": [{**event, "type": "m.room.message", "content": {}}]})


DOORS = (
    "/@alice",
    f"/@alice/{'post':x<16}",
    "/@alice/feed.atom",
    "/tags/bell",
    "/ap/u/alice",
    f"/ap/o/{'post':x<16}",
    "/.well-known/webfinger?resource=acct:alice@social.test",
    f"/media/{'post':x<16}/{SERVER}/abc",
)


@pytest.mark.parametrize("error", ERRORS)
def test_every_door_says_come_again(client: Client, alice: None, error: str) -> None:
    with failing(ERRORS[error]):
        answers = [client.get(path) for path in DOORS]
        transaction = client.put(
            "/_matrix/app/v1/transactions/1",
            _transaction(),
            content_type="application/json",
            headers={"Authorization": f"Bearer {THEIRS}"},
        )
        knock = {"id": "https://far.example/1", "type": "Like", "object": "https://social.test/x"}
        inbox = client.post(
            "/inbox",
            {**knock, "actor": "https://far.example/a"},
            content_type="application/activity+json",
        )
    for answer in (*answers, transaction, inbox):
        assert answer.status_code == 503
        assert answer["Retry-After"]
        if answer is not inbox:
            assert answer["Cache-Control"] == "no-store" or answer is transaction
    assert not Received.objects.exists()


def test_what_the_database_does_not_take_because_of_what_it_is_is_an_error_of_ours() -> None:
    assert not outage.is_away(InternalError("current transaction is aborted"))


# ---- the disk under our own files


def _disk_is_full(settings: SettingsWrapper) -> None:
    settings.OWNROOM_DATA = Path("/dev/full")  # in which there is no place for anything


def test_a_picture_that_cannot_be_cleaned_for_want_of_disk_is_given_to_nobody_for_now(
    client: Client, alice: None, settings: SettingsWrapper
) -> None:
    path = DOORS[-1]
    found = client.get(path)
    assert (found.status_code, b"".join(found.streaming_content)) == (200, jpeg())
    _disk_is_full(settings)
    answer = client.get(path)
    assert (answer.status_code, answer["Retry-After"]) == (503, "30")
    with pytest.raises(Busy):
        discreet.without_notes(run(homeserver.download(SERVER, "abc")))


@pytest.mark.django_db(transaction=True)
def test_words_do_not_wait_for_a_picture_for_which_there_is_no_disk(
    alice: None, settings: SettingsWrapper
) -> None:
    _disk_is_full(settings)
    assert run(uploads.mxc_of("http://127.0.0.1:9/cat.png")) is None


def test_what_was_sent_ends_though_there_is_no_disk_to_note_it_on(
    settings: SettingsWrapper,
) -> None:
    row = Delivery.objects.create(network="activitypub", lane="x", to="https://x/", sender="a")
    _disk_is_full(settings)
    answered.Notes().add(row)
