"""The straight line from a stored row to its outcome: all or nothing, and with a reason."""

import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from bridge import processing
from bridge.models import Lane, Received
from social.models import Delivery, Follow
from tests.bridge.activitypub.world import ALICE
from tests.social.web.cast import local, remote

pytestmark = pytest.mark.django_db


def row(key: str, body: Any, **values: Any) -> Received:
    text = body if isinstance(body, str) else json.dumps(body)
    found = {"network": "activitypub", "lane": "from activitypub far.example"} | values
    return Received.objects.create(key=key, body=text, **found)


def follow(actor: str, key: str = "1") -> dict[str, Any]:
    return {"id": f"{actor}#{key}", "type": "Follow", "actor": actor, "object": ALICE}


def test_what_cannot_be_read_ends_ignored_with_its_reason() -> None:
    bob = remote()
    for key, body in {
        "a": "not json",
        "b": {"type": "Like"},
        "c": follow(bob.uri) | {"type": 7},
    }.items():
        processing.process(row(key, body, signer=bob.uri))
    for found in Received.objects.all():
        assert found.state == "ignored"
        assert found.note
        assert found.ended


def test_one_odd_row_does_not_stop_the_lane(caplog: pytest.LogCaptureFixture) -> None:
    local("alice", inbox=f"{ALICE}/inbox")
    bob = remote(inbox="https://far.example/inbox")
    odd = row("odd", {}, network="matrix", lane="from activitypub far.example")
    row("good", follow(bob.uri), signer=bob.uri)
    processing.drain("from activitypub far.example")
    odd.refresh_from_db()
    assert odd.state != "done"
    assert odd.note
    assert Received.objects.get(key="good").state in {"done", "waiting"}


def test_an_error_of_our_own_is_tried_again_and_set_aside_with_its_reason(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = row("broken", "7", network="matrix", lane="from matrix !x:hs.test")
    for _ in range(processing.TRIES):
        Received.objects.update(due=timezone.now())
        broken.refresh_from_db()
        processing.process(broken)
    broken.refresh_from_db()
    assert broken.state == "gone"
    assert broken.note.startswith(f"set aside after {processing.TRIES} tries: our own error")


def _refused(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
    if "social_follow" in sql and sql.startswith("INSERT"):
        raise OperationalError("the server closed the connection unexpectedly")
    return execute(sql, *rest)


@pytest.mark.parametrize("usable", [False, True], ids=["away", "there"])
def test_a_row_has_failed_only_while_the_database_is_there(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, *, usable: bool
) -> None:
    local("alice", inbox=f"{ALICE}/inbox")
    bob = remote(inbox="https://far.example/inbox")
    first = row("first", follow(bob.uri), signer=bob.uri)
    monkeypatch.setattr(connection, "is_usable", lambda: usable)
    away = nullcontext() if usable else pytest.raises(OperationalError)
    with connection.execute_wrapper(_refused), away:
        processing.process(first)
    first.refresh_from_db()
    assert (first.state, first.tries) == ("waiting", int(usable))
    assert first.note == ("our own error: OperationalError" if usable else "")


def test_a_row_that_was_ended_meanwhile_records_nothing() -> None:
    local("alice")
    bob = remote()
    late = row("late", follow(bob.uri), signer=bob.uri)
    Received.objects.update(state="done")
    processing.process(late)
    assert not Follow.objects.exists()
    assert not Delivery.objects.exists()


def test_a_lane_that_somebody_holds_is_left_alone() -> None:
    row("a", "not json")
    Lane.objects.create(
        name="from activitypub far.example", due=timezone.now() + timedelta(seconds=60)
    )
    processing.drain("from activitypub far.example")
    assert Received.objects.get().state == "waiting"


def test_a_drained_lane_is_released() -> None:
    row("a", "not json")
    processing.drain("from activitypub far.example")
    lane = Lane.objects.get()
    assert lane.holder == ""
    assert lane.due <= timezone.now()
