"""`manage.py deliveries`: what an admin types at midnight."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from social.models import Delivery

pytestmark = pytest.mark.django_db
FAR = "activitypub far.example"


def row(**values: Any) -> Delivery:
    told = {"network": "activitypub", "lane": FAR, "to": "https://far.example/inbox"}
    return Delivery.objects.create(**({**told, "sender": "s", "subject": "post"} | values))


def run(capsys: pytest.CaptureFixture[str], *words: str, **options: Any) -> str:
    call_command("deliveries", *words, **options)
    return capsys.readouterr().out


def test_sending_everything_again_must_be_said_in_so_many_words() -> None:
    one = row(state="gone")
    for verb in ("retry", "drop"):
        with pytest.raises(CommandError, match="--all"):
            call_command("deliveries", verb)
    one.refresh_from_db()
    assert one.state == "gone"


def test_a_row_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match="no row 77"):
        call_command("deliveries", "retry", "77")


def test_what_is_no_host_is_refused() -> None:
    with pytest.raises(CommandError, match="not the name of a server"):
        call_command("deliveries", "list", host="a b")


def test_the_list_shows_what_waits_and_why(capsys: pytest.CaptureFixture[str]) -> None:
    one = row(note="answered 503", tries=3)
    row(state="done")
    text = run(capsys, "list")
    assert f"{one.pk}" in text
    assert "https://far.example/inbox" in text
    assert "answered 503" in text
    assert "1 of 1 rows" in text


def test_the_list_is_cut_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(3):
        row()
    assert "2 of 3 rows" in run(capsys, "list", limit=2)


def test_for_scripts_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    one = row(state="gone", note="answered 404")
    (line,) = run(capsys, "list", state="gone", json=True).splitlines()
    told = json.loads(line)
    assert (told["id"], told["state"], told["note"]) == (one.pk, "gone", "answered 404")


def test_a_host_stands_for_its_own_rows_only(capsys: pytest.CaptureFixture[str]) -> None:
    mine = row(state="gone")
    other = row(state="gone", lane="activitypub other.example")
    assert "1 deliveries are sent again" in run(capsys, "retry", host="FAR.example")
    mine.refresh_from_db()
    other.refresh_from_db()
    assert (mine.state, other.state) == ("waiting", "gone")


def test_a_dry_run_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    waits, gone = row(), row(state="gone")
    assert "1 deliveries would be given up" in run(capsys, "drop", all=True, dry_run=True)
    assert "1 deliveries would be sent again" in run(capsys, "retry", all=True, dry_run=True)
    waits.refresh_from_db()
    gone.refresh_from_db()
    assert (waits.state, gone.state) == ("waiting", "gone")


def test_what_was_given_up_comes_back_by_a_retry(capsys: pytest.CaptureFixture[str]) -> None:
    one = row()
    run(capsys, "drop", str(one.pk))
    one.refresh_from_db()
    assert (one.state, one.note) == ("gone", "given up by an admin")
    run(capsys, "retry", str(one.pk))
    one.refresh_from_db()
    assert (one.state, one.tries, one.note) == ("waiting", 0, "")
