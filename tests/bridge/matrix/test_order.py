"""Who goes after whom in one room: nothing overtakes, and few wait for each other."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from django.db import DatabaseError, InterfaceError, OperationalError

from bridge.errors import Busy, Gone, Later
from bridge.matrix import order
from social.models import Delivery


class Room:
    """Says each row, and writes down its end, when the test lets it."""

    def __init__(self) -> None:
        self.ready: list[str] = []
        self.sent: list[str] = []
        self.written: list[str] = []
        self.errors: dict[str, Exception] = {}
        self.slow: dict[str, asyncio.Event] = {}  # until when a row's end is not written down
        self.open = asyncio.Event()
        self.busiest = self.now = 0

    async def say(self, row: Delivery, clear: order.Clear) -> None:
        self.ready.append(row.to)
        await clear()
        self.sent.append(row.to)
        self.now += 1
        self.busiest = max(self.busiest, self.now)
        await self.open.wait()
        self.now -= 1
        if row.to in self.errors:
            raise self.errors[row.to]

    async def settle(self, row: Delivery, error: Exception | None) -> None:
        if row.to in self.slow:
            await self.slow[row.to].wait()
        self.written.append(row.to)


def row(name: str, sender: str = "bob", *, act: str = "Publish", **said: str) -> Delivery:
    about = said.pop("about", name)
    return Delivery(to=name, subject=about, sender=sender, act={"act": act, **said})


def told(rows: list[Delivery], then: Callable[[Room], Awaitable[None]]) -> Room:
    async def both() -> Room:
        room = Room()
        going = asyncio.create_task(order.send(rows, room.say, room.settle))
        await _still()
        await then(room)
        room.open.set()
        for written in room.slow.values():
            written.set()
        await going
        return room

    return asyncio.run(both())


async def _still() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def _nothing(room: Room) -> None:
    """Everything goes at once."""


def test_posts_of_one_author_go_in_order_and_the_next_is_ready_before() -> None:
    async def look(room: Room) -> None:
        assert room.sent == ["1", "other"]
        assert sorted(room.ready) == ["1", "2", "other"]

    room = told([row("1"), row("2"), row("3"), row("other", "eve")], look)
    assert [name for name in room.sent if name != "other"] == ["1", "2", "3"]


def test_a_new_post_waits_for_the_word_before_it_and_not_for_its_being_written_down() -> None:
    async def look(room: Room) -> None:
        room.slow["1"] = asyncio.Event()
        room.open.set()
        await _still()
        assert room.sent == ["1", "2"]
        assert room.written == ["2"]

    told([row("1"), row("2")], look)


def test_an_answer_waits_until_the_event_of_its_post_is_written_down() -> None:
    async def look(room: Room) -> None:
        room.slow["1"] = asyncio.Event()
        room.open.set()
        await _still()
        assert room.ready == ["1"]

    room = told([row("1"), row("answer", "eve", reply="1")], look)
    assert room.sent == ["1", "answer"]


@pytest.mark.parametrize("act", ["Revise", "Undo", "Retract", "Leave"])
def test_what_changes_what_was_said_waits_until_all_of_it_is_written_down(act: str) -> None:
    async def look(room: Room) -> None:
        room.slow["1"] = asyncio.Event()
        room.open.set()
        await _still()
        assert room.ready == ["1"]

    room = told([row("1"), row("2", act=act, about="bob")], look)
    assert room.sent == ["1", "2"]


def test_nothing_goes_after_what_could_not_go_but_others_do() -> None:
    rows = [row("1"), row("2"), row("answer", "eve", reply="2"), row("other", "dan")]

    async def fail(room: Room) -> None:
        room.errors["1"] = Busy("the homeserver is away")

    async def run() -> Room:
        room = Room()
        room.open.set()
        await fail(room)
        with pytest.raises(Busy, match="away"):
            await order.send(rows, room.say, room.settle)
        return room

    room = asyncio.run(run())
    assert room.sent == ["1", "other"]
    assert room.written == ["other"]


def test_an_odd_row_lets_the_next_go_but_nothing_about_the_same() -> None:
    rows = [row("odd"), row("2"), row("late", about="x"), row("edit", act="Revise", about="x")]

    async def fail(room: Room) -> None:
        room.errors = {"odd": Gone("no room"), "late": Later("not now")}

    room = told(rows, fail)
    assert room.sent == ["odd", "2", "late"]
    assert room.written == ["odd", "2", "late"]


def test_no_more_than_some_are_on_their_way_at_once() -> None:
    room = told([row(str(n), f"author {n}") for n in range(3 * order.WIDE)], _nothing)
    assert room.busiest == order.WIDE
    assert len(room.written) == 3 * order.WIDE


@pytest.mark.parametrize("lost", [OperationalError, InterfaceError])
def test_where_the_database_is_away_no_row_has_failed_and_none_overtakes(
    lost: type[Exception],
) -> None:
    async def run() -> Room:
        room = Room()
        room.open.set()
        room.errors["1"] = lost("the server closed the connection unexpectedly")
        with pytest.raises(lost):
            await order.send([row("1"), row("2")], room.say, room.settle)
        return room

    room = asyncio.run(run())
    assert (room.sent, room.written) == (["1"], [])


def test_an_error_of_the_database_stops_what_comes_after() -> None:
    async def run() -> Room:
        room = Room()
        room.open.set()

        async def settle(row: Delivery, error: Exception | None) -> None:
            raise DatabaseError("away")

        with pytest.raises(DatabaseError, match="away"):
            await order.send([row("1"), row("2", act="Undo")], room.say, settle)
        return room

    assert asyncio.run(run()).sent == ["1"]
