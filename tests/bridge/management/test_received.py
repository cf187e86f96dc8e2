"""`manage.py received`: what came, and processing it again."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bridge.models import Received

pytestmark = pytest.mark.django_db


def row(key: str, **values: Any) -> Received:
    told = {"network": "activitypub", "lane": "from activitypub far.example", "body": "{}"}
    return Received.objects.create(key=key, **(told | values))


def test_processing_everything_again_must_be_said_in_so_many_words() -> None:
    with pytest.raises(CommandError, match="--all"):
        call_command("received", "retry")


def test_the_list_tells_what_was_set_aside_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    row("one", state="gone", note="set aside after 5 tries")
    row("two", state="done")
    call_command("received", "list", state="gone")
    text = capsys.readouterr().out
    assert "set aside after 5 tries" in text
    assert "two" not in text
    call_command("received", "list", state="gone", json=True)
    assert json.loads(capsys.readouterr().out)["key"] == "one"


def test_the_list_shows_no_word_of_what_people_wrote(capsys: pytest.CaptureFixture[str]) -> None:
    row("one", body='{"content": "secret"}')
    call_command("received", "list", json=True)
    assert "secret" not in capsys.readouterr().out


def test_what_was_set_aside_is_processed_again_by_host(capsys: pytest.CaptureFixture[str]) -> None:
    mine = row("one", state="gone", tries=5)
    other = row("two", state="gone", lane="from activitypub other.example")
    call_command("received", "retry", host="far.example")
    assert "1 rows are processed again" in capsys.readouterr().out
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, mine.tries, other.state) == ("waiting", 0, "gone")
