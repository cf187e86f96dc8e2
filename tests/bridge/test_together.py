"""Many rows in one transaction: each fails alone, and all of them or none are kept."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone

from bridge import lanes, processing
from bridge.loop import Elsewhere, nobody_asked, run
from bridge.models import Document, Lane, Received
from social import outbox
from social.models import Actor, Delivery, Follow, Post
from tests.social.web.cast import follow, local, remote

pytestmark = pytest.mark.django_db(transaction=True)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"
HERE, THERE = "from activitypub far.example", "from activitypub near.example"


@pytest.fixture(autouse=True)
def _a_long_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is that judges."""
    monkeypatch.setattr(processing, "MOMENT", 60.0)


@pytest.fixture
def bob() -> Actor:
    """Somebody whom alice reads."""
    found = remote(inbox="https://far.example/inbox", followers="https://far.example/followers")
    follow(local(inbox="http://social.test/ap/u/alice/inbox"), found)
    return found


def create(who: Actor, number: int, **values: Any) -> dict[str, Any]:
    uri = f"https://{who.host}/posts/{number}"
    note = {"id": uri, "type": "Note", "attributedTo": who.uri, "to": [PUBLIC]}
    note |= {"content": f"<p>Number {number}</p>", "cc": [who.followers]} | values
    return {"id": f"{uri}/create", "type": "Create", "actor": who.uri, "object": note}


def row(body: dict[str, Any], *, lane: str = HERE) -> Received:
    return Received.objects.create(
        network="activitypub",
        key=body["id"],
        lane=lane,
        body=json.dumps(body),
        signer=body["actor"],
    )


