"""`kill -9` under a stream of posts each way: nothing is lost, doubled or overtaken.

`make survive` runs it at full size with one order of kills, drawn by OWNROOM_SEED; the live suite
runs a small one each time.
"""

import random
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import monotonic

import pytest

from bridge.demo.services import NotThere
from tests.live.stage import FORMS, Stage, stage, supervised, until
from tests.live.streams import FULL, SEED, Mailbox, Stream, stubborn, tell, typed

pytestmark = pytest.mark.live

POSTS, FOLLOWERS = (1000, 20) if FULL else (40, 2)
KILLS = {"embedded": 50, "parts": 50} if FULL else {"embedded": 3, "parts": 7}
PATIENCE = 300 if FULL else 90  # seconds for all to arrive after the last kill


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def town(form: str, tmp_path: Path) -> Iterator[Stage]:
    try:
        with stage(form, tmp_path, sends="cavage", hosts=FOLLOWERS - 1) as made:
            yield made
    except NotThere as missing:
        pytest.skip(f"not run in the form {form!r}: {missing}")


def victims(town: Stage) -> dict[str, Callable[[], object]]:
    """Whatever may die, and how it comes back; Ownroom itself recovers from the others' deaths."""

    def ours(part: str) -> None:
        town.server.kill(part)
        until(partial(supervised, town), 120)

    def beside(service: object) -> None:
        service.kill()
        service.spawn()
        supervised(town)

    found: dict[str, Callable[[], object]] = {"everything": partial(ours, "")}
    if town.redis and town.postgres:
        found |= {part: partial(ours, part) for part in town.server.parts}
        found |= {"redis": partial(beside, town.redis), "postgres": partial(beside, town.postgres)}
    return found | {"homeserver": partial(beside, town.homeserver)}


def drawn(names: list[str], kills: int, chance: random.Random) -> list[str]:
    """Each once, in any order, and then whichever."""
    first = chance.sample(names, len(names))
    return (first + chance.choices(names, k=kills))[:kills]


def has_all(town: Stage, box: Mailbox, ids: list[str]) -> bool:
    return supervised(town) and set(ids) <= set(box.look())


def test_nothing_is_lost_doubled_or_overtaken(town: Stage, form: str) -> None:
    alice, bob = town.resident("alice"), town.neighbour.actor("bob")
    others = [town.neighbour.actor(f"fan{host}", host=host) for host in range(1, FOLLOWERS)]
    for follower in (bob, *others):
        follower.follow(alice.handle)
        follower.wait_for("Accept")
    alice.ask(f"follow {bob.handle}", "I asked")
    mirror = alice.room_with(bob.acct)
    there = Stream(typed(alice), "there", POSTS)
    here = Stream(stubborn(bob), "here", POSTS)
    threads = [threading.Thread(target=stream.run) for stream in (there, here)]
    for thread in threads:
        thread.start()
    chance, kills, ways = random.Random(SEED), KILLS[form], victims(town)
    moments = sorted(chance.sample(range(1, POSTS), kills))
    order = drawn(sorted(ways), kills, chance)
    for moment, name in zip(moments, order, strict=True):
        until(partial(here.reached, moment), 180, pause=chance.uniform(0.001, 0.05))
        ways[name]()
    for thread in threads:
        thread.join()
    last = monotonic()
    until(lambda: supervised(town), PATIENCE)
    boxes = [Mailbox(owner) for owner in (bob, *others)]
    for box in boxes:
        until(partial(has_all, town, box, there.ids), PATIENCE, pause=0.5)

    def shown() -> list[str]:
        return [uri for uri in town.carried(mirror, alice.person) if "/users/" in uri]

    until(lambda: supervised(town) and set(here.ids) <= set(shown()), PATIENCE, pause=0.5)
    tell(
        f"F1 {form}",
        posts_each_way=POSTS,
        followers=FOLLOWERS,
        kills=kills,
        lost=0,
        seconds_after_the_last=round(monotonic() - last, 1),
        repeated_with_the_same_id=sum(box.repeats for box in boxes),
    )
    assert shown() == here.ids, f"in the room; seed {SEED}"
    for box in boxes:
        assert list(dict.fromkeys(box.came)) == there.ids, f"{box.owner.id}; seed {SEED}"
        # Whoever is killed between an answer and noting it must ask again: with the same id, by
        # which every receiver knows it. Once a death of the sender, and of nobody else.
        deaths = sum(name in {"everything", "worker"} for name in order)
        assert box.repeats <= deaths, f"{box.owner.id}; seed {SEED}"
