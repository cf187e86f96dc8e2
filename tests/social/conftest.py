"""Who the stories are about: one here, one elsewhere."""

import pytest

from social.models import Actor
from tests.social.web.cast import local, remote


@pytest.fixture
def alice() -> Actor:
    return local("alice")


@pytest.fixture
def bob() -> Actor:
    return remote("bob")
