"""The launcher against the real thing: set OWNROOM_SYNAPSE_VENV to spare the installation."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.demo.homeserver import Homeserver, NotStarted
from bridge.demo.person import Refused

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    with Homeserver(tmp_path_factory.mktemp("homeserver")) as server:
        yield server


def test_a_wrong_configuration_is_told_with_the_last_words_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(NotStarted, match="app_service"):
        Homeserver(tmp_path, extra={"app_service_config_files": [1]}).start(30)


def test_a_stranger_may_not_speak_in_a_private_room(homeserver: Homeserver) -> None:
    alice, mallory = homeserver.person("alice"), homeserver.person("mallory")
    room = alice.create_room(preset="private_chat")
    with pytest.raises(Refused) as refused:
        mallory.send(room, "let me in")
    assert refused.value.errcode == "M_FORBIDDEN"


def test_registering_twice_logs_in(homeserver: Homeserver) -> None:
    first, second = (homeserver.register("ada", "secret") for _ in range(2))
    assert first["user_id"] == second["user_id"]
    assert first["access_token"] != second["access_token"]


def test_people_talk_edit_react_and_retract(homeserver: Homeserver) -> None:
    alice, ada = homeserver.person("alice"), homeserver.person("ada")
    room = alice.dm(ada.user_id)
    assert ada.wait_for_invite() == room
    assert room in ada.invites()
    ada.join(room)
    assert alice.members(room) == {alice.user_id, ada.user_id}
    root = alice.send(room, "hello", "<b>hello</b>")
    assert ada.wait_for(room, lambda event: event["event_id"] == root)["content"]["body"] == "hello"
    answer = ada.reply(room, root, "hello yourself", thread_root=root)
    ada.edit(room, answer, "hello, you")
    ada.react(room, root, "👍")
    alice.redact(room, root)
    kinds = [event["type"] for event in ada.messages(room, limit=4)]
    assert kinds == ["m.room.redaction", "m.reaction", "m.room.message", "m.room.message"]


def test_what_was_said_survives_kill_9(tmp_path: Path) -> None:
    with Homeserver(tmp_path) as server:
        alice = server.person("alice")
        room = alice.create_room(name="Diary")
        said = alice.send(room, "dear diary")
        server.kill()
        server.spawn()
        assert alice.event(room, said)["content"]["body"] == "dear diary"
        server.stop()
    with Homeserver(tmp_path) as again:
        assert again.server_name == server.server_name
        assert again.person("alice").event(room, said)["content"]["body"] == "dear diary"


def test_a_killed_owner_leaves_no_homeserver_behind(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from bridge.demo.homeserver import Homeserver;"
        "print(Homeserver(Path(sys.argv[1])).start().pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ
    ) as owner:
        assert owner.stdout
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)
    end = time.monotonic() + 10
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_two_homeservers_federate_on_loopback(tmp_path: Path) -> None:
    with (
        Homeserver(tmp_path / "a", federation=True) as here,
        Homeserver(tmp_path / "b", federation=True) as there,
    ):
        alice, bob = here.person("alice"), there.person("bob")
        room = alice.create_room(preset="public_chat", room_alias_name="square")
        assert bob.join(f"#square:{here.server_name}") == room
        bob.send(room, "greetings from far away")
        heard = alice.wait_for(
            room, lambda event: event["sender"] == bob.user_id and event["type"] == "m.room.message"
        )
        assert heard["content"]["body"] == "greetings from far away"
        answer = alice.send(room, "welcome")
        assert bob.wait_for(room, lambda event: event["event_id"] == answer)
