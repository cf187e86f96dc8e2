"""A profile's pictures, changes and doors on a real homeserver."""

import itertools

import pytest

from tests.live.stage import Resident, Stage, containing, until
from tests.live.test_media import fetch, png

pytestmark = pytest.mark.live

_names = itertools.count(1)


@pytest.fixture
def guest(town: Stage) -> Resident:
    return town.resident(f"guest{next(_names)}")


def membership(room: str, by: Resident, of: Resident) -> str:
    found = by.person.state(room, "m.room.member", of.person.user_id)
    return str(found.get("membership", "leave"))


def test_pictures_and_name_of_the_room_go_out_as_one_change(town: Stage, guest: Resident) -> None:
    follower = town.neighbour.actor(f"admirer{next(_names)}")
    follower.follow(guest.handle)
    follower.wait_for("Accept")
    face, wide = png(32, 32), png(64, 16)
    for kind, data in (
        ("m.room.avatar", face),
        ("page.codeberg.everypizza.room.banner", wide),
    ):
        url = guest.person.upload("image/png", data)
        content = {"url": url, "info": {"mimetype": "image/png"}}
        guest.person.put_state(guest.room, kind, content)
    guest.person.put_state(guest.room, "m.room.name", {"name": f"Guest {follower.name}"})
    update = follower.wait_for("Update", contains=f"Guest {follower.name}", timeout=60)
    shown = update["object"]
    assert fetch(shown["icon"]["url"]) == (200, "image/png", face)
    assert fetch(shown["image"]["url"]) == (200, "image/png", wide)
    assert len(follower.received("Update")) == 1


def test_who_knocks_at_a_locked_room_follows_when_its_owner_says_so(
    town: Stage, guest: Resident
) -> None:
    other = town.resident(f"other{next(_names)}")
    guest.person.put_state(guest.room, "m.room.join_rules", {"join_rule": "knock"})
    until(lambda: town.server.json(guest.actor)["manuallyApprovesFollowers"])
    other.person.knock(guest.room)
    guest.told(other.handle)
    guest.ask(f"accept {other.handle}", "follows you now")
    until(lambda: membership(guest.room, guest, other) == "invite")
    other.person.join(guest.room)
    other.person.leave(guest.room)
    other.person.knock(guest.room)  # a follower is let in again
    until(lambda: membership(guest.room, guest, other) == "invite")


def test_a_room_whose_owner_left_publishes_nothing_more(town: Stage, guest: Resident) -> None:
    follower = town.neighbour.actor(f"reader{next(_names)}")
    follower.follow(guest.handle)
    follower.wait_for("Accept")
    guest.person.leave(guest.room)
    guest.person.join(guest.room)
    guest.person.send(guest.room, f"unheard {follower.name}")
    guest.person.send(guest.room, "!ownroom link")
    guest.sees("is now the profile of")
    guest.person.send(guest.room, f"heard {follower.name}")
    follower.wait_for("Create", contains=f"heard {follower.name}")
    assert not follower.received("Create", contains=f"unheard {follower.name}")


def test_an_upgraded_room_goes_on_as_the_same_profile(town: Stage, guest: Resident) -> None:
    follower = town.neighbour.actor(f"fan{next(_names)}")
    follower.follow(guest.handle)
    follower.wait_for("Accept")
    old = guest.post(f"before {follower.name}")
    follower.wait_for("Create", contains=f"before {follower.name}")
    answer = follower.post(f"early answer {follower.name}", reply_to=guest.uri(old))
    guest.sees(f"early answer {follower.name}")
    path = f"/_matrix/client/v3/rooms/{guest.room}/upgrade"
    new = str(guest.person.call("POST", path, {"new_version": "11"})["replacement_room"])
    bot = next(user for user in guest.person.members(guest.room) if "_ap_bot" in user)
    guest.person.invite(new, bot)
    guest.sees("!ownroom link", room=new)
    guest.person.send(new, "!ownroom link")
    guest.sees("is now the profile of", room=new)
    event = guest.person.send(new, f"after {follower.name}")
    create = follower.wait_for("Create", contains=f"after {follower.name}")
    assert create["object"]["id"] == guest.uri(event)
    assert create["actor"] == guest.actor
    guest.person.redact(guest.room, old)
    assert follower.wait_for("Delete", contains=guest.uri(old))
    follower.delete(answer.post)
    shown = containing(f"early answer {follower.name}")
    until(lambda: not any(shown(event) for event in guest.person.messages(guest.room)))
    answered = follower.post(f"an answer {follower.name}", reply_to=guest.uri(event))
    guest.sees(f"an answer {follower.name}", room=new)
    assert answered.statuses == [202]


@pytest.mark.parametrize("version", ["11", "12"])
def test_an_upgraded_circle_goes_on_for_the_same_followers(
    town: Stage, guest: Resident, version: str
) -> None:
    fan = town.neighbour.actor(f"fan{next(_names)}")
    assert fan.follow(guest.handle).statuses == [202]
    fan.wait_for("Accept")
    alice = town.resident("alice")
    alice.person.send(alice.desk, f"follow {guest.handle}")
    guest.told("alice")
    line = guest.ask("circle", "Your circle")
    old = f"!{line.split('/!')[1].split()[0].split('?')[0].rstrip('.')}"
    guest.person.join(old)
    first = guest.person.send(old, f"first {fan.name}")
    fan.wait_for("Create", contains=f"first {fan.name}")
    bot = next(user for user in guest.person.members(old) if "_ap_bot" in user)
    path = f"/_matrix/client/v3/rooms/{old}/upgrade"
    new = str(guest.person.call("POST", path, {"new_version": version})["replacement_room"])
    guest.person.invite(new, bot)
    guest.sees("Your circle goes on here", room=new)
    alice.person.join(new)
    event = guest.person.send(new, f"second {fan.name}")
    create = fan.wait_for("Create", contains=f"second {fan.name}")
    assert create["object"]["to"] == [f"{guest.actor}/followers"]
    assert town.server.document(guest.uri(event))[0] == 404
    alice.sees(f"second {fan.name}", room=new)
    guest.person.redact(old, first)
    assert fan.wait_for("Delete", contains=guest.uri(first))
