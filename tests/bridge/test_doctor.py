"""The doctor: what an admin can get wrong is told apart, with its cure, and never a traceback."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from bridge import keys, tasks
from bridge.doctor import examination, homeserver, machine, public, work
from bridge.matrix import registration
from bridge.models import Key, Lane, Received, Tick
from social.models import Actor
from tests.fakes.homeserver import OURS, THEIRS
from tests.fakes.world import World

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = {"versions": ["v1.11"]}


class Answers(BaseHTTPRequestHandler):
    told: dict[str, tuple[int, Any]] = {}
    date = ""

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status, body = self.told.get(self.path, (404, {"errcode": "M_UNRECOGNIZED"}))
        raw = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response_only(status)
        self.send_header("Date", type(self).date or formatdate(usegmt=True))
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = answer  # noqa: N815  http.server's names


@pytest.fixture
def told(settings: SettingsWrapper) -> Iterator[dict[str, tuple[int, dict[str, Any]]]]:
    """A homeserver that says what it was told to say."""
    Answers.told, Answers.date = {"/_matrix/client/versions": (200, VERSIONS)}, ""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    settings.OWNROOM_HOMESERVER_URL = f"http://127.0.0.1:{server.server_port}"
    yield Answers.told
    server.shutdown()
    server.server_close()


@pytest.fixture
def registered(settings: SettingsWrapper, tmp_path: Path) -> Path:
    path = tmp_path / "registration.yaml"
    settings.OWNROOM_REGISTRATION = path
    registration.write("http://127.0.0.1:8000")
    return path


WHOAMI = "/_matrix/client/v3/account/whoami"
PING = "/_matrix/client/v1/appservice/ownroom/ping"


# ---- the machine


def test_a_missing_setting_is_named_with_what_to_put_there(settings: SettingsWrapper) -> None:
    settings.OWNROOM_SERVER_NAME = ""
    found = machine.right_settings()
    assert (found.state, found.cause) == ("fail", "OWNROOM_SERVER_NAME is not set.")
    assert "after the colon" in found.cure


def test_an_address_without_its_scheme_is_refused(settings: SettingsWrapper) -> None:
    settings.OWNROOM_HOMESERVER_URL = "hs.example:8008"
    found = machine.right_settings()
    assert found.state == "fail"
    assert "http://hs.example:8008" in found.cure


def test_a_mistyped_setting_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNROOM_ALOW_PRIVATE", "10.0.0.0/8")
    found = machine.right_settings()
    assert (found.state, found.cure) == ("warn", "Did you mean OWNROOM_ALLOW_PRIVATE?")


def test_every_setting_that_is_read_is_known() -> None:
    text = (ROOT / "bridge" / "settings.py").read_text()
    read = {part.split('"')[0] for part in text.split('("')[1:] if part.startswith("OWNROOM_")}
    assert read
    assert read <= set(machine.KNOWN)


def test_http_on_a_public_name_is_warned_about(settings: SettingsWrapper) -> None:
    settings.OWNROOM_DOMAIN = "social.example.org"
    assert machine.right_settings().state == "warn"


@pytest.fixture
def long_secret(settings: SettingsWrapper, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.delenv("OWNROOM_SECRET_KEY", raising=False)
    settings.OWNROOM_DATA, settings.SECRET_KEY = tmp_path, "x" * 64
    path = tmp_path / "secret_key"
    path.touch(mode=0o600)
    return path


def test_a_secret_that_others_can_read_is_red(long_secret: Path, db: None) -> None:
    long_secret.chmod(0o644)
    found = machine.secret()
    assert (found.state, found.cure) == ("fail", f"chmod 600 {long_secret}")


def test_a_short_secret_is_warned_about(
    long_secret: Path, settings: SettingsWrapper, db: None
) -> None:
    settings.SECRET_KEY = "short"
    assert machine.secret().state == "warn"


def test_another_secret_than_the_one_that_sealed_the_keys_is_red(
    long_secret: Path, settings: SettingsWrapper, db: None
) -> None:
    actor = Actor.objects.create(uri="u", handle="a", domain="d", host="h")
    Key.objects.create(actor=actor, sealed=keys.make("u"))
    assert machine.secret().state == "ok"
    settings.SECRET_KEY = "y" * 64
    found = machine.secret()
    assert (found.state, "another secret" in found.cause) == ("fail", True)


def test_a_folder_that_is_none_is_red(settings: SettingsWrapper, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    settings.OWNROOM_DATA = tmp_path / "file"
    assert machine.data_folder().state == "fail"


def test_the_database_of_a_newer_version_is_red(db: None) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    assert machine.database().state == "ok"
    recorded = MigrationRecorder.Migration.objects.create(app="social", name="9999_later")
    assert "newer version (9999_later)" in machine.database().cause
    recorded.delete()
    MigrationRecorder.Migration.objects.filter(app="social").order_by("-id")[0].delete()
    assert machine.database().cure == "python manage.py migrate"


def test_redis_is_asked_only_where_it_is_used(settings: SettingsWrapper) -> None:
    assert machine.redis().state == "ok"
    settings.REDIS_URL = "redis://127.0.0.1:1"
    assert machine.redis().state == "fail"
    settings.REDIS_URL = "nonsense"
    assert machine.redis().state == "fail"


# ---- the homeserver


def test_a_homeserver_that_is_away_is_red() -> None:
    found = homeserver.answers()
    assert found.state == "fail"
    assert "does not answer: Connection refused" in found.cause


def test_what_answers_but_is_no_homeserver_is_red(told: dict[str, Any]) -> None:
    told["/_matrix/client/versions"] = (200, {"hello": "world"})
    assert "not as a homeserver does" in homeserver.answers().cause


def test_a_missing_registration_names_the_command(
    settings: SettingsWrapper, tmp_path: Path
) -> None:
    settings.OWNROOM_REGISTRATION = tmp_path / "none.yaml"
    assert "manage.py registration" in homeserver.registered().cure


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"rate_limited": True}, "rate_limited"),
        ({"namespaces": {"users": []}}, "namespaces"),
        ({"sender_localpart": "bot"}, "sender_localpart"),
        ({"as_token": ""}, "no tokens"),
    ],
)
def test_a_registration_that_is_not_ours_is_red(
    registered: Path, change: dict[str, Any], word: str
) -> None:
    assert homeserver.registered().state == "ok"
    registered.write_text(yaml.safe_dump(yaml.safe_load(registered.read_text()) | change))
    found = homeserver.registered()
    assert (found.state, word in found.cause) == ("fail", True)


def test_a_registration_that_is_no_yaml_is_red(registered: Path) -> None:
    registered.write_text("{")
    assert homeserver.registered().state == "fail"


def test_tokens_that_others_can_read_are_red(registered: Path) -> None:
    registered.chmod(0o604)
    assert homeserver.registered().cure == f"chmod 600 {registered}"


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (401, "does not know our token (401)"),
        (403, "not the bot in its namespace (403)"),
        (404, "nobody answers there for accounts (404)"),
        (500, "answers 500"),
    ],
)
def test_each_way_of_refusing_the_token_is_told_apart(
    told: dict[str, Any], registered: Path, status: int, words: str
) -> None:
    told[WHOAMI] = (status, {})
    found = homeserver.token()
    assert (found.state, words in found.cause) == ("fail", True)


def test_a_token_that_belongs_to_another_is_red(told: dict[str, Any], registered: Path) -> None:
    told[WHOAMI] = (200, {"user_id": "@_ap_bot:other.test"})
    assert "takes us for @_ap_bot:other.test" in homeserver.token().cause
    told[WHOAMI] = (200, {"user_id": "@_ap_bot:hs.test"})
    assert homeserver.token().state == "ok"


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (502, {"errcode": "M_CONNECTION_FAILED"}, "does not reach us"),
        (504, {"errcode": "M_CONNECTION_TIMEOUT"}, "does not reach us"),
        (502, {"errcode": "M_BAD_STATUS", "status": 403}, "answers 403"),
        (400, {"errcode": "M_URL_NOT_SET"}, "names no url"),
        (403, {"errcode": "M_FORBIDDEN"}, "under another id"),
        (404, {"errcode": "M_UNRECOGNIZED"}, "cannot ping (404 M_UNRECOGNIZED)"),
    ],
)
def test_each_way_of_not_reaching_us_is_told_apart(
    told: dict[str, Any], registered: Path, status: int, body: dict[str, Any], words: str
) -> None:
    told[PING] = (status, body)
    found = homeserver.ping()
    assert (found.state, words in found.cause) == ("fail", True), found


def test_a_clock_that_is_wrong_is_red(told: dict[str, Any]) -> None:
    assert homeserver.clock().state == "ok"
    Answers.date = "Mon, 23 Nov 2020 12:00:00 GMT"
    assert homeserver.clock().state == "fail"
    Answers.date = "yesterday"
    assert homeserver.clock().state == "warn"


# ---- as others see us


def test_an_address_that_is_private_here_is_not_called_ill(settings: SettingsWrapper) -> None:
    settings.OWNROOM_ALLOW_PRIVATE = ()
    settings.OWNROOM_HANDLE_DOMAIN = "127.0.0.1:9"
    found = public.webfinger()
    assert found.state == "warn"
    assert "from another machine" in found.cure


def test_an_address_that_nobody_answers_is_red(settings: SettingsWrapper) -> None:
    settings.OWNROOM_ORIGIN = "http://127.0.0.1:9"
    assert public.actor().state == "fail"


def test_somebody_elses_answer_is_not_ours(told: dict[str, Any], settings: SettingsWrapper) -> None:
    settings.OWNROOM_ORIGIN = settings.OWNROOM_HOMESERVER_URL
    settings.OWNROOM_HANDLE_DOMAIN = settings.OWNROOM_HOMESERVER_URL.removeprefix("http://")
    told["/ap/actor"] = (200, {"id": "http://other.test/ap/actor"})
    assert "answered by somebody else" in public.actor().cause
    told["/ap/actor"] = (200, {"id": f"{settings.OWNROOM_ORIGIN}/ap/actor"})
    assert "instead of application/activity+json" in public.actor().cause
    assert "answers 404" in public.webfinger().cause


def test_files_beside_the_pages_are_well_and_on_another_name_of_the_pages_are_not(
    settings: SettingsWrapper,
) -> None:
    assert public.files().state == "ok"
    settings.OWNROOM_MEDIA_HOST = settings.OWNROOM_DOMAIN
    found = public.files()
    assert (found.state, "serves nothing else" in found.cure) == ("fail", True)


def test_the_host_of_the_files_must_be_ours_and_have_nothing_else(
    world: World, told: dict[str, Any], settings: SettingsWrapper
) -> None:
    somebody = settings.OWNROOM_HOMESERVER_URL.removeprefix("http://")
    settings.OWNROOM_MEDIA_HOST = somebody
    assert "answered by somebody else" in public.files().cause
    told |= {"/media/no/such/file": (404, "There is no such file."), "/": (200, "a shop")}
    found = public.files()
    assert "shows something else than files" in found.cause
    assert "samples in deploy/" in found.cure
    settings.OWNROOM_MEDIA_HOST = world.url.removeprefix("http://")
    settings.OWNROOM_DOMAIN = settings.OWNROOM_HANDLE_DOMAIN = "social.test"
    assert public.files().state == "ok"


# ---- the work


def test_a_scheduler_that_never_ran_or_stands_still_is_red(db: None) -> None:
    assert work.scheduler().state == "fail"
    Tick.objects.create(name="sweep", at=timezone.now() - timedelta(hours=3))
    assert "last seen 3 hours ago" in work.scheduler().cause
    tasks.sweep()
    assert work.scheduler().state == "ok"


def test_rows_that_nobody_works_on_are_red(db: None) -> None:
    assert work.backlog().state == "ok"
    long_ago = timezone.now() - timedelta(hours=1)
    Received.objects.create(network="matrix", key="k", lane="l", body="{}", due=long_ago)
    assert work.backlog().state == "fail"


def test_a_server_that_is_away_is_no_illness_of_ours_but_a_room_may_be(db: None) -> None:
    Lane.objects.create(name="activitypub far.example", failures=3, note="answered 503")
    found = work.backlog()
    assert (found.state, "1 servers do not answer" in found.cause) == ("ok", True)
    Lane.objects.create(name="matrix desk x", failures=9, note="the homeserver answered 500")
    assert work.backlog().state == "warn"


# ---- the whole


def test_what_cannot_be_asked_is_named_with_the_reason(db: None) -> None:
    found = dict(examination.examine())
    assert set(found) == set(examination.QUESTIONS)
    assert found["homeserver"].state == "fail"
    assert found["token"].cause == "not asked, because homeserver is not well"
    assert found["ping"].cause == "not asked, because token is not well"


def test_an_error_of_our_own_is_one_red_line(
    db: None, settings: SettingsWrapper, registered: Path
) -> None:
    settings.OWNROOM_DATA = None
    found = dict(examination.examine())
    assert found["data"].state == "fail"
    assert found["data"].cause.startswith("our own error")


def test_red_is_exit_1_and_each_line_is_json_when_asked(
    db: None, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", json=True)
    assert ended.value.code == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["name"]: line["state"] for line in lines}["database"] == "ok"
    assert all(line["cure"] for line in lines if line["state"] != "ok")


def test_all_is_green_where_all_is_well(
    world: World, settings: SettingsWrapper, registered: Path, long_secret: Path
) -> None:
    told = yaml.safe_load(registered.read_text())
    registered.write_text(yaml.safe_dump(told | {"as_token": OURS, "hs_token": THEIRS}))
    Key.objects.all().delete()  # sealed with the secret of the other tests
    tasks.sweep()
    found = dict(examination.examine())
    assert {name: f for name, f in found.items() if f.state != "ok"} == {}


@pytest.mark.parametrize(
    "wrong",
    [
        "OWNROOM_ALLOW_PRIVATE=everything",
        "OWNROOM_DATA=/dev/null/x",
        "DATABASE_URL=nonsense",
    ],
)
def test_settings_that_cannot_be_read_are_one_line_without_a_traceback(wrong: str) -> None:
    name, _, value = wrong.partition("=")
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "bridge.settings", name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert name in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
