"""In which order the rows of one room go out: none overtakes, and few wait for each other.

What one author says goes one after another. The next row is made ready while the one before is on
its way, and goes as soon as that is in the room. Only what stands on another's event, or changes
what was said, also waits until that event is written down.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from bridge import outage
from bridge.errors import Busy, is_final
from bridge.network import Settle
from social.models import Delivery

Clear = Callable[[], Awaitable[None]]
Say = Callable[[Delivery, Clear], Awaitable[None]]  # awaits `clear` before anything is sent
WIDE = 16  # requests at a time in one room; a homeserver gains nothing from more


async def send(rows: Sequence[Delivery], say: Say, settle: Settle) -> None:
    """Raises what stopped a row; nothing that must stand behind it has gone either."""
    order = _Order(say, settle)
    last: dict[str, _Turn] = {}  # by its author
    ends: dict[str, asyncio.Task[None]] = {}  # by what it is about, and by its author
    tasks: list[asyncio.Task[None]] = []
    for row in rows:
        turn = _Turn(row, last.get(row.sender))
        behind = {ends[tie] for tie in _ties(row) if tie in ends}
        task = asyncio.create_task(order.go(turn, behind))
        tasks.append(task)
        last[row.sender] = turn
        ends |= dict.fromkeys((row.sender, row.subject), task)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


def _ties(row: Delivery) -> set[str]:
    """Whose events must be written down before: those of its post, of the post it answers and,
    unless it is a new post itself, of all that its author said.
    """
    act = row.act or {}
    other = act.get("reply", "") if act.get("act") == "Publish" else row.sender
    return {tie for tie in (row.subject, other) if tie}


class _Turn:
    def __init__(self, row: Delivery, before: "_Turn | None") -> None:
        self.row, self.before = row, before
        self.begun, self.said = asyncio.Event(), asyncio.Event()
        self.stopped = False


class _Order:
    def __init__(self, say: Say, settle: Settle) -> None:
        self.say, self.settle = say, settle
        self.slots, self.put_off = asyncio.Semaphore(WIDE), set[str]()

    async def go(self, turn: _Turn, behind: Collection[asyncio.Task[None]]) -> None:
        try:
            for task in behind:
                await task  # raises what stopped it
            if turn.before:
                await turn.before.begun.wait()
            if turn.row.subject not in self.put_off:
                await self._settled(turn)
        except BaseException:
            turn.stopped = True
            raise
        finally:
            turn.begun.set()
            turn.said.set()

    async def _settled(self, turn: _Turn) -> None:
        row = turn.row
        try:
            await self._said(turn)
        except Exception as error:  # an odd row must not stop its lane; `settle` logs
            if isinstance(error, Busy) or outage.is_away(error):
                raise  # the homeserver, or the database: none of the others could go either
            await self.settle(row, error)
            if not is_final(error):
                self.put_off |= {row.subject} - {""}
        else:
            turn.said.set()
            await self.settle(row, None)

    async def _said(self, turn: _Turn) -> None:
        async def clear() -> None:
            if turn.begun.is_set():
                return
            if turn.before:
                await turn.before.said.wait()
                if turn.before.stopped:
                    raise Busy("what goes before it has not gone")
            await self.slots.acquire()
            turn.begun.set()

        try:
            await self.say(turn.row, clear)
        finally:
            if turn.begun.is_set():
                self.slots.release()
