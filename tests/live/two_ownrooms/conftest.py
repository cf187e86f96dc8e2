"""Two servers and two friends for all stories of this folder."""

import itertools
from collections.abc import Iterator

import pytest

from tests.live.stage import Town, settled
from tests.live.two_ownrooms.friends import ADMIN, Friends, follows

_numbers = itertools.count(1)


@pytest.fixture(scope="package")
def towns(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Town]]:
    folder = tmp_path_factory.mktemp("two")
    with (
        settled(
            folder / "here", server_name="here.localhost", admins=f"@{ADMIN}:here.localhost"
        ) as here,
        settled(folder / "there", server_name="there.localhost") as there,
    ):
        yield here, there


@pytest.fixture(scope="package")
def friends(towns: tuple[Town, Town]) -> Friends:
    here, there = towns
    alice, bert = here.resident("alice"), there.resident("bert")
    return Friends(alice, bert, follows(bert, alice), follows(alice, bert))


@pytest.fixture
def words() -> str:
    """Words that were never said before."""
    return f"number {next(_numbers)} of many"
