"""Starting the web server: what cannot be is said in one line."""

import socket
import subprocess
import sys

import pytest

from bridge.demo.server import ROOT, Server


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
