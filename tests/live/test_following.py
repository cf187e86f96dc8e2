"""Mirrors on a real homeserver: knocked at, filled with what was said before, and left again."""

import itertools

import pytest

from bridge.demo.neighbourhood import Actor
from bridge.demo.person import Refused
from tests.live.stage import Resident, Stage, every, until

pytestmark = pytest.mark.live

_names = itertools.count(1)


@pytest.fixture
def writer(town: Stage) -> Actor:
    one = town.neighbour.actor(f"writer{next(_names)}")
    for number in range(3):
        one.post(f"earlier {number} of {one.name}")
    return one


def test_the_first_follow_fills_the_mirror_at_the_original_dates(
    alice: Resident, writer: Actor
) -> None:
    alice.ask(f"follow {writer.handle}", "I asked")
    mirror = alice.room_with(writer.acct)
    alice.sees(f"earlier 2 of {writer.name}", room=mirror)
    told = [e for e in every(alice.person, mirror) if writer.name in str(e["content"].get("body"))]
    words = [e["content"]["body"] for e in told]
    assert words == [f"earlier {number} of {writer.name}" for number in range(3)]
    kept = [e["content"]["social.ownroom.object"]["published"] for e in told]
    assert [e["origin_server_ts"] for e in told] == kept


def test_who_knocks_at_a_mirror_follows_and_who_leaves_it_stops(
    town: Stage, alice: Resident, writer: Actor
) -> None:
    alice.ask(f"follow {writer.handle}", "I asked")
    mirror = alice.room_with(writer.acct)
    dora = town.resident("dora")
    with pytest.raises(Refused):
        dora.person.messages(mirror)
    dora.person.call("POST", f"/_matrix/client/v3/knock/{mirror}", {})
    writer.wait_for("Follow", contains=dora.actor)
    until(lambda: mirror in dora.person.invites())
    dora.person.join(mirror)
    dora.person.leave(mirror)
    writer.wait_for("Undo", contains=dora.actor)
    with pytest.raises(Refused):
        dora.person.join(mirror)
