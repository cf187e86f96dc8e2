"""`manage.py instances`: whom this server speaks with."""

import json

import pytest
from django.core.management import CommandError, call_command

from social.models import Actor, Instance, Site

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("verb", ["block", "allow", "unblock"])
def test_a_decision_needs_a_host(verb: str) -> None:
    with pytest.raises(CommandError, match="Which server"):
        call_command("instances", verb)


@pytest.mark.parametrize("host", ["no such thing", "social.test"])
def test_no_decision_is_made_about_nobody_or_about_ourselves(host: str) -> None:
    with pytest.raises(CommandError, match=r"not the name of a server|this server itself"):
        call_command("instances", "block", host)
    assert not Instance.objects.exists()


def test_a_dry_run_says_what_would_end_and_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Actor.objects.create(uri="https://far.example/bob", domain="far.example", host="far.example")
    call_command("instances", "block", "far.example", dry_run=True)
    text = capsys.readouterr().out
    assert "0 follows with far.example would end, 1 actors would be hidden" in text
    assert not Instance.objects.exists()


def test_a_server_is_blocked_listed_and_unblocked(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("instances", "block", "Far.Example", reason="spam")
    call_command("instances", "list")
    text = capsys.readouterr().out
    assert "blocked  far.example  spam" in text
    assert "All other servers are spoken with" in text
    call_command("instances", "list", json=True)
    told = json.loads(capsys.readouterr().out)
    assert told == {"host": "far.example", "policy": "blocked", "reason": "spam"}
    call_command("instances", "unblock", "far.example")
    assert "do not come back" in capsys.readouterr().out
    call_command("instances", "list")
    assert "far.example" not in capsys.readouterr().out


def test_the_list_says_when_only_the_allow_list_counts(capsys: pytest.CaptureFixture[str]) -> None:
    Site.objects.create(allow_list_only=True)
    call_command("instances", "allow", "friend.example")
    call_command("instances", "list")
    text = capsys.readouterr().out
    assert "allowed  friend.example" in text
    assert "Only servers on the allow-list" in text
