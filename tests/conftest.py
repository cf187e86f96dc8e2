"""The cast and the stage of the fast suite. No socket leaves the machine; nobody sleeps.

`alice` and `ada` own rooms here, `bob` lives next door, `mallory` lies. `world.settle()` stands in
for the workers: it does what waits, until nothing moves.
"""

import socket
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any

import hypothesis
import pytest
import yaml
from django.conf import settings as configured
from django.core.cache import cache
from django.db import connection, connections
from pytest_django import DjangoDbBlocker
from pytest_django import Settings as SettingsWrapper
from pytest_django.live_server_helper import LiveServer

from bridge import pace, turns
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.neighbourhood import Neighbour as Neighbourhood
from bridge.loop import in_database, run
from bridge.matrix import client, uploads
from bridge.matrix.registration import BOT
from social import once
from tests.fakes import homeserver_door, served
from tests.fakes.homeserver import OURS, SERVER, THEIRS, Homeserver
from tests.fakes.world import Resident, World, make_keeper
from tests.schemas.documents import unmet

# How long an example takes says how busy the machine is, and nothing about the claim.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")

THOROUGH = (
    "tests/bridge/demo/",
    "tests/bridge/security/",
    "tests/bridge/test_admin.py",
    "tests/bridge/test_commandline.py",
    "tests/bridge/test_delivering.py",
    "tests/bridge/test_flights.py::test_who_takes",
    "tests/bridge/test_html.py",
    "tests/bridge/test_http.py",
    "tests/bridge/test_keeping.py",
    "tests/bridge/test_rebuild.py",
    "tests/bridge/test_rebuild_columns.py",
    "tests/bridge/test_rebuild_odd.py",
    "tests/bridge/test_serving.py",
    "tests/bridge/test_who_reads.py",
    "tests/bridge/matrix/test_gaps.py",
    "tests/bridge/matrix/test_membership.py",
    "tests/bridge/matrix/test_render.py::test_a_long_text",
    "tests/deploy/",
    "tests/flows/",
)
# Stories that are told each time: the line itself, and who may read.
FAST = (
    "tests/flows/test_posting.py",
    "tests/flows/test_privacy.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long has a suite of its own, so that the fast one stays under a minute."""
    for item in items:
        if item.nodeid.startswith(THOROUGH) and not item.nodeid.startswith(FAST):
            item.add_marker(pytest.mark.thorough)


@pytest.fixture(scope="session", autouse=True)
def _only_loopback() -> Iterator[None]:
    """A test that wants to reach a stranger fails at once."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any, /) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not str(host).startswith(("127.", "::1", "localhost")):
            raise AssertionError(f"a test wanted to connect to {host}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """PostgreSQL drops no database to which the loop's thread still has a line."""
    yield
    with django_db_blocker.unblock():
        run(in_database(connections.close_all))


@pytest.fixture(scope="session")
def home_for_all() -> Iterator[Homeserver]:
    yield from homeserver_door.serve()


@pytest.fixture(scope="session")
def neighbours_for_all() -> Iterator[Neighbourhood]:
    with Neighbourhood(hosts=2) as found:
        yield found


@pytest.fixture(scope="session")
def registration_for_all() -> None:
    told = {"id": "ownroom", "as_token": OURS, "hs_token": THEIRS, "sender_localpart": BOT}
    configured.OWNROOM_REGISTRATION.write_text(yaml.safe_dump(told))


@pytest.fixture(autouse=True)
def _nothing_known_from_before() -> None:
    once.forget()
    uploads.silent.clear()
    pace.of_this_process.forget()


@pytest.fixture
def neighbours(neighbours_for_all: Neighbourhood) -> Neighbourhood:
    neighbours_for_all.reset()
    return neighbours_for_all


@pytest.fixture
def home(home_for_all: Homeserver, registration_for_all: None) -> Iterator[Homeserver]:
    """Whatever we write into its rooms must be as the Matrix specification has it."""
    home_for_all.reset()
    yield home_for_all
    home_for_all.recover()
    assert not home_for_all.wrong, "\n".join(home_for_all.wrong)


@pytest.fixture
def _nobody_asked_in_a_transaction(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever waits for a stranger holds up nobody else who wants to write."""
    found, aside = list[str](), turns.aside

    def watched() -> AbstractContextManager[None]:
        if connection.in_atomic_block:
            found.append("".join(traceback.format_stack(limit=10)))
        return aside()

    monkeypatch.setattr(turns, "aside", watched)
    yield
    assert not found, found[0]


@pytest.fixture
def world(
    home: Homeserver,
    neighbours: Neighbourhood,
    live_server: LiveServer,
    settings: SettingsWrapper,
    _nobody_asked_in_a_transaction: None,
) -> Iterator[World]:
    """Ours, with a homeserver beside it and a fediverse server next door.

    Whatever it serves and sends must have what the readers of other servers demand.
    """
    domain = live_server.url.removeprefix("http://")
    settings.OWNROOM_DOMAIN = settings.OWNROOM_HANDLE_DOMAIN = domain
    settings.OWNROOM_ORIGIN = live_server.url
    settings.OWNROOM_HOMESERVER_URL = home.url
    settings.OWNROOM_SERVER_NAME = SERVER
    home.app_url = live_server.url
    cache.clear()
    make_keeper()
    run(client.register(BOT))
    served.wrong.clear()
    served.seen.clear()
    yield World(home, neighbours, live_server.url)
    told = [one["activity"] for one in neighbours.received()]
    ours = [one for one in told if str(one.get("actor", "")).startswith(live_server.url)]
    wrong = [*served.wrong, *(line for one in ours for line in unmet(one))]
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.fixture
def alice(world: World) -> Resident:
    return world.resident("alice")


@pytest.fixture
def ada(world: World) -> Resident:
    return world.resident("ada")


@pytest.fixture
def bob(world: World) -> Neighbour:
    return world.neighbour("bob")


@pytest.fixture
def mallory(world: World) -> Neighbour:
    """Of another host, with a key of her own."""
    return world.neighbour("mallory", host=1, shared_key=False)
