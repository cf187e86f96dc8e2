"""Who reads what: the table of docs/federation.md, walked row by row over every way to read."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from bridge import rebuild
from bridge.demo.neighbourhood import Actor as Neighbour
from bridge.demo.person import Refused
from bridge.loop import run
from bridge.matrix import conversations
from bridge.models import Ghost, Room
from social.models import Actor, Delivery, Post
from tests.fakes.world import Resident, World, note, outcome, post, post_of, said
from tests.flows.rooms import WORDS, circle, in_rooms
from tests.rebuilt import lost_and_rebuilt


def conversation(world: World, owner: Resident, other: Neighbour) -> str:
    """Begun by the owner, as with anybody in Matrix."""
    ghost = Ghost.objects.get(actor__uri=other.id).mxid
    room_id = owner.person.create_room(
        is_direct=True, preset="trusted_private_chat", invite=[ghost]
    )
    world.settle()
    return room_id


def room_of(world: World, event: str) -> str:
    rooms = world.home.rooms.values()
    return next(room.id for room in rooms if any(e["event_id"] == event for e in room.events))


def on_pages(world: World, author: Resident, uri: str) -> set[str]:
    """Where somebody unknown finds the words."""
    places = {
        "start page": "/",
        "profile": "/@alice",
        "feed": "/@alice/feed.atom",
        "tag": "/tags/bell",
        "post": f"/@alice/{uri.rsplit('/', 1)[-1]}",
    }
    found = {name for name, path in places.items() if WORDS in world.page(path)}
    documents = {
        "object": uri,
        "create": f"{uri}/create",
        "outbox": f"{author.actor}/outbox?page=true",
        "featured": f"{author.actor}/featured",
    }
    return found | {name for name, url in documents.items() if WORDS.encode() in world.get(url)[1]}


@dataclass(frozen=True)
class Cast:
    alice: Resident
    carol: Resident  # follows alice
    dave: Resident
    fred: Neighbour  # follows alice
    pat: Neighbour  # is named
    stan: Neighbour


@pytest.fixture
def cast(world: World, alice: Resident) -> Cast:
    carol, dave = world.resident("carol"), world.resident("dave")
    fred, pat, stan = (
        world.neighbour(n, host=h) for n, h in (("fred", 0), ("pat", 1), ("stan", 1))
    )
    world.friends(fred, alice)
    carol.tell_bot(f"follow {alice.handle}")
    for one in (pat, stan):  # they have spoken before, so they have ghosts
        one.post("hello", to="direct", mentions=[alice.handle])
    world.settle()
    return Cast(alice, carol, dave, fred, pat, stan)


# visibility: (readers by name, where somebody unknown finds it)
OUT = {
    "public": (
        {"alice", "carol", "dave", "fred", "pat", "stan"},
        {"profile", "feed", "tag", "post", "object", "create", "outbox"},
    ),
    "unlisted": (
        {"alice", "carol", "dave", "fred", "pat", "stan"},
        {"post", "object", "create", "outbox", "profile"},
    ),
    "private": ({"alice", "carol", "fred", "pat"}, set()),
    "local": ({"alice", "carol"}, set()),
    "direct": ({"alice", "pat"}, set()),
}


def written(world: World, cast: Cast, visibility: str) -> str:
    text, alice = f"{WORDS} #bell {cast.pat.handle}", cast.alice
    match visibility:
        case "public" | "unlisted":
            return alice.post(f"!unlisted {text}" if visibility == "unlisted" else text)
        case "direct":
            room = conversation(world, alice, cast.pat)
            room = Room.objects.get(kind="direct", people__uri=cast.pat.id).room_id or room
            with suppress(Refused):
                alice.person.join(room)
            return alice.person.send(room, text)
        case _:
            wish = {"social.ownroom.post": {"v": 1, "vis": visibility}}
            return alice.person.send(circle(world, alice), text, **wish)


@pytest.mark.parametrize("visibility", OUT)
def test_what_is_written_here_is_read_by_exactly_those_it_is_for(
    world: World, cast: Cast, visibility: str
) -> None:
    readers, open_to_all = OUT[visibility]
    uri = post_of(written(world, cast, visibility))
    world.settle()
    assert post(uri).visibility == visibility
    for name, who in (("alice", cast.alice), ("carol", cast.carol), ("dave", cast.dave)):
        seen = Post.objects.visible_to(who.row()).filter(uri=uri).exists()
        assert seen is (name in readers), f"the index, by {name}"
        assert in_rooms(world, who) is (name in readers), f"Matrix, by {name}"
    for name, one in (("fred", cast.fred), ("pat", cast.pat), ("stan", cast.stan)):
        assert (one.look(uri) == 200) is (name in readers), f"a signed GET, by {name}"
        assert (one.look(f"{uri}/create") == 200) is (name in readers), f"the activity, by {name}"
        sent = name in readers and name != "stan"  # whom it does not concern it is not sent to
        assert bool(one.received("Create", contains=WORDS)) is sent, f"an inbox, of {name}"
    assert on_pages(world, cast.alice, uri) == open_to_all
    if not open_to_all:
        assert world.get(uri)[0] == world.get(f"{uri}/replies")[0] == 404


@pytest.mark.parametrize("visibility", ["private", "local", "direct"])
def test_what_is_not_for_everybody_is_boosted_by_nobody(
    world: World, cast: Cast, visibility: str
) -> None:
    event = written(world, cast, visibility)
    world.settle()
    room = room_of(world, event)
    cast.alice.person.react(room, event, "🔁")
    cast.pat.raw(world.inbox, said(cast.pat, "Announce", post_of(event)))
    world.settle()
    assert not post(post_of(event)).boosts.exists()
    assert not cast.fred.received("Announce")


@pytest.mark.parametrize("visibility", ["private", "direct"])
def test_changes_reach_all_who_got_it_and_nobody_else(
    world: World, cast: Cast, visibility: str
) -> None:
    event = written(world, cast, visibility)
    world.settle()
    room = room_of(world, event)
    cast.alice.person.edit(room, event, f"{WORDS}, still {cast.stan.handle}")
    world.settle()
    got = {"private": (cast.fred, cast.pat), "direct": (cast.pat,)}[visibility]
    for one in got:
        assert one.received("Update", contains="still")
    cast.alice.person.redact(room, event)
    world.settle()
    for one in got:
        assert one.received("Delete", contains=post_of(event))
    others = {cast.fred.id, cast.stan.id} - {one.id for one in got}
    for one in (cast.fred, cast.stan):
        if one.id in others:
            assert not one.received("Update")
            assert not one.received("Delete")
    assert cast.pat.look(post_of(event)) == 410
    assert cast.stan.look(post_of(event)) == 404
    assert not in_rooms(world, cast.alice)


# ---- what others write

IN = {
    "public": {"alice", "carol", "dave", "nobody"},
    "unlisted": {"alice", "carol", "dave", "nobody"},
    "private": {"alice", "dave"},
    "limited": {"dave"},
    "direct": {"dave"},
}


@pytest.mark.parametrize("visibility", IN)
def test_what_others_write_is_read_by_their_followers_or_by_those_they_name(
    world: World, alice: Resident, visibility: str
) -> None:
    bob, carol, dave = world.neighbour("bob"), world.resident("carol"), world.resident("dave")
    world.friends(bob, alice)
    everybody, followers = "https://www.w3.org/ns/activitystreams#Public", f"{bob.id}/followers"
    to, cc = {
        "public": ([everybody], [followers, dave.actor]),
        "unlisted": ([followers], [everybody, dave.actor]),
        "private": ([followers], [dave.actor]),
        "limited": ([dave.actor], []),
        "direct": ([dave.actor], []),
    }[visibility]
    written = note(bob, WORDS, to=to, cc=cc)
    if visibility != "limited":
        written["tag"] = [{"type": "Mention", "href": dave.actor, "name": dave.handle}]
    assert world.hear(bob, said(bob, "Create", written)) == 202
    world.settle()
    assert post(written["id"]).visibility == visibility
    for name, who in (("alice", alice), ("carol", carol), ("dave", dave)):
        seen = Post.objects.visible_to(who.row()).filter(uri=written["id"]).exists()
        assert seen is (name in IN[visibility]), f"the index, by {name}"
        told = name == "alice" if visibility in {"public", "unlisted"} else name in IN[visibility]
        named = name == "dave"  # who is told of a mention in their desk, or in a room of their own
        assert in_rooms(world, who) is (told or named), f"Matrix, by {name}"
    unknown = Post.objects.visible_to(None).filter(uri=written["id"]).exists()
    assert unknown is ("nobody" in IN[visibility])


def test_who_follows_no_longer_reads_no_longer(world: World, cast: Cast) -> None:
    room = circle(world, cast.alice)
    cast.carol.person.join(room)
    cast.carol.tell_bot(f"unfollow {cast.alice.handle}")
    world.settle()
    event = cast.alice.person.send(room, WORDS)
    world.settle()
    assert not in_rooms(world, cast.carol)
    assert not Post.objects.visible_to(cast.carol.row()).filter(uri=post_of(event)).exists()


def test_who_follows_no_longer_hears_of_edits_and_the_end_of_what_they_were_given_then(
    world: World, cast: Cast
) -> None:
    """But of what is not for everybody of its end alone, and whoever is blocked of no new words."""
    fred, stan, alice = cast.fred, cast.stan, cast.alice
    stan.follow(alice.handle)
    secret = alice.person.send(circle(world, alice), f"{WORDS}, softly")
    event = alice.post(WORDS)
    world.settle()
    fred.unfollow(alice.handle)
    alice.tell_bot(f"block {stan.handle}")
    world.settle()
    alice.person.edit(alice.room, event, "other words")
    alice.person.edit(room_of(world, secret), secret, "other words, softly")
    world.settle()
    (told,) = world.neighbours.received(contains="other words")
    assert (told["host"], told["activity"]["object"]["id"]) == (0, post_of(event))
    for one in (event, secret):
        alice.person.redact(room_of(world, one), one)
    world.settle()
    gone = [(one["host"], one["activity"]["object"]["id"]) for one in deletions(world)]
    both = {(host, post_of(one)) for host in (0, 1) for one in (event, secret)}
    assert set(gone) == both


def deletions(world: World) -> list[dict[str, Any]]:
    """Of posts, at whichever door next door."""
    found = world.neighbours.received(type="Delete")
    return [one for one in found if "/ap/o/" in str(one["activity"]["object"])]


# ---- conversations


def test_a_direct_message_opens_a_room_with_its_author_and_the_answer_goes_back_alone(
    world: World, cast: Cast
) -> None:
    alice, pat = cast.alice, cast.pat
    first = pat.post("are you there?", to="direct", mentions=[alice.handle])
    world.settle()
    room = Room.objects.get(kind="direct", people__uri=pat.id)
    alice.person.join(room.room_id)
    ghost = Ghost.objects.get(actor__uri=pat.id).mxid
    assert alice.person.members(room.room_id) == {alice.person.user_id, ghost}
    assert len(alice.seen("not end-to-end encrypted", room.room_id)) == 1
    alice.person.send(room.room_id, "here I am")
    world.settle()
    (create,) = pat.received("Create", contains="here I am")
    answer = create["activity"]["object"]
    assert answer["to"] == [pat.id]
    assert answer["cc"] == []
    assert answer["inReplyTo"] == first.post
    assert [tag["href"] for tag in answer["tag"]] == [pat.id]
    assert not cast.fred.received("Create", contains="here I am")
    pat.do(
        "post",
        text="good",
        to="direct",
        mentions=[alice.handle],
        reply_to=post_of(alice.seen("here I am", room.room_id)[0]["event_id"]),
    )
    world.settle()
    (good,) = alice.seen("good", room.room_id)
    related = good["content"]["m.relates_to"]  # a conversation is one line, and has no threads
    assert set(related) == {"m.in_reply_to"}
    assert Room.objects.filter(kind="direct", people__uri=pat.id).count() == 1


def test_who_left_a_conversation_is_asked_in_again_when_somebody_goes_on_with_it(
    world: World, cast: Cast
) -> None:
    alice, pat = cast.alice, cast.pat
    room = Room.objects.get(kind="direct", people__uri=pat.id).room_id
    alice.person.join(room)
    alice.person.leave(room)
    world.settle()
    with pytest.raises(Refused):
        alice.person.join(room)
    pat.post("one thing more", to="direct", mentions=[alice.handle])
    world.settle()
    alice.person.join(room)
    assert alice.seen("one thing more", room)


def test_several_people_have_a_room_of_their_own(world: World, cast: Cast) -> None:
    alice, dave, pat, fred = cast.alice, cast.dave, cast.pat, cast.fred
    together = [alice.actor, dave.actor, fred.id]
    letter = note(pat, "the four of us", to=together, cc=[])
    letter["tag"] = [{"type": "Mention", "href": uri, "name": uri} for uri in together]
    world.hear(pat, said(pat, "Create", letter))
    world.settle()
    room = next(r for r in Room.objects.filter(kind="direct") if r.people.count() == 4)
    for one in (alice, dave):
        one.person.join(room.room_id)
        assert one.seen("the four of us", room.room_id)
    dave.person.send(room.room_id, "and all hear me")
    world.settle()
    for other in (pat, fred):
        assert other.received("Create", contains="and all hear me")
    assert not cast.stan.received("Create", contains="and all hear me")
    assert not in_rooms(world, cast.carol, "and all hear me")


def test_whoever_blocked_its_author_is_not_brought_into_a_conversation(
    world: World, cast: Cast
) -> None:
    cast.dave.tell_bot(f"block {cast.pat.handle}")
    world.settle()
    letter = note(cast.pat, WORDS, to=[cast.alice.actor, cast.dave.actor], cc=[])
    world.hear(cast.pat, said(cast.pat, "Create", letter))
    world.settle()
    assert in_rooms(world, cast.alice)
    assert not in_rooms(world, cast.dave)


def test_a_conversation_begun_in_matrix_sends_nothing_before_its_first_message(
    world: World, cast: Cast
) -> None:
    dave, pat = cast.dave, cast.pat
    room = conversation(world, dave, pat)
    assert not pat.received("Create")
    dave.person.send(room, WORDS)
    world.settle()
    (create,) = pat.received("Create", contains=WORDS)
    assert create["activity"]["object"]["to"] == [pat.id]
    again = conversation(world, dave, pat)
    assert any("over there" in str(e["content"]) for e in dave.person.messages(again))


def test_an_encrypted_conversation_is_refused_with_a_word(world: World, cast: Cast) -> None:
    ghost = Ghost.objects.get(actor__uri=cast.pat.id).mxid
    encrypted = {"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
    room = cast.dave.person.create_room(
        is_direct=True, preset="trusted_private_chat", invite=[ghost], initial_state=[encrypted]
    )
    world.settle()
    assert any("encrypted" in str(e["content"]) for e in cast.dave.person.messages(room))
    assert ghost not in cast.dave.person.members(room)


def test_a_ghost_leaves_a_room_in_which_somebody_without_a_profile_would_read_along(
    world: World, cast: Cast
) -> None:
    ghost = Ghost.objects.get(actor__uri=cast.pat.id).mxid
    guest = world.person("guest")
    room = cast.dave.person.create_room(preset="private_chat", invite=[guest.user_id])
    guest.join(room)
    cast.dave.person.invite(room, ghost)
    world.settle()
    assert any("would read along" in str(e["content"]) for e in cast.dave.person.messages(room))
    assert ghost not in cast.dave.person.members(room)
    cast.dave.person.send(room, WORDS)
    world.settle()
    assert not cast.pat.received("Create", contains=WORDS)


def test_a_conversation_that_is_encrypted_later_says_so_and_sends_nothing(
    world: World, cast: Cast
) -> None:
    room = conversation(world, cast.dave, cast.pat)
    cast.dave.person.put_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    world.settle()
    said_there = [str(e["content"]) for e in cast.dave.person.messages(room)]
    assert any("encrypted now" in text for text in said_there)
    world.home.append(
        world.home.rooms[room], "m.room.encrypted", cast.dave.person.user_id, {"ciphertext": "AwgA"}
    )
    cast.dave.person.send(room, WORDS)
    world.settle()
    lost_and_rebuilt()
    cast.dave.person.send(room, f"{WORDS} again")
    world.settle()
    assert not cast.pat.received("Create")
    assert any("went nowhere" in line for line in cast.dave.answers())


OVERHEARD = "no part of this conversation"


def spoken(world: World, reader: Resident, other: Neighbour, text: str) -> str:
    """The room in which a letter stands that comes now."""
    other.post(text, to="direct", mentions=[reader.handle])
    world.settle()
    shown = [room.id for room in world.home.rooms.values() if text in str(room.events)]
    (room_id,) = (one for one in shown if one != reader.desk)
    return str(room_id)


@pytest.mark.parametrize("begun", ["by the ghost", "by the owner"])
@pytest.mark.parametrize("how", ["join", "invite"])
def test_who_is_let_into_a_conversation_reads_nothing_that_comes_after(
    world: World, cast: Cast, begun: str, how: str
) -> None:
    reader, pat, guest = cast.alice, cast.pat, world.person("guest")
    if begun == "by the owner":
        reader = cast.dave
        conversation(world, reader, pat)
    old = spoken(world, reader, pat, "still among us")
    reader.person.join(old)
    reader.person.invite(old, guest.user_id)
    if how == "join":
        guest.join(old)
    world.settle()
    assert any(OVERHEARD in str(e["content"]) for e in reader.person.messages(old))
    new = spoken(world, reader, pat, WORDS)
    assert new != old
    reader.person.join(new)
    with pytest.raises(Refused):
        guest.join(new)
    reader.person.send(old, "this goes out as before")
    reader.person.send(new, "and so does this")
    world.settle()
    assert pat.received("Create", contains="this goes out as before")
    assert pat.received("Create", contains="and so does this")
    lost_and_rebuilt()
    assert spoken(world, reader, pat, "after a loss") == new


def test_a_room_that_is_let_go_and_its_successor_come_at_one_stroke(
    world: World, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between the two, nobody would know who the next letter is for."""
    room = Room.objects.get(room_id=spoken(world, cast.alice, cast.pat, "still among us"))

    def killed(_: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(conversations, "expect", killed)
    with pytest.raises(InterruptedError):
        run(conversations.retire(room))
    assert Room.objects.get(pk=room.pk).key == room.key


def test_a_letter_in_a_room_with_somebody_else_is_edited_in_another_and_deleted_in_both(
    world: World, cast: Cast
) -> None:
    alice, pat, guest = cast.alice, cast.pat, world.person("guest")
    letter = pat.post("first words", to="direct", mentions=[alice.handle])
    world.settle()
    old = Room.objects.get(kind="direct", people__uri=pat.id).room_id
    alice.person.join(old)
    alice.person.invite(old, guest.user_id)
    guest.join(old)
    world.settle()
    pat.update(letter.post, WORDS)
    world.settle()
    assert not any(WORDS in str(e["content"]) for e in guest.messages(old, 500))
    assert in_rooms(world, alice)
    pat.delete(letter.post)
    world.settle()
    assert not in_rooms(world, alice)
    assert not alice.seen("first words", old)


def test_a_room_that_opens_later_is_noticed_before_the_next_letter(
    world: World, cast: Cast
) -> None:
    dave, pat = cast.dave, cast.pat
    old = conversation(world, dave, pat)
    dave.person.put_state(
        old, "m.room.history_visibility", {"history_visibility": "world_readable"}
    )
    world.settle()
    assert spoken(world, dave, pat, WORDS) != old


def test_who_shows_the_ghost_out_gets_the_next_letter_in_another_room(
    world: World, cast: Cast
) -> None:
    dave, pat = cast.dave, cast.pat
    ghost = Ghost.objects.get(actor__uri=pat.id).mxid
    old = dave.person.create_room(preset="private_chat", invite=[ghost])
    world.settle()
    dave.person.kick(old, ghost)
    world.settle()
    assert spoken(world, dave, pat, WORDS) != old
    assert in_rooms(world, dave)


def test_a_ghost_leaves_a_room_into_which_anybody_can_come(world: World, cast: Cast) -> None:
    ghost = Ghost.objects.get(actor__uri=cast.pat.id).mxid
    room = cast.dave.person.create_room(preset="public_chat", invite=[ghost])
    world.settle()
    assert any("Anybody can come" in str(e["content"]) for e in cast.dave.person.messages(room))
    assert ghost not in cast.dave.person.members(room)


def test_who_is_named_and_is_not_in_the_room_reads_so_in_their_desk(
    world: World, cast: Cast
) -> None:
    alice, carol, dave = cast.alice, cast.carol, cast.dave
    room = circle(world, alice)
    carol.person.join(room)
    event = alice.person.send(room, f"{WORDS}, {dave.handle} and {carol.handle}")
    world.settle()
    answer = carol.person.reply(room, event, f"as {dave.handle} knows")
    world.settle()
    told = [line for line in dave.answers() if WORDS in line or "knows" in line]
    assert len(told) == 2
    assert "in a post to followers" in told[0]
    assert "wrote to you directly" in told[1]
    assert not any(WORDS in line for line in carol.answers()), "who reads it in the room"
    for person, what in ((alice, event), (carol, answer)):
        person.person.redact(room, what)
    world.settle()
    assert not in_rooms(world, dave)
    assert not in_rooms(world, dave, "knows")


def test_an_answer_to_a_followers_only_post_goes_to_its_author_alone(
    world: World, cast: Cast
) -> None:
    room = circle(world, cast.alice)
    event = cast.alice.person.send(room, "for my followers")
    world.settle()
    cast.carol.person.join(room)
    answer = cast.carol.person.reply(room, event, WORDS)
    world.settle()
    assert post(post_of(answer)).visibility == "direct"
    assert post(post_of(answer)).audience == [cast.alice.actor]
    assert not cast.fred.received("Create", contains=WORDS)
    own = cast.alice.person.reply(room, event, "my own thread")
    world.settle()
    assert post(post_of(own)).visibility == "private"
    assert cast.fred.received("Create", contains="my own thread")


def test_an_answer_to_followers_next_door_goes_to_its_author_alone(
    world: World, cast: Cast
) -> None:
    fred, alice = cast.fred, cast.alice
    fred.post("for my followers", to="private")
    world.settle()
    mirror = world.mirror(fred, alice)
    (shown,) = alice.seen("for my followers", mirror)
    alice.person.reply(mirror, shown["event_id"], WORDS)
    world.settle()
    (create,) = fred.received("Create", contains=WORDS)
    assert (create["activity"]["to"], create["activity"]["cc"]) == ([fred.id], [])
    assert not in_rooms(world, cast.carol)


def test_a_stranger_cannot_react_to_what_was_not_for_them(world: World, cast: Cast) -> None:
    event = written(world, cast, "private")
    world.settle()
    for one in (cast.stan, cast.fred):
        one.raw(world.inbox, said(one, "Like", post_of(event)))
    world.settle()
    (only,) = post(post_of(event)).reactions.all()
    assert only.author.uri == cast.fred.id


def test_rooms_for_fewer_are_found_again_by_a_rebuild(world: World, cast: Cast) -> None:
    for visibility in ("private", "local", "direct"):
        written(world, cast, visibility)
    cast.pat.post("a last word", to="direct", mentions=[cast.alice.handle])
    world.settle()
    wanted = {p.uri: (p.visibility, p.html) for p in Post.objects.all()}
    rooms = set(Room.objects.values_list("room_id", "kind", "key", "reader"))
    for model in (Post, Room, Actor):
        model.objects.all().delete()
    rebuild.rebuild(lambda _: None)
    assert {p.uri: (p.visibility, p.html) for p in Post.objects.all()} == wanted
    assert set(Room.objects.values_list("room_id", "kind", "key", "reader")) == rooms


def test_who_left_a_conversation_is_asked_in_again_after_a_loss_too(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    bob.post("psst", to="direct", mentions=[alice.actor])
    world.settle()
    between = Room.objects.get(kind="direct").room_id
    alice.person.join(between)
    alice.person.leave(between)
    world.settle()
    lost_and_rebuilt()
    bob.post("are you there?", to="direct", mentions=[alice.actor])
    world.settle()
    assert not Delivery.objects.exclude(state="done").exists()
    alice.person.join(between)
    assert alice.seen("are you there?", between)


# ---- edits, and answers, by whom it is not for

# before and after, from whom dave is left out by the edit
LEFT_OUT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "a public post becomes a letter": (("public", "alice", "dave"), ("alice",)),
    "a letter to two becomes one to one": (("alice", "dave"), ("alice",)),
    "a private post names him no more": (("followers", "alice", "dave"), ("followers", "alice")),
}


@pytest.mark.parametrize("case", LEFT_OUT)
def test_whom_an_edit_leaves_out_reads_nothing_of_what_it_says_now(
    world: World, alice: Resident, bob: Neighbour, case: str
) -> None:
    dave = world.resident("dave")
    world.friends(bob, alice)
    where = {"alice": alice.actor, "dave": dave.actor, "followers": f"{bob.id}/followers"}
    where["public"] = "https://www.w3.org/ns/activitystreams#Public"
    before, after = ([where[one] for one in side] for side in LEFT_OUT[case])
    first = note(bob, "old words", to=before, cc=[])
    world.hear(bob, said(bob, "Create", first))
    world.settle()
    assert Post.objects.visible_to(dave.row()).filter(uri=first["id"]).exists()
    edit = {"content": f"<p>{WORDS}</p>", "to": after, "updated": "2026-02-01T12:00:00Z"}
    world.hear(bob, said(bob, "Update", first | edit))
    world.settle()
    for _ in range(2):  # as it happens, and as it is found again
        assert post(first["id"]).html == f"<p>{WORDS}</p>"
        assert Post.objects.visible_to(alice.row()).filter(uri=first["id"]).exists()
        assert not Post.objects.visible_to(dave.row()).filter(uri=first["id"]).exists()
        assert in_rooms(world, alice, WORDS)
        assert not in_rooms(world, dave, WORDS)
        Post.objects.all().delete()
        rebuild.rebuild(lambda _: None)


def test_nobody_answers_what_was_not_for_them_and_so_learns_whom_it_names(
    world: World, alice: Resident, bob: Neighbour
) -> None:
    dave = world.resident("dave")
    world.friends(bob, alice)
    uri = post_of(alice.person.send(circle(world, alice), f"for friends, and {bob.handle}"))
    world.settle()
    assert post(uri).mentions
    own = {"social.ownroom.post": {"v": 1, "reply": uri}}
    related = {"m.relates_to": {"m.in_reply_to": {"event_id": f"${uri.rsplit('/', 1)[-1]}"}}}
    for room in (dave.room, circle(world, dave)):
        for way in (own, related):
            event = dave.person.send(room, "how interesting", **way)
            world.settle()
            assert outcome(event).note == "what it answers was not for its author"
    assert not Post.objects.filter(author__uri=dave.actor).exists()


def test_whom_a_ghost_may_not_ask_in_again_gets_the_next_letter_in_another_room(
    world: World, cast: Cast
) -> None:
    alice, dave, pat = cast.alice, cast.dave, cast.pat
    ghost = Ghost.objects.get(actor__uri=pat.id).mxid
    old = alice.person.create_room(preset="private_chat", invite=[dave.person.user_id])
    dave.person.join(old)
    alice.person.invite(old, ghost)
    world.settle()
    dave.person.leave(old)
    world.settle()
    pat.post(WORDS, to="direct", mentions=[alice.handle, dave.handle])
    world.settle()
    assert in_rooms(world, alice)
    assert in_rooms(world, dave)
