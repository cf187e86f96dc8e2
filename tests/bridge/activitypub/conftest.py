"""Our documents as they are served, with their own URLs alone."""

from pathlib import Path

import pytest
from django.core.cache import cache
from pytest_django import Settings as SettingsWrapper

from bridge.activitypub import signatures
from social.models import Actor
from tests.bridge.activitypub.world import ALICE, AT, BOB_KEY, ORIGIN, remote


@pytest.fixture
def served(settings: SettingsWrapper, db: None) -> None:
    settings.ROOT_URLCONF = "bridge.activitypub.urls"
    Path(settings.STATIC_ROOT).mkdir(exist_ok=True)  # WhiteNoise warns when it is missing
    cache.clear()


@pytest.fixture
def alice() -> Actor:
    return Actor.objects.create(
        uri=ALICE,
        owner="@alice:hs.test",
        handle="alice",
        domain="social.test",
        host="social.test",
        name="Alice",
        url=f"{ORIGIN}/@alice",
        inbox=f"{ALICE}/inbox",
        shared_inbox=f"{ORIGIN}/inbox",
        followers=f"{ALICE}/followers",
        key_id=f"{ALICE}#main-key",
        public_key="-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n",
        multikey="z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        published=AT,
    )


@pytest.fixture
def bob() -> Actor:
    return remote("bob", public_key=signatures.public_pem(signatures.load_private(BOB_KEY)))
