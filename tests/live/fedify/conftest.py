"""One homeserver and one Ownroom for all stories with Fedify, and a peer for each kind."""

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.fedify.peer import Fedify
from tests.live.stage import Resident, Town, settled

SOURCE = Path(__file__).parent
ADMIN = "keeper"


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """What the peer sees is the same in both forms."""
    folder = tmp_path_factory.mktemp("fedify")
    with settled(folder, admins=f"@{ADMIN}:hs.localhost") as made:
        yield made


@pytest.fixture
def alice(town: Town) -> Resident:
    return town.resident("alice")


@pytest.fixture(scope="package")
def control(town: Town) -> Resident:
    """Who keeps this server; their room is the one of all admins."""
    keeper = town.homeserver.person(ADMIN)
    room = keeper.join(keeper.wait_for_invite(60))
    return Resident(keeper, "", "", room, room)


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
        for script in SOURCE.glob("*.mjs"):
            shutil.copy(script, folder)
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


@pytest.fixture(scope="package", params=["rfc9421", "draft-cavage-http-signatures-12"])
def peer(installed: Path, request: pytest.FixtureRequest) -> Iterator[Fedify]:
    with Fedify(installed, request.param) as started:
        yield started


@pytest.fixture
def fay(peer: Fedify) -> Fedify:
    peer.begin()
    return peer


@pytest.fixture
def follower(alice: Resident, fay: Fedify) -> Fedify:
    fay.do("follow", whom=alice.actor)
    assert fay.wait_for("Accept")["actor"] == alice.actor
    return fay
