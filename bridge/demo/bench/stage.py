"""What a bench runs on: a real homeserver, Ownroom as child processes, a neighbour next door."""

import contextlib
import datetime as dt
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from bridge.demo.bench import machine
from bridge.demo.homeserver import Homeserver
from bridge.demo.neighbourhood import Neighbour
from bridge.demo.person import Person
from bridge.demo.server import Server
from bridge.demo.services import Postgres, Redis

HOSTS = 200
T = TypeVar("T")


class TooLate(RuntimeError):
    """What was waited for did not come; the text says how far it was."""


@dataclass
class Stage:
    form: str
    homeserver: Homeserver
    server: Server
    neighbour: Neighbour
    alice: Person
    profile: dict[str, str]
    inbox: str
    seconds: dict[str, float] = field(default_factory=dict)  # of the starts

    def pids(self) -> list[int]:
        return list(machine.below(part.pid for part in self.server.parts.values()))

    def cpu(self) -> float:
        return machine.cpu(self.pids())

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Asks the index past the server, so that looking costs it nothing."""
        with contextlib.closing(self._connected()) as connection:
            found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
            return found

    def _connected(self) -> Any:
        if self.form == "sqlite":
            path = self.server.folder / "ownroom.sqlite3"
            return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
        import psycopg

        return psycopg.connect(self.server.database)

    def moment(self, query: str) -> float:
        """Seconds since 1970 of the one time that `query` gives."""
        found = self.ask(query)[0][0]
        when = found if isinstance(found, dt.datetime) else dt.datetime.fromisoformat(str(found))
        return (when if when.tzinfo else when.replace(tzinfo=dt.UTC)).timestamp()

    def settled(self, table: str, network: str, patience: float = 600) -> None:
        """Until no row of the network waits in `table`."""
        query = f"SELECT count(*) FROM {table} WHERE network = '{network}' AND state = 'waiting'"  # noqa: S608  both are words of ours
        until(lambda: not self.ask(query)[0][0], patience, lambda: f"{self.ask(query)} wait")


def until(fits: Callable[[], T], patience: float, told: Callable[[], str]) -> T:
    end = time.monotonic() + patience
    while not (found := fits()):
        if time.monotonic() > end:
            raise TooLate(told())
        time.sleep(0.02)
    return found


@contextlib.contextmanager
def built(form: str, folder: Path) -> Iterator[Stage]:
    """Everything up, alice's profile made and her rooms joined."""
    with contextlib.ExitStack() as stack:
        database, redis = "", ""
        if form == "postgres":
            database = stack.enter_context(Postgres()).create("ownroom")
            redis = stack.enter_context(Redis()).url
        # As an installed server has it: compiled once, not at every start.
        compiled = {"PYTHONDONTWRITEBYTECODE": ""}
        server = Server(folder / "ownroom", database=database, redis=redis, environment=compiled)
        homeserver = Homeserver(
            folder / "homeserver", server_name="hs.localhost", registrations=(server.register(),)
        )
        stack.enter_context(homeserver)
        stack.callback(server.stop)
        began = time.monotonic()
        server.start(homeserver)
        first = time.monotonic() - began
        server.stop()
        began = time.monotonic()
        server.start(homeserver)
        again = time.monotonic() - began
        alice = homeserver.person("alice")
        profile = server.create_profile(alice.user_id)
        for room in (profile["room_id"], profile["desk"]):
            alice.join(room)
        inbox = str(server.json(profile["actor"])["endpoints"]["sharedInbox"])
        neighbour = stack.enter_context(Neighbour(hosts=HOSTS, sink=True))
        seconds = {"first": first, "again": again}
        yield Stage(form, homeserver, server, neighbour, alice, profile, inbox, seconds)
