"""The pages alone: their own URLs and their own app, whatever else the server has."""

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture(autouse=True)
def pages(settings: Settings, db: None) -> None:
    settings.ROOT_URLCONF = "social.web.urls"
    if "social.web" not in settings.INSTALLED_APPS:
        settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "social.web"]
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # WhiteNoise warns when it is missing
