"""Stories of rooms for fewer that are upgraded: they go on in the new one, for the same readers."""

from typing import Any

import pytest

from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix.registration import BOT as LOCALPART
from bridge.models import Ghost, Room
from social.models import Actor, Post
from tests.fakes.homeserver import SERVER
from tests.fakes.world import Resident, World, post, post_of
from tests.flows.rooms import WORDS, circle, in_rooms
from tests.rebuilt import lost_and_rebuilt, shown

BOT = f"@{LOCALPART}:{SERVER}"
PUBLIC = {"social.ownroom.post": {"v": 1, "vis": "public"}}


def replaced(
    world: World,
    owner: Resident,
    room: str,
    *,
    says: str | None = None,
    by: Resident | None = None,
    **options: Any,
) -> str:
    """As a homeserver does it for a client: state is copied, nobody is brought along. `says`: what
    the old room calls the new one.
    """
    person = (by or owner).person
    levels = world.home.rooms[room].content("m.room.power_levels")
    state = [
        {"type": kind, "state_key": "", "content": world.home.rooms[room].content(kind)}
        for kind in ("m.room.join_rules", "m.room.history_visibility")
    ]
    new = person.create_room(
        **{
            "creation_content": {"predecessor": {"room_id": room}},
            "power_level_content_override": levels
            | {"users": {**levels["users"], person.user_id: 100}},
            "initial_state": state,
            **options,
        }
    )
    if says != "":
        content = {"body": "moved", "replacement_room": says or new}
        owner.person.put_state(room, "m.room.tombstone", content)
    world.settle()
    return new


def asked_in(world: World, owner: Resident, room: str) -> None:
    owner.person.invite(room, BOT)
    world.settle()


def said_in(who: Resident, room: str) -> str:
    return "\n".join(str(e["content"].get("body", "")) for e in who.timeline(room))


@pytest.fixture
def bob(world: World, alice: Resident) -> Neighbour:
    bob = world.neighbour("bob")
    bob.follow(alice.handle)
    world.settle()
    return bob


@pytest.fixture
def carol(world: World, alice: Resident) -> Resident:
    carol = world.resident("carol")
    carol.tell_bot(f"follow {alice.handle}")
    world.settle()
    return carol


