"""The Celery app. It only rings bells: the tables hold the truth, so a lost bell costs seconds."""

import os
from typing import Any

from celery import Celery, bootsteps, signals
from django.conf import settings
from django.db import close_old_connections

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bridge.settings")

SOON = 0.005  # seconds

# Celery's own help for Django closes the thread's connection before and after every task, and a
# new one to PostgreSQL costs more than recording a post: it is kept, and looked at instead.
app = Celery("ownroom", fixups=[])
app.conf.update(
    broker_url=settings.REDIS_URL or "memory://",
    broker_transport_options={
        "visibility_timeout": 600,
        "socket_timeout": 30,
        "socket_keepalive": True,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        **({} if settings.REDIS_URL else {"polling_interval": 0.02}),
    },
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    # Acknowledged when taken: the sweep finds what a bell lost with its worker was for, and one
    # that is held while the broker dies would end the worker, for it could not be given back.
    task_acks_late=False,
    worker_disable_prefetch=bool(settings.REDIS_URL),
    task_time_limit=300,
    task_default_queue="maintenance",
    task_routes={
        "bridge.tasks.drain_received": {"queue": "inbox"},
        "bridge.tasks.drain_lane": {"queue": "inbox"},
        "bridge.tasks.drain_deliveries": {"queue": "deliver"},
    },
    task_create_missing_queues=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_concurrency=4,
    imports=("bridge.tasks",),
    beat_schedule={
        "sweep": {"task": "bridge.tasks.sweep", "schedule": 3.0},
        "watch": {"task": "bridge.tasks.watch", "schedule": 3.0},
        "catch-up": {"task": "bridge.tasks.catch_up", "schedule": 180.0},
        "plan": {"task": "bridge.tasks.plan", "schedule": 300.0},
        "count": {"task": "bridge.tasks.count", "schedule": 10.0},
        "look-again": {"task": "bridge.tasks.look_again", "schedule": 3600.0},
        "prune": {"task": "bridge.tasks.prune", "schedule": 3600.0},
    },
    timezone="UTC",
)


class Attention(bootsteps.StartStopStep):
    """A worker whose threads are all busy stops listening. The end of a task in a thread does not
    wake its event loop, so without this it would listen again only at its next timer: in seconds.
    """

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def include_if(self, consumer: Any) -> bool:
        return consumer.hub is not None

    def start(self, consumer: Any) -> None:
        self.hub = consumer.hub
        signals.task_postrun.connect(self.wake)

    def wake(self, **_: object) -> None:
        """In the thread of a task that ends: its place is free a moment after this."""
        self.hub.call_soon(self.hub.call_later, SOON, lambda: None)

    def stop(self, consumer: Any) -> None:
        signals.task_postrun.disconnect(self.wake)


def look_at_connections(**_: object) -> None:
    """Those that broke or are too old are closed before a task; it opens a new one."""
    close_old_connections()


signals.task_prerun.connect(look_at_connections)
app.steps["consumer"].add(Attention)
app.set_default()
