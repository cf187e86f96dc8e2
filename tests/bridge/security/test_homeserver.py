"""A homeserver that lies, or passes on the lies of others: nobody speaks as the owner."""

import hashlib
from typing import Any

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.models import Received
from social.models import Follow
from tests.bridge.security.claims import WORDS, shown
from tests.fakes.world import Resident, World

GOOD = "and this one is good"


def typed(alice: Resident, **values: Any) -> dict[str, Any]:
    """An event as a homeserver would push it; an Ellipsis leaves a key out."""
    content = values.pop("content", {"msgtype": "m.text", "body": "x"})
    event = {
        "type": "m.room.message",
        "event_id": f"${hashlib.sha256(repr((values, content)).encode()).hexdigest()[:43]}",
        "room_id": alice.room,
        "sender": alice.person.user_id,
        "origin_server_ts": 1_795_162_530_000,
        "content": content,
        **values,
    }
    return {name: value for name, value in event.items() if value is not ...}


def text(**values: Any) -> dict[str, Any]:
    return {"content": {"msgtype": "m.text", "body": "x", **values}}


ODD_EVENTS: dict[str, dict[str, Any]] = {
    "no content": {"content": ...},
    "content that is a list": {"content": []},
    "a body that is a number": text(body=5),
    "a body with NUL": text(body="a\0b"),
    "a kind that is a list": text(msgtype=["m.text"]),
    "markup that is a number": text(format="org.matrix.custom.html", formatted_body=7),
    "deep markup": text(format="org.matrix.custom.html", formatted_body="<div>" * 20_000),
    "no type": {"type": ...},
    "no sender": {"sender": ...},
    "a sender that is none": {"sender": "somebody"},
    "no room": {"room_id": ...},
    "an id that is a path": {"event_id": "$../../x?y#z"},
    "a time before all times": {"origin_server_ts": -1},
    "a time after all times": {"origin_server_ts": 2**60},
    "a time in words": {"origin_server_ts": "x"},
    "no time": {"origin_server_ts": ...},
    "a relation that is a list": text(**{"m.relates_to": [1]}),
    "a thread of a number": text(**{"m.relates_to": {"rel_type": "m.thread", "event_id": 5}}),
    "an edit of a number": text(**{"m.relates_to": {"rel_type": "m.replace", "event_id": 7}}),
    "a relation of an odd kind": {
        "type": "m.reaction",
        "content": {"m.relates_to": {"rel_type": {"x": "y"}, "event_id": "$" + "a" * 43}},
    },
    "a poll of an odd kind": {
        "type": "org.matrix.msc3381.poll.start",
        "content": {
            "org.matrix.msc3381.poll.start": {
                "kind": {},
                "answers": [{"id": "a", "org.matrix.msc1767.text": "A"}],
            }
        },
    },
    "a door of an odd kind": {
        "type": "m.room.join_rules",
        "state_key": "",
        "content": {"join_rule": {}},
    },
    "mentions of all kinds": text(**{"m.mentions": {"user_ids": [5, None, "@x"]}}),
    "a reaction with a mapping": {
        "type": "m.reaction",
        "content": {"m.relates_to": {"rel_type": "m.annotation", "event_id": 5, "key": {}}},
    },
    "a redaction of nothing": {"type": "m.room.redaction", "content": {}},
    "an encrypted one": {"type": "m.room.encrypted", "content": {"ciphertext": "AwgAEnAC"}},
    "a member who is none": {
        "type": "m.room.member",
        "state_key": "nobody",
        "content": {"membership": "joined?"},
    },
    "power in words": {
        "type": "m.room.power_levels",
        "state_key": "",
        "content": {"users": [], "users_default": "x"},
    },
    "a name at no time": {
        "type": "m.room.name",
        "state_key": "",
        "content": {"name": "Alice"},
        "origin_server_ts": "x",
    },
    "a picture from this machine": text(msgtype="m.image", url="http://127.0.0.1:1/x"),
    "five thousand pills": text(
        format="org.matrix.custom.html",
        formatted_body='<a href="https://matrix.to/#/@u:hs">u</a>' * 5_000,
    ),
}


def test_odd_events_are_taken_and_hold_up_nobody(world: World, alice: Resident) -> None:
    for odd, values in ODD_EVENTS.items():
        assert world.home.transaction([typed(alice, **values)]) == 200, odd
    assert world.home.transaction([typed(alice, **text(body=GOOD))]) == 200
    world.settle()
    assert shown(GOOD)
    assert not Received.objects.filter(note__contains="our own error").exists()
    assert not Received.objects.filter(state="waiting").exists()


def test_half_a_character_costs_only_its_own_event(world: World, alice: Resident) -> None:
    events = [typed(alice, **text(body="\ud800")), typed(alice, **text(body=GOOD))]
    assert world.home.transaction(events) == 200
    world.settle()
    assert shown(GOOD)


ALIKE = ("@mallory:evil.example", "@\u0430lice:hs.test", "@ALICE:hs.test", "@_ap_x:hs.test")


def test_only_the_owner_speaks_as_the_owner(world: World, alice: Resident) -> None:
    for sender in ALIKE:
        world.home.transaction([typed(alice, sender=sender, **text(body=WORDS))])
    world.settle()
    assert not shown()


def test_a_room_that_is_nobodys_profile_publishes_nothing(world: World, alice: Resident) -> None:
    world.home.transaction([typed(alice, room_id="!private:hs.test", **text(body=WORDS))])
    world.settle()
    assert not shown()


def test_words_quoted_from_a_room_we_cannot_see_are_not_published(
    world: World, alice: Resident
) -> None:
    quoted = text(
        body=f"> <@x:y> {WORDS}\n\n{GOOD}",
        format="org.matrix.custom.html",
        formatted_body=f"<mx-reply><blockquote>{WORDS}</blockquote></mx-reply>{GOOD}",
        **{"m.relates_to": {"m.in_reply_to": {"event_id": "$foreign"}}},
    )
    world.home.transaction([typed(alice, **quoted)])
    world.settle()
    assert shown(GOOD)
    assert not shown()


def test_a_profile_does_not_move_to_a_room_that_a_stranger_names(
    world: World, alice: Resident
) -> None:
    moved = {"body": "moved", "replacement_room": "!evil:evil.example"}
    grave = {"type": "m.room.tombstone", "state_key": "", "content": moved}
    world.home.transaction([typed(alice, sender="@mallory:evil.example", **grave)])
    world.home.transaction([typed(alice, room_id="!evil:evil.example", **text(body=WORDS))])
    world.settle()
    assert not shown()


def test_a_guest_in_the_desk_gives_no_orders(world: World, alice: Resident, bob: Neighbour) -> None:
    order = f"follow {bob.handle}\nblock {bob.handle}"
    mallory = "@mallory:evil.example"
    world.home.transaction([typed(alice, room_id=alice.desk, sender=mallory, **text(body=order))])
    world.settle()
    assert not Follow.objects.exists()
    assert not bob.received()
