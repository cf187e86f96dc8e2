"""The database is lost, and made anew from the rooms: all public JSON as before, nothing sent."""

import contextlib
import json
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo.server import ROOT, Server
from tests.live.stage import Stage, stage, until
from tests.live.streams import FULL, Stream, tell, typed

pytestmark = pytest.mark.live

WRITERS = 4
POSTS, FOLLOWERS = (10_000, 1_000) if FULL else (60, 12)
PATIENCE = 1200 if FULL else 90  # seconds for all that was typed to go out


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Stage]:
    with stage("embedded", tmp_path, sends="cavage") as made:
        yield made


def public(server: Server, actor: str, posts: list[str]) -> dict[str, tuple[int, bytes]]:
    """Every document that anybody can ask for: the actor's, its collections page by page, posts."""
    found: dict[str, tuple[int, bytes]] = {}
    asked = [actor, *(f"{actor}/{name}" for name in ("outbox", "followers", "following"))]
    asked += posts
    asked += [f"{post}/create" for post in posts[:: 20 if FULL else 1]]
    while asked:
        url = asked.pop()
        found[url] = server.document(url)
        assert found[url][0] == 200, url
        if url.startswith(actor):
            linked = json.loads(found[url][1])
            urls = [linked.get(name) for name in ("first", "next")]
            asked += [url for url in urls if isinstance(url, str) and url not in found]
    return found


def rebuilt(server: Server) -> tuple[list[str], int, float]:
    """What `rebuild` said, the most memory it ever had in MB, and its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(
        [sys.executable, "manage.py", "rebuild"],
        cwd=ROOT,
        env=server.environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        status, peak = Path(f"/proc/{process.pid}/status"), 0
        while process.poll() is None:
            lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
            peak = max([peak, *(int(line.split()[1]) // 1024 for line in lines)])
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(0.2)
        said = process.stdout.read().splitlines() if process.stdout else []
    assert process.returncode == 0, said
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return said, peak, spent


def test_a_lost_database_is_made_anew_from_the_rooms_and_nothing_is_sent(town: Stage) -> None:
    alice = town.resident("alice")
    poured = town.neighbour.crowd(alice.handle, FOLLOWERS)
    assert poured["statuses"] == {"202": FOLLOWERS}
    until(lambda: town.neighbour.stats()["by_type"].get("Accept", 0) >= FOLLOWERS, PATIENCE, 0.5)
    streams = [Stream(typed(alice), f"writer{n}", POSTS // WRITERS) for n in range(WRITERS)]
    threads = [threading.Thread(target=stream.run) for stream in streams]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    posts = [uri for stream in streams for uri in stream.ids]
    until(lambda: town.neighbour.stats()["by_type"].get("Create", 0) >= POSTS, PATIENCE, 0.5)
    until(lambda: town.server.waiting() == 0, PATIENCE, 0.5)
    written = time.monotonic() - begun
    before = public(town.server, alice.actor, posts)
    heard = town.neighbour.stats()["received"]
    town.server.stop()
    for file in town.server.folder.glob("ownroom.sqlite3*"):
        file.unlink()
    town.server.manage("migrate", "--verbosity", "0")
    said, memory, cpu = rebuilt(town.server)
    town.server.start(town.homeserver)
    after = public(town.server, alice.actor, posts)
    tell(
        "F10",
        posts=len(posts),
        followers=FOLLOWERS,
        documents=len(before),
        rebuilt=said[-2],  # the last line but one has the rate
        memory_mb=memory,
        cpu_seconds=round(cpu, 1),
        written_in_seconds=round(written),
    )
    assert [url for url in before if before[url] != after.get(url)] == []
    until(lambda: town.server.waiting() == 0)
    assert town.neighbour.stats()["received"] == heard
    alice.post("still here, after the loss")
    until(lambda: town.neighbour.stats()["received"] == heard + 1)
