"""What every live story stands on: Ownroom in one of its two forms, a homeserver, a neighbour."""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.demo.homeserver import Homeserver
from bridge.demo.neighbourhood import Neighbour
from bridge.demo.person import Event, Person
from bridge.demo.server import Server
from bridge.demo.services import Postgres, Redis

FORMS = ("embedded", "parts")
OBJECT = "social.ownroom.object"


@dataclass(frozen=True, slots=True)
class Resident:
    """A Matrix user with a profile: their client, and the rooms that are theirs."""

    person: Person
    handle: str
    actor: str
    room: str
    desk: str

    def post(self, text: str) -> str:
        return self.person.send(self.room, text)

    def uri(self, event: str) -> str:
        """The ActivityPub id of what was typed as this event."""
        return f"{self.actor.split('/ap/')[0]}/ap/o/{event[1:]}"

    def ask(self, command: str, answer: str, *, timeout: float = 20, **content: Any) -> str:
        """Types a command in the desk and waits for the bot's answer with these words."""
        asked = self.person.send(self.desk, command, **content)
        fits = after(asked, containing(answer))
        return str(self.person.wait_for(self.desk, fits, timeout)["content"]["body"])

    def told(self, text: str, *, timeout: float = 20) -> Event:
        """What the bot said by itself in the desk."""
        return self.person.wait_for(self.desk, containing(text), timeout)

    def sees(self, text: str, *, room: str = "", timeout: float = 20) -> Event:
        return self.person.wait_for(room or self.room, containing(text), timeout)

    def room_with(self, name: str) -> str:
        """The room into which somebody of that name asked one, joined."""

        def invited() -> str:
            rooms = self.person.invites().items()
            return next((room for room, state in rooms if name in str(state)), "")

        return self.person.join(str(until(invited)))


@dataclass
class Stage:
    server: Server
    homeserver: Homeserver
    neighbour: Neighbour
    redis: Redis | None = None
    postgres: Postgres | None = None
    residents: dict[str, Resident] = field(default_factory=dict)

    def resident(self, name: str) -> Resident:
        if name not in self.residents:
            person = self.homeserver.person(name)
            made = self.server.create_profile(person.user_id)
            person.join(made["room_id"])
            person.join(made["desk"])
            self.residents[name] = Resident(
                person, made["handle"], made["actor"], made["room_id"], made["desk"]
            )
        return self.residents[name]

    def carried(self, room: str, reader: Person) -> list[str]:
        """The ids of the posts in a room that came from elsewhere, oldest first, with repeats."""
        events = every(reader, room)
        return [event["content"][OBJECT]["id"] for event in events if OBJECT in event["content"]]


@contextlib.contextmanager
def stage(form: str, folder: Path, **options: Any) -> Iterator[Stage]:
    """Raises services.NotThere when the form cannot run here."""
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis()) if form == "parts" else None
        postgres = stack.enter_context(Postgres()) if redis else None
        database = postgres.create("ownroom") if postgres else ""
        server = Server(folder / "ownroom", database=database, redis=redis.url if redis else "")
        registration = server.register()
        homeserver = Homeserver(
            folder / "homeserver",
            server_name=options.pop("server_name", "hs.localhost"),
            registrations=(registration,),
        )
        stack.enter_context(homeserver)
        stack.callback(server.stop)
        server.start(homeserver)
        neighbour = stack.enter_context(Neighbour(**options))
        yield Stage(server, homeserver, neighbour, redis, postgres)


def containing(text: str) -> Callable[[Event], bool]:
    return lambda event: text in str(event.get("content", {}).get("body", ""))


def after(event_id: str, fits: Callable[[Event], bool]) -> Callable[[Event], bool]:
    """Only what comes later than this event counts."""
    passed: list[str] = []

    def judge(event: Event) -> bool:
        if event["event_id"] == event_id:
            passed.append(event_id)
            return False
        return bool(passed) and fits(event)

    return judge


def every(person: Person, room: str) -> list[Event]:
    """The whole room, oldest first."""
    path = f"/_matrix/client/v3/rooms/{room.replace('!', '%21').replace(':', '%3A')}/messages"
    found: list[Event] = []
    query: dict[str, object] = {"dir": "f", "limit": 1000}
    while True:
        page = person.call("GET", path, **query)
        found += page["chunk"]
        if not page["chunk"] or not page.get("end"):
            return found
        query["from"] = page["end"]


def until(fits: Callable[[], Any], timeout: float = 30, pause: float = 0.1) -> Any:
    """Waits for a condition that nobody announces; its first true value."""
    end = time.monotonic() + timeout
    while not (found := fits()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {timeout:g} s for nothing; last answer: {found!r}")
        time.sleep(pause)
    return found
