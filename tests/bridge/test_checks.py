"""A wrong setting is named before anything starts."""

import pytest
from pytest_django import Settings as SettingsWrapper

from bridge import checks


def test_a_word_for_signups_that_means_nothing_is_refused(settings: SettingsWrapper) -> None:
    settings.OWNROOM_SIGNUPS = "everybody"
    (found,) = checks.required_settings()
    assert found.id == "ownroom.E005"
    assert "local, anyone, invited" in str(found.msg)


def test_an_address_of_redis_that_is_none_is_refused(settings: SettingsWrapper) -> None:
    settings.REDIS_URL = "localhost:6379"
    (found,) = checks.required_settings()
    assert found.hint == "It looks like redis://127.0.0.1:6379/0."


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("OWNROOM_DOMAIN", "https://social.example", "Leave out https://"),
        ("OWNROOM_DOMAIN", "social example", "looks like social.example.org"),
        ("OWNROOM_DOMAIN", "social.example:443", "Write social.example."),
        ("OWNROOM_HANDLE_DOMAIN", "@social.example", "looks like social.example.org"),
        ("OWNROOM_MEDIA_HOST", "bücher.example", "Write xn--bcher-kva.example."),
        ("OWNROOM_ADMINS", ("@ada:hs.test", "admin"), "looks like @name:server"),
    ],
)
def test_a_name_that_is_none_is_refused_before_it_is_in_ids_for_ever(
    settings: SettingsWrapper, name: str, value: object, hint: str
) -> None:
    setattr(settings, name, value)
    (found,) = checks.required_settings()
    assert name in str(found.msg)
    assert hint in str(found.hint)


def test_the_settings_of_these_tests_are_sound() -> None:
    assert checks.required_settings() == []
