"""The worker listens for bells, whatever it was doing a moment ago."""

from types import SimpleNamespace

from kombu.asynchronous.hub import Hub

from bridge.celery import SOON, Attention, app


def test_a_worker_that_was_busy_listens_again_soon() -> None:
    hub = Hub()
    consumer = SimpleNamespace(hub=hub, steps=[])
    step = Attention(consumer)
    assert step.include_if(consumer)
    step.start(consumer)
    assert hub.fire_timers() <= SOON
    step.stop(consumer)
    assert step.look.canceled


def test_a_worker_without_an_event_loop_needs_no_attention() -> None:
    consumer = SimpleNamespace(hub=None, steps=[])
    assert not Attention(consumer).include_if(consumer)
    assert Attention in app.steps["consumer"]
