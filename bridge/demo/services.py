"""PostgreSQL and Redis of our own on loopback, from the programs of this machine; nothing is kept.

For the live tests and the bench. PostgreSQL refuses to run as root, so it then runs as `postgres`.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from bridge.demo import leash
from bridge.demo.homeserver import free_port

USER = "postgres"
ROOT = Path(__file__).resolve().parents[2]
_DEBIAN = Path("/usr/lib/postgresql")


class NotThere(RuntimeError):
    """A program is not installed, or did not come up; the text says which and why."""


def missing() -> list[str]:
    """The packages of the system that must be installed first."""
    programs = {"redis-server": "redis-server", "postgres": "postgresql", "initdb": "postgresql"}
    return sorted({package for name, package in programs.items() if not _find(name)})


def _find(name: str) -> str:
    newest_first = sorted(map(str, _DEBIAN.glob("*/bin")), reverse=True)
    return shutil.which(name, path=os.pathsep.join([os.environ["PATH"], *newest_first])) or ""


def _program(name: str) -> str:
    found = _find(name)
    if not found:
        raise NotThere(f"{name} is not installed: apt-get install {' '.join(missing())}")
    return found


class _Service(leash.Leashed):
    def __init__(self) -> None:
        self.port = free_port()
        self.folder = Path(tempfile.mkdtemp(prefix="ownroom-service-"))

    @property
    def pid(self) -> int:
        """Of the program itself, below the one that keeps it on the leash."""
        if not self.process:
            raise NotThere("it has not been started")
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return int(children.read_text().split()[0])

    def _run(self, argv: list[str], answers: Callable[[], bool], patience: float = 30) -> None:
        self.process = leash.launch(
            "bridge.demo.keeper",
            *argv,
            folder=self.folder,
            log=self.folder / "log",
            environment={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        end = time.monotonic() + patience
        while not answers():
            if self.process.poll() is not None or time.monotonic() > end:
                words = (self.folder / "log").read_text(errors="replace")[-2000:]
                self.stop()
                raise NotThere(f"{argv[-1]} did not come up:\n{words}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL; its folder stays, for `spawn`."""
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)  # its own session: only what we started
            leash.end(self.process)

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis(_Service):
    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def spawn(self) -> Self:
        argv = [_program("redis-server"), "--port", str(self.port), "--bind", "127.0.0.1"]
        self._run([*argv, "--save", "", "--dir", str(self.folder)], self._answers)
        return self

    start = __enter__ = spawn

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port), timeout=1) as asked,
        ):
            asked.sendall(b"PING\r\n")
            return asked.recv(16).startswith(b"+PONG")
        return False


class Postgres(_Service):
    """As Debian configures it, on a port of its own; `create` makes a database in it."""

    def start(self) -> Self:
        data = self.folder / "data"
        if os.getuid() == 0:
            shutil.chown(self.folder, USER)
        made = [_program("initdb"), "-D", str(data), "--username", USER]
        self._once([*made, "--auth", "trust", "--locale", "C", "--encoding", "UTF8", "--no-sync"])
        return self.spawn()

    __enter__ = start

    def spawn(self) -> Self:
        data, port = str(self.folder / "data"), str(self.port)
        argv = [_program("postgres"), "-D", data, "-h", "127.0.0.1", "-p", port]
        self._run([*_as_user(), *argv, "-k", str(self.folder)], self._answers)
        return self

    def kill(self) -> None:
        """Its own children end when they notice; until then no other can start in its folder."""
        pid = self.pid
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        super().kill()
        while any(map(_runs, [str(pid), *listed])):
            time.sleep(0.05)
        # Where nobody buries the dead, its number still seems to be taken.
        for lock in ("data/postmaster.pid", f".s.PGSQL.{self.port}.lock"):
            (self.folder / lock).unlink(missing_ok=True)

    def create(self, name: str) -> str:
        """A new database; returns its URL."""
        asked = ["-h", "127.0.0.1", "-p", str(self.port), "-U", USER]
        self._once([_program("createdb"), *asked, name])
        return f"postgres://{USER}@127.0.0.1:{self.port}/{name}"

    def _answers(self) -> bool:
        asked = ["-h", "127.0.0.1", "-p", str(self.port), "-q"]
        return not subprocess.run([_program("pg_isready"), *asked], check=False).returncode

    def _once(self, argv: list[str]) -> None:
        done = subprocess.run(
            [*_as_user(), *argv], cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise NotThere(f"{Path(argv[0]).name} failed:\n{done.stderr[-2000:]}")


def _runs(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _as_user() -> list[str]:
    if os.getuid():
        return []
    return [_program("setpriv"), "--reuid", USER, "--regid", USER, "--init-groups", "--"]
