"""For fewer than everybody, on a real homeserver: circles, and conversations across networks."""

import itertools

import pytest

from bridge.demo.neighbourhood import Actor
from bridge.demo.person import Refused
from tests.live.stage import Resident, Stage, containing, until

pytestmark = pytest.mark.live

_names = itertools.count(1)


@pytest.fixture
def pat(town: Stage, alice: Resident) -> Actor:
    """Follows alice."""
    one = town.neighbour.actor(f"pat{next(_names)}")
    assert one.follow(alice.handle).statuses == [202]
    one.wait_for("Accept")
    return one


def test_a_circle_is_read_by_approved_followers_on_both_networks(
    town: Stage, alice: Resident, pat: Actor
) -> None:
    stranger, guest = town.neighbour.actor(f"stan{pat.name}"), town.homeserver.person("guest")
    line = alice.ask("circle", "Your circle")
    room = f"!{line.split('/!')[1].split()[0].split('?')[0].rstrip('.')}"
    alice.person.join(room)
    event = alice.person.send(room, f"for followers {pat.name}")
    create = pat.wait_for("Create", contains=f"for followers {pat.name}")
    assert create["object"]["to"] == [f"{alice.actor}/followers"]
    assert pat.look(alice.uri(event)) == 200
    assert stranger.look(alice.uri(event)) == 404
    assert town.server.document(alice.uri(event))[0] == 404
    with pytest.raises(Refused):
        guest.messages(room)
    with pytest.raises(Refused):
        guest.join(room)
    alice.person.redact(room, event)
    assert pat.wait_for("Delete", contains=alice.uri(event))


def test_a_direct_message_has_a_room_of_its_own_and_is_answered_there(
    town: Stage, alice: Resident, pat: Actor
) -> None:
    guest = town.homeserver.person("guest2")
    sent = pat.post(f"just you {pat.name}", to="direct", mentions=[alice.handle])
    room = alice.room_with(pat.name)
    alice.sees(f"just you {pat.name}", room=room)
    alice.sees("not end-to-end encrypted", room=room)
    assert len(alice.person.members(room)) == 2
    with pytest.raises(Refused):
        guest.messages(room)
    alice.person.send(room, f"yes me {pat.name}")
    answer = pat.wait_for("Create", contains=f"yes me {pat.name}")["object"]
    assert (answer["to"], answer["cc"], answer["inReplyTo"]) == ([pat.id], [], sent.post)
    pat.update(sent.post, f"edited you {pat.name}")
    alice.sees(f"edited you {pat.name}", room=room)
    pat.delete(sent.post)
    until(lambda: not any(f"just you {pat.name}" in str(e) for e in alice.person.messages(room)))


def test_who_is_let_into_a_conversation_reads_nothing_that_comes_after(
    town: Stage, alice: Resident, pat: Actor
) -> None:
    guest = town.homeserver.person(f"guest{pat.name}")
    pat.post(f"among us {pat.name}", to="direct", mentions=[alice.handle])
    old = alice.room_with(pat.name)
    alice.person.invite(old, guest.user_id)
    guest.join(old)
    alice.person.wait_for(old, containing("no part of this conversation"))
    pat.post(f"for you alone {pat.name}", to="direct", mentions=[alice.handle])
    new = alice.room_with(pat.name)
    assert new != old
    alice.sees(f"for you alone {pat.name}", room=new)
    with pytest.raises(Refused):
        guest.join(new)
    assert not any("for you alone" in str(event) for event in guest.messages(old))


def test_a_conversation_begins_in_matrix_by_inviting_a_ghost(
    town: Stage, alice: Resident, pat: Actor
) -> None:
    event = alice.post(f"anybody {pat.name}")
    pat.wait_for("Create", contains=f"anybody {pat.name}")
    pat.post(f"me {pat.name}", reply_to=alice.uri(event))
    ghost = alice.sees(f"me {pat.name}")["sender"]
    room = alice.person.dm(ghost)
    alice.person.wait_for(room, containing("not end-to-end encrypted"))
    alice.person.send(room, f"in private {pat.name}")
    create = pat.wait_for("Create", contains=f"in private {pat.name}")
    assert (create["to"], create["cc"]) == ([pat.id], [])


def test_a_conversation_goes_on_where_its_room_was_upgraded_to(
    town: Stage, alice: Resident, pat: Actor
) -> None:
    gone = pat.post(f"first letter {pat.name}", to="direct", mentions=[alice.handle])
    old = alice.room_with(pat.name)
    alice.sees(f"first letter {pat.name}", room=old)
    (ghost,) = (user for user in alice.person.members(old) if "_ap_" in user)
    path = f"/_matrix/client/v3/rooms/{old}/upgrade"
    new = str(alice.person.call("POST", path, {"new_version": "11"})["replacement_room"])
    alice.person.invite(new, ghost)
    until(lambda: ghost in alice.person.members(new))
    alice.person.send(new, f"second letter {pat.name}")
    answer = pat.wait_for("Create", contains=f"second letter {pat.name}")["object"]
    assert answer["to"] == [pat.id]
    pat.post(f"third letter {pat.name}", to="direct", mentions=[alice.handle])
    alice.sees(f"third letter {pat.name}", room=new)
    pat.delete(gone.post)
    until(lambda: not any(f"first letter {pat.name}" in str(e) for e in alice.person.messages(old)))
