"""Processes that want the same thing, with a real Redis between them: one asks, and all hear."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo import services
from tests.fakes.liar import Liar, serving
from tests.live.stage import until

ROOT = Path(__file__).resolve().parents[2]
PROCESSES, THREADS = 3, 3
ASKING = f"""
import sys, time
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from bridge import http
def ask(number):
    began = time.monotonic()
    found = http.get(sys.argv[1], accept="*/*", asker="us", joins=sys.argv[2] == "joins")
    return found.status, found.headers["content-type"], time.monotonic() - began
http.get(sys.argv[1] + "first", accept="*/*")  # what is imported late
print("ready", flush=True)
input()
for found in ThreadPoolExecutor({THREADS}).map(ask, range({THREADS})):
    print(*found, flush=True)
"""

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif("redis-server" in services.missing(), reason="no Redis on this machine"),
]


@pytest.fixture
def far() -> Iterator[Liar]:
    with serving("127.0.0.22") as found:
        found.serve("/n", {"id": "/n"})
        yield found


@pytest.fixture
def redis() -> Iterator[services.Redis]:
    with services.Redis() as found:
        yield found


def started(far: Liar, redis: services.Redis, how: str) -> list["subprocess.Popen[str]"]:
    told = {
        "REDIS_URL": redis.url,
        "OWNROOM_TEST_SERVICES": "1",
        "DJANGO_SETTINGS_MODULE": "tests.settings",
    }
    argv = [sys.executable, "-c", ASKING, f"{far.url}/n", how]
    crew = [
        subprocess.Popen(
            argv,
            cwd=ROOT,
            env={**os.environ, **told},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(PROCESSES)
    ]
    for one in crew:
        assert one.stdout
        assert one.stdout.readline() == "ready\n"
    return crew


def answers(crew: list["subprocess.Popen[str]"]) -> list[list[str]]:
    told = [one.communicate(timeout=60)[0] for one in crew]
    return [line.split() for text in told for line in text.splitlines()]


@pytest.mark.parametrize(("how", "most"), [("joins", 1), ("anew", PROCESSES)])
def test_all_of_all_processes_hear_of_one_question_at_a_time(
    far: Liar, redis: services.Redis, how: str, most: int
) -> None:
    far.slow = 0.5
    crew = started(far, redis, how)
    for one in crew:
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
    found = answers(crew)
    assert len(found) == PROCESSES * THREADS
    assert {tuple(one[:2]) for one in found} == {("200", "application/activity+json")}
    assert far.most["/n"] == 1
    assert far.fetches("/n") <= most * (1 if how == "joins" else THREADS)


@pytest.mark.parametrize("lost", ["the one who asks", "Redis"])
def test_whoever_dies_holds_up_the_others_for_a_moment_and_never_for_good(
    far: Liar, redis: services.Redis, lost: str
) -> None:
    first, second, third = started(far, redis, "joins")
    far.gate.clear()
    for number, one in enumerate((first, second)):
        assert one.stdin
        one.stdin.write("\n")
        one.stdin.flush()
        if not number:
            until(lambda: far.fetches("/n"))
    if lost == "Redis":
        redis.kill()
    else:
        first.kill()
    far.gate.set()
    assert {one[0] for one in answers([second])} == {"200"}
    assert far.fetches("/n") <= 2
    for one in (first, third):
        one.kill()
        one.communicate()
