"""Anybody in a room can write what no client does: it costs that event, and never a rebuild."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from social.models import Post
from tests.fakes.world import Resident, World
from tests.rebuilt import lost_and_rebuilt

SAMPLES = sorted((Path(__file__).parents[1] / "wire" / "matrix").glob("*.json"))
ODD: list[Any] = [None, [], {}, 7]


def spoilt(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each value within its content is something else once."""
    for path in paths(event["content"]):
        for odd in ODD:
            found = copy.deepcopy(event)
            inner = found["content"]
            for key in path[:-1]:
                inner = inner[key]
            inner[path[-1]] = odd
            yield found


def paths(value: Any) -> Iterator[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in pairs:
        yield (key,)
        if isinstance(inner, dict | list):
            yield from ((key, *path) for path in paths(inner))


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_no_odd_value_in_an_event_ends_a_rebuild(world: World, alice: Resident, path: Path) -> None:
    event, room = json.loads(path.read_text())["event"], world.home.rooms[alice.room]
    alice.post("still here")
    world.settle()
    for sender in ("@mallory:hs.test", alice.person.user_id):
        for odd in spoilt(event):
            more = {"redacts": odd["redacts"]} if "redacts" in odd else {}
            world.home.append(room, event["type"], sender, odd["content"], **more)
            if "state_key" in odd:  # without being in force: no homeserver would let most be
                room.events[-1]["state_key"] = odd["state_key"]
    lost_and_rebuilt()
    assert Post.objects.filter(html__contains="still here").exists()