# ---- refused


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no tombstone": ({"says": ""}, "does not say that this room took its place"),
    "a tombstone that names another": ({"says": "!other:hs.test"}, "does not say that this room"),
    "anybody may come in": ({"initial_state": [], "preset": "public_chat"}, "anybody can come"),
    "anybody may read": (
        {
            "initial_state": [
                {
                    "type": "m.room.history_visibility",
                    "state_key": "",
                    "content": {"history_visibility": "world_readable"},
                }
            ]
        },
        "anybody can come",
    ),
    "encrypted": (
        {"initial_state": [{"type": "m.room.encryption", "state_key": "", "content": {}}]},
        "encrypted",
    ),
    "the bot has no power": (
        {"power_level_content_override": {"users": {f"@alice:{SERVER}": 100}}},
        "the power to invite and to remove",
    ),
    "somebody is stronger than its owner": (
        {"power_level_content_override": {"users": {f"@alice:{SERVER}": 100, "@eve:x": 101}}},
        "highest power",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_room_that_is_not_truly_the_next_circle_is_none_and_its_words_go_nowhere(
    world: World, alice: Resident, bob: Neighbour, carol: Resident, what: str
) -> None:
    options, why = REFUSED[what]
    old = circle(world, alice)
    new = replaced(world, alice, old, **options)
    asked_in(world, alice, new)
    assert why in said_in(alice, new)
    assert world.home.rooms[new].membership(carol.person.user_id) == "leave"
    alice.person.send(new, WORDS)
    alice.person.send(old, "in the circle as before")
    world.settle()
    assert not bob.received("Create", contains=WORDS)
    assert bob.received("Create", contains="in the circle as before")
    assert Room.objects.get(kind="circle").room_id == old


def test_what_kept_a_circle_from_going_on_is_mended_and_said_in_the_desk(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    new = replaced(world, alice, circle(world, alice), initial_state=[], preset="public_chat")
    alice.tell_bot("circle")
    world.settle()
    assert "ask me in there" in alice.answers()[-1]
    asked_in(world, alice, new)
    alice.tell_bot("circle")
    world.settle()
    assert "anybody can come into this room" in alice.answers()[-1]
    alice.person.send(new, "while it was none")
    world.settle()
    alice.person.put_state(new, "m.room.join_rules", {"join_rule": "invite"})
    alice.tell_bot("circle")
    world.settle()
    assert new in alice.answers()[-1]
    lost_and_rebuilt()
    world.settle()
    assert not bob.received("Create", contains="while it was none")
    alice.person.send(new, WORDS)
    world.settle()
    assert bob.received("Create", contains=WORDS)


@pytest.mark.parametrize("who", ["made by another", "asked in by another"])
def test_nobody_but_its_owner_takes_a_circle_to_another_room(
    world: World, alice: Resident, bob: Neighbour, carol: Resident, who: str
) -> None:
    old = circle(world, alice)
    carol.person.join(old)
    if who == "made by another":
        new = replaced(world, alice, old, by=carol, says="")
        asked_in(world, carol, new)
    else:
        levels = {"users": {alice.person.user_id: 100, BOT: 50}, "invite": 0}
        new = replaced(world, alice, old, power_level_content_override=levels)
        alice.person.invite(new, carol.person.user_id)
        carol.person.join(new)
        asked_in(world, carol, new)
        alice.person.send(new, WORDS)
    carol.person.send(new, WORDS)
    world.settle()
    assert Room.objects.get(kind="circle").room_id == old
    assert not bob.received("Create", contains=WORDS)
    assert not Post.objects.filter(html__contains=WORDS).exists()


@pytest.mark.parametrize("wish", ["!ownroom link", "!ownroom group boats"])
@pytest.mark.parametrize("beside", ["a profile room", "none"])
def test_what_was_a_circle_becomes_nothing_that_everybody_reads(
    world: World, alice: Resident, bob: Neighbour, wish: str, beside: str
) -> None:
    old = circle(world, alice)
    levels = {"users": {alice.person.user_id: 100}}  # the bot stays, for the word it is told
    new = replaced(world, alice, old, power_level_content_override=levels)
    if beside == "none":
        Room.objects.filter(kind=Room.Kind.PROFILE).delete()
    guest = world.person("guest")
    alice.person.invite(new, guest.user_id)
    guest.join(new)
    alice.person.put_state(new, "m.room.power_levels", levels | {"invite": 0})
    guest.invite(new, BOT)
    world.settle()
    alice.person.send(new, wish)
    world.settle()
    alice.person.send(new, WORDS)
    world.settle()
    assert "for followers alone is never published" in said_in(alice, new)
    assert not Room.objects.filter(room_id=new).exists()
    assert not Actor.objects.filter(kind="group").exists()
    assert not Post.objects.filter(html__contains=WORDS).exists()
    alice.person.send(old, wish)
    world.settle()
    assert Room.objects.get(room_id=old).kind == Room.Kind.CIRCLE


# ---- goes on


def test_an_upgraded_circle_goes_on_for_its_followers_and_nobody_else(
    world: World, alice: Resident, bob: Neighbour, carol: Resident
) -> None:
    shut_out, stranger = world.resident("dave"), world.resident("erin")
    shut_out.tell_bot(f"follow {alice.handle}")
    world.settle()
    old = circle(world, alice)
    carol.person.join(old)
    shut_out.person.join(old)
    alice.person.kick(old, shut_out.person.user_id)
    kept, edited, gone = (alice.person.send(old, text) for text in ("kept", "to edit", "to delete"))
    world.settle()
    new = replaced(world, alice, old)
    assert "goes nowhere yet" in alice.answers()[-1]
    assert "Ask me in there: your circle goes on" in alice.answers()[-1]
    alice.person.send(new, "too early")
    asked_in(world, alice, new)
    assert "Your circle goes on here" in said_in(alice, new)
    event = alice.person.send(new, WORDS)
    refused = alice.person.send(new, "for all", **PUBLIC)
    alice.person.send(old, "in the old room")
    alice.person.edit(old, edited, "was edited")
    alice.person.redact(old, gone)
    world.settle()
    (create,) = bob.received("Create", contains=WORDS)
    assert create["activity"]["to"] == [f"{alice.actor}/followers"]
    assert post(post_of(event)).visibility == "private"
    assert world.get(post_of(event))[0] == world.get(post_of(refused))[0] == 404
    for text in ("too early", "in the old room", "for all"):
        assert not bob.received("Create", contains=text)
    assert bob.received("Update", contains="was edited")
    assert bob.received("Delete", contains=post_of(gone))
    assert in_rooms(world, carol)
    assert not in_rooms(world, shut_out)
    assert not in_rooms(world, stranger)
    before = shown()
    lost_and_rebuilt()
    world.settle()
    assert shown() == before
    assert Room.objects.get(room_id=old).kind == Room.Kind.OUTGROWN
    assert Room.objects.get(room_id=new).kind == Room.Kind.CIRCLE
    for text in ("too early", "in the old room"):
        assert not bob.received("Create", contains=text)
    alice.person.redact(old, kept)
    after = alice.person.send(new, "after the loss")
    world.settle()
    assert bob.received("Delete", contains=post_of(kept))
    assert bob.received("Create", contains="after the loss")
    assert post(post_of(after)).visibility == "private"


def test_who_stops_following_is_put_out_of_a_circle_and_of_what_it_was(
    world: World, alice: Resident, carol: Resident
) -> None:
    old = circle(world, alice)
    carol.person.join(old)
    new = replaced(world, alice, old)
    asked_in(world, alice, new)
    carol.person.join(new)
    carol.tell_bot(f"unfollow {alice.handle}")
    world.settle()
    for room in (old, new):
        assert world.home.rooms[room].membership(carol.person.user_id) == "leave"
    carol.tell_bot(f"follow {alice.handle}")
    world.settle()
    assert world.home.rooms[old].membership(carol.person.user_id) == "leave"
    assert world.home.rooms[new].membership(carol.person.user_id) == "invite"


def test_who_stopped_following_just_before_is_put_out_of_what_the_circle_was(
    world: World, alice: Resident, carol: Resident
) -> None:
    old = circle(world, alice)
    carol.person.join(old)
    new = replaced(world, alice, old)
    world.home.trouble = "500"
    carol.tell_bot(f"unfollow {alice.handle}")
    world.settle()
    assert world.home.rooms[old].membership(carol.person.user_id) == "join"
    world.home.recover()
    asked_in(world, alice, new)
    world.let_time_pass()
    world.settle()
    for room in (old, new):
        assert world.home.rooms[room].membership(carol.person.user_id) == "leave"


def test_a_circle_goes_on_as_often_as_it_is_upgraded(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    rooms = [circle(world, alice)]
    posts = [post_of(alice.person.send(rooms[0], "in the first"))]
    for number in ("second", "third"):
        rooms.append(replaced(world, alice, rooms[-1]))
        asked_in(world, alice, rooms[-1])
        posts.append(post_of(alice.person.send(rooms[-1], f"in the {number}")))
        world.settle()
    again = replaced(world, alice, rooms[0])  # one more that follows the first
    asked_in(world, alice, again)
    assert "goes on in another room" in said_in(alice, again)
    before = shown()
    lost_and_rebuilt()
    assert shown() == before
    kinds = [Room.objects.get(room_id=room).kind for room in rooms]
    assert kinds == [Room.Kind.OUTGROWN, Room.Kind.OUTGROWN, Room.Kind.CIRCLE]
    for uri in posts:
        assert post(uri).visibility == "private"


def test_what_was_typed_before_a_room_was_published_is_not_published_by_a_rebuild(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    profile = replaced(world, alice, alice.room, preset="public_chat")
    alice.person.send(profile, f"{WORDS}, before it was a profile")
    asked_in(world, alice, profile)
    alice.person.send(profile, f"{WORDS}, nor yet")
    world.settle()
    alice.person.send(profile, "!ownroom link")
    old = circle(world, alice)
    new = replaced(world, alice, old)
    alice.person.send(new, f"{WORDS}, before it was the circle")
    asked_in(world, alice, new)
    world.settle()
    lost_and_rebuilt()
    world.settle()
    assert not bob.received("Create", contains=WORDS)
    assert not Post.objects.filter(html__contains=WORDS).exists()


@pytest.mark.parametrize("lost", ["at once", "later"])
def test_killed_wherever_it_is_a_circle_that_is_upgraded_loses_no_room(
    world: World, alice: Resident, bob: Neighbour, lost: str
) -> None:
    old = circle(world, alice)
    for step in range(40):
        first = alice.person.send(old, f"in circle {step}.")
        world.settle()
        new = replaced(world, alice, old)
        alice.person.invite(new, BOT)
        world.home.push()
        met = world.cut_off(after=step)
        if lost == "at once":
            lost_and_rebuilt()
            alice.tell_bot("circle")
        world.let_time_pass()
        world.settle()
        if world.home.rooms[new].membership(BOT) != "join":
            assert lost == "at once", step
            assert Room.objects.get(kind=Room.Kind.CIRCLE).room_id == old, step
            assert "ask me in there" in alice.answers()[-1], step
            asked_in(world, alice, new)
        assert Room.objects.get(kind=Room.Kind.CIRCLE).room_id == new, step
        assert Room.objects.get(room_id=old).kind == Room.Kind.OUTGROWN, step
        alice.person.redact(old, first)
        world.settle()
        assert bob.received("Delete", contains=post_of(first)), step
        old = new
        if not met:
            break
    assert not met
    alice.person.send(new, WORDS)
    world.settle()
    assert bob.received("Create", contains=WORDS)


# ---- conversations


@pytest.fixture
def pat(world: World, alice: Resident) -> Neighbour:
    """Has written to alice, who reads it in a room."""
    pat = world.neighbour("pat", host=1)
    pat.post("first letter", to="direct", mentions=[alice.handle])
    world.settle()
    return pat


def room_with(alice: Resident, *others: Neighbour) -> str:
    found = Room.objects.filter(kind="direct", ready=True).exclude(key__contains="-")
    for one in others:
        found = found.filter(people__uri=one.id)
    room_id = found.get().room_id
    alice.person.join(room_id)
    return str(room_id)


def ghost(one: Neighbour) -> str:
    return Ghost.objects.get(actor__uri=one.id).mxid


def stands_in(world: World, text: str) -> set[str]:
    desks = set(Room.objects.filter(kind="desk").values_list("room_id", flat=True))
    return {room.id for room in world.home.rooms.values() if text in str(room.events)} - desks


UNFIT: dict[str, dict[str, Any]] = {
    "no tombstone": {"says": ""},
    "anybody may come in": {"initial_state": [], "preset": "public_chat"},
    "encrypted": {"initial_state": [{"type": "m.room.encryption", "state_key": "", "content": {}}]},
    "a stranger is asked in": {"invite": [f"@guest:{SERVER}"]},
    "somebody elsewhere who is no part of it is asked in": {"invite": [f"@_ap_x=40y:{SERVER}"]},
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_conversation_goes_on_in_no_room_that_is_not_truly_its_next_one(
    world: World, alice: Resident, pat: Neighbour, what: str
) -> None:
    old = room_with(alice, pat)
    new = replaced(world, alice, old, **UNFIT[what])
    alice.person.invite(new, ghost(pat))
    world.settle()
    assert world.home.rooms[new].membership(ghost(pat)) == "leave"
    assert said_in(alice, new), "it says why"
    pat.post(WORDS, to="direct", mentions=[alice.handle])
    world.settle()
    assert new not in stands_in(world, WORDS)
    assert in_rooms(world, alice)


def test_nobody_else_takes_a_conversation_to_a_room_of_theirs(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    eve = world.resident("eve")
    old = room_with(alice, pat)
    new = replaced(world, alice, old, by=eve, says="")
    eve.person.invite(new, ghost(pat))
    world.settle()
    pat.post(WORDS, to="direct", mentions=[alice.handle])
    world.settle()
    assert stands_in(world, WORDS) == {old}


def test_a_conversation_goes_on_where_its_room_was_upgraded_to(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    old = room_with(alice, pat)
    gone = pat.post("to be taken back", to="direct", mentions=[alice.handle])
    world.settle()
    new = replaced(world, alice, old)
    assert "Ask whom you write to in there" in alice.answers()[-1]
    alice.person.invite(new, ghost(pat))
    world.settle()
    alice.person.send(new, "in the new room")
    pat.post(WORDS, to="direct", mentions=[alice.handle])
    pat.delete(gone.post)
    world.settle()
    (create,) = pat.received("Create", contains="in the new room")
    assert create["activity"]["to"] == [pat.id]
    assert stands_in(world, WORDS) == {new}
    assert not alice.seen("to be taken back", old)
    before = shown()
    lost_and_rebuilt()
    assert shown() == before
    pat.post("after a loss", to="direct", mentions=[alice.handle])
    world.settle()
    assert stands_in(world, "after a loss") == {new}
    guest = world.person("guest")
    alice.person.invite(new, guest.user_id)
    world.settle()
    pat.post("for you alone", to="direct", mentions=[alice.handle])
    world.settle()
    assert stands_in(world, "for you alone").isdisjoint({old, new})


def test_a_conversation_of_several_goes_on_for_all_of_them(world: World, alice: Resident) -> None:
    ada, pat, stan = world.resident("ada"), world.neighbour("pat"), world.neighbour("stan")
    pat.post("to all", to="direct", mentions=[alice.handle, ada.handle, stan.acct])
    world.settle()
    if not Ghost.objects.filter(actor__uri=stan.id).exists():
        stan.post("here I am", to="direct", mentions=[alice.handle, ada.handle, pat.acct])
        world.settle()
    old = room_with(alice, pat, stan)
    new = replaced(world, alice, old)
    for one in (pat, stan):
        alice.person.invite(new, ghost(one))
    world.settle()
    assert {ghost(pat), ghost(stan)} <= set(alice.person.members(new))
    ada.person.join(new)
    alice.person.send(new, WORDS)
    stan.post("from the third", to="direct", mentions=[alice.handle, ada.handle, pat.acct])
    world.settle()
    for one in (pat, stan):
        assert one.received("Create", contains=WORDS)
    assert stands_in(world, "from the third") == {new}
    assert in_rooms(world, ada)


def test_killed_wherever_it_is_a_conversation_that_is_upgraded_loses_no_room(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    old = room_with(alice, pat)
    for step in range(40):
        letter = pat.post(f"letter {step}.", to="direct", mentions=[alice.handle])
        world.settle()
        new = replaced(world, alice, old)
        alice.person.invite(new, ghost(pat))
        world.home.push()
        met = world.cut_off(after=step)
        world.let_time_pass()
        pat.delete(letter.post)
        world.settle()
        assert room_with(alice, pat) == new, step
        assert not alice.seen(f"letter {step}.", old), step
        old = new
        if not met:
            break
    assert not met
    before = shown()
    lost_and_rebuilt()
    assert shown() == before


def test_a_letter_after_an_upgrade_in_which_nobody_was_asked_in_comes_in_a_room_of_its_own(
    world: World, alice: Resident, pat: Neighbour
) -> None:
    old = room_with(alice, pat)
    new = replaced(world, alice, old)
    pat.post(WORDS, to="direct", mentions=[alice.handle])
    world.settle()
    (third,) = stands_in(world, WORDS)
    assert third not in {old, new}
    alice.person.join(third)
    alice.person.invite(new, ghost(pat))
    world.settle()
    assert "over there" in said_in(alice, new)
    assert world.home.rooms[new].membership(ghost(pat)) == "leave"
    lost_and_rebuilt()
    pat.post("after a loss", to="direct", mentions=[alice.handle])
    world.settle()
    assert stands_in(world, "after a loss") == {third}
