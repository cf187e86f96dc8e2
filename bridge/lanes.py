"""Lanes: who may drain which one, and when. One conditional UPDATE takes a lane, with a lease.

A row that must wait keeps later rows about the same subject waiting behind it, and nobody else.
"""

import itertools
import os
import random
import socket
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TypeVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from bridge import turns
from bridge.models import Lane, Received
from social.models import Delivery, Queued

Row = TypeVar("Row", bound=Queued)
Found = TypeVar("Found")

LEASE = timedelta(seconds=40)  # longer than the longest single request
BATCH = 100  # rows that came, worked on in one go
PARCEL = 250  # rows of one lane, sent in one go: the last few of it leave the other side idle
PATIENCE = timedelta(days=7)  # then a row that finds nobody home is given up
CALM = 3600.0  # seconds: the longest pause between two tries
_count = itertools.count()


def _started(pid: int) -> str:
    """Tells a process from a later one with the same number."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
    except OSError:
        return ""


def process() -> str:
    """Names the running process, for as long as it lives and ever after."""
    pid = os.getpid()
    return f"{socket.gethostname()[:12]}:{pid}:{_started(pid)}"


def is_dead(name: str) -> bool:
    """Whether a process of this machine is no more; of others one cannot know."""
    host, pid, started, *_ = [*name.split(":"), "", "", ""]
    mine = host == socket.gethostname()[:12]
    return mine and pid.isdigit() and _started(int(pid)) != started


class Holder:
    """Somebody who drains lanes. Who lost a lease, because it ran out, frees nobody else's."""

    def __init__(self) -> None:
        self.token = f"{process()}:{next(_count)}"[:40]

    def claim(self, names: Collection[str]) -> list[str]:
        """The lanes among `names` that are now ours alone, for one lease."""
        now = timezone.now()
        known = dict(Lane.objects.filter(name__in=names).values_list("name", "due"))
        if all(known.get(name, now) > now for name in names):
            return []  # the usual case of a bell that rings while its lane is being drained
        with turns.writing():
            Lane.objects.bulk_create(
                [Lane(name=name, due=now) for name in names if name not in known],
                ignore_conflicts=True,
            )
            free = Lane.objects.filter(name__in=names, due__lte=now)
            if not free.update(due=now + LEASE, holder=self.token):
                return []
        return list(self._held(names).values_list("name", flat=True))

    def _held(self, names: Collection[str]) -> QuerySet[Lane]:
        return Lane.objects.filter(name__in=names, holder=self.token)

    def renew(self, names: Collection[str]) -> bool:
        """Whether all of them are still ours."""
        return self._held(names).update(due=timezone.now() + LEASE) == len(names)

    def release(self, names: Collection[str]) -> None:
        self._held(names).update(
            due=timezone.now(), holder="", failures=0, failing_since=None, asked=False, note=""
        )

    def forgive(self, name: str) -> None:
        """Something went through: the trouble that comes now counts as the first."""
        self._held([name]).update(failures=0, failing_since=None)

    def pause(self, name: str, reason: str, *, after: float | None, calm: float = CALM) -> None:
        """The other side is in trouble: the whole lane waits, so that its order is kept."""
        now, lane = timezone.now(), self._held([name]).first()
        if lane is None:
            return
        delay = min(after if after is not None else backoff(lane.failures), calm)
        self._held([name]).update(
            due=now + timedelta(seconds=delay),
            holder="",
            failures=lane.failures + 1,
            failing_since=lane.failing_since or now,
            asked=after is not None,
            note=reason[:500],
        )


def idle(names: Collection[str]) -> list[str]:
    """Without those that somebody drains or that rest: for them a bell rings in vain."""
    busy = Lane.objects.filter(name__in=names, due__gt=timezone.now())
    held = set(busy.values_list("name", flat=True))
    return [name for name in names if name not in held]


def wake(names: Collection[str]) -> None:
    """Whoever waits for these sides need not wait longer: they just spoke to us."""
    _wake(Lane.objects.filter(name__in=names))


def wake_all(network: str) -> None:
    """What stands between us and a whole network is there again."""
    _wake(Lane.objects.filter(name__startswith=f"{network} "))


def _wake(lanes: QuerySet[Lane]) -> None:
    """Not those that rest because the other side said for how long."""
    lanes.filter(holder="", failures__gt=0, asked=False).update(due=timezone.now())


def backoff(failures: int) -> float:
    """Seconds: one for a hiccup, then n⁴ + 15, with up to half of it again as jitter."""
    if failures == 0:
        return 1.0
    return (min(failures, 8) ** 4 + 15) * random.uniform(1, 1.5)  # noqa: S311  spreads load


def waiting(
    table: type[Row], names: Collection[str], *, each: int = PARCEL, most: int = 8 * PARCEL
) -> dict[str, list[Row]]:
    """Per lane, the rows that may go now, in order.

    Many rows of one lane may leave no place for those of others: these come next time.
    """
    limit = min(each * max(1, len(names)), most)
    found: dict[str, list[Row]] = {}
    for row in _ready(table, names, lambda rows: list(rows.order_by("id")[:limit])):
        found.setdefault(row.lane, []).append(row)
    return found


def remaining(table: type[Queued], names: Collection[str]) -> list[str]:
    """Those of the lanes in which a row may go now."""
    return _ready(table, names, lambda rows: list(rows.values_list("lane", flat=True).distinct()))


def _ready(
    table: type[Row], names: Collection[str], ask: Callable[[QuerySet[Row]], list[Found]]
) -> list[Found]:
    """Nothing overtakes a waiting delivery about the same subject."""
    now = timezone.now()
    rows = table._default_manager.filter(lane__in=names, state="waiting")
    found = ask(rows.filter(due__lte=now))
    if not found or table is not Delivery:
        return found
    put_off = Delivery.objects.filter(lane__in=names, state="waiting", due__gt=now)
    stuck: dict[str, set[str]] = {}
    for lane, subject in put_off.exclude(subject="").values_list("lane", "subject").distinct():
        stuck.setdefault(lane, set()).add(subject)
    if not stuck:
        return found
    behind = (Q(lane=lane, subject__in=subjects) for lane, subjects in stuck.items())
    return ask(rows.filter(due__lte=now).exclude(reduce(or_, behind)))


def due(table: type[Queued], *, limit: int = 500) -> list[str]:
    """Free lanes with something to do; of very many some by lot, so that none is left for last."""
    now = timezone.now()
    held = Lane.objects.filter(due__gt=now).values("name")
    rows = table._default_manager.filter(state="waiting", due__lte=now).exclude(lane__in=held)
    found = list(rows.order_by().values_list("lane", flat=True).distinct())
    return sorted(remaining(table, random.sample(found, min(limit, len(found)))))


def free_the_dead() -> int:
    """Leases of processes on this machine that are no more end at once, not after their time."""
    held = Lane.objects.filter(due__gt=timezone.now()).exclude(holder="")
    holders = held.values_list("holder", flat=True).distinct()
    dead = [name for name in holders if is_dead(name)]
    if not dead:
        return 0
    return Lane.objects.filter(holder__in=dead).update(due=timezone.now(), holder="")


def prune(before: datetime) -> int:
    """Forgets lanes that had nothing to do since then."""
    unused = Lane.objects.filter(due__lt=before)
    for table in (Received, Delivery):
        rows = table._default_manager.filter(lane=OuterRef("name"), state="waiting")
        unused = unused.exclude(Exists(rows))
    return unused.delete()[0]
