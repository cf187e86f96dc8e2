"""Posts each way, one after another, what became of them, and the figures to tell of it."""

import http.client
import os
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from time import time
from urllib.parse import quote

from bridge.demo.neighbourhood import Actor
from bridge.demo.person import Refused
from tests.live.stage import Resident, until

FULL = os.environ.get("OWNROOM_SURVIVE") == "full"
# Each run draws another order of kills; a run that failed is run again with its number.
SEED = int(os.environ.get("OWNROOM_SEED") or random.randrange(10**6))


def tell(figure: str, **found: object) -> None:
    """One line of results."""
    values = ", ".join(f"{name} {value}" for name, value in found.items())
    sys.stdout.write(f"\n[{figure}] {values}, seed {SEED}\n")


@dataclass
class Stream:
    """Posts, one after another, in a thread of its own."""

    say: Callable[[str], str]  # gives the id of the post
    name: str
    posts: int
    ids: list[str] = field(default_factory=list)
    begun: dict[str, float] = field(default_factory=dict)  # when each was first tried

    def reached(self, number: int) -> bool:
        return len(self.ids) >= number

    def run(self) -> None:
        for number in range(self.posts):
            self.one(number)

    def one(self, number: int) -> None:
        begun = time()
        uri = self.say(f"{self.name} {number:05}")
        self.begun[uri] = begun
        self.ids.append(uri)


@dataclass
class Mailbox:
    """The posts that came to somebody next door, in the order of their coming, with repeats."""

    owner: Actor
    came: list[str] = field(default_factory=list)
    at: dict[str, float] = field(default_factory=dict)
    last: int = 0

    def look(self) -> list[str]:
        for one in self.owner.received("Create", since=self.last):
            self.last = max(self.last, int(one["n"]))
            uri = one["activity"]["object"]["id"]
            self.came.append(uri)
            self.at.setdefault(uri, float(one["at"]))
        return self.came

    @property
    def repeats(self) -> int:
        return len(self.came) - len(set(self.came))


def typed(resident: Resident) -> Callable[[str], str]:
    """Posts as every Matrix client does: the same request again until the homeserver has it."""
    person, room = resident.person, quote(resident.room, safe="")

    def say(text: str) -> str:
        name = text.replace(" ", "-")
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{name}"

        def sent() -> str:
            try:
                answer = person.call("PUT", path, {"msgtype": "m.text", "body": text})
            except (OSError, http.client.HTTPException, Refused):
                return ""
            return str(answer["event_id"])

        return resident.uri(str(until(sent, 120)))

    return say


def stubborn(bob: Actor) -> Callable[[str], str]:
    """Posts as every server does: what is not taken is sent again, just as it was."""

    def say(text: str) -> str:
        sent = bob.post(text)
        until(lambda: sent.statuses == [202] or bob.resend(sent.id).statuses == [202], 120)
        return sent.post

    return say