@contextmanager
def at(statement: str, number: int, error: BaseException) -> Iterator[None]:
    """The database fails at one statement of that kind."""
    seen: list[str] = []

    def watched(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith(statement):
            seen.append(sql)
            if len(seen) == number:
                raise error
        return execute(sql, *rest)

    with connection.execute_wrapper(watched):
        yield


def ends() -> list[tuple[str, str]]:
    return list(Received.objects.order_by("id").values_list("state", "note"))


def test_many_rows_end_together_in_the_order_of_their_coming(bob: Actor) -> None:
    for number in range(60):
        row(create(bob, number), lane=(HERE, THERE)[number % 2])
    assert processing.drain_together([HERE, THERE]) == []
    assert set(ends()) == {("done", "")}
    posts = Post.objects.order_by("id").values_list("uri", flat=True)
    assert list(posts) == [f"https://far.example/posts/{number}" for number in range(60)]
    assert Document.objects.count() == 60
    assert not Lane.objects.exclude(holder="").exists()


def test_a_row_that_fails_ends_alone_with_its_reason(bob: Actor) -> None:
    row(create(bob, 1))
    row({"id": "https://far.example/odd", "type": "Create", "actor": bob.uri, "object": 7})
    stranger = remote("stranger", followers="https://far.example/others")
    row(create(stranger, 2))
    row(create(bob, 3))
    row(create(bob, 3) | {"id": "https://far.example/again"})
    processing.drain_together([HERE])
    states, notes = zip(*ends(), strict=True)
    assert states == ("done", "ignored", "ignored", "done", "ignored")
    assert all(note for state, note in ends() if state == "ignored")
    assert notes[2] == "nobody here follows its author or is addressed by it"
    assert notes[4] == "nothing changed: known already"
    assert Post.objects.count() == 2


def test_what_a_row_did_is_undone_with_it_alone(bob: Actor) -> None:
    """It had told already when the database refused it: it is told once, when it is kept."""
    for number in (1, 2, 3):
        row(create(bob, number))
    with at("RELEASE SAVEPOINT", 2, IntegrityError()):
        processing.drain_together([HERE])
    assert set(ends()) == {("done", "")}
    assert list(Received.objects.order_by("id").values_list("tries", flat=True)) == [0, 1, 0]
    told = list(Delivery.objects.values_list("subject", flat=True))
    assert sorted(told) == [f"https://far.example/posts/{number}" for number in (1, 2, 3)]
    assert Document.objects.count() == Post.objects.count() == 3


def test_a_death_in_the_middle_leaves_all_rows_waiting(bob: Actor) -> None:
    class Killed(BaseException):
        pass

    for number in (1, 2, 3):
        row(create(bob, number))
    with at("RELEASE SAVEPOINT", 3, Killed()), pytest.raises(Killed):
        processing.drain_together([HERE])
    assert set(ends()) == {("waiting", "")}
    assert not Post.objects.exists()
    assert not Delivery.objects.exists()
    processing.drain_together([HERE])
    assert set(ends()) == {("done", "")}
    assert Delivery.objects.count() == Post.objects.count() == 3


def test_what_cannot_be_kept_together_goes_on_one_by_one(bob: Actor) -> None:
    """A database may say only at the commit what it does not take."""
    for number in (1, 2):
        row(create(bob, number))
    with at('UPDATE "bridge_received"', 1, IntegrityError()):
        assert processing.drain_together([HERE]) == [HERE]
    assert not Post.objects.exists()
    processing.drain(HERE)
    assert set(ends()) == {("done", "")}


def test_whoever_must_ask_elsewhere_goes_on_alone_and_holds_up_no_other(bob: Actor) -> None:
    near = remote("lena", uri="https://near.example/users/lena", host="near.example")
    follow(Actor.objects.get(handle="alice"), near)
    row(create(near, 1), lane=THERE)
    asks = row(create(near, 2, inReplyTo="https://third.example/posts/1"), lane=THERE)
    row(create(near, 3), lane=THERE)
    row(create(bob, 4))
    assert processing.drain_together([HERE, THERE]) == [THERE]
    assert [state for state, _ in ends()] == ["done", "waiting", "waiting", "done"]
    asks.refresh_from_db()
    assert asks.tries == 0
    assert Lane.objects.get(name=THERE).holder == ""


def test_a_flood_leaves_the_other_lanes_to_somebody_else(
    bob: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "BATCH", 3)
    for number in range(4):
        row(create(bob, number))
    row(create(bob, 9), lane=THERE)
    assert processing.drain_together([HERE, THERE]) == [THERE]
    assert [state for state, _ in ends()] == ["done"] * 4 + ["waiting"]


def test_a_row_that_was_ended_meanwhile_records_nothing(bob: Actor) -> None:
    """Its lease ran out, and somebody else was faster."""
    found = [row(create(bob, number)) for number in (1, 2)]
    ended: list[int] = []

    def late(execute: Any, sql: str, *rest: Any) -> Any:
        answer = execute(sql, *rest)
        if 'FROM "bridge_received"' in sql and not ended:
            ended.append(found[0].pk)
            Received.objects.filter(pk=found[0].pk).update(state="done", ended=timezone.now())
        return answer

    with connection.execute_wrapper(late):
        processing.drain_together([HERE])
    assert [post.uri for post in Post.objects.all()] == ["https://far.example/posts/2"]


def test_lanes_that_look_ahead_go_on_alone() -> None:
    assert processing.drain_together(["from matrix !x:hs.test"]) == ["from matrix !x:hs.test"]
    assert not Lane.objects.exists()


def test_another_act_between_posts_has_its_turn(bob: Actor) -> None:
    Actor.objects.filter(handle="alice").update(locked=True)
    alice = Actor.objects.get(handle="alice")
    body = {"id": f"{bob.uri}#f", "type": "Follow", "actor": bob.uri, "object": alice.uri}
    row(create(bob, 1))
    row(body)
    row(create(bob, 2))
    processing.drain_together([HERE])
    assert Follow.objects.filter(follower=bob, target=alice, state="pending").exists()
    assert set(ends()) == {("done", "")}


def test_nobody_is_asked_while_others_wait() -> None:
    async def ask() -> None:
        raise AssertionError

    with nobody_asked(), pytest.raises(Elsewhere):
        run(ask())


def test_what_is_told_together_is_written_once_and_in_order(django_assert_num_queries: Any) -> None:
    def tell(name: str) -> None:
        to = [outbox.Address(f"lane {name}", name)]
        outbox.tell("activitypub", to, sender="x", subject=name, said=None)

    def failing() -> None:
        with outbox.gathered():
            tell("no")
            raise LookupError

    with transaction.atomic(), django_assert_num_queries(9), outbox.gathered():
        tell("a")
        with outbox.gathered():
            tell("b")
        with pytest.raises(LookupError):
            failing()
        outbox.flush()
        tell("c")
    told = Delivery.objects.order_by("id").values_list("to", flat=True)
    assert list(told) == ["a", "b", "c"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite one can say how large it gets")
def test_a_row_waits_while_the_disk_is_full_however_long_that_is(bob: Actor) -> None:
    row(create(bob, 1, content="<p>" + "A long one. " * 20_000 + "</p>"))
    row(create(bob, 2))
    with connection.cursor() as cursor:
        free = cursor.execute("PRAGMA freelist_count").fetchone()[0]  # what earlier tests left
        size = cursor.execute("PRAGMA page_size").fetchone()[0]
        cursor.execute(f"CREATE TABLE filler AS SELECT zeroblob({free * size}) AS data")
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        most = cursor.execute("PRAGMA max_page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages}")
        try:
            for _ in range(processing.TRIES + 1):
                with pytest.raises(OperationalError, match="full"):
                    processing.drain(HERE)
        finally:
            cursor.execute(f"PRAGMA max_page_count = {most}")
    assert set(Received.objects.values_list("state", "tries")) == {("waiting", 0)}
    processing.drain(HERE)
    assert Post.objects.filter(author=bob).count() == 2
