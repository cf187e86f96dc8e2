"""The worker listens for bells, whatever it was doing a moment ago."""

import threading
from time import monotonic
from types import SimpleNamespace

from celery import signals
from kombu.asynchronous.hub import Hub

from bridge.celery import SOON, Attention, app


def test_a_worker_that_was_busy_listens_again_soon_after_a_task_has_ended() -> None:
    hub = Hub()
    consumer = SimpleNamespace(hub=hub, steps=[])
    step = Attention(consumer)
    assert step.include_if(consumer)
    step.start(consumer)
    cycles = hub.create_loop()
    ending = threading.Thread(target=lambda: signals.task_postrun.send(sender=None))
    ending.start()
    ending.join()
    next(cycles)
    (look,) = hub.timer.queue
    assert look.eta <= monotonic() + SOON
    next(cycles)
    step.stop(consumer)
    signals.task_postrun.send(sender=None)
    next(cycles)
    assert not hub.timer.queue
    hub.close()


def test_a_worker_without_an_event_loop_needs_no_attention() -> None:
    consumer = SimpleNamespace(hub=None, steps=[])
    assert not Attention(consumer).include_if(consumer)
    assert Attention in app.steps["consumer"]
