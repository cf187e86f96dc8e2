"""Where a Synapse is, if there is one."""

import os
from pathlib import Path

import pytest

from tests.deploy.rig import TOP


@pytest.fixture
def synapse_python() -> Path:
    """The Python of a Synapse that somebody has installed: the demo's, or one that is named."""
    folder = Path(os.environ.get("OWNROOM_SYNAPSE_VENV") or TOP / ".venv-synapse")
    python = folder / "bin/python"
    if not python.exists():
        pytest.skip("synapse is not installed: name its folder in OWNROOM_SYNAPSE_VENV")
    return python
