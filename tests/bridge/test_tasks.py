"""Regular work: what it forgets, and what it must keep."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from bridge import tasks
from bridge.models import Document, Lane, Peer, Received
from social.models import Delivery, Post, Tombstone
from tests.social.web.cast import local, remote

pytestmark = pytest.mark.django_db


def ago(days: float) -> datetime:
    return timezone.now() - timedelta(days=days)


def received(key: str, **values: Any) -> None:
    Received.objects.create(network="matrix", key=key, body="{}", **values)


def told(**values: Any) -> None:
    given: dict[str, Any] = {"network": "activitypub", "lane": "x", "to": "x", "sender": "s"}
    Delivery.objects.create(**given | values)


def test_rows_that_ended_are_kept_for_a_while_and_those_that_wait_for_good() -> None:
    received("old", state="done", ended=ago(31))
    received("new", state="done", ended=ago(29))
    received("waiting", created=ago(90))
    told(to="old", state="gone", ended=ago(8))
    told(to="new", state="done", ended=ago(6))
    told(to="waiting", created=ago(90))
    tasks.prune()
    assert set(Received.objects.values_list("key", flat=True)) == {"new", "waiting"}
    assert set(Delivery.objects.values_list("to", flat=True)) == {"new", "waiting"}


def test_lanes_with_nothing_to_do_are_forgotten() -> None:
    for name in ("idle", "with received", "with delivery"):
        Lane.objects.create(name=name, due=ago(8))
    Lane.objects.create(name="lately")
    Lane.objects.create(name="resting", due=ago(-1), failures=3)
    received("a", lane="with received")
    told(lane="with delivery")
    tasks.prune()
    kept = {"with received", "with delivery", "lately", "resting"}
    assert set(Lane.objects.values_list("name", flat=True)) == kept


def test_how_a_server_speaks_is_learnt_again_after_a_season() -> None:
    Peer.objects.create(origin="https://old.example", seen=ago(91))
    Peer.objects.create(origin="https://new.example", seen=ago(89))
    tasks.prune()
    assert Peer.objects.get().origin == "https://new.example"


def test_what_was_taken_back_and_never_seen_is_forgotten() -> None:
    alice, bob = local("alice"), remote()
    old, new = (int(ago(days).timestamp() * 1000) for days in (31, 29))
    seen = Post.objects.create(uri="seen", author=bob, visibility="public", published=1, deleted=2)
    for uri, author, at in (
        (seen.uri, bob.uri, old),
        ("never seen", bob.uri, old),
        ("lately", bob.uri, new),
        ("of somebody here", alice.uri, old),
    ):
        Tombstone.objects.create(uri=uri, author=author, at=at)
    tasks.prune()
    kept = {"seen", "lately", "of somebody here"}
    assert set(Tombstone.objects.values_list("uri", flat=True)) == kept


def test_answers_are_kept_as_long_as_they_may_be_sent() -> None:
    alice, bob = local("alice"), remote()
    answers = [f"{alice.uri}#{kind}/1" for kind in ("accepts", "rejects", "updates")]
    waiting, post = f"{alice.uri}#accepts/2", f"{alice.uri}/post"
    for uri in (*answers, waiting, post):
        Document.objects.create(uri=uri, body="{}", author=alice.uri)
    Document.objects.create(uri=f"{bob.uri}#updates/1", body="{}", author=bob.uri)
    told(document=waiting)
    tasks.prune()
    kept = {waiting, post, f"{bob.uri}#updates/1"}
    assert set(Document.objects.values_list("uri", flat=True)) == kept
