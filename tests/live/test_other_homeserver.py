"""A Matrix user of another homeserver makes a room of their own their profile."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo.homeserver import Homeserver
from bridge.demo.neighbourhood import Neighbour
from bridge.demo.server import Server
from tests.live.stage import after, containing

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def far_away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Homeserver]]:
    """Ownroom beside one homeserver, and another that only federates with that one."""
    folder: Path = tmp_path_factory.mktemp("federation")
    near = Homeserver(folder / "near", federation=True)
    server = Server(
        folder / "ownroom",
        environment={"OWNROOM_SERVER_NAME": near.server_name, "OWNROOM_SIGNUPS": "anyone"},
    )
    near.registrations = (server.register(),)
    with near, Homeserver(folder / "far", federation=True) as far:
        try:
            yield server.start(near), far
        finally:
            server.stop()


def test_a_guest_of_a_room_cannot_make_it_their_profile(
    far_away: tuple[Server, Homeserver],
) -> None:
    server, far = far_away
    owner, guest = far.person("olivia"), far.person("gus")
    bot = f"@_ap_bot:{server.homeserver.server_name if server.homeserver else ''}"
    room = owner.create_room(preset="public_chat", name="Not yours")
    guest.join(room)
    owner.invite(room, bot)
    owner.wait_for(room, containing("!ownroom link"), 30)
    asked = guest.send(room, "!ownroom link")
    refused = owner.wait_for(room, after(asked, containing("highest power")), 30)
    assert refused["sender"] == bot


def test_their_room_becomes_a_profile_that_the_fediverse_follows(
    far_away: tuple[Server, Homeserver],
) -> None:
    server, far = far_away
    zoe = far.person("zoe")
    bot = f"@_ap_bot:{server.homeserver.server_name if server.homeserver else ''}"
    room = zoe.create_room(preset="public_chat", name="Zoe writes")
    zoe.invite(room, bot)
    zoe.wait_for(room, containing("!ownroom link"), 30)
    asked = zoe.send(room, "!ownroom link zoe")
    zoe.wait_for(room, after(asked, containing("is now the profile of")), 30)
    desk = zoe.wait_for_invite()
    zoe.join(desk, via=server.homeserver.server_name if server.homeserver else "")
    with Neighbour() as neighbour:
        bob = neighbour.actor("bob")
        assert bob.follow(f"@zoe@{server.domain}").statuses == [202]
        bob.wait_for("Accept")
        zoe.wait_for(desk, containing("follows you now"), 30)
        event = zoe.send(room, "greetings from far away")
        create = bob.wait_for("Create", contains="greetings from far away")
        bob.post("what a distance", reply_to=create["object"]["id"])
        answer = zoe.wait_for(room, containing("what a distance"), 30)
        assert answer["content"]["m.relates_to"]["event_id"] == event
