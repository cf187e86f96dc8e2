"""What an admin gets wrong is said in one line, with what to type, and without a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from bridge.demo.homeserver import free_port
from bridge.demo.server import ROOT, Server


def said(tmp_path: Path, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=Server(tmp_path).environment() | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode
    assert "Traceback" not in done.stderr
    assert not done.stdout
    return done.stderr.strip()


@pytest.mark.parametrize(
    ("words", "environment", "told"),
    [
        (["received", "list"], {}, "Type: python manage.py migrate"),
        (["web", "--port", str(free_port())], {}, "Type: python manage.py migrate"),
        (["check"], {"OWNROOM_MEDIA_DAYS": "soon"}, "OWNROOM_MEDIA_DAYS is a whole number"),
        (["check"], {"OWNROOM_SECURE_FETCH": "ture"}, "OWNROOM_SECURE_FETCH is true or false"),
        (["registration", "--url", "social.example"], {}, "example http://social.example"),
        (["received", "list"], {"DATABASE_URL": "postgres://a:b@127.0.0.1:1/c"}, "doctor"),
    ],
)
def test_a_mistake_is_one_line_that_says_what_to_do(
    tmp_path: Path, words: list[str], environment: dict[str, str], told: str
) -> None:
    text = said(tmp_path, *words, **environment)
    assert told in text
    assert len(text.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "just words", "{", "id: ownroom\n"])
def test_a_registration_that_cannot_be_read_is_named_and_left_alone(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "registration.yaml"
    path.write_text(text)
    words = ("profile", "create", "@alice:hs.localhost")
    assert f"registration at {path}" in said(tmp_path, *words)
    if not text.startswith("id"):
        assert f"registration at {path}" in said(tmp_path, "registration")
    assert path.read_text() == text
