"""Files as people post them, and as they are asked for."""

import urllib.error
import urllib.request
from email.message import Message

from tests.fakes.world import Resident, World, post, post_of

BYTES = bytes(range(256)) * 600
PNG = "image/png"


def fetch(url: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    request = urllib.request.Request(url, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def picture(
    world: World, person: Resident, *, kind: str = PNG, room: str = "", **more: object
) -> str:
    world.home.files["hs.test/abc"] = (kind, BYTES)
    content = {
        "msgtype": "m.image",
        "body": "a cat",
        "filename": "cat.png",
        "url": "mxc://hs.test/abc",
        "info": {"mimetype": kind, "w": 640, "h": 480},
        "social.ownroom.alt": "a grey cat",
        **more,
    }
    event = person.person.send_event(room or person.room, "m.room.message", content)
    world.settle()
    return event


def address(event: str) -> str:
    (file,) = post(post_of(event)).attachments
    return str(file["url"])


def edited(world: World, person: Resident, event: str, new: dict[str, object]) -> None:
    related = {"rel_type": "m.replace", "event_id": event}
    content = {**new, "m.new_content": new, "m.relates_to": related}
    person.person.send_event(person.room, "m.room.message", content)
    world.settle()
