"""The limits: what the homeserver and the cryptography do with nothing of ours in between."""

import asyncio
import json
import time
from collections import deque
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bridge.demo.bench.stage import Stage
from bridge.demo.neighbour.blast import Pour
from bridge.matrix.client import DEVICE

WIDE = 16  # requests at a time
TEXT = b"(request-target): post /inbox\nhost: example.org\ndate: Mon, 01 Jan 2024 00:00:00 GMT"


def rsa_per_cpu_second() -> dict[str, float]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public, signed = key.public_key(), key.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())

    def sign() -> None:
        key.sign(TEXT, padding.PKCS1v15(), hashes.SHA256())

    def verify() -> None:
        public.verify(signed, TEXT, padding.PKCS1v15(), hashes.SHA256())

    found = {}
    for name, work, times in (("signs", sign, 400), ("verifies", verify, 4000)):
        began = time.process_time()
        for _ in range(times):
            work()
        found[name] = times / (time.process_time() - began)
    return found


def one_room(
    stage: Stage,
    like: dict[str, Any],
    ghosts: Sequence[str],
    events: int,
    *,
    in_order: bool = False,
) -> float:
    """Events per second: `like` what we write, by the same ghosts, into a new room of alice's.

    `in_order`: on our terms, as many at a time as there are authors, and each named by a device, so
    that none overtakes and none is doubled by a homeserver that was killed.
    """
    token = _token(stage)
    room = stage.alice.create_room(preset="public_chat")
    for ghost in ghosts:
        path = f"/_matrix/client/v3/join/{quote(room, safe='')}"
        _pour(stage, [_request(stage, "POST", path, {}, token, user=ghost)])
    root = stage.alice.send(room, "the root of the thread")
    relation = {"rel_type": "m.thread", "event_id": root, "is_falling_back": True}
    content = {**like, "m.relates_to": {**relation, "m.in_reply_to": {"event_id": root}}}
    device = DEVICE if in_order else ""
    return _pour(
        stage,
        [
            _request(
                stage,
                "PUT",
                _send(room, n),
                content,
                token,
                user=ghosts[n % len(ghosts)],
                device=device,
            )
            for n in range(events)
        ],
        len(ghosts) if in_order else WIDE,
    )


def many_rooms(stage: Stage, like: dict[str, Any], rooms: int, events: int) -> float:
    """The same by alice herself, spread over `rooms` new rooms."""
    made = [stage.alice.create_room() for _ in range(rooms)]
    content = {key: value for key, value in like.items() if key != "m.relates_to"}
    return _pour(
        stage,
        [
            _request(stage, "PUT", _send(made[n % rooms], n), content, stage.alice.token)
            for n in range(events)
        ],
    )


def _token(stage: Stage) -> str:
    registration = (stage.server.folder / "registration.yaml").read_text()
    return str(yaml.safe_load(registration)["as_token"])


def _send(room: str, number: int) -> str:
    return f"/_matrix/client/v3/rooms/{quote(room, safe='')}/send/m.room.message/bench{number}"


def _request(
    stage: Stage,
    method: str,
    path: str,
    body: dict[str, Any],
    token: str,
    *,
    user: str = "",
    device: str = "",
) -> bytes:
    data = json.dumps(body).encode()
    named = {"user_id": user, "device_id": device}
    asked = f"?{urlencode({key: value for key, value in named.items() if value})}" if user else ""
    head = (
        f"{method} {path}{asked} HTTP/1.1",
        f"Host: {urlsplit(stage.homeserver.url).netloc}",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(data)}",
    )
    return "\r\n".join([*head, "", ""]).encode() + data


def _pour(stage: Stage, requests: list[bytes], wide: int = WIDE) -> float:
    run = Pour(stage.homeserver.url, deque(requests))
    asyncio.run(run.run(wide))
    refused = {status for status, _ in run.answers if status != 200}
    if refused:
        raise RuntimeError(f"the homeserver answered {refused} to what it was sent directly")
    return float(run.report()["per_second"])
