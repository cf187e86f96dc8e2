"""Draining the outbox: many lanes at a time on the event loop, each in order, one database thread.

A lane is taken with a lease, its rows are sent by its network, and each outcome is written before
the next row of that lane goes out, so that a kill in the middle repeats at most the row in flight.
"""

import asyncio
import logging
import time
from collections.abc import Collection, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import ClassVar

from django.db import DatabaseError, InterfaceError
from django.db.models import Model
from django.utils import timezone

from bridge import answered, lanes, turns
from bridge.errors import Busy, Later, Trouble, is_final
from bridge.loop import in_database, loop
from bridge.network import Network
from bridge.networks import NETWORKS
from social.models import Delivery, Queued

log = logging.getLogger("ownroom.delivering")
TRIES = 16
ODD_TRIES = 5  # for our own errors
MOMENT = 0.1  # seconds: lanes that end within it are released together
Outcome = tuple[Delivery, Exception | None, asyncio.Future[None]]


def drain(names: Collection[str]) -> "Future[None]":
    """Starts the work and returns: leases guard it, the sweep finds what a crash left."""
    return asyncio.run_coroutine_threadsafe(_drain(names), loop())


async def _drain(names: Collection[str]) -> None:
    """Each lane is released soon after its own end: a slow host holds up no other."""
    holder, going, renewed = lanes.Holder(), dict[asyncio.Task[bool], str](), time.monotonic()
    try:
        while names or going:
            batch = await in_database(_take, holder, names) if names else {}
            for name, rows in batch.items():
                going[asyncio.create_task(_lane(holder, name, rows))] = name
            ended = await _ended(going)
            names = await in_database(_more, holder, ended) if ended else []
            if going and time.monotonic() - renewed > lanes.LEASE.total_seconds() / 4:
                renewed = time.monotonic()
                await in_database(holder.renew, list(going.values()))
    except (DatabaseError, InterfaceError):
        log.exception("the database failed; the sweep will try again")
        await asyncio.gather(*going, return_exceptions=True)  # what is on its way arrives


async def _ended(going: dict[asyncio.Task[bool], str]) -> list[str]:
    """Takes out who ended within a moment; returns the lanes among them that may go on."""
    if not going:
        return []
    done, _ = await asyncio.wait(going, timeout=MOMENT)
    lanes_of = {task: going.pop(task) for task in done}
    return [name for task, name in lanes_of.items() if task.result()]


def _take(holder: lanes.Holder, names: Collection[str]) -> dict[str, list[Delivery]]:
    """Claimed lanes with their rows, without those that had to be put to rest."""
    answered.notes.pay()
    held = holder.claim(names)
    waiting = lanes.waiting(Delivery, held)
    batch: dict[str, list[Delivery]] = {name: [] for name in held if name not in waiting}
    for network in NETWORKS.values():
        mine = {name: rows for name, rows in waiting.items() if rows[0].network == network.name}
        batch |= _loaded(holder, network, mine) if mine else {}
    return batch


def _loaded(
    holder: lanes.Holder, network: Network, batch: dict[str, list[Delivery]]
) -> dict[str, list[Delivery]]:
    """The lanes that can go. Whose rows cannot be loaded is found by trying each: it rests."""
    try:
        network.load([row for rows in batch.values() for row in rows])
    except DatabaseError:
        raise
    except Exception as error:
        if len(batch) > 1:
            singly = (_loaded(holder, network, {name: rows}) for name, rows in batch.items())
            return {name: rows for one in singly for name, rows in one.items()}
        (name,) = batch
        log.exception("lane %s could not be loaded", name)
        _rest(holder, name, network, f"our own error: {type(error).__name__}", None)
        return {}
    return batch


def _more(holder: lanes.Holder, names: Collection[str]) -> list[str]:
    """Releases the lanes, then looks again: what came before the release rang in vain."""
    holder.release(names)
    return lanes.remaining(Delivery, names)


