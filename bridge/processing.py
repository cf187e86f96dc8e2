"""How received rows are worked off: in order, some together, each to its end with a reason."""

import logging
import time
from collections import deque
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from datetime import timedelta

from django.db import DatabaseError, IntegrityError
from django.utils import timezone

from bridge import enacting, lanes, outage, partings, turns
from bridge.errors import Later, Trouble
from bridge.loop import Elsewhere, nobody_asked
from bridge.models import Received
from bridge.network import Said
from bridge.networks import NETWORKS
from social import actions, once, outbox
from social.acts import Publish
from social.models import Queued

log = logging.getLogger("ownroom.processing")
STINT = 25  # rows of one transaction, and
MOMENT = 0.025  # seconds: for so long, at least, others who want to write wait for it
AS_IT_WAS = 1.0  # seconds for which they see the index so, however busy the machine is
TRIES = 5  # then a row is set aside with its reason, for the admin to look at


def drain(lane: str) -> None:
    """Everything that waits in one lane, in order; another holder's lane is left alone."""
    holder = lanes.Holder()
    while holder.claim([lane]):
        try:
            _work_off(lane, holder)
        finally:
            holder.release([lane])
        if not _waiting(lane):  # nothing came just before the release
            return


def _waiting(lane: str) -> Sequence[Received]:
    return lanes.waiting(Received, [lane]).get(lane, ())


def _work_off(lane: str, holder: lanes.Holder) -> None:
    held = time.monotonic()
    while rows := _waiting(lane):
        if NETWORKS[rows[0].network].ahead(lane):
            rows = _waiting(lane)
        with once.remembered():
            for row in rows:
                if time.monotonic() - held > lanes.LEASE.total_seconds() / 4:
                    held = time.monotonic()
                    if not holder.renew([lane]):
                        return  # somebody else goes on with it
                with turns.working():
                    process(row)
    _speak_again([lane])


def _speak_again(names: Collection[str]) -> None:
    """Whoever speaks to us can hear us again."""
    lanes.wake([name.removeprefix("from ") for name in names])


def drain_together(names: Collection[str]) -> list[str]:
    """What waits in many lanes and asks nobody elsewhere, many rows to a transaction.

    Answers the lanes that go on alone, by `drain`: a slow host holds up no other.
    """
    alone = {name for name in names if _looks_ahead(name)}
    names, holder = [name for name in names if name not in alone], lanes.Holder()
    while held := holder.claim(names):
        try:
            alone |= _work_off_together(held)
        finally:
            holder.release(held)
        names = lanes.remaining(Received, [name for name in held if name not in alone])
    return sorted(alone)


def _looks_ahead(lane: str) -> bool:
    network = NETWORKS.get(lane.removeprefix("from ").partition(" ")[0])
    return network is None or network.looks_ahead


def _work_off_together(names: Collection[str]) -> set[str]:
    """One batch; answers the lanes that must go on alone."""
    found = lanes.waiting(Received, names, most=lanes.BATCH)
    rows = sorted((row for waiting in found.values() for row in waiting), key=lambda row: row.pk)
    # Where some fill a whole batch there was no place for the others.
    alone = set(names) - set(found) if len(rows) == lanes.BATCH else set[str]()
    held = time.monotonic()
    with once.remembered(once.Memory(AS_IT_WAS)):
        while rows and time.monotonic() - held < lanes.LEASE.total_seconds() / 4:
            done, stopped = _stint(rows[:STINT])
            alone |= stopped
            rows = [row for row in rows[done:] if row.lane not in stopped]
    _speak_again(list(found))
    return alone


def _stint(rows: Sequence[Received]) -> tuple[int, set[str]]:
    """Some rows in one transaction, in which each can fail by itself: how many, and whose lanes
    must go on alone. Those of all rows, if together they could not be kept.
    """
    try:
        with turns.working(), turns.writing(), outbox.gathered(), nobody_asked():
            return _some(rows)
    except DatabaseError as error:
        log.warning("%s rows go on one by one: %s", len(rows), type(error).__name__)
        once.forget()
        return len(rows), {row.lane for row in rows}


