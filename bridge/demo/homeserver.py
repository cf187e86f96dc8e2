"""A real homeserver on loopback: Synapse from the package index, in a venv of its own.

For the demo, the stories and the benches. Never for production: its limits are off.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import socket
import subprocess
import time
import venv as venvs
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from bridge.demo import leash, synapse_config
from bridge.demo.person import Person, Refused, call

PACKAGES = ("matrix-synapse==1.163.2", "psycopg2-binary")
ROOT = Path(__file__).resolve().parents[2]
_TAIL = 3000  # characters of the log that an error shows


class NotStarted(RuntimeError):
    """The homeserver could not be installed or did not answer; the text holds its last words."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Homeserver(leash.Leashed):
    """One Synapse. Its folder keeps everything, so a second start finds the same rooms."""

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        server_name: str = "",
        registrations: Sequence[Path] = (),
        venv: Path | None = None,
        federation: bool = False,
        federation_port: int | None = None,
        extra: Mapping[str, Any] | None = None,
        database: str | Mapping[str, Any] = "sqlite",
    ) -> None:
        self.folder = folder.resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        known = self._remembered()
        self.port = port or _still_free(known.get("port")) or free_port()
        self.federation_port: int | None = None
        if federation or federation_port:
            # The port is part of the server's name: it must stay what it was.
            self.federation_port = federation_port or known.get("federation_port") or free_port()
        self.server_name = server_name or self._name(known)
        self.registrations = registrations
        self.venv = venv or Path(os.environ.get("OWNROOM_SYNAPSE_VENV") or ROOT / ".venv-synapse")
        self.extra = extra or {}
        self.database = database

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        if not self.process:
            raise NotStarted("The homeserver has not been started.")
        return self.process.pid

    def start(self, timeout: float = 90) -> Self:
        install(self.venv)
        self._write()
        return self.spawn(timeout)

    def spawn(self, timeout: float = 90) -> Self:
        """Starts the process with the configuration as it lies in the folder."""
        self._wait_for_the_former()
        self.process = leash.launch(
            "synapse.app.homeserver",
            "-c",
            str(self.folder / "homeserver.yaml"),
            python=str(self.venv.absolute() / "bin" / "python"),
            folder=self.folder,
            log=self.folder / "stdout.log",
        )
        (self.folder / "pid").write_text(str(self.process.pid))
        try:
            self._wait_until_it_answers(timeout)
        except BaseException:
            self.kill()
            raise
        return self

    def __enter__(self) -> Self:
        return self if self.process else self.start()

    def register(self, localpart: str, password: str, *, admin: bool = False) -> dict[str, str]:
        """Makes the account by shared secret, or logs in when it exists.

        Gives `user_id`, `access_token` and `device_id`. Synapse's admin API, "Shared-Secret
        Registration".
        """
        nonce = str(self._call("GET", "/_synapse/admin/v1/register")["nonce"])
        role = "admin" if admin else "notadmin"
        text = b"\0".join(part.encode() for part in (nonce, localpart, password, role))
        secret = synapse_config.secret(self.folder).encode()
        body = {
            "nonce": nonce,
            "username": localpart,
            "password": password,
            "admin": admin,
            "mac": hmac.new(secret, text, hashlib.sha1).hexdigest(),
        }
        try:
            answer = self._call("POST", "/_synapse/admin/v1/register", body)
        except Refused as refused:
            if refused.errcode != "M_USER_IN_USE":
                raise
            return self.login(localpart, password)
        return _account(answer)

    def login(self, localpart: str, password: str) -> dict[str, str]:
        who = {"type": "m.id.user", "user": localpart}
        body = {"type": "m.login.password", "identifier": who, "password": password}
        return _account(self._call("POST", "/_matrix/client/v3/login", body))

    def person(self, localpart: str, password: str = "secret", *, admin: bool = False) -> Person:  # noqa: S107  a demo's password, on loopback
        account = self.register(localpart, password, admin=admin)
        return Person(self.url, account["user_id"], account["access_token"])

    def log_tail(self) -> str:
        found = (self.folder / name for name in ("stdout.log", "homeserver.log"))
        texts = (path.read_text(errors="replace")[-_TAIL:] for path in found if path.exists())
        return "\n".join(text for text in texts if text)

    def _call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return call(method, self.url + quote(path), body)

    def _name(self, known: Mapping[str, Any]) -> str:
        if self.federation_port:
            return f"localhost:{self.federation_port}"
        return str(known.get("server_name") or "hs.localhost")

    def _remembered(self) -> dict[str, Any]:
        path = self.folder / "place.json"
        return dict(json.loads(path.read_text())) if path.exists() else {}

    def _write(self) -> None:
        plan = synapse_config.Plan(
            server_name=self.server_name,
            port=self.port,
            federation_port=self.federation_port,
            registrations=self.registrations,
            database=self.database,
        )
        config = synapse_config.compose(self.folder, plan)
        (self.folder / "homeserver.yaml").write_text(json.dumps({**config, **self.extra}, indent=1))
        place = {
            "port": self.port,
            "federation_port": self.federation_port,
            "server_name": self.server_name,
        }
        (self.folder / "place.json").write_text(json.dumps(place))

    def _wait_until_it_answers(self, timeout: float) -> None:
        end = time.monotonic() + timeout
        while True:
            with contextlib.suppress(OSError, Refused):
                self._call("GET", "/_matrix/client/versions")
                return
            if self.process and self.process.poll() is not None:
                raise NotStarted("The homeserver ended at its start:\n" + self.log_tail())
            if time.monotonic() > end:
                raise NotStarted(f"No answer in {timeout:g} s:\n{self.log_tail()}")
            time.sleep(0.05)

    def _wait_for_the_former(self, patience: float = 10.0) -> None:
        """One whose owner was killed may still be letting go of the same database."""
        end = time.monotonic() + patience
        while self._former_lives():
            if time.monotonic() > end:
                raise NotStarted(f"Another homeserver runs in {self.folder}; stop it first.")
            time.sleep(0.05)

    def _former_lives(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.folder / "pid").read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            return str(self.folder / "homeserver.yaml").encode() in command
        return False


def install(venv: Path) -> None:
    """Once; several processes may ask at the same time."""
    if _installed(venv):
        return
    with _locked(venv):
        if _installed(venv):
            return
        print(
            f"Installing the homeserver ({PACKAGES[0]}) into {venv}: a minute, once …", flush=True
        )
        venvs.create(venv, with_pip=True)
        command = [str(venv / "bin" / "python"), "-m", "pip", "install", "-q"]
        done = subprocess.run(
            [*command, "--disable-pip-version-check", *PACKAGES],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotStarted("The homeserver could not be installed:\n" + done.stderr[-_TAIL:])


def _installed(venv: Path) -> bool:
    # pip writes RECORD last, so a half-made environment does not count.
    wanted = ("matrix_synapse-*", "psycopg2_binary-*")
    return all(any(venv.glob(f"lib/*/site-packages/{name}.dist-info/RECORD")) for name in wanted)


@contextlib.contextmanager
def _locked(venv: Path) -> Iterator[None]:
    venv.mkdir(parents=True, exist_ok=True)
    with (venv / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _still_free(port: int | None) -> int | None:
    with contextlib.suppress(OSError), socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port:
            probe.bind(("127.0.0.1", port))
            return port
    return None


def _account(answer: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(answer[key]) for key in ("user_id", "access_token", "device_id")}
