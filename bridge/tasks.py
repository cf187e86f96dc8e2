"""All of Celery's tasks. Each may run twice and may die anywhere: the tables hold the truth."""

import logging
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from bridge import (
    answered,
    consents,
    counting,
    delivering,
    documents,
    errands,
    inbox,
    lanes,
    links,
    pace,
    processing,
    recall,
    rounds,
)
from bridge.activitypub import actors, quotes
from bridge.errors import Trouble
from bridge.loop import run
from bridge.matrix import admins, bot, client, gaps, registration, storage
from bridge.matrix.watch import homeserver
from bridge.models import Received, Tick
from social import actions, bell, outbox, reach
from social.models import Delivery

log = logging.getLogger("ownroom.tasks")
TICK = timedelta(seconds=30)
KEEP_RECEIVED = timedelta(days=30)  # also the memory that recognises duplicates
KEEP_DELIVERIES = timedelta(days=7)
KEEP_ERRANDS = timedelta(days=7)
KEEP_PEERS = timedelta(days=90)
KEEP_TOMBSTONES = timedelta(days=30)  # of what was never seen


@shared_task
def drain_received(names: list[str]) -> None:
    """Those lanes that must go on alone are a task each: a slow host holds up no other."""
    first, *others = [*processing.drain_together(names), ""]
    for name in filter(None, others):
        drain_lane.delay(name)
    if first:
        processing.drain(first)


@shared_task
def drain_lane(name: str) -> None:
    processing.drain(name)


@shared_task
def drain_deliveries(names: list[str]) -> None:
    delivering.drain(names)


@shared_task
def run_errands(names: list[str]) -> None:
    first, *others = [*(names if len(names) == 1 else lanes.idle(names)), ""]
    for name in filter(None, others):
        run_errands.delay([name])
    if first:
        rounds.drain(first)


@shared_task
def sweep() -> None:
    """Finds what a lost bell missed, what waited long enough, and what a dead process held."""
    _tick("sweep")
    answered.recover()
    lanes.free_the_dead()
    bell.ring(inbox.DRAIN, lanes.due(Received))
    bell.ring(outbox.DRAIN, lanes.due(Delivery))
    bell.ring(errands.RUN, errands.due())


def _tick(name: str) -> None:
    """Twice a minute at most: regular work leaves a trace, and hardly a write."""
    now = timezone.now()
    if Tick.objects.filter(name=name, at__gt=now - TICK).exists():
        return
    Tick.objects.update_or_create(name=name, defaults={"at": now})


@shared_task
def catch_up() -> None:
    """Reads from the homeserver what it may have failed to push."""
    gaps.close()


@shared_task
def watch() -> None:
    """When the homeserver is there again: what it forgot to push is read, what waited goes on."""
    if not homeserver.returned():
        return
    lanes.wake_all("matrix")
    try:
        run(client.register(registration.BOT))
        run(client.ping())
        admins.look_after()
        run(bot.introduce())
    except registration.RegistrationMissing as error:
        log.warning("the homeserver cannot be asked: %s", error)
        return
    except Trouble as error:
        log.warning("the homeserver does not know us: %s. Why: python manage.py doctor", error)
    catch_up()


@shared_task
def count() -> None:
    """Tells how polls stand, and closes those whose time is over."""
    counting.tell_due()


@shared_task
def awake() -> None:
    """At the start of a worker."""
    sweep()
    watch()


@shared_task
def plan() -> None:
    """What we mean to do by ourselves, and nothing that happened makes us think of."""
    recall.plan()


@shared_task
def read_on(uris: list[str]) -> None:
    """Somebody looks at a page: what others answered elsewhere may be read on."""
    recall.seen(uris)


@shared_task
def look_again() -> None:
    """Whether those who let themselves be quoted still do."""
    with pace.unhurried():
        quotes.look_again()
    consents.plan()


@shared_task
def prune() -> None:
    """No table grows for ever with what nobody will ask for again."""
    now = timezone.now()
    Received.objects.exclude(state="waiting").filter(ended__lt=now - KEEP_RECEIVED).delete()
    Delivery.objects.exclude(state="waiting").filter(ended__lt=now - KEEP_DELIVERIES).delete()
    documents.prune()
    errands.prune(now - KEEP_ERRANDS)
    links.plan()
    lanes.prune(now - KEEP_DELIVERIES)
    actors.prune(now - KEEP_PEERS)
    storage.prune()
    reach.prune()
    actions.prune(int((now - KEEP_TOMBSTONES).timestamp() * 1000))
