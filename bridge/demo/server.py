"""Ownroom itself as a child process, for the story, the live tests and the bench."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from bridge.demo import leash
from bridge.demo.homeserver import Homeserver, free_port

ROOT = Path(__file__).resolve().parent.parent.parent
ACTIVITY = "application/activity+json"


class NotReady(Exception):
    """The server did not become ready; the text ends with the tail of its log."""


class Server:
    """One Ownroom with a folder of its own. Embedded, or in parts when `redis` is given."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        database: str = "",
        redis: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder, self.port = folder, port or free_port()
        self.domain = f"localhost:{self.port}"
        self.url = f"http://{self.domain}"
        self.database, self.redis = database, redis
        self.extra = dict(environment or {})
        self.homeserver: Homeserver | None = None
        self.parts: dict[str, subprocess.Popen[bytes]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        own = {
            "OWNROOM_ENV_FILE": os.devnull,
            "OWNROOM_DATA": str(self.folder),
            "OWNROOM_DOMAIN": self.domain,
            "OWNROOM_SCHEME": "http",
            "OWNROOM_ALLOW_PRIVATE": "127.0.0.0/8,::1/128",
            "OWNROOM_HOMESERVER_URL": self.homeserver.url
            if self.homeserver
            else "http://127.0.0.1:1",
            "OWNROOM_SERVER_NAME": self.homeserver.server_name
            if self.homeserver
            else "hs.localhost",
            "DJANGO_SETTINGS_MODULE": "bridge.settings",
            "PYTHONPATH": str(ROOT),
        }
        if self.database:
            own["DATABASE_URL"] = self.database
        if self.redis:
            own["REDIS_URL"] = self.redis
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("OWNROOM_") and name not in {"DATABASE_URL", "REDIS_URL"}
        }
        return inherited | own | self.extra

    def manage(self, *arguments: str, timeout: float = 120) -> str:
        """Runs a management command; raises CalledProcessError with its words in `stderr`."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=timeout,
            check=True,
        )
        return done.stdout

    def waiting(self) -> int:
        """Rows in both queues, as the metrics tell."""
        with urllib.request.urlopen(f"{self.url}/metrics", timeout=20) as answer:
            lines = answer.read().decode().splitlines()
        return sum(
            int(float(line.rsplit(" ", 1)[1])) for line in lines if 'state="waiting"' in line
        )

    def register(self) -> Path:
        """The registration that the homeserver needs before it starts."""
        self.manage("registration", "--url", f"http://127.0.0.1:{self.port}")
        return self.folder / "registration.yaml"

    def start(self, homeserver: Homeserver, timeout: float = 60) -> Self:
        self.homeserver = homeserver
        if self.redis:
            self.manage("migrate", "--verbosity", "0")
        return self.revive(timeout)

    def revive(self, timeout: float = 60) -> Self:
        """Starts whatever part of it does not run."""
        for name in [name for name, part in self.parts.items() if part.poll() is not None]:
            leash.end(self.parts.pop(name))
        port = ("--port", str(self.port))
        parts: dict[str, tuple[str, ...]] = {"up": port}
        if self.redis:
            parts = {"web": port, "worker": (), "scheduler": ()}
        for part, options in parts.items():
            if part not in self.parts:
                self._launch(part, part, *options)
        self.wait_ready(timeout)
        return self

    def _launch(self, part: str, *arguments: str) -> None:
        self.parts[part] = leash.launch(
            "bridge.demo.keeper",
            sys.executable,
            str(ROOT / "manage.py"),
            *arguments,
            folder=ROOT,
            log=self.folder / f"{part}.log",
            environment=self.environment(),
        )

    def wait_ready(self, timeout: float = 60) -> None:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if any(part.poll() is not None for part in self.parts.values()):
                raise NotReady(f"it ended at the start:\n{self.log_tail()}")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (OSError, urllib.error.URLError):
                pass
            time.sleep(0.05)
        raise NotReady(f"it was not ready within {timeout:.0f} s:\n{self.log_tail()}")

    def kill(self, part: str = "") -> None:
        """SIGKILL, to one part or to all."""
        for name in [part] if part else list(self.parts):
            process = self.parts.pop(name)
            os.killpg(process.pid, signal.SIGKILL)  # its own session: only what we started
            leash.end(process)

    def stop(self) -> None:
        for name in list(self.parts):
            leash.end(self.parts.pop(name))

    def log_tail(self, size: int = 3000) -> str:
        logs = (self.folder / f"{part}.log" for part in ("up", "web", "worker", "scheduler"))
        return "\n".join(log.read_text()[-size:] for log in logs if log.exists())

    # ---- as others see it

    def create_profile(self, owner: str, handle: str = "") -> dict[str, str]:
        wish = ["--handle", handle] if handle else []
        found: dict[str, str] = json.loads(self.manage("profile", "create", owner, "--json", *wish))
        return found

    def document(self, url: str) -> tuple[int, bytes]:
        """What anybody gets who asks for a public document."""
        request = urllib.request.Request(url, headers={"Accept": ACTIVITY, "User-Agent": "story"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def json(self, url: str) -> dict[str, Any]:
        status, body = self.document(url)
        if status != 200:
            raise LookupError(f"{url} answers {status}")
        found: dict[str, Any] = json.loads(body)
        return found
