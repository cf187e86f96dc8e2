"""The stories in which the database decides, on PostgreSQL: as they are on SQLite, they are there.

Batches of rows and their savepoints, leases, counts and order, what is remembered and forgotten,
queries that the two databases answer in ways of their own, the admin's pages.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.demo import services

ROOT = Path(__file__).resolve().parents[2]
TELLING = (
    "tests/bridge/test_together.py",
    "tests/bridge/test_partings.py",
    "tests/bridge/test_lanes.py",
    "tests/bridge/test_delivering.py",
    "tests/bridge/test_errands.py",
    "tests/bridge/test_inbox.py",
    "tests/bridge/test_tasks.py",
    "tests/bridge/test_admin.py",
    "tests/bridge/activitypub/test_listings.py",
    "tests/social",
    "tests/flows/test_at_once.py",
    "tests/flows/test_costs.py",
    "tests/flows/test_privacy.py",
)

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif("postgresql" in services.missing(), reason="no PostgreSQL on this machine"),
]


def test_what_the_database_decides_is_decided_alike_on_postgresql() -> None:
    with services.Postgres() as postgres:
        told = {"DATABASE_URL": postgres.create("ownroom"), "OWNROOM_TEST_SERVICES": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", *TELLING],
            cwd=ROOT,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    assert done.returncode == 0, done.stdout[-8000:]
    assert " passed" in done.stdout
