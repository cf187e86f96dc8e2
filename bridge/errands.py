"""Errands: what we mean to do by ourselves, kept in the database until it is done.

Nobody waits for one, so it may come late, be done twice or be put off; but no kill loses it.
"""

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from bridge import names, turns
from bridge.errors import Later
from bridge.models import Errand, Lane
from social import bell

RUN = "bridge.tasks.run_errands"
SLOTS = 2  # lanes of those that ask strangers: a slow host holds up half of the others at most
BATCH = 20
TRIES = 5
# Seconds from one try to the next of what no room has, while its server is away: a day and a half.
AGAIN = (300.0, 3600.0, 6 * 3600.0, 24 * 3600.0)
LONGEST = 2048  # signs: as long as an address that is kept
# Seconds between two runs of the same, however often somebody asks for it.
COOL = {
    Errand.Kind.PROFILE: 0,
    Errand.Kind.LINKS: 60,
    Errand.Kind.QUOTE: 60,
    Errand.Kind.POST: 60,
    Errand.Kind.PAST: 60,
    Errand.Kind.ACTOR: 3600,
    Errand.Kind.NAMED: 3600,
    Errand.Kind.CONVERSATION: 900,
    Errand.Kind.FOLLOWERS: 600,
    Errand.Kind.BAN: 0,
}


def put(kind: str, about: str, *, after: float = 0, place: str = "") -> None:
    """To be done in so many seconds; one that is meant for sooner stays as it is.

    What is about something that no row can hold whole is not meant: cut, it would be about another.
    """
    if len(about) > LONGEST:
        return
    now = timezone.now()
    wanted = now + timedelta(seconds=after)
    with turns.writing():
        row, created = Errand.objects.get_or_create(
            kind=kind,
            about=about,
            defaults={"due": wanted, "lane": _lane(kind, about), "place": place},
        )
        if created:
            return
        rested = row.done + timedelta(seconds=COOL[Errand.Kind(kind)]) if row.done else now
        wanted = max(wanted, rested)
        if row.due is None or row.due > wanted:
            Errand.objects.filter(pk=row.pk).update(due=wanted, place=place, failures=0)


def put_new(kind: str, abouts: Collection[str]) -> None:
    """Many at once, now; those that were ever put stay as they are."""
    with turns.writing():
        Errand.objects.bulk_create(
            [
                Errand(kind=kind, about=about, lane=_lane(kind, about))
                for about in abouts
                if len(about) <= LONGEST
            ],
            ignore_conflicts=True,
        )


def drop(kind: str, about: str) -> None:
    """There is nothing to be done any more."""
    Errand.objects.filter(kind=kind, about=about).delete()


def _lane(kind: str, about: str) -> str:
    """What asks nobody waits for nobody. One host is always asked in the same lane."""
    if kind in {Errand.Kind.PROFILE, Errand.Kind.BAN}:
        return "errands here"
    return f"errands {zlib.crc32(names.host_of(about).encode()) % SLOTS}"


def due() -> list[str]:
    """Free lanes with something to do."""
    now = timezone.now()
    held = Lane.objects.filter(due__gt=now).values("name")
    rows = Errand.objects.filter(due__lte=now).exclude(lane__in=held)
    return sorted(rows.order_by().values_list("lane", flat=True).distinct())


def waiting(lane: str) -> Sequence[Errand]:
    return list(Errand.objects.filter(lane=lane, due__lte=timezone.now()).order_by("due")[:BATCH])


def finish(errand: Errand, *, again: float | None = None, note: str = "") -> None:
    """`again`: seconds until it is done once more. What was asked for meanwhile stays asked for."""
    now = timezone.now()
    row = Errand.objects.filter(pk=errand.pk)
    row.update(done=now, times=F("times") + 1, failures=0, note=note[:500])
    next_ = None if again is None else now + timedelta(seconds=again)
    row.filter(due=errand.due).update(due=next_)


def patient(errand: Errand, problem: Later) -> Later:
    """The same, tried again until a server that was away is there."""
    after = problem.after or AGAIN[min(errand.failures, len(AGAIN) - 1)]
    return Later(str(problem), after=after)


def put_off(errand: Errand, problem: str, after: float | None) -> None:
    """It failed; tried again some times, then left until somebody asks for it anew."""
    failures = errand.failures + 1
    wait = after if after is not None else 60.0 * 4**errand.failures
    next_ = timezone.now() + timedelta(seconds=wait) if failures < TRIES else None
    Errand.objects.filter(pk=errand.pk, due=errand.due).update(
        due=next_, failures=failures, note=problem[:500]
    )


def run_again(rows: QuerySet[Errand]) -> int:
    """Now, whatever became of them before."""
    found = list(rows.order_by().values_list("lane", flat=True).distinct())
    with turns.writing():
        count = rows.update(due=timezone.now(), failures=0)
        transaction.on_commit(lambda: bell.ring(RUN, found))
    return count


def prune(before: datetime) -> int:
    """Forgets when something was done that nobody has asked for since."""
    return Errand.objects.filter(due=None, done__lt=before).delete()[0]
