"""What real servers do with people and relations, and what they do with ours.

Posts are told of in test_peers_posts.py, signatures, ids and patience in test_peers.py.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.bridge.test_rebuild import lost_and_rebuilt
from tests.fakes.liar import Liar, Somebody, serving
from tests.fakes.world import Resident, World, followers

Json = dict[str, Any]


@pytest.fixture
def server() -> Iterator[Liar]:
    with serving("localhost") as liar:
        yield liar


@pytest.fixture
def eve(server: Liar) -> Somebody:
    """Her server has a shared inbox, as most have."""
    return server.somebody("eve", endpoints={"sharedInbox": f"{server.url}/inbox"})


def tell(world: World, eve: Somebody, *activities: Json) -> None:
    for activity in activities:
        assert eve.knocks(world, activity) == 202
    world.settle()


# ---- where they are told


def test_what_is_said_to_one_person_goes_to_their_own_inbox(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """At the shared inbox PeerTube reads no answer to a follow."""
    tell(world, eve, eve.says("Follow", alice.actor))
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    alice.post("for everybody")
    world.settle()
    alice.tell_bot(f"block {eve.id}")
    alice.tell_bot(f"unblock {eve.id}")
    world.settle()
    places: dict[str, set[str]] = {}
    for activity, path in zip(eve.server.heard, eve.server.heard_at, strict=True):
        places.setdefault(path, set()).add(activity["type"])
    assert places == {
        "/inbox": {"Create"},
        "/u/eve/inbox": {"Accept", "Follow", "Block", "Reject", "Undo"},
    }
    assert not followers(alice.actor)


# ---- what they answer


def test_who_asks_again_while_waiting_takes_the_first_question_back(
    world: World, alice: Resident, eve: Somebody
) -> None:
    """GoToSocial answers no second Follow of the same two, and may have lost its answer."""
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    first, undo, second = eve.server.heard
    assert [first["type"], undo["type"], second["type"]] == ["Follow", "Undo", "Follow"]
    assert undo["object"]["id"] == first["id"] != second["id"]
    tell(world, eve, eve.says("Accept", first["id"]))
    assert not followers(eve.id)
    tell(world, eve, eve.says("Accept", second["id"]))
    assert followers(eve.id) == {alice.actor}
    lost_and_rebuilt()
    assert followers(eve.id) == {alice.actor}
    alice.tell_bot(f"follow {eve.id}")
    world.settle()
    assert len(eve.server.heard) == 3
