"""The work: does it move, and is there somebody who moves it."""

from django.utils import timezone

from bridge import health
from bridge.doctor.findings import Finding, fail, ok, warn
from bridge.models import Lane, Received, Tick
from social.models import Delivery

LATE = 120  # seconds without a sweep


def scheduler() -> Finding:
    """A sweep is rung for by the scheduler and done by a worker: its tick proves both."""
    tick = Tick.objects.filter(name="sweep").first()
    cure = "Start it: systemctl start ownroom-embedded (or ownroom.target), and read its log."
    if tick is None:
        return fail("it has never run", cure)
    age = (timezone.now() - tick.at).total_seconds()
    if age > LATE:
        return fail(f"scheduler or worker stand still: last seen {_ago(age)} ago", cure)
    return ok("scheduler and worker run")


def backlog() -> Finding:
    age = max(health.oldest(table) for table in (Received, Delivery))
    if age > health.OLD:
        return fail(f"a row has been due for {_ago(age)}", "Is a worker running? See its log.")
    troubled = Lane.objects.filter(failures__gt=0).order_by("-failures")
    count, worst = troubled.count(), troubled.first()
    if worst is None:
        return ok("nothing waits longer than it should")
    cure = "It is tried again by itself; look: python manage.py deliveries list"
    if worst.name.startswith("matrix "):
        return warn(f"a room cannot be written to: {worst.note}", cure)
    return ok(f"nothing waits longer than it should; {count} servers do not answer at the moment")


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{int(seconds)} seconds"
    return f"{int(seconds // 60)} minutes" if seconds < 7200 else f"{int(seconds // 3600)} hours"
