"""Starting the web server: what cannot be is said in one line."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest
from django.core.management.base import CommandError

from bridge import serving
from bridge.demo.bench.stage import until
from bridge.demo.homeserver import free_port
from bridge.demo.server import ROOT, Server
from bridge.serving import demand


@pytest.mark.parametrize(
    ("host", "port", "why"),
    [
        ("nobody.invalid", 8000, "--host is an address of this machine"),
        ("192.0.2.1.", 8000, "--host is an address of this machine"),
        ("", 8000, "--host is an address of this machine"),
        ("127.0.0.1", 99999, "--port is a number from 1 to 65535"),
        ("192.0.2.1", 8000, "cannot listen on 192.0.2.1:8000: Cannot assign"),
    ],
)
def test_where_nobody_can_listen_is_said_in_a_line(host: str, port: int, why: str) -> None:
    with pytest.raises(CommandError, match=why) as refused:
        demand(host, port)
    assert "\n" not in str(refused.value)


def test_a_name_of_this_machine_alone_is_an_address_of_it() -> None:
    port = free_port()
    assert demand("localhost", port) in {"127.0.0.1", "::1"}
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        with pytest.raises(CommandError, match=f"cannot listen on localhost:{port}: Address alr"):
            demand("localhost", port)


def test_a_port_that_another_would_share_is_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """As two of this server would: each would get half of what comes."""
    monkeypatch.setattr(serving, "PATIENCE", 0.0)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(CommandError, match="already in use"):
            demand("127.0.0.1", other.getsockname()[1])
    demand("127.0.0.1", free_port())


@pytest.mark.parametrize("command", ["up", "web"])
def test_a_port_in_use_is_named_without_a_traceback(tmp_path, command):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "manage.py", command, "--port", str(port)],
            cwd=ROOT,
            env=Server(tmp_path, port=port).environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
    assert "listens on" not in done.stdout


def test_the_web_starts_while_its_database_is_away_and_says_who_is_missing(tmp_path):
    port = free_port()
    away = {"DATABASE_URL": f"postgres://x:x@127.0.0.1:{free_port()}/x"}
    with subprocess.Popen(
        [sys.executable, "manage.py", "web", "--port", str(port)],
        cwd=ROOT,
        env=Server(tmp_path, port=port).environment() | away,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until(
                lambda: status(f"http://127.0.0.1:{port}/livez") == 200,
                30,
                lambda: "it does not start",
            )
            assert status(f"http://127.0.0.1:{port}/readyz") == 503
        finally:
            process.terminate()
        said = process.stderr.read()
        assert "the database does not answer" in said
        assert "Without REDIS_URL nobody works off what comes here" in said


def status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return 0
