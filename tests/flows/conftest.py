"""In a story whatever is read is read a second time, and must change nothing."""

import pytest

from tests.fakes.world import World


@pytest.fixture(autouse=True)
def _twice(world: World) -> None:
    world.twice = True
