"""Two servers that lie, or are lied about."""

from collections.abc import Iterator

import pytest

from tests.fakes.liar import Liar, serving


@pytest.fixture
def evil() -> Iterator[Liar]:
    with serving("127.0.10.11") as liar:
        yield liar


@pytest.fixture
def victim() -> Iterator[Liar]:
    with serving("127.0.10.12") as liar:
        yield liar
