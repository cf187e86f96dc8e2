"""In a story whatever is read is read a second time, and must change nothing."""

import itertools
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Room
from social.models import Actor
from tests.fakes.liar import Liar, Somebody, serving
from tests.fakes.world import Resident, World


@pytest.fixture(autouse=True)
def _twice(world: World) -> None:
    world.twice = True


_numbers = itertools.count(1)


class Group(NamedTuple):
    """A room here that is one, and its desk."""

    id: str
    handle: str
    room: str
    desk: str


@pytest.fixture
def boats(world: World, alice: Resident) -> Group:
    # A new name each time: its keys are made anew, and the neighbour remembers old ones.
    alice.tell_bot(f"group create boats{next(_numbers)}")
    world.settle()
    actor = Actor.objects.get(kind="group", owner__isnull=False)
    room = Room.objects.get(kind="group", actor=actor).room_id
    desk = Room.objects.get(kind="desk", actor=actor).room_id
    for one in (room, desk):
        alice.person.join(one)
    return Group(actor.uri, f"@{actor.acct}", room, desk)


@pytest.fixture
def pat(world: World, boats: Group) -> Neighbour:
    """A member on another server."""
    found = world.neighbour("pat")
    found.follow(boats.handle)
    world.settle()
    return found


# ---- servers that say whatever a test wants


@pytest.fixture
def server() -> Iterator[Liar]:
    with serving("localhost") as found:
        yield found


@pytest.fixture
def eve(server: Liar) -> Somebody:
    return server.somebody("eve")


@pytest.fixture
def far() -> Iterator[Liar]:
    with serving("127.0.0.5") as found:
        yield found


@pytest.fixture
def other() -> Iterator[Liar]:
    with serving("127.0.0.6") as found:
        yield found