async def _lane(holder: lanes.Holder, name: str, rows: Sequence[Delivery]) -> bool:
    """Sends one lane's rows; returns whether it may go on, else it has been put to rest."""
    if not rows:
        return True
    network, passed = NETWORKS[rows[0].network], False

    async def settle(row: Delivery, error: Exception | None) -> None:
        nonlocal passed
        if error and not isinstance(error, Trouble):
            log.error("delivery %s failed", row.pk, exc_info=error)
        await Outcomes.settle(row, error)
        passed = passed or error is None

    try:
        await network.send(rows, settle)
    except Busy as error:
        if passed:
            await in_database(holder.forgive, name)
        await in_database(_rest, holder, name, network, str(error), error.after)
        return False
    except Exception as error:
        log.exception("lane %s stopped", name)
        reason = f"our own error: {type(error).__name__}"
        await in_database(_rest, holder, name, network, reason, None)
        return False
    return True


def _rest(
    holder: lanes.Holder, name: str, network: Network, reason: str, after: float | None
) -> None:
    holder.pause(name, reason, after=after, calm=network.calm)
    too_old = timezone.now() - lanes.PATIENCE
    Delivery.objects.filter(lane=name, state="waiting", created__lt=too_old).update(
        state=Queued.State.GONE, ended=timezone.now(), note=f"given up after 7 days: {reason}"[:500]
    )


class Outcomes:
    """Writes what became of the rows; what comes in while one write runs shares the next."""

    waiting: ClassVar[list[Outcome]] = []
    writer: ClassVar[asyncio.Task[None] | None] = None

    @classmethod
    async def settle(cls, row: Delivery, error: Exception | None) -> None:
        if _must_be_noted(row, error):
            answered.notes.add(row)
        written = asyncio.get_running_loop().create_future()
        cls.waiting.append((row, error, written))
        if cls.writer is None or cls.writer.done():
            cls.writer = asyncio.create_task(cls.write())
        await written

    @classmethod
    async def write(cls) -> None:
        while cls.waiting:
            batch, cls.waiting = cls.waiting, []
            try:
                await in_database(_write, [(row, error) for row, error, _ in batch])
            except Exception as problem:  # noqa: BLE001  each waiting lane stops on it
                answered.notes.owe(row for row, error, _ in batch if _must_be_noted(row, error))
                for *_, written in batch:
                    written.set_exception(problem)
            else:
                if not cls.waiting:
                    answered.notes.clear()
                for *_, written in batch:
                    written.set_result(None)


def _must_be_noted(row: Delivery, error: Exception | None) -> bool:
    return error is None and not NETWORKS[row.network].knows_again


def _write(outcomes: Sequence[tuple[Delivery, Exception | None]]) -> None:
    now = timezone.now()
    with turns.writing():
        _keep([one for row, error in outcomes if error is None for one in row.made])
        done = [row.pk for row, error in outcomes if error is None]
        Delivery.objects.filter(pk__in=done).update(state=Queued.State.DONE, ended=now, note="")
        for row, error in outcomes:
            if error is not None:
                _write_one(row, error)


def _keep(made: Sequence[Model]) -> None:
    for table in {type(one) for one in made}:
        rows = [one for one in made if type(one) is table]
        table._default_manager.bulk_create(rows, ignore_conflicts=True)


def _write_one(row: Delivery, error: Exception) -> None:
    now, tries, this = timezone.now(), row.tries + 1, Delivery.objects.filter(pk=row.pk)
    limit = TRIES if isinstance(error, Later) else ODD_TRIES
    # What an error of our own says may repeat the words it stumbled over: it is for the log.
    ours = f"our own error: {type(error).__name__}"
    note = str(error) if isinstance(error, Trouble) else ours
    if is_final(error):
        this.update(state=Queued.State.GONE, ended=now, tries=tries, note=note[:500])
    elif tries >= limit:
        note = f"set aside after {tries} tries: {note}"
        this.update(state=Queued.State.GONE, ended=now, tries=tries, note=note[:500])
    else:
        after = getattr(error, "after", None)
        delay = after if after is not None else lanes.backoff(row.tries)
        this.update(tries=tries, due=now + timedelta(seconds=delay), note=note[:500])
