"""A group on a real homeserver: made, joined, written to, moderated; and one elsewhere, read."""

import itertools

import pytest

from bridge.demo.person import Refused
from tests.live.stage import Resident, Stage, until

pytestmark = pytest.mark.live

_names = itertools.count(1)
PUBLIC = "https://www.w3.org/ns/activitystreams#Public"


def test_a_room_is_a_group_that_others_join_and_its_owner_moderates(
    town: Stage, alice: Resident
) -> None:
    name = f"boats{next(_names)}"
    alice.ask(f"group create {name}", "is a group now")
    room = invited(alice, name)
    group = f"{alice.actor.rsplit('/', 1)[0]}/{name}"
    pat = town.neighbour.actor(f"pat{next(_names)}")
    sol = town.neighbour.actor(f"sol{next(_names)}")
    for member in (pat, sol):
        member.follow(group)
        member.wait_for("Accept")
    pat.post(f"it floats, says {pat.name}", mentions=[group])
    event = alice.sees(f"says {pat.name}", room=room)
    assert pat.name in event["sender"]
    sol.wait_for("Announce", contains=f"says {pat.name}")
    dora = town.resident("dora")
    dora.person.join(room)
    with pytest.raises(Refused):
        dora.person.redact(room, event["event_id"])
    mine = dora.person.send(room, f"mine too, {name}")
    pat.wait_for("Announce", contains=dora.uri(mine))
    alice.person.redact(room, event["event_id"], "off topic")
    told = sol.wait_for("Announce", contains="off topic")
    assert told["object"]["actor"] == alice.actor


def test_a_room_of_ones_own_is_a_group_and_its_moderators_lock_pin_and_ban(
    town: Stage, alice: Resident
) -> None:
    name = f"rafts{next(_names)}"
    bot = next(user for user in alice.person.members(alice.desk) if "_ap_bot" in user)
    room = alice.person.create_room(preset="public_chat", name="Rafts")
    alice.person.invite(room, bot)
    until(lambda: bot in alice.person.members(room))
    levels = alice.person.state(room, "m.room.power_levels") or {}
    users = {**levels["users"], bot: 50}
    alice.person.put_state(room, "m.room.power_levels", {**levels, "users": users})
    alice.person.send(room, f"!ownroom group {name}")
    alice.sees("is the group", room=room)
    group = f"{alice.actor.rsplit('/', 1)[0]}/{name}"
    pat, sol = (town.neighbour.actor(f"{who}{next(_names)}") for who in ("pat", "sol"))
    for member in (pat, sol):
        member.follow(group)
        member.wait_for("Accept")
    pat.post(f"it drifts, says {pat.name}", mentions=[group])
    event = alice.sees(f"says {pat.name}", room=room)
    alice.person.put_state(room, "m.room.pinned_events", {"pinned": [event["event_id"]]})
    sol.wait_for("Announce", contains=f"{group}/featured")
    alice.person.reply(room, event["event_id"], "!ownroom lock", event["event_id"])
    alice.sees("has locked this", room=room)
    sol.wait_for("Announce", contains='"Lock"')
    alice.person.ban(room, event["sender"], "adrift")
    pat.wait_for("Block", contains=group)
    told = sol.wait_for("Announce", contains="adrift")
    assert (told["object"]["type"], told["object"]["actor"]) == ("Block", alice.actor)


def invited(alice: Resident, name: str) -> str:
    """The group's own room: its desk has the name too."""

    def found() -> str:
        rooms = alice.person.invites().items()
        named = (room for room, state in rooms if name in str(state))
        return next((room for room in named if "Desk" not in str(dict(rooms)[room])), "")

    return alice.person.join(str(until(found)))


def test_a_group_elsewhere_is_read_and_written_to_in_its_room(town: Stage, alice: Resident) -> None:
    cats = town.neighbour.actor(f"cats{next(_names)}", type="Group")
    pat = town.neighbour.actor(f"pat{next(_names)}")
    extra = {"type": "Page", "name": "A box", "audience": cats.id, "to": [cats.id, PUBLIC]}
    old = pat.post(f"long ago, says {pat.name}", extra=extra).post
    below = pat.post(f"even then, says {pat.name}", extra={"inReplyTo": old}).post
    listed = {"id": f"{old}/replies", "type": "Collection", "items": [below]}
    pat.update(old, f"long ago, says {pat.name}", extra={**extra, "replies": listed})
    cats.update_profile(outbox={"type": "OrderedCollection", "orderedItems": [old]})
    alice.ask(f"follow {cats.handle}", "I asked")
    room = alice.room_with(cats.acct)
    stem = alice.sees("long ago, says", room=room)
    early = alice.sees("even then, says", room=room)
    assert early["content"]["m.relates_to"]["event_id"] == stem["event_id"]
    topic = pat.post(f"it sat, says {pat.name}", extra=extra)
    cats.boost(topic.post)
    root = alice.sees(f"says {pat.name}", room=room)
    assert pat.name in root["sender"]
    answer = alice.person.reply(room, root["event_id"], "of course", root["event_id"])
    heard = cats.wait_for("Create", contains=alice.uri(answer))
    assert heard["object"]["audience"] == cats.id
    until(lambda: town.neighbour.seen(alice.uri(answer)))
