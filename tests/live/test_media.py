"""Pictures, on a real homeserver: uploaded as any client does, opened by whoever got the post."""

import itertools
import urllib.error
import urllib.request
import zlib

import pytest

from bridge.demo.neighbourhood import Actor
from tests.live.stage import Resident, Stage, until

pytestmark = pytest.mark.live

_names = itertools.count(1)


def chunk(kind: bytes, data: bytes) -> bytes:
    whole = kind + data
    return len(data).to_bytes(4, "big") + whole + zlib.crc32(whole).to_bytes(4, "big")


def png(width: int = 64, height: int = 64) -> bytes:
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    rows = b"".join(
        b"\x00" + b"".join(bytes((x * 4 % 256, y * 4 % 256, 128)) for x in range(width))
        for y in range(height)
    )
    parts = chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(rows, 0)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def fetch(url: str, **headers: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.headers["Content-Type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", error.read()


@pytest.fixture
def follower(town: Stage, alice: Resident) -> Actor:
    one = town.neighbour.actor(f"photographer{next(_names)}")
    assert one.follow(alice.handle).statuses == [202]
    one.wait_for("Accept")
    return one


def test_a_picture_crosses_opens_in_parts_and_goes_with_its_post(
    alice: Resident, follower: Actor
) -> None:
    data = png()
    content = {
        "msgtype": "m.image",
        "body": f"a gradient by {follower.name}",
        "filename": "dusk.png",
        "url": alice.person.upload("image/png", data),
        "info": {"mimetype": "image/png", "w": 64, "h": 64},
    }
    event = alice.person.send_event(alice.room, "m.room.message", content)
    note = follower.wait_for("Create", contains=f"a gradient by {follower.name}")["object"]
    (file,) = note["attachment"]
    assert fetch(file["url"]) == (200, "image/png", data)
    assert fetch(file["url"], Range="bytes=8-15")[0::2] == (206, data[8:16])
    alice.person.redact(alice.room, event)
    follower.wait_for("Delete", contains=note["id"])
    until(lambda: fetch(file["url"])[0] == 404)
