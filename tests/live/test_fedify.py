"""Fedify as a peer: another implementation, both directions, over both kinds of signature."""

import fcntl
import hashlib
import json
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.live.stage import Resident, Stage, after, until

pytestmark = pytest.mark.live

SOURCE = Path(__file__).parent / "fedify"


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
        self.actor = f"{self.url}/users/fay"
        self.acct = f"fay@{self.url.removeprefix('http://')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()

    def do(self, verb: str, **told: str) -> Any:
        url, body = f"{self.url}/control/{verb}", json.dumps(told).encode()
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body), timeout=30) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                pytest.fail(f"Fedify could not {verb}: {error.read().decode()[:2000]}")

    def wait_for(self, kind: str, contains: str = "") -> Any:
        def found() -> Any:
            fits = (
                one
                for one in self.do("received")
                if one["type"] == kind and contains in json.dumps(one)
            )
            return next(fits, None)

        return until(found, 20)


@pytest.fixture(scope="session")
def installed() -> Path:
    """Fedify and the Node it wants, as the lock file says; once on a machine."""
    if not shutil.which("npm"):
        pytest.skip("not run: npm (Node) is not on this machine")
    pins = [SOURCE / "package.json", SOURCE / "package-lock.json"]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in pins)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"ownroom-fedify-{digest}"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shutil.copy(SOURCE / "peer.mjs", folder)
        if not (folder / "complete").exists():
            for path in pins:
                shutil.copy(path, folder)
            done = subprocess.run(
                ["npm", "ci", "--no-audit", "--no-fund"],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"not run: npm could not install Fedify: {done.stderr[-500:]}")
            (folder / "complete").touch()
    return folder


@pytest.fixture(params=["rfc9421", "draft-cavage-http-signatures-12"])
def fay(installed: Path, request: pytest.FixtureRequest) -> Iterator[Fedify]:
    with Fedify(installed, request.param) as peer:
        yield peer


@pytest.fixture(scope="session")
def form() -> str:
    """What the peer sees is the same in both forms."""
    return "embedded"


def test_a_follower_on_fedify_gets_posts_and_answers_them(
    town: Stage, alice: Resident, fay: Fedify
) -> None:
    fay.do("follow", whom=alice.actor)
    assert fay.wait_for("Accept")["actor"] == alice.actor
    event = alice.post(f"to {fay.url} with love")
    create = fay.wait_for("Create", fay.url)
    assert create["object"]["id"] == alice.uri(event)
    assert "with love" in create["object"]["content"]
    fay.do("post", text=f"from {fay.url}", replyTo=alice.uri(event), to=alice.actor)
    answer = alice.sees(f"from {fay.url}")
    assert answer["content"]["m.relates_to"]["event_id"] == event


def test_a_like_from_fedify_comes_and_goes(town: Stage, alice: Resident, fay: Fedify) -> None:
    event = alice.post(f"for {fay.url} to like")
    until(lambda: town.server.document(alice.uri(event))[0] == 200)
    like = fay.do("like", post=alice.uri(event))
    reaction = alice.person.wait_for(
        alice.room, after(event, lambda one: bool(one["type"] == "m.reaction"))
    )
    fay.do("undoLike", post=alice.uri(event), like=like["id"])
    alice.person.wait_for(
        alice.room,
        after(reaction["event_id"], lambda one: bool(one["type"] == "m.room.redaction")),
    )


def test_alice_follows_somebody_on_fedify_and_reads_them(alice: Resident, fay: Fedify) -> None:
    alice.ask(f"follow @{fay.acct}", "I asked")
    assert fay.wait_for("Follow")["actor"] == alice.actor
    alice.told(f"{fay.acct}) accepted your follow")
    mirror = alice.room_with(fay.acct)
    fay.do("post", text=f"news from {fay.url}")
    seen = alice.sees(f"news from {fay.url}", room=mirror)
    reaction = alice.person.react(mirror, seen["event_id"], "👍")
    assert fay.wait_for("Like")["actor"] == alice.actor
    alice.person.redact(mirror, reaction)
    fay.wait_for("Undo")
