"""The peer's process, and how its people and ours meet."""

import base64
import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

import pytest

from bridge.demo.person import Event
from bridge.demo.server import ACTIVITY
from tests.live.stage import Resident, Town, until


class Fedify:
    """The peer's process; it ends with us, for it reads its standard input to the end."""

    def __init__(self, folder: Path, first_knock: str) -> None:
        node = folder / "node_modules" / ".bin" / "node"
        self.process = subprocess.Popen(
            [node, "peer.mjs", first_knock],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        self.url = self.process.stdout.readline().strip()
        self.host = self.url.removeprefix("http://")
        self.stories = 0

    def begin(self) -> None:
        """A new story, with people whom nobody knows."""
        self.stories += 1
        number = f"{self.stories:03}"
        self.mark = f"peer{self.host.split(':')[1]}n{number}"  # a word that no other story has
        self.name = f"Fay {self.mark}"
        self.do("begin", mark=number, name=self.name)
        self.next = f"faye{number}"  # to where fay moves
        self.actor, self.acct = f"{self.url}/users/fay{number}", f"fay{number}@{self.host}"
        self.club, self.club_acct = f"{self.url}/users/club{number}", f"club{number}@{self.host}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()

    def do(self, verb: str, **told: Any) -> Any:
        url, body = f"{self.url}/control/{verb}", json.dumps(told).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"Fedify could not {verb}: {error.read().decode()[:2000]}")

    def posts(self, text: str, **told: Any) -> str:
        """The id of what it says to its followers, or to whom it is told."""
        return str(self.do("post", text=text, **told)["object"]["id"])

    def keeps(self, name: str, data: bytes, kind: str) -> str:
        """The address of a file there."""
        told = {"name": name, "data": base64.b64encode(data).decode(), "mediaType": kind}
        return str(self.do("keep", **told)["url"])

    def wait_for(self, kind: str, contains: str = "", timeout: float = 20) -> Any:
        """The newest of its kind, as it came; in `read` as Fedify's classes read it."""

        def found() -> Any:
            fits = [
                one
                for one in self.do("received")
                if one["type"] == kind and contains in json.dumps(one)
            ]
            return fits[-1] if fits else None

        return until(found, timeout)

    def reads(self, kind: str, contains: str = "", timeout: float = 20) -> Any:
        return self.wait_for(kind, contains, timeout)["read"]


def mirrored(alice: Resident, fay: Fedify) -> str:
    """The room in which alice reads what is written there."""
    alice.ask(f"follow @{fay.acct}", "I asked")
    assert fay.wait_for("Follow")["actor"] == alice.actor
    alice.told(f"{fay.acct}) accepted your follow")
    return alice.room_with(fay.acct)


def ignored(town: Town, *activities: dict[str, Any]) -> list[str]:
    """Why nothing was done of each, as the admin reads it."""

    def found() -> list[str]:
        told = town.server.manage("received", "list", "--state", "ignored", "--json")
        rows = [json.loads(line) for line in told.splitlines()]
        notes = [[one["note"] for one in rows if said["id"] in one["key"]] for said in activities]
        return [str(each[0]) for each in notes] if all(notes) else []

    return list(until(found))


def reacts(event: Event) -> bool:
    return bool(event["type"] == "m.reaction")


def redacts(event: Event) -> bool:
    return bool(event["type"] == "m.room.redaction")


def shown(url: str) -> Any:
    """What anybody is given for an address of ours, or nothing."""
    try:
        question = urllib.request.Request(url, headers={"Accept": ACTIVITY})
        with urllib.request.urlopen(question, timeout=20) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        error.close()
        return None
