"""Groups (FEP-1b12): people of Fedify in one of ours, and people of ours in one there."""

from typing import Any

import pytest

from tests.live.fedify.peer import Fedify, ignored, shown
from tests.live.stage import Resident, Town, after, containing, until
from tests.live.test_groups import invited
from tests.live.test_polls import PINNED

pytestmark = pytest.mark.live
Json = dict[str, Any]


class Boats:
    """A group here that fay is in, and may moderate."""

    def __init__(self, alice: Resident, fay: Fedify) -> None:
        self.alice, self.fay, name = alice, fay, f"boats{fay.mark}"
        alice.ask(f"group create {name}", "is a group now")
        self.room = invited(alice, name)
        self.actor = f"{alice.actor.rsplit('/', 1)[0]}/{name}"
        fay.do("follow", whom=self.actor)
        assert fay.wait_for("Accept")["actor"] == self.actor

    def writes(self, text: str) -> str:
        return self.fay.posts(text, group=self.actor)

    def moderates(self, kind: str, about: str, **more: str) -> Json:
        return dict(self.fay.do("moderate", kind=kind, object=about, group=self.actor, **more))

    def says(self, kind: str, about: str | Json) -> Json:
        """What Fedify has no class for."""
        said = {
            "@context": [
                "https://www.w3.org/ns/activitystreams",
                {"Lock": "https://join-lemmy.org/ns#Lock"},
            ],
            "type": kind,
            "object": about,
            "audience": self.actor,
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "cc": [self.actor],
        }
        told = self.fay.do("say", activity=said, to=self.actor)
        assert told["status"] == 202
        return dict(told["said"])

    def empower(self, who: str, power: int) -> None:
        levels = self.alice.person.state(self.room, "m.room.power_levels") or {}
        named = {**levels, "users": {**levels["users"], who: power}}
        self.alice.person.put_state(self.room, "m.room.power_levels", named)

    def appoint_fay(self) -> str:
        """Her ghost, once it speaks in the room, has a moderator's power."""
        self.writes(f"I keep order, {self.fay.mark}")
        words = f"I keep order, {self.fay.mark}"
        ghost = str(self.alice.sees(words, room=self.room)["sender"])
        self.empower(ghost, 50)
        added = whole(self.fay, "Add", self.fay.actor)
        assert added["targetId"] == f"{self.actor}/moderators"
        return ghost

    def pinned(self) -> list[str]:
        return pins(self.alice, self.room)


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
    create = whole(fay, "Create", dora.uri(answer))
    assert create["object"]["replyTargetId"] == said
    assert create["actorId"] == dora.actor


def whole(fay: Fedify, kind: str, about: str) -> Json:
    """An activity that the group passed on word for word, as Fedify reads it; "Undo Block" is the
    kind of what takes a Block back.
    """

    def found() -> Json | None:
        fits = [one for one in passed_on(fay) if spelled(one["object"]) == (kind, about)]
        return dict(fits[-1]["read"]["object"]) if fits else None

    return dict(until(found))


def unread(fay: Fedify, kind: str, about: str) -> Json:
    """The same of what came and Fedify answered with 400, since it has no class for a Lock."""

    def found() -> Json | None:
        announced = [one["object"] for one in fay.do("unread") if one["type"] == "Announce"]
        return next((one for one in announced if spelled(one) == (kind, about)), None)

    return dict(until(found))


def passed_on(fay: Fedify) -> list[Json]:
    announced = [one for one in fay.do("received") if one["type"] == "Announce"]
    return [one for one in announced if isinstance(one["object"], dict)]


def spelled(activity: Json) -> tuple[str, str]:
    kind, about = activity["type"], activity["object"]
    if kind == "Undo":
        undone, about = spelled(about)
        return f"Undo {undone}", about
    return kind, about if isinstance(about, str) else about["id"]


# ---- who moderates one of ours


def test_what_is_decided_in_the_room_of_a_group_here_fedify_hears_in_the_moderators_name(
    town: Town, alice: Resident, fay: Fedify, boats: Boats
) -> None:
    room, dora = boats.room, town.resident("dora")
    dora.person.join(room)
    boats.empower(dora.person.user_id, 50)
    more = {"actorId": alice.actor, "targetId": f"{boats.actor}/moderators"}
    assert more.items() <= whole(fay, "Add", dora.actor).items()
    boats.empower(dora.person.user_id, 0)
    assert more.items() <= whole(fay, "Remove", dora.actor).items()
    topic = dora.person.send(room, f"a topic for {fay.mark}")
    uri = dora.uri(topic)
    assert whole(fay, "Create", uri)["actorId"] == dora.actor
    more |= {"targetId": f"{boats.actor}/featured"}
    alice.person.put_state(room, PINNED, {"pinned": [topic]})
    assert more.items() <= whole(fay, "Add", uri).items()
    alice.person.put_state(room, PINNED, {"pinned": []})
    assert more.items() <= whole(fay, "Remove", uri).items()
    alice.person.reply(room, topic, f"!ownroom lock too hot, {fay.mark}", topic)
    lock = unread(fay, "Lock", uri)
    assert (lock["actor"], lock["summary"]) == (alice.actor, f"too hot, {fay.mark}")
    alice.ask(f"moderate unlock {uri}", "can be answered")
    assert unread(fay, "Undo Lock", uri)["actor"] == alice.actor
    alice.person.redact(room, topic, f"off topic, {fay.mark}")
    gone = whole(fay, "Delete", uri)
    assert (gone["actorId"], gone["summary"]) == (alice.actor, f"off topic, {fay.mark}")
    alice.ask(f"moderate restore {uri}", "is in the group again")
    assert whole(fay, "Undo Delete", uri)["actorId"] == alice.actor
    more = {"actorId": alice.actor, "targetId": boats.actor}
    alice.person.ban(room, dora.person.user_id, f"rude, {fay.mark}")
    ban = {**more, "summary": f"rude, {fay.mark}"}
    assert ban.items() <= whole(fay, "Block", dora.actor).items()
    alice.person.unban(room, dora.person.user_id)
    lifted = whole(fay, "Undo Block", dora.actor)
    assert lifted["actorId"] == alice.actor
    assert more.items() <= lifted["object"].items()


