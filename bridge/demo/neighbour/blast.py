"""Load for benches: many signed requests made beforehand, then poured through kept connections.

A bare HTTP/1.1 sender, so that two shared cores are spent on the server under test.
"""

import asyncio
import contextlib
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson

from bridge.demo.neighbour import cast, signing
from bridge.demo.neighbour.cast import Actor, Json
from bridge.demo.neighbour.courier import AGENT, Courier
from bridge.demo.neighbour.world import World

_PATIENCE = 60.0


@dataclass(slots=True)
class Pour:
    """One run: `requests` are whole, as they go over the wire."""

    url: str
    requests: deque[bytes]
    answers: list[tuple[int, float]] = field(default_factory=list)  # status, seconds
    started: float = 0.0
    seconds: float = 0.0

    async def run(self, concurrency: int) -> None:
        self.started, began = time.time(), time.perf_counter()
        await asyncio.gather(*(self._worker() for _ in range(concurrency)))
        self.seconds = time.perf_counter() - began

    async def _worker(self) -> None:
        while self.requests:
            parts = urlsplit(self.url)
            tls = parts.scheme == "https"
            try:
                reader, writer = await asyncio.open_connection(
                    parts.hostname, parts.port or (443 if tls else 80), ssl=tls or None
                )
            except OSError:
                self.requests.popleft()
                self.answers.append((0, 0.0))
                continue
            try:
                await self._use(reader, writer)
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until nothing is left or the other side closes."""
        keep = True
        while keep and self.requests:
            began = time.perf_counter()
            writer.write(self.requests.popleft())
            try:
                status, keep = await asyncio.wait_for(_answer(reader), _PATIENCE)
            except (OSError, EOFError, TimeoutError):
                status, keep = 0, False
            self.answers.append((status, time.perf_counter() - began))

    def report(self) -> dict[str, Any]:
        times = sorted(seconds * 1000 for _, seconds in self.answers) or [0.0]
        return {
            "sent": len(self.answers),
            "started": self.started,
            "seconds": self.seconds,
            "per_second": len(self.answers) / self.seconds if self.seconds else 0.0,
            "statuses": {str(key): n for key, n in Counter(s for s, _ in self.answers).items()},
            "p50_ms": statistics.median(times),
            "p95_ms": times[min(len(times) - 1, int(len(times) * 0.95))],
            "max_ms": times[-1],
        }


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """The status, and whether the connection is kept."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    status = int(head[9:12])
    if b"transfer-encoding: chunked" in head:
        await reader.readuntil(b"0\r\n\r\n")
    elif b"content-length:" in head:
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        await reader.readexactly(length)
    return status, b"connection: close" not in head


async def blast(
    world: World,
    courier: Courier,
    *,
    inbox: str,
    actors: int = 10,
    notes: int = 100,
    concurrency: int = 16,
    mention: str = "",
    follow: str = "",
    reply: str = "",
    text: str = "Post number {n} of the load",
) -> dict[str, Any]:
    """Public Creates by `actors`, who follow `follow` before; `mention` is named in each.

    `reply` is the post that each answers.
    """
    people = [_somebody(world, f"load{n}", n) for n in range(actors)]
    if follow:
        await crowd(world, courier, target=follow, people=people, concurrency=concurrency)
    named = [await courier.find(mention)] if mention else []
    made = []
    for n in range(notes):
        author = people[n % len(people)]
        note = cast.note(author, "public", cast.paragraph(text.format(n=n)), named)
        note["inReplyTo"] = reply or None
        world.objects[note["id"]] = note
        activity = cast.activity(author, "Create", note, to=note["to"], cc=note["cc"])
        made.append((author, activity))
    report = await _pour(world, inbox, made, concurrency)
    return {**report, "posts": [activity["object"]["id"] for _, activity in made]}


async def crowd(
    world: World,
    courier: Courier,
    *,
    target: str,
    n: int = 0,
    people: list[Actor] | None = None,
    concurrency: int = 8,
) -> dict[str, Any]:
    """`n` actors, spread over the hosts, follow `target`."""
    document = await courier.find(target)
    uri, inbox = str(document["id"]), str(document["inbox"])
    made = []
    for actor in people or [_somebody(world, f"fan{k}", k) for k in range(n)]:
        activity = cast.activity(actor, "Follow", uri)
        actor.following[uri] = activity["id"]
        made.append((actor, activity))
    return await _pour(world, inbox, made, concurrency)


def _somebody(world: World, name: str, number: int) -> Actor:
    hosts = world.settings.hosts
    return world.add(name, host=1 + number % hosts if hosts else 0, key=world.shared_key)


async def _pour(
    world: World, inbox: str, made: Iterable[tuple[Actor, Json]], concurrency: int
) -> dict[str, Any]:
    requests: deque[bytes] = deque()
    for actor, activity in made:
        requests.append(_request(world, inbox, actor, activity))
        if not len(requests) % 50:
            await asyncio.sleep(0)  # the server beside us must go on answering
    run = Pour(inbox, requests)
    spent = time.process_time()
    await run.run(concurrency)
    return {**run.report(), "cpu": time.process_time() - spent}


def _request(world: World, inbox: str, actor: Actor, activity: Json) -> bytes:
    body = orjson.dumps(activity)
    plain = {"content-type": cast.MEDIA_TYPE, "user-agent": AGENT}
    request = signing.Request("POST", inbox, plain, body)
    headers = signing.sign(world.settings.sends, actor.key, actor.key_id, request)
    headers["content-length"] = str(len(body))
    path = urlsplit(inbox).path or "/"
    lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode() + body