def _some(rows: Sequence[Received]) -> tuple[int, set[str]]:
    """As many as there is time for: who knocks at the door wants to write, too."""
    keys = [row.pk for row in rows]
    waiting = Received.objects.select_for_update().filter(pk__in=keys, state="waiting")
    mine, end = set(waiting.values_list("pk", flat=True)), time.monotonic() + MOMENT
    partings.heed()
    for name, network in NETWORKS.items():
        network.foresee([row for row in rows if row.network == name and row.pk in mine])
    through, stopped, left = list[int](), set[str](), deque(rows)
    while left and not stopped:
        row = left.popleft()
        row.held = True
        try:
            if row.pk in mine and process(row):
                through.append(row.pk)
        except Elsewhere:
            once.forget()
            stopped.add(row.lane)
        if turns.wanted() and time.monotonic() > end:
            break
    _through(through)
    return len(rows) - len(left), stopped


def _through(keys: Collection[int]) -> bool:
    """Whether a row waited until now. What has another end already keeps it."""
    waiting = Received.objects.filter(pk__in=keys, state="waiting")
    return bool(waiting.update(state=Queued.State.DONE, ended=timezone.now(), note=""))


def process(row: Received) -> bool:
    """Answers whether it went through; else it ended, or waits, with a reason."""
    try:
        perform(row)
    except Later as error:
        _wait(row, str(error), error.after)
    except (Trouble, actions.Refused) as error:
        close(row, str(error))
    except IntegrityError:  # the other one has committed by now
        _wait(row, "another lane was recording the same", 0)
    except Exception as error:  # the task boundary: one odd row must not stop the others
        if outage.meets_all(error):
            raise  # the row stays before those behind it
        log.exception("received %s failed", row.pk)
        _wait(row, f"our own error: {type(error).__name__}", None)
    else:
        return True
    once.forget()  # what a transaction that was undone had made
    return False


@once.remembered()
def perform(row: Received) -> None:
    """Reads outside, records inside one transaction that also ends the row: all or nothing."""
    partings.look()
    *context, said = NETWORKS[row.network].read(row)
    if isinstance(said.act, Publish) and not said.act.content.quote:
        _record(row, context, said)
        return
    once.forget()  # all other acts change what is asked about,
    outbox.flush()  # and some ask what was told
    _record(row, context, said)
    once.forget()


def _record(row: Received, context: Sequence[Said], said: Said) -> None:
    with nullcontext() if row.held else turns.writing(), outbox.gathered():
        if not row.held:
            if not _through([row.pk]):
                return
            partings.heed()
        note = enacting.take_in(context, said)
        if note:
            _end(row, Queued.State.IGNORED, note)
        NETWORKS[row.network].closed(row, said, note)


@turns.writing()
def close(row: Received, problem: str) -> None:
    """The row ends with a reason, which its network may tell whoever asked."""
    _end(row, Queued.State.IGNORED, problem)
    NETWORKS[row.network].closed(row, None, problem)


def _wait(row: Received, reason: str, after: float | None) -> None:
    tries = row.tries + 1
    if tries >= TRIES:
        _give_up(row, f"set aside after {tries} tries: {reason}")
        return
    delay = timedelta(seconds=after if after is not None else 2.0**tries)
    Received.objects.filter(pk=row.pk).update(
        tries=tries, due=timezone.now() + delay, note=reason[:500]
    )


@turns.writing()
def _give_up(row: Received, problem: str) -> None:
    _end(row, Queued.State.GONE, problem)
    try:
        with turns.writing(), outbox.gathered():
            NETWORKS[row.network].closed(row, None, problem)
    except Exception:  # its own text may be what nobody can read
        log.exception("nobody could be told of received %s", row.pk)


def _end(row: Received, state: str, note: str) -> None:
    Received.objects.filter(pk=row.pk).update(state=state, ended=timezone.now(), note=note[:500])