def test_who_is_banned_from_the_room_of_a_group_here_hears_so_and_comes_in_again(
    alice: Resident, fay: Fedify, boats: Boats
) -> None:
    boats.writes(f"nothing but nonsense, {fay.mark}")
    words = f"nothing but nonsense, {fay.mark}"
    ghost = alice.sees(words, room=boats.room)["sender"]
    alice.person.ban(boats.room, ghost)
    block = fay.reads("Block", fay.actor)
    assert (block["actorId"], block["objectId"]) == (boats.actor, fay.actor)
    assert fay.reads("Reject", fay.actor)["object"]["class"] == "Follow"
    alice.person.unban(boats.room, ghost)
    lifted = fay.reads("Undo", block["id"])
    assert (lifted["actorId"], lifted["object"]["class"]) == (boats.actor, "Block")
    again = fay.do("follow", whom=boats.actor)
    assert fay.reads("Accept", again["id"])["actorId"] == boats.actor


def test_who_moderates_a_group_here_from_fedify_pins_locks_removes_and_bans(
    town: Town, alice: Resident, fay: Fedify, boats: Boats
) -> None:
    room, dora = boats.room, town.resident("dora")
    dora.person.join(room)
    boats.appoint_fay()
    topic = dora.person.send(room, f"a topic for {fay.mark}")
    uri, on_top = dora.uri(topic), {"target": f"{boats.actor}/featured"}
    assert whole(fay, "Create", uri)["actorId"] == dora.actor
    added = boats.moderates("Add", uri, **on_top)
    until(lambda: boats.pinned() == [topic])
    assert whole(fay, "Add", uri)["id"] == added["id"]
    removed = boats.moderates("Remove", uri, **on_top)
    until(lambda: boats.pinned() == [])
    assert whole(fay, "Remove", uri)["id"] == removed["id"]
    lock = boats.says("Lock", uri)
    said = after(topic, containing(f"{fay.acct}) has locked this"))
    notice = alice.person.wait_for(room, said)
    assert unread(fay, "Lock", uri)["id"] == lock["id"]
    asked = dora.person.send(dora.desk, "help")
    dora.person.reply(room, topic, f"too late, {fay.mark}", topic)
    dora.person.wait_for(dora.desk, after(asked, containing("locked")))
    unlocked = boats.says("Undo", lock)
    said = after(notice["event_id"], containing(f"{fay.acct}) has unlocked this"))
    alice.person.wait_for(room, said)
    assert unread(fay, "Undo Lock", uri)["id"] == unlocked["id"]
    answer = dora.person.reply(room, topic, f"at last, {fay.mark}", topic)
    assert whole(fay, "Create", dora.uri(answer))["object"]["replyTargetId"] == uri
    gone = boats.moderates("Delete", uri, reason=f"rude, says {fay.mark}")
    until(lambda: is_gone(alice, room, topic))
    passed = whole(fay, "Delete", uri)
    assert (passed["id"], passed["summary"]) == (gone["id"], f"rude, says {fay.mark}")
    restored = fay.do("undo", what=gone, to=boats.actor)
    alice.person.wait_for(room, after(answer, containing(f"a topic for {fay.mark}")))
    assert whole(fay, "Undo Delete", uri)["id"] == restored["id"]
    ban = boats.moderates("Block", dora.actor, target=boats.actor, reason="enough")
    until(lambda: dora.person.user_id in alice.person.members(room, "ban"))
    passed = whole(fay, "Block", dora.actor)
    assert (passed["id"], passed["targetId"]) == (ban["id"], boats.actor)
    lifted = fay.do("undo", what=ban, to=boats.actor)
    until(lambda: dora.person.user_id not in alice.person.members(room, "ban"))
    assert whole(fay, "Undo Block", dora.actor)["id"] == lifted["id"]
    dora.person.join(room)


def test_who_moderates_a_group_here_is_not_for_fedify_to_say(
    town: Town, alice: Resident, fay: Fedify, boats: Boats
) -> None:
    dora, eva = town.resident("dora"), town.resident("eva")
    ghost = boats.appoint_fay()
    boats.empower(dora.person.user_id, 50)
    assert whole(fay, "Add", dora.actor)["actorId"] == alice.actor
    before = alice.person.state(boats.room, "m.room.power_levels")
    said = {"target": f"{boats.actor}/moderators"}
    wanted = ("Add", eva.actor), ("Remove", dora.actor), ("Remove", alice.actor)
    asked = [boats.moderates(kind, whom, **said) for kind, whom in wanted]
    asked.append(boats.moderates("Block", dora.actor, target=boats.actor))
    *refused, out = ignored(town, *asked)
    assert all("its owner decides" in why for why in refused)
    assert "cannot be put out" in out
    heard = [spelled(one["object"]) for one in passed_on(fay)]
    assert {about for kind, about in heard if kind != "Create"} == {fay.actor, dora.actor}
    assert not {("Remove", dora.actor), ("Block", dora.actor)} & set(heard)
    listed = shown(f"{boats.actor}/moderators")["orderedItems"]
    assert set(listed) == {alice.actor, dora.actor, fay.actor}
    assert alice.person.state(boats.room, "m.room.power_levels") == before
    assert ghost in alice.person.members(boats.room)


# ---- a group there


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
