"""Faults of others, with real processes: what was taken on is kept, and arrives once."""

import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor
from bridge.demo.services import NotThere, Redis
from tests.live.stage import Resident, Stage, stage, until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A stage of its own: here the homeserver dies."""
    with stage("embedded", tmp_path_factory.mktemp("faults"), hosts=1) as made:
        yield made


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    try:
        with stage("parts", tmp_path_factory.mktemp("faults-in-parts")) as made:
            yield made
    except NotThere as missing:
        pytest.skip(f"not run in parts: {missing}")


def befriend(town: Stage, name: str, **more: Any) -> Actor:
    alice, actor = town.resident("alice"), town.neighbour.actor(name, **more)
    actor.follow(alice.handle)
    actor.wait_for("Accept")
    return actor


def contents(actor: Actor, contains: str) -> list[str]:
    found = actor.received("Create", contains=contains)
    return [one["activity"]["object"]["content"] for one in found]


def test_forty_posts_that_a_dying_homeserver_never_pushed_still_go_out(
    town: Stage, alice: Resident
) -> None:
    bob = befriend(town, "bob")
    server = town.server.parts["up"].pid
    os.killpg(server, signal.SIGSTOP)  # a transaction is held, for as long as we stand still
    for number in range(40):
        alice.post(f"unpushed {number:02}")
    town.homeserver.kill()
    os.killpg(server, signal.SIGCONT)
    town.homeserver.spawn()
    expected = [f"<p>unpushed {number:02}</p>" for number in range(40)]
    until(lambda: len(contents(bob, "unpushed")) >= 40, 60)
    assert contents(bob, "unpushed") == expected


def test_with_the_homeserver_down_the_inbox_takes_what_comes_and_shows_it_later(
    town: Stage, alice: Resident
) -> None:
    bob = befriend(town, "bill")
    event = alice.post("a question before the fall")
    bob.wait_for("Create", contains="a question before the fall")
    town.homeserver.kill()
    for number in range(5):
        answer = bob.post(f"meanwhile {number}", reply_to=alice.uri(event))
        assert answer.statuses == [202]
    town.homeserver.spawn()
    alice.sees("meanwhile 4", timeout=60)
    bodies = [one["content"].get("body", "") for one in alice.person.messages(alice.room, 100)]
    shown = [body.partition("meanwhile ")[2] for body in reversed(bodies) if "meanwhile" in body]
    assert shown == ["0", "1", "2", "3", "4"]


def test_an_inbox_that_says_503_and_then_200_gets_the_post_once(
    town: Stage, alice: Resident
) -> None:
    bob, other = befriend(town, "ben"), befriend(town, "olga", host=1)
    town.neighbour.faults("status:503", host=0, times=1)
    alice.post("knock knock")
    other.wait_for("Create", contains="knock knock")  # nobody waits for the one in trouble
    bob.wait_for("Create", contains="knock knock", timeout=90)
    alice.post("who is there")
    bob.wait_for("Create", contains="who is there", timeout=60)
    assert contents(bob, "knock knock") == ["<p>knock knock</p>"]


def test_a_poison_activity_is_set_aside_and_blocks_nobody(town: Stage, alice: Resident) -> None:
    bob = befriend(town, "bella")
    event = alice.post("mind the poison")
    bob.wait_for("Create", contains="mind the poison")
    note = {"id": f"{bob.id}/poison", "type": "Note", "attributedTo": bob.id}
    poison = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{bob.id}/poison/activity",
        "type": "Create",
        "actor": bob.id,
        "to": [{"deep": [{"er": [[]]}]}, 7],
        "object": note | {"content": {"not": "text"}, "published": "the day after never"},
    }
    assert bob.raw(f"{alice.actor}/inbox", poison).statuses[0] in {202, 400}
    bob.post("a healthy answer", reply_to=alice.uri(event))
    alice.sees("a healthy answer")


def test_a_flushed_and_a_killed_redis_lose_nothing(parts: Stage) -> None:
    alice, bob = parts.resident("alice"), befriend(parts, "bob")
    redis = parts.redis
    assert redis
    for number in range(30):
        alice.post(f"through the flood {number:02}")
        bob.post(f"back through it {number:02}", mentions=[alice.actor])
        if number in {5, 15}:
            flush(redis)
        if number == 10:
            redis.kill()
        if number == 20:
            redis.spawn()

    def all_there() -> bool:
        parts.server.revive()  # what ended with its broker, as whoever supervises it does
        return len(contents(bob, "through the flood")) >= 30

    until(all_there, 90)
    assert contents(bob, "through the flood") == [
        f"<p>through the flood {number:02}</p>" for number in range(30)
    ]
    alice.told("back through it 29", timeout=60)


def flush(redis: Redis) -> None:
    """FLUSHALL, in the words of its protocol."""
    import socket

    try:
        with socket.create_connection(("127.0.0.1", redis.port), timeout=5) as line:
            line.sendall(b"FLUSHALL\r\n")
            line.recv(16)
    except ConnectionRefusedError:
        return  # it is dead just now
