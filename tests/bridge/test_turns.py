"""Writing in turns: nobody waits longer than those who came before."""

import contextlib
import threading

import pytest
from django.db import connection

from bridge import turns
from bridge.models import Lane

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_is_written_in_a_turn_stays():
    with turns.writing():
        Lane.objects.create(name="one")
    assert Lane.objects.filter(name="one").exists()


def test_a_turn_that_fails_writes_nothing_and_is_handed_on():
    with pytest.raises(LookupError):
        _fail()
    with turns.writing():
        assert not Lane.objects.exists()


def test_a_turn_within_a_turn_does_not_wait_for_itself():
    with turns.writing(), turns.writing():
        Lane.objects.create(name="one")
    assert Lane.objects.count() == 1


@turns.writing()
def _fail() -> None:
    Lane.objects.create(name="one")
    raise LookupError


@pytest.mark.skipif(connection.vendor != "sqlite", reason="other databases have many writers")
def test_those_who_wait_come_in_the_order_of_their_coming():
    came: list[int] = []
    queue = turns.Queue()
    queue.take()

    def wait(number: int) -> None:
        queue.take()
        came.append(number)
        queue.give()

    threads = []
    for number in range(5):
        threads.append(threading.Thread(target=wait, args=(number,)))
        threads[-1].start()
        while len(queue.waiting) <= number:
            pass
    queue.give()
    for thread in threads:
        thread.join()
    assert came == [0, 1, 2, 3, 4]


def test_a_row_lets_a_crowd_at_the_door_pass_and_waits_for_no_single_guest():
    with turns.at_the_door(), turns.working():
        pass
    with contextlib.ExitStack() as crowd:
        for _ in range(turns.BUSY):
            crowd.enter_context(turns.at_the_door())
        other = threading.Thread(target=_work)
        other.start()
    other.join(10)
    assert not other.is_alive()


def test_one_row_is_worked_on_at_a_time_but_nobody_waits_for_a_stranger():
    with turns.working():
        other = threading.Thread(target=_work)
        other.start()
        with turns.aside():
            other.join(10)
        assert not other.is_alive()


def test_whoever_works_on_no_row_steps_aside_for_nobody():
    with turns.aside(), turns.working():
        pass


def _work() -> None:
    with turns.working():
        pass
