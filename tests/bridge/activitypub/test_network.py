"""What an inbox's answer means, and how a peer's kind of signature is learned."""

from collections.abc import Iterator

import pytest

from bridge import http
from bridge.activitypub.network import judge
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.errors import Busy, Gone, Later, Trouble
from bridge.models import Peer
from social.models import Delivery
from tests.fakes.world import World, followers


def answered(status: int, **headers: str) -> http.Response:
    return http.Response(
        status=status,
        headers={k.replace("_", "-"): v for k, v in headers.items()},
        body=b"",
        url="",
    )


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_yes_is_a_yes(status: int) -> None:
    judge(answered(status))


@pytest.mark.parametrize(
    ("status", "trouble"),
    [
        (400, Gone),
        (403, Gone),
        (404, Gone),
        (410, Gone),
        (301, Gone),
        (401, Later),
        (500, Later),
        (520, Later),
        (408, Busy),
        (429, Busy),
        (502, Busy),
        (503, Busy),
        (504, Busy),
    ],
)
def test_a_no_is_final_later_or_about_the_whole_host(status: int, trouble: type[Trouble]) -> None:
    with pytest.raises(trouble) as raised:
        judge(answered(status))
    assert isinstance(raised.value, Busy) is (trouble is Busy)
    assert str(status) in str(raised.value)


@pytest.fixture
def modern() -> Iterator[Neighbourhood]:
    """A server that understands RFC 9421 alone, and shows nothing to the unsigned."""
    with Neighbourhood(host="localhost", signatures="rfc9421", sends="rfc9421", secure=True) as one:
        yield one


def test_a_peer_that_understands_the_other_signature_is_asked_twice_once(
    world: World, modern: Neighbourhood
) -> None:
    alice = world.resident("alice")
    lena: Neighbour = modern.actor("lena")
    assert lena.follow(alice.handle).statuses == [202]
    world.settle()
    modern.quiet()
    assert lena.received("Accept")
    assert followers(alice.actor) == {lena.id}
    before = modern.stats()["refused"]
    alice.post("one")
    alice.post("two")
    world.settle()
    assert len(lena.received("Create")) == 2
    assert modern.stats()["refused"] == before
    assert Peer.objects.get().signature == "rfc9421"
    assert {row.state for row in Delivery.objects.filter(network="activitypub")} == {"done"}
