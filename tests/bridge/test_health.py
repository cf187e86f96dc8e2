"""What a supervisor and Prometheus are told: the state, and nothing about anybody."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from bridge.models import Lane, Received
from tests.fakes.world import Resident, World

pytestmark = pytest.mark.django_db


def test_it_lives_whatever_else_is_broken(client: Client) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/health").json() == {"status": "UP"}


def test_it_is_not_ready_without_its_homeserver(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == "ok"
    assert answer.json()["checks"]["homeserver"] != "ok"


def test_it_is_ready_with_its_homeserver(client: Client, world: World) -> None:
    assert client.get("/readyz").json()["ready"] is True


def test_work_that_nobody_does_makes_it_unready(client: Client, world: World) -> None:
    old = timezone.now() - timedelta(seconds=900)
    row = {"network": "matrix", "lane": "one", "body": "{}", "due": old}
    Received.objects.create(key="a", **row)
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "has been due" in answer.json()["checks"]["backlog"]
    Lane.objects.create(name="one", due=timezone.now() + timedelta(seconds=60))
    assert client.get("/readyz").status_code == 200  # a lane that rests is no fault of ours


def test_figures_are_for_internal_networks_only(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="8.8.8.8").status_code == 403
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    assert client.get("/metrics", headers=forwarded).status_code == 403


def test_figures_name_nobody(client: Client, world: World, alice: Resident) -> None:
    alice.post("secret words")
    world.settle()
    text = client.get("/metrics").content.decode()
    assert 'ownroom_received_rows{network="matrix"' in text
    assert "alice" not in text
    assert "secret" not in text
