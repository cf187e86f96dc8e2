"""`kill -9` under a stream of posts each way, with Fedify as a follower: it is told each post once.

A request may come twice (docs/architecture.md, "Sent twice"); what a server that keeps the ids of
activities makes of it is counted here, at its listener.
"""

import random
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bridge.demo.services import NotThere
from tests.live.fedify.peer import Fedify
from tests.live.stage import FORMS, Stage, stage, supervised, until
from tests.live.streams import SEED, Stream, stubborn, tell, typed

pytestmark = pytest.mark.live

POSTS, KILLS = 300, 10
PATIENCE = 120  # seconds for all to arrive after the last kill


@pytest.fixture(params=FORMS)
def street(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    """An Ownroom of its own: it is killed."""
    try:
        with stage(request.param, tmp_path, sends="cavage") as made:
            yield made
    except NotThere as missing:
        pytest.skip(f"not run in the form {request.param!r}: {missing}")


def heard(fay: Fedify) -> list[str]:
    """What Fedify gave to its listener, in the order of its coming."""
    return [one["object"]["id"] for one in fay.do("received") if one["type"] == "Create"]


def test_who_keeps_ids_hears_each_post_once_however_often_we_are_killed(
    street: Stage, installed: Path, request: pytest.FixtureRequest
) -> None:
    alice, bob = street.resident("alice"), street.neighbour.actor("bob")
    alice.ask(f"follow {bob.handle}", "I asked")
    mirror = alice.room_with(bob.acct)
    with Fedify(installed, "draft-cavage-http-signatures-12") as fay:
        fay.begin()
        fay.do("follow", whom=alice.actor)
        fay.wait_for("Accept")
        there = Stream(typed(alice), "there", POSTS)
        here = Stream(stubborn(bob), "here", POSTS)
        threads = [threading.Thread(target=stream.run) for stream in (there, here)]
        for thread in threads:
            thread.start()
        chance = random.Random(SEED)
        for moment in sorted(chance.sample(range(1, POSTS), KILLS)):
            until(partial(there.reached, moment), 180, pause=chance.uniform(0.001, 0.05))
            street.server.kill()
            until(partial(supervised, street), 120)
        for thread in threads:
            thread.join()
        until(lambda: set(there.ids) <= set(heard(fay)), PATIENCE, pause=0.5)

        def shown() -> list[str]:
            return [uri for uri in street.carried(mirror, alice.person) if "/users/" in uri]

        until(lambda: set(here.ids) <= set(shown()), PATIENCE, pause=0.5)
        tell(f"killed, {request.node.callspec.id}", posts_each_way=POSTS, kills=KILLS)
        assert heard(fay) == there.ids, f"seed {SEED}"
        assert shown() == here.ids, f"seed {SEED}"
