"""How fast one server is asked, by a clock that the test winds."""

import pytest

from bridge import http, pace
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.pace import BURST, LONGEST, Pace
from tests.fakes.world import World

HOST = "far.example"


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def known(clock: Clock) -> Pace:
    return Pace(clock)


def at_will(known: Pace, host: str = HOST) -> int:
    """How many questions may be asked without waiting."""
    count = 0
    while known.turn(host, 0.0) == 0.0:
        count += 1
    return count


def test_a_burst_goes_at_once_and_then_one_question_a_second(known: Pace, clock: Clock) -> None:
    assert at_will(known) == BURST
    assert at_will(known) == 0
    assert known.turn(HOST, 5.0) == pytest.approx(1.0)
    assert known.turn(HOST, 5.0) == pytest.approx(2.0)  # behind the other
    clock.now += 2
    assert at_will(known) == 0
    clock.now += 3
    assert at_will(known) == 3
    clock.now += 3_600
    assert at_will(known) == BURST


def test_who_cannot_wait_takes_nobodys_turn(known: Pace) -> None:
    at_will(known)
    assert known.turn(HOST, 0.5) is None
    assert known.turn(HOST, 1.0) == pytest.approx(1.0)


def test_each_host_has_a_bucket_of_its_own(known: Pace) -> None:
    at_will(known)
    assert at_will(known, "near.example") == BURST


def test_what_is_asked_at_once_counts_and_is_owed_to_nobody(known: Pace, clock: Clock) -> None:
    for _ in range(10):
        known.count(HOST)
    assert at_will(known) == BURST - 10
    for _ in range(1_000):
        known.count(HOST)
    assert at_will(known) == 0
    clock.now += BURST
    assert at_will(known) == BURST


def test_who_asks_for_silence_has_it_for_five_minutes_at_most(known: Pace, clock: Clock) -> None:
    known.shut(HOST, 30)
    assert known.is_shut(HOST) == 30
    assert not known.is_shut("near.example")
    clock.now += 30
    assert not known.is_shut(HOST)
    known.shut(HOST, 86_400)
    assert known.is_shut(HOST) == LONGEST


def test_no_more_hosts_are_remembered_than_were_asked_lately(known: Pace, clock: Clock) -> None:
    for number in range(2_000):
        known.count(f"h{number}.example")
        clock.now += 0.1
    assert len(known) <= pace.HOSTS + 1


# ---- where it counts


def test_an_errand_asks_no_faster_and_who_knocks_is_looked_at_all_the_same(
    world: World, bob: Neighbour
) -> None:
    host = bob.id.split("/")[2]
    at_will(pace.of_this_process, host)
    for _ in range(10):  # seconds that others wait for
        pace.of_this_process.turn(host, 60.0)
    with pace.unhurried(), pytest.raises(http.Crowded) as caught:
        http.get(bob.id, accept="application/activity+json")
    assert caught.value.after
    assert http.get(bob.id, accept="application/activity+json").status == 200


@pytest.mark.parametrize("status", ["status:429", "status:503"])
def test_who_was_asked_too_much_is_asked_nothing_for_as_long_as_it_says(
    world: World, bob: Neighbour, status: str
) -> None:
    world.neighbours.faults(status, host=0, where="get", retry_after=30)
    assert http.get(bob.id, accept="application/activity+json").status == int(status[-3:])
    world.neighbours.faults("ok", host=0)
    if status == "status:429":
        with pytest.raises(http.Crowded) as caught:
            http.get(bob.id, accept="application/activity+json")
        assert 0 < (caught.value.after or 0) <= 30
    else:
        assert http.get(bob.id, accept="application/activity+json").status == 200
