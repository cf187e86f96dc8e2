"""One question at a time about one thing: a slow server counts how many it has before it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import connection

from bridge import flights, http, pace
from bridge.activitypub import actors, fetched
from bridge.errors import Gone, Later
from bridge.loop import Elsewhere, nobody_asked
from social.models import Actor
from tests.fakes.liar import PUBLIC, Liar, Page, Somebody, serving
from tests.fakes.world import make_keeper

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 6
SLOW = 0.1


@pytest.fixture
def far() -> Iterator[Liar]:
    make_keeper()
    with serving("127.0.0.21") as found:
        yield found


@pytest.fixture
def eve(far: Liar) -> Somebody:
    return far.somebody("eve")


class Crew:
    """Threads that ask, each with a line to the database that it closes."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(MANY + 2)
        self.busy: list[object] = []

    def ask(self, work: Callable[[], object]) -> Future[object]:
        def asking() -> object:
            self.busy.append(work)
            try:
                return work()
            finally:
                connection.close()

        return self.threads.submit(asking)

    def all_ask(self, work: Callable[[], object], times: int = MANY) -> list[Future[object]]:
        return [self.ask(work) for _ in range(times)]


@pytest.fixture
def crew() -> Iterator[Crew]:
    found = Crew()
    yield found
    found.threads.shutdown()


def until(true: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_many_who_want_the_same_actor_ask_once(far: Liar, eve: Somebody, crew: Crew) -> None:
    far.slow = SLOW
    found = crew.all_ask(lambda: actors.find(eve.id).uri)
    assert {one.result(10) for one in found} == {eve.id}
    assert (far.fetches("/u/eve"), far.most["/u/eve"]) == (1, 1)
    assert Actor.objects.filter(uri=eve.id).count() == 1


def test_many_who_want_the_same_post_ask_once(far: Liar, eve: Somebody, crew: Crew) -> None:
    note = eve.note("new to everybody", to=PUBLIC)
    path = note["id"].removeprefix(far.url)
    far.serve(path, note)
    far.slow = SLOW
    found = crew.all_ask(lambda: fetched.claimed(note["id"], 1).wire)
    assert len({one.result(10) for one in found}) == 1
    assert (far.fetches(path), far.fetches("/u/eve")) == (1, 1)
    assert far.most.most_common(1)[0][1] == 1


def test_who_must_know_how_it_is_now_takes_no_answer_from_before(
    far: Liar, eve: Somebody, crew: Crew
) -> None:
    far.gate.clear()
    before = crew.ask(lambda: actors.get(eve.id, joins=True)["preferredUsername"])
    until(lambda: far.fetches("/u/eve"))
    far.serve("/u/eve", {**eve.document(), "preferredUsername": "renamed"})
    after = crew.all_ask(lambda: actors.get(eve.id)["preferredUsername"])
    until(lambda: len(crew.busy) == MANY + 1)
    far.slow = SLOW
    far.gate.set()
    assert before.result(10) == "eve"
    assert {one.result(10) for one in after} == {"renamed"}
    assert far.most["/u/eve"] == 1
    assert far.fetches("/u/eve") < 1 + MANY  # those that wait together ask together


@pytest.mark.parametrize(("status", "error"), [(503, Later), (404, Gone)])
def test_all_hear_that_it_could_not_be_had_and_the_next_asks_again(
    far: Liar, crew: Crew, status: int, error: type[Exception]
) -> None:
    far.pages["/n"] = Page(b"{}", status=status)
    far.slow = SLOW
    for one in crew.all_ask(lambda: actors.get(f"{far.url}/n", joins=True)):
        with pytest.raises(error):
            one.result(10)
    assert far.fetches("/n") == 1
    far.slow = 0
    with pytest.raises(error):
        actors.get(f"{far.url}/n", joins=True)
    assert far.fetches("/n") == 2


def test_a_server_that_breaks_off_holds_nobody(far: Liar, crew: Crew) -> None:
    far.gate.clear()
    url = f"{far.url}/n"

    def asking() -> object:
        return http.get(url, accept="*/*", total=0.3, asker="us", joins=True)

    for one in crew.all_ask(asking):
        with pytest.raises(http.Unreachable):
            one.result(10)
    until(lambda: not flights.is_on_its_way(f"us */* {url}"))
    far.gate.set()
    assert http.get(url, accept="*/*", asker="us").status == 404


def test_what_refers_to_itself_or_to_each_other_stops_nobody(
    far: Liar, eve: Somebody, crew: Crew
) -> None:
    notes = [eve.note(f"number {number}", to=PUBLIC) for number in range(3)]
    for note, above in zip(notes, [notes[0], notes[2], notes[1]], strict=True):
        far.serve(note["id"].removeprefix(far.url), {**note, "inReplyTo": above["id"]})
    far.slow = 0.02

    def climbing(number: int) -> Callable[[], object]:
        def climb() -> object:
            act = fetched.claimed(notes[number]["id"], 1).act
            return fetched.ancestors(act, 1, time.monotonic() + 10)  # type: ignore[arg-type]

        return climb

    found = [crew.ask(climbing(number % 3)) for number in range(MANY)]
    assert [len(one.result(10)) for one in found] == [0, 1, 1, 0, 1, 1]  # type: ignore[arg-type]
    assert far.most.most_common(1)[0][1] == 1


def test_in_another_name_it_is_another_question(far: Liar, crew: Crew) -> None:
    far.slow = SLOW
    url = f"{far.url}/n"
    found = [
        crew.ask(lambda: http.get(url, accept="*/*", asker="us", joins=True)),
        crew.ask(lambda: http.get(url, accept="*/*", asker="them", joins=True)),
        crew.ask(lambda: http.get(url, accept="*/*")),
    ]
    assert [one.result(10).status for one in found] == [404] * 3  # type: ignore[attr-defined]
    assert far.fetches("/n") == 3


def test_who_takes_their_time_holds_up_nobody_who_knocks(far: Liar, crew: Crew) -> None:
    url, host = f"{far.url}/n", far.url.split("/")[2]
    for _ in range(pace.BURST):  # seconds that others wait for
        pace.of_this_process.turn(host, 60.0)
    asking, waiting = threading.Event(), threading.Event()

    def errand() -> object:
        with pace.unhurried():
            asking.set()
            found = http.get(url, accept="*/*", asker="us", joins=True).status
            waiting.set()
            return found

    slow = crew.ask(errand)
    assert asking.wait(10)
    assert http.get(url, accept="*/*", asker="us", joins=True).status == 404
    assert not waiting.is_set()
    assert slow.result(10) == 404


def test_where_nobody_may_be_asked_nobody_joins(far: Liar, crew: Crew) -> None:
    far.gate.clear()
    url = f"{far.url}/n"
    first = crew.ask(lambda: http.get(url, accept="*/*", asker="us", joins=True).status)
    until(lambda: far.fetches("/n"))
    with nobody_asked(), pytest.raises(Elsewhere):
        http.get(url, accept="*/*", asker="us", joins=True)
    far.gate.set()
    assert first.result(10) == 404
