"""The stage of the live suite: a real homeserver and an Ownroom for each form, made when asked."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from bridge.demo.services import NotThere
from tests.live.stage import FORMS, Resident, Stage, stage


@pytest.fixture(scope="session", params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def town(form: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    try:
        with stage(form, tmp_path_factory.mktemp(form), sends="cavage") as made:
            yield made
    except NotThere as missing:
        pytest.skip(f"not run in the form {form!r}: {missing}")


@pytest.fixture(scope="session")
def static_root(django_test_environment: None) -> None:
    """WhiteNoise warns when the folder is missing; the live server starts before any test."""
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)


@pytest.fixture
def alice(town: Stage) -> Resident:
    return town.resident("alice")
