"""What every live story stands on: Ownroom in one of its two forms, a homeserver, a neighbour."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bridge.demo.homeserver import Homeserver
from bridge.demo.neighbourhood import Neighbour
from bridge.demo.person import Event, Person
from bridge.demo.server import NotReady, Server
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

    def sees_receipt(self, event: str) -> Event:
        """What the world was given for it."""
        kind = "social.ownroom.receipt"
        found: Event = self.person.wait_for(
            self.room, lambda one: one["type"] == kind and one["content"].get("event") == event
        )
        return found

    def room_with(self, name: str) -> str:
        """The room into which somebody of that name asked one, joined."""

        def invited() -> str:
            rooms = self.person.invites().items()
            return next((room for room, state in rooms if name in str(state)), "")

        return self.person.join(str(until(invited)))


@dataclass(kw_only=True)
class Town:
    """An Ownroom beside its homeserver, and who lives there."""

    server: Server
    homeserver: Homeserver
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


@dataclass(kw_only=True)
class Stage(Town):
    """A town with a fediverse server next door."""

    neighbour: Neighbour
    redis: Redis | None = None
    postgres: Postgres | None = None

    def carried(self, room: str, reader: Person) -> list[str]:
        """The ids of the posts in a room that came from elsewhere, oldest first, with repeats."""
        events = every(reader, room)
        return [event["content"][OBJECT]["id"] for event in events if OBJECT in event["content"]]


@contextlib.contextmanager
def settled(
    folder: Path,
    *,
    server_name: str = "hs.localhost",
    database: str = "",
    redis: str = "",
    admins: str = "",
) -> Iterator[Town]:
    """A homeserver and an Ownroom that know each other, in a folder of their own."""
    server = Server(
        folder / "ownroom",
        database=database,
        redis=redis,
        # Registering asks for the name before the homeserver is there.
        environment={"OWNROOM_SERVER_NAME": server_name, "OWNROOM_ADMINS": admins},
    )
    registration = server.register()
    with Homeserver(
        folder / "homeserver", server_name=server_name, registrations=(registration,)
    ) as homeserver:
        try:
            server.start(homeserver)
            yield Town(server=server, homeserver=homeserver)
        finally:
            server.stop()


@contextlib.contextmanager
def stage(form: str, folder: Path, **options: Any) -> Iterator[Stage]:
    """Raises services.NotThere when the form cannot run here."""
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(Redis()) if form == "parts" else None
        postgres = stack.enter_context(Postgres()) if redis else None
        town = stack.enter_context(
            settled(
                folder,
                server_name=options.pop("server_name", "hs.localhost"),
                database=postgres.create("ownroom") if postgres else "",
                redis=redis.url if redis else "",
            )
        )
        yield Stage(
            server=town.server,
            homeserver=town.homeserver,
            neighbour=stack.enter_context(Neighbour(**options)),
            redis=redis,
            postgres=postgres,
        )


def supervised(town: Stage) -> bool:
    """As systemd or compose would: what ended by itself (Celery does, at a bad moment of its
    broker's death) is started again.
    """
    ended = [name for name, part in town.server.parts.items() if part.poll() is not None]
    if ended:
        sys.stdout.write(f"\n[ended by themselves] {', '.join(ended)}\n")
    try:
        town.server.revive()
    except NotReady:
        return False
    return True


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
