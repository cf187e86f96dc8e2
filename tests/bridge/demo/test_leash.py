"""A child ends with its owner, however the owner ends."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bridge.demo import leash

ROOT = Path(leash.__file__).parents[2]
OWNER = """
import sys, time
from bridge.demo import leash
child = leash.launch("http.server", "--bind", "127.0.0.1", "0")
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_owner_leaves_nobody_behind(sign: signal.Signals) -> None:
    environment = {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdout=subprocess.PIPE, env=environment
    ) as owner:
        assert owner.stdout
        child = Path("/proc") / owner.stdout.readline().decode().strip()
        assert child.exists()
        owner.send_signal(sign)
    end = time.monotonic() + 5
    while _alive(child) and time.monotonic() < end:
        time.sleep(0.01)
    assert not _alive(child)


def test_a_child_that_will_not_listen_is_ended_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "stubborn.py").write_text(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    child = leash.launch("stubborn", environment={"PYTHONPATH": str(tmp_path)})
    assert child.stdout
    child.stdout.readline()
    leash.end(child, grace=0.1)
    assert child.returncode == -signal.SIGKILL


def _alive(child: Path) -> bool:
    try:
        return ") Z " not in (child / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
