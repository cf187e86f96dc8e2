"""Child processes that never outlive us, not even when we are killed with SIGKILL.

Launched as a script by any Python, so it imports nothing but the standard library. The child
watches two things: its standard input, whose other end only we hold, and the pid of its parent.
PR_SET_PDEATHSIG will not do: it fires when the launching *thread* ends.
"""

import contextlib
import os
import runpy
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

GRACE = 5.0  # seconds between the polite signal and the other one


def launch(
    module: str,
    *arguments: str,
    python: str = sys.executable,
    folder: Path | None = None,
    log: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Runs `python -m module arguments` on the leash; standard output is ours when no log is named.

    In a session of its own, so that Ctrl-C in a terminal reaches only us and we decide the order.
    `environment` is all that the child gets; ours when none is named.
    """
    argv = [python, str(Path(__file__).resolve()), str(os.getpid()), module, *arguments]
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(log.open("ab")) if log else None
        return subprocess.Popen(
            argv,
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=sink or subprocess.PIPE,
            stderr=sink,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], sign: int = signal.SIGTERM, grace: float = 10.0) -> None:
    """Sends `sign`, waits, insists."""
    if process.poll() is None:
        process.send_signal(sign)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


class Leashed:
    """A program that is on the leash while it runs; whoever inherits knows how to start it."""

    process: subprocess.Popen[bytes] | None = None

    def stop(self) -> None:
        if self.process:
            end(self.process)

    def kill(self) -> None:
        if self.process:
            end(self.process, signal.SIGKILL)

    def __exit__(self, *_: object) -> None:
        self.stop()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], 1.0)
        if readable and not os.read(0, 1):
            break
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os.kill(os.getpid(), signal.SIGKILL)


def _main() -> None:
    parent, module = int(sys.argv[1]), sys.argv[2]
    sys.argv = [module, *sys.argv[3:]]
    sys.path.pop(0)  # this folder: its modules must not hide those of the program
    threading.Thread(target=_watch, args=(parent,), name="leash", daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _main()
