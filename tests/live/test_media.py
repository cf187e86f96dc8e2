"""Pictures on a real homeserver, both ways: opened by whoever got the post, shown in mirrors."""

import itertools
import json
import urllib.error
import urllib.request
import zlib
from functools import partial

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


def test_pictures_and_face_of_somebody_elsewhere_are_shown_and_go_with_the_post(
    town: Stage, alice: Resident
) -> None:
    name = f"painter{next(_names)}"
    face = town.neighbour.file(f"{name}.png", "image/png", png(32, 32))
    icon = {"type": "Image", "mediaType": "image/png", "url": face}
    painter = town.neighbour.actor(name, icon=icon)
    alice.person.send(alice.desk, f"follow {painter.handle}")
    room = alice.room_with(painter.name.title())
    attached = [
        {
            "type": "Document",
            "mediaType": "image/png",
            "url": town.neighbour.file(f"{name}-{side}.png", "image/png", png(side, 40)),
            "name": f"{side} wide",
        }
        for side in (20, 30)
    ]
    post = painter.post(f"two by {name}", extra={"attachment": attached}).post
    first = alice.sees(f"two by {name}", room=room)
    second = alice.sees("[30 wide]", room=room)
    assert [e["content"]["msgtype"] for e in (first, second)] == ["m.image", "m.image"]
    assert [e["content"]["info"]["w"] for e in (first, second)] == [20, 30]
    assert second["content"]["social.ownroom.part"]["of"] == first["event_id"]
    profile = alice.person.profile(first["sender"])
    avatar = alice.person.state(room, "m.room.avatar")
    assert profile["avatar_url"].startswith("mxc://")
    assert avatar["url"] == profile["avatar_url"]
    server, key = second["content"]["url"].removeprefix("mxc://").split("/")
    url = f"{alice.person.url}/_matrix/client/v1/media/download/{server}/{key}"
    token = {"Authorization": f"Bearer {alice.person.token}"}
    assert fetch(url, **token) == (200, "image/png", png(30, 40))
    painter.delete(post)
    for event in (first, second):
        until(lambda event=event: not alice.person.event(room, event["event_id"])["content"])


def test_a_text_too_large_for_its_event_is_a_file_that_goes_with_its_post(
    town: Stage, alice: Resident
) -> None:
    name = f"novelist{next(_names)}"
    novelist = town.neighbour.actor(name)
    alice.person.send(alice.desk, f"follow {novelist.handle}")
    room = alice.room_with(novelist.name.title())
    post = novelist.post(html=f"<p>a novel by {name}: {'and so on, ' * 8_000}the end</p>").post
    event = alice.sees(f"a novel by {name}", room=room)
    kept = event["content"]["social.ownroom.object"]
    assert "raw" not in kept
    mine = alice.post(f"{name} wrote: {'word ' * 12_000}")
    receipt = alice.sees_receipt(mine)
    texts = [kept["raw_mxc"], receipt["content"]["raw_mxc"]]
    token = {"Authorization": f"Bearer {alice.person.token}"}
    where = f"{alice.person.url}/_matrix/client/v1/media/download"
    urls = [f"{where}/{mxc.removeprefix('mxc://')}" for mxc in texts]
    status, _, body = fetch(urls[0], **token)
    assert (status, len(body)) == (200, kept["len"])
    assert json.loads(body)["object"]["id"] == post
    admin = town.homeserver.person(f"{name}-admin", admin=True)
    town.server.extra["OWNROOM_HOMESERVER_ADMIN_TOKEN"] = admin.token
    town.server.manage("media", "prune", "--gone")
    assert [fetch(url, **token)[0] for url in urls] == [200, 200]
    novelist.delete(post)
    alice.person.redact(alice.room, mine)
    stood = ((room, event), (alice.room, receipt))
    for url, (there, said) in zip(urls, stood, strict=True):
        until(partial(_is_empty, alice, there, said["event_id"]))
        until(partial(_gone, town, url, token), pause=1)


def _is_empty(reader: Resident, room: str, event: str) -> bool:
    return not reader.person.event(room, event)["content"]


def _gone(town: Stage, url: str, token: dict[str, str]) -> bool:
    """Within the hour by itself; at once when the admin says so."""
    town.server.manage("media", "prune", "--gone")
    return fetch(url, **token)[0] == 404


def test_an_admins_token_removes_what_others_attached_and_leaves_faces(
    town: Stage, alice: Resident
) -> None:
    name = f"hoarder{next(_names)}"
    face = town.neighbour.file(f"{name}.png", "image/png", png(33, 33))
    hoarder = town.neighbour.actor(name, icon={"type": "Image", "url": face})
    alice.person.send(alice.desk, f"follow {hoarder.handle}")
    room = alice.room_with(hoarder.name.title())
    large = town.neighbour.file(f"{name}-large.png", "image/png", png(200, 200))
    attached = [{"type": "Document", "mediaType": "image/png", "url": large}]
    hoarder.post(f"kept by {name}", extra={"attachment": attached})
    event = alice.sees(f"kept by {name}", room=room)
    server, key = event["content"]["url"].removeprefix("mxc://").split("/")
    url = f"{alice.person.url}/_matrix/client/v1/media/download/{server}/{key}"
    token = {"Authorization": f"Bearer {alice.person.token}"}
    assert fetch(url, **token)[0] == 200
    admin = town.homeserver.person(f"{name}-admin", admin=True)
    town.server.extra["OWNROOM_HOMESERVER_ADMIN_TOKEN"] = admin.token
    assert "removed: 1 files" in town.server.manage("media", "prune", "--larger", "0.05")
    assert fetch(url, **token)[0] == 404
    avatar = str(alice.person.profile(event["sender"])["avatar_url"])
    kept = f"{alice.person.url}/_matrix/client/v1/media/download/{avatar.removeprefix('mxc://')}"
    assert fetch(kept, **token)[0] == 200
