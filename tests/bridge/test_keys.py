"""Signing keys: sealed with the server's secret, and bound to whom they belong."""

import pytest
from cryptography.exceptions import InvalidTag
from pytest_django import Settings as SettingsWrapper

from bridge import keys
from social.models import Actor

ALICE = "https://social.test/ap/u/alice"


@pytest.fixture(scope="module")
def sealed() -> str:
    return keys.make(ALICE)


def test_a_sealed_pair_opens_for_its_actor_only(sealed: str) -> None:
    assert keys.open_sealed(ALICE, sealed).key_id == f"{ALICE}#main-key"
    with pytest.raises(InvalidTag):
        keys.open_sealed(f"{ALICE}2", sealed)


def test_another_secret_opens_nothing(sealed: str, settings: SettingsWrapper) -> None:
    settings.SECRET_KEY = "another one"
    with pytest.raises(InvalidTag):
        keys.open_sealed(ALICE, sealed)


def test_the_seal_shows_nothing_and_differs_each_time(sealed: str) -> None:
    assert "PRIVATE" not in sealed
    assert keys.make(ALICE) != sealed


def test_what_the_world_sees_is_public(sealed: str) -> None:
    pair = keys.open_sealed(ALICE, sealed)
    assert pair.public_pem.startswith("-----BEGIN PUBLIC KEY-----")
    assert pair.multikey.startswith("z6Mk")
    assert pair.rsa.key_size == 2048


@pytest.mark.django_db
def test_the_server_has_one_actor_with_one_key() -> None:
    assert keys.instance().public_pem == keys.instance().public_pem
    assert Actor.objects.get().kind == "application"
