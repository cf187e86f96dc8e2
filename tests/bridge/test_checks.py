"""A wrong setting is named before anything starts."""

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


def test_the_settings_of_these_tests_are_sound() -> None:
    assert checks.required_settings() == []
