"""The stage of the live suite: a real homeserver and an Ownroom for each form, made when asked."""

from collections.abc import Generator, Iterator
from pathlib import Path
from subprocess import SubprocessError

import pytest
from django.conf import settings

from bridge.demo.services import NotThere
from tests.live.stage import FORMS, Resident, Stage, Town, stage


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, object]:
    """A story that failed says what its server did and what waits there: it is gone afterwards."""
    report = yield
    towns = [one for one in getattr(item, "funcargs", {}).values() if isinstance(one, Town)]
    if report.failed and report.when == "call":
        for town in towns:
            report.sections.append(("the server's log", town.server.log_tail()))
            for table in ("received", "deliveries"):
                for state in ("waiting", "ignored", "gone"):
                    report.sections.append((f"{table}, {state}", _rows(town, table, state)))
    return report


def _rows(town: Town, table: str, state: str) -> str:
    try:
        return town.server.manage(table, "list", "--state", state, "--limit", "20")
    except (AssertionError, OSError, SubprocessError) as error:
        return str(error)


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
