"""What was answered with 202 or 200 is stored, however soon after the answer the server dies."""

import json
import random
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge.demo.neighbourhood import Actor
from tests.live.stage import Resident, Stage, stage, until
from tests.live.streams import FULL, SEED, Mailbox, tell

pytestmark = pytest.mark.live

ROUNDS, EACH = (20, 50) if FULL else (2, 20)  # so many kills, after so many answers of each kind
SOON = 0.05  # seconds between an answer and the kill
AT_ONCE = 4
PATIENCE = 300 if FULL else 90


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Stage]:
    with stage("embedded", tmp_path, sends="cavage") as made:
        yield made


class Homeserver:
    """Pushes transactions as ours would, so that the moment of each answer is known."""

    def __init__(self, town: Stage, alice: Resident) -> None:
        told = yaml.safe_load((town.server.folder / "registration.yaml").read_text())
        self.url, self.token, self.alice = town.server.url, told["hs_token"], alice

    def post(self, text: str) -> str:
        """The id of a post that the server took over: asked again until it did."""
        event_id = f"${secrets.token_urlsafe(32)}"
        event: dict[str, Any] = {
            "type": "m.room.message",
            "event_id": event_id,
            "room_id": self.alice.room,
            "sender": self.alice.person.user_id,
            "origin_server_ts": int(time.time() * 1000),
            "content": {"msgtype": "m.text", "body": text},
        }
        body = json.dumps({"events": [event]}).encode()
        path = f"/_matrix/app/v1/transactions/{secrets.token_hex(8)}"
        until(lambda: self._put(path, body), 60)
        return self.alice.uri(event_id)

    def _put(self, path: str, body: bytes) -> bool:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}{path}", body, headers, method="PUT")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def by_inbox(bob: Actor, text: str) -> str:
    sent = bob.post(text)
    until(lambda: sent.statuses == [202] or bob.resend(sent.id).statuses == [202], 60)
    return sent.post


def test_what_was_answered_is_stored(town: Stage) -> None:
    alice, bob = town.resident("alice"), town.neighbour.actor("bob")
    bob.follow(alice.handle)
    bob.wait_for("Accept")
    alice.ask(f"follow {bob.handle}", "I asked")
    mirror = alice.room_with(bob.acct)
    homeserver, chance = Homeserver(town, alice), random.Random(SEED)
    there: list[str] = []
    here: list[str] = []
    for number in range(ROUNDS):
        with ThreadPoolExecutor(2 * AT_ONCE) as pool:
            answered = threading.Semaphore(0)
            for one in range(EACH):
                text = f"round {number} {one}"
                _pour(pool, lambda text=text: there.append(homeserver.post(text)), answered)
                _pour(pool, lambda text=text: here.append(by_inbox(bob, text)), answered)
            for _ in range(chance.randrange(1, 2 * EACH)):
                answered.acquire()
            threading.Event().wait(chance.uniform(0, SOON))  # the moment is what is tried
            town.server.kill()
            town.server.revive()
    box = Mailbox(bob)
    until(lambda: set(there) <= set(box.look()), PATIENCE, 0.5)

    def shown() -> list[str]:
        return [uri for uri in town.carried(mirror, alice.person) if "/users/" in uri]

    until(lambda: set(here) <= set(shown()), PATIENCE, 0.5)
    tell("F3", inbox_posts=len(here), transactions=len(there), kills=ROUNDS, lost=0)
    assert len(here) == len(there) == ROUNDS * EACH
    assert sorted(shown()) == sorted(here)
    assert box.repeats <= ROUNDS


def _pour(
    pool: ThreadPoolExecutor, work: Callable[[], None], answered: threading.Semaphore
) -> None:
    pool.submit(work).add_done_callback(lambda _: answered.release())
