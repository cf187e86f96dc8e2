"""Our documents as they are served, with their own URLs alone."""

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings as SettingsWrapper

from social.models import Actor
from tests.bridge.activitypub.world import ALICE, BOB_PUBLIC, ORIGIN, remote, resident


@pytest.fixture
def served(settings: SettingsWrapper, db: None) -> None:
    settings.ROOT_URLCONF = "bridge.activitypub.urls"
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # WhiteNoise warns when it is missing
    cache.clear()


@pytest.fixture
def alice() -> Actor:
    return resident(
        inbox=f"{ALICE}/inbox",
        shared_inbox=f"{ORIGIN}/inbox",
        key_id=f"{ALICE}#main-key",
        multikey="z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
    )


@pytest.fixture
def bob() -> Actor:
    return remote("bob", public_key=BOB_PUBLIC)
