"""All that the neighbour knows, in memory: actors, what they wrote, what came, what goes wrong."""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from bridge.demo.neighbour.cast import Actor, Json
from bridge.demo.neighbour.signing import Dialect

_KEPT = 200_000  # the newest so many deliveries are remembered
_SECOND_HOST = IPv4Address("127.0.0.2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    host: str = "127.0.0.1"  # the name in our ids; "localhost" is fine too
    hosts: int = 0  # further ones, on 127.0.0.2 and so on
    accepts: frozenset[Dialect]
    sends: Dialect = "cavage"
    sink: bool = False  # count what comes, believe everything, do nothing
    secure: bool = False  # actors and posts are shown only to signed requests

    @property
    def names(self) -> list[str]:
        return [self.host, *(str(_SECOND_HOST + k) for k in range(self.hosts))]


@dataclass(slots=True)
class Received:
    n: int
    at: float
    host: int
    path: str
    status: int
    type: str = ""
    id: str = ""
    actor: str = ""
    dialect: str = ""
    verified: bool = False
    why: str = ""
    activity: Json = field(default_factory=dict)
    text: str = ""  # the activity again, to search in
    headers: dict[str, str] = field(default_factory=dict)
    audience: list[str] = field(default_factory=list)  # whom of us it concerned when it came


@dataclass(slots=True)
class Fault:
    mode: str  # status:NNN, hang or refuse
    every: int = 1
    times: int | None = None
    where: str = "inbox"  # or "get", or "file"
    retry_after: int | None = None
    met: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)  # who hangs waits for it

    def strikes(self) -> bool:
        if self.times == 0:
            return False
        self.met += 1
        if self.met % self.every:
            return False
        if self.times is not None:
            self.times -= 1
        return True


@dataclass(slots=True)
class File:
    kind: str
    body: bytes
    asked: int = 0


class World:
    def __init__(self, settings: Settings, port: int) -> None:
        self.settings, self.port = settings, port
        self.origins = [f"http://{name}:{port}" for name in settings.names]
        self._hosts = {f"{name}:{port}": k for k, name in enumerate(settings.names)}
        self.shared_key = make_key()  # of the crowd: making 2,000 keys would take a minute
        self.actors: dict[str, Actor] = {}
        self.objects: dict[str, Json] = {}  # ours, the private ones too, and their tombstones
        self.files: dict[str, File] = {}  # by their names
        self.seen: dict[str, Json] = {}  # others' posts as they stand now
        self.received: deque[Received] = deque(maxlen=_KEPT)
        self.faults: dict[int | None, list[Fault]] = {}
        self.count = 0
        self.news = asyncio.Event()
        self.work: set[asyncio.Task[None]] = set()  # what is done about messages, after the answer
        self.keeper = self.add("keeper", kind="Application")

    def host_of(self, netloc: str) -> int:
        return self._hosts.get(netloc.lower(), 0)

    def add(
        self,
        name: str,
        *,
        host: int = 0,
        kind: str = "Person",
        key: rsa.RSAPrivateKey | None = None,
    ) -> Actor:
        actor = Actor(self.origins[host], name, key or make_key(), kind=kind)
        return self.actors.setdefault(actor.id, actor)

    def find(self, name: str, host: int = 0) -> Actor | None:
        """By name or by id."""
        return self.actors.get(name) or self.actors.get(f"{self.origins[host]}/users/{name}")

    # What came.

    def keep(self, one: Received) -> None:
        one.audience = [
            actor.id
            for actor in self.actors.values()
            if _concerns(actor, self.origins[one.host], one)
        ]
        self.received.append(one)
        self.news.set()

    def number(self) -> int:
        self.count += 1
        return self.count

    def matching(
        self, *, actor: Actor | None = None, kind: str = "", since: int = 0, contains: str = ""
    ) -> Iterator[Received]:
        """In the order of their coming; of the believed ones only."""
        for one in self.received:
            if one.n <= since or one.status >= 300 or (kind and one.type != kind):
                continue
            if contains and contains not in one.text:
                continue
            if actor is None or actor.id in one.audience:
                yield one

    async def wait_for_news(self, seconds: float) -> None:
        self.news.clear()
        try:
            await asyncio.wait_for(self.news.wait(), seconds)
        except TimeoutError:
            return

    # What goes wrong.

    def heal(self, host: int | None) -> None:
        for fault in self.faults.pop(host, []):
            fault.over.set()

    def next_fault(self, host: int, where: str) -> Fault | None:
        for fault in self.faults.get(host, []) + self.faults.get(None, []):
            if fault.where == where and fault.strikes():
                return fault
        return None

    def stats(self, *, ids: bool = False) -> dict[str, Any]:
        good = [one for one in self.received if one.status < 300]
        counts = Counter(one.id for one in good)
        first, last = (good[0].at, good[-1].at) if good else (0.0, 0.0)
        return {
            "received": len(good),
            "refused": len(self.received) - len(good),
            "distinct": len(counts),
            "duplicates": {one: n for one, n in counts.items() if n > 1},
            "by_type": Counter(one.type for one in good),
            "hosts": len({one.host for one in good}),
            "first": first,
            "last": last,
            "per_second": len(good) / (last - first) if last > first else 0.0,
            "cpu": time.process_time(),
            **({"ids": list(counts.items())} if ids else {}),
        }


def _concerns(actor: Actor, origin: str, one: Received) -> bool:
    if one.path != "/inbox":
        return origin + one.path == actor.inbox
    if origin != actor.origin or one.actor in actor.blocked:
        return False
    return one.actor in actor.following or f'"{actor.id}"' in one.text


def make_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
