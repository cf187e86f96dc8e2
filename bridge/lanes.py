"""Lanes: who may drain which one, and when. One conditional UPDATE takes a lane, with a lease.

A row that must wait keeps later rows about the same subject waiting behind it, and nobody else.
"""

import itertools
import os
import random
import socket
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from django.utils import timezone

from bridge import turns
from bridge.models import Lane
from social.models import Queued

Row = TypeVar("Row", bound=Queued)

LEASE = timedelta(seconds=40)  # longer than the longest single request
BATCH = 100
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


def holder() -> str:
    return f"{process()}:{next(_count)}"[:40]


def claim(names: Collection[str]) -> list[str]:
    """The lanes among `names` that are now ours alone, for one lease."""
    now, token = timezone.now(), holder()
    known = dict(Lane.objects.filter(name__in=names).values_list("name", "due"))
    if all(known.get(name, now) > now for name in names):
        return []  # the usual case of a bell that rings while its lane is being drained
    with turns.writing():
        Lane.objects.bulk_create(
            [Lane(name=name, due=now) for name in names if name not in known],
            ignore_conflicts=True,
        )
        free = Lane.objects.filter(name__in=names, due__lte=now)
        if not free.update(due=now + LEASE, holder=token):
            return []
    return list(Lane.objects.filter(holder=token).values_list("name", flat=True))


def idle(names: Collection[str]) -> list[str]:
    """Without those that somebody drains or that rest: for them a bell rings in vain."""
    busy = Lane.objects.filter(name__in=names, due__gt=timezone.now())
    held = set(busy.values_list("name", flat=True))
    return [name for name in names if name not in held]


def renew(names: Collection[str]) -> None:
    Lane.objects.filter(name__in=names).update(due=timezone.now() + LEASE)


def release(names: Collection[str]) -> None:
    Lane.objects.filter(name__in=names).update(
        due=timezone.now(), holder="", failures=0, failing_since=None, note=""
    )


def forgive(name: str) -> None:
    """Something went through: the trouble that comes now counts as the first."""
    Lane.objects.filter(name=name).update(failures=0, failing_since=None)


def pause(name: str, reason: str, *, after: float | None, calm: float = CALM) -> None:
    """The other side is in trouble: the whole lane waits, so that its order is kept."""
    now = timezone.now()
    lane = Lane.objects.get(name=name)
    delay = min(after if after is not None else backoff(lane.failures), calm)
    Lane.objects.filter(pk=lane.pk).update(
        due=now + timedelta(seconds=delay),
        holder="",
        failures=lane.failures + 1,
        failing_since=lane.failing_since or now,
        note=reason[:500],
    )


def wake(prefix: str) -> None:
    """Whoever waits for this side need not wait longer: it just spoke to us."""
    Lane.objects.filter(name__startswith=prefix, holder="", failures__gt=0).update(
        due=timezone.now()
    )


def backoff(failures: int) -> float:
    """Seconds: one for a hiccup, then n⁴ + 15, with up to half of it again as jitter."""
    if failures == 0:
        return 1.0
    return (min(failures, 8) ** 4 + 15) * random.uniform(1, 1.5)  # noqa: S311  spreads load


def ready(rows: Iterable[Row]) -> list[Row]:
    """What may go now, in order: nothing overtakes a waiting row about the same subject."""
    now, stuck, out = timezone.now(), set[str](), list[Row]()
    for row in rows:
        if row.due > now or (row.subject and row.subject in stuck):
            stuck.add(row.subject)
        else:
            out.append(row)
    return out


def waiting(table: type[Row], names: Sequence[str], *, each: int = BATCH) -> dict[str, list[Row]]:
    """Per lane, the rows that may go now."""
    rows = table._default_manager.filter(lane__in=names, state="waiting").order_by("id")
    limit = each * max(1, min(len(names), 20))
    lanes: dict[str, list[Row]] = {}
    for row in rows[:limit]:
        lanes.setdefault(row.lane, []).append(row)
    return {name: go for name, found in lanes.items() if (go := ready(found))}


def due(table: type[Queued], *, limit: int = 500) -> list[str]:
    """Free lanes with something to do."""
    now = timezone.now()
    held = Lane.objects.filter(due__gt=now).values("name")
    rows = table._default_manager.filter(state="waiting", due__lte=now).exclude(lane__in=held)
    return list(rows.order_by("lane").values_list("lane", flat=True).distinct()[:limit])


def free_the_dead() -> int:
    """Leases of processes on this machine that are no more end at once, not after their time."""
    held = Lane.objects.filter(due__gt=timezone.now()).exclude(holder="")
    holders = held.values_list("holder", flat=True).distinct()
    dead = [name for name in holders if is_dead(name)]
    if not dead:
        return 0
    return Lane.objects.filter(holder__in=dead).update(due=timezone.now(), holder="")
