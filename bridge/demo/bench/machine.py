"""What the machine tells: the CPU time and the memory of processes, and what runs on it."""

import os
import platform
import shutil
import sqlite3
import subprocess
from collections.abc import Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bridge.demo.homeserver import PACKAGES

_TICK = os.sysconf("SC_CLK_TCK")
_OURS = ("django", "granian", "celery", "aiohttp", "matrix-nio", "cryptography", "psycopg")


def below(pids: Iterable[int]) -> Iterator[int]:
    """Every process under these, themselves left out: they only hold the leash."""
    for pid in pids:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            found = [int(child) for child in _text(children).split()]
            yield from found
            yield from below(found)


def cpu(pids: Iterable[int]) -> float:
    """Seconds of user and system time, those of ended children included."""
    return sum(sum(_times(pid)) for pid in pids)


def _times(pid: int) -> list[float]:
    fields = _text(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return [int(ticks) / _TICK for ticks in fields[11:15]]


def memory(pids: Iterable[int]) -> dict[str, float]:
    """MB: `rss` counts what processes share once for each, `pss` divides it among them."""
    found = {"rss": 0.0, "pss": 0.0}
    for pid in pids:
        for line in _text(Path(f"/proc/{pid}/smaps_rollup")).splitlines():
            name = line.partition(":")[0].lower()
            if name in found:
                found[name] += int(line.split()[1]) / 1024
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has just ended
        return ""


def described() -> dict[str, Any]:
    cpuinfo = _text(Path("/proc/cpuinfo")).splitlines()
    models = [line.partition(":")[2].strip() for line in cpuinfo if line.startswith("model name")]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count(),
        "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "load_before": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "homeserver": PACKAGES[0],
        **{name: version(name) for name in _OURS},
        **{name: _said(name) for name in ("postgres", "redis-server") if shutil.which(name)},
    }


def _said(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip()
