"""One host is down, another says 503 to a third: all hear everything, and nobody waits for them."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import quantiles
from time import monotonic

import pytest

from tests.live.stage import Stage, stage, until
from tests.live.streams import FULL, SEED, Mailbox, Stream, tell, typed

pytestmark = pytest.mark.live

POSTS, KILLS = (200, 10) if FULL else (20, 1)
PATIENCE = 600 if FULL else 150  # the pauses between tries grow while a host is in trouble


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Stage]:
    with stage("embedded", tmp_path, sends="cavage", hosts=2) as made:
        yield made


def p95(stream: Stream, box: Mailbox) -> float:
    """Seconds from the typing to the coming."""
    times = [box.at[uri] - stream.begun[uri] for uri in stream.ids]
    return quantiles(times, n=20)[-1]


def heard(box: Mailbox, uri: str) -> bool:
    return uri in box.look()


def one_by_one(stream: Stream, box: Mailbox) -> None:
    """The next is typed when the last has come, so that only the way itself is measured."""
    for number in range(stream.posts):
        stream.one(number)
        until(partial(heard, box, stream.ids[-1]), 60, pause=0.005)


def test_a_host_in_trouble_loses_nothing_and_holds_nobody_up(town: Stage) -> None:
    alice = town.resident("alice")
    followers = [town.neighbour.actor(f"host{host}", host=host) for host in range(3)]
    for follower in followers:
        follower.follow(alice.handle)
        follower.wait_for("Accept")
    well, limping, dead = boxes = [Mailbox(follower) for follower in followers]
    calm, troubled, killed = (
        Stream(typed(alice), name, POSTS) for name in ("calm", "troubled", "killed")
    )
    one_by_one(calm, well)
    town.neighbour.faults("status:503", host=1, every=3)
    town.neighbour.faults("refuse", host=2)
    one_by_one(troubled, well)
    chance = random.Random(SEED)
    moments = set(chance.sample(range(POSTS), KILLS))
    for number in range(POSTS):
        killed.one(number)
        if number in moments:
            town.server.kill()
            town.server.revive()
        if number == POSTS // 2:
            town.neighbour.faults("ok", host=2)
    last = monotonic()
    town.neighbour.faults("ok", host=1)
    typed_ids = [*calm.ids, *troubled.ids, *killed.ids]
    for box in boxes:
        until(lambda box=box: set(typed_ids) <= set(box.look()), PATIENCE, pause=0.5)
    tell(
        "F2",
        posts=len(typed_ids),
        kills=KILLS,
        lost=0,
        p95_undisturbed=f"{p95(calm, well):.3f} s",
        p95_beside_trouble=f"{p95(troubled, well):.3f} s",
        seconds_until_all_had_it=round(monotonic() - last, 1),
        repeated_with_the_same_id=sum(box.repeats for box in (well, limping, dead)),
    )
    for box in boxes:
        assert list(dict.fromkeys(box.came)) == typed_ids, f"{box.owner.id}; seed {SEED}"
        assert box.repeats <= KILLS
