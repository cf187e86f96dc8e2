"""The wipe and the rebuild: what the world was shown stands again, and nothing is sent."""

from collections.abc import Callable

import pytest

from bridge import moderation, rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.matrix import linking
from bridge.models import Key, Lane, Received, Room
from social.models import Actor, Delivery, Follow, Post
from tests.fakes.world import Resident, World, make_keeper, note, post_of, said
from tests.flows.rooms import circle
from tests.rebuilt import lost_and_rebuilt, shown


def busy_life(world: World, alice: Resident, bob: Neighbour) -> None:
    """Whatever leaves something behind, in both directions."""
    world.friends(bob, alice)
    kept, edited, deleted = (alice.post(text) for text in ("to keep", "to edit", "to delete"))
    world.settle()
    alice.person.edit(alice.room, edited, "was edited")
    alice.person.redact(alice.room, deleted)
    answer = bob.post("an answer", reply_to=post_of(kept), mentions=[alice.actor])
    gone = bob.post("a rash answer", reply_to=post_of(kept))
    bob.like(post_of(kept))
    bob.boost(post_of(kept))
    world.settle()
    bob.delete(gone.post)
    bob.update(answer.post, "a better answer")
    bob.post("for my followers to read in their mirror")
    world.settle()
    (event,) = alice.seen("a better answer")[:1]
    alice.person.react(alice.room, event["event_id"], "🎉")
    alice.person.reply(alice.room, event["event_id"], "and back")
    mirror = world.mirror(bob, alice)
    (told,) = alice.seen("for my followers", mirror)
    alice.person.reply(mirror, told["event_id"], "answered where it stands")
    bob.post("just between us", to="direct", mentions=[alice.actor])
    world.settle()
    between = Room.objects.get(kind="direct", ready=True).room_id
    alice.person.join(between)
    (said,) = alice.seen("just between us", between)
    alice.person.reply(between, said["event_id"], "and nobody else")
    world.settle()
    lost = Delivery.objects.filter(state="gone").values_list("to", "note")
    assert not lost, list(lost)


def test_without_a_control_room_nothing_is_touched_and_the_reason_is_said(
    world: World, alice: Resident
) -> None:
    world.home.aliases.clear()
    before = shown()
    with pytest.raises(rebuild.NothingToRebuild, match="registration"):
        rebuild.rebuild(print)
    assert shown() == before


def test_a_room_that_is_not_ours_is_refused(world: World, alice: Resident) -> None:
    with pytest.raises(rebuild.NothingToRebuild, match="is no profile room"):
        rebuild.rebuild(print, only="!nope:hs.test")


