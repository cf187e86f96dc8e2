"""What becomes of deliveries when the other side, or a row itself, is in trouble."""

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Lane
from social.models import Delivery
from tests.fakes.world import Resident, World


def poison(lane: str, network: str) -> Delivery:
    """A row that makes its network stumble over itself."""
    return Delivery.objects.create(
        network=network,
        lane=lane,
        to="event mirror nowhere",
        sender="http://nowhere.test/x",
        act={"act": "Nonsense"},
    )


def test_a_poison_row_is_set_aside_with_its_reason_and_blocks_nobody(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.twice = False
    bob.follow(alice.handle)
    world.settle()
    odd = poison(f"matrix profile {alice.actor}", "matrix")
    event = alice.post("something to answer")
    world.settle()
    bob.post("an answer", reply_to=f"{world.url}/ap/o/{event[1:]}")
    world.settle()
    assert alice.seen("an answer")
    for _ in range(5):
        world.let_time_pass()
        world.settle()
    odd.refresh_from_db()
    assert odd.state == "gone"
    assert odd.note.startswith("set aside after 5 tries")
    assert not Lane.objects.filter(failures__gt=0).exists()


def test_a_host_that_refuses_now_and_then_is_not_given_ever_longer_pauses(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.follow(alice.handle)
    world.settle()
    world.neighbours.faults("status:503", every=3)
    for number in range(12):
        alice.post(f"number {number}")
        world.settle()
        assert not Lane.objects.filter(failures__gt=1).exists()
        world.let_time_pass()
    world.settle()
    told = [one["activity"]["object"]["content"] for one in bob.received("Create")]
    assert told == [f"<p>number {number}</p>" for number in range(12)]
