"""Groups (FEP-1b12): people of Fedify in one of ours, and people of ours in one there."""

import pytest

from tests.live.fedify.peer import Fedify
from tests.live.stage import Resident, Town, after, containing, until
from tests.live.test_groups import invited
from tests.live.test_polls import PINNED

pytestmark = pytest.mark.live


class Boats:
    """A group here that fay is in, and may moderate."""

    def __init__(self, alice: Resident, fay: Fedify) -> None:
        self.fay, name = fay, f"boats{fay.mark}"
        alice.ask(f"group create {name}", "is a group now")
        self.room = invited(alice, name)
        self.actor = f"{alice.actor.rsplit('/', 1)[0]}/{name}"
        fay.do("follow", whom=self.actor)
        assert fay.wait_for("Accept")["actor"] == self.actor

    def writes(self, text: str) -> str:
        return self.fay.posts(text, group=self.actor)

    def moderates(self, kind: str, about: str, **more: str) -> None:
        self.fay.do("moderate", kind=kind, object=about, group=self.actor, **more)


@pytest.fixture
def boats(alice: Resident, fay: Fedify) -> Boats:
    return Boats(alice, fay)


def test_who_joins_a_group_here_writes_in_it_and_hears_what_others_write(
    town: Town, alice: Resident, fay: Fedify, boats: Boats
) -> None:
    assert fay.do("look", what=boats.actor)["class"] == "Group"
    said = boats.writes(f"it floats, says {fay.mark}")
    seen = alice.sees(f"it floats, says {fay.mark}", room=boats.room)
    assert "fay" in seen["sender"]
    passed = fay.reads("Announce", said)
    assert passed["actorId"] == boats.actor
    dora = town.resident("dora")
    dora.person.join(boats.room)
    answer = dora.person.reply(boats.room, seen["event_id"], f"mine too, {fay.mark}")
    create = whole(fay, dora.uri(answer))
    assert (create["class"], create["object"]["replyTargetId"]) == ("Create", said)
    assert create["actorId"] == dora.actor
    alice.person.redact(boats.room, seen["event_id"], f"off topic, {fay.mark}")
    gone = whole(fay, f"off topic, {fay.mark}")
    assert (gone["class"], gone["actorId"], gone["objectId"]) == ("Delete", alice.actor, said)


def whole(fay: Fedify, contains: str) -> dict[str, dict[str, str]]:
    """An activity that the group passed on word for word."""

    def found() -> dict[str, dict[str, str]] | None:
        for one in fay.do("received"):
            inner = one["read"].get("object")
            if one["type"] == "Announce" and inner and contains in str(inner):
                return dict(inner)
        return None

    return dict(until(found))


def test_who_moderates_a_group_here_from_fedify_pins_locks_removes_and_bans(
    town: Town, alice: Resident, fay: Fedify, boats: Boats
) -> None:
    room, dora = boats.room, town.resident("dora")
    dora.person.join(room)
    boats.writes(f"I keep order, {fay.mark}")
    ghost = alice.sees(f"I keep order, {fay.mark}", room=room)["sender"]
    levels = alice.person.state(room, "m.room.power_levels") or {}
    named = {**levels, "users": {**levels["users"], ghost: 50}}
    alice.person.put_state(room, "m.room.power_levels", named)
    assert whole(fay, f"{boats.actor}/moderators")["class"] == "Add"
    topic = dora.person.send(room, f"a topic for {fay.mark}")
    uri = dora.uri(topic)
    assert whole(fay, uri)["class"] == "Create"
    boats.moderates("Add", uri, target=f"{boats.actor}/featured")
    until(lambda: pins(alice, room) == [topic])
    boats.moderates("Remove", uri, target=f"{boats.actor}/featured")
    until(lambda: pins(alice, room) == [])
    lock = {
        "@context": [
            "https://www.w3.org/ns/activitystreams",
            {"Lock": "https://join-lemmy.org/ns#Lock"},
        ],
        "type": "Lock",
        "object": uri,
        "audience": boats.actor,
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        "cc": [boats.actor],
    }
    assert fay.do("say", activity=lock, to=boats.actor)["status"] == 202
    alice.person.wait_for(room, after(topic, containing("has locked this")))
    boats.moderates("Delete", uri, reason=f"rude, says {fay.mark}")
    until(lambda: is_gone(alice, room, topic))
    boats.moderates("Block", dora.actor, target=boats.actor, reason="enough")
    until(lambda: dora.person.user_id in alice.person.members(room, "ban"))


def pins(alice: Resident, room: str) -> list[str]:
    return list((alice.person.state(room, PINNED) or {}).get("pinned", []))


def test_a_group_on_fedify_passes_on_what_its_members_and_moderators_do(
    alice: Resident, fay: Fedify
) -> None:
    alice.ask(f"follow @{fay.club_acct}", "I asked")
    room = alice.room_with(fay.club_acct)
    topic = fay.do("post", text=f"a box, {fay.mark}", group=fay.club)
    fay.do("pass", what=topic)
    root = alice.sees(f"a box, {fay.mark}", room=room)
    assert "fay" in root["sender"]
    answer = alice.person.reply(room, root["event_id"], f"of course, {fay.mark}", root["event_id"])
    heard = fay.reads("Create", alice.uri(answer))
    assert heard["object"]["audienceId"] == fay.club
    assert heard["object"]["replyTargetId"] == topic["object"]["id"]
    said = topic["object"]["id"]
    on_top = {"object": said, "group": fay.club, "target": f"{fay.club}/featured"}
    fay.do("pass", what=fay.do("moderate", kind="Add", **on_top))
    until(lambda: pins(alice, room) == [root["event_id"]])
    rude = {"object": alice.uri(answer), "group": fay.club, "reason": "no boxes"}
    fay.do("pass", what=fay.do("moderate", kind="Delete", **rude))
    until(lambda: is_gone(alice, room, answer))
    assert not is_gone(alice, room, root["event_id"])
    fay.do("pass", what=fay.do("retract", post=said, to=fay.club))
    until(lambda: is_gone(alice, room, root["event_id"]))


def is_gone(alice: Resident, room: str, event: str) -> bool:
    return not alice.person.event(room, event)["content"].get("body")