def test_after_a_loss_everything_stands_as_before(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    busy_life(world, alice, bob)
    before = shown()
    lost_and_rebuilt()
    after = shown()
    for table, rows in before.items():
        assert after[table] == rows, table


def test_whom_a_post_names_reads_it_after_a_loss_too_and_hears_of_its_end(
    world: World, alice: Resident
) -> None:
    """Whether they did anything here before it, after it, or never."""
    quiet, late = world.neighbour("quiet", host=1), world.neighbour("late")
    room = circle(world, alice)
    secret = alice.person.send(room, f"softly, {quiet.handle} {late.handle}")
    open_ = alice.post(f"aloud, {quiet.handle} {late.handle}")
    world.settle()
    late.follow(alice.handle)
    world.settle()
    alice.tell_bot(f"reject {late.handle}")
    world.settle()
    lost_and_rebuilt()
    assert late.look(post_of(secret)) == 200
    world.neighbours.faults("status:503", host=1, where="get")
    world.settle()
    assert not Actor.objects.filter(uri=quiet.id).exists()
    world.neighbours.faults("ok", host=1, where="get")
    world.let_time_pass()
    world.settle()
    assert quiet.look(post_of(secret)) == 200
    for where, event in ((room, secret), (alice.room, open_)):
        alice.person.redact(where, event)
    world.settle()
    heard = world.neighbours.received(type="Delete")
    gone = {(one["host"], one["activity"]["object"]["id"]) for one in heard}
    assert gone == {(host, post_of(event)) for host in (0, 1) for event in (secret, open_)}


def test_a_guests_word_is_no_post_to_be_answered_after_a_loss_either(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    zoe = world.person("zoe")
    zoe.join(alice.room)
    word = zoe.send(alice.room, "well said")
    world.settle()
    before = shown()
    lost_and_rebuilt()
    assert shown()["places"] == before["places"]
    alice.person.reply(alice.room, word, "thank you")
    world.settle()
    (told,) = bob.received("Create", contains="thank you")
    assert "inReplyTo" not in told["activity"]["object"]


def test_a_rebuild_sends_nothing(world: World, alice: Resident, bob: Neighbour) -> None:
    busy_life(world, alice, bob)
    rooms, heard = world.home.everything(), len(bob.received())
    lost_and_rebuilt()
    assert not Delivery.objects.exists()
    assert not Received.objects.exists()
    world.settle()
    assert world.home.everything() == rooms
    assert len(bob.received()) == heard


def test_a_second_rebuild_doubles_nothing(world: World, alice: Resident, bob: Neighbour) -> None:
    busy_life(world, alice, bob)
    lost_and_rebuilt()
    before = shown()
    rebuild.rebuild(print)
    assert shown() == before


def test_what_was_typed_after_the_last_receipt_goes_out_now(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    alice.post("heard by all")
    world.settle()
    alice.post("typed while the server burned")
    world.home.lose()
    lost_and_rebuilt()
    Lane.objects.all().delete()
    make_keeper_if_lost()
    world.settle()
    said = [one["activity"]["object"]["content"] for one in bob.received("Create")]
    assert said == ["<p>heard by all</p>", "<p>typed while the server burned</p>"]


def test_what_was_typed_before_a_receipt_of_something_older_goes_out_too(
    world: World, alice: Resident
) -> None:
    first, second = alice.post("first"), alice.post("second")
    world.settle()
    room = world.home.rooms[alice.room]
    receipts = "social.ownroom.receipt"
    (lost,) = [e for e in room.events if e["type"] == receipts and e["content"]["event"] == second]
    room.events.remove(lost)
    lost_and_rebuilt()
    assert list(Received.objects.values_list("key", flat=True)) == [second]
    assert post_of(first) in Post.objects.values_list("uri", flat=True)


def test_what_stood_in_a_room_before_it_was_a_profile_is_no_unsent_post(world: World) -> None:
    owner = world.person("olga")
    linked = linking.create(owner.user_id)
    owner.join(linked.room_id)
    room = world.home.rooms[linked.room_id]
    old = {"msgtype": "m.text", "body": "from long before"}
    world.home.append(room, "m.room.message", owner.user_id, old, ts=1000)
    world.home.lose()
    lost_and_rebuilt()
    assert not Received.objects.filter(body__contains="from long before").exists()


def make_keeper_if_lost() -> None:
    if not Key.objects.filter(actor__kind="application").exists():
        make_keeper()


def test_a_receipt_that_a_stranger_forged_counts_for_nothing(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    alice.post("true words")
    world.settle()
    (receipt,) = alice.timeline(kind="social.ownroom.receipt")
    mallory = world.person("mallory")
    mallory.join(alice.room)
    room = world.home.rooms[alice.room]
    forged = receipt["content"] | {"id": f"{receipt['content']['id']}/forged"}
    world.home.append(room, "social.ownroom.receipt", mallory.user_id, forged)
    before = shown()
    lost_and_rebuilt()
    assert shown()["documents"] == before["documents"]


def test_events_that_make_no_sense_are_left_out_and_the_rest_stands(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    world.friends(bob, alice)
    alice.post("before")
    world.settle()
    room, bot = world.home.rooms[alice.room], f"@_ap_bot:{alice.room.split(':')[1]}"
    for kind, content in (
        ("social.ownroom.receipt", {"id": 7}),
        ("m.room.message", {"social.ownroom.object": {"id": "x", "raw": "{", "sha256": "y"}}),
        ("m.room.redaction", {"social.ownroom.tombstone": []}),
        ("m.room.message", {"m.relates_to": "nothing"}),
    ):
        world.home.append(room, kind, bot, content)
    mallory = world.person("mallory")
    mallory.join(alice.room)
    for related in ("nothing", ["m.thread"], {"rel_type": "m.thread", "event_id": ["x"]}):
        odd = {"msgtype": "m.text", "body": "x", "m.relates_to": related}
        world.home.append(room, "m.room.message", mallory.user_id, odd)
    renamed = {"rel_type": "m.replace", "event_id": {"x": "y"}}
    answers = {"answers": [{"id": "a", "org.matrix.msc1767.text": "A"}]}
    asked = {"org.matrix.msc3381.poll.start": answers, "m.relates_to": renamed}
    world.home.append(room, "org.matrix.msc3381.poll.start", mallory.user_id, asked)
    asked = {"org.matrix.msc3381.poll.start": answers | {"kind": {"x": "y"}}}
    world.home.append(room, "org.matrix.msc3381.poll.start", mallory.user_id, asked)
    shut = {"join_rule": {"x": "y"}}
    world.home.append(room, "m.room.join_rules", alice.person.user_id, shut, key="")
    world.home.waiting.clear()
    alice.post("after")
    world.settle()
    before = shown()
    lost_and_rebuilt()
    assert shown()["documents"] == before["documents"]
    assert shown()["posts"] == before["posts"]


def test_it_says_what_it_did_room_by_room_and_how_far_it_is(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    busy_life(world, alice, bob)
    said = lost_and_rebuilt()
    assert said[0] == "profiles: 1"
    assert any(alice.room in line for line in said)
    assert "events" in said[-1]


def test_what_the_admins_decided_holds_after_a_loss_and_nobody_else_decides(
    world: World, alice: Resident, bob: Neighbour, mallory: Neighbour
) -> None:
    world.friends(bob, alice)
    mallory.follow(alice.handle)
    world.settle()
    far = mallory.id.split("/")[2]
    moderation.block(far, "spam")
    world.settle()
    control = world.home.room(Room.objects.get(kind="control").room_id)
    forged = {"v": 1, "kind": "server", "about": far, "policy": "open", "noted": "2026-01-01"}
    world.home.append(control, "social.ownroom.decision", alice.person.user_id, forged, f"x {far}")
    bot = "@_ap_bot:hs.test"
    for odd in ({"kind": 7}, {"kind": "server", "about": far, "policy": "burnt"}, {}):
        world.home.append(control, "social.ownroom.decision", bot, odd, str(odd))
    # A homeserver gives state in any order: what was decided of her before the block comes last.
    earlier = {"v": 1, "kind": "actor", "about": mallory.id, "suspended": False}
    world.home.append(control, "social.ownroom.decision", bot, earlier, mallory.id)
    lost_and_rebuilt()
    assert world.hear(mallory, said(mallory, "Create", note(mallory, "spam"))) == 403
    assert Actor.objects.filter(uri=mallory.id, suspended=True).exists()
    assert not Follow.objects.filter(follower__uri=mallory.id).exists()
    assert world.hear(bob, said(bob, "Create", note(bob, "no spam"))) == 202


@pytest.mark.parametrize("which", ["room", "desk"])
def test_who_put_the_bot_out_of_a_room_keeps_nobody_else_from_coming_back(
    world: World, alice: Resident, ada: Resident, bob: Neighbour, which: str
) -> None:
    world.friends(bob, ada)
    ada.post("still there")
    alice.post("seen once")
    world.settle()
    room = getattr(alice, which)
    world.home.member(world.home.rooms[room], alice.person.user_id, "@_ap_bot:hs.test", "leave")
    world.home.waiting.clear()
    said = lost_and_rebuilt()
    assert any(room in line and "cannot be read" in line for line in said), said
    assert Post.objects.filter(author__uri=ada.actor, html__contains="still there").exists()
    assert Follow.objects.filter(follower__uri=bob.id, target__uri=ada.actor).exists()


BOT = "@_ap_bot:hs.test"
OTHER = {"v": 1, "bot": "@other:bridge.test", "base": "https://bridge.test"}
ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}
ENDS: dict[str, Callable[[Resident], object]] = {
    "they leave": lambda who: (who.person.leave(who.room), who.person.join(who.room)),
    "they name another": lambda who: who.person.put_state(who.room, "social.ownroom.bridge", OTHER),
    "they name another, and ask us all the same": lambda who: (
        who.person.put_state(who.room, "social.ownroom.bridge", OTHER),
        who.post("!ownroom link"),
    ),
    "they remove the bot": lambda who: who.person.kick(who.room, BOT),
    "they encrypt": lambda who: who.person.put_state(who.room, "m.room.encryption", ENCRYPTION),
}


@pytest.mark.parametrize("way", ENDS)
def test_a_room_that_its_owner_took_back_is_published_no_more_after_a_loss_either(
    world: World, alice: Resident, bob: Neighbour, way: str
) -> None:
    world.friends(bob, alice)
    ENDS[way](alice)
    world.settle()
    alice.post("for the room alone")
    world.settle()
    world.home.said.clear()  # it remembers transactions for a while only
    rooms = world.home.everything()
    lost_and_rebuilt()
    make_keeper_if_lost()
    assert world.home.everything() == rooms
    assert not Room.objects.get(room_id=alice.room).leased
    world.settle()
    assert not bob.received("Create")


def test_who_let_a_room_be_published_again_need_not_say_it_once_more_after_a_loss(
    world: World, alice: Resident
) -> None:
    ENDS["they leave"](alice)
    world.settle()
    alice.post("!ownroom link")
    world.settle()
    assert Room.objects.get(room_id=alice.room).leased
    lost_and_rebuilt()
    assert Room.objects.get(room_id=alice.room).leased
